/*
 * source: how a peer's webhook is understood. Pure protocol code, implemented by every
 * channel and by genesys/webhook.c; called by relay/intake on the front thread only.
 */
#pragma once

#include "gateway/arena.h"
#include "gateway/bridge.h"
#include "gateway/clock.h"
#include "gateway/event.h"
#include "gateway/http_message.h"

/* What became of a unit, for the answer. */
struct acceptance {
    enum status status;    /* OK, DUPLICATE: kept (before); others: err says why */
    const char *public_id; /* of the unit's first message; NULL if there is none */
    int64_t conversation;  /* of that message; 0 if there is none */
};

struct source {
    /*
     * True when the request is a handshake: *reply is filled and nothing else happens.
     * Asked before verify. Sources without one use source_no_handshake.
     */
    bool (*handshake)(const struct bridge *bridge, const struct http_message *message,
                      struct arena *arena, struct http_reply *reply);
    /* STATUS_DENIED unless the raw bytes are authentic (and, where signed, in time). */
    enum status (*verify)(const struct bridge *bridge,
                          const struct http_message *message, struct now now,
                          struct error *err);
    /*
     * Fills unit->events (in the arena). A source that may not refuse content makes
     * EVENT_UNREADABLE out of it; one that may returns INVALID, UNPROCESSABLE, ....
     * FORBIDDEN: authentic, but names another integration than this bridge's.
     */
    enum status (*decode)(const struct bridge *bridge,
                          const struct http_message *message, struct arena *arena,
                          struct unit *unit, struct error *err);
    /* The answer to a kept unit, or to one without events. */
    void (*ack)(const struct bridge *bridge, const struct unit *unit,
                const struct acceptance *acceptance, struct arena *arena,
                struct http_reply *reply);
    /* Whether errors in content are answered 4xx with a problem body (else stored raw).
     */
    bool refuses_content;
};

bool source_no_handshake(const struct bridge *bridge,
                         const struct http_message *message, struct arena *arena,
                         struct http_reply *reply);
/* For peers that want nothing but a 2xx: an empty object. */
void source_ack_empty(const struct bridge *bridge, const struct unit *unit,
                      const struct acceptance *acceptance, struct arena *arena,
                      struct http_reply *reply);
