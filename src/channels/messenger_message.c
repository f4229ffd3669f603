/*
 * messenger_message: what the customer says, and what comes with it.
 *
 * Source: channels/meta-messenger.md sections 3 and 5; read 2026-12-01.
 */
#include "gateway/member.h"
#include "messenger_decode.h"

/* ---- attachments ---- */

/* Kinds of files, and the type where nothing says one. Source: section 3. */
static const struct file_kind {
    const char *name;
    const char *mime;
} file_kinds[] = {
    {"image",   "image/jpeg"              },
    {"video",   "video/mp4"               },
    {"audio",   "audio/mp4"               },
    {"file",    "application/octet-stream"},
    {"reel",    "video/mp4"               },
    {"ig_reel", "video/mp4"               },
    {"share",   "application/octet-stream"},
};

/* The last piece of the path, where it looks like a file's. */
static struct str name_in(struct str url)
{
    struct str path = str_cut(&url, '?');
    struct str name = STR_NONE;

    while (path.len > 0)
        name = str_cut(&path, '/');
    bool is_plain = str_find_byte(name, '.') > 0 && str_find_byte(name, '%') < 0;
    return is_plain ? name : STR_NONE;
}

static bool add_file(struct messenger_batch *batch, struct str type, struct str url)
{
    struct keeper *keep = &batch->reading.keep;
    struct content *content = &batch->event->content;

    for (size_t i = 0; i < COUNT_OF(file_kinds) && url.len > 0; i++) {
        if (!str_is(type, file_kinds[i].name))
            continue;
        struct attachment *file = &content->attachments[content->attachment_count++];
        file->url = keep_str(keep, url);
        file->mime = str_of(file_kinds[i].mime);
        if (str_is(type, "file"))
            file->name = keep_str(keep, name_in(url));
        return true;
    }
    return false;
}

static void add_place(struct messenger_batch *batch, const struct json *payload)
{
    const struct json *where = json_get(payload, "coordinates");
    const struct place place = {
        .latitude = messenger_digits(batch, where, "lat"),
        .longitude = messenger_digits(batch, where, "long"),
    };

    reading_place(&batch->reading, batch->event, &place);
}

/* A link is in the text it came with; it goes on by itself where there is none. */
static void add_link(struct messenger_batch *batch, const struct json *attachment)
{
    struct str url = member_text(json_get(attachment, "payload"), "url");
    struct str title = member_text(attachment, "title");
    CLEANUP(buf_release) struct buf text;

    if (url.len == 0)
        url = member_text(attachment, "url");
    buf_init(&text, title.len + url.len + 1);
    buf_printf(&text, "%.*s%s%.*s", STR_ARG(title), title.len > 0 ? " " : "",
               STR_ARG(url));
    reading_note(&batch->reading, batch->event, "link", buf_str(&text));
}

/* What is no file: a line, unless the message has one. A story may not be kept beyond
 * its day. Source: section 5. */
static void add_line(struct messenger_batch *batch, const struct json *attachment,
                     struct str type)
{
    struct event *event = batch->event;

    if (event->text.len > 0)
        return;
    if (str_is(type, "location"))
        add_place(batch, json_get(attachment, "payload"));
    else if (str_is(type, "fallback"))
        add_link(batch, attachment);
    else if (str_is(type, "story_mention"))
        reading_note(&batch->reading, event, "mentioned the account in a story",
                     STR_NONE);
    else
        reading_note(&batch->reading, event, "something that cannot be shown here",
                     type);
}

static void read_attachments(struct messenger_batch *batch, const struct json *list)
{
    struct content *content = &batch->event->content;

    if (json_count(list) == 0)
        return;
    content->attachments = keep_array(&batch->reading.keep, json_count(list),
                                      sizeof(*content->attachments));
    if (content->attachments == NULL)
        return;
    for (const struct json *attachment = json_first(list); attachment != NULL;
         attachment = json_next(attachment)) {
        const struct json *payload = json_get(attachment, "payload");
        struct str type = member_text(attachment, "type");
        reading_attribute(&batch->reading, batch->event, "sticker_id",
                          messenger_digits(batch, payload, "sticker_id"));
        if (!add_file(batch, type, member_text(payload, "url")))
            add_line(batch, attachment, type);
    }
}

/* ---- messages ---- */

static bool decode_unsent(struct messenger_batch *batch, const struct json *message)
{
    struct event *event = batch->event;

    event->kind = EVENT_DELETION;
    if (!messenger_target(batch, message))
        return false;
    reading_key(event, ID_KIND_WEBHOOK, event->target.id);
    event->keys[0].extra = STR("deleted");
    return true;
}

static bool decode_said(struct messenger_batch *batch, const struct json *message)
{
    struct event *event = batch->event;
    const struct json *press = json_get(message, "quick_reply");
    bool is_unsupported = false;

    event->text = keep_str(&batch->reading.keep, member_text(message, "text"));
    if (press != NULL)
        reading_press(&batch->reading, event, event->text,
                      member_text(press, "payload"));
    read_attachments(batch, json_get(message, "attachments"));
    (void)json_bool(json_get(message, "is_unsupported"), &is_unsupported);
    if (event->text.len == 0 && is_unsupported)
        reading_cannot_show(&batch->reading, event);
    return event->text.len > 0 || event->content.attachment_count > 0;
}

bool messenger_decode_message(struct messenger_batch *batch, const struct json *item,
                              const struct json *message)
{
    struct event *event = batch->event;
    const struct json *replied = json_get(message, "reply_to");
    bool is_echo = false;
    bool is_deleted = false;

    (void)item;
    (void)json_bool(json_get(message, "is_echo"), &is_echo);
    (void)json_bool(json_get(message, "is_deleted"), &is_deleted);
    if (is_echo) {
        reading_drop(&batch->reading);
        return true;
    }
    if (is_deleted)
        return decode_unsent(batch, message);
    if (!member_id(message, "mid", &batch->reading.keep, &event->source_id))
        return false;
    reading_key(event, ID_KIND_MESSAGE, event->source_id);
    (void)messenger_target(batch, replied);
    reading_attribute(&batch->reading, event, "story_id",
                      member_text(json_get(replied, "story"), "id"));
    messenger_referral(batch, json_get(message, "referral"));
    return decode_said(batch, message);
}

bool messenger_decode_postback(struct messenger_batch *batch, const struct json *item,
                               const struct json *postback)
{
    struct event *event = batch->event;

    reading_press(&batch->reading, event, member_text(postback, "title"),
                  member_text(postback, "payload"));
    messenger_referral(batch, json_get(postback, "referral"));
    if (member_id(postback, "mid", &batch->reading.keep, &event->source_id))
        reading_key(event, ID_KIND_MESSAGE, event->source_id);
    else
        messenger_moment_key(batch, item, "postback");
    return event->text.len > 0;
}
