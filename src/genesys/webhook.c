/*
 * webhook: what Genesys Cloud posts to us: messages of agents and bots, typing, and
 * receipts for the customers' messages.
 *
 * Nothing authentic is refused for its content: a 4xx breaks the chat. What is not
 * understood is kept raw as a dead letter.
 *
 * Source: Genesys developer centre, "Validate webhook notifications" and "Outbound
 * messages"; genesys/open-messaging.md section 4; read 2026-11-21.
 */
#include "gateway/genesys.h"

#include "gateway/crypto.h"
#include "gateway/limits.h"
#include "gateway/member.h"
#include "gateway/parts.h"
#include "gateway/unreadable.h"
#include "structured.h"

/* ---- verify ---- */

#define SIGNATURE_PREFIX STR("sha256=")

static bool read_signature(struct str header, uint8_t out[SHA256_BYTES])
{
    size_t len = 0;

    if (!str_starts(header, SIGNATURE_PREFIX))
        return false;
    struct str base64 = str_sub(header, SIGNATURE_PREFIX.len, header.len);
    return base64_decode(base64, out, SHA256_BYTES, &len) && len == SHA256_BYTES;
}

static enum status webhook_verify(const struct bridge *bridge,
                                  const struct http_message *message, struct now now,
                                  struct error *err)
{
    uint8_t given[SHA256_BYTES];
    uint8_t sum[SHA256_BYTES];
    struct str header;
    bool matches = false;

    (void)now; /* the signature has no time: repeats are told apart by their ids */
    if (!http_header_find(message, "x-hub-signature-256", &header))
        return fail(err, STATUS_DENIED, "X-Hub-Signature-256 must be there once");
    if (!read_signature(header, given))
        return fail(err, STATUS_DENIED,
                    "X-Hub-Signature-256 must be sha256= and 44 characters of base64 "
                    "(hex would have 64), not %zu characters in all",
                    header.len);
    for (size_t i = 0; i < bridge->genesys_secrets.count; i++) {
        enum status status =
            hmac_sum(bridge->genesys_keys[i], &message->body, 1, sum, err);
        if (status != STATUS_OK)
            return status;
        matches |= bytes_equal(sum, given, sizeof(sum));
    }
    if (!matches)
        return fail(err, STATUS_DENIED, "no secret of the bridge fits the signature");
    return STATUS_OK;
}

/* ---- decode: what all types share ---- */

struct decoding {
    struct keeper keep;
    const struct json *body;
    const struct json *channel;
    struct event *event;
    bool has_event; /* false: understood, and nothing to do */
};

static void add_key(struct event *event, enum id_kind kind, struct str id,
                    struct str extra)
{
    event->keys[event->key_count++] =
        (struct event_key){ID_SIDE_GENESYS, kind, id, extra};
}

/* An outbound body's `to` is the customer. */
static bool read_customer(struct decoding *decoding)
{
    const struct json *to = json_get(decoding->channel, "to");

    return member_id(to, "id", &decoding->keep, &decoding->event->contact_id);
}

/* ---- decode: the types; false: not understood ---- */

static bool decode_message(struct decoding *decoding)
{
    struct event *event = decoding->event;

    if (str_is(member_text(decoding->body, "direction"), "Inbound") ||
        !member_id(decoding->body, "id", &decoding->keep, &event->source_id) ||
        !read_customer(decoding))
        return false;
    event->kind = EVENT_MESSAGE;
    add_key(event, ID_KIND_MESSAGE, event->source_id, STR_NONE);
    event->text = keep_str(&decoding->keep, member_text(decoding->body, "text"));
    genesys_read_content(&decoding->keep, json_get(decoding->body, "content"),
                         &event->content);
    event->is_bot = str_is(member_text(decoding->body, "originatingEntity"), "Bot");
    (void)member_id(decoding->body, "conversationId", &decoding->keep,
                    &event->genesys_conversation_id);
    decoding->has_event = event->text.len > 0 || !content_is_empty(&event->content);
    return decoding->has_event;
}

/* How long typing is shown when Genesys Cloud does not say, and the longest we believe.
 */
#define TYPING_DEFAULT_MS 5000
#define TYPING_MAX_MS 60000

/* There is no "off" and there may be other events one day: those are nothing to us. */
static bool decode_typing(struct decoding *decoding)
{
    const struct json *item = json_first(json_get(decoding->body, "events"));
    struct event *event = decoding->event;

    while (item != NULL && !str_is(member_text(item, "eventType"), "Typing"))
        item = json_next(item);
    const struct json *typing = json_get(item, "typing");
    if (item == NULL || (typing != NULL && !str_is(member_text(typing, "type"), "On")))
        return true;
    if (!read_customer(decoding))
        return false;
    event->kind = EVENT_TYPING;
    (void)json_i64(json_get(typing, "duration"), &event->typing_ms);
    if (event->typing_ms <= 0 || event->typing_ms > TYPING_MAX_MS)
        event->typing_ms = TYPING_DEFAULT_MS;
    decoding->has_event = true;
    return true;
}

struct receipt_status {
    const char *name;
    bool is_told;
    enum message_status status;
};

/* Published says that Genesys Cloud took a customer's message into a conversation.
 * Source: genesys/open-messaging.md section 4.4, "Receipt". */
static const struct receipt_status receipt_statuses[] = {
    {"Sent",      true,  MESSAGE_SENT     },
    {"Published", true,  MESSAGE_DELIVERED},
    {"Delivered", true,  MESSAGE_DELIVERED},
    {"Read",      true,  MESSAGE_READ     },
    {"Failed",    true,  MESSAGE_FAILED   },
    {"Removed",   false, MESSAGE_SENT     },
};

static const struct receipt_status *find_receipt_status(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(receipt_statuses); i++)
        if (str_is(name, receipt_statuses[i].name))
            return &receipt_statuses[i];
    return NULL;
}

/*
 * The message a receipt is about. No source shows which of `id` and `channel.messageId`
 * holds whose id, so the one that looks like ours is taken; else `id` is Genesys' own.
 */
static void set_receipt_target(struct decoding *decoding, struct str id)
{
    struct event *event = decoding->event;
    struct str message_id = STR_NONE;

    (void)member_id(decoding->channel, "messageId", &decoding->keep, &message_id);
    event->has_target = true;
    event->target.kind = ID_KIND_MESSAGE;
    event->target.side = ID_SIDE_GATEWAY;
    if (part_id_is_ours(message_id)) {
        event->target.id = part_message_id(message_id);
    } else if (part_id_is_ours(id)) {
        event->target.id = part_message_id(id);
    } else {
        event->target.side = ID_SIDE_GENESYS;
        event->target.id = id;
    }
}

/* The customer is `from` in an inbound body and `to` in an outbound one; the other is
 * the integration. */
static void read_receipt_contact(struct decoding *decoding)
{
    static const char *const ends[] = {"from", "to"};
    struct str integration = member_text(decoding->channel, "id");

    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        const struct json *end = json_get(decoding->channel, ends[i]);
        if (!str_equal_nocase(member_text(end, "id"), integration) &&
            member_id(end, "id", &decoding->keep, &decoding->event->contact_id))
            return;
    }
}

static bool decode_receipt(struct decoding *decoding)
{
    const struct json *reason = json_first(json_get(decoding->body, "reasons"));
    struct str name = member_text(decoding->body, "status");
    const struct receipt_status *status = find_receipt_status(name);
    struct event *event = decoding->event;
    struct str id;

    if (status == NULL || !member_id(decoding->body, "id", &decoding->keep, &id))
        return false;
    if (!status->is_told)
        return true;
    event->kind = EVENT_RECEIPT;
    event->receipt_status = status->status;
    add_key(event, ID_KIND_RECEIPT, id, str_of(status->name));
    set_receipt_target(decoding, id);
    read_receipt_contact(decoding);
    if (status->status == MESSAGE_FAILED) {
        event->reason_code = keep_str(&decoding->keep, member_text(reason, "code"));
        event->reason_text = keep_str(&decoding->keep, member_text(reason, "message"));
    }
    decoding->has_event = true;
    return true;
}

static const struct {
    const char *name;
    bool (*decode)(struct decoding *decoding);
} types[] = {
    {"Text",       decode_message},
    {"Structured", decode_message},
    {"Event",      decode_typing },
    {"Receipt",    decode_receipt},
};

/* ---- decode: the request ---- */

static bool decode_type(struct decoding *decoding)
{
    struct str type = member_text(decoding->body, "type");

    if (!time_parse(member_text(decoding->channel, "time"), &decoding->event->time_ms))
        decoding->event->time_ms = 0; /* then the time of acceptance stands in */
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (str_is(type, types[i].name))
            return types[i].decode(decoding) && !decoding->keep.is_full;
    return false;
}

/* Room for the one event of a body, whatever else the arena then has to take. */
struct webhook_event {
    struct event event;
    char unreadable_name[UNREADABLE_NAME_BYTES];
};

/* Kept raw, with the customer's id where it could be read. */
static enum status keep_unreadable(const struct http_message *message,
                                   struct str contact_id, struct webhook_event *kept,
                                   struct unit *unit, struct error *err)
{
    enum status status = event_unreadable(message->body, ID_SIDE_GENESYS,
                                          kept->unreadable_name, &kept->event, err);
    kept->event.contact_id = contact_id;
    unit->events = &kept->event;
    unit->event_count = 1;
    return status;
}

static enum status check_integration(const struct bridge *bridge,
                                     struct str integration, struct error *err)
{
    if (str_equal_nocase(integration, str_of(bridge->integration_id)))
        return STATUS_OK;
    return fail(err, STATUS_FORBIDDEN,
                "channel.id is %.*s, not the integration of bridge %s",
                STR_ARG(integration), bridge->name);
}

static enum status decode_body(const struct bridge *bridge, const struct json *body,
                               const struct http_message *message, struct arena *arena,
                               struct webhook_event *kept, struct unit *unit,
                               struct error *err)
{
    struct decoding decoding = {.keep = {.arena = arena},
                                .body = body,
                                .channel = json_get(body, "channel"),
                                .event = &kept->event};
    struct str integration;

    if (member_id(decoding.channel, "id", &decoding.keep, &integration)) {
        enum status status = check_integration(bridge, integration, err);
        if (status != STATUS_OK)
            return status;
        if (decode_type(&decoding)) {
            unit->events = &kept->event;
            unit->event_count = decoding.has_event ? 1 : 0;
            return STATUS_OK;
        }
    }
    kept->event.contact_id = STR_NONE;
    (void)read_customer(&decoding);
    return keep_unreadable(message, kept->event.contact_id, kept, unit, err);
}

static enum status webhook_decode(const struct bridge *bridge,
                                  const struct http_message *message,
                                  struct arena *arena, struct unit *unit,
                                  struct error *err)
{
    CLEANUP(json_freep) struct json *body = NULL;
    struct webhook_event *kept = arena_alloc(arena, sizeof(*kept));

    enum status status = json_parse(message->body, LIMIT_JSON_DEPTH, &body, err);
    if (status == STATUS_OK)
        return decode_body(bridge, body, message, arena, kept, unit, err);
    if (status == STATUS_INVALID)
        return keep_unreadable(message, STR_NONE, kept, unit, err);
    return status;
}

const struct source genesys_source = {
    .handshake = source_no_handshake,
    .verify = webhook_verify,
    .decode = webhook_decode,
    .ack = source_ack_empty,
    .fetch_next = fetch_url,
    .refuses_content = false,
};
