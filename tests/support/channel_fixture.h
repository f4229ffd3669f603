/*
 * channel_fixture: a bridge of a channel as its folder of fixtures configures it, and
 * replies of its service.
 */
#pragma once

#include <jansson.h>

#include "gateway/arena.h"
#include "gateway/channel.h"
#include "gateway/config.h"
#include "gateway/exchange.h"

/* The file of a channel's folder; it must be there. The caller owns it. */
json_t *channel_fixture_load(const struct channel *channel, const char *file);
/* Of one bridge "one" of the channel, with the settings of channel.json and, over it,
 * the "settings" of the fixture; and with its "public_url". NULL: of no fixture. */
struct config *channel_fixture_config(const struct channel *channel,
                                      const json_t *fixture, struct arena *arena);
/* The member "reply": "kind" as a number, "status", "body", "retry_after_ms", "why". */
struct reply channel_fixture_reply(const json_t *object, struct arena *arena);
