/*
 * What time takes away. No index helps to find it, because every message would pay for
 * that: rows come in the order of time, so a walk from the oldest meets what may go
 * first, and ends where everything is too young.
 */
#include "sqlite.h"

/* Where a walk meets young rows only, it looks at so many places behind them: a clock
 * that was ahead for a while must not keep what came after it. */
#define SAMPLES 16

/* --- looking --------------------------------------------------------------- */

/*
 * Each statement examines rows behind ?1, at most ?2 of them, and says of each: its
 * number, whether it is old at ?3, and whether it may go.
 */
struct kind {
    const char *find;
    unsigned limit;
    /* Whether the first row at or behind ?1 is old at ?2; NULL: a walk sees all rows.
     */
    const char *sample;
    /* The highest number. */
    const char *newest;
};

/* The deliveries of a message that hold its text back. */
#define BODY_IS_HELD(before)                                                           \
    "EXISTS (SELECT 1 FROM deliveries AS d WHERE d.message = p.message "               \
    "AND (d.state IN (0, 1, 3) "                                                       \
    "OR coalesce(d.ended_ms, d.created_ms) >= " before "))"

/* The deliveries of a message that may still send its attachments. */
#define MEDIA_IS_HELD                                                                  \
    "EXISTS (SELECT 1 FROM deliveries AS d WHERE d.message = p.message "               \
    "AND d.state IN (0, 1, 3))"

#define MESSAGE_SAMPLE                                                                 \
    "SELECT accepted_ms < ?2 FROM messages WHERE id >= ?1 ORDER BY id LIMIT 1"
#define MESSAGE_NEWEST "SELECT max(id) FROM messages"

/* A message has a row in each of a dozen places. */
#define MESSAGE_ROWS 64

static const struct kind kinds[EXPIRY_KINDS] = {
    [EXPIRE_DEAD_LETTERS] =
        {
                               .find = "SELECT id, coalesce(ended_ms, created_ms) < ?3, "
                    "coalesce(ended_ms, created_ms) < ?3, bridge_row "
                    "FROM deliveries INDEXED BY deliveries_dead WHERE state = 3 "
                    "AND (bridge_row, id) > (?4, ?1) ORDER BY bridge_row, id LIMIT ?2", .limit = STORE_EXPIRE_ROWS,
                               },
    [EXPIRE_BODIES] =
        {
                               .find = "SELECT p.message, m.accepted_ms < ?3, NOT " BODY_IS_HELD(
                "?3") " FROM message_bodies AS p JOIN messages AS m ON m.id = "
                      "p.message "
                      "WHERE p.message > ?1 ORDER BY p.message LIMIT ?2",               .limit = STORE_EXPIRE_ROWS,
                               .sample = MESSAGE_SAMPLE,
                               .newest = MESSAGE_NEWEST,
                               },
    [EXPIRE_ATTEMPTS] =
        {
                               .find = "SELECT id, ended_ms < ?3, ended_ms < ?3 FROM attempts "
                    "WHERE id > ?1 ORDER BY id LIMIT ?2",                                                       .limit = STORE_EXPIRE_ROWS,
                               .sample = "SELECT ended_ms < ?2 FROM attempts WHERE id >= ?1 "
                      "ORDER BY id LIMIT 1", .newest = "SELECT max(id) FROM attempts",
                               },
    [EXPIRE_MESSAGES] =
        {
                               .find = "SELECT m.id, m.accepted_ms < ?3, NOT EXISTS "
                    "(SELECT 1 FROM deliveries AS d WHERE d.message = m.id "
                    "AND d.state IN (0, 1, 3)) FROM messages AS m "
                    "WHERE m.id > ?1 AND m.id < (SELECT max(id) FROM messages) "
                    "ORDER BY m.id LIMIT ?2",                                            .limit = MESSAGE_ROWS,
                               .sample = MESSAGE_SAMPLE,
                               .newest = MESSAGE_NEWEST,
                               },
    [EXPIRE_AUDIT] =
        {
                               .find = "SELECT id, at_ms < ?3, at_ms < ?3 FROM audit "
                    "WHERE id > ?1 ORDER BY id LIMIT ?2",                                           .limit = STORE_EXPIRE_ROWS,
                               .sample = "SELECT at_ms < ?2 FROM audit WHERE id >= ?1 "
                      "ORDER BY id LIMIT 1", .newest = "SELECT max(id) FROM audit",
                               },
    [EXPIRE_MEDIA] =
        {
                               .find = "SELECT p.id, p.created_ms < ?3, NOT " MEDIA_IS_HELD
                    " FROM media AS p WHERE p.id > ?1 ORDER BY p.id LIMIT ?2",                                                       .limit = STORE_EXPIRE_ROWS,
                               .sample = "SELECT created_ms < ?2 FROM media WHERE id >= ?1 "
                      "ORDER BY id LIMIT 1", .newest = "SELECT max(id) FROM media",
                               },
};

static enum status newest_row(struct sqlite_store *store, const struct kind *kind,
                              int64_t *out_row, struct error *err)
{
    CLEANUP(query_end) struct query q = query_start(store, kind->newest);
    enum status status = query_one(&q, err);
    if (status == STATUS_OK)
        *out_row = column_i64(&q, 0);
    return status;
}

static enum status is_old_at(struct sqlite_store *store, const struct kind *kind,
                             int64_t row, int64_t before_ms, bool *out_is_old,
                             struct error *err)
{
    CLEANUP(query_end) struct query q = query_start(store, kind->sample);
    query_i64(&q, row);
    query_i64(&q, before_ms);
    enum status status = query_one(&q, err);
    *out_is_old = status == STATUS_OK && column_i64(&q, 0) != 0;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Behind young rows there may be old ones only where a clock was set back. */
static enum status look_behind(struct sqlite_store *store, const struct kind *kind,
                               struct expiry_walk *walk, struct error *err)
{
    int64_t newest = 0;
    bool is_old = false;
    enum status status = newest_row(store, kind, &newest, err);
    int64_t span = newest - walk->after;
    for (int64_t i = 1; i <= SAMPLES && status == STATUS_OK && !is_old; i++)
        status = is_old_at(store, kind, walk->after + span / SAMPLES * i,
                           walk->before_ms, &is_old, err);
    if (status == STATUS_OK && !is_old)
        status = is_old_at(store, kind, newest, walk->before_ms, &is_old, err);
    walk->is_over = !is_old;
    return status;
}

static enum status examine(struct sqlite_store *store, const struct kind *kind,
                           struct expiry_walk *walk, struct expired *out,
                           bool *out_all_young, struct error *err)
{
    CLEANUP(query_end) struct query q = query_start(store, kind->find);
    unsigned examined = 0;
    bool has_row = false;
    enum status status;
    query_i64(&q, walk->after);
    query_i64(&q, kind->limit);
    query_i64(&q, walk->before_ms);
    if (walk->kind == EXPIRE_DEAD_LETTERS)
        query_i64(&q, walk->bridge_row);
    *out_all_young = true;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        bool is_old = column_i64(&q, 1) != 0;
        walk->after = column_i64(&q, 0);
        if (walk->kind == EXPIRE_DEAD_LETTERS)
            walk->bridge_row = column_i64(&q, 3);
        if (is_old && column_i64(&q, 2) != 0)
            out->rows[out->count++] = walk->after;
        *out_all_young &= !is_old;
        examined++;
    }
    walk->is_over = examined < kind->limit;
    return status;
}

enum status sqlite_expired_find(struct store *store, struct expiry_walk *walk,
                                struct expired *out, struct error *err)
{
    const struct kind *kind = &kinds[walk->kind];
    bool all_young = false;
    enum status status = examine(sqlite_of(store), kind, walk, out, &all_young, err);
    if (status != STATUS_OK || walk->is_over || !all_young || kind->sample == NULL)
        return status;
    return look_behind(sqlite_of(store), kind, walk, err);
}

/* --- taking away ----------------------------------------------------------- */

/* One row by its number, ?1, if it is still old at ?2. */
static enum status take_row(struct sqlite_store *store, const char *sql, int64_t row,
                            int64_t before_ms, bool *out_is_gone, struct error *err)
{
    CLEANUP(query_end) struct query q = query_start(store, sql);
    query_i64(&q, row);
    query_i64(&q, before_ms);
    enum status status = query_run(&q, err);
    *out_is_gone = status == STATUS_OK && sqlite3_changes(store->db) > 0;
    return status;
}

/* What a row comes to: whether it was taken, and of whom. */
struct taken {
    bool is_gone;
    int64_t bridge_row;
};

static enum status drop_letter(struct sqlite_store *store, int64_t id,
                               int64_t before_ms, struct taken *out, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "UPDATE deliveries SET state = 4, "
               "reason = 'past its retention' || coalesce(': ' || reason, '') "
               "WHERE id = ?1 AND state = 3 AND coalesce(ended_ms, created_ms) < ?2 "
               "RETURNING bridge_row");
    bool has_row = false;
    query_i64(&q, id);
    query_i64(&q, before_ms);
    enum status status = query_row(&q, &has_row, err);
    while (status == STATUS_OK && has_row) {
        *out = (struct taken){.is_gone = true, .bridge_row = column_i64(&q, 0)};
        status = query_row(&q, &has_row, err);
    }
    return status;
}

/* The row behind the number, ?1. */
static enum status run_with(struct sqlite_store *store, const char *sql, int64_t row,
                            struct error *err)
{
    CLEANUP(query_end) struct query q = query_start(store, sql);
    query_i64(&q, row);
    return query_run(&q, err);
}

static enum status take_body(struct sqlite_store *store, int64_t message,
                             int64_t before_ms, struct taken *out, struct error *err)
{
    enum status status = take_row(store,
                                  "DELETE FROM message_bodies AS p "
                                  "WHERE p.message = ?1 AND NOT " BODY_IS_HELD("?2"),
                                  message, before_ms, &out->is_gone, err);
    if (status != STATUS_OK || !out->is_gone)
        return status;
    return run_with(store, "DELETE FROM choices WHERE message = ?1", message, err);
}

static enum status take_attempt(struct sqlite_store *store, int64_t id,
                                int64_t before_ms, struct taken *out, struct error *err)
{
    return take_row(store, "DELETE FROM attempts WHERE id = ?1 AND ended_ms < ?2", id,
                    before_ms, &out->is_gone, err);
}

static enum status take_audit(struct sqlite_store *store, int64_t id, int64_t before_ms,
                              struct taken *out, struct error *err)
{
    return take_row(store, "DELETE FROM audit WHERE id = ?1 AND at_ms < ?2", id,
                    before_ms, &out->is_gone, err);
}

static enum status take_media(struct sqlite_store *store, int64_t id, int64_t before_ms,
                              struct taken *out, struct error *err)
{
    return take_row(store,
                    "DELETE FROM media AS p WHERE p.id = ?1 AND p.created_ms < ?2 "
                    "AND NOT " MEDIA_IS_HELD,
                    id, before_ms, &out->is_gone, err);
}

static enum status message_may_go(struct sqlite_store *store, int64_t message,
                                  int64_t before_ms, bool *out_may, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store,
        "SELECT 1 FROM messages AS m WHERE m.id = ?1 AND m.accepted_ms < ?2 "
        "AND m.id < (SELECT max(id) FROM messages) "
        "AND NOT EXISTS (SELECT 1 FROM messages AS b WHERE b.id = m.previous) "
        "AND NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.message = m.id AND "
        "(d.state IN (0, 1, 3) OR d.id = (SELECT max(id) FROM deliveries))) "
        "AND NOT EXISTS (SELECT 1 FROM receipts AS r WHERE r.message = m.id "
        "AND r.state < 2)");
    query_i64(&q, message);
    query_i64(&q, before_ms);
    enum status status = query_one(&q, err);
    *out_may = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Children before their parents. */
static const char *const belongings[] = {
    "DELETE FROM attempts WHERE class = 1 AND subject = ?1",
    "DELETE FROM attempts WHERE class = 0 AND subject IN "
    "(SELECT id FROM deliveries WHERE message = ?1)",
    "DELETE FROM message_parts WHERE delivery IN "
    "(SELECT id FROM deliveries WHERE message = ?1)",
    "DELETE FROM deliveries WHERE message = ?1",
    "DELETE FROM receipts WHERE message = ?1",
    "DELETE FROM choices WHERE message = ?1",
    "DELETE FROM message_bodies WHERE message = ?1",
    "DELETE FROM media WHERE message = ?1",
    "DELETE FROM messages WHERE id = ?1",
};

static enum status take_message(struct sqlite_store *store, int64_t message,
                                int64_t before_ms, struct taken *out, struct error *err)
{
    enum status status = message_may_go(store, message, before_ms, &out->is_gone, err);
    for (size_t i = 0; i < COUNT_OF(belongings) && status == STATUS_OK; i++)
        if (out->is_gone)
            status = run_with(store, belongings[i], message, err);
    return status;
}

typedef enum status take(struct sqlite_store *store, int64_t row, int64_t before_ms,
                         struct taken *out, struct error *err);

enum status sqlite_expire(struct store *store, const struct expired *expired,
                          store_expired_seen *seen, void *context, struct error *err)
{
    static take *const takes[EXPIRY_KINDS] = {
        [EXPIRE_DEAD_LETTERS] = drop_letter, [EXPIRE_BODIES] = take_body,
        [EXPIRE_ATTEMPTS] = take_attempt,    [EXPIRE_MESSAGES] = take_message,
        [EXPIRE_AUDIT] = take_audit,         [EXPIRE_MEDIA] = take_media,
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < expired->count && status == STATUS_OK; i++) {
        struct taken taken = {.is_gone = false};
        status = takes[expired->kind](sqlite_of(store), expired->rows[i],
                                      expired->before_ms, &taken, err);
        if (status == STATUS_OK && taken.is_gone)
            seen(taken.bridge_row, context);
    }
    return status;
}
