/*
 * slack_source: who may be heard, which of its three forms a body has, and the answer.
 *
 * Source: channels/slack.md sections 1 to 3; read 2026-12-01.
 */
#include "slack.h"

#include "gateway/limits.h"
#include "gateway/member.h"
#include "keys.h"

/* Whole seconds on both sides. Slack's own library looks at the past only. */
#define TOLERANCE_S 300
#define FORM_FIELDS_MAX 64

/* ---- handshake ---- */

static bool is_form(const struct http_message *message)
{
    struct str type;

    if (!http_header_find(message, "content-type", &type))
        return false;
    return str_equal_nocase(str_trim(str_cut(&type, ';')),
                            STR("application/x-www-form-urlencoded"));
}

/* A test of our certificate, which is not signed: nothing of it is looked at. What
 * Slack really checks by, its challenge, is signed, and so read by decode. */
static bool slack_handshake(const struct bridge *bridge,
                            const struct http_message *message, struct arena *arena,
                            struct http_reply *reply)
{
    struct form form;
    struct error err;
    bool is_get = str_is(message->method, "GET");

    (void)bridge;
    if (!is_get && !is_form(message))
        return false;
    if (form_parse(is_get ? message->query : message->body, FORM_FIELDS_MAX, arena,
                   &form, &err) != STATUS_OK ||
        !str_is(form_get(&form, "ssl_check"), "1"))
        return false;
    *reply = (struct http_reply){.status = 200, .content_type = "text/plain"};
    return true;
}

/* ---- verify ---- */

static bool is_in_time(struct str timestamp, struct now now)
{
    int64_t sent_s = 0;
    int64_t now_s = now.wall_ms / 1000;

    return str_to_i64(timestamp, &sent_s) && sent_s >= now_s - TOLERANCE_S &&
           sent_s <= now_s + TOLERANCE_S;
}

static bool read_signature(struct str header, uint8_t out[SHA256_BYTES])
{
    struct str version = STR("v0=");

    return str_starts(header, version) &&
           hex_decode(str_sub(header, version.len, header.len), out, SHA256_BYTES);
}

static enum status slack_verify(const struct bridge *bridge,
                                const struct http_message *message, struct now now,
                                struct error *err)
{
    const struct slack_settings *own = bridge->settings;
    struct str timestamp;
    struct str signature;
    uint8_t given[SHA256_BYTES];

    if (!http_header_find(message, "x-slack-request-timestamp", &timestamp) ||
        !http_header_find(message, "x-slack-signature", &signature))
        return fail(
            err, STATUS_DENIED,
            "X-Slack-Request-Timestamp and X-Slack-Signature must each be there "
            "once");
    if (!is_in_time(timestamp, now))
        return fail(
            err, STATUS_DENIED,
            "X-Slack-Request-Timestamp must be in seconds and at most 5 minutes "
            "off");
    if (!read_signature(signature, given))
        return fail(err, STATUS_DENIED,
                    "X-Slack-Signature must be v0= and 64 hex digits");
    const struct str parts[] = {STR("v0:"), timestamp, STR(":"), message->body};
    return keys_verify(own->keys, own->signing_secrets.count, parts, COUNT_OF(parts),
                       given, "signing secret", err);
}

/* ---- ids ---- */

struct str slack_part(const struct json *object, const char *name)
{
    return json_str_is_damaged(json_get(object, name)) ? STR_NONE
                                                       : member_text(object, name);
}

bool slack_is_direct(struct str channel, struct str channel_type)
{
    return channel_type.len > 0 ? str_is(channel_type, "im")
                                : str_starts(channel, STR("D"));
}

bool slack_counts(const struct slack_settings *own, bool is_direct)
{
    return own->conversations != (is_direct ? SLACK_THREADS : SLACK_DIRECT);
}

/* Parts of ids, cut before they are printed: longer ones make no id. */
static struct str part_of_id(struct str part)
{
    return str_sub(part, 0, LIMIT_ID_BYTES + 1);
}

bool slack_contact(struct slack_reading *read, const struct slack_place *place)
{
    char text[4 * (LIMIT_ID_BYTES + 1)];
    struct str id = place->user;

    if (!id_is_valid(place->user))
        return false;
    if (!place->is_direct) {
        if (place->channel.len == 0 || place->thread.len == 0)
            return false;
        int len = snprintf(text, sizeof(text), SLACK_THREAD_CONTACT,
                           STR_ARG(part_of_id(place->channel)),
                           STR_ARG(part_of_id(place->thread)), STR_ARG(place->user));
        id = str_from(text, (size_t)len);
    }
    if (!id_is_valid(id))
        return false;
    read->event->contact_id = keep_str(&read->reading.keep, id);
    return read->event->contact_id.len > 0;
}

struct str slack_message_id(struct slack_reading *read, struct str channel,
                            struct str ts)
{
    char text[4 * (LIMIT_ID_BYTES + 1)];

    if (channel.len == 0 || ts.len == 0)
        return STR_NONE;
    int len = snprintf(text, sizeof(text), SLACK_MESSAGE_ID,
                       STR_ARG(part_of_id(channel)), STR_ARG(part_of_id(ts)));
    struct str id = str_from(text, (size_t)len);
    return id_is_valid(id) ? keep_str(&read->reading.keep, id) : STR_NONE;
}

void slack_time(struct event *event, struct str ts)
{
    struct str fraction = ts;
    int64_t seconds = 0;
    int64_t ms = 0;

    if (!str_to_i64(str_cut(&fraction, '.'), &seconds) || seconds <= 0 ||
        seconds >= INT64_MAX / 1000)
        return;
    if (fraction.len < 3 || !str_to_i64(str_sub(fraction, 0, 3), &ms) || ms < 0)
        ms = 0;
    event->time_ms = seconds * 1000 + ms;
}

bool slack_is_team(const struct slack_settings *own, struct str id)
{
    return own->team_id == NULL || str_is(id, own->team_id);
}

enum status slack_foreign(struct error *err)
{
    return fail(err, STATUS_FORBIDDEN,
                "the request is of another workspace than the bridge's");
}

/* ---- decode ---- */

/* Slack's check of the address: signed like all else, and no event. */
static bool is_challenge(const struct json *body)
{
    return str_is(member_text(body, "type"), "url_verification");
}

static enum status read_json(struct reading *reading, const struct json *body,
                             struct error *err)
{
    struct slack_reading *read = CONTAINER_OF(reading, struct slack_reading, reading);

    if (!is_challenge(body))
        return slack_read_event(read, body, err);
    read->challenge = keep_str(&reading->keep, member_text(body, "challenge"));
    return STATUS_OK;
}

static enum status read_payload(struct reading *reading, const struct json *payload,
                                struct error *err)
{
    struct slack_reading *read = CONTAINER_OF(reading, struct slack_reading, reading);
    return slack_read_press(read, payload, err);
}

static enum status read_form(struct slack_reading *read, struct error *err)
{
    struct form form;

    enum status status = form_parse(read->reading.message->body, FORM_FIELDS_MAX,
                                    read->reading.keep.arena, &form, err);
    if (status == STATUS_TOO_LARGE)
        return reading_whole_unreadable(&read->reading, err);
    if (status != STATUS_OK)
        return status;
    if (form_has(&form, "payload"))
        return reading_json(&read->reading, form_get(&form, "payload"), read_payload,
                            err);
    return slack_read_command(read, &form, err);
}

static enum status slack_decode(const struct bridge *bridge,
                                const struct http_message *message, struct arena *arena,
                                struct unit *unit, struct error *err)
{
    struct slack_reading read = {.own = bridge->settings};

    reading_begin(&read.reading, message, 1, arena);
    enum status status =
        is_form(message) ? read_form(&read, err)
                         : reading_json(&read.reading, message->body, read_json, err);
    unit->ack_note = read.challenge;
    return status == STATUS_OK ? reading_end(&read.reading, unit, err) : status;
}

/* ---- ack ---- */

/* Whatever stands in the answer to a slash command is shown to the person: nothing. */
static void slack_ack(const struct bridge *bridge, const struct unit *unit,
                      const struct acceptance *acceptance, struct arena *arena,
                      struct http_reply *reply)
{
    (void)bridge;
    (void)acceptance;
    (void)arena;
    *reply = (struct http_reply){
        .status = 200, .content_type = "text/plain", .body = unit->ack_note};
}

const struct source slack_source = {
    .handshake = slack_handshake,
    .verify = slack_verify,
    .decode = slack_decode,
    .ack = slack_ack,
    .fetch_next = slack_fetch_next,
};
