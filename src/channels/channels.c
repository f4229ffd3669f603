#include "gateway/channels.h"

#include "partner.h"

/* One line a channel: declares <name>_channel and lists it. */
#define CHANNEL_TABLE(X)                                                               \
    X(line)                                                                            \
    X(messenger)                                                                       \
    X(instagram)                                                                       \
    X(partner)                                                                         \
    X(slack)                                                                           \
    X(smooch)                                                                          \
    X(telegram)                                                                        \
    X(twilio)                                                                          \
    X(viber)                                                                           \
    X(whatsapp)

#define DECLARE(name) extern const struct channel name##_channel;
CHANNEL_TABLE(DECLARE)

#define LIST(name) &name##_channel,
const struct channel *const channels[] = {CHANNEL_TABLE(LIST) NULL};

const struct channel *channel_find(struct str name)
{
    for (const struct channel *const *channel = channels; *channel != NULL; channel++)
        if (str_is(name, (*channel)->name))
            return *channel;
    return NULL;
}

enum status channel_ping(const struct bridge *bridge, struct str id, struct now now,
                         struct arena *arena, struct exchange *out, struct error *err)
{
    if (bridge->channel != &partner_channel)
        return fail(err, STATUS_UNSUPPORTED, "channel %s has no test exchange",
                    bridge->channel->name);
    return partner_ping(bridge, id, now, arena, out, err);
}
