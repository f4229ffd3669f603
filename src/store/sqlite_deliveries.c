/*
 * Deliveries, their attempts, and receipts as rows: what is written.
 */
#include "sqlite.h"

/* --- deliveries ------------------------------------------------------------ */

static int64_t flags_of(const struct delivery *delivery)
{
    return (delivery->opens_conversation ? DELIVERY_FLAG_OPENS : 0) |
           (delivery->wants_conversation_id ? DELIVERY_FLAG_WANTS_ID : 0) |
           (delivery->is_replay ? DELIVERY_FLAG_REPLAY : 0);
}

enum status sqlite_delivery_add(struct store *store, struct delivery *delivery,
                                enum delivery_state state, struct str reason,
                                struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite,
        "INSERT INTO deliveries (message, bridge_row, contact_row, direction, state, "
        "flags, created_ms, previous_conversation, parts_done, reason) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
    query_i64(&q, delivery->message_id);
    query_i64(&q, delivery->bridge_row);
    query_i64(&q, delivery->contact_row);
    query_i64(&q, delivery->direction);
    query_i64(&q, state);
    query_i64(&q, flags_of(delivery));
    query_i64(&q, delivery->accepted_ms);
    query_optional(&q, delivery->previous_conversation);
    query_i64(&q, delivery->parts_done);
    query_text(&q, reason);
    enum status status = query_run(&q, err);
    if (status == STATUS_OK)
        delivery->id = sqlite3_last_insert_rowid(sqlite->db);
    return status;
}

static enum status add_attempt(struct sqlite_store *store,
                               const struct delivery_record *record, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "INSERT INTO attempts (class, subject, number, outcome, http_status, "
               "reason_code, started_ms, ended_ms, reason) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    query_i64(&q, record->class);
    query_i64(&q, record->id);
    query_i64(&q, record->attempts);
    query_i64(&q, record->outcome);
    query_optional(&q, record->http_status);
    query_i64(&q, record->reason_code);
    query_i64(&q, record->started_ms);
    query_i64(&q, record->ended_ms);
    query_text(&q, record->reason);
    return query_run(&q, err);
}

/* A resumed attempt may have repeated a part: the later id is the one the peer shows.
 */
static enum status add_part(struct sqlite_store *store,
                            const struct delivery_record *record, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(store, "INSERT INTO message_parts (delivery, part, provider_id) "
                           "VALUES (?1, ?2, ?3) ON CONFLICT (delivery, part) "
                           "DO UPDATE SET provider_id = excluded.provider_id");
    query_i64(&q, record->id);
    query_i64(&q, record->part);
    query_text(&q, record->provider_id);
    return query_run(&q, err);
}

static enum status change_delivery(struct sqlite_store *store,
                                   const struct delivery_record *record,
                                   struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store,
        "UPDATE deliveries SET state = ?1, attempts = ?2, parts_done = ?3, "
        "possible_duplicates = ?4, age_ms = ?5, http_status = ?6, reason_code = ?7, "
        "started_ms = ?8, ended_ms = ?9, reason = ?10, "
        "provider_id = coalesce(?11, provider_id), flags = flags & ~8 | ?12 "
        "WHERE id = ?13");
    query_i64(&q, record->state);
    query_i64(&q, record->attempts);
    query_i64(&q, record->parts_done);
    query_i64(&q, record->possible_duplicates);
    query_i64(&q, record->age_ms);
    query_optional(&q, record->http_status);
    query_i64(&q, record->reason_code);
    query_optional(&q, record->started_ms);
    query_optional(&q, record->ended_ms);
    query_text(&q, record->reason);
    query_text(&q, record->part == 0 ? record->provider_id : STR_NONE);
    query_i64(&q, (record->may_have_arrived ? DELIVERY_FLAG_MAY_HAVE_ARRIVED : 0) |
                      (record->shows_numbers ? DELIVERY_FLAG_NUMBERED : 0));
    query_i64(&q, record->id);
    enum status status = query_run(&q, err);
    if (status == STATUS_OK && sqlite3_changes(store->db) == 0)
        return fail(err, STATUS_NOT_FOUND, "delivery %lld is not known",
                    (long long)record->id);
    return status;
}

enum status sqlite_delivery_record(struct store *store,
                                   const struct record_change *change,
                                   struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    const struct delivery_record *record = change->record;
    enum status status = change_delivery(sqlite, record, err);
    if (status == STATUS_OK && record->part > 0 && record->provider_id.len > 0)
        status = add_part(sqlite, record, err);
    if (status == STATUS_OK && change->is_logged)
        status = add_attempt(sqlite, record, err);
    return status;
}

enum status sqlite_delivery_state(struct store *store, int64_t id,
                                  enum delivery_state *out, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store), "SELECT state FROM deliveries WHERE id = ?1");
    query_i64(&q, id);
    enum status status = query_one(&q, err);
    if (status == STATUS_NOT_FOUND)
        return fail(err, status, "delivery %lld is not known", (long long)id);
    if (status == STATUS_OK)
        *out = (enum delivery_state)column_unsigned(&q, 0);
    return status;
}

enum status sqlite_delivery_settle(struct store *store, int64_t id,
                                   enum delivery_state state, struct str reason,
                                   int64_t now_ms, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store), "UPDATE deliveries SET state = ?1, ended_ms = ?2, "
                          "reason = ?3 || coalesce(': ' || reason, '') WHERE id = ?4");
    query_i64(&q, state);
    query_i64(&q, now_ms);
    query_text(&q, reason);
    query_i64(&q, id);
    return query_run(&q, err);
}

/* --- receipts -------------------------------------------------------------- */

enum status sqlite_receipt_find(struct store *store, int64_t message,
                                struct receipt_slot *out, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store),
        "SELECT direction, status, reason_code, created_ms, state, attempts, "
        "age_ms, ended_ms, http_status FROM receipts WHERE message = ?1");
    query_i64(&q, message);
    enum status status = query_one(&q, err);
    if (status == STATUS_NOT_FOUND)
        return fail(err, status, "message %lld has no receipt", (long long)message);
    if (status != STATUS_OK)
        return status;
    *out = (struct receipt_slot){
        .receipt =
            {
                      .message = message,
                      .direction = (enum direction)column_unsigned(&q, 0),
                      .status = (enum message_status)column_unsigned(&q, 1),
                      .reason_code = (enum reason_code)column_unsigned(&q, 2),
                      .created_ms = column_i64(&q, 3),
                      },
        .state = (enum delivery_state)column_unsigned(&q, 4),
        .attempts = column_unsigned(&q, 5),
        .age_ms = column_i64(&q, 6),
        .ended_ms = column_i64(&q, 7),
        .http_status = (int)column_unsigned(&q, 8),
    };
    return STATUS_OK;
}

enum status sqlite_receipt_put(struct store *store, const struct receipt *receipt,
                               struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store),
                    "INSERT OR REPLACE INTO receipts (message, direction, status, "
                    "state, created_ms, "
                    "reason_code, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    query_i64(&q, receipt->message);
    query_i64(&q, receipt->direction);
    query_i64(&q, receipt->status);
    query_i64(&q, DELIVERY_READY);
    query_i64(&q, receipt->created_ms);
    query_i64(&q, receipt->reason_code);
    query_text(&q, receipt->reason);
    return query_run(&q, err);
}

static enum status change_receipt(struct sqlite_store *store,
                                  const struct delivery_record *record,
                                  struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "UPDATE receipts SET state = ?1, attempts = ?2, age_ms = ?3, "
               "http_status = ?4, ended_ms = ?5, failure = ?6 WHERE message = ?7");
    query_i64(&q, record->state);
    query_i64(&q, record->attempts);
    query_i64(&q, record->age_ms);
    query_optional(&q, record->http_status);
    query_optional(&q, record->ended_ms);
    query_text(&q, record->reason);
    query_i64(&q, record->id);
    return query_run(&q, err);
}

enum status sqlite_receipt_record(struct store *store,
                                  const struct record_change *change, struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    enum status status = STATUS_OK;
    if (!change->keeps_slot)
        status = change_receipt(sqlite, change->record, err);
    if (status == STATUS_OK && change->is_logged)
        status = add_attempt(sqlite, change->record, err);
    return status;
}

/* --- early receipts -------------------------------------------------------- */

enum status sqlite_early_receipt_find(struct store *store,
                                      const uint8_t key[HASH16_BYTES],
                                      struct arena *arena, struct receipt *out,
                                      struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store), "SELECT direction, status, created_ms, reason_code, reason "
                          "FROM pending_receipts WHERE key = ?1");
    query_blob(&q, key, HASH16_BYTES);
    enum status status = query_one(&q, err);
    if (status == STATUS_NOT_FOUND)
        return fail(err, status, "no receipt waits under this id");
    if (status != STATUS_OK)
        return status;
    *out = (struct receipt){
        .direction = (enum direction)column_unsigned(&q, 0),
        .status = (enum message_status)column_unsigned(&q, 1),
        .created_ms = column_i64(&q, 2),
        .reason_code = (enum reason_code)column_unsigned(&q, 3),
    };
    return column_copy(&q, 4, arena, &out->reason) ? STATUS_OK : fail_arena(err);
}

enum status sqlite_early_receipt_put(struct store *store,
                                     const uint8_t key[HASH16_BYTES],
                                     const struct receipt *receipt, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store), "INSERT OR REPLACE INTO pending_receipts "
                          "(key, direction, status, created_ms, reason_code, reason) "
                          "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    query_blob(&q, key, HASH16_BYTES);
    query_i64(&q, receipt->direction);
    query_i64(&q, receipt->status);
    query_i64(&q, receipt->created_ms);
    query_i64(&q, receipt->reason_code);
    query_text(&q, receipt->reason);
    return query_run(&q, err);
}

enum status sqlite_early_receipt_delete(struct store *store,
                                        const uint8_t key[HASH16_BYTES],
                                        struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store), "DELETE FROM pending_receipts WHERE key = ?1");
    query_blob(&q, key, HASH16_BYTES);
    return query_run(&q, err);
}

static enum status early_receipts_left(struct sqlite_store *store, bool *out_left,
                                       struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(store, "SELECT EXISTS (SELECT 1 FROM pending_receipts)");
    enum status status = query_one(&q, err);
    if (status == STATUS_OK)
        *out_left = column_i64(&q, 0) != 0;
    return status;
}

enum status sqlite_early_receipts_expire(struct store *store, int64_t before_ms,
                                         bool *out_left, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(sqlite_of(store),
                                 "DELETE FROM pending_receipts WHERE created_ms < ?1");
    query_i64(&q, before_ms);
    enum status status = query_run(&q, err);
    if (status == STATUS_OK)
        status = early_receipts_left(sqlite_of(store), out_left, err);
    return status;
}
