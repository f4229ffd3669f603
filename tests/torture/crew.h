/*
 * crew: processes that torture side by side, so that one that crashes or hangs is only
 * a find, and the next goes on behind it.
 */
#pragma once

#include "run.h"

struct crew_options {
    const char *scenario; /* only this; NULL: all */
    int mode;             /* only this; -1: all */
    uint64_t nth;         /* only this call; 0: all, or a sample */
    bool is_sample;       /* by the seed, for so long; else every call there is */
    uint64_t seed;
    int64_t seconds;
    uint64_t minimum; /* of injections in a sample: it goes on three times as long */
    unsigned workers;
    bool traces;
};

/* Prints what was found and how much was done. True: nothing was found. */
bool crew_work(const struct crew_options *options);
