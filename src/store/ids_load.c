/*
 * ids_load: the id index as a writing handle keeps it in memory, read from its rows.
 */
#include "ids_memory.h"
#include "ids_rows.h"

#include "gateway/memory.h"

static enum status load_sealed(struct ids *ids, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        ids->store,
        "SELECT number, newest_ms, filter FROM id_partitions ORDER BY number");
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        struct partition *partition = ids_push(ids, column_i64(&q, 0));
        partition->newest_ms = column_i64(&q, 1);
        partition->filter = mem_new(ID_FILTER_BYTES);
        struct str filter = column_text(&q, 2);
        if (filter.len == ID_FILTER_BYTES)
            memcpy(partition->filter, filter.ptr, ID_FILTER_BYTES);
        else
            status = ids_scan(ids->store, partition->number, partition->filter, err);
        if (status != STATUS_OK)
            return status;
    }
    return status;
}

struct batch {
    int64_t row;
    int64_t partition;
    int64_t newest_ms;
    struct str entries;
};

/* False: there is something in it that was never written so. */
static bool add_batch(struct partition *partition, const struct batch *batch)
{
    struct str rest = batch->entries;
    struct id_entry entry;
    struct id_entry other;
    uint8_t key[HASH16_BYTES];
    while (id_entry_next(&rest, key, &entry)) {
        if (id_map_count(partition->map) == IDS_PARTITION_KEYS ||
            id_map_find(partition->map, key, &other))
            return false;
        id_map_add(partition->map, key, &entry);
    }
    partition->kept.keys = id_map_count(partition->map);
    partition->kept.last_batch = batch->row;
    if (batch->newest_ms > partition->newest_ms)
        partition->newest_ms = batch->newest_ms;
    return rest.len == 0;
}

/* Keys of an open partition, which they may be the first of. */
static enum status load_batch(struct ids *ids, const struct batch *batch,
                              struct error *err)
{
    struct partition *partition = ids_newest(ids);
    if (partition == NULL || partition->number < batch->partition)
        partition = ids_push_open(ids, batch->partition);
    if (partition->number == batch->partition && add_batch(partition, batch))
        return STATUS_OK;
    return fail(err, STATUS_FAILED, "database %s: row %lld of id_batches is damaged",
                ids->store->path, (long long)batch->row);
}

static enum status load_batches(struct ids *ids, struct error *err)
{
    const struct partition *newest = ids_newest(ids);
    int64_t sealed = newest == NULL ? 0 : newest->number;
    CLEANUP(query_end)
    struct query q = query_start(
        ids->store,
        "SELECT id, partition, newest_ms, entries FROM id_batches ORDER BY id");
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        const struct batch batch = {column_i64(&q, 0), column_i64(&q, 1),
                                    column_i64(&q, 2), column_text(&q, 3)};
        ids->last_batch = batch.row;
        if (batch.partition <= sealed)
            ids->tidy_to = batch.row;
        else
            status = load_batch(ids, &batch, err);
        if (status != STATUS_OK)
            return status;
    }
    return status;
}

enum status ids_load(struct ids *ids, struct error *err)
{
    enum status status = load_sealed(ids, err);
    return status == STATUS_OK ? load_batches(ids, err) : status;
}
