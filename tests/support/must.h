/*
 * must: for what a test relies on but does not test, in programs with and without
 * cmocka.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "gateway/base.h"

/* Says `what` does not hold and ends the program. */
static inline void must(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "this must hold: %s\n", what);
    abort();
}
