/*
 * ids: the partitioned id index over SQLite: dedupe, receipts, trace.
 *
 * Keys are random, so a table sorted by key has another page written for nearly every
 * one. Here they are written in the order in which they come, one row a transaction
 * (id_batches), and the writing handle finds them in memory (id_map.h). A partition
 * that is full is sealed over the next transactions: its keys go, a few buckets at a
 * time, into rows found by a part of the key (id_buckets); then it is never written
 * again, has a filter that says for nearly all unknown keys that they are not in it,
 * and is deleted as a whole when it is old. The filters are in memory too. A reading
 * handle keeps nothing in memory and looks into every partition.
 */
#pragma once

#include "id_map.h"
#include "sqlite.h"

#define IDS_PARTITION_KEYS ID_MAP_KEYS

MUST_CHECK enum status ids_open(struct sqlite_store *store, struct ids **out_ids,
                                struct error *err);
void ids_close(struct ids *ids); /* accepts NULL */

/* Memory follows the transaction. */
void ids_begin(struct ids *ids);
void ids_savepoint(struct ids *ids);
void ids_undo(struct ids *ids);
void ids_rollback(struct ids *ids);
/* Writes what the transaction added; the last thing before its COMMIT. */
MUST_CHECK enum status ids_flush(struct ids *ids, struct error *err);
void ids_committed(struct ids *ids);
/* A count that every added key moves. */
uint64_t ids_changes(const struct ids *ids);

MUST_CHECK enum status ids_count(struct ids *ids, int64_t *out_count,
                                 struct error *err);

/* Members of the backend. */
enum status ids_find(struct store *store, const uint8_t key[HASH16_BYTES],
                     struct id_entry *out, struct error *err);
enum status ids_add(struct store *store, const uint8_t key[HASH16_BYTES],
                    int64_t now_ms, struct id_entry *entry, struct error *err);
enum status ids_expire(struct store *store, int64_t before_ms, bool *out_more,
                       struct error *err);
