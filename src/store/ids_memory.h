/*
 * ids_memory: what a writing handle keeps of the id index; for ids.c and ids_load.c.
 */
#pragma once

#include "ids.h"

/* How much of an open partition is in the database. */
struct progress {
    size_t keys;
    int64_t last_batch; /* row */
    unsigned buckets;
    bool is_sealed;
};

struct partition {
    int64_t number;
    int64_t newest_ms;
    uint8_t *filter;      /* of a sealed one */
    struct id_map *map;   /* NULL: it is sealed */
    struct progress kept; /* committed */
    struct progress next; /* once the transaction is committed */
};

/* What undo and rollback go back to. */
struct mark {
    size_t count;
    size_t key_count; /* of the last */
    size_t dropped;
    int64_t newest_ms;
};

struct ids {
    struct sqlite_store *store;   /* borrowed */
    struct partition *partitions; /* oldest first; the sealed ones before the others */
    size_t count;
    size_t capacity;
    size_t dropped; /* of the oldest: gone once the transaction is committed */
    uint64_t changes;

    int64_t last_batch; /* newest row of id_batches */
    int64_t tidy_to;    /* batches up to here are of sealed partitions; 0: none */
    bool tidy_ends;     /* once the transaction is committed there are none */

    struct mark at_begin;
    struct mark at_job;
    struct buf text; /* of the row being written */
};

/* NULL: there is none yet. */
struct partition *ids_newest(const struct ids *ids);
struct partition *ids_push(struct ids *ids, int64_t number);
struct partition *ids_push_open(struct ids *ids, int64_t number);
/* Fills an empty one from the rows. */
MUST_CHECK enum status ids_load(struct ids *ids, struct error *err);
