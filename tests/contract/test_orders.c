/*
 * An operator's orders on every store: pauses, dead letters, bridges that are gone.
 */
#include "support/relay_world.h"

#include "gateway/limits.h"
#include "gateway/metrics.h"

#define WRITER_ROOM 64

static bool is_told;

static void told(struct order *order)
{
    (void)order;
    is_told = true;
}

static struct order *give_order(struct order order)
{
    struct relay_world *world = relay_world;
    struct order *own = arena_alloc(world->arena, sizeof(*own));
    *own = order;
    own->arena = world->arena;
    own->done = told;
    is_told = false;
    order_submit(world->relay, world->config, own);
    if (!is_told)
        (void)writer_step(world->writer, world->now);
    assert_true(is_told);
    return own;
}

static struct order *order_deliveries(enum order_verb verb, const int64_t *ids,
                                      size_t count)
{
    return give_order((struct order){.verb = verb,
                                     .bridge = STR("one"),
                                     .deliveries = ids,
                                     .delivery_count = count});
}

static int64_t metric(enum metric metric)
{
    return (int64_t)series_value(metrics_series(metric, "bridge=\"one\""));
}

/* The database, the process' own count and the metric agree. */
static void expect_counts(const char *when, int64_t pending, int64_t dead)
{
    expect_i64(when, pending, pending_now());
    expect_i64(when, dead, dead_now());
    expect_i64(when, pending, metric(METRIC_DELIVERIES_PENDING));
    expect_i64(when, dead, metric(METRIC_DEAD_LETTERS));
}

static enum message_status status_of(int64_t message)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    return message_now(message, arena).status;
}

/* A message of Ana's that was refused; the delivery's number. */
static int64_t die(const char *lines, bool is_outbound)
{
    expect_status("kept", STATUS_OK, is_outbound ? outbound(lines) : inbound(lines));
    int64_t id = offered(0)->id;
    report_outcome(offered(0), OUTCOME_REFUSED_MESSAGE, "");
    offers_clear();
    return id;
}

/* --- replay
 * ---------------------------------------------------------------------------------- */

static void replayed_dead_letter_goes_as_a_new_delivery(void **state)
{
    (void)state;
    int64_t id = die("m id-1 ana hello", false);
    char public_id[PUBLIC_ID_BYTES];
    memcpy(public_id, relay_world->public_id, sizeof(public_id));
    expect_status("behind it", STATUS_OK, inbound("m id-2 ana later"));
    offers_clear();
    expect_counts("dead", 1, 1);

    advance(1000);
    const struct order *order = order_deliveries(ORDER_REPLAY, &id, 1);
    expect_status("replay", STATUS_OK, order->status);
    expect_i64("changed", 1, (int64_t)order->changed);
    expect_i64("skipped", 0, (int64_t)order->skip_count);
    expect_counts("waits again", 2, 0);
    expect_i64("offers", 1, (int64_t)relay_world->offer_count);
    const struct delivery *again = offered(0);
    expect_true("at the tail", again->id > id + 1);
    expect_true("marked", again->is_replay);
    expect_str("the same id", public_id, str_of(again->public_id));
    expect_str("the same text", "hello", again->event.text);
    expect_i64("fresh", 0, again->attempts);
    expect_i64("young", 0, again->age_ms);

    report_outcome(again, OUTCOME_DONE, "g-1");
    expect_counts("delivered", 1, 0);
    expect_i64("status", MESSAGE_DELIVERED, status_of(again->message_id));
}

static void bulk_replay_keeps_the_order_it_is_given(void **state)
{
    int64_t ids[3];
    (void)state;
    ids[0] = die("m id-1 ana one", false);
    ids[1] = die("m id-2 ana two", false);
    ids[2] = die("m id-3 bob three", false);
    (void)order_deliveries(ORDER_REPLAY, ids, COUNT_OF(ids));
    expect_i64("offers", 3, (int64_t)relay_world->offer_count);
    expect_str("first", "one", offered(0)->event.text);
    expect_str("second", "two", offered(1)->event.text);
    expect_str("third", "three", offered(2)->event.text);
    expect_true("numbers follow", offered(0)->id < offered(1)->id);
}

static void replay_turns_the_agents_mark(void **state)
{
    (void)state;
    int64_t id = die("m id-1 ana hello", true);
    (void)order_deliveries(ORDER_REPLAY, &id, 1);
    struct delivery *again = delivery_copy(offered(0));
    offers_clear();
    expect_i64("still failed", MESSAGE_FAILED, status_of(again->message_id));
    report_outcome(again, OUTCOME_DONE, "p-1");
    expect_i64("delivered", MESSAGE_DELIVERED, status_of(again->message_id));
    expect_i64("the agent is told", 1, (int64_t)relay_world->offer_count);
    expect_i64("what", MESSAGE_DELIVERED, offered(0)->event.receipt_status);
    delivery_free(again);
}

static void replay_to_a_channel_that_reports_waits_for_it(void **state)
{
    (void)state;
    lines_settings.channel_reports = true;
    int64_t id = die("m id-1 ana hello", true);
    (void)order_deliveries(ORDER_REPLAY, &id, 1);
    struct delivery *again = delivery_copy(offered(0));
    offers_clear();
    report_outcome(again, OUTCOME_DONE, "p-1");
    expect_i64("taken is not delivered", MESSAGE_FAILED, status_of(again->message_id));
    expect_status("report", STATUS_OK, inbound("p r-1 ana p-1 delivered"));
    expect_i64("delivered", MESSAGE_DELIVERED, status_of(again->message_id));
    delivery_free(again);
}

static void replayed_message_is_told_to_the_channel_as_accepted(void **state)
{
    (void)state;
    lines_settings.wants_accepted = true;
    int64_t id = die("m id-1 ana hello", false);
    (void)order_deliveries(ORDER_REPLAY, &id, 1);
    struct delivery *again = delivery_copy(offered(0));
    offers_clear();
    report_outcome(again, OUTCOME_DONE, "g-1");
    expect_i64("told", 1, (int64_t)relay_world->offer_count);
    expect_i64("whom", DIRECTION_OUTBOUND, offered(0)->direction);
    expect_i64("not failed", MESSAGE_DELIVERED, offered(0)->event.receipt_status);
    delivery_free(again);
}

static void replay_that_dies_is_a_dead_letter_again(void **state)
{
    (void)state;
    int64_t id = die("m id-1 ana hello", true);
    (void)order_deliveries(ORDER_REPLAY, &id, 1);
    int64_t second = offered(0)->id;
    report_outcome(offered(0), OUTCOME_GIVEN_UP, "");
    expect_counts("again", 0, 1);
    offers_clear();
    const struct order *order = order_deliveries(ORDER_REPLAY, &second, 1);
    expect_i64("and can be replayed", 1, (int64_t)order->changed);
}

static void what_cannot_be_replayed_is_named(void **state)
{
    (void)state;
    expect_status("unreadable", STATUS_OK, outbound("u id-9 - ????"));
    expect_status("waiting", STATUS_OK, inbound("m id-1 ana hello"));
    int64_t waiting = offered(0)->id;
    offers_clear();
    int64_t dead = die("m id-2 bob hello", false);
    const int64_t ids[] = {1, waiting, dead, dead, 4711};
    const struct order *order = order_deliveries(ORDER_REPLAY, ids, COUNT_OF(ids));
    static const char *const whys[] = {"read", "ready", "dropped", "4711"};
    expect_status("the order", STATUS_OK, order->status);
    expect_i64("changed", 1, (int64_t)order->changed);
    expect_i64("skipped", COUNT_OF(whys), (int64_t)order->skip_count);
    for (size_t i = 0; i < COUNT_OF(whys) && i < order->skip_count; i++)
        if (i != 3) /* the model says it without the number */
            expect_true(whys[i], strstr(order->skips[i].why.ptr, whys[i]) != NULL);
    expect_i64("which", 4711, order->skips[3].delivery);
    expect_counts("the unreadable stays", 2, 1);
}

static void replay_of_a_bridge_that_is_gone_is_skipped(void **state)
{
    (void)state;
    int64_t id = die("m id-1 ana hello", false);
    struct bridge *bridge = &relay_world->config->bridges[0];
    int64_t row = bridge->row;
    bridge->row = 99;
    const struct order *order = order_deliveries(ORDER_REPLAY, &id, 1);
    bridge->row = row;
    expect_i64("changed", 0, (int64_t)order->changed);
    expect_true("why",
                strstr(order->skips[0].why.ptr, "bridge is not configured") != NULL);
    expect_counts("nothing moved", 0, 1);
}

/* --- drop
 * ---------------------------------------------------------------------------------- */

static void dropped_dead_letter_is_counted_no_more(void **state)
{
    (void)state;
    int64_t id = die("m id-1 ana hello", false);
    expect_counts("before", 0, 1);
    const struct order *order = order_deliveries(ORDER_DROP, &id, 1);
    expect_i64("changed", 1, (int64_t)order->changed);
    expect_counts("after", 0, 0);
    order = order_deliveries(ORDER_DROP, &id, 1);
    expect_i64("once only", 0, (int64_t)order->changed);
    expect_i64("and said", 1, (int64_t)order->skip_count);
    expect_counts("still", 0, 0);
}

/* --- pauses
 * ---------------------------------------------------------------------------------- */

static void add_pause(const struct pause *pause, void *context)
{
    buf_printf(context, "[%s %.*s %.*s %.*s]", pause_scope_name(pause->scope),
               STR_ARG(pause->name), STR_ARG(pause->set_by), STR_ARG(pause->reason));
}

static void expect_pauses(const char *when, const char *want)
{
    struct buf got;
    struct error err;
    buf_init(&got, 4096);
    expect_status("pauses", STATUS_OK,
                  store_pauses(relay_world->store, add_pause, &got, &err));
    expect_str(when, want, buf_str(&got));
    buf_release(&got);
}

#define BY_OPERATOR                                                                    \
    "[bridge_to_genesys one operator new number][bridge_to_channel one operator new "  \
    "number]"

static void report_pause(const struct delivery *delivery, enum outcome outcome,
                         bool ends)
{
    struct recorder recorder = relay_recorder(relay_world->relay);
    struct report report = {
        .delivery = delivery,
        .bridge = &relay_world->config->bridges[0],
        .outcome = outcome,
        .attempts = 1,
        .reason = STR("Genesys answered 401"),
        .pause = PAUSE_BRIDGE_TO_GENESYS,
        .ends_pause = ends,
        .started_ms = relay_world->now.wall_ms,
        .ended_ms = relay_world->now.wall_ms,
    };
    assert_true(recorder.reserve(recorder.context));
    recorder.record(recorder.context, &report);
    (void)writer_step(relay_world->writer, relay_world->now);
}

static struct order *order_bridge(enum order_verb verb, const char *name)
{
    return give_order((struct order){
        .verb = verb, .bridge = str_of(name), .reason = STR("new number")});
}

static void operators_pause_is_kept_and_told_to_the_engine(void **state)
{
    (void)state;
    expect_status("pause", STATUS_OK, order_bridge(ORDER_PAUSE, "one")->status);
    expect_pauses("kept", BY_OPERATOR);
    expect_i64("told once", 1, relay_world->order_count);
    expect_i64("what", BRIDGE_PAUSE, relay_world->ordered);
    expect_i64("of which", relay_world->config->bridges[0].row,
               relay_world->ordered_row);
    expect_status("resume", STATUS_OK, order_bridge(ORDER_RESUME, "one")->status);
    expect_pauses("gone", "");
    expect_i64("told", BRIDGE_RESUME, relay_world->ordered);
}

static void no_attempt_explains_or_ends_an_operators_pause(void **state)
{
    (void)state;
    expect_status("kept", STATUS_OK, inbound("m id-1 ana hello"));
    (void)order_bridge(ORDER_PAUSE, "one");
    report_pause(offered(0), OUTCOME_BROKEN, false);
    expect_pauses("broken meanwhile", BY_OPERATOR);
    report_pause(offered(0), OUTCOME_DONE, true);
    expect_pauses("went through meanwhile", BY_OPERATOR);
}

static void resume_ends_what_the_gateway_paused(void **state)
{
    (void)state;
    expect_status("kept", STATUS_OK, inbound("m id-1 ana hello"));
    report_pause(offered(0), OUTCOME_BROKEN, false);
    expect_pauses("broken", "[bridge_to_genesys one gateway Genesys answered 401]");
    (void)order_bridge(ORDER_RESUME, "one");
    expect_pauses("mended, says the operator", "");
}

static void unknown_bridge_is_not_paused(void **state)
{
    (void)state;
    const struct order *order = order_bridge(ORDER_PAUSE, "two");
    expect_status("pause", STATUS_NOT_FOUND, order->status);
    expect_true("names it", strstr(order->err.text, "two") != NULL);
    expect_pauses("none", "");
    expect_i64("nobody is told", 0, relay_world->order_count);
}

/* --- forget
 * ---------------------------------------------------------------------------------- */

static void forgotten_bridge_leaves_dead_letters(void **state)
{
    (void)state;
    expect_status("kept", STATUS_OK, inbound("m id-1 ana hello"));
    int64_t id = offered(0)->id;
    int64_t message = offered(0)->message_id;
    struct bridge *bridge = &relay_world->config->bridges[0];
    int64_t row = bridge->row;
    char name[] = "gone";
    char *kept = bridge->name;
    bridge->row = 99;
    bridge->name = name;
    const struct order *order = order_deliveries(ORDER_FORGET, &id, 1);
    expect_status("forget", STATUS_OK, order->status);
    expect_i64("changed", 1, (int64_t)order->changed);
    expect_i64("the engine forgets", BRIDGE_FORGET, relay_world->ordered);
    expect_i64("which", row, relay_world->ordered_row);
    bridge->row = row;
    bridge->name = kept;
    expect_counts("dead", 0, 1);
    expect_i64("failed", MESSAGE_FAILED, status_of(message));
}

static void configured_bridge_is_not_forgotten(void **state)
{
    (void)state;
    expect_status("kept", STATUS_OK, inbound("m id-1 ana hello"));
    int64_t id = offered(0)->id;
    expect_status("by its name", STATUS_CONFLICT,
                  order_deliveries(ORDER_FORGET, &id, 1)->status);
    const struct order *order = give_order((struct order){.verb = ORDER_FORGET,
                                                          .bridge = STR("gone"),
                                                          .deliveries = &id,
                                                          .delivery_count = 1});
    expect_i64("nor by another", 0, (int64_t)order->changed);
    expect_i64("skipped", 1, (int64_t)order->skip_count);
    expect_counts("nothing moved", 1, 0);
}

/* --- the writer
 * ---------------------------------------------------------------------------------- */

static void full_writer_refuses_the_order(void **state)
{
    (void)state;
    struct relay_world *world = relay_world;
    for (int i = 0; i < WRITER_ROOM; i++)
        assert_true(writer_reserve(world->writer));
    struct order *order = order_bridge(ORDER_PAUSE, "one");
    expect_status("busy", STATUS_RETRY, order->status);
    for (int i = 0; i < WRITER_ROOM; i++)
        writer_unreserve(world->writer);
    expect_pauses("none", "");
}

static const char *scheme;

static int set_up(void **state)
{
    (void)state;
    metrics_forget(METRIC_DEAD_LETTERS, "bridge=\"one\""); /* of the test before */
    metrics_forget(METRIC_DELIVERIES_PENDING, "bridge=\"one\"");
    relay_world_up(scheme);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    relay_world_down();
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    static const char *const schemes[] = {"memory:orders", "sqlite:"};
    const struct CMUnitTest tests[] = {
        TEST(replayed_dead_letter_goes_as_a_new_delivery),
        TEST(bulk_replay_keeps_the_order_it_is_given),
        TEST(replay_turns_the_agents_mark),
        TEST(replay_to_a_channel_that_reports_waits_for_it),
        TEST(replayed_message_is_told_to_the_channel_as_accepted),
        TEST(replay_that_dies_is_a_dead_letter_again),
        TEST(what_cannot_be_replayed_is_named),
        TEST(replay_of_a_bridge_that_is_gone_is_skipped),
        TEST(dropped_dead_letter_is_counted_no_more),
        TEST(operators_pause_is_kept_and_told_to_the_engine),
        TEST(no_attempt_explains_or_ends_an_operators_pause),
        TEST(resume_ends_what_the_gateway_paused),
        TEST(unknown_bridge_is_not_paused),
        TEST(forgotten_bridge_leaves_dead_letters),
        TEST(configured_bridge_is_not_forgotten),
        TEST(full_writer_refuses_the_order),
    };
    int failed = 0;
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        scheme = schemes[i];
        failed += cmocka_run_group_tests_name(scheme, tests, NULL, NULL);
    }
    return failed;
}
