/*
 * transport: starts exchanges and tells when they ended. Implemented by
 * client/http_client (libcurl) and by the simulator.
 *
 * Owned by the engine thread; only transport_wake may be called from others. An
 * exchange is sent at most once per start: the implementation never repeats a request
 * by itself.
 */
#pragma once

#include "gateway/exchange.h"

struct transport;
/* Called from inside transport_poll, once per started exchange. `reply` and all it
 * holds are valid only during the call. */
typedef void transport_done(void *token, const struct reply *reply, void *context);

struct transport_ops {
    /* The exchange and what it points to must stay until done was called.
     * STATUS_RETRY: no room (connections, memory); nothing was started. */
    enum status (*start)(struct transport *transport, const struct exchange *exchange,
                         void *token, struct error *err);
    /* done follows, with REPLY_CANCELLED unless the answer was faster. */
    void (*cancel)(struct transport *transport, void *token);
    /* Moves all transfers, reports the ended ones, waits at most `timeout_ms` if none
     * is. */
    void (*poll)(struct transport *transport, int64_t timeout_ms);
    /* Ends a running or the next poll early. Any thread. */
    void (*wake)(struct transport *transport);
    /* Cancels what still runs (done is called for each), then frees. */
    void (*free)(struct transport *transport);
};

/* First member of every implementation. */
struct transport {
    const struct transport_ops *ops;
    transport_done *done;
    void *context; /* of done; borrowed */
};
