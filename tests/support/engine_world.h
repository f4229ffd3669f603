/*
 * engine_world: an engine between a clock, a transport, a recorder and a sender that a
 * test moves by hand.
 */
#pragma once

#include "support/expect.h"

#include "gateway/channel.h"
#include "gateway/engine.h"
#include "gateway/media.h"
#include "gateway/source.h"
#include "gateway/store.h"

#define WORLD_CONNECTIONS 8
#define WORLD_GIVE_UP_MS (INT64_C(72) * 3600 * 1000)
#define WORLD_PROBE_MS 30000
#define WORLD_TOKEN_LIFE_MS 600000
#define WORLD_FLIGHTS 256

struct flight {
    void *token;
    int64_t id; /* of the delivery; 0: a token request */
    unsigned part;
    enum message_status receipt_status;
    int64_t timeout_ms;
    const struct exchange *exchange; /* the engine's */
    bool is_cancelled;
};

/* The way to get a file; see source.h. */
typedef enum fetch_step world_fetch_next(struct fetch *fetch, const struct reply *last,
                                         struct now now, struct fetch_result *out);

#define WORLD_MISSING_BYTES 200

/* The first file of the last attempt that began. */
struct file_seen {
    bool is_there; /* the attempt was given files */
    bool is_kept;  /* with a link to a copy */
    char missing[WORLD_MISSING_BYTES];
};

struct engine_world {
    struct config *config;
    struct store *store;
    struct engine *engine;
    struct transport *transport; /* the engine's */
    size_t inbox;

    struct flight flights[WORLD_FLIGHTS]; /* oldest first */
    size_t flight_count;
    struct report *reports; /* not yet committed, oldest first */
    struct report last_report;
    int64_t wait_ms; /* how long the last step would have waited */

    /* Of fetch_world.h; NULL: attachments are only named. */
    struct media *media;
    world_fetch_next *fetch_next;
    struct queue_node *filings; /* under way, newest first */
    struct file_seen file_seen;

    /* How the fakes behave. */
    bool needs_token;
    bool has_file_link; /* of every exchange */
    unsigned parts;     /* of every message */
    int64_t retry_after_ms;
    enum hold_scope holds; /* what a 429 says */
    struct pace account_pace;
    struct pace contact_pace;
    enum pause_scope pauses; /* what a 403 does */
    bool commits_are_stale;
    bool is_ending;
    bool is_dead;
    int tokens;
};

int world_set_up(void **state);
int world_tear_down(void **state);
/* A new engine on the same store that holds at most `lane_memory` bytes. */
void world_reload(struct engine_world *world, int64_t lane_memory);
/* The engine dies with what is in flight; a new one reads the store. */
void world_crash(struct engine_world *world);
/* A new engine that takes only so many hand-overs between two steps. */
void world_shrink_inbox(struct engine_world *world, size_t inbox);
/* A new engine, whose channel has these paces. */
void world_pace(struct engine_world *world, struct pace account, struct pace contact);
void world_limit_rate(struct engine_world *world, int64_t per_minute);

/* Offers a delivery to Genesys: class MESSAGE on bridge 1 unless said otherwise. */
void world_offer(struct engine_world *world, int64_t contact, int64_t id);
void world_offer_on(struct engine_world *world, int64_t bridge, int64_t contact,
                    int64_t id);
/* Offers a message to the channel of bridge 1. */
void world_offer_outbound(struct engine_world *world, int64_t contact, int64_t id);
void world_offer_class(struct engine_world *world, enum delivery_class class,
                       int64_t contact, int64_t id);
/* Offers any delivery that stands behind no other room's bookkeeping. */
void world_offer_delivery(struct engine_world *world, const struct delivery *delivery);
struct delivery world_delivery(int64_t bridge, int64_t contact, int64_t id);
/* Offers a message that was accepted so long ago. */
void world_offer_late(struct engine_world *world, int64_t contact, int64_t id,
                      int64_t age_ms);
void world_offer_receipt(struct engine_world *world, int64_t message,
                         enum message_status status);
/* Stores messages 1..count of one contact, with deliveries of the same numbers. */
void world_store_messages(struct engine_world *world, int64_t contact, int64_t count);
/* The same, with what event_extra_encode made of their attachments. */
void world_store_extra(struct engine_world *world, int64_t contact, int64_t count,
                       struct str extra);

/* The same for one message each of contacts 1..count. */
void world_store_lanes(struct engine_world *world, int64_t count);

/* Bridge one: an answer that never came counts as failed. */
void world_forbid_repeats(struct engine_world *world);
void world_step(struct engine_world *world);
void world_advance(struct engine_world *world, int64_t ms);
/* Sets the wall clock ahead or back; the monotonic one goes on. */
void world_set_wall_clock(struct engine_world *world, int64_t by_ms);
int64_t world_flight_id(const struct engine_world *world, size_t index);
unsigned world_flight_part(const struct engine_world *world, size_t index);
enum message_status world_flight_status(const struct engine_world *world, size_t index);
void world_answer(struct engine_world *world, size_t index, int http_status);
void world_lose_answer(struct engine_world *world, size_t index);
/* Ends the exchange with any reply. */
void world_end(struct engine_world *world, size_t index, const struct reply *reply);
/* Commits the oldest report and gives its outcome. */
enum outcome world_commit(struct engine_world *world);
/* The same with the one that has so many before it. */
enum outcome world_commit_at(struct engine_world *world, size_t index);
