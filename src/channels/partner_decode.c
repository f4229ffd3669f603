/*
 * partner_decode: the events a partner posts, but for message.created.
 *
 * Source: partner-contract.md, "Partner -> omgw"; read 2026-11-21.
 */
#include "partner_decode.h"

#include "gateway/limits.h"
#include "gateway/parts.h"

/* ---- what all types share ---- */

struct person {
    struct str id;
    struct str name;
    struct str first_name;
    struct str last_name;
    const struct json *attributes;
};

/* RFC 6901 wants ~ and / escaped; a name that does not fit leaves its parent. */
static void attribute_pointer(const char *person, struct str name,
                              char out[ERROR_POINTER_BYTES])
{
    struct buf pointer;

    (void)snprintf(out, ERROR_POINTER_BYTES, "%s/attributes", person);
    buf_init(&pointer, ERROR_POINTER_BYTES - 1);
    buf_printf(&pointer, "%s/", out);
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '~')
            buf_add(&pointer, STR("~0"));
        else if (name.ptr[i] == '/')
            buf_add(&pointer, STR("~1"));
        else
            buf_add_char(&pointer, name.ptr[i]);
    }
    if (buf_ok(&pointer))
        (void)snprintf(out, ERROR_POINTER_BYTES, "%s", buf_c_string(&pointer));
    buf_release(&pointer);
}

static enum status read_attributes(struct decoding *decoding, const struct json *list,
                                   const char *person, struct error *err)
{
    struct event *event = decoding->event;
    struct attribute *items =
        keep_array(&decoding->keep, json_count(list), sizeof(*items));
    size_t count = 0;

    for (const struct json *item = json_first(list); item != NULL;
         item = json_next(item)) {
        struct str value;
        if (!json_str(item, &value)) {
            char pointer[ERROR_POINTER_BYTES];
            attribute_pointer(person, json_name(item), pointer);
            return fail_at(err, STATUS_INVALID, pointer, "must be a string");
        }
        if (items == NULL)
            continue; /* no room: noticed at the end */
        items[count].name = keep_str(&decoding->keep, json_name(item));
        items[count++].value = keep_str(&decoding->keep, value);
    }
    event->attributes = items;
    event->attribute_count = count;
    return STATUS_OK;
}

enum status partner_read_person(struct decoding *decoding, const struct json *json,
                                const char *pointer, struct error *err)
{
    static const struct json_field fields[] = {
        FIELD_ID(person, id, JSON_REQUIRED),
        FIELD_TEXT(person, name, JSON_OPTIONAL),
        FIELD_TEXT(person, first_name, JSON_OPTIONAL),
        FIELD_TEXT(person, last_name, JSON_OPTIONAL),
        FIELD_OBJECT(person, attributes, JSON_OPTIONAL),
    };
    struct person person = {0};
    struct event *event = decoding->event;

    enum status status =
        json_read(json, fields, COUNT_OF(fields), pointer, &person, err);
    if (status != STATUS_OK)
        return status;
    event->contact_id = keep_str(&decoding->keep, person.id);
    event->name = keep_str(&decoding->keep, person.name);
    event->first_name = keep_str(&decoding->keep, person.first_name);
    event->last_name = keep_str(&decoding->keep, person.last_name);
    return read_attributes(decoding, person.attributes, pointer, err);
}

enum status partner_keep_text(struct decoding *decoding, struct str text,
                              const char *pointer, struct str *out, struct error *err)
{
    if (!utf8_fits(text, LIMIT_PARTNER_TEXT))
        return fail_at(err, STATUS_UNPROCESSABLE, pointer,
                       "must have at most %d characters", LIMIT_PARTNER_TEXT);
    *out = keep_str(&decoding->keep, text);
    return STATUS_OK;
}

void partner_add_key(struct event *event, enum id_side side, enum id_kind kind,
                     struct str id, struct str extra)
{
    event->keys[event->key_count++] = (struct event_key){side, kind, id, extra};
}

void partner_set_target(struct decoding *decoding, enum id_side side, struct str id)
{
    decoding->event->has_target = true;
    decoding->event->target = (struct event_key){
        .side = side, .kind = ID_KIND_MESSAGE, .id = keep_str(&decoding->keep, id)};
}

enum status partner_read_time(struct event *event, struct str time, const char *pointer,
                              struct error *err)
{
    if (!time_parse(time, &event->time_ms))
        return fail_at(err, STATUS_INVALID, pointer,
                       "must be an RFC 3339 time, like 2026-02-03T09:15:40Z");
    return STATUS_OK;
}

/* ---- all types but message.created ---- */

struct change {
    struct str id;
    const struct json *from;
    struct str text;
    struct str emoji;
};

/* An event about an earlier message of the partner's. */
static enum status decode_change(struct decoding *decoding, enum event_kind kind,
                                 const struct json_field *fields, size_t count,
                                 struct error *err)
{
    struct change change = {0};
    struct event *event = decoding->event;

    enum status status =
        json_read(decoding->data, fields, count, "/data", &change, err);
    if (status == STATUS_OK)
        status = partner_read_person(decoding, change.from, "/data/from", err);
    if (status != STATUS_OK)
        return status;
    event->kind = kind;
    partner_set_target(decoding, ID_SIDE_CHANNEL, change.id);
    if (kind == EVENT_REACTION)
        return partner_keep_text(decoding, change.emoji, "/data/emoji", &event->text,
                                 err);
    return partner_keep_text(decoding, change.text, "/data/text", &event->text, err);
}

enum status partner_decode_updated(struct decoding *decoding, struct error *err)
{
    static const struct json_field fields[] = {
        FIELD_ID(change, id, JSON_REQUIRED),
        FIELD_OBJECT(change, from, JSON_REQUIRED),
        FIELD_TEXT(change, text, JSON_REQUIRED),
    };
    return decode_change(decoding, EVENT_EDIT, fields, COUNT_OF(fields), err);
}

enum status partner_decode_deleted(struct decoding *decoding, struct error *err)
{
    static const struct json_field fields[] = {
        FIELD_ID(change, id, JSON_REQUIRED),
        FIELD_OBJECT(change, from, JSON_REQUIRED),
    };
    return decode_change(decoding, EVENT_DELETION, fields, COUNT_OF(fields), err);
}

enum status partner_decode_reaction(struct decoding *decoding, struct error *err)
{
    static const struct json_field fields[] = {
        FIELD_ID(change, id, JSON_REQUIRED),
        FIELD_OBJECT(change, from, JSON_REQUIRED),
        FIELD_TEXT(change, emoji, JSON_REQUIRED),
    };
    return decode_change(decoding, EVENT_REACTION, fields, COUNT_OF(fields), err);
}

enum status partner_decode_typing(struct decoding *decoding, struct error *err)
{
    decoding->event->kind = EVENT_TYPING;
    return partner_read_person(decoding, json_get(decoding->data, "from"), "/data/from",
                               err);
}

struct receipt {
    struct str id;
    struct str status;
    const struct json *error;
};

struct receipt_problem {
    struct str code;
    struct str message;
};

static bool read_receipt_status(struct str name, enum message_status *out)
{
    static const enum message_status possible[] = {MESSAGE_DELIVERED, MESSAGE_READ,
                                                   MESSAGE_FAILED};

    for (size_t i = 0; i < COUNT_OF(possible); i++) {
        if (str_is(name, message_status_name(possible[i]))) {
            *out = possible[i];
            return true;
        }
    }
    return false;
}

static enum status read_receipt_error(struct decoding *decoding,
                                      const struct json *json, struct error *err)
{
    static const struct json_field fields[] = {
        FIELD_TEXT(receipt_problem, code, JSON_OPTIONAL),
        FIELD_TEXT(receipt_problem, message, JSON_OPTIONAL),
    };
    struct receipt_problem why = {0};

    if (json == NULL)
        return STATUS_OK;
    enum status status =
        json_read(json, fields, COUNT_OF(fields), "/data/error", &why, err);
    if (status != STATUS_OK)
        return status;
    decoding->event->reason_code = keep_str(&decoding->keep, why.code);
    decoding->event->reason_text = keep_str(&decoding->keep, why.message);
    return STATUS_OK;
}

/* The contact, as an object like everywhere else or as the bare id. */
static enum status read_receiver(struct decoding *decoding, struct error *err)
{
    const struct json *to = json_get(decoding->data, "to");
    struct str id;

    if (json_kind_of(to) != JSON_STRING)
        return partner_read_person(decoding, to, "/data/to", err);
    if (!json_str(to, &id) || json_str_is_damaged(to) || !id_is_valid(id))
        return fail_at(err, STATUS_INVALID, "/data/to",
                       "must be an id: 1 to 255 bytes without control characters");
    decoding->event->contact_id = keep_str(&decoding->keep, id);
    return STATUS_OK;
}

enum status partner_decode_receipt(struct decoding *decoding, struct error *err)
{
    static const struct json_field fields[] = {
        FIELD_ID(receipt, id, JSON_REQUIRED),
        FIELD_TEXT(receipt, status, JSON_REQUIRED),
        FIELD_OBJECT(receipt, error, JSON_OPTIONAL),
    };
    struct receipt receipt = {0};
    struct event *event = decoding->event;

    event->kind = EVENT_RECEIPT;
    enum status status =
        json_read(decoding->data, fields, COUNT_OF(fields), "/data", &receipt, err);
    if (status == STATUS_OK)
        status = read_receiver(decoding, err);
    if (status == STATUS_OK)
        status = read_receipt_error(decoding, receipt.error, err);
    if (status != STATUS_OK)
        return status;
    if (!read_receipt_status(receipt.status, &event->receipt_status))
        return fail_at(err, STATUS_INVALID, "/data/status",
                       "must be delivered, read or failed");
    partner_add_key(event, ID_SIDE_GATEWAY, ID_KIND_RECEIPT,
                    keep_str(&decoding->keep, receipt.id),
                    str_of(message_status_name(event->receipt_status)));
    partner_set_target(decoding, ID_SIDE_GATEWAY, part_message_id(receipt.id));
    return STATUS_OK;
}

struct left {
    const struct json *from;
    struct str reason;
};

enum status partner_decode_left(struct decoding *decoding, struct error *err)
{
    static const struct json_field fields[] = {
        FIELD_OBJECT(left, from, JSON_REQUIRED),
        FIELD_TEXT(left, reason, JSON_OPTIONAL),
    };
    struct left left = {0};

    decoding->event->kind = EVENT_LEFT;
    enum status status =
        json_read(decoding->data, fields, COUNT_OF(fields), "/data", &left, err);
    if (status == STATUS_OK)
        status = partner_read_person(decoding, left.from, "/data/from", err);
    if (status != STATUS_OK)
        return status;
    return partner_keep_text(decoding, left.reason, "/data/reason",
                             &decoding->event->text, err);
}

struct contact_change {
    const struct json *from;
    struct str new_id;
    struct str name;
    struct str first_name;
    struct str last_name;
};

static void replace_name(struct decoding *decoding, struct str *name,
                         struct str changed)
{
    if (changed.len > 0)
        *name = keep_str(&decoding->keep, changed);
}

enum status partner_decode_contact(struct decoding *decoding, struct error *err)
{
    static const struct json_field fields[] = {
        FIELD_OBJECT(contact_change, from, JSON_REQUIRED),
        FIELD_ID(contact_change, new_id, JSON_OPTIONAL),
        FIELD_TEXT(contact_change, name, JSON_OPTIONAL),
        FIELD_TEXT(contact_change, first_name, JSON_OPTIONAL),
        FIELD_TEXT(contact_change, last_name, JSON_OPTIONAL),
    };
    struct contact_change change = {0};
    struct event *event = decoding->event;

    event->kind = EVENT_IDENTITY;
    enum status status =
        json_read(decoding->data, fields, COUNT_OF(fields), "/data", &change, err);
    if (status == STATUS_OK)
        status = partner_read_person(decoding, change.from, "/data/from", err);
    if (status != STATUS_OK)
        return status;
    /* Changed names stand beside new_id or with the person: both are read. */
    replace_name(decoding, &event->name, change.name);
    replace_name(decoding, &event->first_name, change.first_name);
    replace_name(decoding, &event->last_name, change.last_name);
    event->new_id = keep_str(&decoding->keep, change.new_id);
    if (event->new_id.len + event->name.len + event->first_name.len +
            event->last_name.len + event->attribute_count ==
        0)
        return fail_at(err, STATUS_INVALID, "/data",
                       "new_id or a changed name must be there");
    return STATUS_OK;
}
