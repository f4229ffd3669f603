/*
 * Rows shown to people: what trace and `db status` are made of.
 */
#include "ids.h"
#include "migrate.h"
#include "sqlite.h"

enum status sqlite_deliveries_of(struct store *store, int64_t message, each_row *seen,
                                 void *context, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store),
        "SELECT id, message, contact_row, bridge_row, direction, state, flags, "
        "attempts, "
        "parts_done, possible_duplicates, age_ms, created_ms, started_ms, ended_ms, "
        "http_status, reason_code, reason, provider_id FROM deliveries "
        "WHERE message = ?1 ORDER BY id");
    query_i64(&q, message);
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        const struct stored_delivery delivery = {
            .id = column_i64(&q, 0),
            .message = column_i64(&q, 1),
            .contact_row = column_i64(&q, 2),
            .bridge_row = column_i64(&q, 3),
            .direction = (enum direction)column_unsigned(&q, 4),
            .state = (enum delivery_state)column_unsigned(&q, 5),
            .is_replay = (column_i64(&q, 6) & DELIVERY_FLAG_REPLAY) != 0,
            .attempts = column_unsigned(&q, 7),
            .parts_done = column_unsigned(&q, 8),
            .possible_duplicates = column_unsigned(&q, 9),
            .age_ms = column_i64(&q, 10),
            .created_ms = column_i64(&q, 11),
            .started_ms = column_i64(&q, 12),
            .ended_ms = column_i64(&q, 13),
            .http_status = (int)column_unsigned(&q, 14),
            .reason_code = (enum reason_code)column_unsigned(&q, 15),
            .reason = column_text(&q, 16),
            .provider_id = column_text(&q, 17),
        };
        seen(&delivery, context);
    }
    return status;
}

enum status sqlite_attempts_of(struct store *store, enum delivery_class class,
                               int64_t id, each_row *seen, void *context,
                               struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store),
                    "SELECT number, outcome, http_status, reason_code, reason, "
                    "started_ms, ended_ms "
                    "FROM attempts WHERE subject = ?1 AND class = ?2 ORDER BY id");
    query_i64(&q, id);
    query_i64(&q, class);
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        const struct stored_attempt attempt = {
            .class = class,
            .id = id,
            .number = column_unsigned(&q, 0),
            .outcome = (enum outcome)column_unsigned(&q, 1),
            .http_status = (int)column_unsigned(&q, 2),
            .reason_code = (enum reason_code)column_unsigned(&q, 3),
            .reason = column_text(&q, 4),
            .started_ms = column_i64(&q, 5),
            .ended_ms = column_i64(&q, 6),
        };
        seen(&attempt, context);
    }
    return status;
}

enum status sqlite_receipts_of(struct store *store, int64_t message, each_row *seen,
                               void *context, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store),
                    "SELECT direction, status, reason_code, reason, created_ms, "
                    "state, attempts, age_ms, ended_ms, http_status FROM receipts "
                    "WHERE message = ?1");
    query_i64(&q, message);
    bool has_row = false;
    enum status status = query_row(&q, &has_row, err);
    if (status != STATUS_OK || !has_row)
        return status;
    const struct receipt_slot slot = {
        .receipt =
            {
                      .message = message,
                      .direction = (enum direction)column_unsigned(&q, 0),
                      .status = (enum message_status)column_unsigned(&q, 1),
                      .reason_code = (enum reason_code)column_unsigned(&q, 2),
                      .reason = column_text(&q, 3),
                      .created_ms = column_i64(&q, 4),
                      },
        .state = (enum delivery_state)column_unsigned(&q, 5),
        .attempts = column_unsigned(&q, 6),
        .age_ms = column_i64(&q, 7),
        .ended_ms = column_i64(&q, 8),
        .http_status = (int)column_unsigned(&q, 9),
    };
    seen(&slot, context);
    return STATUS_OK;
}

enum status sqlite_conversation_get(struct store *store, int64_t number,
                                    struct stored_conversation *out, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store),
        "SELECT v.contact_row, c.bridge_row, v.opened_ms, v.last_activity_ms, "
        "v.closed_ms "
        "FROM conversations AS v JOIN contacts AS c ON c.id = v.contact_row "
        "WHERE v.id = ?1");
    query_i64(&q, number);
    enum status status = query_one(&q, err);
    if (status == STATUS_NOT_FOUND)
        return fail(err, status, "conversation %lld is not known", (long long)number);
    if (status != STATUS_OK)
        return status;
    *out = (struct stored_conversation){
        .number = number,
        .contact_row = column_i64(&q, 0),
        .bridge_row = column_i64(&q, 1),
        .opened_ms = column_i64(&q, 2),
        .last_activity_ms = column_i64(&q, 3),
        .closed_ms = column_i64(&q, 4),
    };
    return STATUS_OK;
}

/* --- lists of one column --------------------------------------------------- */

static enum status each_text(struct query *q, each_row *seen, void *context,
                             struct error *err)
{
    bool has_row = false;
    enum status status;
    while ((status = query_row(q, &has_row, err)) == STATUS_OK && has_row) {
        struct str text = column_text(q, 0);
        seen(&text, context);
    }
    return status;
}

static enum status each_number(struct query *q, each_row *seen, void *context,
                               struct error *err)
{
    bool has_row = false;
    enum status status;
    while ((status = query_row(q, &has_row, err)) == STATUS_OK && has_row) {
        int64_t number = column_i64(q, 0);
        seen(&number, context);
    }
    return status;
}

enum status sqlite_parts_of(struct store *store, int64_t delivery, each_row *seen,
                            void *context, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store), "SELECT provider_id FROM message_parts "
                                      "WHERE delivery = ?1 ORDER BY part");
    query_i64(&q, delivery);
    return each_text(&q, seen, context, err);
}

enum status sqlite_links_of(struct store *store, int64_t conversation, each_row *seen,
                            void *context, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store), "SELECT genesys_id FROM conversation_links "
                          "WHERE conversation = ?1 ORDER BY linked_ms, genesys_id");
    query_i64(&q, conversation);
    return each_text(&q, seen, context, err);
}

enum status sqlite_conversations_of(struct store *store, struct str genesys_id,
                                    each_row *seen, void *context, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store), "SELECT conversation FROM conversation_links "
                                      "WHERE genesys_id = ?1 ORDER BY conversation");
    query_text(&q, genesys_id);
    return each_number(&q, seen, context, err);
}

enum status sqlite_messages_of(struct store *store, int64_t conversation,
                               unsigned limit, each_row *seen, void *context,
                               struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store),
        "WITH RECURSIVE chain (id) AS ("
        "SELECT last_message FROM conversations WHERE id = ?1 UNION ALL "
        "SELECT m.previous FROM chain JOIN messages AS m ON m.id = chain.id) "
        "SELECT m.id FROM chain JOIN messages AS m ON m.id = chain.id "
        "ORDER BY m.id LIMIT ?2");
    query_i64(&q, conversation);
    query_i64(&q, limit);
    return each_number(&q, seen, context, err);
}

/* --- the whole database ---------------------------------------------------- */

static enum status count_rows(struct sqlite_store *store, struct store_overview *out,
                              struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(store, "SELECT (SELECT count(*) FROM contacts), "
                                        "(SELECT count(*) FROM conversations), "
                                        "(SELECT count(*) FROM messages), "
                                        "(SELECT count(*) FROM deliveries), "
                                        "(SELECT count(*) FROM pending_receipts)");
    enum status status = query_one(&q, err);
    if (status != STATUS_OK)
        return status;
    out->contacts = column_i64(&q, 0);
    out->conversations = column_i64(&q, 1);
    out->messages = column_i64(&q, 2);
    out->deliveries = column_i64(&q, 3);
    out->pending_receipts = column_i64(&q, 4);
    return ids_count(store->ids, &out->ids, err);
}

enum status sqlite_overview(struct store *store, struct store_overview *out,
                            struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    const char *version = "";
    enum status status = migrate_version(sqlite, &version, err);
    if (status != STATUS_OK)
        return status;
    out->engine = "sqlite";
    out->version = str_of(version);
    out->newest = str_of(sqlite_migrations[sqlite_migration_count - 1].name);
    /* An older schema may lack what is counted here. */
    return sqlite->ids == NULL ? STATUS_OK : count_rows(sqlite, out, err);
}
