/*
 * reply: from a peer's HTTP status to what an attempt came to, by a table of rules.
 *
 * Every sender brings its own rules, each with its Source; what a reply that never came
 * means is the same for all. Pure; any thread.
 */
#pragma once

#include "gateway/sender.h"

struct reply_rule {
    int64_t first; /* HTTP statuses, or codes of the service's own; both included */
    int64_t last;
    enum outcome outcome;
    enum reason_code reason_code; /* of refusals */
    enum pause_scope pause;       /* of OUTCOME_BROKEN */
    bool may_have_arrived; /* answered by something in between, or after the work */
    enum hold_scope holds; /* of OUTCOME_SLOW_DOWN */
    int64_t rest_ms;       /* likewise: how long where nothing is said; 0: see engine */
};

/* Rows of their tables. */
#define RULE(from, to, outcome_, reason)                                               \
    {                                                                                  \
        .first = (from), .last = (to), .outcome = (outcome_), .reason_code = (reason)  \
    }
#define RULE_OUTCOME(from, to, outcome_) RULE(from, to, outcome_, REASON_GENERAL_ERROR)
#define RULE_BREAKS(from, to, scope)                                                   \
    {                                                                                  \
        .first = (from), .last = (to), .outcome = OUTCOME_BROKEN, .pause = (scope)     \
    }
/* To be repeated, though it may have arrived. */
#define RULE_MAYBE(from, to)                                                           \
    {                                                                                  \
        .first = (from), .last = (to), .outcome = OUTCOME_RETRY,                       \
        .may_have_arrived = true                                                       \
    }
/* Said of one contact. */
#define RULE_HOLDS(from, to, rest_ms_)                                                 \
    {                                                                                  \
        .first = (from), .last = (to), .outcome = OUTCOME_SLOW_DOWN,                   \
        .reason_code = REASON_RATE_LIMITED, .holds = HOLD_CONTACT,                     \
        .rest_ms = (rest_ms_)                                                          \
    }

/* The first rule for that status, or code; NULL when there is none. */
const struct reply_rule *reply_rule_find(const struct reply_rule *rules, size_t count,
                                         int64_t status);
/*
 * For statuses that mean several things, told apart by what the peer says, which is no
 * contract: the first row of that status whose words, compared without the case of
 * ASCII, are in it, or that has none (NULL).
 */
struct reply_words_rule {
    const char *words;
    struct reply_rule rule;
};
#define RULE_WORDS(words_, ...)                                                        \
    {                                                                                  \
        .words = (words_), .rule = __VA_ARGS__                                         \
    }
const struct reply_rule *reply_words_rule_find(const struct reply_words_rule *rules,
                                               size_t count, int status,
                                               struct str said);
bool reply_is_success(const struct reply *reply);
/*
 * Fills *out but for what a success brings. `rule` is that of an ANSWER's status and
 * may be NULL for other replies. The reason names the peer: "the partner answered 404".
 */
void reply_judge(const struct reply *reply, const struct reply_rule *rule,
                 const char *peer, struct arena *arena, struct sender_result *out);
/* The same by a rule, where an answer says more than its status: all but the reason. */
void reply_apply(const struct reply_rule *rule, struct sender_result *out);
/* The peer took a request, but its answer does not say what came of it. The reason
 * stays, where there is one. */
void reply_says_nothing(const char *peer, struct arena *arena,
                        struct sender_result *out);
/*
 * The body of a success as JSON, the caller's; NULL: it is none. Where there is no
 * memory to read it, the answer is as good as lost: *out becomes UNKNOWN if the bridge
 * repeats then; else the ids in it are lost, and the success counts.
 */
struct json *reply_read(const struct reply *reply, const struct attempt *attempt,
                        struct sender_result *out);
/* The same of any other answer: NULL as well without memory, as its status says enough.
 */
struct json *reply_read_refusal(const struct reply *reply);
/*
 * What a peer said, for a reason: one line, whatever it held, cut between two code
 * points at LIMIT_REASON_BYTES. Lives in the arena.
 */
struct str reply_line(struct str said, struct arena *arena);
/* Adds it to the reason of what was no success: "the partner answered 404: <said>". */
void reply_explain(struct sender_result *out, struct str said, struct arena *arena);
