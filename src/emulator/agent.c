#include "agent.h"

#include "gateway/limits.h"
#include "gateway/log.h"
#include "shape.h"

#define WEBHOOK_BYTES_MAX ((size_t)4 * 1024 * 1024)

/* The integration's own headers; at most COURIER_HEADERS_MAX, as they were checked. */
static size_t read_headers(const struct json *map, struct http_header *out)
{
    size_t count = 0;
    for (const struct json *entry = json_first(map); entry != NULL;
         entry = json_next(entry)) {
        out[count].name = json_name(entry);
        out[count].value = STR_NONE;
        (void)json_str(entry, &out[count].value);
        count++;
    }
    return count;
}

static bool dispatch(struct emulator *emulator, const struct integration *integration,
                     struct str message_id, struct str body)
{
    CLEANUP(json_freep) struct json *map = NULL;
    struct error err;
    if (integration->webhook_headers != NULL &&
        json_parse(str_of(integration->webhook_headers), LIMIT_JSON_DEPTH, &map,
                   &err) != STATUS_OK)
        return false; /* no memory: it was JSON when it was kept */

    struct http_header headers[COURIER_HEADERS_MAX];
    struct parcel parcel = {
        .message_id = message_id,
        .integration_id = str_of(integration->id),
        .url = str_of(integration->webhook_url),
        .secret = str_of(integration->secret),
        .headers = headers,
        .header_count = read_headers(map, headers),
        .body = body,
    };
    return courier_send(emulator->courier, emulator->run, &parcel);
}

struct message *agent_say(struct emulator *emulator, struct conversation *conversation,
                          const struct speech *speech)
{
    struct world *world = &emulator->world;
    char id[HEX_ID_BYTES];
    message_make_id(world, id);
    CLEANUP(buf_release) struct buf body;
    buf_init(&body, WEBHOOK_BYTES_MAX);
    print_outbound(&body, id, conversation, speech, world_now_ms(world));
    if (!buf_ok(&body))
        return NULL;

    struct message *message = message_add(world, conversation, id, false,
                                          speech_type(speech), buf_str(&body));
    if (message == NULL)
        return NULL;
    if (agent_repeat(emulator, message))
        return message;
    message->state = MESSAGE_UNSENT;
    return NULL;
}

bool agent_repeat(struct emulator *emulator, const struct message *message)
{
    return dispatch(emulator, message->conversation->contact->integration,
                    str_of(message->id), str_from(message->json, message->json_len));
}

bool agent_tell_outcome(struct emulator *emulator, const struct message *message,
                        struct str status, const struct json *reasons)
{
    CLEANUP(json_freep) struct json *said = NULL;
    struct error err;
    if (json_parse(str_from(message->json, message->json_len), LIMIT_JSON_DEPTH, &said,
                   &err) != STATUS_OK)
        return false; /* no memory: it was JSON when it was taken */

    CLEANUP(buf_release) struct buf body;
    buf_init(&body, WEBHOOK_BYTES_MAX);
    print_inbound_receipt(&body, message,
                          text_of(json_get(said, "channel"), "messageId"), status,
                          reasons, world_now_ms(&emulator->world));
    return buf_ok(&body) &&
           dispatch(emulator, message->conversation->contact->integration,
                    str_of(message->id), buf_str(&body));
}

static void hear_one(struct emulator *emulator, struct webhook_attempt *attempt)
{
    if (attempt->run != emulator->run) {
        mem_free(attempt);
        return;
    }
    struct message *message =
        message_find(&emulator->world, str_of(attempt->message_id));
    bool is_waiting = message != NULL && message->state == MESSAGE_QUEUED;
    if (is_waiting && attempt->is_taken)
        message->state = MESSAGE_SENT; /* unless a receipt was faster */
    else if (is_waiting && attempt->is_final)
        message->state = MESSAGE_UNSENT;
    if (!attempt->is_taken)
        log_warn("webhook.refused", F_TEXT("message", attempt->message_id),
                 F_I64("attempt", attempt->attempt), F_I64("status", attempt->status),
                 F_TEXT("why", attempt->why), F_BOOL("final", attempt->is_final));
    (void)rows_add(&emulator->attempts, attempt); /* a cut list says so when read */
}

void agent_hear(struct emulator *emulator)
{
    struct queue_node *node = courier_take(emulator->courier);
    while (node != NULL) {
        struct queue_node *next = node->next;
        hear_one(emulator, CONTAINER_OF(node, struct webhook_attempt, node));
        node = next;
    }
}
