/*
 * relay: from a webhook request to stored deliveries, and from an attempt's outcome to
 * the next state and the receipts that follow. Everything that must happen inside the
 * writer's transaction is here.
 */
#pragma once

#include "gateway/config.h"
#include "gateway/random.h"
#include "gateway/report.h"
#include "gateway/source.h"
#include "gateway/writer.h"

struct media;
struct relay;

struct relay_settings {
    struct writer *writer;               /* borrowed */
    const struct source *genesys_source; /* understands Genesys' webhooks */
    struct media *media;                 /* borrowed; NULL: no files are filed */
    struct dispatcher dispatcher;
    uint64_t seed; /* of public ids */
};

struct relay *relay_new(const struct relay_settings *settings);
/* No job may be under way. */
void relay_free(struct relay *relay);

/* The engine's way to keep what attempts came to. */
struct recorder relay_recorder(struct relay *relay);

/*
 * Finds or makes the database rows of all bridges of a snapshot that nobody uses yet,
 * in one transaction of a store that the caller owns (start) or inside a write job
 * (reload). STATUS_CONFLICT  a bridge with history changed its channel or integration
 */
MUST_CHECK enum status relay_sync_bridges(struct relay *relay, struct config *config,
                                          struct store *store, int64_t now_ms,
                                          struct error *err);

/*
 * One round of what time takes away (early receipts after 24 h, ids after their
 * retention), as a write job. Begins each round of the housekeeper; one that still
 * waits is not doubled.
 */
void relay_tidy(struct relay *relay, const struct config *config);

/* What new events and backups must leave free on the file system of the database. */
int64_t relay_disk_reserve(const struct config *config);

/* --- housekeeping
 * ----------------------------------------------------------------------------- */

struct housekeeper;
/* Of a thread of its own. `reader`: a reading handle, borrowed. */
struct housekeeper *housekeeper_new(struct relay *relay, struct store *reader,
                                    struct config *config, struct now now);
/* Its thread and the writer have ended. */
void housekeeper_free(struct housekeeper *keeper);
/*
 * Goes on with what is past its retention: takes what was committed, looks for more,
 * gives it to the writer. Never waits. Returns how long until there is something to do.
 */
int64_t housekeeper_step(struct housekeeper *keeper, struct now now);
/* Its thread: until a step has something to do, at most that long. */
void housekeeper_wait(struct housekeeper *keeper, int64_t timeout_ms);
/* A round begins at once, with other settings. Any thread. */
void housekeeper_adopt(struct housekeeper *keeper, struct config *config);
/* No more waiting, for good. Any thread. */
void housekeeper_stop(struct housekeeper *keeper);

/* --- intake
 * ------------------------------------------------------------------------------ */

enum intake_peer { INTAKE_CHANNEL, INTAKE_GENESYS };

struct intake;
/* Writer thread: the unit is committed or has failed; intake_finish may be called. */
typedef void intake_stored(void *token);

struct intake_request {
    enum intake_peer peer;
    struct str bridge_name;
    const struct http_message *message; /* borrowed until the intake ended */
    struct arena *arena;                /* likewise */
    struct now now;
    int64_t started_ms; /* mono: when the request began */
    intake_stored *stored;
    void *token;
};

/*
 * What a webhook is answered. `status` OK or DUPLICATE: answer `reply`; others: a
 * problem from `err`.
 */
struct intake_answer {
    enum status status;
    struct http_reply reply;
    struct error err;
};

/*
 * Front thread. True: *answer is complete. False: there is something to store: make the
 * request wait, then call intake_submit.
 */
bool intake_begin(struct relay *relay, struct config *config,
                  const struct intake_request *request, struct intake **out_intake,
                  struct intake_answer *answer);
/* Front thread, once: `stored` follows, also (at once) when the writer is full. */
void intake_submit(struct intake *intake);
/* Front thread, after `stored`: the answer. */
void intake_finish(struct intake *intake, struct now now, struct intake_answer *out);
/* Front thread, instead of intake_finish: the sender was answered 503 meanwhile. The
 * job goes on; a repeat of the webhook finds what it stored. */
void intake_abandon(struct intake *intake, struct now now, struct intake_answer *out);

/* --- an operator's orders
 * ------------------------------------------------------------------ */

enum order_verb {
    ORDER_PAUSE,  /* a bridge, both ways, until it is resumed; after a restart too */
    ORDER_RESUME, /* also ends what the gateway paused of it */
    ORDER_REPLAY, /* dead letters: as new deliveries at their lanes' tails, in this
                     order */
    ORDER_DROP,   /* dead letters */
    ORDER_FORGET, /* what waits on a bridge that is not configured becomes dead letters
                   */
};
const char *order_verb_name(enum order_verb verb); /* "pause", ... */

/* A delivery that an order left as it was. */
struct order_skip {
    int64_t delivery;
    struct str why;
};

struct order;
/* Writer thread: the order is committed or has failed; it is the asker's again. */
typedef void order_done(struct order *order);

struct order {
    enum order_verb verb;
    struct str bridge;         /* of PAUSE, RESUME and FORGET; by name */
    struct str reason;         /* of PAUSE */
    struct str actor;          /* whose order it is, for the audit */
    const int64_t *deliveries; /* of the others */
    size_t delivery_count;     /* at most LIMIT_WRITER_BATCH: no long transactions */
    struct arena *arena;       /* all of it lives there, until done */
    order_done *done;
    void *token;

    /* The outcome. STATUS_NOT_FOUND: no such bridge; CONFLICT: it is configured. */
    enum status status;
    struct error err;
    size_t changed;
    struct order_skip *skips;
    size_t skip_count;

    struct order_work *work; /* relay's */
};
/* Any thread. `done` follows, also (at once) when the writer is full. */
void order_submit(struct relay *relay, struct config *config, struct order *order);
