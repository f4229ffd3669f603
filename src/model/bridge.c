#include "gateway/bridge.h"

#include "gateway/arena.h"

struct str bridge_webhook_url(const struct bridge *bridge, struct str part,
                              struct arena *arena)
{
    return arena_printf(arena, "%s/webhooks/channels/%s%s%.*s", bridge->public_url,
                        bridge->name, part.len > 0 ? "/" : "", STR_ARG(part));
}
