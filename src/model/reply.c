#include "gateway/reply.h"

#include <assert.h>
#include <string.h>

#include "gateway/arena.h"
#include "gateway/json.h"
#include "gateway/limits.h"

const struct reply_rule *reply_rule_find(const struct reply_rule *rules, size_t count,
                                         int64_t status)
{
    for (size_t i = 0; i < count; i++)
        if (status >= rules[i].first && status <= rules[i].last)
            return &rules[i];
    return NULL;
}

const struct reply_rule *reply_words_rule_find(const struct reply_words_rule *rules,
                                               size_t count, int status,
                                               struct str said)
{
    for (size_t i = 0; i < count; i++)
        if (status >= rules[i].rule.first && status <= rules[i].rule.last &&
            (rules[i].words == NULL || str_holds_nocase(said, str_of(rules[i].words))))
            return &rules[i].rule;
    return NULL;
}

bool reply_is_success(const struct reply *reply)
{
    return reply->kind == REPLY_ANSWER && reply->status >= 200 && reply->status <= 299;
}

void reply_apply(const struct reply_rule *rule, struct sender_result *out)
{
    out->outcome = rule->outcome;
    out->reason_code = rule->reason_code;
    out->pause = rule->pause;
    out->may_have_arrived = rule->may_have_arrived;
    out->holds = rule->holds;
    if (rule->rest_ms > 0 && out->retry_after_ms < 0)
        out->retry_after_ms = rule->rest_ms;
}

void reply_says_nothing(const char *peer, struct arena *arena,
                        struct sender_result *out)
{
    out->outcome = OUTCOME_UNKNOWN;
    out->may_have_arrived = true;
    if (out->reason.len == 0)
        out->reason =
            arena_printf(arena, "%s did not say whether it took the message", peer);
}

static void judge_answer(const struct reply *reply, const struct reply_rule *rule,
                         const char *peer, struct arena *arena,
                         struct sender_result *out)
{
    assert(rule != NULL);
    out->http_status = reply->status;
    out->retry_after_ms = reply->retry_after_ms;
    reply_apply(rule, out);
    if (!outcome_is_success(rule->outcome))
        out->reason = arena_printf(arena, "%s answered %d", peer, reply->status);
}

void reply_judge(const struct reply *reply, const struct reply_rule *rule,
                 const char *peer, struct arena *arena, struct sender_result *out)
{
    switch (reply->kind) {
    case REPLY_ANSWER:
        judge_answer(reply, rule, peer, arena, out);
        return;
    case REPLY_NOT_SENT:
        out->outcome = OUTCOME_RETRY;
        out->reason = arena_printf(arena, "%s was not reached: %s", peer, reply->why);
        return;
    case REPLY_UNKNOWN:
    case REPLY_CANCELLED:
        out->outcome = OUTCOME_UNKNOWN;
        out->may_have_arrived = true;
        out->reason = arena_printf(arena, "%s did not answer: %s", peer, reply->why);
        return;
    }
}

struct json *reply_read(const struct reply *reply, const struct attempt *attempt,
                        struct sender_result *out)
{
    struct json *body = NULL;
    struct error err;
    enum status status = json_parse(reply->body, LIMIT_JSON_DEPTH, &body, &err);
    if (status != STATUS_RETRY || attempt->bridge->on_unknown != ON_UNKNOWN_REPEAT)
        return body;
    out->outcome = OUTCOME_UNKNOWN;
    out->may_have_arrived = true;
    out->reason = arena_printf(attempt->arena, "no memory to read the answer");
    return NULL;
}

struct json *reply_read_refusal(const struct reply *reply)
{
    struct json *body = NULL;
    if (reply->kind != REPLY_ANSWER || reply_is_success(reply) ||
        json_parse(reply->body, LIMIT_JSON_DEPTH, &body, NULL) != STATUS_OK)
        return NULL;
    return body;
}

/* C0, DEL, and C1, which UTF-8 begins with C2: each byte becomes a blank. */
static bool is_control(struct str s, size_t at)
{
    uint8_t byte = (uint8_t)s.ptr[at];
    uint8_t before = at > 0 ? (uint8_t)s.ptr[at - 1] : 0;
    uint8_t after = at + 1 < s.len ? (uint8_t)s.ptr[at + 1] : 0xff;

    return byte < 0x20 || byte == 0x7f || (byte == 0xc2 && after < 0xa0) ||
           (before == 0xc2 && byte < 0xa0);
}

struct str reply_line(struct str said, struct arena *arena)
{
    size_t len = said.len < LIMIT_REASON_BYTES ? said.len : LIMIT_REASON_BYTES;

    while (len > 0 && len < said.len && ((uint8_t)said.ptr[len] & 0xC0) == 0x80)
        len--;
    char *line = arena_alloc(arena, len + 1);
    if (len > 0)
        memcpy(line, said.ptr, len);
    for (size_t i = 0; i < len; i++) {
        if (is_control(said, i))
            line[i] = ' ';
    }
    return str_from(line, len);
}

void reply_explain(struct sender_result *out, struct str said, struct arena *arena)
{
    if (outcome_is_success(out->outcome) || said.len == 0)
        return;
    out->reason = reply_line(
        arena_printf(arena, "%.*s: %.*s", STR_ARG(out->reason), STR_ARG(said)), arena);
}
