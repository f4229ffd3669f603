/*
 * Whether the id index is whole: no partition missing in between, keys where they are
 * looked for, filters that hide nothing, and every message found by its public id.
 */
#include "ids_memory.h"
#include "internal.h"
#include "verifier.h"

/* Messages between two looks at the watch. */
#define MOVE_EVERY 1000

/* What the rows of one partition, sealed or not, hold. */
struct tally {
    struct verifier *verifier;
    struct str where;
    int64_t newest_message; /* of the database */
    const uint8_t *filter;  /* NULL: none to ask */
    unsigned bucket;        /* of a sealed one: where its keys belong */
    bool is_sealed;
    int64_t rows;
    int64_t keys;
    int64_t hidden;    /* that the filter denies */
    int64_t misplaced; /* in another's bucket */
    int64_t ahead;     /* of messages that are not there yet */
    int64_t broken;    /* rows that end in the middle of an entry */
};

static void count_row(struct tally *tally, struct str entries)
{
    struct id_entry entry;
    uint8_t key[HASH16_BYTES];
    tally->rows++;
    while (id_entry_next(&entries, key, &entry)) {
        tally->keys++;
        if (entry.message < 0 || entry.message > tally->newest_message)
            tally->ahead++;
        if (tally->is_sealed && id_bucket_of(key) != tally->bucket)
            tally->misplaced++;
        if (tally->filter != NULL && !id_filter_may_have(tally->filter, key))
            tally->hidden++;
    }
    if (entries.len > 0)
        tally->broken++;
}

static void report(const struct tally *tally)
{
    const struct {
        int64_t count;
        const char *what;
    } faults[] = {
        {tally->broken,    "rows that end in the middle of a key"                  },
        {tally->misplaced, "keys in a place where nobody looks for them"           },
        {tally->hidden,    "keys that the filter hides: their repeats count as new"},
        {tally->ahead,     "keys of messages that are not there yet"               },
    };
    for (size_t i = 0; i < COUNT_OF(faults); i++)
        if (faults[i].count > 0)
            verifier_foundf(tally->verifier, tally->where, "has %lld %s",
                            (long long)faults[i].count, faults[i].what);
}

static void name_partition(int64_t number, char out[48])
{
    (void)snprintf(out, 48, "id partition %lld", (long long)number);
}

/* --- sealed ones ------------------------------------------------------------------ */

struct sealed {
    int64_t number;
    int64_t key_count;
    struct str filter; /* until the query moves on */
};

static enum status count_buckets(struct tally *tally, int64_t number, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(tally->verifier->store, "SELECT id, entries FROM id_buckets "
                                            "WHERE id BETWEEN ?1 AND ?2 ORDER BY id");
    query_i64(&q, number * ID_BUCKETS);
    query_i64(&q, number * ID_BUCKETS + ID_BUCKETS - 1);
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        tally->bucket = (unsigned)(column_i64(&q, 0) - number * ID_BUCKETS);
        count_row(tally, column_text(&q, 1));
    }
    return status;
}

static enum status verify_sealed(struct verifier *verifier, const struct sealed *sealed,
                                 int64_t newest_message, struct error *err)
{
    char where[48];
    name_partition(sealed->number, where);
    bool has_filter = sealed->filter.len == ID_FILTER_BYTES;
    struct tally tally = {
        .verifier = verifier,
        .where = str_of(where),
        .newest_message = newest_message,
        .filter = has_filter ? (const uint8_t *)sealed->filter.ptr : NULL,
        .is_sealed = true,
    };
    if (!has_filter)
        verifier_foundf(verifier, tally.where, "its filter has %zu bytes, not %d",
                        sealed->filter.len, ID_FILTER_BYTES);
    enum status status = count_buckets(&tally, sealed->number, err);
    if (status != STATUS_OK)
        return status;
    report(&tally);
    if (tally.rows != ID_BUCKETS)
        verifier_foundf(verifier, tally.where, "has %lld buckets of %d",
                        (long long)tally.rows, ID_BUCKETS);
    if (tally.keys != sealed->key_count)
        verifier_foundf(verifier, tally.where, "counts %lld keys, has %lld",
                        (long long)sealed->key_count, (long long)tally.keys);
    return STATUS_OK;
}

struct extent {
    int64_t first;    /* sealed partition; 0: none */
    int64_t last;     /* sealed partition */
    int64_t messages; /* the highest number */
};

static enum status read_extent(struct sqlite_store *store, struct extent *out,
                               struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store,
        "SELECT (SELECT min(number) FROM id_partitions), "
        "(SELECT max(number) FROM id_partitions), (SELECT max(id) FROM messages)");
    enum status status = query_one(&q, err);
    if (status == STATUS_OK)
        *out = (struct extent){column_i64(&q, 0), column_i64(&q, 1), column_i64(&q, 2)};
    return status;
}

static enum status verify_all_sealed(struct verifier *verifier,
                                     const struct extent *extent, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        verifier->store,
        "SELECT number, key_count, filter FROM id_partitions ORDER BY number");
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        const struct sealed sealed = {column_i64(&q, 0), column_i64(&q, 1),
                                      column_text(&q, 2)};
        status = verify_sealed(verifier, &sealed, extent->messages, err);
        if (status == STATUS_OK)
            status = verifier_moved(verifier, sealed.number - extent->first,
                                    extent->last - extent->first + 1, err);
        if (status != STATUS_OK)
            return status;
    }
    return status;
}

/* --- those that still fill ---------------------------------------------------------
 */

static enum status count_batches(struct tally *tally, int64_t number, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(tally->verifier->store,
                                 "SELECT entries FROM id_batches WHERE partition = ?1");
    query_i64(&q, number);
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row)
        count_row(tally, column_text(&q, 0));
    return status;
}

static enum status verify_open(struct verifier *verifier, int64_t number,
                               int64_t newest_message, struct error *err)
{
    char where[48];
    name_partition(number, where);
    struct tally tally = {
        .verifier = verifier, .where = str_of(where), .newest_message = newest_message};
    enum status status = count_batches(&tally, number, err);
    if (status != STATUS_OK)
        return status;
    report(&tally);
    if (tally.keys > IDS_PARTITION_KEYS)
        verifier_foundf(verifier, tally.where, "has %lld keys, more than %d",
                        (long long)tally.keys, IDS_PARTITION_KEYS);
    return STATUS_OK;
}

/* Batches of sealed partitions are only waiting to be deleted. */
static enum status verify_all_open(struct verifier *verifier,
                                   const struct extent *extent, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(verifier->store, "SELECT DISTINCT partition FROM id_batches "
                                     "WHERE partition > ?1 ORDER BY partition");
    query_i64(&q, extent->last);
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        status = verify_open(verifier, column_i64(&q, 0), extent->messages, err);
        if (status != STATUS_OK)
            return status;
    }
    return status;
}

/* They come at one end and go at the other; what is being sealed is in batches, too. */
static enum status find_gaps(struct verifier *verifier, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        verifier->store,
        "WITH p (number) AS (SELECT number FROM id_partitions "
        "UNION SELECT partition FROM id_batches WHERE partition > "
        "(SELECT coalesce(max(number), 0) FROM id_partitions)) "
        "SELECT 'id partition ' || (number + 1), 'is missing in between' FROM p "
        "WHERE number < (SELECT max(number) FROM p) AND number + 1 NOT IN p "
        "UNION ALL SELECT DISTINCT 'id partition ' || (id / ?1), "
        "'has buckets, but is not listed' FROM id_buckets WHERE id / ?1 NOT IN p");
    query_i64(&q, ID_BUCKETS);
    return verifier_found_rows(verifier, &q, err);
}

enum status verify_partitions(struct verifier *verifier, struct error *err)
{
    struct extent extent;
    enum status status = read_extent(verifier->store, &extent, err);
    if (status == STATUS_OK)
        status = find_gaps(verifier, err);
    if (status == STATUS_OK)
        status = verify_all_sealed(verifier, &extent, err);
    return status == STATUS_OK ? verify_all_open(verifier, &extent, err) : status;
}

/* --- messages by their ids -------------------------------------------------------- */

struct search {
    struct verifier *verifier;
    struct extent extent;
    int64_t seen;
    bool was_found; /* one was: from here on all must be */
};

static enum status find_message(struct search *search, const struct query *q,
                                struct error *err)
{
    struct store *store = &search->verifier->store->store;
    const struct event_key key = {
        .side = ID_SIDE_GATEWAY, .kind = ID_KIND_MESSAGE, .id = column_text(q, 2)};
    int64_t number = column_i64(q, 0);
    int64_t message = 0;
    uint32_t tag = 0;
    char where[48];
    enum status status =
        store_id_find(store, column_i64(q, 1), &key, &message, &tag, err);
    (void)snprintf(where, sizeof(where), "message %lld", (long long)number);
    if (status == STATUS_NOT_FOUND) {
        /* Its partition may have been deleted for its age. */
        if (search->was_found || search->extent.first <= 1)
            verifier_found(search->verifier, str_of(where),
                           STR("is not found by its id: its receipts and repeats are "
                               "not recognised"));
        return STATUS_OK;
    }
    search->was_found = true;
    if (status == STATUS_OK && message != number)
        verifier_foundf(search->verifier, str_of(where), "its id leads to message %lld",
                        (long long)message);
    return status;
}

enum status verify_public_ids(struct verifier *verifier, struct error *err)
{
    struct search search = {.verifier = verifier};
    /* As the writer has the index in memory: what it cannot find there is lost. */
    enum status status = ids_load(verifier->store->ids, err);
    if (status == STATUS_OK)
        status = read_extent(verifier->store, &search.extent, err);
    if (status != STATUS_OK)
        return status;
    CLEANUP(query_end)
    struct query q = query_start(
        verifier->store, "SELECT id, bridge_row, public_id FROM messages ORDER BY id");
    bool has_row = false;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        status = find_message(&search, &q, err);
        if (status == STATUS_OK && search.seen++ % MOVE_EVERY == 0)
            status = verifier_moved(verifier, column_i64(&q, 0), search.extent.messages,
                                    err);
        if (status != STATUS_OK)
            return status;
    }
    return status;
}
