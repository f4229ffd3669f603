/*
 * line_decode: a webhook's events as a unit.
 *
 * Source: channels/line.md sections 2 to 4; read 2026-12-01.
 */
#include "line.h"

#include <stdlib.h>

#include "gateway/choice.h"
#include "gateway/limits.h"
#include "gateway/member.h"
#include "reading.h"

/* Longer than any that was seen; a token is of no use cut. */
#define READ_TOKEN_MAX 1024

/* ---- verify ---- */

static bool read_signature(struct str header, uint8_t out[SHA256_BYTES])
{
    size_t len = 0;
    return base64_decode(header, out, SHA256_BYTES, &len) && len == SHA256_BYTES;
}

static enum status line_verify(const struct bridge *bridge,
                               const struct http_message *message, struct now now,
                               struct error *err)
{
    const struct line_settings *own = bridge->settings;
    uint8_t given[SHA256_BYTES];
    struct str header;

    (void)
        now; /* nothing that is signed says when: repeats are told apart by their id */
    if (!http_header_find(message, "x-line-signature", &header))
        return fail(err, STATUS_DENIED, "x-line-signature must be there once");
    if (!read_signature(header, given))
        return fail(err, STATUS_DENIED, "x-line-signature must be base64 of 32 bytes");
    return keys_verify(own->keys, own->channel_secrets.count, &message->body, 1, given,
                       "channel secret", err);
}

/* ---- what events share ---- */

struct batch {
    struct reading reading;
    const struct line_settings *own; /* borrowed from the bridge */
    const struct json *node;         /* the event that is read */
    struct event *event;
};

static void read_time(struct batch *batch)
{
    int64_t time_ms = 0;

    (void)json_i64(json_get(batch->node, "timestamp"), &time_ms);
    reading_time(batch->event, time_ms, 1);
}

static struct str keep_member(struct batch *batch, const struct json *node,
                              const char *name)
{
    return keep_str(&batch->reading.keep, member_text(node, name));
}

static bool read_target(struct batch *batch, const struct json *node, const char *name)
{
    struct str id;

    if (!member_id(node, name, &batch->reading.keep, &id))
        return false;
    reading_target(batch->event, id);
    return true;
}

/* ---- kinds of messages; false: not understood ---- */

/* LINE's own emojis stand in the text as words, "(brown)", mentions by their name. */
static bool decode_text(struct batch *batch, const struct json *message)
{
    batch->event->text = keep_member(batch, message, "text");
    return batch->event->text.len > 0;
}

/* Where the picture stands among those sent at once, as they come one by one. */
static void read_image_set(struct batch *batch, const struct json *message)
{
    const struct json *set = json_get(message, "imageSet");
    int64_t index = 0;
    int64_t total = 0;
    char place[48];

    reading_attribute(&batch->reading, batch->event, "image_set",
                      member_text(set, "id"));
    if (!json_i64(json_get(set, "index"), &index) ||
        !json_i64(json_get(set, "total"), &total))
        return;
    int len =
        snprintf(place, sizeof(place), "%lld/%lld", (long long)index, (long long)total);
    reading_attribute(&batch->reading, batch->event, "image_set_place",
                      str_from(place, (size_t)len));
}

/* What their types are said to be until they are fetched; a file's is not known. */
static const struct file_type {
    const char *name;
    const char *mime;
} file_types[] = {
    {"image", "image/jpeg"},
    {"video", "video/mp4" },
    {"audio", "audio/mp4" },
};

static struct str mime_of(const struct json *message)
{
    struct str type = member_text(message, "type");

    for (size_t i = 0; i < COUNT_OF(file_types); i++)
        if (str_is(type, file_types[i].name))
            return str_of(file_types[i].mime);
    return STR_NONE;
}

/* With LINE by the message's id, unless an app of somebody else's sent a link. */
static bool decode_file(struct batch *batch, const struct json *message)
{
    const struct json *provider = json_get(message, "contentProvider");
    struct attachment *file = keep_array(&batch->reading.keep, 1, sizeof(*file));

    if (file == NULL)
        return false;
    if (str_is(member_text(provider, "type"), "external"))
        file->url = keep_member(batch, provider, "originalContentUrl");
    else
        file->ref = keep_member(batch, message, "id");
    file->mime = mime_of(message);
    file->name = keep_member(batch, message, "fileName");
    (void)json_i64(json_get(message, "fileSize"), &file->size);
    read_image_set(batch, message);
    batch->event->content.attachments = file;
    batch->event->content.attachment_count = 1;
    return file->url.len > 0 || file->ref.len > 0;
}

static bool decode_place(struct batch *batch, const struct json *message)
{
    struct arena *arena = batch->reading.keep.arena;
    struct place place = {.name = member_text(message, "title"),
                          .address = member_text(message, "address")};

    if (!json_digits(json_get(message, "latitude"), arena, &place.latitude) ||
        !json_digits(json_get(message, "longitude"), arena, &place.longitude))
        return false;
    reading_place(&batch->reading, batch->event, &place);
    return true;
}

/* By what its sender wrote on it, else by the words for what it shows. */
static bool decode_sticker(struct batch *batch, const struct json *message)
{
    CLEANUP(buf_release) struct buf words;

    buf_init(&words, LIMIT_REQUEST_ARENA_BYTES);
    buf_add(&words, member_text(message, "text"));
    for (const struct json *word = json_first(json_get(message, "keywords"));
         word != NULL && member_text(message, "text").len == 0;
         word = json_next(word)) {
        struct str text = STR_NONE;
        (void)json_str(word, &text);
        buf_printf(&words, "%s%.*s", words.len > 0 ? ", " : "", STR_ARG(text));
    }
    reading_note(&batch->reading, batch->event, "sticker", buf_str(&words));
    reading_attribute(&batch->reading, batch->event, "sticker_package",
                      member_text(message, "packageId"));
    reading_attribute(&batch->reading, batch->event, "sticker_id",
                      member_text(message, "stickerId"));
    return true;
}

static const struct message_type {
    const char *name;
    bool (*decode)(struct batch *batch, const struct json *message);
} message_types[] = {
    {"text",     decode_text   },
    {"image",    decode_file   },
    {"video",    decode_file   },
    {"audio",    decode_file   },
    {"file",     decode_file   },
    {"location", decode_place  },
    {"sticker",  decode_sticker},
};

static bool decode_said(struct batch *batch, const struct json *message)
{
    struct str type = member_text(message, "type");

    for (size_t i = 0; i < COUNT_OF(message_types); i++)
        if (str_is(type, message_types[i].name))
            return message_types[i].decode(batch, message);
    reading_cannot_show(&batch->reading, batch->event);
    return type.len > 0;
}

/* ---- kinds of events; false: not understood ---- */

/* The id, and behind it what the sender needs to mark the message as read. */
static struct str source_id(struct batch *batch, const struct json *message,
                            struct str id)
{
    CLEANUP(buf_release) struct buf both;
    struct str token = member_text(message, "markAsReadToken");

    buf_init(&both, LIMIT_REQUEST_ARENA_BYTES);
    if (!batch->own->mark_read || token.len == 0 || token.len > READ_TOKEN_MAX)
        return id;
    buf_printf(&both, "%.*s%c%.*s", STR_ARG(id), LINE_READ_SEPARATOR, STR_ARG(token));
    return keep_str(&batch->reading.keep, buf_str(&both));
}

static bool decode_message(struct batch *batch)
{
    const struct json *message = json_get(batch->node, "message");
    struct event *event = batch->event;
    struct str id;

    event->kind = EVENT_MESSAGE;
    if (!member_id(message, "id", &batch->reading.keep, &id))
        return false;
    reading_key(event, ID_KIND_MESSAGE, id);
    event->source_id = source_id(batch, message, id);
    (void)read_target(batch, message, "quotedMessageId");
    return decode_said(batch, message);
}

/* Only texts can be edited. *unsure*: in the SDK alone yet; the shape is that of a
 * message, by its id. */
static bool decode_edit(struct batch *batch)
{
    const struct json *message = json_get(batch->node, "message");

    batch->event->kind = EVENT_EDIT;
    batch->event->text = keep_member(batch, message, "text");
    return read_target(batch, message, "id") && batch->event->text.len > 0;
}

static bool decode_unsend(struct batch *batch)
{
    batch->event->kind = EVENT_DELETION;
    return read_target(batch, json_get(batch->node, "unsend"), "messageId");
}

/* What a date picker chose stands behind the data it was given. */
static void read_choice(struct batch *batch, const struct json *postback)
{
    CLEANUP(buf_release) struct buf text;

    buf_init(&text, LIMIT_REQUEST_ARENA_BYTES);
    buf_add(&text, member_text(postback, "data"));
    for (const struct json *param = json_first(json_get(postback, "params"));
         param != NULL; param = json_next(param)) {
        struct str value = STR_NONE;
        (void)json_str(param, &value);
        buf_printf(&text, "%s%.*s", text.len > 0 ? " " : "", STR_ARG(value));
    }
    batch->event->text = keep_str(&batch->reading.keep, buf_str(&text));
}

/* A button of ours brings its token back. */
static bool decode_postback(struct batch *batch)
{
    const struct json *postback = json_get(batch->node, "postback");
    struct event *event = batch->event;
    struct str data = keep_member(batch, postback, "data");

    event->kind = EVENT_ANSWER;
    event->answer_payload = data;
    event->has_choice =
        choice_token_read(data, &event->choice_message, &event->choice_ordinal);
    read_choice(batch, postback);
    return data.len > 0;
}

/* The only sign of it: what is sent from now on is taken, and shown to nobody. */
static bool decode_unfollow(struct batch *batch)
{
    batch->event->kind = EVENT_LEFT;
    batch->event->text = STR("blocked the account");
    return true;
}

/* Others (who followed, what groups do, beacons, how far a video was watched, what the
 * account's owner changed) say nothing to an agent. */
static const struct event_type {
    const char *name;
    bool (*decode)(struct batch *batch);
} event_types[] = {
    {"message",       decode_message },
    {"messageEdited", decode_edit    },
    {"unsend",        decode_unsend  },
    {"postback",      decode_postback},
    {"unfollow",      decode_unfollow},
};

static const struct event_type *find_type(const struct json *node)
{
    struct str name = member_text(node, "type");

    for (size_t i = 0; i < COUNT_OF(event_types); i++)
        if (str_is(name, event_types[i].name))
            return &event_types[i];
    return NULL;
}

/* Only a person's own chat is a conversation; while another module of the account is in
 * control ("standby"), it answers; a rich menu may only turn its page. */
static bool concerns_us(const struct json *node)
{
    struct str source = member_text(json_get(node, "source"), "type");
    const struct json *params = json_get(json_get(node, "postback"), "params");

    return !str_is(member_text(node, "mode"), "standby") && !str_is(source, "group") &&
           !str_is(source, "room") && json_get(params, "newRichMenuAliasId") == NULL;
}

static bool decode_event(struct batch *batch, const struct event_type *type)
{
    struct keeper *keep = &batch->reading.keep;
    struct event *event = batch->event;
    struct str id;

    if (!member_id(json_get(batch->node, "source"), "userId", keep, &event->contact_id))
        return false;
    if (member_id(batch->node, "webhookEventId", keep, &id))
        reading_key(event, ID_KIND_WEBHOOK, id);
    read_time(batch);
    return type->decode(batch) && event->key_count > 0;
}

/* Each one by itself: what is odd about one never harms its siblings. */
static enum status decode_node(struct batch *batch, const struct json *node,
                               struct error *err)
{
    const struct event_type *type = find_type(node);

    if (type == NULL || !concerns_us(node))
        return STATUS_OK;
    batch->node = node;
    batch->event = reading_event(&batch->reading);
    if (batch->event == NULL)
        return STATUS_OK; /* the whole is kept */
    return decode_event(batch, type) ? STATUS_OK
                                     : reading_unreadable(&batch->reading, node, err);
}

/* ---- the batch ---- */

/* Events repeated after a failure come mixed: their time says what came first.
 * Source: channels/line.md section 3. */
struct dated {
    const struct json *node;
    int64_t time_ms;
    size_t place; /* in the list, for those of one time */
};

static int compare(const void *a, const void *b)
{
    const struct dated *one = a;
    const struct dated *other = b;

    if (one->time_ms != other->time_ms)
        return one->time_ms < other->time_ms ? -1 : 1;
    return one->place < other->place ? -1 : one->place > other->place;
}

/* One without a time stays behind the one before it. */
static void sort_events(const struct json *events, struct dated *out, size_t count)
{
    int64_t time_ms = 0;
    const struct json *node = json_first(events);

    for (size_t i = 0; i < count; i++, node = json_next(node)) {
        (void)json_i64(json_get(node, "timestamp"), &time_ms);
        out[i] = (struct dated){node, time_ms, i};
    }
    qsort(out, count, sizeof(*out), compare);
}

/* No events at all: LINE checks the address. */
static enum status decode_list(struct batch *batch, const struct json *events,
                               struct error *err)
{
    size_t count = json_count(events);
    struct dated *dated = keep_array(&batch->reading.keep, count, sizeof(*dated));
    enum status status = STATUS_OK;

    if (dated == NULL)
        return STATUS_OK;
    sort_events(events, dated, count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = decode_node(batch, dated[i].node, err);
    return status;
}

static enum status line_decode(const struct bridge *bridge,
                               const struct http_message *message, struct arena *arena,
                               struct unit *unit, struct error *err)
{
    CLEANUP(json_freep) struct json *body = NULL;
    struct batch batch = {.own = bridge->settings};

    enum status status = json_parse(message->body, LIMIT_JSON_DEPTH, &body, err);
    if (status != STATUS_OK && status != STATUS_INVALID)
        return status;
    const struct json *events = json_get(body, "events");
    reading_begin(&batch.reading, message, json_count(events), arena);
    if (json_kind_of(events) != JSON_ARRAY)
        status = reading_whole_unreadable(&batch.reading, err);
    else if (!batch.reading.keep.is_full)
        status = decode_list(&batch, events, err);
    else
        status = STATUS_OK;
    return status == STATUS_OK ? reading_end(&batch.reading, unit, err) : status;
}

const struct source line_source = {
    .handshake = source_no_handshake,
    .verify = line_verify,
    .decode = line_decode,
    .ack = source_ack_empty,
    .fetch_next = line_fetch_next,
};
