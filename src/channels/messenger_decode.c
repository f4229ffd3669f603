/*
 * messenger_decode: a batch of what happened on a page, or an Instagram account, as a
 * unit.
 *
 * Source: channels/meta-messenger.md sections 2 and 3; read 2026-12-01.
 */
#include "messenger_decode.h"

#include "gateway/member.h"

/* ---- what items share ---- */

struct str messenger_joined(struct messenger_batch *batch, struct str first,
                            struct str second)
{
    CLEANUP(buf_release) struct buf text;

    buf_init(&text, first.len + second.len + 1);
    buf_printf(&text, "%.*s/%.*s", STR_ARG(first), STR_ARG(second));
    return keep_str(&batch->reading.keep, buf_str(&text));
}

struct str messenger_digits(struct messenger_batch *batch, const struct json *node,
                            const char *name)
{
    struct str digits = STR_NONE;

    (void)json_digits(json_get(node, name), batch->reading.keep.arena, &digits);
    return digits;
}

void messenger_moment_key(struct messenger_batch *batch, const struct json *item,
                          const char *what)
{
    struct event *event = batch->event;

    reading_key(event, ID_KIND_WEBHOOK,
                messenger_joined(batch, event->contact_id,
                                 messenger_digits(batch, item, "timestamp")));
    event->keys[event->key_count - 1].extra = str_of(what);
}

bool messenger_target(struct messenger_batch *batch, const struct json *node)
{
    struct str id;

    if (!member_id(node, "mid", &batch->reading.keep, &id))
        return false;
    reading_target(batch->event, id);
    return true;
}

void messenger_referral(struct messenger_batch *batch, const struct json *referral)
{
    static const struct {
        const char *member;
        const char *attribute;
    } rows[] = {
        {"ref",    "referral_ref"   },
        {"source", "referral_source"},
        {"type",   "referral_type"  },
        {"ad_id",  "referral_ad_id" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        reading_attribute(&batch->reading, batch->event, rows[i].attribute,
                          member_text(referral, rows[i].member));
}

/* ---- kinds of items ---- */

/* An emoji, or a word where there is none; taken back: nothing. */
static bool decode_reaction(struct messenger_batch *batch, const struct json *item,
                            const struct json *reaction)
{
    struct event *event = batch->event;
    struct str action = member_text(reaction, "action");
    struct str emoji = member_text(reaction, "emoji");

    event->kind = EVENT_REACTION;
    if (emoji.len == 0)
        emoji = member_text(reaction, "reaction");
    if (!str_is(action, "unreact"))
        event->text = keep_str(&batch->reading.keep, emoji);
    if (!messenger_target(batch, reaction))
        return false;
    reading_key(event, ID_KIND_WEBHOOK, event->target.id);
    event->keys[0].extra =
        messenger_joined(batch, action, messenger_digits(batch, item, "timestamp"));
    return true;
}

static bool decode_edit(struct messenger_batch *batch, const struct json *item,
                        const struct json *edit)
{
    struct event *event = batch->event;

    (void)item;
    event->kind = EVENT_EDIT;
    event->text = keep_str(&batch->reading.keep, member_text(edit, "text"));
    if (!messenger_target(batch, edit))
        return false;
    reading_key(event, ID_KIND_WEBHOOK, event->target.id);
    event->keys[0].extra =
        messenger_joined(batch, STR("edit"), messenger_digits(batch, edit, "num_edit"));
    return true;
}

/* Came by a link or an advertisement into a chat that there is already. */
static bool decode_referral(struct messenger_batch *batch, const struct json *item,
                            const struct json *referral)
{
    reading_note(&batch->reading, batch->event, "came by a link",
                 member_text(referral, "ref"));
    messenger_referral(batch, referral);
    messenger_moment_key(batch, item, "referral");
    return true;
}

/* Its token, where it has one, is nobody's to see. */
static bool decode_optin(struct messenger_batch *batch, const struct json *item,
                         const struct json *optin)
{
    reading_note(&batch->reading, batch->event, "opted in", member_text(optin, "ref"));
    reading_attribute(&batch->reading, batch->event, "optin_type",
                      member_text(optin, "type"));
    messenger_moment_key(batch, item, "optin");
    return true;
}

/* ---- receipts ---- */

static void set_receipt(struct messenger_batch *batch, struct str id,
                        enum message_status status)
{
    batch->event->kind = EVENT_RECEIPT;
    batch->event->receipt_status = status;
    reading_key(batch->event, ID_KIND_RECEIPT, id);
    batch->event->keys[0].extra = str_of(message_status_name(status));
}

/* All that was sent by then. */
static bool read_watermark(struct messenger_batch *batch, const struct json *part,
                           enum message_status status)
{
    struct event *event = batch->event;

    if (!json_i64(json_get(part, "watermark"), &event->receipt_until_ms) ||
        event->receipt_until_ms <= 0)
        return false;
    set_receipt(batch,
                messenger_joined(batch, event->contact_id,
                                 messenger_digits(batch, part, "watermark")),
                status);
    return true;
}

/* Messenger says until when, Instagram which one. */
static bool decode_read(struct messenger_batch *batch, const struct json *item,
                        const struct json *part)
{
    (void)item;
    if (!messenger_target(batch, part))
        return read_watermark(batch, part, MESSAGE_READ);
    set_receipt(batch, batch->event->target.id, MESSAGE_READ);
    return true;
}

static bool decode_delivery(struct messenger_batch *batch, const struct json *item,
                            const struct json *part)
{
    (void)item;
    if (read_watermark(batch, part, MESSAGE_DELIVERED))
        return true;
    if (json_count(json_get(part, "mids")) == 0)
        return false;
    reading_drop(&batch->reading); /* the ids said it all */
    return true;
}

static bool decode_delivered(struct messenger_batch *batch, const struct json *item,
                             const struct json *mid)
{
    struct str id;

    (void)item;
    if (!json_str(mid, &id) || !id_is_valid(id) || json_str_is_damaged(mid))
        return false;
    reading_target(batch->event, keep_str(&batch->reading.keep, id));
    set_receipt(batch, batch->event->target.id, MESSAGE_DELIVERED);
    return true;
}

/* ---- the batch ---- */

/* Its own messages come back as echoes; a page does not talk to itself. */
static bool is_own(const struct messenger_batch *batch, const struct json *item)
{
    const struct messenger_settings *own = batch->bridge->settings;
    return str_is(member_text(json_get(item, "sender"), "id"), own->account_id);
}

static const struct item_kind {
    const char *name; /* of the member that says what happened */
    messenger_decode_part *decode;
} item_kinds[] = {
    {"message",      messenger_decode_message },
    {"postback",     messenger_decode_postback},
    {"reaction",     decode_reaction          },
    {"message_edit", decode_edit              },
    {"read",         decode_read              },
    {"delivery",     decode_delivery          },
    {"referral",     decode_referral          },
    {"optin",        decode_optin             },
};

/* NULL: of a kind that says nothing to us. */
static const struct item_kind *find_kind(const struct json *item)
{
    for (size_t i = 0; i < COUNT_OF(item_kinds); i++)
        if (json_kind_of(json_get(item, item_kinds[i].name)) == JSON_OBJECT)
            return &item_kinds[i];
    return NULL;
}

/* An opt-in on a web site may be of somebody who has no chat yet. */
static bool is_nobodys(const struct json *item, const struct item_kind *kind)
{
    return kind->decode == decode_optin && json_get(item, "sender") == NULL;
}

static const struct json *delivered_ids(const struct json *item)
{
    return json_get(json_get(item, "delivery"), "mids");
}

static size_t count_events(const struct json *item)
{
    return find_kind(item) == NULL ? 0 : 1 + json_count(delivered_ids(item));
}

static bool is_ours(const struct bridge *bridge, const struct json *entry,
                    const struct json *item)
{
    const struct messenger_settings *own = bridge->settings;

    (void)item;
    return str_is(member_text(entry, "id"), own->account_id);
}

static enum status decode_event(struct messenger_batch *batch, const struct json *item,
                                const struct json *part, messenger_decode_part *decode,
                                struct error *err)
{
    struct event *event = reading_event(&batch->reading);
    int64_t time_ms = 0;

    if (event == NULL)
        return STATUS_OK; /* the whole is kept */
    batch->event = event;
    (void)json_i64(json_get(item, "timestamp"), &time_ms);
    reading_time(event, time_ms, 1);
    if (member_id(json_get(item, "sender"), "id", &batch->reading.keep,
                  &event->contact_id) &&
        decode(batch, item, part))
        return STATUS_OK;
    return reading_unreadable(&batch->reading, item, err);
}

static enum status decode_item(const struct bridge *bridge, struct reading *reading,
                               const struct json *item, struct error *err)
{
    struct messenger_batch *batch =
        CONTAINER_OF(reading, struct messenger_batch, reading);
    const struct item_kind *kind = find_kind(item);
    enum status status = STATUS_OK;

    batch->bridge = bridge;
    if (is_own(batch, item) || is_nobodys(item, kind))
        return STATUS_OK;
    for (const struct json *mid = json_first(delivered_ids(item));
         mid != NULL && status == STATUS_OK; mid = json_next(mid))
        status = decode_event(batch, item, mid, decode_delivered, err);
    if (status != STATUS_OK)
        return status;
    return decode_event(batch, item, json_get(item, kind->name), kind->decode, err);
}

static enum status messenger_decode(const struct bridge *bridge,
                                    const struct http_message *message,
                                    struct arena *arena, struct unit *unit,
                                    struct error *err)
{
    const struct messenger_service *service = messenger_service_of(bridge);
    const struct meta_batch items = {
        .object = service->object,
        .list = "messaging",
        .account = service->account,
        .count = count_events,
        .is_ours = is_ours,
        .decode = decode_item,
    };
    struct messenger_batch batch = {0};

    return meta_decode(&items, bridge, message, arena, &batch.reading, unit, err);
}

const struct source messenger_source = {
    .handshake = meta_handshake,
    .verify = meta_verify,
    .decode = messenger_decode,
    .ack = source_ack_empty,
    .fetch_next = fetch_url,
};
