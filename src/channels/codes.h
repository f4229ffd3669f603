/*
 * codes: what a service's error codes mean, for every channel whose service tells them
 * apart by number: in a reply, and in a status that comes later. And what a reply means
 * that has none.
 */
#pragma once

#include "gateway/reply.h"

struct code_rule {
    int64_t first; /* codes, both included */
    int64_t last;
    enum outcome outcome;
    enum reason_code reason_code;
    enum hold_scope holds; /* of SLOW_DOWN */
};

/* The first rule for that code; NULL: it is not known. */
const struct code_rule *code_rule_find(const struct code_rule *rules, size_t count,
                                       int64_t code);
/*
 * Behind reply_judge: the code and what the service said of it go into the reason, and
 * its rule, where there is one, decides instead of the HTTP status.
 */
void code_rule_apply(const struct code_rule *rule, int64_t code, struct str said,
                     struct arena *arena, struct sender_result *out);

/* For replies in which the service says no more than the HTTP status: answered by
 * somebody in between, or no error of its own. There is one for every status. */
const struct reply_rule *status_rule_find(int status);
