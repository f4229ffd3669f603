/*
 * What the board tells the next run, in a file that outlives its process, and when it
 * tells nothing.
 */
#include "support/expect.h"

#include "gateway/flights.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct flights_run first_run = {.bytes = {1}};
static const struct flights_run second_run = {.bytes = {2}};

static int new_file(void)
{
    char path[] = "/tmp/omgw-flights-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(0, unlink(path));
    return fd;
}

static void flights_freep(struct flights **flights)
{
    flights_free(*flights);
}

/* In another process, which is killed with two sends under way. */
static void die_in_flight(int fd)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct flights *flights = flights_new(fd);
        flights_begin(flights, &first_run);
        (void)flights_put(flights, DELIVERY_MESSAGE, 7);
        unsigned slot = flights_put(flights, DELIVERY_MESSAGE, 8);
        (void)flights_put(flights, DELIVERY_RECEIPT, 9);
        flights_clear(flights, slot);
        (void)raise(SIGKILL);
    }
    int status = 0;
    assert_int_equal(child, waitpid(child, &status, 0));
    assert_true(WIFSIGNALED(status));
}

static void killed_process_leaves_what_was_under_way(void **state)
{
    (void)state;
    int fd = new_file();
    die_in_flight(fd);
    CLEANUP(flights_freep) struct flights *flights = flights_new(fd);
    flights_look_back(flights, &first_run);
    assert_true(flights_were_cut(flights, DELIVERY_MESSAGE, 7));
    assert_false(flights_were_cut(flights, DELIVERY_MESSAGE, 8));
    assert_false(flights_were_cut(flights, DELIVERY_MESSAGE, 9));
    assert_true(flights_were_cut(flights, DELIVERY_RECEIPT, 9));
    assert_false(flights_were_cut(flights, DELIVERY_RECEIPT, 7));

    flights_begin(flights, &second_run);
    expect_i64("nothing of this run", 0, (int64_t)flights_count(flights));
    assert_true(flights_were_cut(flights, DELIVERY_MESSAGE, 7));
    assert_int_equal(0, close(fd));
}

static void run_that_ended_well_leaves_nothing(void **state)
{
    (void)state;
    int fd = new_file();
    die_in_flight(fd);
    CLEANUP(flights_freep) struct flights *flights = flights_new(fd);
    flights_look_back(flights, NULL);
    assert_false(flights_were_cut(flights, DELIVERY_MESSAGE, 7));
    assert_int_equal(0, close(fd));
}

static void board_of_another_run_makes_everything_doubtful(void **state)
{
    (void)state;
    int fd = new_file();
    die_in_flight(fd);
    CLEANUP(flights_freep) struct flights *flights = flights_new(fd);
    flights_look_back(flights, &second_run);
    assert_true(flights_were_cut(flights, DELIVERY_MESSAGE, 8));
    assert_int_equal(0, close(fd));
}

static void empty_file_makes_everything_doubtful(void **state)
{
    (void)state;
    int fd = new_file();
    CLEANUP(flights_freep) struct flights *flights = flights_new(fd);
    flights_look_back(flights, &first_run);
    assert_true(flights_were_cut(flights, DELIVERY_MESSAGE, 1));
    assert_int_equal(0, close(fd));
}

static void board_without_a_file_knows_its_own_process(void **state)
{
    (void)state;
    int pipes[2];
    assert_int_equal(0, pipe(pipes));
    const int descriptors[] = {-1, pipes[0]};
    for (size_t i = 0; i < COUNT_OF(descriptors); i++) {
        CLEANUP(flights_freep) struct flights *flights = flights_new(descriptors[i]);
        flights_begin(flights, &first_run);
        (void)flights_put(flights, DELIVERY_MESSAGE, 5);
        flights_look_back(flights, &first_run);
        assert_true(flights_were_cut(flights, DELIVERY_MESSAGE, 5));
        assert_false(flights_were_cut(flights, DELIVERY_MESSAGE, 6));
    }
    assert_int_equal(0, close(pipes[0]));
    assert_int_equal(0, close(pipes[1]));
}

static void slots_are_used_again(void **state)
{
    (void)state;
    CLEANUP(flights_freep) struct flights *flights = flights_new(-1);
    flights_begin(flights, &first_run);
    for (int64_t id = 1; id <= 100000; id++) {
        unsigned slot = flights_put(flights, DELIVERY_MESSAGE, id);
        assert_true(slot != FLIGHTS_NONE);
        flights_clear(flights, slot);
    }
    expect_i64("none is taken", 0, (int64_t)flights_count(flights));
    flights_clear(flights, FLIGHTS_NONE);
    expect_i64("still none", 0, (int64_t)flights_count(flights));
}

static void full_board_tells_nothing(void **state)
{
    (void)state;
    CLEANUP(flights_freep) struct flights *flights = flights_new(-1);
    flights_begin(flights, &first_run);
    int64_t id = 1;
    while (flights_put(flights, DELIVERY_MESSAGE, id) != FLIGHTS_NONE)
        id++;
    expect_true("room for all connections", id > 4096);
    flights_look_back(flights, &first_run);
    assert_true(flights_were_cut(flights, DELIVERY_MESSAGE, id + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_process_leaves_what_was_under_way),
        cmocka_unit_test(run_that_ended_well_leaves_nothing),
        cmocka_unit_test(board_of_another_run_makes_everything_doubtful),
        cmocka_unit_test(empty_file_makes_everything_doubtful),
        cmocka_unit_test(board_without_a_file_knows_its_own_process),
        cmocka_unit_test(slots_are_used_again),
        cmocka_unit_test(full_board_tells_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
