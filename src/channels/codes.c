#include "codes.h"

#include "gateway/reply.h"

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
    out->holds_contact = rule->holds_contact;
    out->may_have_arrived = false;
}
