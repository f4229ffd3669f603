#include "gateway/setup.h"

#include <assert.h>
#include <stdarg.h>

#include "gateway/json.h"
#include "gateway/limits.h"
#include "gateway/reply.h"

#define SETUP_TIMEOUT_MS 15000

const char *setup_level_name(enum setup_level level)
{
    static const char *const names[] = {
        [SETUP_WELL] = "ok",
        [SETUP_NOTE] = "note",
        [SETUP_WRONG] = "wrong",
        [SETUP_UNREACHABLE] = "unreachable",
        [SETUP_MISCONFIGURED] = "misconfigured",
    };
    assert((size_t)level < COUNT_OF(names));
    return names[level];
}

/* ---- what is said ---- */

void setup_say(struct setup *setup, enum setup_level level, const char *about,
               const char *format, ...)
{
    char line[2 * LIMIT_REASON_BYTES]; /* reply_line cuts it between two characters */
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    assert(setup->finding_count < SETUP_FINDINGS_MAX);
    setup->findings[setup->finding_count++] =
        (struct setup_finding){level, about, reply_line(str_of(line), setup->arena)};
}

enum setup_level setup_verdict(const struct setup *setup)
{
    enum setup_level verdict = SETUP_WELL;

    for (size_t i = 0; i < setup->finding_count; i++)
        if (setup->findings[i].level > verdict)
            verdict = setup->findings[i].level;
    return verdict;
}

static enum setup_level level_of(int status)
{
    if (status == 401 || status == 403)
        return SETUP_MISCONFIGURED;
    return status == 408 || status == 429 || status >= 500 ? SETUP_UNREACHABLE
                                                           : SETUP_WRONG;
}

bool setup_refused(struct setup *setup, const struct reply *reply, struct str said)
{
    setup_find(setup, level_of(reply->status), "%s answered %d%s%.*s",
               setup->plan->peer, reply->status, said.len > 0 ? ": " : "",
               STR_ARG(said));
    return false;
}

void setup_enter(struct setup *setup, const char *label, struct str value)
{
    assert(setup->value_count < SETUP_VALUES_MAX);
    setup->values[setup->value_count++] = (struct setup_value){label, value};
}

/* Scheme and host, without user and password. */
static struct str origin_of(struct str url, struct arena *arena)
{
    bool is_https = str_starts(url, STR("https://"));
    struct str rest = url;

    (void)str_cut(&rest, '/');
    (void)str_cut(&rest, '/');
    struct str host = str_cut(&rest, '/');
    host = str_cut(&host, '?');
    while (str_find_byte(host, '@') >= 0)
        (void)str_cut(&host, '@');
    if (!is_https && !str_starts(url, STR("http://")))
        return STR("no URL");
    return arena_printf(arena, "http%s://%.*s/...", is_https ? "s" : "", STR_ARG(host));
}

struct str setup_shown_url(const struct setup *setup, struct str url)
{
    struct str line = reply_line(url, setup->arena);
    struct str ours = str_of(setup->bridge->public_url);

    if (str_starts(line, ours) && line.len > ours.len && line.ptr[ours.len] == '/')
        return line;
    return origin_of(line, setup->arena);
}

bool setup_judge_url(struct setup *setup, struct str url)
{
    struct str ours = bridge_webhook_url(setup->bridge, STR_NONE, setup->arena);

    if (str_equal(url, ours)) {
        setup_find(setup, SETUP_WELL, "set to %.*s", STR_ARG(ours));
        return true;
    }
    if (url.len == 0) {
        setup_find(setup, SETUP_WRONG,
                   "none is set: \"omgw bridges connect %s\" sets it",
                   setup->bridge->name);
        return false;
    }
    struct str shown = setup_shown_url(setup, url);
    setup_find(setup, SETUP_WRONG,
               "set to another address, %.*s: \"omgw bridges connect %s\" sets it here",
               STR_ARG(shown), setup->bridge->name);
    return false;
}

bool setup_is_listed(const struct json *list, const char *name)
{
    struct str each = STR_NONE;

    for (const struct json *at = json_first(list); at != NULL; at = json_next(at))
        if (json_str(at, &each) && str_is(each, name))
            return true;
    return false;
}

/* ---- what is asked ---- */

void setup_ask(struct setup *setup, const char *method, struct str url)
{
    setup->exchange = (struct exchange){
        .method = method,
        .url = arena_c_string(setup->arena, url),
        .timeout_ms = SETUP_TIMEOUT_MS,
    };
}

void setup_bearer(struct setup *setup, struct str token)
{
    exchange_bearer(&setup->exchange, token, setup->arena);
}

/* ---- the run ---- */

void setup_begin(struct setup *setup, const struct setup_plan *plan)
{
    setup->plan = plan;
    setup->stage = 0;
    setup->kept = NULL;
    if (setup->goal == SETUP_CONNECT)
        plan->values(setup);
}

/* False: the plan ends here. */
static bool hear(struct setup *setup, const struct reply *reply)
{
    CLEANUP(json_freep) struct json *body = NULL;
    const char *peer = setup->plan->peer;

    if (reply->kind != REPLY_ANSWER) {
        setup_find(setup, SETUP_UNREACHABLE, "%s %s: %s", peer,
                   reply->kind == REPLY_NOT_SENT ? "was not reached" : "did not answer",
                   reply->why);
        return false;
    }
    if (json_parse(reply->body, LIMIT_JSON_DEPTH, &body, NULL) != STATUS_OK)
        body = NULL;
    return setup->plan->stages[setup->stage].told(setup, reply, body);
}

enum setup_step setup_next(struct setup *setup, const struct reply *last)
{
    const struct setup_plan *plan = setup->plan;
    struct error err;

    if (last != NULL && !hear(setup, last))
        return SETUP_DONE;
    for (setup->stage += last != NULL; setup->stage < plan->stage_count;
         setup->stage++) {
        const struct setup_stage *stage = &plan->stages[setup->stage];
        if ((stage->goals & (unsigned)setup->goal) == 0)
            continue;
        enum status status = stage->ask(setup, &err);
        if (status == STATUS_OK)
            return SETUP_EXCHANGE;
        if (status != STATUS_DUPLICATE) {
            setup_find(setup, SETUP_MISCONFIGURED, "%s", err.text);
            return SETUP_DONE;
        }
    }
    return SETUP_DONE;
}

/* ---- no plan ---- */

void setup_no_values(struct setup *setup)
{
    (void)setup;
}

enum status setup_ask_untold(struct setup *setup, struct error *err)
{
    (void)err;
    setup_find(setup, SETUP_NOTE,
               "where %s posts to, it does not tell: compare with \"omgw bridges "
               "connect %s\"",
               setup->plan->peer, setup->bridge->name);
    return STATUS_DUPLICATE;
}

static enum status ask_nothing(struct setup *setup, struct error *err)
{
    (void)err;
    setup_find(setup, SETUP_NOTE,
               "omgw can neither connect nor check this one: see its page in "
               "docs/channels");
    return STATUS_DUPLICATE;
}

bool setup_told_nothing(struct setup *setup, const struct reply *reply,
                        const struct json *body)
{
    (void)setup;
    (void)reply;
    (void)body;
    return false;
}

static const struct setup_stage no_stages[] = {
    {SETUP_ALWAYS, "channel", ask_nothing, setup_told_nothing},
};

const struct setup_plan setup_none = {
    .peer = "the channel",
    .values = setup_no_values,
    .stages = no_stages,
    .stage_count = COUNT_OF(no_stages),
};
