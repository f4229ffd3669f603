/*
 * meta: what the services on Meta's Graph API share: settings of an app, the handshake
 * of a webhook, its signature, its batches, and calls.
 *
 * Source: channels/whatsapp.md sections 1, 2 and 7; channels/meta-messenger.md sections
 * 1, 2 and 6; read 2026-12-01.
 */
#pragma once

#include "codes.h"
#include "gateway/channel.h"
#include "gateway/json.h"
#include "keys.h"
#include "reading.h"

/* The first member of the settings of each of these channels. */
struct meta_app {
    char *access_token;
    struct text_list app_secrets; /* each one verifies */
    char *verify_token;
    char *graph_url; /* no slash at the end */
    char *graph_version;

    struct hmac **keys; /* made by meta_ready; front thread */
};
/* Its rows, of settings that hold it as `app`. */
#define META_ROWS(type, token_help, graph_default)                                     \
    {.name = "access_token",                                                           \
     .kind = SETTING_SECRET,                                                           \
     .offset = offsetof(type, app.access_token),                                       \
     .is_required = true,                                                              \
     .help = (token_help)},                                                            \
        {.name = "app_secrets",                                                        \
         .kind = SETTING_SECRETS,                                                      \
         .offset = offsetof(type, app.app_secrets),                                    \
         .is_required = true,                                                          \
         .min = 1,                                                                     \
         .help = "app secrets that sign webhooks; several while one is replaced"},     \
        {.name = "verify_token",                                                       \
         .kind = SETTING_SECRET,                                                       \
         .offset = offsetof(type, app.verify_token),                                   \
         .is_required = true,                                                          \
         .help = "word of your choice that Meta says when it checks the webhook"},     \
        {.name = "graph_url",                                                          \
         .kind = SETTING_URL,                                                          \
         .offset = offsetof(type, app.graph_url),                                      \
         .default_text = (graph_default),                                              \
         .help = "where the Graph API is; another for a test server"},                 \
    {                                                                                  \
        .name = "graph_version", .kind = SETTING_TEXT,                                 \
        .offset = offsetof(type, app.graph_version), .default_text = "v24.0",          \
        .help = "version of the Graph API"                                             \
    }

/* Checks what the rows cannot say, and makes the keys: the caller's meta_release. */
MUST_CHECK enum status meta_ready(struct meta_app *app, struct error *err);
void meta_release(struct meta_app *app);
/* An id or a version that goes into a path. */
bool meta_is_plain(const char *text);

/* ---- webhooks: members of struct source ---- */

/* GET with hub.mode=subscribe: the challenge back, or 403. Any other GET is a handshake
 * that fails. */
bool meta_handshake(const struct bridge *bridge, const struct http_message *message,
                    struct arena *arena, struct http_reply *reply);
/* X-Hub-Signature-256 over the raw bytes, or over the same with \uXXXX for what is not
 * ASCII, which is what Meta says it signs. */
MUST_CHECK enum status meta_verify(const struct bridge *bridge,
                                   const struct http_message *message, struct now now,
                                   struct error *err);

/*
 * A webhook is a list of entries with lists of items, which may be several accounts' of
 * the app. Each item is by itself: what is odd about one never harms its siblings.
 */
struct meta_batch {
    const char *object;  /* that the body must name */
    const char *list;    /* of an entry: where its items are */
    const char *account; /* a word for people: "page" */
    /* How many events there may be in it; 0: it says nothing that concerns us. */
    size_t (*count)(const struct json *item);
    bool (*is_ours)(const struct bridge *bridge, const struct json *entry,
                    const struct json *item);
    enum status (*decode)(const struct bridge *bridge, struct reading *reading,
                          const struct json *item, struct error *err);
};
/*
 * FORBIDDEN: all of it is another account's. Where only some is, that is kept where it
 * came, for an operator to see: this bridge must not send it on.
 */
MUST_CHECK enum status meta_decode(const struct meta_batch *batch,
                                   const struct bridge *bridge,
                                   const struct http_message *message,
                                   struct arena *arena, struct reading *reading,
                                   struct unit *unit, struct error *err);

/* ---- calls ---- */

/* POST {graph}/{version}/{account}/messages. */
MUST_CHECK enum status meta_call(const struct attempt *attempt, const char *account,
                                 const struct json *body, struct exchange *out,
                                 struct error *err);
/* What a reply comes to; `find` says what the error object of one means, and is NULL
 * where it does not know. */
typedef const struct reply_rule *meta_meaning(const struct json *error);
void meta_judge(const struct attempt *attempt, const struct reply *reply,
                const char *peer, meta_meaning *find, struct sender_result *out);

/* ---- setting up ---- */

/* What is entered in the app's dashboard, at `where` of it. */
void meta_setup_values(struct setup *setup, const char *where, const char *fields);
/* {graph}/{version}/{path}, with the token. */
void meta_setup_ask(struct setup *setup, const char *method, struct str path);
/* Of the error in an answer; 0: there is none. */
int64_t meta_setup_code(const struct json *body);
bool meta_setup_lacks_permission(const struct json *body);
/* As setup_refused, by the error's code where it says more than the HTTP status. */
bool meta_setup_refused(struct setup *setup, const struct reply *reply,
                        const struct json *body);
/* Of a stage that posts to subscribed_apps. */
bool meta_setup_told_subscription(struct setup *setup, const struct reply *reply,
                                  const struct json *body);
/* What subscribed_apps lists, as a finding; NULL: there is none, or it may not be
 * looked at without that permission. */
const struct json *meta_setup_apps(struct setup *setup, const struct reply *reply,
                                   const struct json *body, const char *permission);
