/*
 * operations: what the emulator can be asked to do. Each handler reads its call and
 * prints or refuses; operations.c holds the table of paths.
 */
#pragma once

#include "call.h"

/* The table for listener_open; its context is the struct emulator. */
const struct route *operation_routes(size_t *out_count);

/* oauth.c */
void post_token(struct call *call);

/* incoming.c: what the gateway reports about customers. */
void post_message(struct call *call);
void post_receipt(struct call *call);
void post_event(struct call *call);
void post_structured(struct call *call);

/* conversation_calls.c */
void patch_conversation(struct call *call);
void disconnect_conversation(struct call *call);
void get_message_details(struct call *call);
void post_agentless(struct call *call);

/* integration_calls.c */
void list_open_integrations(struct call *call);
void create_open_integration(struct call *call);
void get_open_integration(struct call *call);
void patch_open_integration(struct call *call);
void delete_open_integration(struct call *call);
void list_all_integrations(struct call *call);
void list_recipients(struct call *call);
void get_recipient(struct call *call);
void put_recipient(struct call *call);
void get_threading_timeline(struct call *call);
void put_threading_timeline(struct call *call);

/* listings.c: what was seen. */
void list_messages(struct call *call);
void list_receipts(struct call *call);
void list_events(struct call *call);
void list_conversations(struct call *call);
void get_conversation(struct call *call);
void list_outbound(struct call *call);
void list_webhooks(struct call *call);
void list_requests(struct call *call);
void count_tokens(struct call *call);

/* control.c: what a test orders. */
void control_agent(struct call *call);
void control_resend(struct call *call);
void control_receipt(struct call *call);
void control_disconnect(struct call *call);
void control_add_fault(struct call *call);
void control_list_faults(struct call *call);
void control_delete_faults(struct call *call);
void control_set_media_types(struct call *call);
void control_get_media_types(struct call *call);
void control_clock(struct call *call);
void control_reset(struct call *call);

/* file_calls.c */
void control_add_file(struct call *call);
void list_files(struct call *call);
void get_file(struct call *call);
void get_download(struct call *call);
