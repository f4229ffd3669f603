/*
 * source: how a peer's webhook is understood. Pure protocol code, implemented by every
 * channel and by genesys/webhook.c; called by relay/intake on the front thread only.
 */
#pragma once

#include "gateway/arena.h"
#include "gateway/bridge.h"
#include "gateway/clock.h"
#include "gateway/delivery.h"
#include "gateway/event.h"
#include "gateway/exchange.h"
#include "gateway/http_message.h"

/* What became of a unit, for the answer. */
struct acceptance {
    enum status status;    /* OK, DUPLICATE: kept (before); others: err says why */
    const char *public_id; /* of the unit's first message; NULL if there is none */
    int64_t conversation;  /* of that message; 0 if there is none */
};

/*
 * One file that a webhook named, on its way to us. Lives in its arena; the engine's.
 */
struct fetch {
    const struct attachment *attachment; /* borrowed */
    const struct bridge *bridge;         /* borrowed from the fetch's configuration */
    struct arena *arena;
    unsigned step; /* the source's own count; starts at 0 with each try */
};

enum fetch_step {
    FETCH_EXCHANGE, /* out->exchange: its reply is told to the next call */
    FETCH_FILE,     /* out->exchange: the body of its 200 answer is the file; any other
                       reply (a 202, too: it is not there yet) is told to the next call. A
                       redirect is followed by the engine, without the headers */
    FETCH_OVER,     /* out->outcome and its reason: RETRY, SLOW_DOWN, or refused */
};

struct fetch_result {
    struct exchange exchange;

    enum outcome outcome;
    int64_t retry_after_ms; /* -1: not said */
    enum reason_code reason_code;
    struct str reason; /* for people; no URL, no secret */
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
    /*
     * How a file that a message of this source names is got: asked for the next
     * exchange, told the reply, until the file is there or cannot be had. Engine
     * thread. Where the attachment has all it takes in its URL: fetch_url.
     */
    enum fetch_step (*fetch_next)(struct fetch *fetch, const struct reply *last,
                                  struct now now, struct fetch_result *out);
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

/* A GET of the attachment's URL, which came from outside. */
enum fetch_step fetch_url(struct fetch *fetch, const struct reply *last, struct now now,
                          struct fetch_result *out);
/* The same, begun by a channel that adds headers of its own. */
enum fetch_step fetch_get(struct fetch *fetch, struct str url, bool is_outside_url,
                          struct fetch_result *out);
/* The body of an answer as JSON, the caller's; NULL: it is none. */
struct json *fetch_read(const struct reply *reply);
/* What any reply but a 2xx means: gone, too often, or try again. */
enum fetch_step fetch_refused(const struct fetch *fetch, const struct reply *reply,
                              struct fetch_result *out);
/* The file cannot be had, for that reason. */
enum fetch_step fetch_missing(struct fetch_result *out, enum reason_code code,
                              struct str reason);
