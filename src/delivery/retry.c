#include "retry.h"

int64_t retry_delay_ms(unsigned failures, int64_t hint_ms, int64_t first_ms,
                       int64_t ceiling_ms)
{
    int64_t delay_ms = first_ms;
    for (unsigned i = 1; i < failures && delay_ms < ceiling_ms; i++)
        delay_ms *= 2;
    if (delay_ms > ceiling_ms)
        delay_ms = ceiling_ms;
    return hint_ms > delay_ms ? hint_ms : delay_ms;
}

int64_t retry_time_out_ms(const struct config *config, enum direction direction)
{
    return direction == DIRECTION_INBOUND ? config->retry.time_out_genesys
                                          : config->retry.time_out_channel;
}

const char *retry_gives_up(const struct config *config, const struct retry_state *state)
{
    bool to_genesys = state->direction == DIRECTION_INBOUND;
    int64_t limit_ms =
        to_genesys ? config->retry.give_up_genesys : config->retry.give_up_channel;

    if (state->age_ms >= limit_ms)
        return "too old";
    if (state->others_succeed && state->failing_ms >= config->retry.give_up_alone)
        return "fails alone while the peer takes others";
    return NULL;
}
