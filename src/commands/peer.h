/*
 * peer: one exchange of a command with somebody outside, or with the running gateway's
 * admin listener. Waits for the reply, which lives in the arena.
 */
#pragma once

#include "command.h"

#include "gateway/arena.h"
#include "gateway/clock.h"
#include "gateway/exchange.h"

/* By the ways the configuration names: proxy, authorities, networks. */
MUST_CHECK enum status peer_ask(const struct config *config,
                                const struct exchange *exchange, struct arena *arena,
                                struct reply *out_reply, struct error *err);
/* /readyz. */
MUST_CHECK enum status peer_ask_ready(const struct config *config, struct arena *arena,
                                      struct reply *out_reply, struct error *err);
/* Never given before, for what carries an id. */
struct str peer_new_id(struct now now, struct arena *arena);
