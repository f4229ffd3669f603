/*
 * normalized: messages in the form Genesys gives them, in answers and in webhooks.
 * Sources: open-messaging.md, sections 3.3, 4.3-4.4, 5; schemas.json; read 2026-11-21.
 */
#pragma once

#include "print_json.h"
#include "world.h"

/* What a customer said, as the calls answer it. `body`: the request's, parsed;
 * `content`: what of it was not dropped. */
void print_inbound(struct buf *out, const struct message *message,
                   const struct json *body, const struct json *content,
                   bool has_conversation);

/* What an agent or bot says. Views are borrowed; absent ones are empty or NULL. */
struct speech {
    struct str text;
    const struct json *content;
    const struct json *events;
    struct str originating_entity; /* empty: Human, or Bot for structured content */
};
enum message_type speech_type(const struct speech *speech);
void print_outbound(struct buf *out, const char *id,
                    const struct conversation *conversation,
                    const struct speech *speech, int64_t now_ms);

/* The answer to a receipt. `is_known`: it names a message of this integration. */
void print_receipt(struct buf *out, const struct integration *integration,
                   const struct json *body, bool is_known);
/* The answer to an event. */
void print_event(struct buf *out, const struct integration *integration, const char *id,
                 const struct json *body);
/* The webhook that tells what became of an inbound message. `reasons` may be NULL. */
void print_inbound_receipt(struct buf *out, const struct message *message,
                           struct str channel_message_id, struct str status,
                           const struct json *reasons, int64_t now_ms);
