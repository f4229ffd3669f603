#include "support/engine_world.h"

#include "gateway/limits.h"

/* More than may be uncommitted, and then some. */
#define MANY (2 * LIMIT_UNCOMMITTED)
/* Those under way when the last place is taken may end all the same. */
#define MOST (LIMIT_UNCOMMITTED + WORLD_CONNECTIONS)

static int64_t uncommitted(const struct engine_world *world)
{
    int64_t count = 0;
    for (const struct report *r = world->reports; r != NULL; r = (void *)r->node.next)
        count++;
    return count;
}

/* Everybody is answered at once, until nothing more begins. */
static void answer_all(struct engine_world *world)
{
    world_step(world);
    while (world->flight_count > 0) {
        while (world->flight_count > 0)
            world_answer(world, 0, 200);
        world_step(world);
    }
}

static void commit_all(struct engine_world *world, int64_t *count)
{
    for (; world->reports != NULL; (*count)++)
        expect_i64("sent", OUTCOME_DONE, world_commit(world));
}

/* After a peer's outage thousands are answered while one transaction commits. */
static void fast_peer_waits_for_a_slow_writer(void **state)
{
    struct engine_world *world = *state;
    int64_t sent = 0;
    for (int64_t id = 1; id <= MANY; id++)
        world_offer(world, id, id);
    answer_all(world);
    expect_true("as many as a writer takes", uncommitted(world) >= LIMIT_UNCOMMITTED);
    expect_true("and no more", uncommitted(world) <= MOST);
    expect_i64("waits for the writer", INT64_MAX, world->wait_ms);
    for (int rounds = 0; world->reports != NULL; rounds++) {
        commit_all(world, &sent);
        answer_all(world);
        expect_true("and no more later", uncommitted(world) <= MOST);
        assert_true(rounds < MANY);
    }
    expect_i64("all are sent", MANY, sent);
}

static void one_commit_makes_room_for_one(void **state)
{
    struct engine_world *world = *state;
    for (int64_t id = 1; id <= MANY; id++)
        world_offer(world, id, id);
    answer_all(world);
    while (uncommitted(world) >= LIMIT_UNCOMMITTED) {
        expect_i64("nothing begins", 0, (int64_t)world->flight_count);
        (void)world_commit(world);
    }
    expect_true("it goes on", world->flight_count > 0);
}

/* What ends without a request ends within the round. */
static void what_ends_at_once_waits_for_the_writer_too(void **state)
{
    struct engine_world *world = *state;
    int64_t ended = 0;
    world_forbid_repeats(world);
    for (int64_t id = 1; id <= MANY; id++) {
        struct delivery delivery = world_delivery(1, id, id);
        delivery.was_sending = true;
        world_offer_delivery(world, &delivery);
    }
    world_step(world);
    expect_i64("no more", LIMIT_UNCOMMITTED, uncommitted(world));
    for (; world->reports != NULL; ended++)
        expect_i64("given up", OUTCOME_GIVEN_UP, world_commit(world));
    expect_i64("all of them", MANY, ended);
}

static int set_up(void **state)
{
    int failed = world_set_up(state);
    if (failed == 0)
        world_shrink_inbox(*state, MANY); /* which is more than it has by itself */
    return failed;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fast_peer_waits_for_a_slow_writer),
        TEST(one_commit_makes_room_for_one),
        TEST(what_ends_at_once_waits_for_the_writer_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
