/*
 * verdict: what an attempt's end means: for its delivery, whether it is given up; for
 * account, flow and bucket, what they learn of their peer.
 */
#include "internal.h"

#include "gateway/fault.h"
#include "gateway/log.h"
#include "retry.h"

bool verdict_is_failure(enum outcome outcome)
{
    return outcome == OUTCOME_RETRY || outcome == OUTCOME_UNKNOWN;
}

bool verdict_may_repeat(const struct run *run)
{
    struct capabilities can;
    const struct bridge *bridge = run->attempt.bridge;
    if (bridge->on_unknown == ON_UNKNOWN_REPEAT)
        return true;
    if (run->lane->flow->direction == DIRECTION_INBOUND)
        return false;
    bridge->channel->capabilities(bridge, &can);
    return can.has_idempotency_key;
}

int64_t verdict_age_ms(const struct run *run)
{
    const struct delivery *delivery = run->attempt.delivery;
    return delivery->age_ms + flow_active_ms(run->engine, run->lane->flow) -
           delivery->held_since_ms;
}

/* A failed attempt may be the last one. */
static void consider_giving_up(struct run *run)
{
    struct engine *engine = run->engine;
    struct lane *lane = run->lane;
    struct sender_result *result = &run->result;

    if (result->outcome == OUTCOME_UNKNOWN && !verdict_may_repeat(run)) {
        result->reason_code = REASON_GENERAL_ERROR;
        result->reason =
            arena_printf(run->arena, "no answer came, and this bridge does not repeat");
        result->outcome = OUTCOME_GIVEN_UP;
        return;
    }
    if (lane->failing_since_ms == 0) {
        lane->failing_since_ms = engine->now.mono_ms;
        lane->failed_at_count = run->account->successes;
    }
    const struct retry_state state = {
        .age_ms = verdict_age_ms(run),
        .failing_ms = engine->now.mono_ms - lane->failing_since_ms,
        .others_succeed = run->account->successes > lane->failed_at_count,
        .direction = lane->flow->direction,
    };
    const char *why = retry_gives_up(run->config, &state);
    if (why == NULL)
        return;
    FAULT_POINT("verdict.gives_up");
    result->reason_code = REASON_MESSAGE_EXPIRED;
    result->reason =
        arena_printf(run->arena, "given up (%s) after %u attempts: %.*s", why,
                     run->attempt.delivery->attempts + 1, STR_ARG(result->reason));
    result->outcome = OUTCOME_GIVEN_UP;
}

/* As long as the peer says; where it does not, longer each time. */
static int64_t pause_ms(const struct run *run, unsigned times)
{
    const struct config *config = run->engine->config;
    int64_t hint_ms = run->result.retry_after_ms;

    return hint_ms > 0
               ? hint_ms
               : retry_delay_ms(times, -1, config->retry.first, config->retry.ceiling);
}

/* Those that were under way when it was paused say nothing new. */
static void slow_down_account(struct run *run)
{
    struct account *account = run->account;
    int64_t now_ms = run->engine->now.mono_ms;

    if (now_ms >= account->bucket.paused_until_ms)
        account->slow_downs++;
    bucket_pause(&account->bucket, pause_ms(run, account->slow_downs), now_ms);
}

static void slow_down(struct run *run)
{
    enum hold_scope scope = run->result.holds;
    int64_t span_ms = pause_ms(run, run->attempt.delivery->attempts + 1);

    if (scope != HOLD_ACCOUNT)
        contact_hold(run->engine, run->lane, span_ms);
    if (scope == HOLD_ACCOUNT ||
        (scope == HOLD_PERHAPS_CONTACT &&
         account_hears_second_hold(run->engine, run->lane, span_ms)))
        slow_down_account(run);
}

/* What the outcome means for account, flow and bucket; before it is recorded. */
static void learn(struct run *run)
{
    struct engine *engine = run->engine;
    struct flow *flow = run->lane->flow;
    struct account *account = run->account;
    struct sender_result *result = &run->result;

    if (result->outcome == OUTCOME_SLOW_DOWN)
        slow_down(run);
    if (verdict_is_failure(result->outcome))
        account_failed(engine, account, run->lane);
    else
        account_works(engine, account);
    if (result->outcome == OUTCOME_BROKEN) {
        log_error("flow.paused", F_TEXT("bridge", run->attempt.bridge->name),
                  F_TEXT("direction", direction_name(flow->direction)),
                  F_STR("reason", result->reason));
        account_pause(engine, flow, result->pause);
    }
    if (!outcome_is_success(result->outcome))
        return;
    account->successes++;
    account->slow_downs = 0;
    if ((flow->pauses & FLOW_PROBED) == 0)
        return;
    run->report.ends_pause = true;
    flow_resume(engine, flow, FLOW_PAUSED_BRIDGE);
    for (size_t i = 0; i < engine->flow_count; i++)
        if (engine->flows[i]->account == account)
            flow_resume(engine, engine->flows[i], FLOW_PAUSED_ORGANISATION);
    log_warn("flow.resumed", F_TEXT("bridge", run->attempt.bridge->name),
             F_TEXT("direction", direction_name(flow->direction)));
}

void verdict_of(struct run *run)
{
    if (verdict_is_failure(run->result.outcome) &&
        run->lane->key.class != DELIVERY_TYPING)
        consider_giving_up(run);
    learn(run);
    run->may_have_arrived =
        run->result.outcome == OUTCOME_UNKNOWN || run->result.may_have_arrived;
}
