#include "codes.h"

/* Source: design.md section 6, "Outcomes"; RFC 9110 section 15. */
static const struct reply_rule status_rules[] = {
    RULE_OUTCOME(200, 299, OUTCOME_DONE),
    RULE_BREAKS(401, 401, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(403, 404, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_MAYBE(408, 408),
    RULE(413, 413, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
    RULE_OUTCOME(429, 429, OUTCOME_SLOW_DOWN),
    RULE_OUTCOME(400, 499, OUTCOME_REFUSED_MESSAGE),
    RULE_MAYBE(502, 502),
    RULE_MAYBE(504, 504),
    RULE_OUTCOME(0, INT32_MAX, OUTCOME_RETRY),
};

const struct reply_rule *status_rule_find(int status)
{
    return reply_rule_find(status_rules, COUNT_OF(status_rules), status);
}

const struct reply_rule *status_rule_find_own(const struct reply_words_rule *own,
                                              size_t count, int status, struct str said)
{
    const struct reply_rule *rule = reply_words_rule_find(own, count, status, said);
    return rule == NULL ? status_rule_find(status) : rule;
}

void code_rule_apply(const struct reply_rule *rule, int64_t code, struct str said,
                     struct arena *arena, struct sender_result *out)
{
    out->reason =
        reply_line(arena_printf(arena, "%.*s, code %lld: %.*s", STR_ARG(out->reason),
                                (long long)code, STR_ARG(said)),
                   arena);
    if (rule != NULL)
        reply_apply(rule, out);
}
