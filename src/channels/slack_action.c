/*
 * slack_action: what people do with the app itself: presses of buttons, slash commands.
 *
 * Source: channels/slack.md sections 1, 3 and 4; read 2026-12-01.
 */
#include "slack.h"

#include "gateway/choice.h"
#include "gateway/limits.h"
#include "gateway/member.h"

/* ---- presses ---- */

/* One request may tell of several. */
struct press {
    struct slack_reading *read;
    const struct json *payload;
    struct slack_place place;
    struct str message_ts; /* of the message that was pressed */
};

static bool is_ours(const struct slack_settings *own, const struct json *payload)
{
    return slack_is_team(own, member_text(json_get(payload, "team"), "id")) ||
           slack_is_team(own, member_text(json_get(payload, "enterprise"), "id")) ||
           slack_is_team(own, member_text(json_get(payload, "user"), "team_id"));
}

static void read_place(struct press *press)
{
    const struct json *container = json_get(press->payload, "container");
    const struct json *message = json_get(press->payload, "message");
    struct slack_place *place = &press->place;

    place->user = slack_part(json_get(press->payload, "user"), "id");
    place->channel = slack_part(json_get(press->payload, "channel"), "id");
    if (place->channel.len == 0)
        place->channel = slack_part(container, "channel_id");
    press->message_ts = slack_part(message, "ts");
    if (press->message_ts.len == 0)
        press->message_ts = slack_part(container, "message_ts");
    place->thread = slack_part(container, "thread_ts");
    if (place->thread.len == 0)
        place->thread = slack_part(message, "thread_ts");
    if (place->thread.len == 0)
        place->thread = press->message_ts;
    place->is_direct = slack_is_direct(place->channel, STR_NONE);
}

/* There is no event_id: so a press is known. */
static bool read_key(struct press *press, const struct json *action)
{
    CLEANUP(buf_release) struct buf key;
    struct keeper *keep = &press->read->reading.keep;
    struct str ts = slack_part(action, "action_ts");
    struct str id = slack_part(action, "action_id");

    buf_init(&key, LIMIT_REQUEST_ARENA_BYTES);
    buf_printf(&key, "%.*s/%.*s/%.*s", STR_ARG(ts), STR_ARG(id),
               STR_ARG(press->place.user));
    if (ts.len == 0 || !id_is_valid(buf_str(&key)))
        return false;
    reading_key(press->read->event, ID_KIND_WEBHOOK, keep_str(keep, buf_str(&key)));
    return true;
}

/* A button has a value; of a menu the option that was picked has it. */
static const struct json *option_of(const struct json *action)
{
    const struct json *picked = json_get(action, "selected_option");
    return json_kind_of(picked) == JSON_OBJECT ? picked : action;
}

static bool is_link(const struct json *action)
{
    return str_starts(member_text(action, "action_id"), STR(SLACK_LINK_ACTION));
}

/* False: not understood. */
static bool decode_action(struct press *press, const struct json *action)
{
    struct slack_reading *read = press->read;
    struct event *event = read->event;
    struct keeper *keep = &read->reading.keep;
    const struct json *option = option_of(action);
    struct str value = member_text(option, "value");
    struct str label = member_text(json_get(option, "text"), "text");

    if (value.len == 0)
        value = member_text(action, "action_id");
    if (label.len == 0)
        label = value;
    event->kind = EVENT_ANSWER;
    if (value.len == 0 || !slack_contact(read, &press->place) ||
        !read_key(press, action))
        return false;
    slack_time(event, member_text(action, "action_ts"));
    event->text = slack_readable(label, NULL, keep);
    event->answer_payload = keep_str(keep, value);
    event->has_choice =
        choice_token_read(value, &event->choice_message, &event->choice_ordinal);
    struct str id = slack_message_id(read, press->place.channel, press->message_ts);
    if (!event->has_choice && id.len > 0)
        reading_target(event, id);
    return true;
}

/* Each by itself: what is odd about one never harms its siblings. */
static enum status decode_actions(struct press *press, const struct json *actions,
                                  struct error *err)
{
    struct slack_reading *read = press->read;
    enum status status = STATUS_OK;

    for (const struct json *action = json_first(actions);
         action != NULL && status == STATUS_OK; action = json_next(action)) {
        if (is_link(action))
            continue;
        read->event = reading_event(&read->reading);
        if (read->event == NULL)
            return STATUS_OK; /* the whole is kept */
        if (!decode_action(press, action))
            status = reading_unreadable(&read->reading, action, err);
    }
    return status;
}

/* Other interactions (dialogs, shortcuts) begin where we offer nothing. */
enum status slack_read_press(struct slack_reading *read, const struct json *payload,
                             struct error *err)
{
    struct press press = {.read = read, .payload = payload};
    const struct json *actions = json_get(payload, "actions");
    struct str type = member_text(payload, "type");

    if (type.len == 0)
        return reading_whole_unreadable(&read->reading, err);
    if (!str_is(type, "block_actions") || json_kind_of(actions) != JSON_ARRAY)
        return STATUS_OK;
    if (!is_ours(read->own, payload))
        return slack_foreign(err);
    read_place(&press);
    if (press.place.channel.len == 0 || !slack_counts(read->own, press.place.is_direct))
        return STATUS_OK;
    reading_begin(&read->reading, read->reading.message, json_count(actions),
                  read->reading.keep.arena);
    return decode_actions(&press, actions, err);
}

/* ---- slash commands ---- */

/* What a form holds may be any bytes. */
static bool is_plain(struct str text)
{
    return utf8_is_valid(text) && str_find_byte(text, '\0') < 0;
}

/* "/help" and "me" as the line that was typed. */
static bool read_line(struct slack_reading *read, const struct form *form)
{
    CLEANUP(buf_release) struct buf line;
    struct str text = form_get(form, "text");
    struct str command = form_get(form, "command");

    buf_init(&line, LIMIT_REQUEST_ARENA_BYTES);
    if (command.len == 0 || !is_plain(command) || !is_plain(text))
        return false;
    buf_add(&line, command);
    if (text.len > 0)
        buf_add_char(&line, ' ');
    buf_add(&line, text);
    read->event->text = slack_readable(buf_str(&line), NULL, &read->reading.keep);
    return true;
}

/* Wherever it is typed it is said to the app, so it belongs to the person's direct
 * messages: no thread is named. */
enum status slack_read_command(struct slack_reading *read, const struct form *form,
                               struct error *err)
{
    const struct slack_place place = {.user = form_get(form, "user_id"),
                                      .is_direct = true};
    struct str id = form_get(form, "trigger_id");

    if (!slack_is_team(read->own, form_get(form, "team_id")) &&
        !slack_is_team(read->own, form_get(form, "enterprise_id")))
        return slack_foreign(err);
    if (!slack_counts(read->own, true))
        return STATUS_OK;
    read->event = reading_event(&read->reading);
    read->event->kind = EVENT_MESSAGE;
    if (!id_is_valid(id) || !slack_contact(read, &place) || !read_line(read, form))
        return reading_whole_unreadable(&read->reading, err);
    reading_key(read->event, ID_KIND_WEBHOOK, keep_str(&read->reading.keep, id));
    return STATUS_OK;
}
