/*
 * The housekeeper between a store and a writer that a test moves by hand, on every
 * database: what it takes, when, how much at a time, and what it does when the writer
 * or the database refuse.
 */
#include "support/relay_world.h"

#include "gateway/writer.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* --- moving it ----------------------------------------------------------- */

static struct housekeeper *keeper;
static struct store *reader;

static int up(void **state, const char *scheme)
{
    struct error err;
    const struct store_options options = {.mode = STORE_READER};
    char url[FOLDER_BYTES + 32];
    relay_world_up(scheme);
    *state = relay_world;
    (void)snprintf(url, sizeof(url), "sqlite:%s/omgw.db", relay_world->directory);
    expect_status("reader", STATUS_OK,
                  store_open(relay_world->directory[0] == '\0' ? scheme : url, &options,
                             &reader, &err));
    keeper = housekeeper_new(relay_world->relay, reader, relay_world->config,
                             relay_world->now);
    return 0;
}

static int up_memory(void **state)
{
    return up(state, "memory:housekeeper");
}

static int up_sqlite(void **state)
{
    return up(state, "sqlite:");
}

static int down(void **state)
{
    (void)state;
    (void)writer_step(relay_world->writer, relay_world->now);
    housekeeper_free(keeper);
    store_close(reader);
    relay_world_down();
    return 0;
}

/* Steps until it wants to rest; the number of batches that the writer committed. */
static int rounds(int64_t rest_ms)
{
    int batches = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t wait_ms = housekeeper_step(keeper, relay_world->now);
        if (writer_step(relay_world->writer, relay_world->now) > 0) {
            batches++;
            continue;
        }
        if (wait_ms >= rest_ms)
            return batches;
        advance(wait_ms);
    }
    assert_true(false); /* it never rests */
    return batches;
}

/* A clock that moves for days is no clock that was set. */
static void days(int64_t count)
{
    advance(count * DAY_MS);
    (void)rounds(60000);
}

static struct str text_now(int64_t message, struct arena *arena)
{
    return message_now(message, arena).text;
}

static bool is_kept(int64_t message)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    struct message got;
    struct error err;
    return store_message_get(relay_world->store, message, arena, &got, &err) ==
           STATUS_OK;
}

static int64_t say(const char *id)
{
    char line[64];
    (void)snprintf(line, sizeof(line), "m %s ana hello", id);
    expect_status(id, STATUS_OK, inbound(line));
    return offered(relay_world->offer_count - 1)->message_id;
}

/* And the receipt that follows is told. */
static void end_last(enum outcome outcome)
{
    size_t count = relay_world->offer_count;
    report_outcome(offered(count - 1), outcome, "");
    if (relay_world->offer_count > count)
        report_outcome(offered(count), OUTCOME_DONE, "");
}

/* --- what it takes ------------------------------------------------------- */

static void each_kind_goes_in_its_time(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    int64_t done = say("m-1");
    end_last(OUTCOME_DONE);
    int64_t dead = say("m-2");
    end_last(OUTCOME_REFUSED_MESSAGE);
    int64_t waits = say("m-3");
    (void)say("m-4"); /* the newest stays anyway */
    expect_i64("dead letters", 1, dead_now());

    days(6);
    expect_str("after 6 days", "hello", text_now(done, arena));
    days(2);
    expect_str("after 8 days", "", text_now(done, arena));
    expect_str("of the dead letter", "hello", text_now(dead, arena));
    expect_str("of what waits", "hello", text_now(waits, arena));
    days(21);
    expect_str("after 29 days", "hello", text_now(dead, arena));
    days(2);
    expect_str("after 31 days", "", text_now(dead, arena));
    expect_i64("it stands no longer", 0, dead_now());
    days(58);
    expect_true("after 89 days", is_kept(done));
    days(2);
    expect_true("after 91 days", !is_kept(done) && !is_kept(dead));
    expect_str("what waits is whole", "hello", text_now(waits, arena));
    expect_i64("and waits", 2, pending_now());
}

static void other_settings_count_at_once(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    int64_t done = say("m-1");
    end_last(OUTCOME_DONE);
    (void)rounds(60000);
    advance(1000);
    expect_true("not yet its time", housekeeper_step(keeper, relay_world->now) > 1000);
    expect_str("kept", "hello", text_now(done, arena));
    relay_world->config->retention.bodies = 1;
    housekeeper_adopt(keeper, relay_world->config);
    (void)rounds(60000);
    expect_str("gone", "", text_now(done, arena));
}

/* --- how much at a time -------------------------------------------------- */

static void a_round_is_bounded_and_the_next_comes_soon(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    enum { MESSAGES = 300 };
    int64_t first = 0;
    for (int i = 0; i < MESSAGES; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "m-%d", i);
        int64_t row = say(id);
        end_last(OUTCOME_DONE);
        offers_clear();
        first = first == 0 ? row : first;
    }
    advance(91 * DAY_MS);
    int64_t wait_ms = housekeeper_step(keeper, relay_world->now);
    expect_true("one job, then it waits for it", wait_ms >= 1000);
    expect_i64("and no other", wait_ms, housekeeper_step(keeper, relay_world->now));
    int batches = 1 + rounds(60000);
    expect_true("many small transactions", batches >= MESSAGES / STORE_EXPIRE_ROWS + 3);
    expect_true("the first is gone", !is_kept(first));
    expect_true("the last but one", !is_kept(first + MESSAGES - 2));
    expect_str("the newest, without its text", "",
               text_now(first + MESSAGES - 1, arena));
}

static void a_full_writer_is_left_alone(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    int64_t done = say("m-1");
    end_last(OUTCOME_DONE);
    advance(8 * DAY_MS);
    size_t reserved = 0;
    while (writer_reserve(relay_world->writer))
        reserved++;
    expect_true("comes again", housekeeper_step(keeper, relay_world->now) >= 1000);
    expect_i64("nothing was taken", 0,
               (int64_t)writer_step(relay_world->writer, relay_world->now));
    while (reserved-- > 0)
        writer_unreserve(relay_world->writer);
    expect_str("kept", "hello", text_now(done, arena));
    advance(60000);
    (void)rounds(60000);
    expect_str("gone", "", text_now(done, arena));
}

static void a_clock_that_was_set_is_doubted(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    int64_t done = say("m-1");
    end_last(OUTCOME_DONE);
    (void)rounds(60000);
    relay_world->now.wall_ms += 10 * DAY_MS; /* a mistake */
    (void)rounds(60000);
    expect_str("kept for a while", "hello", text_now(done, arena));
    relay_world->now.wall_ms -= 10 * DAY_MS;
    (void)rounds(60000);
    advance(2 * DAY_MS);
    (void)rounds(60000);
    expect_str("it was mended", "hello", text_now(done, arena));

    relay_world->now.wall_ms += 10 * DAY_MS; /* on purpose */
    (void)rounds(60000);
    advance(3600000);
    (void)rounds(60000);
    expect_str("after an hour it is believed", "", text_now(done, arena));
}

#define TEST(name)                                                                     \
    {"memory: " #name, name, up_memory, down, NULL},                                   \
    {                                                                                  \
        "sqlite: " #name, name, up_sqlite, down, NULL                                  \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_kind_goes_in_its_time),
        TEST(other_settings_count_at_once),
        TEST(a_round_is_bounded_and_the_next_comes_soon),
        TEST(a_full_writer_is_left_alone),
        TEST(a_clock_that_was_set_is_doubted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
