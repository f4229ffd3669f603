/*
 * Statements prepared once, their parameters and rows, and what SQLite's result codes
 * mean.
 */
#include "sqlite.h"

#include <assert.h>

#include "gateway/clock.h"

/* A read that takes longer is ended. Source: design.md section 3. */
#define READ_LIMIT_MS 5000

/* --- what went wrong ------------------------------------------------------- */

/* Codes of a passing trouble; the rest is damage or a bug. */
static bool may_pass(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
    case SQLITE_PROTOCOL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_ABORT:
        return true;
    default:
        return false;
    }
}

enum status fail_sqlite(struct sqlite_store *store, int rc, struct error *err)
{
    const char *path = store->path;
    if (rc == SQLITE_ABORT_ROLLBACK)
        return fail(err, STATUS_RETRY, "database %s: the transaction was dropped",
                    path);
    if ((rc & 0xff) == SQLITE_INTERRUPT)
        return fail(err, STATUS_RETRY, "database %s: reading took more than %d s", path,
                    READ_LIMIT_MS / 1000);
    if ((rc & 0xff) == SQLITE_NOTADB)
        return fail(err, STATUS_UNPROCESSABLE,
                    "%s is no database, or its beginning was destroyed", path);
    /* The connection's own words, unless they are about another call by now. */
    bool is_current = sqlite3_extended_errcode(store->db) == rc;
    return fail(err, may_pass(rc) ? STATUS_RETRY : STATUS_FAILED,
                "database %s: %s (%d)", path,
                is_current ? sqlite3_errmsg(store->db) : sqlite3_errstr(rc), rc);
}

enum status fail_arena(struct error *err)
{
    return fail(err, STATUS_FAILED, "a stored text is larger than its place");
}

/* --- statements ------------------------------------------------------------ */

/* Literals are aligned by chance only, so the low bits are mixed in. */
static size_t slot_of(const char *sql)
{
    return (size_t)(((uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15)) >> 56);
}

static int find_statement(struct sqlite_store *store, const char *sql,
                          sqlite3_stmt **out_stmt)
{
    size_t slot = slot_of(sql) % SQLITE_STORE_QUERIES;
    while (store->queries[slot].sql != NULL && store->queries[slot].sql != sql)
        slot = (slot + 1) % SQLITE_STORE_QUERIES;

    if (store->queries[slot].sql == NULL) {
        /* A free place must stay, or the search above never ends. */
        assert(store->query_count < SQLITE_STORE_QUERIES - 1);
        int rc = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                    &store->queries[slot].stmt, NULL);
        if (rc != SQLITE_OK)
            return rc;
        store->queries[slot].sql = sql;
        store->query_count++;
    }
    *out_stmt = store->queries[slot].stmt;
    return SQLITE_OK;
}

/*
 * On a full disk and the like SQLite may drop the whole transaction by itself. Whatever
 * a job still runs then would commit on its own, so nothing runs.
 */
static bool was_dropped(const struct sqlite_store *store)
{
    return store->is_in_transaction && sqlite3_get_autocommit(store->db) != 0;
}

struct query query_with(struct sqlite_store *store, sqlite3_stmt *stmt)
{
    struct query query = {.store = store, .stmt = stmt, .next = 1, .rc = SQLITE_OK};
    if (was_dropped(store))
        query.rc = SQLITE_ABORT_ROLLBACK;
    if (store->store.mode == STORE_READER)
        store->read_ends_ms = clock_now().mono_ms + READ_LIMIT_MS;
    return query;
}

struct query query_start(struct sqlite_store *store, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int rc = find_statement(store, sql, &stmt);
    struct query query = query_with(store, stmt);
    if (query.rc == SQLITE_OK)
        query.rc = rc;
    return query;
}

void query_end(struct query *query)
{
    if (query->stmt == NULL)
        return;
    /* The failure that reset repeats was reported by the step. */
    (void)sqlite3_reset(query->stmt);
    /* Parameters borrow from callers. */
    (void)sqlite3_clear_bindings(query->stmt);
}

/* --- parameters ------------------------------------------------------------ */

static void keep_failure(struct query *query, int rc)
{
    if (query->rc == SQLITE_OK)
        query->rc = rc;
}

void query_i64(struct query *query, int64_t value)
{
    if (query->rc == SQLITE_OK)
        keep_failure(query, sqlite3_bind_int64(query->stmt, query->next++, value));
}

void query_optional(struct query *query, int64_t value)
{
    if (value != 0)
        query_i64(query, value);
    else
        query->next++; /* unbound is NULL */
}

static void bind_text(struct query *query, struct str value)
{
    if (query->rc == SQLITE_OK)
        keep_failure(query, sqlite3_bind_text64(query->stmt, query->next++, value.ptr,
                                                value.len, SQLITE_STATIC, SQLITE_UTF8));
}

void query_text(struct query *query, struct str value)
{
    if (value.len == 0)
        query->next++;
    else
        bind_text(query, value);
}

void query_id(struct query *query, struct str id)
{
    bind_text(query, id.len == 0 ? STR("") : id);
}

void query_c_string(struct query *query, const char *value)
{
    bind_text(query, str_of(value));
}

void query_blob(struct query *query, const void *bytes, size_t len)
{
    if (query->rc == SQLITE_OK)
        keep_failure(query, sqlite3_bind_blob64(query->stmt, query->next++, bytes, len,
                                                SQLITE_STATIC));
}

/* --- rows ------------------------------------------------------------------ */

enum status query_row(struct query *query, bool *out_has_row, struct error *err)
{
    int rc = query->rc == SQLITE_OK ? sqlite3_step(query->stmt) : query->rc;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        query->rc = rc;
        return fail_sqlite(query->store, rc, err);
    }
    *out_has_row = rc == SQLITE_ROW;
    return STATUS_OK;
}

enum status query_run(struct query *query, struct error *err)
{
    bool has_row = false;
    return query_row(query, &has_row, err);
}

enum status query_one(struct query *query, struct error *err)
{
    bool has_row = false;
    enum status status = query_row(query, &has_row, err);
    if (status != STATUS_OK)
        return status;
    return has_row ? STATUS_OK : STATUS_NOT_FOUND;
}

int64_t column_i64(const struct query *query, int column)
{
    return sqlite3_column_int64(query->stmt, column);
}

unsigned column_unsigned(const struct query *query, int column)
{
    int64_t value = column_i64(query, column);
    return value < 0 || value > INT32_MAX ? 0 : (unsigned)value;
}

struct str column_text(const struct query *query, int column)
{
    const void *bytes = sqlite3_column_blob(query->stmt, column);
    int len = sqlite3_column_bytes(query->stmt, column);
    return bytes == NULL ? STR_NONE : str_from(bytes, (size_t)len);
}

bool column_copy(const struct query *query, int column, struct arena *arena,
                 struct str *out)
{
    struct str text = column_text(query, column);
    *out = STR_NONE;
    if (text.len == 0)
        return true;
    char *copy = arena_try_alloc(arena, text.len + 1);
    if (copy == NULL)
        return false;
    memcpy(copy, text.ptr, text.len);
    *out = str_from(copy, text.len);
    return true;
}

enum status sqlite_run(struct sqlite_store *store, const char *sql, struct error *err)
{
    int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? STATUS_OK : fail_sqlite(store, rc, err);
}
