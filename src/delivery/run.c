/*
 * run: one attempt from its start to its committed outcome. The sender says the next
 * exchange, the transport carries it, the recorder keeps the outcome; then the lane
 * goes on.
 */
#include "internal.h"

#include "gateway/fault.h"
#include "gateway/limits.h"
#include "gateway/memory.h"
#include "gateway/trace_context.h"
#include "retry.h"

/* --- the pool
 * ----------------------------------------------------------------------------- */

static struct run *run_take(struct engine *engine)
{
    struct run *run = engine->pool;
    struct arena *arena;
    if (run != NULL) {
        engine->pool = run->next;
        arena = run->arena;
        arena_reset(arena);
        memset(run, 0, sizeof(*run));
    } else {
        run = mem_new(sizeof(*run));
        arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    }
    run->kind = TOKEN_RUN;
    run->engine = engine;
    run->arena = arena;
    return run;
}

static void run_give(struct run *run)
{
    struct engine *engine = run->engine;
    config_drop(TAKE(run->config));
    run->next = engine->pool;
    engine->pool = run;
}

void runs_free_pool(struct engine *engine)
{
    while (engine->pool != NULL) {
        struct run *run = engine->pool;
        engine->pool = run->next;
        arena_free(run->arena);
        mem_free(run);
    }
}

/* --- the end of an attempt
 * --------------------------------------------------------------------- */

static void record(struct run *run)
{
    struct engine *engine = run->engine;

    run_report(run);
    run->recorded_ms = engine->now.mono_ms;
    run->next = NULL;
    *engine->recording_last = run;
    engine->recording_last = &run->next;
    engine->recording_count++;
    engine->settings.recorder.record(engine->settings.recorder.context, &run->report);
}

static void run_close(struct run *run)
{
    struct engine *engine = run->engine;

    run_end_probe(run);
    fetching_close(engine, run->attempt.delivery);
    engine->runs--;
    run_give(run);
}

/* Typing is not kept: whatever came of it, it is over. */
static void end_typing(struct run *run)
{
    struct lane *lane = run->lane;
    struct engine *engine = run->engine;
    engine->settings.recorder.unreserve(engine->settings.recorder.context);
    run_close(run);
    lane_pop(engine, lane);
    lane_settle(engine, lane);
}

static void run_ended(struct run *run)
{
    run->account->in_flight--;
    verdict_of(run);
    if (run->lane->key.class == DELIVERY_TYPING)
        end_typing(run);
    else
        record(run);
}

/* --- steps
 * -------------------------------------------------------------------------------------------
 */

static void park(struct run *run)
{
    struct account *account = run->account;
    run->next = account->parked;
    account->parked = run;
    credential_want(run->engine, account, run->attempt.bridge, run->config);
}

/* Every request is a span of its own in the message's trace. */
static void add_trace(struct run *run)
{
    const struct delivery *delivery = run->attempt.delivery;
    char *text = arena_alloc(run->arena, TRACEPARENT_BYTES + 1);

    traceparent_make(delivery->trace, str_of(delivery->public_id), &run->engine->random,
                     text);
    exchange_header(&run->result.exchange, STR("traceparent"), str_of(text));
}

static void note_flight(struct run *run)
{
    const struct delivery *delivery = run->attempt.delivery;
    struct flights *flights = run->engine->settings.flights;
    if (flights != NULL && run->flight == FLIGHTS_NONE &&
        delivery->class != DELIVERY_TYPING)
        run->flight = flights_put(flights, delivery->class, delivery->id);
}

static void end_flight(struct run *run)
{
    if (run->flight != FLIGHTS_NONE)
        flights_clear(run->engine->settings.flights, run->flight);
    run->flight = FLIGHTS_NONE;
}

static int64_t time_out_ms(const struct run *run)
{
    const struct exchange *exchange = &run->result.exchange;
    bool takes_a_file = exchange->file != NULL || exchange->has_file_link;

    return takes_a_file ? run->config->timeouts.media
                        : retry_time_out_ms(run->config, run->lane->flow->direction);
}

/* Sends what the sender asked for. */
static bool run_send(struct run *run, struct error *err)
{
    struct engine *engine = run->engine;
    struct account *account = run->account;
    run->attempt.credential_used = account->credential.generation;
    run->result.exchange.timeout_ms = time_out_ms(run);
    add_trace(run);
    note_flight(run);
    if (engine_start_exchange(engine, &run->result.exchange, run, err) != STATUS_OK) {
        end_flight(run);
        run->result.outcome = OUTCOME_RETRY;
        run->result.reason = arena_copy(run->arena, str_of(err->text));
        return false;
    }
    FAULT_POINT("run.sent");
    account_spend(engine, account);
    contact_spend(engine, run->lane);
    return true;
}

/* Where a message must not be heard twice, its sending is committed before it begins:
 * after a crash nobody knows whether it arrived. */
static bool needs_mark(const struct run *run)
{
    return run->lane->key.class == DELIVERY_MESSAGE && !run->is_marked &&
           !verdict_may_repeat(run);
}

static void run_mark(struct run *run)
{
    FAULT_POINT("run.marks");
    run->is_marked = true;
    run->result.outcome = OUTCOME_SENDING;
    record(run);
}

static void run_step(struct run *run, const struct reply *reply)
{
    struct engine *engine = run->engine;
    struct account *account = run->account;
    struct error err;

    account_check_token(engine, account);
    memset(&run->result, 0, sizeof(run->result));
    run->result.retry_after_ms = -1;
    switch (account->sender->next(&run->attempt, reply, engine->now, &run->result)) {
    case SENDER_EXCHANGE:
        if (needs_mark(run)) {
            run_mark(run);
            return;
        }
        if (run_send(run, &err))
            return;
        break;
    case SENDER_NEED_CREDENTIAL:
        park(run);
        return;
    case SENDER_PROGRESS:
        run->result.outcome = OUTCOME_PROGRESS;
        break;
    case SENDER_OUTCOME:
        break;
    }
    run_ended(run);
}

void run_answered(struct run *run, const struct reply *reply)
{
    FAULT_POINT("run.answered");
    run_step(run, reply);
}

void run_unpark_all(struct engine *engine, struct account *account,
                    const struct sender_result *failed)
{
    struct run *run = TAKE(account->parked);
    (void)engine;
    while (run != NULL) {
        struct run *next = run->next;
        run->next = NULL;
        if (failed == NULL) {
            run_step(run, NULL);
        } else {
            memset(&run->result, 0, sizeof(run->result));
            run->result.outcome =
                failed->outcome == OUTCOME_UNKNOWN ? OUTCOME_RETRY : failed->outcome;
            run->result.http_status = failed->http_status;
            run->result.retry_after_ms = failed->retry_after_ms;
            run->result.pause = failed->pause;
            run->result.reason = arena_copy(run->arena, failed->reason);
            run_ended(run);
        }
        run = next;
    }
}

/* --- start
 * ----------------------------------------------------------------------------------------------
 */

/* The gateway died while this was being sent, and the bridge does not repeat. */
static void end_interrupted(struct run *run)
{
    run->result.outcome = OUTCOME_GIVEN_UP;
    run->result.reason_code = REASON_GENERAL_ERROR;
    run->result.reason = STR(
        "the gateway ended while this was being sent, and this bridge does not repeat");
    run_ended(run);
}

bool run_start(struct engine *engine, struct lane *lane)
{
    struct delivery *head = lane_head(engine, lane);
    if (head == NULL && lane->overflowed) {
        lane_wait(engine, lane, engine->now.mono_ms + REFILL_RETRY_MS);
        return true;
    }
    if (head == NULL || typing_is_stale(engine, head)) {
        if (head != NULL)
            lane_pop(engine, lane);
        lane_settle(engine, lane);
        return true;
    }
    int64_t wait_ms = contact_wait_ms(engine, lane);
    if (wait_ms > 0) {
        lane_wait(engine, lane, engine->now.mono_ms + wait_ms);
        return true;
    }
    wait_ms = fetching_wait_ms(engine, head);
    if (wait_ms > 0) {
        lane->waits_for_files = true;
        lane_wait(engine, lane, engine->now.mono_ms + wait_ms);
        return true;
    }
    FAULT_POINT("run.before_start");
    if (!engine->settings.recorder.reserve(engine->settings.recorder.context)) {
        lane_ready(engine, lane);
        return false;
    }
    struct run *run = run_take(engine);
    run->lane = lane;
    run->account = lane->flow->account;
    run->config = config_hold(engine->config);
    run->started = engine->now;
    run->attempt = (struct attempt){
        .delivery = head,
        .bridge = config_bridge_of_row(engine->config, head->bridge_row),
        .credential = &run->account->credential,
        .arena = run->arena,
        .parts_done = head->parts_done,
    };
    if (head->class == DELIVERY_TYPING)
        run->attempt.heard_id = heard_find(engine, head);
    run->attempt.files = fetching_open(engine, head, run->attempt.bridge);
    if (head->may_have_arrived) {
        head->possible_duplicates++;
        run->report.is_possible_duplicate = true;
    }
    lane->state = LANE_BUSY;
    run_probe(run);
    run->account->in_flight++;
    engine->runs++;
    if (head->was_sending && !verdict_may_repeat(run))
        end_interrupted(run);
    else
        run_step(run, NULL);
    return true;
}

/* --- the report is back
 * --------------------------------------------------------------------------------- */

static int64_t wait_of(struct run *run)
{
    struct engine *engine = run->engine;
    const struct config *config = engine->config;
    int64_t hint_ms = run->result.retry_after_ms;
    int64_t longest = retry_delay_ms(run->attempt.delivery->attempts, hint_ms,
                                     config->retry.first, config->retry.ceiling);
    int64_t least = hint_ms > 0 ? hint_ms : 0;
    return least +
           (int64_t)random_below(&engine->random, (uint64_t)(longest - least) + 1);
}

/* The head goes again, later or as soon as its peer lets it. */
static void again(struct run *run)
{
    struct engine *engine = run->engine;
    struct lane *lane = run->lane;
    bool stays_ready = !verdict_is_failure(run->result.outcome) ||
                       run->account->is_down || lane->flow->pauses != 0;
    int64_t wait_ms = stays_ready ? 0 : wait_of(run);

    lane->first->may_have_arrived = run->may_have_arrived;
    run_close(run);
    lane_unload(engine, lane);
    if (stays_ready)
        lane_ready(engine, lane);
    else
        lane_wait(engine, lane, engine->now.mono_ms + wait_ms);
}

/* An attempt goes on only where it can send and its end can be kept: not once the
 * transport is cut, for then the writer has stopped too. */
static bool can_go_on(const struct engine *engine)
{
    const struct recorder *recorder = &engine->settings.recorder;
    return engine->transport != NULL && recorder->reserve(recorder->context);
}

/* A part is committed: the same attempt goes on with the next one, unless its turn is
 * later or there is no room to record it. */
static void next_part(struct run *run)
{
    struct engine *engine = run->engine;
    struct account *account = run->account;

    if (contact_wait_ms(engine, run->lane) > 0 ||
        account_pace_wait_ms(engine, account) > 0 || !can_go_on(engine)) {
        run->result.outcome = OUTCOME_SLOW_DOWN;
        again(run);
        return;
    }
    FAULT_POINT("run.next_part");
    run->started = engine->now; /* each part is reported by itself */
    run->attempt.parts_done++;
    run->is_marked = false;
    run->attempt.kept = NULL;
    arena_reset(run->arena); /* nothing of a committed part is needed any more */
    memset(&run->report, 0, sizeof(run->report));
    account->in_flight++;
    run_step(run, NULL);
}

/* The mark is committed: now it may be sent. */
static void send_marked(struct run *run)
{
    struct error err;
    bool is_possible_duplicate = run->report.is_possible_duplicate;

    if (!can_go_on(run->engine)) {
        run->account->in_flight--;
        again(
            run); /* the mark stays; the next attempt of this process writes it anew */
        return;
    }
    memset(&run->report, 0, sizeof(run->report));
    run->report.is_possible_duplicate = is_possible_duplicate;
    if (!run_send(run, &err))
        run_ended(run);
}

/* Mostly the first. One whose job fell out of its transaction comes behind later ones.
 */
static void recording_remove(struct engine *engine, struct run *run)
{
    struct run **link = &engine->recording;
    while (*link != run)
        link = &(*link)->next;
    *link = run->next;
    if (run->next == NULL)
        engine->recording_last = link;
    engine->recording_count--;
    run->next = NULL;
}

void run_recorded(struct run *run)
{
    struct engine *engine = run->engine;
    struct lane *lane = run->lane;
    struct delivery *head = lane->first;

    recording_remove(engine, run);
    if (run->report.is_stale) {
        if (run->report.outcome == OUTCOME_SENDING)
            run->account->in_flight--;
        run_close(run);
        lane_forget(engine, lane);
        return;
    }
    end_flight(run); /* what is committed tells the rest */
    head->attempts = run->report.attempts;
    head->parts_done = run->report.parts_done;
    if (run->report.outcome == OUTCOME_PROGRESS) {
        next_part(run);
        return;
    }
    if (run->report.outcome == OUTCOME_SENDING) {
        send_marked(run);
        return;
    }
    if (delivery_is_pending(delivery_after(run->report.outcome))) {
        again(run);
        return;
    }
    run_close(run);
    lane_pop(engine, lane);
    lane_settle(engine, lane);
}
