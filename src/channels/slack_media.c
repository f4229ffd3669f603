/*
 * slack_media: files, both ways. An agent's is uploaded: a place for it, its bytes, and
 * then the word to whom it is shown. A customer's is got with the bot's token.
 *
 * Source: channels/slack.md sections 5 and 6; Slack's references of
 * files.getUploadURLExternal, files.completeUploadExternal, conversations.open and
 * files.info; @slack/web-api 8.2.0, filesUploadV2; read 2026-12-01.
 */
#include "slack.h"

#include "gateway/form.h"
#include "gateway/limits.h"
#include "gateway/member.h"
#include "gateway/reply.h"
#include "saying.h"

#define PEER "Slack"

/* Only there the token may be seen. */
static bool is_own_file(const struct slack_settings *own, struct str url)
{
    size_t len = strlen(own->files_url);

    return str_starts(url, str_of(own->files_url)) && url.len > len &&
           url.ptr[len] == '/';
}

struct str slack_file_url(const struct json *file)
{
    struct str url = member_text(file, "url_private_download");
    bool is_external = false;

    if (json_bool(json_get(file, "is_external"), &is_external) && is_external)
        return STR_NONE;
    return url.len > 0 ? url : member_text(file, "url_private");
}

/* ---- an agent's: its calls ---- */

/* A file is shown in a channel, never to a user's id: so that one is opened first. */
enum upload_step { UPLOAD_OPEN, UPLOAD_RESERVE, UPLOAD_PUT, UPLOAD_SHARE };

struct upload {
    enum upload_step step;
    const struct file *file;
    struct str caption;
    struct str channel;
    struct str thread;
    struct str id;  /* of the file */
    struct str url; /* where its bytes go */
};

static enum status ask_open(const struct attempt *attempt, const struct upload *upload,
                            struct exchange *out, struct error *err)
{
    CLEANUP(json_freep) struct json *body = json_new_object();

    json_add_str(body, "users", upload->channel);
    return slack_call(attempt, "conversations.open", body, out, err);
}

/* This call takes no JSON. */
static enum status ask_reserve(const struct attempt *attempt,
                               const struct upload *upload, struct exchange *out,
                               struct error *err)
{
    CLEANUP(buf_release) struct buf form;
    char length[24];
    int len = snprintf(length, sizeof(length), "%lld", (long long)upload->file->size);

    buf_init(&form, LIMIT_EXCHANGE_BYTES);
    form_add(&form, "filename", upload->file->name);
    form_add(&form, "length", str_from(length, (size_t)len));
    slack_ask(attempt->bridge, "files.getUploadURLExternal", attempt->arena, out);
    return exchange_form(out, &form, attempt->arena, err);
}

/* The address is a secret by itself; the token is not for it. */
static enum status ask_put(const struct attempt *attempt, const struct upload *upload,
                           struct exchange *out, struct error *err)
{
    (void)err;
    *out = (struct exchange){
        .method = "POST",
        .url = arena_c_string(attempt->arena, upload->url),
        .file = upload->file,
        .is_outside_url = !is_own_file(attempt->bridge->settings, upload->url),
    };
    exchange_header(out, STR("Content-Type"), STR("application/octet-stream"));
    return STATUS_OK;
}

static enum status ask_share(const struct attempt *attempt, const struct upload *upload,
                             struct exchange *out, struct error *err)
{
    CLEANUP(json_freep) struct json *body = json_new_object();
    CLEANUP(buf_release) struct buf caption;

    buf_init(&caption, LIMIT_EXCHANGE_BYTES);
    slack_escape(upload->caption, &caption);
    struct json *file = json_append_object(json_add_array(body, "files"));
    json_add_str(file, "id", upload->id);
    json_add_str(file, "title", upload->file->name);
    json_add_str(body, "channel_id", upload->channel);
    member_add_text(body, "thread_ts", upload->thread);
    member_add_text(body, "initial_comment", buf_str(&caption));
    return slack_call(attempt, "files.completeUploadExternal", body, out, err);
}

static enum status ask(const struct attempt *attempt, const struct upload *upload,
                       struct exchange *out, struct error *err)
{
    static enum status (*const steps[])(const struct attempt *, const struct upload *,
                                        struct exchange *, struct error *) = {
        [UPLOAD_OPEN] = ask_open,
        [UPLOAD_RESERVE] = ask_reserve,
        [UPLOAD_PUT] = ask_put,
        [UPLOAD_SHARE] = ask_share,
    };
    return steps[upload->step](attempt, upload, out, err);
}

static bool is_user(struct str address)
{
    return str_starts(address, STR("U")) || str_starts(address, STR("W"));
}

enum status slack_upload(struct attempt *attempt, const struct saying *saying,
                         struct exchange *out, struct error *err)
{
    struct upload *upload = arena_alloc(attempt->arena, sizeof(*upload));

    upload->file = saying->file;
    upload->caption = saying->caption;
    upload->channel =
        slack_address(attempt->delivery->event.contact_id, &upload->thread);
    upload->step = is_user(upload->channel) ? UPLOAD_OPEN : UPLOAD_RESERVE;
    attempt->kept = upload;
    return ask(attempt, upload, out, err);
}

/* ---- an agent's: what is answered ---- */

static bool keep(const struct attempt *attempt, struct str value, struct str *out)
{
    *out = arena_copy(attempt->arena, value);
    return value.len > 0;
}

/* What the next call needs. False: it is not there. */
static bool read_step(const struct attempt *attempt, struct upload *upload,
                      const struct json *body)
{
    switch (upload->step) {
    case UPLOAD_OPEN:
        return keep(attempt, member_text(json_get(body, "channel"), "id"),
                    &upload->channel);
    case UPLOAD_RESERVE:
        return keep(attempt, member_text(body, "file_id"), &upload->id) &&
               keep(attempt, member_text(body, "upload_url"), &upload->url);
    case UPLOAD_PUT:
    case UPLOAD_SHARE:
        break;
    }
    return true;
}

/* The bytes are answered by no JSON. Of other 4xx the place is to blame, not the
 * bridge. */
static void judge_put(const struct attempt *attempt, const struct reply *reply,
                      struct sender_result *out)
{
    static const struct reply_rule rules[] = {
        RULE_OUTCOME(200, 299, OUTCOME_DONE),
        RULE_OUTCOME(429, 429, OUTCOME_SLOW_DOWN),
        RULE_OUTCOME(300, 499, OUTCOME_REFUSED_MESSAGE),
        RULE_OUTCOME(0, INT32_MAX, OUTCOME_RETRY),
    };

    reply_judge(reply, reply_rule_find(rules, COUNT_OF(rules), reply->status), PEER,
                attempt->arena, out);
}

/* Nobody has seen anything yet, so that a repeat is harmless. */
static void judge_unseen(const struct upload *upload, struct sender_result *out)
{
    if (upload->step >= UPLOAD_SHARE)
        return;
    if (out->outcome == OUTCOME_UNKNOWN)
        out->outcome = OUTCOME_RETRY;
    out->may_have_arrived = false;
}

/* An app that may not upload is not broken: it may still write. */
static bool may_not_upload(const struct json *body)
{
    struct str error = member_text(body, "error");

    return str_is(error, "missing_scope") || str_is(error, "no_permission");
}

/* Which makes a link of the file. */
static enum sender_step refuse(struct sender_result *out, struct str reason)
{
    out->outcome = OUTCOME_REFUSED_MESSAGE;
    if (out->reason.len == 0)
        out->reason = reason;
    return SENDER_OUTCOME;
}

static enum sender_step go_on(struct attempt *attempt, struct upload *upload,
                              enum upload_step step, struct sender_result *out)
{
    struct error err;

    upload->step = step;
    *out = (struct sender_result){.retry_after_ms = -1};
    return saying_asked(ask(attempt, upload, &out->exchange, &err), &err,
                        attempt->arena, out);
}

enum sender_step slack_uploaded(struct attempt *attempt, const struct reply *reply,
                                struct sender_result *out)
{
    struct upload *upload = attempt->kept;
    CLEANUP(json_freep) struct json *body = NULL;

    if (upload->step == UPLOAD_PUT)
        judge_put(attempt, reply, out);
    else
        body = slack_judge(attempt, reply, out);
    judge_unseen(upload, out);
    if (may_not_upload(body))
        return refuse(out, STR(PEER " takes no files"));
    if (!outcome_is_success(out->outcome))
        return SENDER_OUTCOME;
    if (!read_step(attempt, upload, body))
        return refuse(out, STR(PEER " did not say where the file goes"));
    if (upload->step < UPLOAD_SHARE)
        return go_on(attempt, upload, upload->step + 1, out);
    out->provider_id = upload->id; /* the message's ts is not told */
    return SENDER_OUTCOME;
}

/* ---- a customer's ---- */

static enum fetch_step get(struct fetch *fetch, struct str url,
                           struct fetch_result *out)
{
    const struct slack_settings *own = fetch->bridge->settings;

    if (!is_own_file(own, url))
        return fetch_missing(out, REASON_GENERAL_ERROR, STR("it is not kept at " PEER));
    enum fetch_step step = fetch_get(fetch, url, false, out);
    exchange_bearer(&out->exchange, str_of(own->bot_token), fetch->arena);
    return step;
}

/* Of another workspace only the id is told. */
static enum fetch_step ask_info(struct fetch *fetch, struct fetch_result *out)
{
    CLEANUP(buf_release) struct buf form;
    struct error err;

    buf_init(&form, LIMIT_EXCHANGE_BYTES);
    form_add(&form, "file", fetch->attachment->ref);
    slack_ask(fetch->bridge, "files.info", fetch->arena, &out->exchange);
    if (exchange_form(&out->exchange, &form, fetch->arena, &err) != STATUS_OK)
        return fetch_missing(out, REASON_GENERAL_ERROR, STR("its id is too long"));
    return FETCH_EXCHANGE;
}

static enum fetch_step over(struct fetch_result *out, enum outcome outcome,
                            struct str reason)
{
    out->outcome = outcome;
    out->reason = reason;
    return FETCH_OVER;
}

static enum fetch_step read_info(struct fetch *fetch, const struct reply *reply,
                                 struct fetch_result *out)
{
    CLEANUP(json_freep) struct json *body = fetch_read(reply);
    struct str error = member_text(body, "error");

    if (!reply_is_success(reply))
        return fetch_refused(fetch, reply, out);
    if (str_is(error, "ratelimited"))
        return over(out, OUTCOME_SLOW_DOWN, STR(PEER " answered ratelimited"));
    if (error.len > 0)
        return fetch_missing(
            out, REASON_GENERAL_ERROR,
            reply_line(
                arena_printf(fetch->arena, PEER " answered %.*s", STR_ARG(error)),
                fetch->arena));
    if (json_get(body, "file") == NULL)
        return over(out, OUTCOME_RETRY, STR(PEER " did not say where it is"));
    return get(fetch, arena_copy(fetch->arena, slack_file_url(json_get(body, "file"))),
               out);
}

/* Slack answers a token without the scope for it by 200 and a page, which is no type
 * that goes on. */
enum fetch_step slack_fetch_next(struct fetch *fetch, const struct reply *last,
                                 struct now now, struct fetch_result *out)
{
    bool has_url = str_starts(fetch->attachment->ref, STR("https://")) ||
                   str_starts(fetch->attachment->ref, STR("http://"));

    (void)now;
    if (last == NULL)
        return has_url ? get(fetch, fetch->attachment->ref, out) : ask_info(fetch, out);
    if (has_url || fetch->step > 0)
        return fetch_refused(fetch, last, out);
    fetch->step++;
    return read_info(fetch, last, out);
}
