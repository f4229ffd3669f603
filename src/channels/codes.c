#include "codes.h"

const struct code_rule *code_rule_find(const struct code_rule *rules, size_t count,
                                       int64_t code)
{
    for (size_t i = 0; i < count; i++)
        if (code >= rules[i].first && code <= rules[i].last)
            return &rules[i];
    return NULL;
}

void code_rule_apply(const struct code_rule *rule, int64_t code, struct str said,
                     struct arena *arena, struct sender_result *out)
{
    out->reason =
        reply_line(arena_printf(arena, "%.*s, code %lld: %.*s", STR_ARG(out->reason),
                                (long long)code, STR_ARG(said)),
                   arena);
    if (rule == NULL)
        return;
    out->outcome = rule->outcome;
    out->reason_code = rule->reason_code;
    out->pause = PAUSE_BRIDGE_TO_CHANNEL;
    out->holds = rule->holds;
    out->may_have_arrived = false;
}

/* ---- statuses ---- */

#define BROKEN(from, to)                                                               \
    {                                                                                  \
        .first = (from), .last = (to), .outcome = OUTCOME_BROKEN,                      \
        .pause = PAUSE_BRIDGE_TO_CHANNEL                                               \
    }
#define REFUSED(from, to, code)                                                        \
    {                                                                                  \
        .first = (from), .last = (to), .outcome = OUTCOME_REFUSED_MESSAGE,             \
        .reason_code = (code)                                                          \
    }
#define AGAIN(from, to, may_have)                                                      \
    {                                                                                  \
        .first = (from), .last = (to), .outcome = OUTCOME_RETRY,                       \
        .may_have_arrived = (may_have)                                                 \
    }

/* Source: design.md section 6, "Outcomes"; RFC 9110 section 15. */
static const struct reply_rule status_rules[] = {
    {.first = 200, .last = 299, .outcome = OUTCOME_DONE     },
    BROKEN(401, 401),
    BROKEN(403, 404),
    AGAIN(408, 408, true),
    REFUSED(413, 413, REASON_INVALID_MESSAGE_STRUCTURE),
    {.first = 429, .last = 429, .outcome = OUTCOME_SLOW_DOWN},
    REFUSED(400, 499, REASON_GENERAL_ERROR),
    AGAIN(502, 502, true),
    AGAIN(504, 504, true),
    AGAIN(0, INT32_MAX, false),
};

const struct reply_rule *status_rule_find(int status)
{
    return reply_rule_find(status_rules, COUNT_OF(status_rules), status);
}
