#include "gateway/clock.h"

static struct timespec read_clock(clockid_t id)
{
    struct timespec time = {0};
    (void)clock_gettime(id, &time); /* cannot fail for the two clocks used here */
    return time;
}

static int64_t to_ms(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

struct now clock_now(void)
{
    return (struct now){
        .wall_ms = to_ms(read_clock(CLOCK_REALTIME)),
        .mono_ms = to_ms(read_clock(CLOCK_MONOTONIC)),
    };
}

int64_t clock_mono_us(void)
{
    struct timespec time = read_clock(CLOCK_MONOTONIC);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}
