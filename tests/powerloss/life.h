/*
 * life: one gateway's writing half at work on a recorded disk, from a seed: webhooks of
 * both sides, outcomes, orders, tidying, checkpoints, in batches, through relay, writer
 * and store as they are. Beside it stands what was promised to whom, and at which place
 * of the record.
 */
#pragma once

#include "support/vfs_memory.h"

#include "gateway/config.h"
#include "gateway/delivery.h"
#include "gateway/relay.h"
#include "gateway/store.h"

#define LIFE_PHASES 3
#define LIFE_NEVER SIZE_MAX
#define LIFE_LINES_MAX 65536

enum durability { DURABLE_FULL, DURABLE_NORMAL, DURABLE_OFF };

/* A place in a life; `position` counts events of that phase's record. */
struct moment {
    unsigned phase;
    size_t position; /* LIFE_NEVER: not at all */
};

/* One webhook. */
struct letter {
    bool is_outbound;
    char *lines;
    char public_id[PUBLIC_ID_BYTES]; /* as it was answered; empty: none */
    struct moment told;              /* its 2xx */
};

/* The last outcome of a delivery. */
struct ending {
    int64_t delivery;
    enum delivery_state state;
    unsigned attempts;
    struct moment told;
};

/* One transaction: from `begun` on it may be on the disk, from `ended` on it must. */
struct commit {
    size_t begun;
    size_t ended;
};

/* A list that grows: letters, endings or commits. */
#define LIFE_LIST(type)                                                                \
    struct {                                                                           \
        struct type *items;                                                            \
        size_t count;                                                                  \
        size_t capacity;                                                               \
    }

struct life {
    uint64_t seed;
    enum durability durability;
    struct vfs_memory *vfs;
    const char *vfs_name;
    struct config *config; /* borrowed */
    struct random random;
    struct now now;
    unsigned phase; /* the one that is lived, or was last */
    unsigned phases;

    LIFE_LIST(letter) letters;
    LIFE_LIST(ending) endings;
    LIFE_LIST(commit) commits; /* of this phase; the first is its start */

    struct life_work *work; /* what is open while a phase runs */
};

struct life *life_new(uint64_t seed, enum durability durability, struct vfs_memory *vfs,
                      const char *vfs_name, struct config *config);
/* Accepts NULL. */
void life_free(struct life *life);

/*
 * Lives the next phase and gives its record. It begins where the one before ended:
 * after a clean stop, a kill or a power loss, whichever the seed says. NULL: a promise
 * was broken while it ran; said on standard error.
 */
struct vfs_record *life_go_on(struct life *life);

/* --- the gateway's writing half ----------------------------------------------- */

#define HALF_URL "sqlite:/omgw.db"
struct half {
    struct store *store;
    struct writer *writer;
    struct relay *relay;
};
/* As a start opens it. */
MUST_CHECK enum status half_open(struct half *half, struct config *config,
                                 const char *vfs_name,
                                 const struct dispatcher *dispatcher, struct now now,
                                 struct error *err);
void half_close(struct half *half);

/* A webhook on its way. */
struct posted {
    struct arena *arena;
    struct intake *intake;
    struct intake_answer answer;
    bool is_outbound;
    const char *lines; /* borrowed */
    size_t letter;     /* its number */
    bool is_stored;
    size_t stored_at; /* of the record */
    const struct vfs_memory *vfs;
};
/* False: it was answered at once. */
bool half_post(struct half *half, struct config *config, struct posted *posted,
               struct now now);
/* After it is stored: the answer, and the id in it (empty: none). */
enum status half_collect(struct posted *posted, struct now now,
                         char out_id[PUBLIC_ID_BYTES]);

/* --- what is said ------------------------------------------------------------- */

/* Lines of a new webhook (see support/lines.h), from chance and what was said before.
 */
char *life_write(struct life *life, bool is_outbound);
