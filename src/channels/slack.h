/*
 * slack: an app of Slack: Events API, interactivity, Web API. What its files share.
 *
 * One bot token is one channel instance: an app in one workspace. Three kinds of
 * requests come to one address: events (JSON), presses (a form with JSON in it) and
 * slash commands (a form), one thing that happened in each. There are no receipts, no
 * typing, and no key that makes a repeat harmless; errors are answered 200.
 * Source of all of it: channels/slack.md; read 2026-12-01.
 */
#pragma once

#include "gateway/channel.h"
#include "gateway/form.h"
#include "reading.h"

struct delivery;
struct hmac;
struct saying;

/* What counts as a customer's conversation; the order of the setting's choices. */
enum slack_conversations {
    SLACK_DIRECT,  /* a person's direct messages with the app */
    SLACK_THREADS, /* a person's lines in a thread of a channel */
    SLACK_BOTH,
};

struct slack_settings {
    struct text_list signing_secrets; /* each one verifies */
    char *bot_token;
    char *team_id; /* of the workspace or the organisation; NULL: any */
    int conversations;
    int64_t messages_per_minute; /* 0: no limit */
    char *api_url;               /* no slash at the end */
    char *files_url;             /* the same */

    struct hmac **keys; /* made by settings_ready; front thread */
};

extern const struct source slack_source;
extern const struct sender slack_sender;

enum fetch_step slack_fetch_next(struct fetch *fetch, const struct reply *last,
                                 struct now now, struct fetch_result *out);
extern const struct setup_plan slack_setup;

/* Code points of one message. */
#define SLACK_TEXT_MAX 4000

/* ---- ids ---- */

/* Messages are numbered within a channel only: "<channel>/<ts>". */
#define SLACK_MESSAGE_ID "%.*s/%.*s"
/*
 * A contact is a person: the user's id, by which Slack opens the direct messages. In a
 * channel an answer must find its thread, so there it is "<channel>/<thread>/<user>".
 */
#define SLACK_THREAD_CONTACT "%.*s/%.*s/%.*s"

/* ---- reading ---- */

/* One request that is read. */
struct slack_reading {
    struct reading reading;
    const struct slack_settings *own;
    struct event *event;  /* begun last */
    struct str challenge; /* to be answered with; or empty */
};

/* Where somebody did something. */
struct slack_place {
    struct str channel;
    struct str thread; /* ts of its first message; of no use in direct messages */
    struct str user;
    bool is_direct;
};
/* A view of a member that is part of an id; empty when it is none, or damaged. */
struct str slack_part(const struct json *object, const char *name);
/* By the channel's type where it is told, else by its id. */
bool slack_is_direct(struct str channel, struct str channel_type);
/* Whether such conversations count on this bridge. */
bool slack_counts(const struct slack_settings *own, bool is_direct);
/* The contact of the event begun last. False: that makes no id. */
bool slack_contact(struct slack_reading *read, const struct slack_place *place);
/* Empty when either is missing, or for want of room. */
struct str slack_message_id(struct slack_reading *read, struct str channel,
                            struct str ts);
/* "1700000000.000100": the event's own time. What is no such text says none. */
void slack_time(struct event *event, struct str ts);
/* Whether `id` is the workspace or organisation of the bridge, if it names one. */
bool slack_is_team(const struct slack_settings *own, struct str id);

/* Each reads one body; FORBIDDEN: it is another workspace's. */
MUST_CHECK enum status slack_read_event(struct slack_reading *read,
                                        const struct json *body, struct error *err);
MUST_CHECK enum status slack_read_press(struct slack_reading *read,
                                        const struct json *payload, struct error *err);
MUST_CHECK enum status slack_read_command(struct slack_reading *read,
                                          const struct form *form, struct error *err);
enum status slack_foreign(struct error *err);

/* ---- texts ---- */

/* An emoji, and what stands for it in the text: ":wave:". */
struct slack_emoji {
    char name[160];
    size_t name_len;
    char utf8[40]; /* families have up to ten code points */
    size_t len;
};
struct slack_emojis {
    struct slack_emoji items[32]; /* more keep their names */
    size_t count;
};
/* Adds those of a list of blocks, or of elements in them; NULL has none. */
void slack_emojis_read(const struct json *elements, struct slack_emojis *out);
/* The one whose name the text begins with; NULL: none. */
const struct slack_emoji *slack_emoji_at(const struct slack_emojis *emojis,
                                         struct str text);

/* What Slack sends, as a person reads it: escapes, links and mentions as plain text,
 * and emoji that its blocks (of a message; NULL: none) tell. */
struct str slack_readable(struct str mrkdwn, const struct json *blocks,
                          struct keeper *keep);
/* The characters that Slack would take for its own. */
void slack_escape(struct str text, struct buf *out);

/* Adds "blocks" to the body of a message: its text, what can be pressed, its cards. */
void slack_add_blocks(struct json *body, const struct delivery *delivery,
                      const struct saying *saying);
/* Where a button only opens a page: its action_id begins so. Slack tells of it. */
#define SLACK_LINK_ACTION "link-"

/* ---- asking ---- */

/* A call of the Web API with that body. */
MUST_CHECK enum status slack_call(const struct attempt *attempt, const char *method,
                                  const struct json *body, struct exchange *out,
                                  struct error *err);
/* Who can be asked: the same with the bot's token and no body yet. */
void slack_ask(const struct bridge *bridge, const char *method, struct arena *arena,
               struct exchange *out);
/* chat.postMessage to the contact of the delivery, not yet with blocks. */
struct json *slack_message(const struct delivery *delivery, struct str text);
/* Where the contact is written to: a channel or a user. The thread, if there is one. */
struct str slack_address(struct str contact, struct str *out_thread);
/*
 * What the answer comes to, by its "ok". Returns its JSON, the caller's; NULL where it
 * is none, which leaves it open what came of the call.
 */
struct json *slack_judge(const struct attempt *attempt, const struct reply *reply,
                         struct sender_result *out);

/* The id of what chat.postMessage posted. */
void slack_message_posted(const struct json *body, struct arena *arena,
                          struct sender_result *out);

/* A file of an agent, by several calls. After the last one: SENDER_OUTCOME. */
MUST_CHECK enum status slack_upload(struct attempt *attempt,
                                    const struct saying *saying, struct exchange *out,
                                    struct error *err);
enum sender_step slack_uploaded(struct attempt *attempt, const struct reply *reply,
                                struct sender_result *out);
/* Where the bytes of a file object are; empty: elsewhere, or not told. */
struct str slack_file_url(const struct json *file);
