/*
 * ids_rows: the rows of the id index, for ids.c and its neighbours. Nothing here keeps
 * anything in memory.
 */
#pragma once

#include "ids.h"

/* Entries of a partition, encoded, as one row. */
MUST_CHECK enum status ids_put_batch(struct sqlite_store *store, int64_t row,
                                     int64_t partition, int64_t newest_ms,
                                     struct str entries, struct error *err);
/* Deletes batches up to row `last` of partitions up to `partition`, only some of them.
 * *out_more: there are more. */
MUST_CHECK enum status ids_delete_batches(struct sqlite_store *store, int64_t last,
                                          int64_t partition, bool *out_more,
                                          struct error *err);
MUST_CHECK enum status ids_put_bucket(struct sqlite_store *store, int64_t partition,
                                      unsigned bucket, struct str entries,
                                      struct error *err);
MUST_CHECK enum status ids_put_partition(struct sqlite_store *store, int64_t partition,
                                         int64_t newest_ms,
                                         const uint8_t filter[ID_FILTER_BYTES],
                                         struct error *err);
/* A sealed partition with its buckets. */
MUST_CHECK enum status ids_delete_partition(struct sqlite_store *store,
                                            int64_t partition, struct error *err);

/* STATUS_NOT_FOUND  the sealed partition does not hold it */
MUST_CHECK enum status ids_look_up(struct sqlite_store *store, int64_t partition,
                                   const uint8_t key[HASH16_BYTES],
                                   struct id_entry *out, struct error *err);
/* In all partitions, sealed or not. STATUS_NOT_FOUND. */
MUST_CHECK enum status ids_search(struct sqlite_store *store,
                                  const uint8_t key[HASH16_BYTES], struct id_entry *out,
                                  struct error *err);
/* Makes the filter of a sealed partition from its buckets. */
MUST_CHECK enum status ids_scan(struct sqlite_store *store, int64_t partition,
                                uint8_t filter[ID_FILTER_BYTES], struct error *err);
/* Keys in the database. */
MUST_CHECK enum status ids_count_rows(struct sqlite_store *store, int64_t *out_count,
                                      struct error *err);
