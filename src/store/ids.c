#include "ids.h"

#include <assert.h>

#include "ids_memory.h"
#include "ids_rows.h"

#include "gateway/memory.h"

/* Written with one transaction, so that none gets long: the next partition fills in no
 * less than ten times as many transactions as sealing takes. */
#define BUCKETS_AT_ONCE 64
/* Partitions that may be in memory before they are sealed at whatever length. */
#define OPEN_PARTITIONS 2
#define BATCH_BYTES ((size_t)IDS_PARTITION_KEYS * ID_ENTRY_BYTES)

/* --- the list of partitions ------------------------------------------------ */

struct partition *ids_newest(const struct ids *ids)
{
    return ids->count == 0 ? NULL : &ids->partitions[ids->count - 1];
}

/* Where those begin that are not sealed. */
static size_t first_open(const struct ids *ids)
{
    size_t first = ids->count;
    while (first > 0 && ids->partitions[first - 1].map != NULL)
        first--;
    return first;
}

struct partition *ids_push(struct ids *ids, int64_t number)
{
    if (ids->count == ids->capacity) {
        ids->capacity = ids->capacity == 0 ? 16 : ids->capacity * 2;
        ids->partitions =
            mem_resize(ids->partitions, ids->capacity * sizeof(*ids->partitions));
    }
    assert(ids->partitions != NULL);
    struct partition *partition = &ids->partitions[ids->count++];
    *partition = (struct partition){.number = number};
    return partition;
}

struct partition *ids_push_open(struct ids *ids, int64_t number)
{
    struct partition *partition = ids_push(ids, number);
    partition->map = id_map_new();
    return partition;
}

static void partition_release(struct partition *partition)
{
    id_map_free(partition->map);
    mem_free(partition->filter);
}

static void pop_to(struct ids *ids, size_t count)
{
    while (ids->count > count)
        partition_release(&ids->partitions[--ids->count]);
}

/* --- open and close -------------------------------------------------------- */

enum status ids_open(struct sqlite_store *store, struct ids **out_ids,
                     struct error *err)
{
    struct ids *ids = mem_new(sizeof(*ids));
    ids->store = store;
    buf_init(&ids->text, BATCH_BYTES);
    enum status status = STATUS_OK;
    if (store->store.mode == STORE_WRITER)
        status = ids_load(ids, err);
    if (status != STATUS_OK) {
        ids_close(ids);
        return status;
    }
    *out_ids = ids;
    return STATUS_OK;
}

void ids_close(struct ids *ids)
{
    if (ids == NULL)
        return;
    pop_to(ids, 0);
    mem_free(ids->partitions);
    buf_release(&ids->text);
    mem_free(ids);
}

/* --- the transaction ------------------------------------------------------- */

static struct mark mark_of(const struct ids *ids)
{
    const struct partition *newest = ids_newest(ids);
    struct mark mark = {.count = ids->count, .dropped = ids->dropped};
    if (newest != NULL && newest->map != NULL)
        mark.key_count = id_map_count(newest->map);
    if (newest != NULL)
        mark.newest_ms = newest->newest_ms;
    return mark;
}

void ids_begin(struct ids *ids)
{
    ids->at_begin = mark_of(ids);
}

void ids_savepoint(struct ids *ids)
{
    ids->at_job = mark_of(ids);
}

static void go_back(struct ids *ids, const struct mark *mark)
{
    pop_to(ids, mark->count);
    ids->dropped = mark->dropped;
    struct partition *newest = ids_newest(ids);
    if (newest == NULL)
        return;
    newest->newest_ms = mark->newest_ms;
    if (newest->map != NULL)
        id_map_cut(newest->map, mark->key_count);
}

void ids_undo(struct ids *ids)
{
    go_back(ids, &ids->at_job);
}

void ids_rollback(struct ids *ids)
{
    go_back(ids, &ids->at_begin);
}

uint64_t ids_changes(const struct ids *ids)
{
    return ids->changes;
}

/* --- writing it ------------------------------------------------------------ */

static enum status flush_keys(struct ids *ids, struct partition *partition,
                              struct error *err)
{
    size_t count = id_map_count(partition->map);
    if (partition->next.keys == count)
        return STATUS_OK;
    buf_clear(&ids->text);
    id_map_encode(partition->map, partition->next.keys, &ids->text);
    enum status status = ids_put_batch(ids->store, ++ids->last_batch, partition->number,
                                       partition->newest_ms, buf_str(&ids->text), err);
    partition->next.keys = count;
    partition->next.last_batch = ids->last_batch;
    return status;
}

static enum status seal(struct ids *ids, struct partition *partition, struct error *err)
{
    if (partition->filter == NULL)
        partition->filter = mem_new(ID_FILTER_BYTES);
    memset(partition->filter, 0, ID_FILTER_BYTES);
    id_map_fill_filter(partition->map, partition->filter);
    partition->next.is_sealed = true;
    return ids_put_partition(ids->store, partition->number, partition->newest_ms,
                             partition->filter, err);
}

static enum status flush_buckets(struct ids *ids, struct partition *partition,
                                 unsigned limit, struct error *err)
{
    enum status status = STATUS_OK;
    struct progress *next = &partition->next;
    for (; limit > 0 && next->buckets < ID_BUCKETS && status == STATUS_OK; limit--) {
        buf_clear(&ids->text);
        id_map_encode_bucket(partition->map, next->buckets, &ids->text);
        status = ids_put_bucket(ids->store, partition->number, next->buckets,
                                buf_str(&ids->text), err);
        next->buckets++;
    }
    if (status == STATUS_OK && next->buckets == ID_BUCKETS)
        status = seal(ids, partition, err);
    return status;
}

/* Batches of sealed partitions have nothing that the buckets do not have. */
static enum status tidy(struct ids *ids, struct error *err)
{
    bool has_more = false;
    size_t open = first_open(ids);
    if (ids->tidy_to == 0 || open == 0)
        return STATUS_OK;
    enum status status = ids_delete_batches(
        ids->store, ids->tidy_to, ids->partitions[open - 1].number, &has_more, err);
    ids->tidy_ends = !has_more;
    return status;
}

enum status ids_flush(struct ids *ids, struct error *err)
{
    enum status status = tidy(ids, err);
    for (size_t i = first_open(ids); i < ids->count && status == STATUS_OK; i++) {
        struct partition *partition = &ids->partitions[i];
        partition->next = partition->kept;
        status = flush_keys(ids, partition, err);
        bool is_full = partition->next.keys == IDS_PARTITION_KEYS;
        bool is_urgent = ids->count - i > OPEN_PARTITIONS;
        if (status == STATUS_OK && is_full)
            status = flush_buckets(ids, partition,
                                   is_urgent ? ID_BUCKETS : BUCKETS_AT_ONCE, err);
    }
    return status;
}

static void forget_dropped(struct ids *ids)
{
    if (ids->dropped == 0)
        return;
    for (size_t i = 0; i < ids->dropped; i++)
        partition_release(&ids->partitions[i]);
    ids->count -= ids->dropped;
    memmove(ids->partitions, ids->partitions + ids->dropped,
            ids->count * sizeof(*ids->partitions));
    ids->dropped = 0;
}

void ids_committed(struct ids *ids)
{
    forget_dropped(ids);
    if (ids->tidy_ends)
        ids->tidy_to = 0;
    ids->tidy_ends = false;
    for (size_t i = first_open(ids); i < ids->count; i++) {
        struct partition *partition = &ids->partitions[i];
        partition->kept = partition->next;
        if (!partition->kept.is_sealed)
            continue;
        id_map_free(TAKE(partition->map));
        if (partition->kept.last_batch > ids->tidy_to)
            ids->tidy_to = partition->kept.last_batch;
    }
}

/* --- finding --------------------------------------------------------------- */

/* The lines of the filters lie far apart: fetched together, they cost one wait. */
static void fetch_filters(const struct ids *ids, const uint8_t key[HASH16_BYTES])
{
    for (size_t i = ids->dropped; i < ids->count; i++)
        if (ids->partitions[i].map == NULL)
            id_filter_fetch(ids->partitions[i].filter, key);
}

/* Newest first: what is asked for is mostly recent. */
static enum status find_key(struct ids *ids, const uint8_t key[HASH16_BYTES],
                            struct id_entry *out, struct error *err)
{
    fetch_filters(ids, key);
    for (size_t i = ids->count; i-- > ids->dropped;) {
        const struct partition *partition = &ids->partitions[i];
        if (partition->map != NULL) {
            if (id_map_find(partition->map, key, out))
                return STATUS_OK;
            continue;
        }
        if (!id_filter_may_have(partition->filter, key))
            continue;
        enum status status = ids_look_up(ids->store, partition->number, key, out, err);
        if (status != STATUS_NOT_FOUND)
            return status;
    }
    return STATUS_NOT_FOUND;
}

enum status ids_find(struct store *store, const uint8_t key[HASH16_BYTES],
                     struct id_entry *out, struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    enum status status = store->mode == STORE_READER
                             ? ids_search(sqlite, key, out, err)
                             : find_key(sqlite->ids, key, out, err);
    return status == STATUS_NOT_FOUND ? fail(err, status, "this id is not known")
                                      : status;
}

/* --- adding ---------------------------------------------------------------- */

/* The partition that has room for one more key. */
static struct partition *partition_with_room(struct ids *ids)
{
    struct partition *newest = ids_newest(ids);
    if (newest == NULL)
        return ids_push_open(ids, 1);
    if (newest->map == NULL || id_map_count(newest->map) == IDS_PARTITION_KEYS)
        return ids_push_open(ids, newest->number + 1);
    return newest;
}

enum status ids_add(struct store *store, const uint8_t key[HASH16_BYTES],
                    int64_t now_ms, struct id_entry *entry, struct error *err)
{
    struct ids *ids = sqlite_of(store)->ids;
    enum status status = find_key(ids, key, entry, err);
    if (status != STATUS_NOT_FOUND)
        return status == STATUS_OK ? STATUS_DUPLICATE : status;
    struct partition *partition = partition_with_room(ids);
    id_map_add(partition->map, key, entry);
    ids->changes++;
    if (now_ms > partition->newest_ms)
        partition->newest_ms = now_ms;
    return STATUS_OK;
}

/* --- retention ------------------------------------------------------------- */

static bool oldest_is_expired(const struct ids *ids, int64_t before_ms)
{
    if (ids->count - ids->dropped < 2)
        return false; /* the newest stays */
    const struct partition *oldest = &ids->partitions[ids->dropped];
    return oldest->map == NULL && oldest->newest_ms < before_ms;
}

enum status ids_expire(struct store *store, int64_t before_ms, bool *out_more,
                       struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    struct ids *ids = sqlite->ids;
    enum status status = STATUS_OK;
    if (oldest_is_expired(ids, before_ms)) {
        status =
            ids_delete_partition(sqlite, ids->partitions[ids->dropped].number, err);
        if (status == STATUS_OK)
            ids->dropped++;
    }
    if (status == STATUS_OK)
        *out_more = oldest_is_expired(ids, before_ms);
    return status;
}

/* --- looking --------------------------------------------------------------- */

enum status ids_count(struct ids *ids, int64_t *out_count, struct error *err)
{
    int64_t count = 0;
    enum status status = ids_count_rows(ids->store, &count, err);
    for (size_t i = first_open(ids); i < ids->count; i++)
        count += (int64_t)(id_map_count(ids->partitions[i].map) -
                           ids->partitions[i].kept.keys);
    if (status == STATUS_OK)
        *out_count = count;
    return status;
}
