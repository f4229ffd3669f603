/*
 * inbound_reply: the kinds of requests, and what the platform's answers to them mean.
 */
#include "internal.h"

#include "gateway/member.h"
#include "gateway/reply.h"

/* Source: genesys/open-messaging.md section 3.9; design.md section 6, "Outcomes"; read
 * 2026-11-21. 408 and 504 are said after the platform has begun to work. */
static const struct reply_rule shared_rules[] = {
    RULE_OUTCOME(200, 299, OUTCOME_DONE),
    RULE_BREAKS(300, 399, PAUSE_ORGANISATION),
    RULE(400, 400, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
    RULE_BREAKS(401, 401, PAUSE_ORGANISATION),
    RULE_BREAKS(403, 403, PAUSE_ORGANISATION),
    RULE(404, 404, OUTCOME_REFUSED_MESSAGE, REASON_UNKNOWN_MESSAGE),
    RULE_BREAKS(405, 405, PAUSE_ORGANISATION),
    RULE_MAYBE(408, 408),
    RULE_OUTCOME(409, 409, OUTCOME_ACCEPTED_DUPLICATE),
    RULE(413, 413, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
    RULE(415, 415, OUTCOME_REFUSED_MESSAGE, REASON_UNSUPPORTED_MESSAGE),
    RULE(422, 422, OUTCOME_REFUSED_MESSAGE, REASON_MESSAGE_NOT_ALLOWED),
    RULE_OUTCOME(429, 429, OUTCOME_SLOW_DOWN),
    RULE_OUTCOME(400, 499, OUTCOME_REFUSED_MESSAGE),
    RULE_MAYBE(502, 502),
    RULE_MAYBE(504, 504),
    RULE_OUTCOME(0, INT32_MAX, OUTCOME_RETRY),
};

/* The integration itself is not there. */
static const struct reply_rule message_rules[] = {
    RULE_BREAKS(404, 404, PAUSE_BRIDGE_TO_GENESYS),
    RULE_BREAKS(410, 410, PAUSE_BRIDGE_TO_GENESYS),
};

/* The conversation is over already, which is what was wanted. */
static const struct reply_rule disconnect_rules[] = {
    RULE_OUTCOME(404, 404, OUTCOME_DONE),
    RULE_OUTCOME(409, 410, OUTCOME_DONE),
};

static void take_message(const struct attempt *attempt, const struct reply *reply,
                         struct sender_result *out);
static void take_receipt(const struct attempt *attempt, const struct reply *reply,
                         struct sender_result *out);
static void take_nothing(const struct attempt *attempt, const struct reply *reply,
                         struct sender_result *out);

const struct inbound_call inbound_text_call = {
    .rules = message_rules,
    .rule_count = COUNT_OF(message_rules),
    .take = take_message,
};
/* A file that the platform does not want is better than no message.
 * Source: section 3.4. */
const struct inbound_call inbound_file_call = {
    .rules = message_rules,
    .rule_count = COUNT_OF(message_rules),
    .gives_way = {400, 413, 415, 422},
    .way = STEP_GOES_AS_LINK,
    .take = take_message,
};
const struct inbound_call inbound_answer_call = {
    .gives_way = {400, 404},
    .way = STEP_GOES_AS_TEXT,
    .take = take_message,
};
/* A client without the permission to disconnect can still write. */
const struct inbound_call inbound_disconnect_call = {
    .rules = disconnect_rules,
    .rule_count = COUNT_OF(disconnect_rules),
    .gives_way = {400, 403},
    .way = STEP_GOES_AS_TEXT,
    .take = take_nothing,
};
const struct inbound_call inbound_receipt_call = {.take = take_receipt};
const struct inbound_call inbound_typing_call = {.take = take_nothing};

/* Source: genesys/open-messaging.md section 3.3. A 2xx stays one whatever its body
 * holds. */
static void take_message(const struct attempt *attempt, const struct reply *reply,
                         struct sender_result *out)
{
    CLEANUP(json_freep) struct json *body = reply_read(reply, attempt, out);
    struct keeper keep = {.arena = attempt->arena};

    (void)member_id(body, "id", &keep, &out->provider_id);
    (void)member_id(body, "conversationId", &keep, &out->genesys_conversation_id);
}

/* Source: genesys/open-messaging.md section 5.1: the answer may itself say Failed; to a
 * receipt that says it, it is the echo, unless for another reason. */
static void take_receipt(const struct attempt *attempt, const struct reply *reply,
                         struct sender_result *out)
{
    CLEANUP(json_freep) struct json *body = reply_read(reply, attempt, out);

    if (!str_is(member_text(body, "status"), "Failed"))
        return;
    struct str code = member_text(json_first(json_get(body, "reasons")), "code");
    if (code.len == 0)
        code = STR("no reason");
    const struct event *said = &attempt->delivery->event;
    if (said->receipt_status == MESSAGE_FAILED && str_equal(said->reason_code, code))
        return;
    out->peer_reports_failure = true;
    out->reason =
        reply_line(arena_printf(attempt->arena, "%s took the receipt as failed: %.*s",
                                GENESYS_PEER, STR_ARG(code)),
                   attempt->arena);
}

static void take_nothing(const struct attempt *attempt, const struct reply *reply,
                         struct sender_result *out)
{
    (void)attempt;
    (void)reply;
    (void)out;
}

/* ---- an answer ---- */

void inbound_judge(const struct inbound_call *call, const struct attempt *attempt,
                   const struct reply *reply, struct sender_result *out)
{
    const struct reply_rule *rule =
        reply_rule_find(call->rules, call->rule_count, reply->status);

    if (rule == NULL)
        rule = reply_rule_find(shared_rules, COUNT_OF(shared_rules), reply->status);
    reply_judge(reply, rule, GENESYS_PEER, attempt->arena, out);
    if (!outcome_is_success(out->outcome))
        genesys_explain(reply, attempt->arena, out);
    else if (reply_is_success(reply))
        call->take(attempt, reply, out);
}

bool inbound_gives_way(const struct inbound_call *call, const struct reply *reply)
{
    for (size_t i = 0; i < COUNT_OF(call->gives_way); i++)
        if (reply->kind == REPLY_ANSWER && call->gives_way[i] == reply->status)
            return true;
    return false;
}
