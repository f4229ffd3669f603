#include "support/fetch_world.h"

static enum fetch_step with_header(struct fetch *fetch, const struct reply *last,
                                   struct now now, struct fetch_result *out)
{
    (void)now;
    if (last != NULL)
        return fetch_refused(fetch, last, out);
    (void)fetch_get(fetch, fetch->attachment->url, false, out);
    out->exchange.headers[0] =
        (struct http_header){STR("Authorization"), STR("Bearer secret")};
    out->exchange.header_count = 1;
    return FETCH_FILE;
}

static void redirects_are_followed_three_times_and_without_headers(void **state)
{
    struct engine_world *world = *state;
    world->fetch_next = with_header;
    world_offer_files(world, 1, 1, 1);
    world_step(world);
    expect_i64("with it", 1, (int64_t)world->flights[0].exchange->header_count);
    assert_false(world->flights[0].exchange->is_outside_url);
    for (int hops = 0; hops < 3; hops++) {
        world_redirect(world, 0, "2000/0/0");
        world_flights_are(world, "followed", 1);
        expect_i64("there", 2000, world_flight_id(world, 0));
        const struct exchange *exchange = world->flights[0].exchange;
        expect_i64("without", 0, (int64_t)exchange->header_count);
        assert_true(exchange->is_outside_url);
        assert_non_null(exchange->sink);
    }
    world_redirect(world, 0, "3000/0/0");
    world_step(world);
    expect_i64("not a fourth time", 1, world_flight_id(world, 0));
    expect_str("why", "its server answered 302", str_of(world->file_seen.missing));
}

static void file_behind_redirects_is_kept(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    world_step(world);
    for (int hops = 0; hops < 3; hops++)
        world_redirect(world, 0, "2000/0/0");
    world_fetched(world, 0);
    expect_i64("goes", 1, world_flight_id(world, 0));
    assert_true(world->file_seen.is_kept);
}

static void every_try_has_its_redirects(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    for (int tries = 0; tries < 3; tries++) {
        world_step(world);
        for (int hops = 0; hops < 3; hops++)
            world_redirect(world, 0, "2000/0/0");
        world_answer(world, 0, 503);
        world_step(world);
        world_advance(world, PAUSE_MS);
    }
    world_step(world);
    expect_i64("from the start", FILE_OF + 1, world_flight_id(world, 0));
}

/* What came of a broken answer must not be in front of the next one. */
static void bytes_of_a_broken_answer_are_dropped(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    world_step(world);
    struct sink *sink = world->flights[0].exchange->sink;
    assert_true(sink->take(sink, "half", 4));
    world_lose_answer(world, 0);
    expect_i64("dropped", 0, media_bytes(world->media));
    world_advance(world, PAUSE_MS);
    world_step(world);
    world_fetched(world, 0);
    assert_true(world->file_seen.is_kept);
}

static void file_that_comes_too_late_is_dropped(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    world_offer_files(world, 2, 2, 1);
    world_step(world);
    world_answer_file(world, 1); /* at its filing when its message goes */
    world_advance(world, MEDIA_MS);
    world_step(world);
    world_flights_are(world, "one fetch, two messages", 3);
    world_answer_file(world, 0); /* in spite of having been cancelled */
    expect_i64("dropped", 5, media_bytes(world->media));
    world_sent(world, 0);
    world_sent(world, 0);
    world_file(world, STATUS_OK);
    world_step(world);
    world_flights_are(world, "nothing more", 0);
    expect_i64("nothing is held", 0, (int64_t)engine_held_bytes(world->engine));
}

static void filing_that_failed_for_now_is_tried_again(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    world_step(world);
    world_answer_file(world, 0);
    world_file(world, STATUS_RETRY);
    world_step(world);
    world_flights_are(world, "pause", 0);
    world_advance(world, PAUSE_MS);
    world_step(world);
    expect_i64("from the start", FILE_OF + 1, world_flight_id(world, 0));
    world_fetched(world, 0);
    assert_true(world->file_seen.is_kept);
}

static void file_that_may_not_go_on_is_missing(void **state)
{
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    world_step(world);
    world_answer_file(world, 0);
    world_file(world, STATUS_UNSUPPORTED);
    world_step(world);
    expect_i64("goes", 1, world_flight_id(world, 0));
    expect_str("why", "the test says so", str_of(world->file_seen.missing));
}

static void message_says_why_its_file_is_missing(void **state)
{
    static const struct {
        const char *name;
        int status;
        const char *want;
    } cases[] = {
        {"gone",            404, "its server answered 404"},
        {"not there yet",   202, "its server answered 202"},
        {"a bare redirect", 302, "its server answered 302"},
    };
    struct engine_world *world = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        world_offer_files(world, 1, (int64_t)i + 1, 1);
        world_step(world);
        world_answer(world, 0, cases[i].status);
        world_step(world);
        expect_i64(cases[i].name, (int64_t)i + 1, world_flight_id(world, 0));
        expect_str(cases[i].name, cases[i].want, str_of(world->file_seen.missing));
        assert_false(world->file_seen.is_kept);
        world_sent(world, 0);
    }
}

/* file:, or what is no URL at all: nobody waits for that. */
static void what_is_no_url_is_missing_at_once(void **state)
{
    static const struct reply unreadable = {.kind = REPLY_NOT_SENT,
                                            .retry_after_ms = -1,
                                            .why = "the url is not http or https",
                                            .is_unreadable = true};
    struct engine_world *world = *state;
    world_offer_files(world, 1, 1, 1);
    world_step(world);
    world_end(world, 0, &unreadable);
    world_step(world);
    expect_i64("goes", 1, world_flight_id(world, 0));
    expect_str("why", unreadable.why, str_of(world->file_seen.missing));
}

#define TEST(name)                                                                     \
    cmocka_unit_test_setup_teardown(name, fetch_world_set_up, fetch_world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(redirects_are_followed_three_times_and_without_headers),
        TEST(file_behind_redirects_is_kept),
        TEST(every_try_has_its_redirects),
        TEST(what_is_no_url_is_missing_at_once),
        TEST(bytes_of_a_broken_answer_are_dropped),
        TEST(file_that_comes_too_late_is_dropped),
        TEST(filing_that_failed_for_now_is_tried_again),
        TEST(file_that_may_not_go_on_is_missing),
        TEST(message_says_why_its_file_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
