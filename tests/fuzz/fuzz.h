/*
 * fuzz: what every fuzz target shares. One program includes it once.
 *
 * A target runs under libFuzzer (preset fuzz), and under driver.c in every other build:
 * then it goes through its corpus and what the driver makes of it.
 */
#pragma once

#include "gateway/text.h"

/* 0: seen; -1: libFuzzer shall not keep this input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run, so that the input is kept. */
static inline _Noreturn void complain(const char *what)
{
    (void)fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

#define demand(holds, what) ((holds) ? (void)0 : complain(what))
