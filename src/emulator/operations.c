#include "operations.h"

#include "gate.h"
#include "page.h"

/* Above what Genesys takes: a body between the two gets Genesys' own 413. */
#define BODY_BYTES_MAX (INT64_C(4) * 1024 * 1024)

#define MESSAGES "/api/v2/conversations/messages"
#define MESSAGING "/api/v2/conversations/messaging"
#define OPEN MESSAGING "/integrations/open"
#define INBOUND MESSAGES "/{integrationId}/inbound/open"
#define RECIPIENTS "/api/v2/routing/message/recipients"
#define CONTROL "/_emulator"

/* Everything that is served: handler, method, path, door, name for faults. */
#define OPERATIONS(X)                                                                  \
    X(post_token, "POST", "/oauth/token", LOGIN, TOKEN)                                \
    X(post_message, "POST", INBOUND "/message", API, MESSAGE)                          \
    X(post_receipt, "POST", INBOUND "/receipt", API, RECEIPT)                          \
    X(post_event, "POST", INBOUND "/event", API, EVENT)                                \
    X(post_structured, "POST", INBOUND "/structured/response", API, STRUCTURED)        \
    X(get_download, "GET", "/api/v2/downloads/{fileId}/{name}", OPEN, MEDIA)           \
    X(post_agentless, "POST", MESSAGES "/agentless", API, AGENTLESS)                   \
    X(patch_conversation, "PATCH", MESSAGES "/{conversationId}", API, CONVERSATIONS)   \
    X(get_message_details, "GET", MESSAGES "/{messageId}/details", API, CONVERSATIONS) \
    X(disconnect_conversation, "POST",                                                 \
      "/api/v2/conversations/{conversationId}/disconnect", API, CONVERSATIONS)         \
    X(list_open_integrations, "GET", OPEN, API, INTEGRATIONS)                          \
    X(create_open_integration, "POST", OPEN, API, INTEGRATIONS)                        \
    X(get_open_integration, "GET", OPEN "/{integrationId}", API, INTEGRATIONS)         \
    X(patch_open_integration, "PATCH", OPEN "/{integrationId}", API, INTEGRATIONS)     \
    X(delete_open_integration, "DELETE", OPEN "/{integrationId}", API, INTEGRATIONS)   \
    X(list_all_integrations, "GET", MESSAGING "/integrations", API, INTEGRATIONS)      \
    X(list_recipients, "GET", RECIPIENTS, API, INTEGRATIONS)                           \
    X(get_recipient, "GET", RECIPIENTS "/{recipientId}", API, INTEGRATIONS)            \
    X(put_recipient, "PUT", RECIPIENTS "/{recipientId}", API, INTEGRATIONS)            \
    X(get_threading_timeline, "GET", MESSAGING "/threadingtimeline", API,              \
      INTEGRATIONS)                                                                    \
    X(put_threading_timeline, "PUT", MESSAGING "/threadingtimeline", API,              \
      INTEGRATIONS)                                                                    \
    X(list_messages, "GET", CONTROL "/messages", CONTROL, ANY)                         \
    X(list_receipts, "GET", CONTROL "/receipts", CONTROL, ANY)                         \
    X(list_events, "GET", CONTROL "/events", CONTROL, ANY)                             \
    X(list_conversations, "GET", CONTROL "/conversations", CONTROL, ANY)               \
    X(get_conversation, "GET", CONTROL "/conversations/{conversationId}", CONTROL,     \
      ANY)                                                                             \
    X(list_outbound, "GET", CONTROL "/outbound", CONTROL, ANY)                         \
    X(list_webhooks, "GET", CONTROL "/webhooks", CONTROL, ANY)                         \
    X(list_requests, "GET", CONTROL "/requests", CONTROL, ANY)                         \
    X(count_tokens, "GET", CONTROL "/tokens", CONTROL, ANY)                            \
    X(list_files, "GET", CONTROL "/files", CONTROL, ANY)                               \
    X(get_file, "GET", CONTROL "/files/{fileId}/{name}", CONTROL, ANY)                 \
    X(control_agent, "POST", CONTROL "/agent", CONTROL, ANY)                           \
    X(control_resend, "POST", CONTROL "/resend", CONTROL, ANY)                         \
    X(control_receipt, "POST", CONTROL "/receipt", CONTROL, ANY)                       \
    X(control_disconnect, "POST", CONTROL "/disconnect", CONTROL, ANY)                 \
    X(control_add_fault, "POST", CONTROL "/faults", CONTROL, ANY)                      \
    X(control_list_faults, "GET", CONTROL "/faults", CONTROL, ANY)                     \
    X(control_delete_faults, "DELETE", CONTROL "/faults", CONTROL, ANY)                \
    X(control_set_media_types, "POST", CONTROL "/media-types", CONTROL, ANY)           \
    X(control_get_media_types, "GET", CONTROL "/media-types", CONTROL, ANY)            \
    X(control_clock, "POST", CONTROL "/clock", CONTROL, ANY)                           \
    X(control_reset, "POST", CONTROL "/reset", CONTROL, ANY)

/* A route has no pointer of its own: one function each says which operation it is. */
#define SERVE(name, method, path, door_name, fault_name)                               \
    static enum handled serve_##name(struct request *request, void *emulator)          \
    {                                                                                  \
        static const struct operation operation = {                                    \
            .door = DOOR_##door_name, .fault = FAULT_##fault_name, .handle = (name)};  \
        return gate_serve(request, emulator, &operation);                              \
    }
OPERATIONS(SERVE)

static enum handled serve_control_add_file(struct request *request, void *emulator)
{
    static const struct operation operation = {
        .door = DOOR_CONTROL,
        .fault = FAULT_ANY,
        .handle = control_add_file,
        .takes_bytes = true,
    };
    return gate_serve(request, emulator, &operation);
}

static int64_t file_bytes_max(const struct request *request, void *context)
{
    (void)request;
    (void)context;
    return MEDIA_BYTES_MAX;
}

/* Any request may carry a body: clients do send empty ones with DELETE. */
static int64_t body_max(const struct request *request, void *context)
{
    (void)request;
    (void)context;
    return BODY_BYTES_MAX;
}

static void answer_delayed(struct request *request, bool timed_out, void *context)
{
    (void)timed_out; /* the longest delay is below the time limit */
    gate_serve_delayed(request, context);
}

#define ROUTE(name, method, path, door, fault)                                         \
    {method, path, body_max, serve_##name, answer_delayed},

static const struct route routes[] = {
    {"GET",  "/",              NULL,           serve_page,             NULL},
    {"GET",  "/page/{file}",   NULL,           serve_page,             NULL},
    {"POST", CONTROL "/files", file_bytes_max, serve_control_add_file, NULL},
    OPERATIONS(ROUTE)
};

const struct route *operation_routes(size_t *out_count)
{
    *out_count = COUNT_OF(routes);
    return routes;
}
