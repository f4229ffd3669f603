#include "ids_convert.h"

#include "ids.h"

#include "gateway/clock.h"

#define TABLE_SQL_BYTES 96

struct table {
    int64_t number; /* 0: there is none left */
    int64_t newest_ms;
};

static void table_sql(char out[TABLE_SQL_BYTES], const char *before,
                      const struct table *table)
{
    (void)snprintf(out, TABLE_SQL_BYTES, "%s ids_%lld", before,
                   (long long)table->number);
}

/* The newest did not say how old its keys are: as old as now. */
static enum status next_table(struct sqlite_store *store, struct table *out,
                              struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(store, "SELECT number, coalesce(newest_ms, ?1) FROM id_tables "
                           "ORDER BY number LIMIT 1");
    query_i64(&q, clock_now().wall_ms);
    enum status status = query_one(&q, err);
    *out = (struct table){0};
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status == STATUS_OK)
        *out = (struct table){column_i64(&q, 0), column_i64(&q, 1)};
    return status;
}

static enum status copy_rows(struct sqlite_store *store, struct query *q,
                             int64_t newest_ms, struct error *err)
{
    bool has_row = false;
    enum status status;
    while ((status = query_row(q, &has_row, err)) == STATUS_OK && has_row) {
        struct str key = column_text(q, 0);
        struct id_entry entry = {
            .message = column_i64(q, 1),
            .tag = (uint32_t)column_i64(q, 2), /* stored from 32 bits */
        };
        if (key.len != HASH16_BYTES)
            return fail(err, STATUS_FAILED, "database %s: a damaged id", store->path);
        status =
            ids_add(&store->store, (const uint8_t *)key.ptr, newest_ms, &entry, err);
        if (status != STATUS_OK && status != STATUS_DUPLICATE)
            return status;
    }
    return status;
}

static enum status copy_table(struct sqlite_store *store, const struct table *table,
                              struct error *err)
{
    char sql[TABLE_SQL_BYTES];
    sqlite3_stmt *stmt = NULL;
    table_sql(sql, "SELECT key, message, tag FROM", table);
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);
    if (rc != SQLITE_OK)
        return fail_sqlite(store, rc, err);
    struct query q = query_with(store, stmt);
    enum status status = copy_rows(store, &q, table->newest_ms, err);
    (void)sqlite3_finalize(stmt);
    return status;
}

static enum status drop_table(struct sqlite_store *store, const struct table *table,
                              struct error *err)
{
    char sql[TABLE_SQL_BYTES];
    table_sql(sql, "DROP TABLE", table);
    enum status status = sqlite_run(store, sql, err);
    if (status != STATUS_OK)
        return status;
    CLEANUP(query_end)
    struct query q = query_start(store, "DELETE FROM id_tables WHERE number = ?1");
    query_i64(&q, table->number);
    return query_run(&q, err);
}

static enum status convert(struct sqlite_store *store, const struct table *table,
                           struct error *err)
{
    const struct store_backend *backend = store->store.backend;
    enum status status = backend->begin(&store->store, err);
    if (status != STATUS_OK)
        return status;
    status = copy_table(store, table, err);
    if (status == STATUS_OK)
        status = drop_table(store, table, err);
    if (status == STATUS_OK)
        return backend->commit(&store->store, err);
    backend->rollback(&store->store);
    return status;
}

enum status ids_convert(struct sqlite_store *store, struct error *err)
{
    struct table table;
    enum status status = next_table(store, &table, err);
    while (status == STATUS_OK && table.number != 0) {
        status = convert(store, &table, err);
        if (status == STATUS_OK)
            status = next_table(store, &table, err);
    }
    return status;
}
