/*
 * fetch: what the ways of getting a file have in common.
 */
#include "gateway/source.h"

#include "gateway/arena.h"
#include "gateway/json.h"
#include "gateway/limits.h"

enum fetch_step fetch_missing(struct fetch_result *out, enum reason_code code,
                              struct str reason)
{
    out->outcome = OUTCOME_REFUSED_MESSAGE;
    out->reason_code = code;
    out->reason = reason;
    return FETCH_OVER;
}

enum fetch_step fetch_get(struct fetch *fetch, struct str url, bool is_outside_url,
                          struct fetch_result *out)
{
    if (url.len == 0)
        return fetch_missing(out, REASON_GENERAL_ERROR, STR("nobody said where it is"));
    out->exchange = (struct exchange){
        .method = "GET",
        .url = arena_c_string(fetch->arena, url),
        .is_outside_url = is_outside_url,
    };
    return FETCH_FILE;
}

struct json *fetch_read(const struct reply *reply)
{
    struct json *body = NULL;
    if (reply->kind != REPLY_ANSWER ||
        json_parse(reply->body, LIMIT_JSON_DEPTH, &body, NULL) != STATUS_OK)
        return NULL;
    return body;
}

static enum fetch_step again(struct fetch_result *out, struct str reason)
{
    out->outcome = OUTCOME_RETRY;
    out->reason = reason;
    return FETCH_OVER;
}

/* What only time can mend; the rest of 4xx stays as it is. */
static bool may_pass(int status)
{
    return status == 408 || status == 425 || status >= 500 || status < 200;
}

enum fetch_step fetch_refused(const struct fetch *fetch, const struct reply *reply,
                              struct fetch_result *out)
{
    if (reply->kind == REPLY_NOT_SENT && reply->is_forbidden)
        return fetch_missing(out, REASON_GENERAL_ERROR,
                             STR("its address is not allowed"));
    if (reply->kind != REPLY_ANSWER) {
        struct str why = arena_copy(fetch->arena, str_of(reply->why));
        return reply->is_unreadable ? fetch_missing(out, REASON_GENERAL_ERROR, why)
                                    : again(out, why);
    }
    struct str reason =
        arena_printf(fetch->arena, "its server answered %d", reply->status);
    if (reply->status == 429) {
        out->outcome = OUTCOME_SLOW_DOWN;
        out->retry_after_ms = reply->retry_after_ms;
        out->reason = reason;
        return FETCH_OVER;
    }
    if (may_pass(reply->status))
        return again(out, reason);
    return fetch_missing(out, REASON_GENERAL_ERROR, reason);
}

enum fetch_step fetch_url(struct fetch *fetch, const struct reply *last, struct now now,
                          struct fetch_result *out)
{
    (void)now;
    if (last != NULL)
        return fetch_refused(fetch, last, out);
    return fetch_get(fetch, fetch->attachment->url, true, out);
}
