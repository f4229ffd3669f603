/*
 * credential: one token exchange at a time per account; attempts that need it wait
 * parked.
 */
#include "internal.h"

#include "gateway/fault.h"
#include "gateway/limits.h"
#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"
#include "retry.h"

/* Two short names. */
#define LABELS_BYTES 160

static void fetch_free(struct token_fetch *fetch)
{
    arena_free(fetch->arena);
    config_drop(fetch->config);
    mem_free(fetch);
}

static struct series *token_requests(const struct account *account,
                                     enum outcome outcome)
{
    char labels[LABELS_BYTES];
    (void)snprintf(labels, sizeof(labels), "account=\"%s\",outcome=\"%s\"",
                   account->name, outcome_name(outcome));
    return metrics_series(METRIC_TOKEN_REQUESTS, labels);
}

void credential_announce(const struct account *account)
{
    static const enum outcome outcomes[] = {OUTCOME_DONE, OUTCOME_RETRY,
                                            OUTCOME_SLOW_DOWN, OUTCOME_UNKNOWN,
                                            OUTCOME_BROKEN};
    for (size_t i = 0; i < COUNT_OF(outcomes); i++)
        (void)token_requests(account, outcomes[i]);
}

static void fetch_ended(struct token_fetch *fetch)
{
    struct engine *engine = fetch->engine;
    struct account *account = fetch->account;
    const struct sender_result *result = &fetch->result;

    FAULT_POINT("credential.answered");
    account->fetch = NULL;
    account->in_flight--;
    series_add(token_requests(account, result->outcome), 1);
    if (result->outcome == OUTCOME_DONE) {
        account_set_token(engine, account, result->token, result->lifetime_ms);
        log_info("credential.fetched", F_TEXT("account", account->name),
                 F_MS("lifetime", result->lifetime_ms));
        run_unpark_all(engine, account, NULL);
    } else {
        log_warn("credential.failed", F_TEXT("account", account->name),
                 F_TEXT("outcome", outcome_name(result->outcome)),
                 F_I64("status", result->http_status), F_STR("reason", result->reason));
        /* A refresh ahead of time may fail: the old token still serves, ask again soon.
         */
        if (account->token != NULL)
            account->refresh_due_ms = engine->now.mono_ms + engine->config->retry.first;
        run_unpark_all(engine, account, result);
    }
    fetch_free(fetch);
}

static void fetch_step(struct token_fetch *fetch, const struct reply *reply)
{
    struct error err;
    memset(&fetch->result, 0, sizeof(fetch->result));
    fetch->result.retry_after_ms = -1;
    enum sender_step step = fetch->account->sender->credential_next(
        fetch->bridge, fetch->arena, reply, fetch->engine->now, &fetch->result);
    if (step == SENDER_EXCHANGE) {
        fetch->result.exchange.timeout_ms =
            retry_time_out_ms(fetch->config, fetch->account->direction);
        if (engine_start_exchange(fetch->engine, &fetch->result.exchange, fetch,
                                  &err) == STATUS_OK)
            return;
        fetch->result.outcome = OUTCOME_RETRY;
        fetch->result.reason = arena_copy(fetch->arena, str_of(err.text));
    }
    fetch_ended(fetch);
}

void credential_want(struct engine *engine, struct account *account,
                     const struct bridge *bridge, struct config *config)
{
    if (account->fetch != NULL)
        return;
    struct token_fetch *fetch = mem_new(sizeof(*fetch));
    fetch->kind = TOKEN_CREDENTIAL;
    fetch->engine = engine;
    fetch->account = account;
    fetch->config = config_hold(config);
    fetch->bridge = bridge;
    fetch->arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    account->fetch = fetch;
    account->in_flight++;
    account->refresh_due_ms = INT64_MAX;
    fetch_step(fetch, NULL);
}

void credential_answered(struct token_fetch *fetch, const struct reply *reply)
{
    fetch_step(fetch, reply);
}
