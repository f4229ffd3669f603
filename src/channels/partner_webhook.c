/*
 * partner_webhook: the partner's webhook as a source: envelope, table of types,
 * answers.
 *
 * Source: partner-contract.md; read 2026-11-21.
 */
#include "partner_decode.h"

#include "gateway/limits.h"

struct envelope {
    struct str type;
    struct str timestamp;
    const struct json *data;
};

struct event_type {
    const char *name;
    enum status (*decode)(struct decoding *decoding, struct error *err);
};

/* Source: partner-contract.md, "Partner -> omgw". */
static const struct event_type event_types[] = {
    {"message.created",  partner_decode_created },
    {"message.updated",  partner_decode_updated },
    {"message.deleted",  partner_decode_deleted },
    {"reaction.updated", partner_decode_reaction},
    {"typing.updated",   partner_decode_typing  },
    {"receipt.updated",  partner_decode_receipt },
    {"contact.left",     partner_decode_left    },
    {"contact.changed",  partner_decode_contact },
};

static const struct event_type *find_type(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(event_types); i++)
        if (str_is(name, event_types[i].name))
            return &event_types[i];
    return NULL;
}

/* The type first: what is no event of ours may look as it likes. */
static enum status read_envelope(const struct json *body, struct envelope *out,
                                 const struct event_type **out_type, struct error *err)
{
    static const struct json_field fields[] = {
        FIELD_TEXT(envelope, type, JSON_REQUIRED),
        FIELD_TEXT(envelope, timestamp, JSON_REQUIRED),
        FIELD_OBJECT(envelope, data, JSON_REQUIRED),
    };

    enum status status = json_read(body, fields, 1, "", out, err);
    if (status != STATUS_OK)
        return status;
    *out_type = find_type(out->type);
    if (*out_type == NULL)
        return fail_at(err, STATUS_UNPROCESSABLE, "/type",
                       "is no type of this contract");
    return json_read(body, fields, COUNT_OF(fields), "", out, err);
}

static enum status check_request(const struct http_message *message,
                                 struct str *out_webhook_id, struct error *err)
{
    struct str type;

    if (message->part.len > 0)
        return fail(err, STATUS_NOT_FOUND, "this bridge has no such path");
    if (!str_is(message->method, "POST"))
        return fail(err, STATUS_BAD_METHOD, "events are posted");
    if (!http_header_find(message, "content-type", &type) ||
        !str_equal_nocase(str_trim(str_cut(&type, ';')), STR("application/json")))
        return fail(err, STATUS_UNSUPPORTED, "Content-Type must be application/json");
    if (!http_header_find(message, "webhook-id", out_webhook_id) ||
        !id_is_valid(*out_webhook_id))
        return fail(err, STATUS_INVALID,
                    "webhook-id must be an id: 1 to 255 bytes without control "
                    "characters");
    return STATUS_OK;
}

static enum status decode_event(struct decoding *decoding, const struct json *body,
                                struct str webhook_id, struct error *err)
{
    struct envelope envelope = {0};
    const struct event_type *type = NULL;
    struct event *event = decoding->event;

    enum status status = read_envelope(body, &envelope, &type, err);
    if (status == STATUS_OK)
        status = partner_read_time(event, envelope.timestamp, "/timestamp", err);
    if (status != STATUS_OK)
        return status;
    decoding->data = envelope.data;
    if (type->decode != partner_decode_typing)
        partner_add_key(event, ID_SIDE_CHANNEL, ID_KIND_WEBHOOK,
                        keep_str(&decoding->keep, webhook_id), STR_NONE);
    status = type->decode(decoding, err);
    if (status == STATUS_OK && decoding->keep.is_full)
        return fail(err, STATUS_TOO_LARGE, "the event is too large to be taken apart");
    return status;
}

static enum status partner_decode(const struct bridge *bridge,
                                  const struct http_message *message,
                                  struct arena *arena, struct unit *unit,
                                  struct error *err)
{
    struct str webhook_id = STR_NONE;
    CLEANUP(json_freep) struct json *body = NULL;

    (void)bridge;
    enum status status = check_request(message, &webhook_id, err);
    if (status == STATUS_OK)
        status = json_parse(message->body, LIMIT_JSON_DEPTH, &body, err);
    if (status != STATUS_OK)
        return status;

    struct decoding decoding = {.keep = {.arena = arena}};
    decoding.event = keep_array(&decoding.keep, 1, sizeof(*decoding.event));
    if (decoding.event == NULL)
        return fail(err, STATUS_TOO_LARGE, "no room for an event");
    status = decode_event(&decoding, body, webhook_id, err);
    if (status != STATUS_OK)
        return status;
    unit->events = decoding.event;
    unit->event_count = 1;
    return STATUS_OK;
}

/* ---- ack ---- */

static void partner_ack(const struct bridge *bridge, const struct unit *unit,
                        const struct acceptance *acceptance, struct arena *arena,
                        struct http_reply *reply)
{
    (void)bridge;
    (void)unit;
    *reply = (struct http_reply){
        .status = 202, .content_type = "application/json", .body = STR("{}")};
    if (acceptance->public_id == NULL)
        return;
    if (acceptance->status == STATUS_DUPLICATE)
        reply->status = 200;
    reply->body =
        arena_printf(arena, "{\"id\":\"%s\",\"conversation\":%lld}",
                     acceptance->public_id, (long long)acceptance->conversation);
}

const struct source partner_source = {
    .handshake = source_no_handshake,
    .verify = partner_verify,
    .decode = partner_decode,
    .ack = partner_ack,
    .fetch_next = fetch_url,
    .refuses_content = true,
};
