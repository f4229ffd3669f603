/*
 * channels: the table of all channels, and what commands ask of one by name.
 */
#pragma once

#include "gateway/channel.h"

/* Ends with NULL. */
extern const struct channel *const channels[];

/* NULL when there is none of that name. */
const struct channel *channel_find(struct str name);

/*
 * A harmless exchange that shows whether the bridge's endpoint answers and accepts our
 * signature, for `bridges test`. `id` is new for each call. Uses the keys the engine
 * signs with: the caller's thread must own the bridge's snapshot. STATUS_UNSUPPORTED
 * the channel has no such exchange
 */
MUST_CHECK enum status channel_ping(const struct bridge *bridge, struct str id,
                                    struct now now, struct arena *arena,
                                    struct exchange *out, struct error *err);
