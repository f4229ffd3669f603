#include "histogram.h"

#define STEP_BITS 6
#define STEPS (1 << STEP_BITS)

/* Up to 2 * STEPS a bucket is one microsecond; then each power of two has STEPS. */
static size_t bucket_of(int64_t us)
{
    uint64_t value = us < 0 ? 0 : (uint64_t)us;
    if (value < STEPS)
        return (size_t)value;
    unsigned power = 63u - (unsigned)__builtin_clzll(value);
    unsigned shift = power - STEP_BITS;
    size_t bucket = ((size_t)shift + 1) * STEPS + (size_t)(value >> shift) - STEPS;
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static int64_t end_of(size_t bucket)
{
    if (bucket < STEPS)
        return (int64_t)bucket + 1;
    size_t shift = bucket / STEPS - 1;
    return (int64_t)((bucket % STEPS + STEPS + 1) << shift);
}

void histogram_add(struct histogram *histogram, int64_t us)
{
    histogram->buckets[bucket_of(us)]++;
    histogram->count++;
    if (us > histogram->largest_us)
        histogram->largest_us = us;
}

double histogram_ms(const struct histogram *histogram, double part)
{
    int64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS && histogram->count > 0; i++) {
        seen += histogram->buckets[i];
        if ((double)seen < part * (double)histogram->count)
            continue;
        int64_t us = end_of(i);
        return (double)(us < histogram->largest_us ? us : histogram->largest_us) / 1000;
    }
    return (double)histogram->largest_us / 1000;
}
