/*
 * The engine under a clock, a transport, a recorder and a sender of ours: what it
 * starts, when, and in which order.
 */
#include "support/engine_world.h"

#include "gateway/fault.h"

/* --- order
 * --------------------------------------------------------------------------------- */

static void lane_sends_one_at_a_time_in_order(void **state)
{
    struct engine_world *world = *state;
    for (int64_t id = 1; id <= 3; id++)
        world_offer(world, 7, id);
    for (int64_t id = 1; id <= 3; id++) {
        world_step(world);
        expect_i64("one in flight", 1, (int64_t)world->flight_count);
        expect_i64("in order", id, world_flight_id(world, 0));
        world_answer(world, 0, 200);
        world_step(world);
        expect_i64("not before the outcome is committed", 0,
                   (int64_t)world->flight_count);
        expect_i64("done", OUTCOME_DONE, world_commit(world));
    }
    world_step(world);
    assert_true(engine_is_quiet(world->engine));
}

static void lanes_run_side_by_side_up_to_the_limit(void **state)
{
    struct engine_world *world = *state;
    for (int64_t contact = 1; contact <= 100; contact++)
        world_offer(world, contact, contact);
    world_step(world);
    expect_i64("connections", WORLD_CONNECTIONS, (int64_t)world->flight_count);
    world_answer(world, 3, 200);
    world_step(world);
    expect_i64("a place that is free is used", WORLD_CONNECTIONS,
               (int64_t)world->flight_count);
}

static void bridges_take_turns(void **state)
{
    struct engine_world *world = *state;
    int64_t of_second = 0;
    for (int64_t contact = 1; contact <= 50; contact++)
        world_offer_on(world, 1, contact, contact);
    for (int64_t contact = 51; contact <= 54; contact++)
        world_offer_on(world, 2, contact, contact);
    world_step(world);
    for (size_t i = 0; i < world->flight_count; i++)
        of_second += world_flight_id(world, i) > 50;
    expect_i64("the small backlog is not behind the large one", 4, of_second);
}

/* --- failure
 * ---------------------------------------------------------------------------------- */

static void failed_head_waits_and_holds_only_its_lane(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_offer(world, 1, 2);
    world_offer(world, 2, 3);
    world_step(world);
    world_answer(world, 0, 503);
    expect_i64("retry", OUTCOME_RETRY, world_commit(world));
    world_answer(world, 0, 200); /* the other lane */
    expect_i64("other lane", OUTCOME_DONE, world_commit(world));
    world_step(world);
    world_advance(world, 1001); /* full jitter: at most the first wait of 1 s */
    world_step(world);
    expect_i64("the same head again", 1, world_flight_id(world, 0));
    expect_i64("alone", 1, (int64_t)world->flight_count);
}

static void settings_bound_each_exchange(void **state)
{
    struct engine_world *world = *state;
    world->config->retry.time_out_genesys = 1234;
    world->needs_token = true;
    world_offer(world, 1, 1);
    world_step(world);
    expect_i64("the token's", 1234, world->flights[0].timeout_ms);
    world_answer(world, 0, 200);
    world_step(world);
    expect_i64("the message's", 1234, world->flights[0].timeout_ms);
}

static void a_peer_that_gets_a_file_by_link_has_the_time_of_files(void **state)
{
    struct engine_world *world = *state;
    world->config->retry.time_out_genesys = 1234;
    world->config->timeouts.media = 5678;
    world->has_file_link = true;
    world_offer(world, 1, 1);
    world_step(world);
    expect_i64("not a message's", 5678, world->flights[0].timeout_ms);
}

static void slow_down_pauses_the_account_not_the_message(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_offer(world, 2, 2);
    world->retry_after_ms = 3000;
    world_step(world);
    world_answer(world, 0, 429);
    expect_i64("slow down", OUTCOME_SLOW_DOWN, world_commit(world));
    world_answer(world, 0, 200);
    (void)world_commit(world);
    world_offer(world, 3, 3);
    world_step(world);
    expect_i64("nothing goes", 0, (int64_t)world->flight_count);
    world_advance(world, 2999);
    world_step(world);
    expect_i64("not a moment early", 0, (int64_t)world->flight_count);
    world_advance(world, 1);
    world_step(world);
    expect_i64("both go", 2, (int64_t)world->flight_count);
}

static void settle_flight(struct engine_world *world)
{
    world_answer(world, 0, 200);
    (void)world_commit(world);
    world_step(world);
}

static void contact_waits_for_its_pace_others_do_not(void **state)
{
    struct engine_world *world = *state;
    world_pace(world, (struct pace){0}, (struct pace){6000000, 2});
    for (int64_t id = 1; id <= 3; id++)
        world_offer_outbound(world, 1, id);
    world_step(world);
    settle_flight(world);
    expect_i64("the burst", 2, world_flight_id(world, 0));
    settle_flight(world);
    expect_i64("no more of the contact", 0, (int64_t)world->flight_count);
    world_offer_outbound(world, 2, 4);
    world_step(world);
    expect_i64("another contact", 4, world_flight_id(world, 0));
    settle_flight(world);
    world_advance(world, 5999);
    world_step(world);
    expect_i64("not a moment early", 0, (int64_t)world->flight_count);
    world_advance(world, 1);
    world_step(world);
    expect_i64("its turn", 3, world_flight_id(world, 0));
}

static void parts_keep_the_pace_of_their_contact(void **state)
{
    struct engine_world *world = *state;
    world->parts = 2;
    world_pace(world, (struct pace){0}, (struct pace){1000000, 1});
    world_offer_outbound(world, 1, 1);
    world_step(world);
    world_answer(world, 0, 200);
    expect_i64("progress", OUTCOME_PROGRESS, world_commit(world));
    world_step(world);
    expect_i64("the second part waits", 0, (int64_t)world->flight_count);
    world_advance(world, 1000);
    world_step(world);
    expect_i64("the second part", 1, world_flight_part(world, 0));
    world_answer(world, 0, 200);
    expect_i64("done", OUTCOME_DONE, world_commit(world));
}

static void account_keeps_its_channels_pace(void **state)
{
    struct engine_world *world = *state;
    world_pace(world, (struct pace){33334, 2}, (struct pace){0});
    for (int64_t contact = 1; contact <= 4; contact++)
        world_offer_outbound(world, contact, contact);
    world_step(world);
    expect_i64("the burst", 2, (int64_t)world->flight_count);
    world_advance(world, 34);
    world_step(world);
    expect_i64("one more", 3, (int64_t)world->flight_count);
    world_advance(world, 34);
    world_step(world);
    expect_i64("and the last", 4, (int64_t)world->flight_count);
}

static void slow_down_of_a_contact_holds_it_alone(void **state)
{
    struct engine_world *world = *state;
    world->holds = HOLD_PERHAPS_CONTACT;
    world->retry_after_ms = 3000;
    world_offer_outbound(world, 1, 1);
    world_step(world);
    world_answer(world, 0, 429);
    expect_i64("slow down", OUTCOME_SLOW_DOWN, world_commit(world));
    world_offer_outbound(world, 2, 2);
    world_step(world);
    expect_i64("another contact", 2, world_flight_id(world, 0));
    settle_flight(world);
    world_advance(world, 2999);
    world_step(world);
    expect_i64("not a moment early", 0, (int64_t)world->flight_count);
    world_advance(world, 1);
    world_step(world);
    expect_i64("its turn", 1, world_flight_id(world, 0));
}

static void slow_down_of_a_second_contact_holds_the_account(void **state)
{
    struct engine_world *world = *state;
    world->holds = HOLD_PERHAPS_CONTACT;
    world->retry_after_ms = 3000;
    world_offer_outbound(world, 1, 1);
    world_offer_outbound(world, 2, 2);
    world_step(world);
    for (int i = 0; i < 2; i++) {
        world_answer(world, 0, 429);
        expect_i64("slow down", OUTCOME_SLOW_DOWN, world_commit(world));
    }
    world_offer_outbound(world, 3, 3);
    world_step(world);
    expect_i64("nobody", 0, (int64_t)world->flight_count);
    world_advance(world, 3000);
    world_step(world);
    expect_i64("all", 3, (int64_t)world->flight_count);
}

static void
slow_down_that_is_sure_to_mean_contacts_never_holds_the_account(void **state)
{
    struct engine_world *world = *state;
    world->holds = HOLD_CONTACT;
    world->retry_after_ms = 3000;
    world_offer_outbound(world, 1, 1);
    world_offer_outbound(world, 2, 2);
    world_step(world);
    for (int i = 0; i < 2; i++) {
        world_answer(world, 0, 429);
        expect_i64("slow down", OUTCOME_SLOW_DOWN, world_commit(world));
    }
    world_offer_outbound(world, 3, 3);
    world_step(world);
    expect_i64("the third goes", 3, world_flight_id(world, 0));
    settle_flight(world);
    expect_i64("they wait", 0, (int64_t)world->flight_count);
}

/* Answers the one that flies with a 429, which keeps all waiting so long. */
static void slow_down_for(struct engine_world *world, int64_t span_ms)
{
    world_answer(world, 0, 429);
    expect_i64("slow down", OUTCOME_SLOW_DOWN, world_commit(world));
    world_advance(world, span_ms - 1);
    world_step(world);
    expect_i64("not a moment early", 0, (int64_t)world->flight_count);
    world_advance(world, 1);
    world_step(world);
    expect_i64("again", 1, (int64_t)world->flight_count);
}

static void slow_down_that_says_no_time_pauses_longer_each_time(void **state)
{
    struct engine_world *world = *state;
    world->config->retry.ceiling = 3000;
    world_offer(world, 1, 1);
    world_step(world);
    slow_down_for(world, 1000);
    slow_down_for(world, 2000);
    slow_down_for(world, 3000);
    slow_down_for(world, 3000);
    settle_flight(world);
    world_offer(world, 1, 2);
    world_step(world);
    slow_down_for(world, 1000);
}

static void slow_downs_of_one_moment_count_once(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_offer(world, 2, 2);
    world_step(world);
    world_answer(world, 0, 429);
    (void)world_commit(world);
    world_answer(world, 0, 429);
    (void)world_commit(world);
    world_advance(world, 1000);
    world_step(world);
    expect_i64("both go", 2, (int64_t)world->flight_count);
}

static void
slow_down_of_a_contact_that_says_no_time_holds_longer_each_time(void **state)
{
    struct engine_world *world = *state;
    world->holds = HOLD_CONTACT;
    world_offer_outbound(world, 1, 1);
    world_step(world);
    slow_down_for(world, 1000);
    slow_down_for(world, 2000);
    slow_down_for(world, 4000);
}

static void lost_answer_is_repeated_and_counted(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_step(world);
    world_lose_answer(world, 0);
    expect_i64("unknown", OUTCOME_UNKNOWN, world_commit(world));
    assert_false(world->last_report.is_possible_duplicate);
    world_step(world);
    world_advance(world, 1001);
    world_step(world);
    world_answer(world, 0, 200);
    expect_i64("done", OUTCOME_DONE, world_commit(world));
    assert_true(world->last_report.is_possible_duplicate);
    expect_i64("counted", 1, world->last_report.possible_duplicates);
}

static void message_that_may_not_repeat_is_marked_before_it_is_sent(void **state)
{
    struct engine_world *world = *state;
    world_forbid_repeats(world);
    world_offer(world, 1, 1);
    world_step(world);
    expect_i64("nothing before the mark is committed", 0, (int64_t)world->flight_count);
    expect_i64("the mark", OUTCOME_SENDING, world_commit(world));
    expect_i64("no attempt has ended", 0, world->last_report.attempts);
    expect_i64("sent", 1, (int64_t)world->flight_count);
    world_lose_answer(world, 0);
    expect_i64("not repeated", OUTCOME_GIVEN_UP, world_commit(world));
    expect_i64("one attempt", 1, world->last_report.attempts);
    world_step(world);
    assert_true(engine_is_quiet(world->engine));
}

static void message_interrupted_by_a_crash_is_not_repeated(void **state)
{
    struct engine_world *world = *state;
    world_forbid_repeats(world);
    world_store_messages(world, 1, 1);
    world_offer(world, 1, 1);
    world_step(world);
    expect_i64("the mark", OUTCOME_SENDING, world_commit(world));
    world_crash(world);
    world_step(world);
    expect_i64("nothing is sent", 0, (int64_t)world->flight_count);
    expect_i64("given up", OUTCOME_GIVEN_UP, world_commit(world));
}

static void failed_exchange_of_a_marked_message_is_tried_again(void **state)
{
    struct engine_world *world = *state;
    world_forbid_repeats(world);
    world_offer(world, 1, 1);
    world_step(world);
    (void)world_commit(world);
    world_answer(world, 0, 503);
    expect_i64("an answer is no doubt", OUTCOME_RETRY, world_commit(world));
    world_advance(world, 1001);
    world_step(world);
    expect_i64("marked anew", OUTCOME_SENDING, world_commit(world));
    world_answer(world, 0, 200);
    expect_i64("done", OUTCOME_DONE, world_commit(world));
}

static void old_head_is_given_up(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_step(world);
    world_advance(world, WORLD_GIVE_UP_MS);
    world_answer(world, 0, 503);
    expect_i64("given up", OUTCOME_GIVEN_UP, world_commit(world));
    world_step(world);
    assert_true(engine_is_quiet(world->engine));
}

static void wall_clock_that_jumps_ages_nothing(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_step(world);
    world_set_wall_clock(world, 2 * WORLD_GIVE_UP_MS);
    world_step(world);
    world_answer(world, 0, 503);
    expect_i64("retry", OUTCOME_RETRY, world_commit(world));
    expect_i64("age", 0, world->last_report.age_ms);
    world_step(world);
    world_set_wall_clock(world, -WORLD_GIVE_UP_MS);
    world_advance(world, 1001);
    world_step(world);
    expect_i64("again at its time", 1, (int64_t)world->flight_count);
}

static void peer_that_is_down_is_probed_one_lane_at_a_time(void **state)
{
    struct engine_world *world = *state;
    for (int64_t contact = 1; contact <= 6; contact++)
        world_offer(world, contact, contact);
    world_step(world);
    while (world->flight_count > 0) {
        world_answer(world, 0, 503);
        (void)world_commit(world);
    }
    world_step(world);
    expect_i64("silence", 0, (int64_t)world->flight_count);
    world_advance(world, 5000);
    world_step(world);
    expect_i64("one probe", 1, (int64_t)world->flight_count);
    int64_t first = world_flight_id(world, 0);
    world_answer(world, 0, 503);
    (void)world_commit(world);
    world_advance(world, 10000);
    world_step(world);
    expect_i64("one probe again", 1, (int64_t)world->flight_count);
    assert_true(world_flight_id(world, 0) != first);
    world_answer(world, 0, 200);
    (void)world_commit(world);
    world_step(world);
    expect_i64("all go at once", 5, (int64_t)world->flight_count);
}

static void fail_all(struct engine_world *world)
{
    while (world->flight_count > 0) {
        world_answer(world, 0, 503);
        (void)world_commit(world);
    }
}

static void only_probes_lengthen_the_wait_of_a_peer_that_is_down(void **state)
{
    struct engine_world *world = *state;
    for (int64_t contact = 1; contact <= WORLD_CONNECTIONS; contact++)
        world_offer(world, contact, contact);
    world_step(world);
    fail_all(world); /* the last three when it was down already */
    for (int64_t wait_ms = 1000; wait_ms <= 4000; wait_ms *= 2) {
        world_advance(world, wait_ms - 1);
        world_step(world);
        expect_i64("silence", 0, (int64_t)world->flight_count);
        world_advance(world, 1);
        world_step(world);
        expect_i64("a probe", 1, (int64_t)world->flight_count);
        fail_all(world);
    }
}

static void setting_bounds_the_wait_of_a_peer_that_is_down(void **state)
{
    struct engine_world *world = *state;
    world->config->retry.probe = 500;
    for (int64_t contact = 1; contact <= WORLD_CONNECTIONS; contact++)
        world_offer(world, contact, contact);
    world_step(world);
    fail_all(world);
    for (int i = 0; i < 4; i++) {
        world_advance(world, 500);
        world_step(world);
        expect_i64("a probe", 1, (int64_t)world->flight_count);
        fail_all(world);
    }
}

static void broken_peer_pauses_its_flow_until_a_probe_goes_through(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_step(world);
    world_answer(world, 0, 403);
    expect_i64("broken", OUTCOME_BROKEN, world_commit(world));
    world_offer(world, 2, 2);
    world_advance(world, WORLD_PROBE_MS - 1);
    world_step(world);
    expect_i64("paused", 0, (int64_t)world->flight_count);
    world_advance(world, 1);
    world_step(world);
    expect_i64("the probe alone", 1, (int64_t)world->flight_count);
    world_answer(world, 0, 200);
    expect_i64("done", OUTCOME_DONE, world_commit(world));
    assert_true(world->last_report.ends_pause);
    expect_true("ages stood still", world->last_report.age_ms < WORLD_PROBE_MS);
    world_step(world);
    expect_i64("the rest follows", 1, (int64_t)world->flight_count);
}

/* --- credentials
 * --------------------------------------------------------------------------------- */

static void one_token_serves_all(void **state)
{
    struct engine_world *world = *state;
    world->needs_token = true;
    for (int64_t contact = 1; contact <= 10; contact++)
        world_offer(world, contact, contact);
    world_step(world);
    expect_i64("one token request", 1, (int64_t)world->flight_count);
    world_answer(world, 0, 200);
    world_step(world);
    expect_i64("all parked attempts go", WORLD_CONNECTIONS,
               (int64_t)world->flight_count);
    expect_i64("tokens", 1, world->tokens);
    while (world->flight_count > 0) {
        world_answer(world, 0, 200);
        (void)world_commit(world);
        world_step(world);
    }
    world_advance(world, WORLD_TOKEN_LIFE_MS);
    world_offer(world, 1, 100);
    world_step(world);
    expect_i64("refreshed ahead of its end", 2, world->tokens + 1);
}

static void failed_token_request_fails_those_who_wait(void **state)
{
    struct engine_world *world = *state;
    world->needs_token = true;
    world_offer(world, 1, 1);
    world_offer(world, 2, 2);
    world_step(world);
    world_answer(world, 0, 503);
    expect_i64("first", OUTCOME_RETRY, world_commit(world));
    expect_i64("second", OUTCOME_RETRY, world_commit(world));
    world_step(world);
    world_advance(world, 1001);
    world_step(world);
    expect_i64("asked once more", 1, (int64_t)world->flight_count);
}

/* --- classes
 * ---------------------------------------------------------------------------------------
 */

static void messages_go_before_receipts_before_typing(void **state)
{
    struct engine_world *world = *state;
    world_limit_rate(world, 1); /* one a minute: the order shows */
    world_offer_class(world, DELIVERY_TYPING, 1, 1);
    world_offer_class(world, DELIVERY_RECEIPT, 2, 2);
    world_offer(world, 3, 3);
    world_step(world);
    expect_i64("the message", 3, world_flight_id(world, 0));
    world_answer(world, 0, 200);
    (void)world_commit(world);
    world_advance(world, 60000);
    world_step(world);
    expect_i64("the receipt", 2, world_flight_id(world, 0));
    world_answer(world, 0, 200);
    (void)world_commit(world);
    world_advance(world, 60000);
    world_step(world);
    expect_i64("typing is too old by now", 0, (int64_t)world->flight_count);
    assert_true(engine_is_quiet(world->engine));
}

static void message_ends_the_typing_before_it(void **state)
{
    struct engine_world *world = *state;
    world_offer_class(world, DELIVERY_TYPING, 1, 1);
    world_offer(world, 1, 2);
    world_step(world);
    expect_i64("the message alone", 1, (int64_t)world->flight_count);
}

/* Typing is offered at once, a message when it is stored. */
static void message_keeps_the_typing_behind_it(void **state)
{
    struct engine_world *world = *state;
    world_offer_class(world, DELIVERY_TYPING, 1, 1);
    world_offer_late(world, 1, 2, 1);
    world_step(world);
    expect_i64("both", 2, (int64_t)world->flight_count);
}

static void receipt_older_than_30_s_ranks_with_messages(void **state)
{
    struct engine_world *world = *state;
    world_limit_rate(world, 1);
    world_offer(world, 1, 1);
    world_step(world);
    world_offer_class(world, DELIVERY_RECEIPT, 2, 2);
    world_advance(world, 60000);
    world_offer(world, 3, 3);
    world_answer(world, 0, 200);
    (void)world_commit(world);
    world_step(world);
    expect_i64("the old receipt", 2, world_flight_id(world, 0));
}

static void later_receipt_replaces_one_that_waits(void **state)
{
    struct engine_world *world = *state;
    world_limit_rate(world, 1);
    world_offer(world, 1, 1);
    world_step(world);
    world_offer_receipt(world, 2, MESSAGE_DELIVERED);
    world_offer_receipt(world, 2, MESSAGE_FAILED);
    world_answer(world, 0, 200);
    (void)world_commit(world);
    world_advance(world, 60000);
    world_step(world);
    expect_i64("the later one", MESSAGE_FAILED, world_flight_status(world, 0));
    world_answer(world, 0, 200);
    (void)world_commit(world);
    world_step(world);
    assert_true(engine_is_quiet(world->engine));
}

/* --- ownership and the end
 * --------------------------------------------------------------------------- */

static void stale_lane_is_left_to_its_new_owner(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_offer(world, 1, 2);
    world_step(world);
    world_answer(world, 0, 200);
    world->commits_are_stale = true;
    (void)world_commit(world);
    world_step(world);
    expect_i64("nothing of it goes", 0, (int64_t)world->flight_count);
    assert_true(engine_is_quiet(world->engine));
}

static void parts_are_committed_one_by_one(void **state)
{
    struct engine_world *world = *state;
    int64_t begun_ms = INT64_C(1700000000000);
    world->parts = 3;
    world_offer(world, 1, 1);
    world_step(world);
    for (int part = 0; part < 2; part++) {
        world_answer(world, 0, 200);
        world_advance(world, 1000);
        expect_i64("progress", OUTCOME_PROGRESS, world_commit(world));
        expect_i64("part", part, world->last_report.part);
        expect_i64("begun with its part", begun_ms, world->last_report.started_ms);
        begun_ms += 1000;
        world_step(world);
        expect_i64("the next part", 1, (int64_t)world->flight_count);
    }
    world_answer(world, 0, 200);
    expect_i64("done", OUTCOME_DONE, world_commit(world));
    expect_i64("begun with its part", begun_ms, world->last_report.started_ms);
}

/* The writer has stopped by then: nobody would take the report of another. */
static void part_committed_behind_the_cut_is_the_last(void **state)
{
    struct engine_world *world = *state;
    world->parts = 2;
    world_offer(world, 1, 1);
    world_step(world);
    world_answer(world, 0, 200);
    world->is_ending = true;
    engine_cut(world->engine);
    assert_int_equal(OUTCOME_PROGRESS, world_commit(world));
    engine_finish(world->engine);
    assert_null(world->reports);
    expect_true("it is over", engine_is_quiet(world->engine));
}

static void attempt_resumes_at_the_first_part_not_done(void **state)
{
    struct engine_world *world = *state;
    world->parts = 2;
    world_offer(world, 1, 1);
    world_step(world);
    world_answer(world, 0, 200);
    (void)world_commit(world);
    world_step(world);
    world_answer(world, 0, 503);
    expect_i64("second part fails", OUTCOME_RETRY, world_commit(world));
    world_step(world);
    world_advance(world, 1001);
    world_step(world);
    expect_i64("second part again", 1, world_flight_part(world, 0));
}

static void no_attempt_starts_while_an_outcome_is_long_uncommitted(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_step(world);
    world_answer(world, 0, 200);
    world_advance(world, 1001);
    world_offer(world, 2, 2);
    world_step(world);
    expect_i64("waits for the writer", 0, (int64_t)world->flight_count);
    (void)world_commit(world);
    world_step(world);
    expect_i64("goes on", 1, (int64_t)world->flight_count);
}

static void draining_engine_starts_nothing(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_step(world);
    world_offer(world, 2, 2);
    engine_drain(world->engine);
    world_step(world);
    expect_i64("only what ran", 1, (int64_t)world->flight_count);
    world_answer(world, 0, 200);
    (void)world_commit(world);
    world_step(world);
    assert_true(engine_is_quiet(world->engine));
}

static void full_memory_spills_and_refills_in_order(void **state)
{
    struct engine_world *world = *state;
    world_store_messages(world, 1, 200);
    world_reload(world, 1); /* one byte of lane memory: one delivery at a time */
    for (int64_t want = 1; want <= 200; want++) {
        world_step(world);
        expect_i64("in flight", 1, (int64_t)world->flight_count);
        expect_i64("in order", want, world_flight_id(world, 0));
        world_answer(world, 0, 200);
        (void)world_commit(world);
    }
    world_step(world);
    assert_true(engine_is_quiet(world->engine));
}

static void refused_handover_is_read_from_the_store(void **state)
{
    struct engine_world *world = *state;
    world_shrink_inbox(world, 4);
    world_store_messages(world, 5, 20);
    for (int64_t id = 1; id <= 20; id++)
        world_offer(world, 5, id); /* the inbox takes four of them */
    for (int64_t want = 1; want <= 20; want++) {
        world_step(world);
        expect_i64("in order, none twice", want, world_flight_id(world, 0));
        world_answer(world, 0, 200);
        (void)world_commit(world);
    }
    world_step(world);
    expect_i64("no more", 0, (int64_t)world->flight_count);
}

#ifdef OMGW_FAULTS
static bool refuse_first(const struct fault_site *site, void *context)
{
    bool *is_refused = context;
    bool refuses = !*is_refused && strcmp(site->name, "engine.inbox_is_full") == 0;
    *is_refused |= refuses;
    return refuses;
}

/* By then there was room again for the one behind it. */
static void refused_handover_is_not_overtaken(void **state)
{
    struct engine_world *world = *state;
    bool is_refused = false;
    world_store_messages(world, 5, 2);
    fault_set_hook(refuse_first, &is_refused);
    world_offer(world, 5, 1);
    world_offer(world, 5, 2);
    fault_set_hook(NULL, NULL);
    expect_true("the first was refused", is_refused);
    for (int64_t want = 1; want <= 2; want++) {
        world_step(world);
        assert_int_equal(1, world->flight_count);
        expect_i64("in order", want, world_flight_id(world, 0));
        world_answer(world, 0, 200);
        (void)world_commit(world);
    }
}
#endif

/* The writer offers what it accepted before it tells of any outcome; the engine may
 * read it from the store before either. */
static void offer_that_comes_behind_its_own_end_is_not_sent_again(void **state)
{
    struct engine_world *world = *state;
    world_store_messages(world, 5, 1);
    world_reload(world, 1000000);
    world_step(world);
    expect_i64("read from the store", 1, world_flight_id(world, 0));
    world_offer(world, 5, 1);
    world_answer(world, 0, 200);
    expect_i64("done", OUTCOME_DONE, world_commit(world));
    world_step(world);
    expect_i64("not sent again", 0, (int64_t)world->flight_count);
    assert_true(engine_is_quiet(world->engine));
}

static void outcomes_committed_out_of_order_hold_nobody(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_offer(world, 2, 2);
    world_step(world);
    world_answer(world, 0, 200);
    world_answer(world, 0, 200);
    expect_i64("the second", OUTCOME_DONE, world_commit_at(world, 1));
    expect_i64("the first", OUTCOME_DONE, world_commit(world));
    world_advance(world, 2000);
    world_offer(world, 3, 3);
    world_step(world);
    expect_i64("others go on", 1, (int64_t)world->flight_count);
}

static void send_cut_by_a_crash_is_a_possible_duplicate(void **state)
{
    struct engine_world *world = *state;
    world_store_messages(world, 5, 3);
    world_reload(world, 1000000);
    world_step(world);
    world_answer(world, 0, 200);
    expect_i64("the first is done", OUTCOME_DONE, world_commit(world));
    world_step(world);
    expect_i64("the second is under way", 2, world_flight_id(world, 0));
    world_crash(world);
    world_step(world);
    expect_i64("it goes again", 2, world_flight_id(world, 0));
    world_answer(world, 0, 200);
    expect_i64("done", OUTCOME_DONE, world_commit(world));
    assert_true(world->last_report.is_possible_duplicate);
    expect_i64("counted", 1, world->last_report.possible_duplicates);
    world_step(world);
    world_answer(world, 0, 200);
    expect_i64("the third", OUTCOME_DONE, world_commit(world));
    assert_false(world->last_report.is_possible_duplicate);
}

static void send_that_had_not_begun_before_a_crash_is_none(void **state)
{
    struct engine_world *world = *state;
    world_store_messages(world, 5, 1);
    world_crash(world);
    world_step(world);
    world_answer(world, 0, 503);
    expect_i64("retry", OUTCOME_RETRY, world_commit(world));
    assert_false(world->last_report.is_possible_duplicate);
    world_crash(world); /* its attempt had ended */
    world_step(world);
    world_answer(world, 0, 200);
    expect_i64("done", OUTCOME_DONE, world_commit(world));
    assert_false(world->last_report.is_possible_duplicate);
}

static void doubt_about_a_send_outlives_its_process(void **state)
{
    struct engine_world *world = *state;
    world_store_messages(world, 5, 1);
    world_reload(world, 1000000);
    world_step(world);
    world_lose_answer(world, 0);
    expect_i64("unknown", OUTCOME_UNKNOWN, world_commit(world));
    world_reload(world, 1000000); /* it ends well */
    world_step(world);
    world_answer(world, 0, 200);
    expect_i64("done", OUTCOME_DONE, world_commit(world));
    assert_true(world->last_report.is_possible_duplicate);
}

static void what_waits_in_the_store_ages_too(void **state)
{
    struct engine_world *world = *state;
    world_store_messages(world, 5, 2);
    world_reload(world, 1); /* the second stays in the store */
    world_step(world);
    world_answer(world, 0, 503);
    expect_i64("retry", OUTCOME_RETRY, world_commit(world));
    world_advance(world, WORLD_GIVE_UP_MS);
    for (int64_t id = 1; id <= 2; id++) {
        world_step(world);
        expect_i64("which", id, world_flight_id(world, 0));
        world_answer(world, 0, 503);
        expect_i64("too old", OUTCOME_GIVEN_UP, world_commit(world));
    }
}

static void clock_set_ahead_ages_nothing_in_the_store(void **state)
{
    struct engine_world *world = *state;
    world_store_messages(world, 5, 2);
    world_reload(world, 1);
    world_step(world);
    world_set_wall_clock(world, 2 * WORLD_GIVE_UP_MS);
    world_answer(world, 0, 200);
    (void)world_commit(world);
    world_step(world);
    world_answer(world, 0, 503);
    expect_i64("retry", OUTCOME_RETRY, world_commit(world));
    expect_i64("age", 0, world->last_report.age_ms);
}

static void full_memory_holds_no_heads_either(void **state)
{
    struct engine_world *world = *state;
    enum { LANES = 100 };
    world_store_lanes(world, LANES);
    world_reload(world, 2000);
    for (int64_t id = 1; id <= LANES; id++)
        world_offer(world, id, id);
    world_step(world);
    fail_all(world); /* the peer is down */
    for (int i = 0; i < 3; i++) {
        world_advance(world, WORLD_PROBE_MS);
        world_step(world);
        fail_all(world);
    }
    expect_true("held", engine_held_bytes(world->engine) < 2000 + 8 * 1000);

    world_advance(world, WORLD_PROBE_MS);
    bool seen[LANES + 1] = {false};
    for (int sent = 0; sent < LANES; sent++) {
        world_step(world);
        int64_t id = world_flight_id(world, 0);
        expect_true("none twice", !seen[id]);
        seen[id] = true;
        world_answer(world, 0, 200);
        expect_i64("done", OUTCOME_DONE, world_commit(world));
    }
    world_step(world);
    assert_true(engine_is_quiet(world->engine));
}

#define TEST(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lane_sends_one_at_a_time_in_order),
        TEST(lanes_run_side_by_side_up_to_the_limit),
        TEST(bridges_take_turns),
        TEST(failed_head_waits_and_holds_only_its_lane),
        TEST(settings_bound_each_exchange),
        TEST(a_peer_that_gets_a_file_by_link_has_the_time_of_files),
        TEST(slow_down_pauses_the_account_not_the_message),
        TEST(contact_waits_for_its_pace_others_do_not),
        TEST(parts_keep_the_pace_of_their_contact),
        TEST(account_keeps_its_channels_pace),
        TEST(slow_down_of_a_contact_holds_it_alone),
        TEST(slow_down_of_a_second_contact_holds_the_account),
        TEST(slow_down_that_is_sure_to_mean_contacts_never_holds_the_account),
        TEST(slow_down_that_says_no_time_pauses_longer_each_time),
        TEST(slow_downs_of_one_moment_count_once),
        TEST(slow_down_of_a_contact_that_says_no_time_holds_longer_each_time),
        TEST(lost_answer_is_repeated_and_counted),
        TEST(message_that_may_not_repeat_is_marked_before_it_is_sent),
        TEST(message_interrupted_by_a_crash_is_not_repeated),
        TEST(failed_exchange_of_a_marked_message_is_tried_again),
        TEST(old_head_is_given_up),
        TEST(wall_clock_that_jumps_ages_nothing),
        TEST(peer_that_is_down_is_probed_one_lane_at_a_time),
        TEST(only_probes_lengthen_the_wait_of_a_peer_that_is_down),
        TEST(setting_bounds_the_wait_of_a_peer_that_is_down),
        TEST(broken_peer_pauses_its_flow_until_a_probe_goes_through),
        TEST(one_token_serves_all),
        TEST(failed_token_request_fails_those_who_wait),
        TEST(messages_go_before_receipts_before_typing),
        TEST(message_ends_the_typing_before_it),
        TEST(message_keeps_the_typing_behind_it),
        TEST(receipt_older_than_30_s_ranks_with_messages),
        TEST(later_receipt_replaces_one_that_waits),
        TEST(stale_lane_is_left_to_its_new_owner),
        TEST(parts_are_committed_one_by_one),
        TEST(part_committed_behind_the_cut_is_the_last),
        TEST(attempt_resumes_at_the_first_part_not_done),
        TEST(no_attempt_starts_while_an_outcome_is_long_uncommitted),
        TEST(draining_engine_starts_nothing),
        TEST(full_memory_spills_and_refills_in_order),
        TEST(refused_handover_is_read_from_the_store),
#ifdef OMGW_FAULTS
        TEST(refused_handover_is_not_overtaken),
#endif
        TEST(offer_that_comes_behind_its_own_end_is_not_sent_again),
        TEST(outcomes_committed_out_of_order_hold_nobody),
        TEST(what_waits_in_the_store_ages_too),
        TEST(clock_set_ahead_ages_nothing_in_the_store),
        TEST(full_memory_holds_no_heads_either),
        TEST(send_cut_by_a_crash_is_a_possible_duplicate),
        TEST(send_that_had_not_begun_before_a_crash_is_none),
        TEST(doubt_about_a_send_outlives_its_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
