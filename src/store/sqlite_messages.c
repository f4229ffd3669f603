/*
 * Messages, their bodies and choices, and pauses as rows.
 */
#include "sqlite.h"

/* --- messages -------------------------------------------------------------- */

static enum status add_body(struct sqlite_store *store, const struct message *message,
                            struct error *err)
{
    if (message->text.len == 0 && message->extra.len == 0)
        return STATUS_OK;
    CLEANUP(query_end)
    struct query q = query_start(
        store, "INSERT INTO message_bodies (message, text, extra) VALUES (?1, ?2, ?3)");
    query_i64(&q, message->row);
    query_text(&q, message->text);
    query_text(&q, message->extra);
    return query_run(&q, err);
}

static enum status chain_message(struct sqlite_store *store,
                                 const struct message *message, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "UPDATE conversations SET last_message = ?1, "
               "message_count = message_count + 1, "
               "last_activity_ms = coalesce(?2, last_activity_ms) WHERE id = ?3");
    query_i64(&q, message->row);
    query_optional(&q, message->activity_ms);
    query_i64(&q, message->conversation);
    return query_run(&q, err);
}

enum status sqlite_message_add(struct store *store, struct message *message,
                               struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite,
        "INSERT INTO messages (public_id, bridge_row, contact_row, conversation, "
        "direction, kind, status, status_ms, time_ms, accepted_ms, target, source_id, "
        "trace, previous) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?8, ?10, ?11, "
        "?12, "
        "(SELECT last_message FROM conversations WHERE id = ?4))");
    query_c_string(&q, message->public_id);
    query_i64(&q, message->bridge_row);
    query_i64(&q, message->contact_row);
    query_i64(&q, message->conversation);
    query_i64(&q, message->direction);
    query_i64(&q, message->kind);
    query_i64(&q, message->status);
    query_i64(&q, message->accepted_ms);
    query_i64(&q, message->time_ms);
    query_optional(&q, message->target_row);
    query_text(&q, message->source_id);
    query_text(&q, message->trace);
    enum status status = query_run(&q, err);
    if (status != STATUS_OK)
        return status;
    message->row = sqlite3_last_insert_rowid(sqlite->db);
    status = chain_message(sqlite, message, err);
    if (status == STATUS_OK)
        status = add_body(sqlite, message, err);
    return status;
}

/* Columns of the statement in sqlite_message_get. */
static enum status read_message(const struct query *q, struct arena *arena,
                                struct message *out, struct error *err)
{
    *out = (struct message){
        .row = column_i64(q, 0),
        .bridge_row = column_i64(q, 2),
        .contact_row = column_i64(q, 3),
        .conversation = column_i64(q, 4),
        .direction = (enum direction)column_unsigned(q, 5),
        .kind = (enum event_kind)column_unsigned(q, 6),
        .status = (enum message_status)column_unsigned(q, 7),
        .time_ms = column_i64(q, 8),
        .accepted_ms = column_i64(q, 9),
        .target_row = column_i64(q, 10),
    };
    struct str public_id = column_text(q, 1);
    if (public_id.len >= sizeof(out->public_id))
        return fail(err, STATUS_FAILED, "message %lld has a damaged id",
                    (long long)out->row);
    memcpy(out->public_id, public_id.ptr, public_id.len);

    struct str *texts[] = {&out->source_id, &out->trace, &out->contact_id,
                           &out->text,      &out->extra, &out->peer_id};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (!column_copy(q, 11 + (int)i, arena, texts[i]))
            return fail_arena(err);
    return STATUS_OK;
}

enum status sqlite_message_get(struct store *store, int64_t row, struct arena *arena,
                               struct message *out, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store),
        "SELECT m.id, m.public_id, m.bridge_row, m.contact_row, m.conversation, "
        "m.direction, m.kind, m.status, m.time_ms, m.accepted_ms, m.target, "
        "m.source_id, "
        "m.trace, c.external_id, p.text, p.extra, "
        "(SELECT d.provider_id FROM deliveries AS d WHERE d.message = m.id "
        "AND d.provider_id IS NOT NULL ORDER BY d.id DESC LIMIT 1) "
        "FROM messages AS m LEFT JOIN contacts AS c ON c.id = m.contact_row "
        "LEFT JOIN message_bodies AS p ON p.message = m.id WHERE m.id = ?1");
    query_i64(&q, row);
    enum status status = query_one(&q, err);
    if (status == STATUS_NOT_FOUND)
        return fail(err, status, "message %lld is not known", (long long)row);
    if (status != STATUS_OK)
        return status;
    return read_message(&q, arena, out, err);
}

enum status sqlite_message_status(struct store *store, int64_t row,
                                  enum message_status status, int64_t now_ms,
                                  struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite, "UPDATE messages SET status = ?1, status_ms = ?2 WHERE id = ?3");
    query_i64(&q, status);
    query_i64(&q, now_ms);
    query_i64(&q, row);
    enum status ran = query_run(&q, err);
    if (ran == STATUS_OK && sqlite3_changes(sqlite->db) == 0)
        return fail(err, STATUS_NOT_FOUND, "message %lld is not known", (long long)row);
    return ran;
}

enum status sqlite_message_advance(struct store *store, int64_t row,
                                   enum message_status from, enum message_status to,
                                   int64_t now_ms, bool *out_changed, struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite, "UPDATE messages SET status = ?1, status_ms = ?2 "
                            "WHERE id = ?3 AND status = ?4");
    query_i64(&q, to);
    query_i64(&q, now_ms);
    query_i64(&q, row);
    query_i64(&q, from);
    enum status status = query_run(&q, err);
    *out_changed = status == STATUS_OK && sqlite3_changes(sqlite->db) > 0;
    return status;
}

/* --- choices --------------------------------------------------------------- */

enum status sqlite_choice_add(struct store *store, int64_t message,
                              const struct stored_choice *choice, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store),
                    "INSERT INTO choices (message, ordinal, kind, label, payload) "
                    "VALUES (?1, ?2, ?3, ?4, ?5)");
    query_i64(&q, message);
    query_i64(&q, choice->ordinal);
    query_i64(&q, choice->kind);
    query_text(&q, choice->label);
    query_text(&q, choice->payload);
    return query_run(&q, err);
}

/* Columns ordinal, kind, label, payload. */
static enum status read_choice(struct query *q, struct arena *arena,
                               struct stored_choice *out, struct error *err)
{
    enum status status = query_one(q, err);
    if (status == STATUS_NOT_FOUND)
        return fail(err, status, "the message offered no such choice");
    if (status != STATUS_OK)
        return status;
    *out = (struct stored_choice){
        .ordinal = column_unsigned(q, 0),
        .kind = (enum choice_kind)column_unsigned(q, 1),
    };
    if (!column_copy(q, 2, arena, &out->label) ||
        !column_copy(q, 3, arena, &out->payload))
        return fail_arena(err);
    return STATUS_OK;
}

enum status sqlite_choice_get(struct store *store, int64_t message, unsigned ordinal,
                              struct arena *arena, struct stored_choice *out,
                              struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(sqlite_of(store),
                                 "SELECT ordinal, kind, label, payload FROM choices "
                                 "WHERE message = ?1 AND ordinal = ?2");
    query_i64(&q, message);
    query_i64(&q, ordinal);
    return read_choice(&q, arena, out, err);
}

enum status sqlite_choice_find(struct store *store, int64_t message, struct str payload,
                               struct arena *arena, struct stored_choice *out,
                               struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store), "SELECT ordinal, kind, label, payload FROM choices "
                          "WHERE message = ?1 AND payload IS ?2 ORDER BY ordinal");
    query_i64(&q, message);
    query_text(&q, payload);
    return read_choice(&q, arena, out, err);
}

/* Back along the chain to the first message of an agent: a customer writes few lines
 * before an answer. */
enum status sqlite_numbered_message(struct store *store, int64_t conversation,
                                    int64_t *out_message, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store),
        "WITH RECURSIVE back (id, previous, is_offer, depth) AS ("
        "SELECT m.id, m.previous, m.direction = 1 AND m.kind = 0, 1 FROM messages AS m "
        "WHERE m.id = (SELECT last_message FROM conversations WHERE id = ?1) "
        "UNION ALL "
        "SELECT m.id, m.previous, m.direction = 1 AND m.kind = 0, back.depth + 1 "
        "FROM back JOIN messages AS m ON m.id = back.previous "
        "WHERE NOT back.is_offer AND back.depth < ?2) "
        "SELECT back.id FROM back JOIN deliveries AS d ON d.message = back.id "
        "WHERE back.is_offer AND d.flags & 16 = 16");
    query_i64(&q, conversation);
    query_i64(&q, STORE_NUMBERED_LOOK_BACK);
    enum status status = query_one(&q, err);
    if (status == STATUS_NOT_FOUND)
        return fail(err, status, "the latest message showed no numbers");
    if (status == STATUS_OK)
        *out_message = column_i64(&q, 0);
    return status;
}

/* Back along the chain of each conversation that was alive since then, to the first
 * line of the contact: an agent writes few lines before an answer. */
enum status sqlite_contact_heard(struct store *store, int64_t contact_row,
                                 int64_t since_ms, bool *out_heard, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store),
        "WITH RECURSIVE back (previous, said, accepted_ms) AS ("
        "SELECT m.previous, m.direction = 0 AND m.kind IN (0, 4), m.accepted_ms "
        "FROM conversations AS v JOIN messages AS m ON m.id = v.last_message "
        "WHERE v.contact_row = ?1 AND m.accepted_ms >= ?2 "
        "UNION ALL "
        "SELECT m.previous, m.direction = 0 AND m.kind IN (0, 4), m.accepted_ms "
        "FROM back JOIN messages AS m ON m.id = back.previous "
        "WHERE NOT back.said AND m.accepted_ms >= ?2) "
        "SELECT count(*) FROM back WHERE said");
    query_i64(&q, contact_row);
    query_i64(&q, since_ms);
    enum status status = query_one(&q, err);
    if (status == STATUS_OK)
        *out_heard = column_i64(&q, 0) > 0;
    return status;
}

/* Along the chains of all conversations of the contact at once, latest first: the queue
 * of the recursion is in that order. */
static enum status find_sent(struct sqlite_store *store, const struct sent_query *query,
                             uint32_t statuses, struct sent *out, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "WITH RECURSIVE back (id, previous, direction, status) AS ("
               "SELECT m.id, m.previous, m.direction, m.status "
               "FROM conversations AS v JOIN messages AS m ON m.id = v.last_message "
               "WHERE v.contact_row = ?1 "
               "UNION ALL "
               "SELECT m.id, m.previous, m.direction, m.status "
               "FROM back JOIN messages AS m ON m.id = back.previous "
               "ORDER BY 1 DESC LIMIT ?2) "
               "SELECT id FROM back WHERE direction = ?3 AND (1 << status) & ?4 "
               "AND EXISTS (SELECT 1 FROM deliveries AS d WHERE d.message = back.id "
               "AND d.state = 2 AND d.started_ms <= ?5) ORDER BY id DESC");
    query_i64(&q, query->contact_row);
    query_i64(&q, STORE_SENT_LOOK_BACK);
    query_i64(&q, query->direction);
    query_i64(&q, statuses);
    query_i64(&q, query->until_ms);
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row)
        out->rows[out->count++] = column_i64(&q, 0);
    return status;
}

enum status sqlite_sent(struct store *store, const struct sent_query *query,
                        uint32_t statuses, struct sent *out, struct error *err)
{
    enum status status = find_sent(sqlite_of(store), query, statuses, out, err);
    if (status != STATUS_OK)
        return status;
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store), "SELECT EXISTS (SELECT 1 FROM deliveries WHERE "
                          "bridge_row = ?1 AND contact_row = ?2 AND direction = ?3 "
                          "AND state < 2)");
    query_i64(&q, query->bridge_row);
    query_i64(&q, query->contact_row);
    query_i64(&q, query->direction);
    status = query_one(&q, err);
    if (status == STATUS_OK)
        out->more_waits = column_i64(&q, 0) != 0;
    return status;
}

/* --- pauses ---------------------------------------------------------------- */

enum status sqlite_pause_set(struct store *store, const struct pause *pause,
                             struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store),
        "INSERT INTO pauses (scope, name, reason, set_by, since_ms) "
        "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (scope, name) DO UPDATE SET "
        "reason = excluded.reason, set_by = excluded.set_by, "
        "since_ms = excluded.since_ms");
    query_i64(&q, pause->scope);
    query_text(&q, pause->name);
    query_text(&q, pause->reason);
    query_text(&q, pause->set_by);
    query_i64(&q, pause->since_ms);
    return query_run(&q, err);
}

enum status sqlite_pause_clear(struct store *store, enum pause_scope scope,
                               struct str name, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(sqlite_of(store),
                                 "DELETE FROM pauses WHERE scope = ?1 AND name = ?2");
    query_i64(&q, scope);
    query_text(&q, name);
    return query_run(&q, err);
}

enum status sqlite_pauses(struct store *store, store_pause_seen *seen, void *context,
                          struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store), "SELECT scope, name, reason, set_by, since_ms "
                                      "FROM pauses ORDER BY scope, name");
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        const struct pause pause = {
            .scope = (enum pause_scope)column_unsigned(&q, 0),
            .name = column_text(&q, 1),
            .reason = column_text(&q, 2),
            .set_by = column_text(&q, 3),
            .since_ms = column_i64(&q, 4),
        };
        seen(&pause, context);
    }
    return status;
}
