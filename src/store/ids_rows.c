#include "ids_rows.h"

/* Deleted with one transaction, so that none gets long. */
#define BATCHES_AT_ONCE 256

/* --- written ---------------------------------------------------------------- */

enum status ids_put_batch(struct sqlite_store *store, int64_t row, int64_t partition,
                          int64_t newest_ms, struct str entries, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(store, "INSERT INTO id_batches (id, partition, newest_ms, entries) "
                           "VALUES (?1, ?2, ?3, ?4)");
    query_i64(&q, row);
    query_i64(&q, partition);
    query_i64(&q, newest_ms);
    query_blob(&q, entries.ptr, entries.len);
    return query_run(&q, err);
}

enum status ids_delete_batches(struct sqlite_store *store, int64_t last,
                               int64_t partition, bool *out_more, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "DELETE FROM id_batches WHERE id <= ?1 AND partition <= ?2 AND "
               "id < (SELECT min(id) FROM id_batches) + ?3");
    query_i64(&q, last);
    query_i64(&q, partition);
    query_i64(&q, BATCHES_AT_ONCE);
    enum status status = query_run(&q, err);
    if (status == STATUS_OK)
        *out_more = sqlite3_changes(store->db) > 0;
    return status;
}

/* One that a crash left behind is replaced by the same. */
enum status ids_put_bucket(struct sqlite_store *store, int64_t partition,
                           unsigned bucket, struct str entries, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(store, "INSERT OR REPLACE INTO id_buckets (id, entries) "
                           "VALUES (?1, ?2)");
    query_i64(&q, partition * ID_BUCKETS + bucket);
    query_blob(&q, entries.ptr == NULL ? "" : entries.ptr, entries.len);
    return query_run(&q, err);
}

enum status ids_put_partition(struct sqlite_store *store, int64_t partition,
                              int64_t newest_ms, const uint8_t filter[ID_FILTER_BYTES],
                              struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "INSERT INTO id_partitions (number, key_count, newest_ms, filter) "
               "VALUES (?1, ?2, ?3, ?4)");
    query_i64(&q, partition);
    query_i64(&q, IDS_PARTITION_KEYS);
    query_i64(&q, newest_ms);
    query_blob(&q, filter, ID_FILTER_BYTES);
    return query_run(&q, err);
}

static enum status delete_buckets(struct sqlite_store *store, int64_t partition,
                                  struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(store, "DELETE FROM id_buckets WHERE id BETWEEN ?1 AND ?2");
    query_i64(&q, partition * ID_BUCKETS);
    query_i64(&q, partition * ID_BUCKETS + ID_BUCKETS - 1);
    return query_run(&q, err);
}

enum status ids_delete_partition(struct sqlite_store *store, int64_t partition,
                                 struct error *err)
{
    enum status status = delete_buckets(store, partition, err);
    if (status != STATUS_OK)
        return status;
    CLEANUP(query_end)
    struct query q = query_start(store, "DELETE FROM id_partitions WHERE number = ?1");
    query_i64(&q, partition);
    return query_run(&q, err);
}

/* --- read --------------------------------------------------------------------- */

/* Looks through column 0 of all rows. */
static enum status search_rows(struct query *q, const uint8_t key[HASH16_BYTES],
                               struct id_entry *out, struct error *err)
{
    bool has_row = false;
    enum status status;
    while ((status = query_row(q, &has_row, err)) == STATUS_OK && has_row)
        if (id_entries_find(column_text(q, 0), key, out))
            return STATUS_OK;
    return status == STATUS_OK ? STATUS_NOT_FOUND : status;
}

enum status ids_look_up(struct sqlite_store *store, int64_t partition,
                        const uint8_t key[HASH16_BYTES], struct id_entry *out,
                        struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(store, "SELECT entries FROM id_buckets WHERE id = ?1");
    query_i64(&q, partition * ID_BUCKETS + id_bucket_of(key));
    return search_rows(&q, key, out, err);
}

static enum status search_batches(struct sqlite_store *store,
                                  const uint8_t key[HASH16_BYTES], struct id_entry *out,
                                  struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(store, "SELECT entries FROM id_batches");
    return search_rows(&q, key, out, err);
}

/* Newest first: what is asked for is mostly recent. */
static enum status search_buckets(struct sqlite_store *store,
                                  const uint8_t key[HASH16_BYTES], struct id_entry *out,
                                  struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "SELECT b.entries FROM id_partitions AS p CROSS JOIN id_buckets AS b "
               "ON b.id = p.number * ?1 + ?2 ORDER BY p.number DESC");
    query_i64(&q, ID_BUCKETS);
    query_i64(&q, id_bucket_of(key));
    return search_rows(&q, key, out, err);
}

/* Batches before buckets: what is sealed in between is in both. */
enum status ids_search(struct sqlite_store *store, const uint8_t key[HASH16_BYTES],
                       struct id_entry *out, struct error *err)
{
    enum status status = search_batches(store, key, out, err);
    return status == STATUS_NOT_FOUND ? search_buckets(store, key, out, err) : status;
}

enum status ids_scan(struct sqlite_store *store, int64_t partition,
                     uint8_t filter[ID_FILTER_BYTES], struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(store, "SELECT entries FROM id_buckets WHERE id BETWEEN ?1 AND ?2");
    query_i64(&q, partition * ID_BUCKETS);
    query_i64(&q, partition * ID_BUCKETS + ID_BUCKETS - 1);
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        struct str rest = column_text(&q, 0);
        struct id_entry entry;
        uint8_t key[HASH16_BYTES];
        while (id_entry_next(&rest, key, &entry))
            id_filter_add(filter, key);
    }
    return status;
}

enum status ids_count_rows(struct sqlite_store *store, int64_t *out_count,
                           struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "SELECT (SELECT coalesce(sum(key_count), 0) FROM id_partitions) + "
               "(SELECT coalesce(sum(length(entries)), 0) / ?1 FROM id_batches "
               "WHERE partition > (SELECT coalesce(max(number), 0) "
               "FROM id_partitions))");
    query_i64(&q, ID_ENTRY_BYTES);
    enum status status = query_one(&q, err);
    if (status == STATUS_OK)
        *out_count = column_i64(&q, 0);
    return status;
}
