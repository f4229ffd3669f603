#include "ids.h"

#include "gateway/memory.h"

struct partition {
    int64_t number;
    int64_t newest_ms;  /* 0: the newest partition of a database just opened */
    uint8_t *filter;    /* writer only */
    sqlite3_stmt *find; /* prepared at first use */
};

/* What undo and rollback go back to. */
struct mark {
    size_t count;
    size_t key_count;
    int64_t newest_ms;
};

struct ids {
    struct sqlite_store *store;   /* borrowed */
    struct partition *partitions; /* oldest first; all but the last are sealed */
    size_t count;
    size_t capacity;
    size_t key_count; /* of the last */

    sqlite3_stmt *add;  /* into partition add_number */
    int64_t add_number; /* 0: none prepared */

    struct mark at_begin;
    struct mark at_job;
    bool marks_are_void; /* the list was read again or lost its head since */
    bool is_stale;       /* memory differs from the database: read it again */
};

/* --- the list of partitions ------------------------------------------------ */

/* Each partition is a table; this puts its number into the text of a statement. */
#define PARTITION_SQL_BYTES 160
static void partition_sql(char out[PARTITION_SQL_BYTES], const char *before,
                          int64_t number, const char *after)
{
    (void)snprintf(out, PARTITION_SQL_BYTES, "%sids_%lld%s", before, (long long)number,
                   after);
}

static enum status prepare(struct sqlite_store *store, const char *sql,
                           sqlite3_stmt **out_stmt, struct error *err)
{
    int rc = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out_stmt,
                                NULL);
    return rc == SQLITE_OK ? STATUS_OK : fail_sqlite(store, rc, err);
}

static struct partition *push(struct ids *ids, int64_t number, int64_t newest_ms)
{
    if (ids->count == ids->capacity) {
        ids->capacity = ids->capacity == 0 ? 16 : ids->capacity * 2;
        ids->partitions =
            mem_resize(ids->partitions, ids->capacity * sizeof(*ids->partitions));
    }
    struct partition *partition = &ids->partitions[ids->count++];
    *partition = (struct partition){.number = number, .newest_ms = newest_ms};
    if (ids->store->store.mode == STORE_WRITER)
        partition->filter = mem_new(ID_FILTER_BYTES);
    return partition;
}

static void partition_release(struct partition *partition)
{
    (void)sqlite3_finalize(partition->find);
    mem_free(partition->filter);
}

static void pop_to(struct ids *ids, size_t count)
{
    while (ids->count > count)
        partition_release(&ids->partitions[--ids->count]);
}

/* --- reading --------------------------------------------------------------- */

/* The newest has no filter in the database yet: made again from its keys. */
static enum status scan_keys(struct ids *ids, struct partition *partition,
                             struct error *err)
{
    char sql[PARTITION_SQL_BYTES];
    partition_sql(sql, "SELECT key FROM ", partition->number, "");
    sqlite3_stmt *stmt = NULL;
    enum status status = prepare(ids->store, sql, &stmt, err);
    if (status != STATUS_OK)
        return status;

    struct query q = query_with(ids->store, stmt);
    bool has_row = false;
    ids->key_count = 0;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        struct str key = column_text(&q, 0);
        if (key.len == HASH16_BYTES)
            id_filter_add(partition->filter, (const uint8_t *)key.ptr);
        ids->key_count++;
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

static enum status read_partitions(struct ids *ids, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        ids->store,
        "SELECT number, newest_ms, filter FROM id_partitions ORDER BY number");
    bool has_row = false;
    enum status status;

    pop_to(ids, 0);
    ids->key_count = 0;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        struct partition *partition = push(ids, column_i64(&q, 0), column_i64(&q, 1));
        if (partition->filter == NULL)
            continue;
        struct str filter = column_text(&q, 2);
        if (filter.len == ID_FILTER_BYTES)
            memcpy(partition->filter, filter.ptr, ID_FILTER_BYTES);
        else
            status = scan_keys(ids, partition, err);
        if (status != STATUS_OK)
            return status;
    }
    return status;
}

/* Partitions come at one end and go at the other, so two numbers tell whether any did.
 */
static enum status reader_is_behind(struct ids *ids, bool *out_is_behind,
                                    struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(ids->store, "SELECT min(number), max(number) FROM id_partitions");
    enum status status = query_one(&q, err);
    if (status != STATUS_OK)
        return status;
    if (ids->count == 0)
        *out_is_behind = column_i64(&q, 1) != 0;
    else
        *out_is_behind = column_i64(&q, 0) != ids->partitions[0].number ||
                         column_i64(&q, 1) != ids->partitions[ids->count - 1].number;
    return STATUS_OK;
}

/* Before every use: what is in memory is what is in the database. */
static enum status refresh(struct ids *ids, struct error *err)
{
    enum status status = STATUS_OK;
    if (ids->store->store.mode == STORE_READER)
        status = reader_is_behind(ids, &ids->is_stale, err);
    if (status != STATUS_OK || !ids->is_stale)
        return status;
    ids->marks_are_void = true;
    status = read_partitions(ids, err);
    ids->is_stale = status != STATUS_OK;
    return status;
}

enum status ids_open(struct sqlite_store *store, struct ids **out_ids,
                     struct error *err)
{
    struct ids *ids = mem_new(sizeof(*ids));
    ids->store = store;
    ids->is_stale = true;
    enum status status = refresh(ids, err);
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
    (void)sqlite3_finalize(ids->add);
    mem_free(ids->partitions);
    mem_free(ids);
}

/* --- the transaction ------------------------------------------------------- */

static struct mark mark_of(const struct ids *ids)
{
    return (struct mark){
        .count = ids->count,
        .key_count = ids->key_count,
        .newest_ms = ids->count == 0 ? 0 : ids->partitions[ids->count - 1].newest_ms,
    };
}

void ids_begin(struct ids *ids)
{
    ids->marks_are_void = false;
    ids->at_begin = mark_of(ids);
}

void ids_savepoint(struct ids *ids)
{
    ids->at_job = mark_of(ids);
}

/*
 * Keys taken back stay in the filter: they cost a look, no more. A partition that was
 * dropped is gone from memory, so everything is read again.
 */
static void go_back(struct ids *ids, const struct mark *mark)
{
    if (ids->marks_are_void || ids->is_stale) {
        ids->is_stale = true;
        return;
    }
    pop_to(ids, mark->count);
    ids->key_count = mark->key_count;
    if (ids->count > 0)
        ids->partitions[ids->count - 1].newest_ms = mark->newest_ms;
}

void ids_undo(struct ids *ids)
{
    go_back(ids, &ids->at_job);
}

void ids_rollback(struct ids *ids)
{
    go_back(ids, &ids->at_begin);
}

/* --- finding --------------------------------------------------------------- */

static enum status look_into(struct ids *ids, struct partition *partition,
                             const uint8_t key[HASH16_BYTES], struct id_entry *out,
                             struct error *err)
{
    if (partition->find == NULL) {
        char sql[PARTITION_SQL_BYTES];
        partition_sql(sql, "SELECT message, tag FROM ", partition->number,
                      " WHERE key = ?1");
        enum status status = prepare(ids->store, sql, &partition->find, err);
        if (status != STATUS_OK)
            return status;
    }
    CLEANUP(query_end) struct query q = query_with(ids->store, partition->find);
    query_blob(&q, key, HASH16_BYTES);
    enum status status = query_one(&q, err);
    if (status == STATUS_OK) {
        out->message = column_i64(&q, 0);
        out->tag = (uint32_t)column_i64(&q, 1); /* stored from 32 bits */
    }
    return status;
}

/* Newest first: what is asked for is mostly recent. */
static enum status find_key(struct ids *ids, const uint8_t key[HASH16_BYTES],
                            struct id_entry *out, struct error *err)
{
    for (size_t i = ids->count; i-- > 0;) {
        struct partition *partition = &ids->partitions[i];
        if (partition->filter != NULL && !id_filter_may_have(partition->filter, key))
            continue;
        enum status status = look_into(ids, partition, key, out, err);
        if (status != STATUS_NOT_FOUND)
            return status;
    }
    return STATUS_NOT_FOUND;
}

enum status ids_find(struct store *store, const uint8_t key[HASH16_BYTES],
                     struct id_entry *out, struct error *err)
{
    struct ids *ids = sqlite_of(store)->ids;
    enum status status = refresh(ids, err);
    if (status == STATUS_OK)
        status = find_key(ids, key, out, err);
    return status == STATUS_NOT_FOUND ? fail(err, status, "this id is not known")
                                      : status;
}

/* --- adding ---------------------------------------------------------------- */

static enum status seal(struct ids *ids, struct error *err)
{
    const struct partition *newest = &ids->partitions[ids->count - 1];
    CLEANUP(query_end)
    struct query q = query_start(
        ids->store, "UPDATE id_partitions SET key_count = ?1, newest_ms = ?2, "
                    "filter = ?3 WHERE number = ?4");
    query_i64(&q, (int64_t)ids->key_count);
    query_i64(&q, newest->newest_ms);
    query_blob(&q, newest->filter, ID_FILTER_BYTES);
    query_i64(&q, newest->number);
    return query_run(&q, err);
}

static enum status open_next(struct ids *ids, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(ids->store, "INSERT INTO id_partitions DEFAULT VALUES");
    enum status status = query_run(&q, err);
    if (status != STATUS_OK)
        return status;

    int64_t number = sqlite3_last_insert_rowid(ids->store->db);
    char sql[PARTITION_SQL_BYTES];
    partition_sql(sql, "CREATE TABLE ", number,
                  " (key BLOB PRIMARY KEY, message INTEGER NOT NULL, "
                  "tag INTEGER NOT NULL) STRICT, WITHOUT ROWID");
    status = sqlite_run(ids->store, sql, err);
    if (status != STATUS_OK)
        return status;
    (void)push(ids, number, 0);
    ids->key_count = 0;
    return STATUS_OK;
}

/* The newest partition has room for one more key afterwards. */
static enum status make_room(struct ids *ids, struct error *err)
{
    if (ids->count > 0 && ids->key_count < IDS_PARTITION_KEYS)
        return STATUS_OK;
    enum status status = ids->count == 0 ? STATUS_OK : seal(ids, err);
    if (status == STATUS_OK)
        status = open_next(ids, err);
    return status;
}

static enum status prepare_add(struct ids *ids, int64_t number, struct error *err)
{
    if (ids->add_number == number)
        return STATUS_OK;
    (void)sqlite3_finalize(TAKE(ids->add));
    ids->add_number = 0;
    char sql[PARTITION_SQL_BYTES];
    partition_sql(sql, "INSERT INTO ", number,
                  " (key, message, tag) VALUES (?1, ?2, ?3)");
    enum status status = prepare(ids->store, sql, &ids->add, err);
    if (status == STATUS_OK)
        ids->add_number = number;
    return status;
}

static enum status insert(struct ids *ids, const uint8_t key[HASH16_BYTES],
                          int64_t now_ms, const struct id_entry *entry,
                          struct error *err)
{
    struct partition *newest = &ids->partitions[ids->count - 1];
    enum status status = prepare_add(ids, newest->number, err);
    if (status != STATUS_OK)
        return status;

    CLEANUP(query_end) struct query q = query_with(ids->store, ids->add);
    query_blob(&q, key, HASH16_BYTES);
    query_i64(&q, entry->message);
    query_i64(&q, entry->tag);
    status = query_run(&q, err);
    if (status != STATUS_OK)
        return status;
    id_filter_add(newest->filter, key);
    ids->key_count++;
    if (now_ms > newest->newest_ms)
        newest->newest_ms = now_ms;
    return STATUS_OK;
}

enum status ids_add(struct store *store, const uint8_t key[HASH16_BYTES],
                    int64_t now_ms, struct id_entry *entry, struct error *err)
{
    struct ids *ids = sqlite_of(store)->ids;
    enum status status = refresh(ids, err);
    if (status == STATUS_OK)
        status = find_key(ids, key, entry, err);
    if (status != STATUS_NOT_FOUND)
        return status == STATUS_OK ? STATUS_DUPLICATE : status;
    status = make_room(ids, err);
    if (status == STATUS_OK)
        status = insert(ids, key, now_ms, entry, err);
    return status;
}

/* --- retention ------------------------------------------------------------- */

static bool oldest_is_expired(const struct ids *ids, int64_t before_ms)
{
    return ids->count > 1 && ids->partitions[0].newest_ms < before_ms;
}

static enum status forget_row(struct ids *ids, int64_t number, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(ids->store, "DELETE FROM id_partitions WHERE number = ?1");
    query_i64(&q, number);
    return query_run(&q, err);
}

static enum status drop_oldest(struct ids *ids, struct error *err)
{
    int64_t number = ids->partitions[0].number;
    char sql[PARTITION_SQL_BYTES];
    partition_sql(sql, "DROP TABLE ", number, "");
    enum status status = forget_row(ids, number, err);
    if (status == STATUS_OK)
        status = sqlite_run(ids->store, sql, err);
    if (status != STATUS_OK)
        return status;

    ids->marks_are_void = true;
    partition_release(&ids->partitions[0]);
    ids->count--;
    memmove(ids->partitions, ids->partitions + 1,
            ids->count * sizeof(*ids->partitions));
    return STATUS_OK;
}

enum status ids_expire(struct store *store, int64_t before_ms, bool *out_more,
                       struct error *err)
{
    struct ids *ids = sqlite_of(store)->ids;
    enum status status = refresh(ids, err);
    if (status == STATUS_OK && oldest_is_expired(ids, before_ms))
        status = drop_oldest(ids, err);
    if (status == STATUS_OK)
        *out_more = oldest_is_expired(ids, before_ms);
    return status;
}

/* --- looking --------------------------------------------------------------- */

static enum status count_newest(struct ids *ids, int64_t *out_count, struct error *err)
{
    char sql[PARTITION_SQL_BYTES];
    partition_sql(sql, "SELECT count(*) FROM ", ids->partitions[ids->count - 1].number,
                  "");
    sqlite3_stmt *stmt = NULL;
    enum status status = prepare(ids->store, sql, &stmt, err);
    if (status != STATUS_OK)
        return status;
    struct query q = query_with(ids->store, stmt);
    status = query_one(&q, err);
    if (status == STATUS_OK)
        *out_count = column_i64(&q, 0);
    (void)sqlite3_finalize(stmt);
    return status;
}

enum status ids_count(struct ids *ids, int64_t *out_count, struct error *err)
{
    int64_t newest = 0;
    enum status status = refresh(ids, err);
    if (status == STATUS_OK && ids->count > 0)
        status = count_newest(ids, &newest, err);
    if (status != STATUS_OK)
        return status;

    CLEANUP(query_end)
    struct query q = query_start(
        ids->store, "SELECT coalesce(sum(key_count), 0) FROM id_partitions");
    status = query_one(&q, err);
    if (status == STATUS_OK)
        *out_count = column_i64(&q, 0) + newest;
    return status;
}
