/*
 * engine: moves deliveries until they are done or dead. One thread; never blocks except
 * in the transport's poll. Sees only senders, a transport and a recorder.
 *
 * Lanes keep order: one delivery in flight per contact and direction; the next starts
 * after the outcome of the one before is committed.
 */
#pragma once

#include "gateway/config.h"
#include "gateway/report.h"
#include "gateway/transport.h"

struct engine;
struct flights;
struct media;
struct source;
struct store;

struct engine_settings {
    struct store *reader; /* borrowed; read at start and to refill lanes */
    const struct sender *genesys_sender; /* towards Genesys */
    const struct source *genesys_source; /* whose files agents send */
    struct media *media; /* borrowed; NULL: attachments are only named */
    struct recorder recorder;
    struct flights *flights; /* borrowed; NULL: sends are noted nowhere */
    const char *owner;       /* of lane leases */
    uint64_t seed;           /* of jitter */
    size_t inbox; /* hand-overs that may wait; more are read from the store later */
    struct now (*clock)(void); /* clock_now, or a simulation's */
};

struct engine *engine_new(const struct engine_settings *settings,
                          struct config *config);
/* Frees what is left; nothing may be under way. */
void engine_free(struct engine *engine);
/* The engine's from now on. Its `done` is engine_exchange_done, the engine its context.
 */
void engine_set_transport(struct engine *engine, struct transport *transport);
void engine_exchange_done(void *token, const struct reply *reply, void *context);

/* Reads every lane that has work. STATUS_RETRY, STATUS_FAILED: the database. */
MUST_CHECK enum status engine_load(struct engine *engine, struct error *err);

/* relay's way in; any thread. */
struct dispatcher engine_dispatcher(struct engine *engine);
/* From now on attempts start with this snapshot; holds a reference. Any thread. */
void engine_adopt(struct engine *engine, struct config *config);

/* One round: takes what arrived, starts what may start, polls the transport until
 * something happens, at most `max_wait_ms`. */
void engine_step(struct engine *engine, int64_t max_wait_ms);
/* No new attempts from now on; running ones end. Any thread. */
void engine_drain(struct engine *engine);
/* Nothing in flight and nothing waiting to be recorded. Any thread. */
bool engine_is_quiet(const struct engine *engine);
/* Cancels what is still in flight (it is recorded as such) and frees the transport.
 * After the last engine_step, before the writer stops. */
void engine_cut(struct engine *engine);
/* Takes the last reports, after the writer has stopped. */
void engine_finish(struct engine *engine);
/* Of deliveries held in memory: see limits.lane_memory. Engine thread. */
size_t engine_held_bytes(const struct engine *engine);
/* Ends a running or the next engine_step early. Any thread. */
void engine_wake(struct engine *engine);
