/*
 * codes: what answers of services mean: the HTTP statuses that all share, what one says
 * otherwise, and codes in the body that say more than either.
 */
#pragma once

#include "gateway/reply.h"

/* For replies in which the service says no more than the HTTP status: answered by
 * somebody in between, or no error of its own. There is one for every status. */
const struct reply_rule *status_rule_find(int status);
/* The same after the service's own rules, told apart by what it said. */
const struct reply_rule *status_rule_find_own(const struct reply_words_rule *own,
                                              size_t count, int status,
                                              struct str said);
/*
 * Behind reply_judge: a code of the body and what the service said of it go into the
 * reason, and its rule, where there is one (else NULL), decides instead of the HTTP
 * status.
 */
void code_rule_apply(const struct reply_rule *rule, int64_t code, struct str said,
                     struct arena *arena, struct sender_result *out);
