#include "support/expect.h"

#include "gateway/clock.h"

static void clock_tells_the_wall_time(void **state)
{
    (void)state;
    int64_t before = (int64_t)time(NULL);
    int64_t wall_ms = clock_now().wall_ms;
    int64_t after = (int64_t)time(NULL);
    assert_true(wall_ms >= before * 1000);
    assert_true(wall_ms < (after + 2) * 1000); /* time() may lag by a tick */
}

static void monotonic_time_never_goes_back(void **state)
{
    (void)state;
    int64_t last_us = clock_mono_us();
    for (int i = 0; i < 1000; i++) {
        int64_t mono_ms = clock_now().mono_ms;
        assert_true(mono_ms >= last_us / 1000);
        int64_t now_us = clock_mono_us();
        assert_true(now_us / 1000 >= mono_ms);
        last_us = now_us;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_tells_the_wall_time),
        cmocka_unit_test(monotonic_time_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
