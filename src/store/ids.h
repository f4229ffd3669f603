/*
 * ids: the partitioned id index over SQLite: dedupe, receipts, trace.
 *
 * Random keys in one growing table make ingest fall to a third at a million messages,
 * because every insert writes another page. So keys go to the newest of a row of tables
 * only. A full one is sealed: it is never written again, has a filter that says for
 * nearly all unknown keys that they are not in it, and is dropped as a whole when it is
 * old. The writing handle keeps all filters in memory, that of the newest too; a
 * reading handle asks every table.
 */
#pragma once

#include "id_filter.h"
#include "sqlite.h"

#define IDS_PARTITION_KEYS ID_FILTER_KEYS

MUST_CHECK enum status ids_open(struct sqlite_store *store, struct ids **out_ids,
                                struct error *err);
void ids_close(struct ids *ids); /* accepts NULL */

/* Memory follows the transaction. */
void ids_begin(struct ids *ids);
void ids_savepoint(struct ids *ids);
void ids_undo(struct ids *ids);
void ids_rollback(struct ids *ids);

MUST_CHECK enum status ids_count(struct ids *ids, int64_t *out_count,
                                 struct error *err);

/* Members of the backend. */
enum status ids_find(struct store *store, const uint8_t key[HASH16_BYTES],
                     struct id_entry *out, struct error *err);
enum status ids_add(struct store *store, const uint8_t key[HASH16_BYTES],
                    int64_t now_ms, struct id_entry *entry, struct error *err);
enum status ids_expire(struct store *store, int64_t before_ms, bool *out_more,
                       struct error *err);
