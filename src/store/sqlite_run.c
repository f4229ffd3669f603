/*
 * Whether a run has begun and not ended: a row of meta.
 */
#include "sqlite.h"

struct flights *sqlite_flights(struct store *store)
{
    return sqlite_of(store)->flights;
}

enum status sqlite_run_get(struct store *store, bool *out_is_there,
                           struct flights_run *out, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store), "SELECT value FROM meta WHERE name = 'run'");
    enum status status = query_one(&q, err);
    *out_is_there = status == STATUS_OK;
    *out = (struct flights_run){.bytes = {0}};
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status != STATUS_OK)
        return status;
    struct str value = column_text(&q, 0);
    if (value.len == sizeof(out->bytes)) /* else no board will have it */
        memcpy(out->bytes, value.ptr, sizeof(out->bytes));
    return STATUS_OK;
}

static enum status forget_run(struct sqlite_store *store, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(store, "DELETE FROM meta WHERE name = 'run'");
    return query_run(&q, err);
}

enum status sqlite_run_set(struct store *store, const struct flights_run *run,
                           struct error *err)
{
    if (run == NULL)
        return forget_run(sqlite_of(store), err);
    CLEANUP(query_end)
    struct query q = query_start(sqlite_of(store),
                                 "INSERT INTO meta (name, value) VALUES ('run', ?1) "
                                 "ON CONFLICT (name) DO UPDATE SET "
                                 "value = excluded.value");
    query_blob(&q, run->bytes, sizeof(run->bytes));
    return query_run(&q, err);
}
