/*
 * line_media: how the files that people send are got from LINE.
 *
 * They go away after a time that nobody says, and at once when their message is taken
 * back. Source: channels/line.md section 6; read 2026-12-01.
 */
#include "line.h"

#include "gateway/form.h"
#include "gateway/limits.h"
#include "gateway/member.h"
#include "gateway/reply.h"

#define PREPARING 202

enum step { STEP_CONTENT, STEP_PREPARING, STEP_PREPARED };

static void add_bearer(const struct fetch *fetch, struct fetch_result *out)
{
    const struct line_settings *own = fetch->bridge->settings;

    exchange_bearer(&out->exchange, str_of(own->access_token), fetch->arena);
}

static struct str content_url(const struct fetch *fetch, const char *end)
{
    const struct line_settings *own = fetch->bridge->settings;
    CLEANUP(buf_release) struct buf id;

    buf_init(&id, LIMIT_REQUEST_ARENA_BYTES);
    percent_encode(&id, fetch->attachment->ref);
    return arena_printf(fetch->arena, "%s/v2/bot/message/%.*s/content%s", own->data_url,
                        STR_ARG(buf_str(&id)), end);
}

static enum fetch_step get(struct fetch *fetch, struct fetch_result *out)
{
    enum fetch_step step = fetch_get(fetch, content_url(fetch, ""), false, out);

    add_bearer(fetch, out);
    return step;
}

/* Large videos and sounds are made ready first. */
static enum fetch_step ask_whether_ready(struct fetch *fetch, struct fetch_result *out)
{
    (void)fetch_get(fetch, content_url(fetch, "/transcoding"), false, out);
    add_bearer(fetch, out);
    fetch->step = STEP_PREPARING;
    return FETCH_EXCHANGE;
}

static enum fetch_step later(struct fetch_result *out)
{
    out->outcome = OUTCOME_RETRY;
    out->reason = STR("LINE is still preparing it");
    return FETCH_OVER;
}

static enum fetch_step told(struct fetch *fetch, const struct reply *reply,
                            struct fetch_result *out)
{
    CLEANUP(json_freep) struct json *body = fetch_read(reply);
    struct str status = member_text(body, "status");

    if (str_is(status, "failed"))
        return fetch_missing(out, REASON_GENERAL_ERROR,
                             STR("LINE could not prepare it"));
    if (!str_is(status, "succeeded"))
        return later(out);
    fetch->step = STEP_PREPARED;
    return get(fetch, out);
}

static enum fetch_step content_next(struct fetch *fetch, const struct reply *last,
                                    struct fetch_result *out)
{
    bool is_preparing = last->kind == REPLY_ANSWER && last->status == PREPARING;

    if (fetch->step == STEP_PREPARING && reply_is_success(last))
        return told(fetch, last, out);
    if (is_preparing && fetch->step == STEP_CONTENT)
        return ask_whether_ready(fetch, out);
    return is_preparing ? later(out) : fetch_refused(fetch, last, out);
}

/* What an app of somebody else's sent is a link, and wants no token of ours. */
enum fetch_step line_fetch_next(struct fetch *fetch, const struct reply *last,
                                struct now now, struct fetch_result *out)
{
    if (fetch->attachment->url.len > 0)
        return fetch_url(fetch, last, now, out);
    return last == NULL ? get(fetch, out) : content_next(fetch, last, out);
}
