/*
 * viber_decode: an event of Viber as a unit of one event, or of none.
 *
 * Source: channels/viber.md sections 1 to 4; read 2026-12-01.
 */
#include "viber.h"

#include "gateway/choice.h"
#include "gateway/limits.h"
#include "gateway/member.h"
#include "keys.h"
#include "reading.h"

#define SIGNATURE_HEADER "x-viber-content-signature"

/* ---- verify ---- */

/* The one "sig" of the query. */
static bool find_in_query(struct str query, struct str *out)
{
    size_t count = 0;

    while (query.len > 0) {
        struct str value = str_cut(&query, '&');
        if (!str_is(str_cut(&value, '='), "sig"))
            continue;
        *out = value;
        count++;
    }
    return count == 1;
}

/* Viber says it twice; a header that is there is the one that counts. */
static bool find_signature(const struct http_message *message, struct str *out)
{
    return http_headers_hold(message->headers, message->header_count,
                             STR(SIGNATURE_HEADER))
               ? http_header_find(message, SIGNATURE_HEADER, out)
               : find_in_query(message->query, out);
}

static enum status viber_verify(const struct bridge *bridge,
                                const struct http_message *message, struct now now,
                                struct error *err)
{
    const struct viber_settings *own = bridge->settings;
    uint8_t given[SHA256_BYTES];
    struct str hex;

    (void)now; /* nothing that is signed says when it was sent */
    if (!find_signature(message, &hex))
        return fail(err, STATUS_DENIED,
                    "X-Viber-Content-Signature or, without it, sig in the query must "
                    "be there once");
    if (!hex_decode(hex, given, sizeof(given)))
        return fail(err, STATUS_DENIED, "the signature must be 64 hex digits");
    return keys_verify(own->keys, own->auth_tokens.count, &message->body, 1, given,
                       "token", err);
}

/* ---- what all events share ---- */

struct call {
    struct reading reading;
    struct event *event;
    const struct json *body;
    struct str token; /* message_token */
    struct str ack_note;
};

/* The answer to a chat that was opened is shown, if it is a message. */
#define NOTE_SILENT STR("silent")
#define NOTE_WELCOME STR("welcome")

static void read_person(struct call *call, const struct json *person)
{
    struct event *event = call->event;

    event->name = keep_str(&call->reading.keep, member_text(person, "name"));
    reading_attribute(&call->reading, event, "language",
                      member_text(person, "language"));
    reading_attribute(&call->reading, event, "country", member_text(person, "country"));
}

static void drop(struct call *call)
{
    reading_drop(&call->reading);
    call->event = NULL;
}

/* ---- what a message holds; false: not understood ---- */

/* What is pressed comes as a text; whether it was offered is accept's to find. */
static bool decode_text(struct call *call, const struct json *message)
{
    struct event *event = call->event;
    struct str text = member_text(message, "text");

    event->text = keep_str(&call->reading.keep, text);
    if (str_starts(text, STR(VIBER_PRESS)))
        event->has_choice =
            choice_token_read(str_sub(text, sizeof(VIBER_PRESS) - 1, text.len),
                              &event->choice_message, &event->choice_ordinal);
    return event->text.len > 0;
}

static bool decode_file(struct call *call, const struct json *message, const char *mime)
{
    struct keeper *keep = &call->reading.keep;
    struct attachment *file = keep_array(keep, 1, sizeof(*file));
    struct str url = member_text(message, "media");

    if (file == NULL || url.len == 0)
        return false;
    file->url = keep_str(keep, url);
    file->mime = str_of(mime);
    file->name = keep_str(keep, member_text(message, "file_name"));
    (void)json_i64(json_get(message, "size"), &file->size);
    call->event->text = keep_str(keep, member_text(message, "text"));
    call->event->content.attachments = file;
    call->event->content.attachment_count = 1;
    return true;
}

static bool decode_picture(struct call *call, const struct json *message)
{
    return decode_file(call, message, "image/jpeg");
}

static bool decode_video(struct call *call, const struct json *message)
{
    return decode_file(call, message, "video/mp4");
}

static bool decode_any_file(struct call *call, const struct json *message)
{
    return decode_file(call, message, "application/octet-stream");
}

static bool decode_contact(struct call *call, const struct json *message)
{
    const struct json *contact = json_get(message, "contact");

    reading_person(&call->reading, call->event, member_text(contact, "name"),
                   member_text(contact, "phone_number"));
    return contact != NULL;
}

static bool decode_place(struct call *call, const struct json *message)
{
    const struct json *location = json_get(message, "location");
    struct arena *arena = call->reading.keep.arena;
    struct place place = {.address = member_text(location, "address")};

    if (!json_digits(json_get(location, "lat"), arena, &place.latitude) ||
        !json_digits(json_get(location, "lon"), arena, &place.longitude))
        return false;
    reading_place(&call->reading, call->event, &place);
    return true;
}

static bool decode_sticker(struct call *call, const struct json *message)
{
    struct str id = STR_NONE;

    (void)json_digits(json_get(message, "sticker_id"), call->reading.keep.arena, &id);
    reading_note(&call->reading, call->event, "sticker", STR_NONE);
    reading_attribute(&call->reading, call->event, "viber_sticker", id);
    return true;
}

static bool decode_link(struct call *call, const struct json *message)
{
    call->event->text = keep_str(&call->reading.keep, member_text(message, "media"));
    return call->event->text.len > 0;
}

static const struct {
    const char *name;
    bool (*decode)(struct call *call, const struct json *message);
} message_types[] = {
    {"text",     decode_text    },
    {"picture",  decode_picture },
    {"video",    decode_video   },
    {"file",     decode_any_file},
    {"contact",  decode_contact },
    {"location", decode_place   },
    {"sticker",  decode_sticker },
    {"url",      decode_link    },
};

static bool decode_said(struct call *call, const struct json *message)
{
    struct str type = member_text(message, "type");

    for (size_t i = 0; i < COUNT_OF(message_types); i++)
        if (str_is(type, message_types[i].name))
            return message_types[i].decode(call, message);
    reading_cannot_show(&call->reading, call->event);
    return type.len > 0;
}

/* ---- the kinds of events; false: not understood ---- */

/* Only a person's own chat with the bot is a conversation. */
static bool decode_message(struct call *call)
{
    const struct json *sender = json_get(call->body, "sender");
    struct event *event = call->event;

    if (member_text(call->body, "chat_id").len > 0) {
        drop(call);
        return true;
    }
    event->kind = EVENT_MESSAGE;
    event->source_id = call->token;
    reading_key(event, ID_KIND_MESSAGE, call->token);
    if (!member_id(sender, "id", &call->reading.keep, &event->contact_id))
        return false;
    read_person(call, sender);
    return decode_said(call, json_get(call->body, "message"));
}

/* The token is that of our message, so that the event belongs to the key. */
static bool decode_receipt(struct call *call, enum message_status status,
                           const char *name)
{
    struct event *event = call->event;

    event->kind = EVENT_RECEIPT;
    event->receipt_status = status;
    reading_key(event, ID_KIND_RECEIPT, call->token);
    event->keys[0].extra = str_of(name);
    reading_target(event, call->token);
    return member_id(call->body, "user_id", &call->reading.keep, &event->contact_id);
}

static bool decode_delivered(struct call *call)
{
    return decode_receipt(call, MESSAGE_DELIVERED, "delivered");
}

static bool decode_seen(struct call *call)
{
    return decode_receipt(call, MESSAGE_READ, "seen");
}

static bool decode_failed(struct call *call)
{
    call->event->reason_code = str_of(reason_code_name(REASON_GENERAL_ERROR));
    call->event->reason_text =
        keep_str(&call->reading.keep, member_text(call->body, "desc"));
    return decode_receipt(call, MESSAGE_FAILED, "failed");
}

static bool decode_unsubscribed(struct call *call)
{
    struct event *event = call->event;

    event->kind = EVENT_LEFT;
    event->text = STR("unsubscribed from the bot");
    reading_key(event, ID_KIND_WEBHOOK, call->token);
    event->keys[0].extra = STR("unsubscribed");
    return member_id(call->body, "user_id", &call->reading.keep, &event->contact_id);
}

/* Nobody has said anything yet; who is a subscriber already is not welcomed again. */
static bool decode_started(struct call *call)
{
    bool is_subscribed = false;

    (void)json_bool(json_get(call->body, "subscribed"), &is_subscribed);
    call->ack_note = is_subscribed ? NOTE_SILENT : NOTE_WELCOME;
    drop(call);
    return true;
}

/* Not here: `webhook`, which set_webhook waits for, `subscribed`, `client_status`, and
 * what is invented next year. They are no events, and are acknowledged. */
static const struct {
    const char *name;
    bool (*decode)(struct call *call);
} event_kinds[] = {
    {"message",              decode_message     },
    {"delivered",            decode_delivered   },
    {"seen",                 decode_seen        },
    {"failed",               decode_failed      },
    {"unsubscribed",         decode_unsubscribed},
    {"conversation_started", decode_started     },
};

/* ---- decode ---- */

static void read_time(struct call *call)
{
    int64_t time_ms = 0;

    (void)json_i64(json_get(call->body, "timestamp"), &time_ms);
    if (call->event != NULL)
        reading_time(call->event, time_ms, 1);
}

static enum status decode_call(struct reading *reading, const struct json *body,
                               struct error *err)
{
    struct call *call = CONTAINER_OF(reading, struct call, reading);
    struct str name = member_text(body, "event");

    call->body = body;
    call->event = reading_event(reading);
    if (name.len == 0)
        return reading_whole_unreadable(&call->reading, err);
    for (size_t i = 0; i < COUNT_OF(event_kinds); i++) {
        if (!str_is(name, event_kinds[i].name))
            continue;
        if (!viber_token(call->body, &call->reading.keep, &call->token) ||
            !event_kinds[i].decode(call))
            return reading_whole_unreadable(&call->reading, err);
        read_time(call);
        return STATUS_OK;
    }
    drop(call);
    return STATUS_OK;
}

static enum status viber_decode(const struct bridge *bridge,
                                const struct http_message *message, struct arena *arena,
                                struct unit *unit, struct error *err)
{
    struct call call = {0};

    (void)bridge;
    reading_begin(&call.reading, message, 1, arena);
    enum status status = reading_json(&call.reading, message->body, decode_call, err);
    if (status != STATUS_OK)
        return status;
    unit->ack_note = call.ack_note;
    return reading_end(&call.reading, unit, err);
}

/* ---- ack ---- */

/* Nothing is shown to who opens the chat but what was asked for: not even "{}" might be
 * taken for a message. */
static void viber_ack(const struct bridge *bridge, const struct unit *unit,
                      const struct acceptance *acceptance, struct arena *arena,
                      struct http_reply *reply)
{
    const struct viber_settings *own = bridge->settings;
    CLEANUP(json_freep) struct json *message = NULL;

    source_ack_empty(bridge, unit, acceptance, arena, reply);
    if (unit->ack_note.len == 0)
        return;
    *reply = (struct http_reply){.status = 200, .content_type = "text/plain"};
    if (!str_equal(unit->ack_note, NOTE_WELCOME) || own->welcome == NULL)
        return;
    message = json_new_object();
    viber_add_sender(message, own);
    json_add_str(message, "type", STR("text"));
    json_add_str(message, "text", str_of(own->welcome));
    if (json_print_arena(message, arena, &reply->body, NULL) == STATUS_OK)
        reply->content_type = "application/json";
    else
        reply->body = STR_NONE;
}

const struct source viber_source = {
    .handshake = source_no_handshake,
    .verify = viber_verify,
    .decode = viber_decode,
    .ack = viber_ack,
    .fetch_next = fetch_url,
};
