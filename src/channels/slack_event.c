/*
 * slack_event: what the Events API tells: one thing that happened in each request.
 *
 * Source: channels/slack.md sections 3 and 4; read 2026-12-01.
 */
#include "slack.h"

#include "gateway/limits.h"
#include "gateway/member.h"

/* ---- whose it is ---- */

static bool is_ours(const struct slack_settings *own, const struct json *body)
{
    if (slack_is_team(own, member_text(body, "team_id")) ||
        slack_is_team(own, member_text(body, "enterprise_id")))
        return true;
    for (const struct json *one = json_first(json_get(body, "authorizations"));
         one != NULL; one = json_next(one))
        if (slack_is_team(own, member_text(one, "team_id")) ||
            slack_is_team(own, member_text(one, "enterprise_id")))
            return true;
    return false;
}

static bool is_bot_user(const struct json *body, struct str user)
{
    bool is_bot = false;

    for (const struct json *one = json_first(json_get(body, "authorizations"));
         one != NULL; one = json_next(one))
        if (json_bool(json_get(one, "is_bot"), &is_bot) && is_bot &&
            str_equal(member_text(one, "user_id"), user))
            return true;
    return false;
}

/* Slack tells of our own messages too, and of those of other bots. */
static bool is_of_bot(const struct json *body, const struct json *message)
{
    return member_text(message, "bot_id").len > 0 ||
           member_text(message, "app_id").len > 0 ||
           str_is(member_text(message, "subtype"), "bot_message") ||
           is_bot_user(body, slack_part(message, "user"));
}

/* ---- what messages share ---- */

/* One event: the request, what happened, where. */
struct happening {
    struct slack_reading *read;
    const struct json *body;
    const struct json *node; /* its "event" */
    struct str channel;
    bool is_direct;
};

static bool drop(struct happening *it)
{
    reading_drop(&it->read->reading);
    return true;
}

/* The message of that time in the same channel is what the event is about. */
static bool read_target(struct happening *it, struct str ts)
{
    struct str id = slack_message_id(it->read, it->channel, ts);

    if (id.len > 0)
        reading_target(it->read->event, id);
    return id.len > 0;
}

static bool read_contact(struct happening *it, const struct json *message)
{
    struct str thread = slack_part(message, "thread_ts");
    const struct slack_place place = {
        .channel = it->channel,
        .thread = thread.len > 0 ? thread : slack_part(message, "ts"),
        .user = slack_part(message, "user"),
        .is_direct = it->is_direct,
    };
    return slack_contact(it->read, &place);
}

/* Told of people of other workspaces only; names of all others want a call. */
static void read_profile(struct happening *it, const struct json *message)
{
    struct event *event = it->read->event;
    struct keeper *keep = &it->read->reading.keep;
    const struct json *profile = json_get(message, "user_profile");
    struct str name = member_text(profile, "display_name");
    struct str team = member_text(message, "user_team");

    if (name.len == 0)
        name = member_text(profile, "real_name");
    event->name = keep_str(keep, name);
    event->first_name = keep_str(keep, member_text(profile, "first_name"));
    if (!str_equal(team, member_text(it->body, "team_id")))
        reading_attribute(&it->read->reading, event, "slack_team", team);
}

/* ---- files ---- */

/* Where Slack hides the place, it is asked for by the file's id. One that is kept
 * elsewhere is only named. */
static struct str ref_of(const struct json *file)
{
    struct str url = slack_file_url(file);
    bool is_external = false;

    (void)json_bool(json_get(file, "is_external"), &is_external);
    return url.len > 0 || is_external ? url : member_text(file, "id");
}

static void read_files(struct happening *it, const struct json *message)
{
    struct content *content = &it->read->event->content;
    struct keeper *keep = &it->read->reading.keep;
    const struct json *files = json_get(message, "files");

    if (json_kind_of(files) != JSON_ARRAY)
        return;
    content->attachments =
        keep_array(keep, json_count(files), sizeof(*content->attachments));
    if (content->attachments == NULL)
        return;
    for (const struct json *file = json_first(files); file != NULL;
         file = json_next(file)) {
        struct attachment *out = &content->attachments[content->attachment_count++];
        struct str name = member_text(file, "name");
        out->name = keep_str(keep, name.len > 0 ? name : member_text(file, "title"));
        out->mime = keep_str(keep, member_text(file, "mimetype"));
        out->ref = keep_str(keep, ref_of(file));
        if (!json_i64(json_get(file, "size"), &out->size) || out->size < 0)
            out->size = 0;
    }
}

/* ---- messages; false: not understood ---- */

/* Somebody else's message that was shared says nothing in its own text. */
static void read_said(struct happening *it, const struct json *message)
{
    struct slack_reading *read = it->read;
    struct str text = member_text(message, "text");
    const struct json *shared = json_first(json_get(message, "attachments"));

    read_files(it, message);
    if (text.len > 0)
        read->event->text =
            slack_readable(text, json_get(message, "blocks"), &read->reading.keep);
    else if (shared != NULL)
        reading_note(
            &read->reading, read->event, "shared",
            slack_readable(member_text(shared, "fallback"), NULL, &read->reading.keep));
    else if (read->event->content.attachment_count == 0)
        reading_cannot_show(&read->reading, read->event);
}

static bool decode_said(struct happening *it)
{
    struct slack_reading *read = it->read;
    struct event *event = read->event;
    struct str ts = slack_part(it->node, "ts");
    struct str thread = slack_part(it->node, "thread_ts");

    if (is_of_bot(it->body, it->node))
        return drop(it);
    event->kind = EVENT_MESSAGE;
    event->source_id = slack_message_id(read, it->channel, ts);
    if (event->source_id.len == 0 || !read_contact(it, it->node))
        return false;
    reading_key(event, ID_KIND_MESSAGE, event->source_id);
    slack_time(event, ts);
    read_profile(it, it->node);
    if (it->is_direct && !str_equal(thread, ts))
        (void)read_target(it, thread);
    read_said(it, it->node);
    return true;
}

static bool read_gone(struct happening *it, const struct json *message, struct str ts)
{
    if (is_of_bot(it->body, message))
        return drop(it);
    it->read->event->kind = EVENT_DELETION;
    slack_time(it->read->event, member_text(it->node, "event_ts"));
    return read_target(it, ts) && read_contact(it, message);
}

/* Also tells that a link got its preview, and with "tombstone" that the first message
 * of a thread is gone. */
static bool decode_changed(struct happening *it)
{
    const struct json *message = json_get(it->node, "message");
    struct event *event = it->read->event;
    struct str text = member_text(message, "text");
    struct str before = member_text(json_get(it->node, "previous_message"), "text");
    struct str ts = slack_part(message, "ts");

    if (str_is(member_text(message, "subtype"), "tombstone"))
        return read_gone(it, json_get(it->node, "previous_message"), ts);
    if (is_of_bot(it->body, message) || str_equal(text, before))
        return drop(it);
    event->kind = EVENT_EDIT;
    slack_time(event, member_text(it->node, "event_ts"));
    event->text =
        slack_readable(text, json_get(message, "blocks"), &it->read->reading.keep);
    return read_target(it, ts) && read_contact(it, message);
}

static bool decode_deleted(struct happening *it)
{
    return read_gone(it, json_get(it->node, "previous_message"),
                     slack_part(it->node, "deleted_ts"));
}

/* Others say that somebody joined, that a topic changed: nobody said anything. */
static const struct message_subtype {
    const char *name;
    bool (*decode)(struct happening *it);
} message_subtypes[] = {
    {"",                 decode_said   },
    {"file_share",       decode_said   },
    {"me_message",       decode_said   },
    {"thread_broadcast", decode_said   },
    {"message_changed",  decode_changed},
    {"message_deleted",  decode_deleted},
};

static bool decode_message(struct happening *it)
{
    struct str subtype = member_text(it->node, "subtype");

    it->channel = slack_part(it->node, "channel");
    it->is_direct = slack_is_direct(it->channel, member_text(it->node, "channel_type"));
    if (!slack_counts(it->read->own, it->is_direct))
        return drop(it);
    for (size_t i = 0; i < COUNT_OF(message_subtypes); i++)
        if (str_is(subtype, message_subtypes[i].name))
            return message_subtypes[i].decode(it);
    return drop(it);
}

/* ---- reactions ---- */

/* Slack knows an emoji by its name. */
static bool read_emoji(struct happening *it)
{
    CLEANUP(buf_release) struct buf text;
    struct str name = member_text(it->node, "reaction");

    buf_init(&text, LIMIT_REQUEST_ARENA_BYTES);
    buf_printf(&text, ":%.*s:", STR_ARG(name));
    it->read->event->text = keep_str(&it->read->reading.keep, buf_str(&text));
    return name.len > 0;
}

/* It does not say which thread it is in, so only direct messages are known by it. */
static bool read_reaction(struct happening *it, bool is_taken_back)
{
    const struct json *item = json_get(it->node, "item");
    struct event *event = it->read->event;

    it->channel = slack_part(item, "channel");
    it->is_direct = slack_is_direct(it->channel, STR_NONE);
    if (!it->is_direct || !slack_counts(it->read->own, true) ||
        is_bot_user(it->body, member_text(it->node, "user")) ||
        !str_is(member_text(item, "type"), "message"))
        return drop(it);
    event->kind = EVENT_REACTION;
    slack_time(event, member_text(it->node, "event_ts"));
    return read_target(it, slack_part(item, "ts")) && read_contact(it, it->node) &&
           (is_taken_back || read_emoji(it));
}

static bool decode_reaction(struct happening *it)
{
    return read_reaction(it, false);
}

static bool decode_reaction_removed(struct happening *it)
{
    return read_reaction(it, true);
}

/* ---- the request ---- */

/* That the app was removed or its token taken back is told by the next send as well,
 * which then pauses the bridge with that reason. */
static const struct event_type {
    const char *name;
    bool (*decode)(struct happening *it);
} event_types[] = {
    {"message",          decode_message         },
    {"reaction_added",   decode_reaction        },
    {"reaction_removed", decode_reaction_removed},
};

static bool decode_event(struct happening *it)
{
    struct str type = member_text(it->node, "type");

    for (size_t i = 0; i < COUNT_OF(event_types); i++)
        if (str_is(type, event_types[i].name))
            return event_types[i].decode(it);
    return type.len > 0 ? drop(it) : false;
}

/* Types that are new next year say nothing, and are acknowledged. */
enum status slack_read_event(struct slack_reading *read, const struct json *body,
                             struct error *err)
{
    struct happening it = {.read = read, .body = body, .node = json_get(body, "event")};
    struct str type = member_text(body, "type");
    struct str id;

    if (type.len == 0)
        return reading_whole_unreadable(&read->reading, err);
    if (!str_is(type, "event_callback"))
        return STATUS_OK;
    if (!is_ours(read->own, body))
        return slack_foreign(err);
    read->event = reading_event(&read->reading);
    if (!member_id(body, "event_id", &read->reading.keep, &id))
        return reading_whole_unreadable(&read->reading, err);
    reading_key(read->event, ID_KIND_WEBHOOK, id);
    return decode_event(&it) ? STATUS_OK
                             : reading_whole_unreadable(&read->reading, err);
}
