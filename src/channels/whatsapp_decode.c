/*
 * whatsapp_decode: a batch of messages and statuses as a unit.
 *
 * Source: channels/whatsapp.md sections 3 and 4; read 2026-12-01.
 */
#include "whatsapp.h"

#include "gateway/limits.h"
#include "gateway/member.h"
#include "reading.h"

/* ---- what messages share ---- */

struct batch {
    struct reading reading;
    const struct json *value; /* of the change that is read */
    struct event *event;
};

/* Unix seconds as a text. */
static void read_time(struct batch *batch, const struct json *node)
{
    int64_t seconds = 0;

    if (!str_to_i64(member_text(node, "timestamp"), &seconds))
        return;
    reading_time(batch->event, seconds, 1000);
}

/* Usernames hide numbers: the user id is the one to go by, where there is one. */
static bool read_ids(struct batch *batch, const struct json *node, const char *user,
                     const char *number)
{
    struct keeper *keep = &batch->reading.keep;
    struct event *event = batch->event;
    struct str phone = STR_NONE;
    bool has_phone = member_id(node, number, keep, &phone);

    if (!member_id(node, user, keep, &event->contact_id)) {
        event->contact_id = phone;
        return has_phone;
    }
    event->alias = phone;
    return true;
}

static void read_profile(struct batch *batch)
{
    struct event *event = batch->event;
    struct keeper *keep = &batch->reading.keep;

    for (const struct json *contact = json_first(json_get(batch->value, "contacts"));
         contact != NULL; contact = json_next(contact)) {
        struct str user = member_text(contact, "user_id");
        struct str phone = member_text(contact, "wa_id");
        if (!str_equal(user, event->contact_id) &&
            !str_equal(phone, event->contact_id) && !str_equal(phone, event->alias))
            continue;
        const struct json *profile = json_get(contact, "profile");
        event->name = keep_str(keep, member_text(profile, "name"));
        reading_attribute(&batch->reading, event, "whatsapp_username",
                          member_text(profile, "username"));
        return;
    }
}

static void read_target(struct batch *batch, const struct json *node, const char *name)
{
    struct str id;

    if (member_id(node, name, &batch->reading.keep, &id))
        reading_target(batch->event, id);
}

/* ---- kinds of messages; false: not understood ---- */

static bool decode_text(struct batch *batch, const struct json *part)
{
    batch->event->text = keep_str(&batch->reading.keep, member_text(part, "body"));
    return batch->event->text.len > 0;
}

static bool decode_file(struct batch *batch, const struct json *part)
{
    struct keeper *keep = &batch->reading.keep;
    struct attachment *file = keep_array(keep, 1, sizeof(*file));

    if (file == NULL || !member_id(part, "id", keep, &file->ref))
        return false;
    file->mime = keep_str(keep, member_text(part, "mime_type"));
    file->name = keep_str(keep, member_text(part, "filename"));
    batch->event->text = keep_str(keep, member_text(part, "caption"));
    batch->event->content.attachments = file;
    batch->event->content.attachment_count = 1;
    return true;
}

/* Numbers, but texts were seen. */
static struct str coordinate(struct batch *batch, const struct json *part,
                             const char *name)
{
    struct str digits = member_text(part, name);

    (void)json_digits(json_get(part, name), batch->reading.keep.arena, &digits);
    return digits;
}

static bool decode_place(struct batch *batch, const struct json *part)
{
    const struct place place = {
        .latitude = coordinate(batch, part, "latitude"),
        .longitude = coordinate(batch, part, "longitude"),
        .name = member_text(part, "name"),
        .address = member_text(part, "address"),
    };

    reading_place(&batch->reading, batch->event, &place);
    return place.latitude.len > 0 && place.longitude.len > 0;
}

static bool decode_contacts(struct batch *batch, const struct json *part)
{
    const struct json *first = json_first(part);
    const struct json *phone = json_first(json_get(first, "phones"));

    reading_person(&batch->reading, batch->event,
                   member_text(json_get(first, "name"), "formatted_name"),
                   member_text(phone, "phone"));
    return first != NULL;
}

/* A button or a row of a list that we sent: its id is a token. */
static bool decode_interactive(struct batch *batch, const struct json *part)
{
    struct event *event = batch->event;
    const struct json *reply = json_get(part, "button_reply");

    if (reply == NULL)
        reply = json_get(part, "list_reply");
    struct str title = member_text(reply, "title");
    if (reply != NULL) {
        reading_press(&batch->reading, event, title, member_text(reply, "id"));
        return title.len > 0;
    }
    reading_note(&batch->reading, event, "answered a form",
                 member_text(json_get(part, "nfm_reply"), "body"));
    return true;
}

/* A button of a template, which somebody else sent. */
static bool decode_template_button(struct batch *batch, const struct json *part)
{
    return (batch->event->text =
                keep_str(&batch->reading.keep, member_text(part, "text")))
               .len > 0;
}

/* No emoji, or an empty one: taken back. */
static bool decode_reaction(struct batch *batch, const struct json *part)
{
    batch->event->kind = EVENT_REACTION;
    batch->event->text = keep_str(&batch->reading.keep, member_text(part, "emoji"));
    read_target(batch, part, "message_id");
    return batch->event->has_target;
}

static bool decode_edit(struct batch *batch, const struct json *part)
{
    const struct json *message = json_get(part, "message");
    static const char *const files[] = {"image", "video", "document"};
    struct str text = member_text(json_get(message, "text"), "body");

    for (size_t i = 0; i < COUNT_OF(files) && text.len == 0; i++)
        text = member_text(json_get(message, files[i]), "caption");
    batch->event->kind = EVENT_EDIT;
    batch->event->text = keep_str(&batch->reading.keep, text);
    read_target(batch, part, "original_message_id");
    return batch->event->has_target;
}

static bool decode_revoke(struct batch *batch, const struct json *part)
{
    batch->event->kind = EVENT_DELETION;
    read_target(batch, part, "original_message_id");
    return batch->event->has_target;
}

/* The contact's number or id changed: what it was before is whom we know. */
static bool decode_system(struct batch *batch, const struct json *part)
{
    struct event *event = batch->event;
    struct keeper *keep = &batch->reading.keep;
    static const char *const names[] = {"user_id", "wa_id", "new_wa_id"};

    event->kind = EVENT_IDENTITY;
    (void)member_id(part, "previous_user_id", keep, &event->contact_id);
    for (size_t i = 0; i < COUNT_OF(names) && event->new_id.len == 0; i++)
        (void)member_id(part, names[i], keep, &event->new_id);
    event->alias = STR_NONE;
    if (event->new_id.len == 0 || str_equal(event->new_id, event->contact_id))
        reading_drop(&batch->reading);
    return true;
}

static bool decode_nothing(struct batch *batch, const struct json *part)
{
    (void)part;
    reading_drop(&batch->reading);
    return true;
}

static const struct message_type {
    const char *name; /* of the type, and of the member that holds it */
    bool (*decode)(struct batch *batch, const struct json *part);
} message_types[] = {
    {"text",            decode_text           },
    {"image",           decode_file           },
    {"video",           decode_file           },
    {"audio",           decode_file           },
    {"document",        decode_file           },
    {"sticker",         decode_file           },
    {"location",        decode_place          },
    {"contacts",        decode_contacts       },
    {"interactive",     decode_interactive    },
    {"button",          decode_template_button},
    {"reaction",        decode_reaction       },
    {"edit",            decode_edit           },
    {"revoke",          decode_revoke         },
    {"system",          decode_system         },
    {"request_welcome", decode_nothing        },
};

static bool decode_said(struct batch *batch, const struct json *message)
{
    struct str type = member_text(message, "type");

    for (size_t i = 0; i < COUNT_OF(message_types); i++)
        if (str_is(type, message_types[i].name))
            return message_types[i].decode(batch,
                                           json_get(message, message_types[i].name));
    reading_cannot_show(&batch->reading, batch->event);
    return type.len > 0;
}

static bool decode_message(struct batch *batch, const struct json *message)
{
    struct event *event = batch->event;

    event->kind = EVENT_MESSAGE;
    if (!read_ids(batch, message, "from_user_id", "from") ||
        !member_id(message, "id", &batch->reading.keep, &event->source_id))
        return false;
    reading_key(event, ID_KIND_MESSAGE, event->source_id);
    read_profile(batch);
    read_time(batch, message);
    read_target(batch, json_get(message, "context"), "id");
    return decode_said(batch, message);
}

/* ---- statuses ---- */

static const struct {
    const char *name;
    enum message_status status;
} statuses[] = {
    {"sent",      MESSAGE_SENT     },
    {"delivered", MESSAGE_DELIVERED},
    {"read",      MESSAGE_READ     },
    {"played",    MESSAGE_READ     },
    {"failed",    MESSAGE_FAILED   },
};

static void read_failure(struct batch *batch, const struct json *status)
{
    const struct json *first = json_first(json_get(status, "errors"));
    struct event *event = batch->event;
    int64_t code = 0;

    (void)json_i64(json_get(first, "code"), &code);
    const struct reply_rule *error = whatsapp_error(code);
    event->reason_code = str_of(
        reason_code_name(error == NULL ? REASON_GENERAL_ERROR : error->reason_code));
    event->reason_text = keep_str(&batch->reading.keep, member_text(first, "title"));
}

static bool decode_status(struct batch *batch, const struct json *node)
{
    struct event *event = batch->event;
    struct str name = member_text(node, "status");
    struct str id;

    if (!member_id(node, "id", &batch->reading.keep, &id))
        return false;
    event->kind = EVENT_RECEIPT;
    (void)read_ids(batch, node, "recipient_user_id", "recipient_id");
    event->alias = STR_NONE;
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        if (!str_is(name, statuses[i].name))
            continue;
        event->receipt_status = statuses[i].status;
        reading_key(event, ID_KIND_RECEIPT, id);
        event->keys[0].extra = str_of(statuses[i].name);
        reading_target(event, id);
        read_time(batch, node);
        if (event->receipt_status == MESSAGE_FAILED)
            read_failure(batch, node);
        return true;
    }
    reading_drop(&batch->reading);
    return true;
}

/* ---- the batch ---- */

/* Each one by itself: what is odd about one never harms its siblings. */
static enum status decode_list(struct batch *batch, const char *name,
                               bool (*decode)(struct batch *, const struct json *),
                               struct error *err)
{
    enum status status = STATUS_OK;

    for (const struct json *node = json_first(json_get(batch->value, name));
         node != NULL && status == STATUS_OK; node = json_next(node)) {
        batch->event = reading_event(&batch->reading);
        if (batch->event == NULL)
            return STATUS_OK; /* the whole is kept */
        if (!decode(batch, node))
            status = reading_unreadable(&batch->reading, node, err);
    }
    return status;
}

static bool is_ours(const struct bridge *bridge, const struct json *entry,
                    const struct json *change)
{
    const struct whatsapp_settings *own = bridge->settings;
    const struct json *metadata = json_get(json_get(change, "value"), "metadata");

    (void)entry;
    return str_is(member_text(metadata, "phone_number_id"), own->phone_number_id);
}

static size_t count_events(const struct json *change)
{
    const struct json *value = json_get(change, "value");

    if (!str_is(member_text(change, "field"), "messages"))
        return 0;
    return json_count(json_get(value, "messages")) +
           json_count(json_get(value, "statuses"));
}

static enum status decode_change(const struct bridge *bridge, struct reading *reading,
                                 const struct json *change, struct error *err)
{
    struct batch *batch = CONTAINER_OF(reading, struct batch, reading);

    (void)bridge;
    batch->value = json_get(change, "value");
    enum status status = decode_list(batch, "messages", decode_message, err);
    if (status == STATUS_OK)
        status = decode_list(batch, "statuses", decode_status, err);
    return status;
}

static enum status whatsapp_decode(const struct bridge *bridge,
                                   const struct http_message *message,
                                   struct arena *arena, struct unit *unit,
                                   struct error *err)
{
    static const struct meta_batch changes = {
        .object = "whatsapp_business_account",
        .list = "changes",
        .account = "phone number",
        .count = count_events,
        .is_ours = is_ours,
        .decode = decode_change,
    };
    struct batch batch = {0};

    return meta_decode(&changes, bridge, message, arena, &batch.reading, unit, err);
}

const struct source whatsapp_source = {
    .handshake = meta_handshake,
    .verify = meta_verify,
    .decode = whatsapp_decode,
    .ack = source_ack_empty,
    .fetch_next = whatsapp_fetch_next,
};
