/*
 * random: randomness as a value, so that a simulation can seed it. Not for secrets
 * (those come from crypto.h). One struct belongs to one thread.
 */
#pragma once

#include "gateway/base.h"

struct random {
    uint64_t state[2];
};

void random_seed(struct random *random, uint64_t seed);
uint64_t random_u64(struct random *random);
/* Uniform in [0, limit); 0 when limit is 0. */
uint64_t random_below(struct random *random, uint64_t limit);

/*
 * UUIDv7 in 32 lower-case hex digits, from the given time and randomness.
 * Source: RFC 9562, section 5.7; read 2026-11-21.
 */
#define PUBLIC_ID_BYTES 33
void uuid7_text(int64_t unix_ms, struct random *random, char out_text[PUBLIC_ID_BYTES]);
