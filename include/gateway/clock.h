/*
 * clock: time as a value. Pure code takes a struct now; only the thread loops and
 * commands ask the machine. Any thread.
 */
#pragma once

#include "gateway/base.h"

struct now {
    int64_t wall_ms; /* Unix epoch, UTC: stored, shown, signed; may jump */
    int64_t
        mono_ms; /* monotonic: deadlines, ages, buckets; meaningful within one run */
};

/* Asks the machine. */
struct now clock_now(void);
int64_t clock_mono_us(void);
