/*
 * histogram: how often something took how long, in microseconds, to one part in 64.
 */
#pragma once

#include "gateway/base.h"

/* 64 steps to each power of two up to 2^31 us. */
#define HISTOGRAM_BUCKETS (64 * 27)

struct histogram {
    int64_t count;
    int64_t largest_us;
    int64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, int64_t us);
/* In milliseconds: so much of all is not longer (0.5 is the median). 0 when empty. */
double histogram_ms(const struct histogram *histogram, double part);
