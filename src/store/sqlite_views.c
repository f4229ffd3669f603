/*
 * The views of the schema that this program makes, as it would make them now.
 */
#include "migrate.h"

static enum status fail_views(sqlite3 *db, struct error *err)
{
    return fail(err, STATUS_FAILED, "cannot make the schema: %s", sqlite3_errmsg(db));
}

static enum status make_schema(sqlite3 *db, struct error *err)
{
    for (size_t i = 0; i < sqlite_migration_count; i++)
        if (sqlite3_exec(db, sqlite_migrations[i].sql, NULL, NULL, NULL) != SQLITE_OK)
            return fail_views(db, err);
    return STATUS_OK;
}

static enum status read_views(sqlite3 *db, store_view_seen *seen, void *context,
                              struct error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(
        db,
        "SELECT v.name, c.name FROM sqlite_schema AS v, pragma_table_info(v.name) AS c "
        "WHERE v.type = 'view' ORDER BY v.name, c.cid",
        -1, &stmt, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW)
            seen((const char *)sqlite3_column_text(stmt, 0),
                 (const char *)sqlite3_column_text(stmt, 1), context);
    }
    enum status status = rc == SQLITE_DONE ? STATUS_OK : fail_views(db, err);
    (void)sqlite3_finalize(stmt);
    return status;
}

enum status store_views(store_view_seen *seen, void *context, struct error *err)
{
    sqlite3 *db = NULL;
    enum status status = STATUS_OK;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        status = fail_views(db, err);
    if (status == STATUS_OK)
        status = make_schema(db, err);
    if (status == STATUS_OK)
        status = read_views(db, seen, context, err);
    (void)sqlite3_close(db);
    return status;
}
