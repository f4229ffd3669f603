#include "support/fetch_world.h"

#include "gateway/limits.h"

#define PLACES 16 /* of one flow that is alone */

/* As long as the engine would not wait. */
static void settle(struct engine_world *world)
{
    do {
        world_step(world);
    } while (world->wait_ms == 0);
}

static void head_waits_for_its_file_and_others_behind_it(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    world_offer(world, 1, 2);
    world_offer(world, 2, 3);
    world_step(world);
    world_flights_are(world, "the file, and the other contact", 2);
    expect_i64("file", FILE_OF + 1, world_flight_id(world, 0));
    expect_i64("other contact", 3, world_flight_id(world, 1));
    expect_i64("its time", MEDIA_MS, world->flights[0].timeout_ms);
    world_sent(world, 1);
    world_fetched(world, 0);
    world_flights_are(world, "the head", 1);
    expect_i64("first", 1, world_flight_id(world, 0));
    assert_true(world->file_seen.is_kept);
    assert_string_equal("", world->file_seen.missing);
    world_sent(world, 0);
    expect_i64("second", 2, world_flight_id(world, 0));
    assert_false(world->file_seen.is_there);
}

static void head_waits_no_longer_than_it_may(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 2);
    world_step(world);
    world_fetched(world, 0); /* the first; the second is silent */
    world_advance(world, MEDIA_MS - 1);
    world_step(world);
    world_flights_are(world, "the second file", 1);
    expect_i64("wakes up then", 1, world->wait_ms);
    world_advance(world, 1);
    world_step(world);
    world_flights_are(world, "the message goes", 2);
    expect_true("nobody waits for the file", world->flights[0].is_cancelled);
    expect_i64("without it", 1, world_flight_id(world, 1));
    assert_true(world->file_seen.is_kept); /* with the first, that is */
}

static void time_runs_from_when_a_message_is_the_head(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_offer_files(world, 1, 2, 1);
    world_step(world);
    world_flights_are(world, "the first, and the file meanwhile", 2);
    world_advance(world, MEDIA_MS - PAUSE_MS);
    world_sent(world, world_flight_id(world, 0) == 1 ? 0 : 1);
    world_advance(world, MEDIA_MS - 1);
    world_step(world);
    world_flights_are(world, "still waits", 1);
    world_fetched(world, 0);
    expect_i64("goes with its file", 2, world_flight_id(world, 0));
    assert_true(world->file_seen.is_kept);
}

static void passing_trouble_is_tried_again_after_a_pause(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    world_step(world);
    for (int tries = 0; tries < 3; tries++) {
        world_answer(world, 0, 503);
        world_step(world);
        world_flights_are(world, "pause", 0);
        world_advance(world, PAUSE_MS - 1);
        world_step(world);
        world_flights_are(world, "not before", 0);
        expect_i64("wakes up then", 1, world->wait_ms);
        world_advance(world, 1);
        world_step(world);
        expect_i64("again", FILE_OF + 1, world_flight_id(world, 0));
    }
    world_fetched(world, 0);
    assert_true(world->file_seen.is_kept);
}

static void peer_says_when_to_ask_again(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    world_step(world);
    world->retry_after_ms = 10000;
    world_answer(world, 0, 429);
    world_step(world);
    world_advance(world, 9999);
    world_step(world);
    world_flights_are(world, "not before", 0);
    world_advance(world, 1);
    world_step(world);
    world_flights_are(world, "then", 1);
    world->retry_after_ms = MEDIA_MS;
    world_answer(world, 0, 429);
    world_step(world);
    expect_i64("nobody waits so long", 1, world_flight_id(world, 0));
    expect_str("why", "its server answered 429", str_of(world->file_seen.missing));
}

static void what_is_forgotten_is_fetched_no_more(void **state)
{
    struct engine_world *world = *state;
    struct bridge *bridge = &world->config->bridges[0];
    struct dispatcher dispatcher = engine_dispatcher(world->engine);
    world_offer_files(world, 1, 1, 1);
    world_offer_files(world, 2, 2, 1);
    world_step(world);
    world_flights_are(world, "two files", 2);
    world_answer(world, 1, 503); /* waits for its next try */
    bridge->row = 99;
    engine_adopt(world->engine, world->config);
    dispatcher.order(dispatcher.context, 1, BRIDGE_FORGET);
    world_step(world);
    world_flights_are(world, "one", 1);
    expect_true("is cancelled", world->flights[0].is_cancelled);
    world_lose_answer(world, 0);
    world_advance(world, MEDIA_MS);
    world_step(world);
    world_flights_are(world, "nothing more", 0);
    bridge->row = 1;
}

static void bridge_that_is_not_configured_fetches_nothing(void **state)
{
    struct engine_world *world = *state;
    struct bridge *bridge = &world->config->bridges[0];
    bridge->row = 99;
    world_crash(world);
    world_offer_files(world, 1, 1, 1);
    world_step(world);
    world_flights_are(world, "nobody would know how", 0);
    world_advance(world, 10 * MEDIA_MS);
    world_step(world);
    world_flights_are(world, "nor later", 0);
    bridge->row = 1;
    engine_adopt(world->engine, world->config);
    world_advance(world, PAUSE_MS);
    settle(world);
    expect_i64("now", FILE_OF + 1, world_flight_id(world, 0));
    world_fetched(world, 0);
    assert_true(world->file_seen.is_kept);
}

static void restart_takes_what_was_fetched(void **state)
{
    struct engine_world *world = *state;
    world_store_files(world, 1, 1);
    world_crash(world);
    settle(world);
    expect_i64("fetched once", STORED_FILE, world_flight_id(world, 0));
    world_fetched(world, 0);
    world_answer(world, 0, 503);
    expect_i64("but not sent", OUTCOME_RETRY, world_commit(world));
    world_crash(world);
    world_advance(world, MEDIA_MS);
    settle(world);
    world_flights_are(world, "the message alone", 1);
    expect_i64("goes", 1, world_flight_id(world, 0));
    assert_true(world->file_seen.is_kept);
}

static void attempts_after_the_first_fetch_nothing(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    world_step(world);
    world_fetched(world, 0);
    for (int attempts = 0; attempts < 3; attempts++) {
        expect_i64("goes", 1, world_flight_id(world, 0));
        assert_true(world->file_seen.is_kept);
        world_answer(world, 0, 503);
        expect_i64("again", OUTCOME_RETRY, world_commit(world));
        world_advance(world, MEDIA_MS);
        world_step(world);
        world_flights_are(world, "no fetch", 1);
    }
}

static void lane_that_spilled_fetches_as_it_is_read(void **state)
{
    struct engine_world *world = *state;
    world_store_files(world, 1, 200);
    world_reload(world, 1); /* one byte of lane memory: it is read as it goes */
    for (int64_t want = 1; want <= 200; want++) {
        settle(world);
        while (world_flight_id(world, 0) == STORED_FILE)
            world_fetched(world, 0);
        expect_i64("in order", want, world_flight_id(world, 0));
        assert_true(world->file_seen.is_kept);
        world_sent(world, 0);
    }
    settle(world);
    world_flights_are(world, "no more", 0);
}

static void draining_starts_no_fetch(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    world_offer_files(world, 2, 2, 1);
    world_step(world);
    world_answer(world, 0, 503);
    engine_drain(world->engine);
    world_offer_files(world, 3, 3, 1);
    world_advance(world, MEDIA_MS);
    world_step(world);
    world_flights_are(world, "only what ran", 1);
    world_answer_file(world, 0);
    world_file(world, STATUS_OK);
    world_step(world);
    world_flights_are(world, "no attempt", 0);
    assert_true(engine_is_quiet(world->engine));
}

static void oldest_is_served_first_when_places_are_few(void **state)
{
    struct engine_world *world = *state;
    for (int64_t id = 1; id <= PLACES + 4; id++)
        world_offer_files(world, id, id, 1);
    world_step(world);
    world_flights_are(world, "as many as there are places", PLACES);
    for (int64_t id = 1; id <= PLACES; id++)
        expect_i64("the oldest", FILE_OF + id, world_flight_id(world, (size_t)id - 1));
    for (int64_t id = PLACES + 1; id <= PLACES + 4; id++) {
        world_answer(world, 0, 404);
        expect_i64("a place is free", FILE_OF + id - PLACES + 1,
                   world_flight_id(world, 0));
        world_step(world);
        expect_i64("for the next", FILE_OF + id, world_flight_id(world, PLACES - 1));
        expect_i64("and its message goes", id - PLACES, world_flight_id(world, PLACES));
        world_sent(world, PLACES);
    }
}

static void one_contact_takes_one_place(void **state)
{
    struct engine_world *world = *state;
    for (int64_t id = 1; id <= PLACES; id++)
        world_offer_files(world, 1, id, 1);
    world_offer_files(world, 2, PLACES + 1, 1);
    world_step(world);
    world_flights_are(world, "one each", 2);
    expect_i64("the head's", FILE_OF + 1, world_flight_id(world, 0));
    expect_i64("the other contact's", FILE_OF + PLACES + 1, world_flight_id(world, 1));
    world_fetched(world, 0);
    world_flights_are(world, "the head goes while its next is fetched", 3);
    expect_i64("next", FILE_OF + 2, world_flight_id(world, 1));
    expect_i64("head", 1, world_flight_id(world, 2));
}

/* The head must not wait behind the files of those that wait for it. */
static void no_later_file_comes_while_the_head_is_tried_again(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    world_offer(world, 1, 2);
    world_offer_files(world, 1, 3, 1);
    world_step(world);
    world_answer(world, 0, 503);
    settle(world);
    world_flights_are(world, "pause", 0);
    world_advance(world, PAUSE_MS);
    settle(world);
    world_flights_are(world, "one", 1);
    expect_i64("the head's", FILE_OF + 1, world_flight_id(world, 0));
    world_answer(world, 0, 404);
    settle(world);
    world_flights_are(world, "the head, and the next file", 2);
    expect_i64("file", FILE_OF + 3, world_flight_id(world, 0));
    expect_i64("head", 1, world_flight_id(world, 1));
}

static void turn_goes_on_when_the_head_waits_no_more(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    world_offer_files(world, 1, 2, 1);
    world_step(world);
    world_advance(world, MEDIA_MS);
    settle(world);
    world_flights_are(world, "the old try, the head, the next file", 3);
    expect_i64("head", 1, world_flight_id(world, 1));
    expect_i64("file", FILE_OF + 2, world_flight_id(world, 2));
}

/* What nobody waits for ends in its own time, and may not be joined by too many. */
static void cancelled_tries_hold_their_place_until_they_end(void **state)
{
    struct engine_world *world = *state;
    for (int64_t id = 1; id <= PLACES; id++)
        world_offer_files(world, id, id, 1);
    world_step(world);
    world_advance(world, MEDIA_MS);
    world_step(world);
    world_offer_files(world, 99, 99, 1);
    world_step(world);
    world_flights_are(world, "no place", PLACES + WORLD_CONNECTIONS);
    world_lose_answer(world, 0);
    world_step(world);
    world_flights_are(world, "a place", PLACES + WORLD_CONNECTIONS);
    expect_i64("taken", FILE_OF + 99, world_flight_id(world, world->flight_count - 1));
}

static void files_of_a_message_come_one_after_the_other(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 3);
    for (unsigned ordinal = 0; ordinal < 3; ordinal++) {
        world_step(world);
        world_flights_are(world, "one at a time", 1);
        expect_i64("in order", ordinal, world_flight_part(world, 0));
        world_answer_file(world, 0);
        world_file(world, STATUS_OK);
    }
    world_step(world);
    expect_i64("goes", 1, world_flight_id(world, 0));
}

static size_t fetches_of(const struct engine_world *world, int64_t from, int64_t to)
{
    size_t count = 0;
    for (size_t i = 0; i < world->flight_count; i++) {
        int64_t id = world_flight_id(world, i) - FILE_OF;
        count += id >= from && id <= to;
    }
    return count;
}

/* Servers that say nothing, linked to by as many contacts as one likes. */
static void one_bridge_leaves_places_for_another(void **state)
{
    struct engine_world *world = *state;
    for (int64_t id = 1; id <= 3 * PLACES; id++)
        world_offer_files(world, id, id, 1);
    world_step(world);
    world_flights_are(world, "half of all places", PLACES);
    for (int64_t id = 101; id <= 100 + 3 * PLACES; id++)
        world_offer_files_on(world, 2, id, id, 1);
    world_step(world);
    expect_i64("half of the rest", PLACES / 2,
               (int64_t)fetches_of(world, 101, 100 + 3 * PLACES));
    expect_i64("nobody lost one", PLACES, (int64_t)fetches_of(world, 1, 3 * PLACES));
}

static void bridges_that_come_together_get_as_many_places(void **state)
{
    struct engine_world *world = *state;
    for (int64_t id = 1; id <= 3 * PLACES; id++) {
        world_offer_files(world, id, id, 1);
        world_offer_files_on(world, 2, 100 + id, 100 + id, 1);
    }
    world_step(world);
    int64_t first = (int64_t)fetches_of(world, 1, 3 * PLACES);
    int64_t second = (int64_t)fetches_of(world, 101, 100 + 3 * PLACES);
    expect_true("one more at most", first - second <= 1 && second - first <= 1);
    expect_true("and most places", first + second > PLACES);
}

/* A place that one hangs on is given to those that waited meanwhile. */
static void one_that_hung_goes_behind_the_others(void **state)
{
    struct engine_world *world = *state;
    for (int64_t id = 1; id <= PLACES + 1; id++)
        world_offer_files(world, id, id, 1);
    world_step(world);
    world_lose_answer(world, 0);
    world_step(world);
    expect_i64("who waited", FILE_OF + PLACES + 1, world_flight_id(world, PLACES - 1));
    world_advance(world, PAUSE_MS);
    world_step(world);
    expect_i64("no place for it yet", 0, (int64_t)fetches_of(world, 1, 1));
    world_fetched(world, 0);
    expect_i64("now", 1, (int64_t)fetches_of(world, 1, 1));
}

static void every_step_of_a_fetch_is_impatient(void **state)
{
    struct engine_world *world = *state;
    world_offer(world, 1, 1);
    world_offer_files(world, 2, 2, 1);
    world_step(world);
    expect_i64("file", FILE_OF + 2, world_flight_id(world, 0));
    expect_i64("to connect", LIMIT_FETCH_CONNECT_MS,
               world->flights[0].exchange->connect_ms);
    expect_i64("to go on", LIMIT_FETCH_SLOW_S, world->flights[0].exchange->slow_s);
    expect_i64("message", 1, world_flight_id(world, 1));
    expect_i64("not so", 0, world->flights[1].exchange->connect_ms);
    expect_i64("nor so", 0, world->flights[1].exchange->slow_s);
    world_redirect(world, 0, "2000/0/0");
    expect_i64("redirected", 2000, world_flight_id(world, 1));
    expect_i64("as well", LIMIT_FETCH_SLOW_S, world->flights[1].exchange->slow_s);
}

#define TEST(name)                                                                     \
    cmocka_unit_test_setup_teardown(name, fetch_world_set_up, fetch_world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(head_waits_for_its_file_and_others_behind_it),
        TEST(head_waits_no_longer_than_it_may),
        TEST(time_runs_from_when_a_message_is_the_head),
        TEST(passing_trouble_is_tried_again_after_a_pause),
        TEST(peer_says_when_to_ask_again),
        TEST(what_is_forgotten_is_fetched_no_more),
        TEST(bridge_that_is_not_configured_fetches_nothing),
        TEST(restart_takes_what_was_fetched),
        TEST(attempts_after_the_first_fetch_nothing),
        TEST(lane_that_spilled_fetches_as_it_is_read),
        TEST(draining_starts_no_fetch),
        TEST(oldest_is_served_first_when_places_are_few),
        TEST(one_contact_takes_one_place),
        TEST(no_later_file_comes_while_the_head_is_tried_again),
        TEST(turn_goes_on_when_the_head_waits_no_more),
        TEST(cancelled_tries_hold_their_place_until_they_end),
        TEST(files_of_a_message_come_one_after_the_other),
        TEST(one_bridge_leaves_places_for_another),
        TEST(bridges_that_come_together_get_as_many_places),
        TEST(one_that_hung_goes_behind_the_others),
        TEST(every_step_of_a_fetch_is_impatient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
