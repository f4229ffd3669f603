/*
 * telegram_decode: an update of the Bot API as a unit of one event, or of none.
 *
 * Source: channels/telegram.md sections 2 to 5; read 2026-12-01.
 */
#include "telegram.h"

#include "gateway/limits.h"
#include "gateway/member.h"
#include "keys.h"
#include "reading.h"

/* ---- verify ---- */

static enum status telegram_verify(const struct bridge *bridge,
                                   const struct http_message *message, struct now now,
                                   struct error *err)
{
    const struct telegram_settings *own = bridge->settings;
    struct str given;

    (void)now; /* nothing is signed: repeats are told apart by update_id */
    if (!http_header_find(message, "x-telegram-bot-api-secret-token", &given))
        return fail(err, STATUS_DENIED,
                    "X-Telegram-Bot-Api-Secret-Token must be there once");
    if (!keys_hold(&own->secrets, given))
        return fail(err, STATUS_DENIED, "no secret of the bridge fits the header");
    return STATUS_OK;
}

/* ---- what all updates share ---- */

struct update {
    struct reading reading;
    struct event *event;
    const struct json *node; /* its one member that says what happened */
    struct str ack_note;
};

static struct str message_id(struct update *update, const struct json *message)
{
    struct str chat = STR_NONE;
    int64_t number = 0;
    char text[64];

    if (!member_number_id(json_get(message, "chat"), "id", &update->reading.keep,
                          &chat) ||
        !json_i64(json_get(message, "message_id"), &number))
        return STR_NONE;
    int len = snprintf(text, sizeof(text), TELEGRAM_MESSAGE_ID, STR_ARG(chat),
                       (long long)number);
    return keep_str(&update->reading.keep, str_from(text, (size_t)len));
}

/* Only a person's own chat with the bot is a conversation: its id is the person's. */
static bool is_private(const struct json *chat)
{
    return str_is(member_text(chat, "type"), "private");
}

static struct str full_name(struct update *update, const struct json *person)
{
    CLEANUP(buf_release) struct buf name;
    struct str last = member_text(person, "last_name");

    buf_init(&name, LIMIT_REQUEST_ARENA_BYTES);
    buf_add(&name, member_text(person, "first_name"));
    if (last.len > 0)
        buf_printf(&name, " %.*s", STR_ARG(last));
    return keep_str(&update->reading.keep, buf_str(&name));
}

static bool read_person(struct update *update, const struct json *chat,
                        const struct json *person)
{
    struct event *event = update->event;
    struct keeper *keep = &update->reading.keep;

    if (!member_number_id(chat, "id", keep, &event->contact_id))
        return false;
    event->name = full_name(update, person);
    event->first_name = keep_str(keep, member_text(person, "first_name"));
    event->last_name = keep_str(keep, member_text(person, "last_name"));
    reading_attribute(&update->reading, event, "telegram_username",
                      member_text(person, "username"));
    reading_attribute(&update->reading, event, "language",
                      member_text(person, "language_code"));
    return true;
}

static void read_time(struct event *event, const struct json *message, const char *name)
{
    int64_t seconds = 0;

    (void)json_i64(json_get(message, name), &seconds);
    reading_time(event, seconds, 1000);
}

/* ---- what a message holds ---- */

/* Kinds of files; the type where the message says none. Source: section 4. */
static const struct file_kind {
    const char *name;
    const char *mime;
} file_kinds[] = {
    {"animation",  "video/mp4"               },
    {"document",   "application/octet-stream"},
    {"video",      "video/mp4"               },
    {"audio",      "audio/mpeg"              },
    {"voice",      "audio/ogg"               },
    {"video_note", "video/mp4"               },
    {"photo",      "image/jpeg"              },
    {"sticker",    "image/webp"              },
};

static const struct json *last_of(const struct json *list)
{
    const struct json *last = json_first(list);

    for (const struct json *next = last; next != NULL; next = json_next(next))
        last = next;
    return last;
}

/* A photo comes in several sizes, the largest last. */
static void add_file(struct update *update, const struct json *message,
                     const struct file_kind *kind)
{
    struct keeper *keep = &update->reading.keep;
    struct content *content = &update->event->content;
    const struct json *file = json_get(message, kind->name);

    if (json_kind_of(file) == JSON_ARRAY)
        file = last_of(file);
    struct attachment *attachment = keep_array(keep, 1, sizeof(*attachment));
    if (attachment == NULL)
        return;
    struct str mime = member_text(file, "mime_type");
    attachment->ref = keep_str(keep, member_text(file, "file_id"));
    attachment->mime = mime.len > 0 ? keep_str(keep, mime) : str_of(kind->mime);
    attachment->name = keep_str(keep, member_text(file, "file_name"));
    attachment->text = keep_str(keep, member_text(file, "emoji"));
    (void)json_i64(json_get(file, "file_size"), &attachment->size);
    content->attachments = attachment;
    content->attachment_count = 1;
}

static bool read_file(struct update *update, const struct json *message)
{
    for (size_t i = 0; i < COUNT_OF(file_kinds); i++)
        if (json_get(message, file_kinds[i].name) != NULL) {
            add_file(update, message, &file_kinds[i]);
            return true;
        }
    return false;
}

static bool read_place(struct update *update, const struct json *message)
{
    const struct json *venue = json_get(message, "venue");
    const struct json *location = json_get(venue == NULL ? message : venue, "location");
    struct arena *arena = update->reading.keep.arena;
    struct place place = {.name = member_text(venue, "title"),
                          .address = member_text(venue, "address")};

    if (!json_digits(json_get(location, "latitude"), arena, &place.latitude) ||
        !json_digits(json_get(location, "longitude"), arena, &place.longitude))
        return false;
    reading_place(&update->reading, update->event, &place);
    return true;
}

static bool read_card(struct update *update, const struct json *message)
{
    const struct json *contact = json_get(message, "contact");

    if (contact == NULL)
        return false;
    reading_person(&update->reading, update->event, full_name(update, contact),
                   member_text(contact, "phone_number"));
    return true;
}

static void read_said(struct update *update, const struct json *message)
{
    struct event *event = update->event;
    struct keeper *keep = &update->reading.keep;
    bool has_file = read_file(update, message);
    struct str text = member_text(message, has_file ? "caption" : "text");

    if (text.len > 0)
        event->text = keep_str(keep, text);
    else if (!has_file && !read_place(update, message) && !read_card(update, message))
        reading_cannot_show(&update->reading, event);
}

/* ---- the kinds of updates; false: not understood ---- */

/* Members of service messages: nobody said anything. Source: section 4. */
static const char *const service_members[] = {
    "pinned_message",       "message_auto_delete_timer_changed",
    "write_access_allowed", "users_shared",
    "chat_shared",          "connected_website",
    "successful_payment",   "proximity_alert_triggered",
    "boost_added",
};

static bool is_service(const struct json *message)
{
    for (size_t i = 0; i < COUNT_OF(service_members); i++)
        if (json_get(message, service_members[i]) != NULL)
            return true;
    return false;
}

static bool decode_message(struct update *update)
{
    const struct json *message = update->node;
    const struct json *chat = json_get(message, "chat");
    struct event *event = update->event;

    if (!is_private(chat) || is_service(message)) {
        reading_drop(&update->reading);
        return true;
    }
    event->kind = EVENT_MESSAGE;
    event->source_id = message_id(update, message);
    if (!read_person(update, chat, json_get(message, "from")) ||
        event->source_id.len == 0)
        return false;
    reading_key(event, ID_KIND_MESSAGE, event->source_id);
    read_time(event, message, "date");
    struct str replied = message_id(update, json_get(message, "reply_to_message"));
    if (replied.len > 0)
        reading_target(event, replied);
    read_said(update, message);
    return true;
}

/* An edit may concern what nobody sees, or a location that moves. */
static bool decode_edit(struct update *update)
{
    const struct json *message = update->node;
    const struct json *chat = json_get(message, "chat");
    struct event *event = update->event;
    struct str edited = message_id(update, message);

    if (!is_private(chat)) {
        reading_drop(&update->reading);
        return true;
    }
    event->kind = EVENT_EDIT;
    if (edited.len == 0 || !read_person(update, chat, json_get(message, "from")))
        return false;
    reading_target(event, edited);
    read_time(event, message, "edit_date");
    read_said(update, message);
    event->content = (struct content){0}; /* the file was told with the message */
    return true;
}

/* The label of the button with that data, as it stands under the bot's message. */
static struct str label_of(const struct json *message, struct str data)
{
    const struct json *rows =
        json_get(json_get(message, "reply_markup"), "inline_keyboard");

    for (const struct json *row = json_first(rows); row != NULL; row = json_next(row))
        for (const struct json *button = json_first(row); button != NULL;
             button = json_next(button))
            if (str_equal(member_text(button, "callback_data"), data))
                return member_text(button, "text");
    return data;
}

static bool decode_button(struct update *update)
{
    const struct json *press = update->node;
    const struct json *message = json_get(press, "message");
    const struct json *chat = json_get(message, "chat");
    struct event *event = update->event;
    struct str data = member_text(press, "data");

    update->ack_note = keep_str(&update->reading.keep, member_text(press, "id"));
    if (message == NULL || !is_private(chat)) {
        reading_drop(&update->reading);
        return true;
    }
    if (data.len == 0 || !read_person(update, chat, json_get(press, "from")))
        return false;
    reading_press(&update->reading, event, label_of(message, data), data);
    return true;
}

/* Blocking the bot is the only way to leave; coming back is told by the next message.
 */
static bool decode_member(struct update *update)
{
    const struct json *change = update->node;
    const struct json *chat = json_get(change, "chat");
    struct str status = member_text(json_get(change, "new_chat_member"), "status");

    if (!is_private(chat) || !str_is(status, "kicked")) {
        reading_drop(&update->reading);
        return true;
    }
    update->event->kind = EVENT_LEFT;
    update->event->text = STR("blocked the bot");
    read_time(update->event, change, "date");
    return read_person(update, chat, json_get(change, "from"));
}

static const struct update_kind {
    const char *name;
    bool (*decode)(struct update *update);
} update_kinds[] = {
    {"message",        decode_message},
    {"edited_message", decode_edit   },
    {"callback_query", decode_button },
    {"my_chat_member", decode_member },
};

/* ---- decode ---- */

/* An update of a kind we know nothing of is no event: more are invented each year. */
static enum status decode_update(struct reading *reading, const struct json *body,
                                 struct error *err)
{
    struct update *update = CONTAINER_OF(reading, struct update, reading);
    struct str id;
    bool is_understood = true;

    update->event = reading_event(reading);
    if (!member_number_id(body, "update_id", &update->reading.keep, &id))
        return reading_whole_unreadable(&update->reading, err);
    reading_key(update->event, ID_KIND_WEBHOOK, id);
    for (size_t i = 0; i < COUNT_OF(update_kinds); i++) {
        update->node = json_get(body, update_kinds[i].name);
        if (update->node == NULL)
            continue;
        is_understood = update_kinds[i].decode(update);
        return is_understood ? STATUS_OK
                             : reading_whole_unreadable(&update->reading, err);
    }
    reading_drop(&update->reading);
    return STATUS_OK;
}

static enum status telegram_decode(const struct bridge *bridge,
                                   const struct http_message *message,
                                   struct arena *arena, struct unit *unit,
                                   struct error *err)
{
    struct update update = {0};

    (void)bridge;
    reading_begin(&update.reading, message, 1, arena);
    enum status status =
        reading_json(&update.reading, message->body, decode_update, err);
    if (status != STATUS_OK)
        return status;
    unit->ack_note = update.ack_note;
    return reading_end(&update.reading, unit, err);
}

/* ---- ack ---- */

/* The body of our 2xx may be one call: it ends the spinner of a button at no cost.
 * Source: channels/telegram.md section 3. */
static void telegram_ack(const struct bridge *bridge, const struct unit *unit,
                         const struct acceptance *acceptance, struct arena *arena,
                         struct http_reply *reply)
{
    CLEANUP(json_freep) struct json *call = NULL;

    source_ack_empty(bridge, unit, acceptance, arena, reply);
    if (unit->ack_note.len == 0)
        return;
    call = json_new_object();
    json_add_str(call, "method", STR("answerCallbackQuery"));
    json_add_str(call, "callback_query_id", unit->ack_note);
    if (json_print_arena(call, arena, &reply->body, NULL) != STATUS_OK)
        reply->body = STR("{}");
}

const struct source telegram_source = {
    .handshake = source_no_handshake,
    .verify = telegram_verify,
    .decode = telegram_decode,
    .ack = telegram_ack,
    .fetch_next = telegram_fetch_next,
};
