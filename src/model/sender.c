#include "gateway/sender.h"

#include <assert.h>

static const char *const scope_names[] = {
    [PAUSE_ORGANISATION] = "organisation",
    [PAUSE_BRIDGE_TO_GENESYS] = "bridge_to_genesys",
    [PAUSE_BRIDGE_TO_CHANNEL] = "bridge_to_channel",
};

const char *pause_scope_name(enum pause_scope scope)
{
    assert((size_t)scope < COUNT_OF(scope_names));
    return scope_names[scope];
}

enum sender_step sender_no_credential(const struct bridge *bridge, struct arena *arena,
                                      const struct reply *last, struct now now,
                                      struct sender_result *out)
{
    (void)bridge;
    (void)arena;
    (void)last;
    (void)now;
    /* Nothing to fetch and nothing that ends: an empty token for the rest of the run.
     */
    out->outcome = OUTCOME_DONE;
    out->token = STR_NONE;
    out->lifetime_ms = INT64_MAX;
    return SENDER_OUTCOME;
}

enum sender_step sender_unbuilt(enum status status, const struct error *err,
                                struct arena *arena, struct sender_result *out)
{
    out->outcome = status == STATUS_RETRY ? OUTCOME_RETRY : OUTCOME_REFUSED_MESSAGE;
    out->reason_code = status == STATUS_UNSUPPORTED ? REASON_UNSUPPORTED_MESSAGE
                                                    : REASON_INVALID_MESSAGE_STRUCTURE;
    out->reason = arena_copy(arena, str_of(err->text));
    return SENDER_OUTCOME;
}
