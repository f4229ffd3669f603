/*
 * twilio_decode: a message or a status as a unit of one event, or of none.
 *
 * Source: channels/twilio.md sections 3 and 4; read 2026-12-01.
 */
#include "twilio.h"

#include "gateway/json.h"
#include "gateway/limits.h"
#include "reading.h"

/* ---- fields ---- */

struct webhook {
    struct reading reading;
    struct event *event;
    struct form form;
};

static struct str field(const struct webhook *webhook, const char *name)
{
    return form_get(&webhook->form, name);
}

/* The first of two names that says something: the later one is the older one. */
static struct str either(const struct webhook *webhook, const char *name,
                         const char *other)
{
    struct str value = field(webhook, name);
    return value.len > 0 ? value : field(webhook, other);
}

static struct str text_of(struct webhook *webhook, struct str value)
{
    return keep_text(&webhook->reading.keep, value);
}

static bool read_id(struct webhook *webhook, struct str value, struct str *out)
{
    if (!id_is_valid(value))
        return false;
    *out = keep_str(&webhook->reading.keep, value);
    return out->len > 0;
}

/* "<name><number>", as lists are written here. */
static struct str numbered(const struct webhook *webhook, const char *name,
                           size_t number)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "%s%zu", name, number);
    return field(webhook, text);
}

/* ---- what a message holds ---- */

/* Attributes of the contact, by the field that says them. */
static const struct {
    const char *field;
    const char *attribute;
} attributes[] = {
    {"WaId",              "whatsapp_id"      },
    {"FromCountry",       "phone_country"    },
    {"FromState",         "phone_state"      },
    {"FromCity",          "phone_city"       },
    {"ReferralHeadline",  "referral_headline"},
    {"ReferralSourceUrl", "referral_url"     },
};

static void read_person(struct webhook *webhook)
{
    struct event *event = webhook->event;

    event->name = text_of(webhook, field(webhook, "ProfileName"));
    for (size_t i = 0; i < COUNT_OF(attributes); i++)
        reading_attribute(&webhook->reading, event, attributes[i].attribute,
                          text_of(webhook, field(webhook, attributes[i].field)));
}

/* A URL that needs the account's credentials, or is open to all who know it. */
static void read_files(struct webhook *webhook)
{
    struct keeper *keep = &webhook->reading.keep;
    struct content *content = &webhook->event->content;
    size_t count = 0;

    while (numbered(webhook, "MediaUrl", count).len > 0)
        count++;
    content->attachments = keep_array(keep, count, sizeof(*content->attachments));
    for (size_t i = 0; content->attachments != NULL && i < count; i++) {
        struct attachment *file = &content->attachments[i];
        file->url = text_of(webhook, numbered(webhook, "MediaUrl", i));
        file->mime = text_of(webhook, numbered(webhook, "MediaContentType", i));
        content->attachment_count++;
    }
}

static bool read_place(struct webhook *webhook)
{
    struct str label = either(webhook, "Label", "Body");
    const struct place place = {
        .latitude = text_of(webhook, field(webhook, "Latitude")),
        .longitude = text_of(webhook, field(webhook, "Longitude")),
        .name = text_of(webhook, label),
        .address = text_of(webhook, field(webhook, "Address")),
    };

    if (place.latitude.len == 0 || place.longitude.len == 0)
        return false;
    reading_place(&webhook->reading, webhook->event, &place);
    return true;
}

/* Of a template or a list that somebody else sent, so never one of our tokens: what we
 * offer is numbered text. */
static bool read_answer(struct webhook *webhook)
{
    struct event *event = webhook->event;
    struct str payload = either(webhook, "ButtonPayload", "ListId");
    struct str title = either(webhook, "ButtonText", "ListTitle");

    if (payload.len == 0)
        return false;
    event->kind = EVENT_ANSWER;
    event->text = text_of(webhook, title.len > 0 ? title : field(webhook, "Body"));
    event->answer_payload = text_of(webhook, payload);
    return true;
}

/* Twilio sends nothing more after these, whatever we ask. Others of its words, such as
 * "end", may be said in a conversation: OptOutType tells when they meant it.
 * Source: Twilio, "Customize users' opt-in and opt-out experience". */
static const char *const leaving_words[] = {"stop", "stopall", "unsubscribe"};

static bool has_left(const struct webhook *webhook)
{
    struct str said = str_trim(field(webhook, "Body"));

    if (form_has(&webhook->form, "OptOutType"))
        return str_is(field(webhook, "OptOutType"), "STOP");
    if (str_find_byte(field(webhook, "From"), ':') >= 0)
        return false; /* no text message: those words mean nothing there */
    for (size_t i = 0; i < COUNT_OF(leaving_words); i++)
        if (str_equal_nocase(said, str_of(leaving_words[i])))
            return true;
    return false;
}

static void read_said(struct webhook *webhook)
{
    struct event *event = webhook->event;

    event->text = text_of(webhook, field(webhook, "Body"));
    if (has_left(webhook)) {
        event->kind = EVENT_LEFT;
        return;
    }
    if (read_place(webhook) || read_answer(webhook))
        return;
    read_files(webhook);
    if (event->text.len == 0 && event->content.attachment_count == 0)
        reading_cannot_show(&webhook->reading, event);
}

/* ---- the two kinds of webhooks; false: not understood ---- */

static bool decode_message(struct webhook *webhook)
{
    struct event *event = webhook->event;
    struct str replied;

    event->kind = EVENT_MESSAGE;
    if (!read_id(webhook, field(webhook, "From"), &event->contact_id) ||
        !read_id(webhook, either(webhook, "MessageSid", "SmsSid"), &event->source_id))
        return false;
    reading_key(event, ID_KIND_MESSAGE, event->source_id);
    if (read_id(webhook, field(webhook, "OriginalRepliedMessageSid"), &replied))
        reading_target(event, replied);
    read_person(webhook);
    read_said(webhook);
    return true;
}

static const struct {
    const char *name;
    enum message_status status;
} statuses[] = {
    {"sent",        MESSAGE_SENT     },
    {"delivered",   MESSAGE_DELIVERED},
    {"read",        MESSAGE_READ     },
    {"undelivered", MESSAGE_FAILED   },
    {"failed",      MESSAGE_FAILED   },
    {"canceled",    MESSAGE_FAILED   },
};

static void read_failure(struct webhook *webhook)
{
    struct event *event = webhook->event;
    struct str said = field(webhook, "ErrorMessage");
    int64_t code = 0;
    CLEANUP(buf_release) struct buf text;

    buf_init(&text, LIMIT_REASON_BYTES);
    bool has_code = str_to_i64(field(webhook, "ErrorCode"), &code);
    const struct reply_rule *rule = has_code ? twilio_error(code) : NULL;
    event->reason_code = str_of(
        reason_code_name(rule == NULL ? REASON_GENERAL_ERROR : rule->reason_code));
    buf_add(&text, event->keys[0].extra);
    if (has_code)
        buf_printf(&text, ", code %lld", (long long)code);
    if (said.len > 0 && said.len < LIMIT_REASON_BYTES / 2)
        buf_printf(&text, ": %.*s", STR_ARG(said));
    event->reason_text = text_of(webhook, buf_str(&text));
}

/* Whose message it is says its id alone: the address may have changed on the way, from
 * RCS to a text message. */
static bool decode_status(struct webhook *webhook, struct str name)
{
    struct event *event = webhook->event;
    struct str id;

    event->kind = EVENT_RECEIPT;
    if (!read_id(webhook, either(webhook, "MessageSid", "SmsSid"), &id))
        return false;
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        if (!str_is(name, statuses[i].name))
            continue;
        event->receipt_status = statuses[i].status;
        reading_key(event, ID_KIND_RECEIPT, id);
        event->keys[0].extra = str_of(statuses[i].name);
        reading_target(event, id);
        if (event->receipt_status == MESSAGE_FAILED)
            read_failure(webhook);
        return true;
    }
    reading_drop(&webhook->reading);
    return true;
}

/* By what it says, not by where it came: both addresses are pasted by hand. */
static enum status decode_fields(struct webhook *webhook, struct error *err)
{
    struct str status = either(webhook, "MessageStatus", "SmsStatus");
    bool is_message =
        status.len == 0 || str_is(status, "received") || str_is(status, "receiving");

    webhook->event = reading_event(&webhook->reading);
    bool is_understood =
        is_message ? decode_message(webhook) : decode_status(webhook, status);
    return is_understood ? STATUS_OK : reading_whole_unreadable(&webhook->reading, err);
}

/* ---- a body that is JSON: the same fields as members ---- */

static bool read_member(const struct json *member, struct arena *arena,
                        struct form_field *out)
{
    *out = (struct form_field){.name = json_name(member)};
    return (json_str(member, &out->value) && !json_str_is_damaged(member)) ||
           json_digits(member, arena, &out->value);
}

/* What is no text and no number has no place in a form, and is left out. */
static enum status read_members(struct webhook *webhook, const struct json *body,
                                struct error *err)
{
    struct keeper *keep = &webhook->reading.keep;
    struct form *form = &webhook->form;

    if (json_kind_of(body) != JSON_OBJECT)
        return fail(err, STATUS_INVALID, "the body is no object");
    form->fields = keep_array(keep, json_count(body), sizeof(*form->fields));
    for (const struct json *member = json_first(body);
         member != NULL && form->fields != NULL; member = json_next(member))
        form->count += read_member(member, keep->arena, &form->fields[form->count]);
    return STATUS_OK;
}

/* ---- decode ---- */

static enum status twilio_decode(const struct bridge *bridge,
                                 const struct http_message *message,
                                 struct arena *arena, struct unit *unit,
                                 struct error *err)
{
    CLEANUP(json_freep) struct json *body = NULL;
    struct webhook webhook = {0};
    enum status status = STATUS_OK;

    (void)bridge;
    reading_begin(&webhook.reading, message, 1, arena);
    if (twilio_is_hashed(message)) {
        status = json_parse(message->body, LIMIT_JSON_DEPTH, &body, err);
        if (status == STATUS_OK)
            status = read_members(&webhook, body, err);
    } else {
        status = twilio_fields(message, arena, &webhook.form, err);
    }
    if (status == STATUS_RETRY)
        return status;
    status = status == STATUS_OK ? decode_fields(&webhook, err)
                                 : reading_whole_unreadable(&webhook.reading, err);
    return status == STATUS_OK ? reading_end(&webhook.reading, unit, err) : status;
}

/* Anything else that is text would be sent to the customer.
 * Source: channels/twilio.md section 3. */
static void twilio_ack(const struct bridge *bridge, const struct unit *unit,
                       const struct acceptance *acceptance, struct arena *arena,
                       struct http_reply *reply)
{
    (void)bridge;
    (void)unit;
    (void)acceptance;
    (void)arena;
    *reply = (struct http_reply){
        .status = 200, .content_type = "text/xml", .body = STR("<Response/>")};
}

const struct source twilio_source = {
    .handshake = source_no_handshake,
    .verify = twilio_verify,
    .decode = twilio_decode,
    .ack = twilio_ack,
    .fetch_next = twilio_fetch_next,
};
