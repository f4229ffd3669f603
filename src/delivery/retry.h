/*
 * retry: when to try again, and when no more. Pure; the engine adds the jitter.
 */
#pragma once

#include "gateway/config.h"
#include "gateway/delivery.h"

/*
 * The longest wait before the next try: first * 2^(failures - 1), at most `ceiling_ms`;
 * a longer hint of the peer wins. The engine waits a random part of it (full jitter),
 * but never less than the hint. `hint_ms` -1: none.
 */
int64_t retry_delay_ms(unsigned failures, int64_t hint_ms, int64_t first_ms,
                       int64_t ceiling_ms);

/* How long one exchange may take, whatever its sender proposes. */
int64_t retry_time_out_ms(const struct config *config, enum direction direction);

/* How a head stands when an attempt has failed. */
struct retry_state {
    int64_t age_ms;      /* since acceptance, as far as ages count */
    int64_t failing_ms;  /* since its first failure */
    bool others_succeed; /* the peer took something from another lane meanwhile */
    enum direction direction;
};
/* NULL: go on; else why it is given up, for people. */
const char *retry_gives_up(const struct config *config,
                           const struct retry_state *state);
