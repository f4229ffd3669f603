/*
 * What holds a flow back: an operator, a broken peer, a bridge that is not configured.
 */
#include "support/engine_world.h"

#include "gateway/metrics.h"

static void order(struct engine_world *world, enum bridge_order word)
{
    struct dispatcher dispatcher = engine_dispatcher(world->engine);
    dispatcher.order(dispatcher.context, 1, word);
}

static void keep_pause(struct engine_world *world, const char *set_by)
{
    struct error err;
    const struct pause pause = {.scope = PAUSE_BRIDGE_TO_GENESYS,
                                .name = STR("one"),
                                .reason = STR("of the test"),
                                .set_by = str_of(set_by)};
    expect_status("begin", STATUS_OK, store_begin(world->store, &err));
    expect_status("pause", STATUS_OK, store_pause_set(world->store, &pause, &err));
    expect_status("commit", STATUS_OK, store_commit(world->store, &err));
}

static int64_t shown(const char *labels)
{
    return (int64_t)series_value(metrics_series(METRIC_PAUSED, labels));
}

static void operator_holds_a_bridge_until_it_is_resumed(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_offer_on(world, 2, 2, 2);
    order(world, BRIDGE_PAUSE);
    world_step(world);
    expect_i64("the other bridge goes on", 1, (int64_t)world->flight_count);
    expect_i64("which", 2, world_flight_id(world, 0));
    expect_i64("shown", 1, shown("bridge=\"one\",scope=\"bridge_to_genesys\""));
    expect_i64("both ways", 1, shown("bridge=\"one\",scope=\"bridge_to_channel\""));
    expect_i64("the other is not", 0,
               shown("bridge=\"two\",scope=\"bridge_to_genesys\""));

    world_advance(world, 10 * WORLD_PROBE_MS);
    world_step(world);
    expect_i64("nothing is tried meanwhile", 1, (int64_t)world->flight_count);

    order(world, BRIDGE_RESUME);
    world_step(world);
    expect_i64("at once", 2, (int64_t)world->flight_count);
    expect_i64("shown", 0, shown("bridge=\"one\",scope=\"bridge_to_genesys\""));
    world_answer(world, 1, 503);
    expect_i64("retry", OUTCOME_RETRY, world_commit(world));
    expect_i64("the pause ages nothing", 0, world->last_report.age_ms);
}

static void what_is_under_way_does_not_end_an_operators_pause(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_offer(world, 1, 2);
    world_step(world);
    order(world, BRIDGE_PAUSE);
    world_step(world);
    world_answer(world, 0, 200);
    expect_i64("it ends well", OUTCOME_DONE, world_commit(world));
    assert_false(world->last_report.ends_pause);
    world_step(world);
    expect_i64("the next one is held", 0, (int64_t)world->flight_count);
}

static void operator_ends_a_pause_of_the_gateway_before_its_probe(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_step(world);
    world_answer(world, 0, 403);
    expect_i64("broken", OUTCOME_BROKEN, world_commit(world));
    world_step(world);
    expect_i64("held", 0, (int64_t)world->flight_count);
    order(world, BRIDGE_RESUME);
    world_step(world);
    expect_i64("tried at once", 1, (int64_t)world->flight_count);
}

static void only_a_pause_of_the_gateway_is_probed_after_a_restart(void **state)
{
    static const struct {
        const char *set_by;
        int64_t want;
    } cases[] = {
        {PAUSED_BY_GATEWAY, 1},
        {"operator",        0},
    };
    struct engine_world *world = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        keep_pause(world, cases[i].set_by);
        world_crash(world);
        world_offer(world, 1, 1);
        world_step(world);
        expect_i64(cases[i].set_by, cases[i].want, (int64_t)world->flight_count);
    }
}

static void pause_of_a_bridge_configured_later_is_found(void **state)
{
    struct engine_world *world = *state;
    struct bridge *bridge = &world->config->bridges[0];
    keep_pause(world, "operator");
    bridge->row = 99;
    world_crash(world);
    world_offer(world, 1, 1);
    world_step(world);
    expect_i64("not configured", 0, (int64_t)world->flight_count);
    bridge->row = 1;
    engine_adopt(world->engine, world->config);
    world_step(world);
    expect_i64("still paused", 0, (int64_t)world->flight_count);
    order(world, BRIDGE_RESUME);
    world_step(world);
    expect_i64("known and resumed", 1, (int64_t)world->flight_count);
}

static void bridge_configured_later_is_served_by_its_organisation(void **state)
{
    struct engine_world *world = *state;
    struct bridge *bridge = &world->config->bridges[0];
    bridge->row = 99;
    world_crash(world); /* it starts with deliveries of a bridge it does not know */
    world_offer(world, 1, 1);
    world_step(world);
    expect_i64("not configured", 0, (int64_t)world->flight_count);
    bridge->row = 1;
    engine_adopt(world->engine, world->config);
    world_step(world);
    expect_i64("served", 1, (int64_t)world->flight_count);
    world_answer(world, 0, 200);
    expect_i64("done", OUTCOME_DONE, world_commit(world));
}

static void forgotten_bridge_leaves_nothing_behind(void **state)
{
    struct engine_world *world = *state;
    struct bridge *bridge = &world->config->bridges[0];
    world_offer(world, 1, 1); /* will wait after a failure */
    world_offer(world, 2, 2); /* under way meanwhile */
    world_step(world);
    world_answer(world, 0, 503);
    expect_i64("retry", OUTCOME_RETRY, world_commit(world));
    world_step(world);
    world_offer(world, 3, 3);
    bridge->row = 99;
    engine_adopt(world->engine, world->config);
    world_step(world);
    order(world, BRIDGE_FORGET);
    world_step(world);
    world_answer(world, 0, 200);
    expect_i64("what was under way ends", OUTCOME_DONE, world_commit(world));
    world_step(world);
    bridge->row = 1;
    engine_adopt(world->engine, world->config);
    world_advance(world, WORLD_PROBE_MS);
    world_step(world);
    expect_i64("nothing is left", 0, (int64_t)world->flight_count);
    assert_true(engine_is_quiet(world->engine));
}

static void what_is_offered_behind_a_forgotten_bridge_is_kept(void **state)
{
    struct engine_world *world = *state;
    world_step(world);
    order(world, BRIDGE_FORGET);
    world_store_messages(world, 1, 1); /* pending: it came behind the order */
    world_offer(world, 1, 1);
    world_step(world);
    expect_i64("sent", 1, (int64_t)world->flight_count);
}

static void typing_is_no_probe(void **state)
{
    struct engine_world *world = *state;
    keep_pause(world, PAUSED_BY_GATEWAY);
    world_crash(world);
    world_offer_class(world, DELIVERY_TYPING, 1, 1);
    world_step(world);
    expect_i64("not sent", 0, (int64_t)world->flight_count);
    world_advance(world, 6000); /* by then nobody wants to know any more */
    world_step(world);
    world_offer(world, 1, 1);
    world_advance(world, WORLD_PROBE_MS);
    world_step(world);
    expect_i64("the message is tried", 1, world_flight_id(world, 0));
}

static void organisation_has_one_probe_for_all_its_bridges(void **state)
{
    struct engine_world *world = *state;
    world->pauses = PAUSE_ORGANISATION;
    for (int64_t bridge = 1; bridge <= 2; bridge++)
        for (int64_t contact = 1; contact <= 2; contact++)
            world_offer_on(world, bridge, 10 * bridge + contact, 10 * bridge + contact);
    world_step(world);
    while (world->flight_count > 0) {
        world_answer(world, 0, 403);
        expect_i64("broken", OUTCOME_BROKEN, world_commit(world));
    }
    for (int round = 0; round < 3; round++) {
        world_advance(world, WORLD_PROBE_MS - 1);
        world_step(world);
        expect_i64("all wait", 0, (int64_t)world->flight_count);
        world_advance(world, 1);
        world_step(world);
        expect_i64("one is tried", 1, (int64_t)world->flight_count);
        world_step(world);
        expect_i64("and no more", 1, (int64_t)world->flight_count);
        world_answer(world, 0, round < 2 ? 403 : 200);
        (void)world_commit(world);
    }
    assert_true(world->last_report.ends_pause);
    world_step(world);
    expect_i64("all others follow", 3, (int64_t)world->flight_count);
}

static void resuming_a_bridge_tries_its_organisation_at_once(void **state)
{
    struct engine_world *world = *state;
    world->pauses = PAUSE_ORGANISATION;
    world_offer(world, 1, 1);
    world_step(world);
    world_answer(world, 0, 403);
    expect_i64("broken", OUTCOME_BROKEN, world_commit(world));
    order(world, BRIDGE_RESUME);
    world_step(world);
    expect_i64("tried", 1, (int64_t)world->flight_count);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(operator_holds_a_bridge_until_it_is_resumed),
        TEST(what_is_under_way_does_not_end_an_operators_pause),
        TEST(operator_ends_a_pause_of_the_gateway_before_its_probe),
        TEST(only_a_pause_of_the_gateway_is_probed_after_a_restart),
        TEST(pause_of_a_bridge_configured_later_is_found),
        TEST(bridge_configured_later_is_served_by_its_organisation),
        TEST(forgotten_bridge_leaves_nothing_behind),
        TEST(what_is_offered_behind_a_forgotten_bridge_is_kept),
        TEST(typing_is_no_probe),
        TEST(organisation_has_one_probe_for_all_its_bridges),
        TEST(resuming_a_bridge_tries_its_organisation_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
