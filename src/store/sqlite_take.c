/*
 * Work taken out of the database: lanes, deliveries and receipts, and how many there
 * are.
 */
#include "sqlite.h"

/* --- lanes and counts ------------------------------------------------------ */

enum status sqlite_lanes(struct store *store, struct str owner, store_lane_seen *seen,
                         void *context, struct error *err)
{
    (void)owner; /* whoever holds the lock owns all lanes */
    /* One walk along the index, in its order; the rows are not touched. */
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store),
                    "SELECT contact_row, bridge_row, direction, min(id), count(*) "
                    "FROM deliveries INDEXED BY deliveries_pending WHERE state < 2 "
                    "GROUP BY bridge_row, contact_row, direction");
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        const struct lane_summary lane = {
            .contact_row = column_i64(&q, 0),
            .bridge_row = column_i64(&q, 1),
            .direction = (enum direction)column_unsigned(&q, 2),
            .first_id = column_i64(&q, 3),
            .count = column_i64(&q, 4),
        };
        seen(&lane, context);
    }
    return status;
}

enum status sqlite_counts(struct store *store, int64_t bridge_row, int64_t *out_pending,
                          int64_t *out_dead, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store),
        "SELECT (SELECT count(*) FROM deliveries WHERE state < 2 AND bridge_row = ?1), "
        "(SELECT count(*) FROM deliveries WHERE state = 3 AND bridge_row = ?1)");
    query_i64(&q, bridge_row);
    enum status status = query_one(&q, err);
    if (status != STATUS_OK)
        return status;
    *out_pending = column_i64(&q, 0);
    *out_dead = column_i64(&q, 1);
    return STATUS_OK;
}

/* --- a row as a source ----------------------------------------------------- */

/*
 * What a message and its contact add to a delivery or receipt: columns 0 to 18. The
 * statements that use it name the message m and the contact c.
 */
#define ABOUT_COLUMNS                                                                  \
    "m.id, m.public_id, m.bridge_row, m.contact_row, m.conversation, m.kind, "         \
    "m.time_ms, m.accepted_ms, m.source_id, c.external_id, "                           \
    "coalesce(c.address, c.external_id), c.name, c.first_name, c.last_name, "          \
    "v.genesys_id, m.direction, m.status, m.target, m.trace, "
#define ABOUT_JOINS                                                                    \
    "JOIN contacts AS c ON c.id = m.contact_row "                                      \
    "LEFT JOIN conversations AS v ON v.id = m.conversation "
#define ABOUT_END 19

/* Columns of a delivery's own, from ABOUT_END. */
#define DELIVERY_SOURCE                                                                \
    "SELECT " ABOUT_COLUMNS                                                            \
    "p.text, p.extra, d.id, d.direction, d.flags, d.created_ms, "                      \
    "d.previous_conversation, d.attempts, d.parts_done, d.possible_duplicates, "       \
    "d.age_ms, t.direction, t.source_id, "                                             \
    "(SELECT e.provider_id FROM deliveries AS e WHERE e.message = t.id "               \
    "AND e.provider_id IS NOT NULL ORDER BY e.id DESC LIMIT 1), "                      \
    "d.started_ms IS NOT NULL AND d.ended_ms IS NULL, "                                \
    "coalesce(d.ended_ms, d.started_ms, d.created_ms) FROM deliveries AS d "
#define DELIVERY_JOINS                                                                 \
    "JOIN messages AS m ON m.id = d.message " ABOUT_JOINS                              \
    "LEFT JOIN message_bodies AS p ON p.message = m.id "                               \
    "LEFT JOIN messages AS t ON t.id = m.target "

/* Columns of a receipt's own, from ABOUT_END. */
#define RECEIPT_SOURCE                                                                 \
    "SELECT " ABOUT_COLUMNS                                                            \
    "r.direction, r.status, r.reason_code, r.reason, r.created_ms, r.state, "          \
    "r.attempts, r.age_ms, r.ended_ms FROM receipts AS r "
#define RECEIPT_JOINS "JOIN messages AS m ON m.id = r.message " ABOUT_JOINS

/* Views into the row; delivery_build copies. */
static void read_about(const struct query *q, struct delivery_source *out)
{
    struct message *message = &out->message;

    message->row = column_i64(q, 0);
    struct str public_id = str_sub(column_text(q, 1), 0, PUBLIC_ID_BYTES - 1);
    memcpy(message->public_id, public_id.ptr, public_id.len);
    message->bridge_row = column_i64(q, 2);
    message->contact_row = column_i64(q, 3);
    message->conversation = column_i64(q, 4);
    message->kind = (enum event_kind)column_unsigned(q, 5);
    message->time_ms = column_i64(q, 6);
    message->accepted_ms = column_i64(q, 7);
    message->source_id = column_text(q, 8);
    message->contact_id = column_text(q, 9);
    out->address = column_text(q, 10);
    out->name = column_text(q, 11);
    out->first_name = column_text(q, 12);
    out->last_name = column_text(q, 13);
    out->genesys_conversation = column_text(q, 14);
    message->direction = (enum direction)column_unsigned(q, 15);
    message->status = (enum message_status)column_unsigned(q, 16);
    message->target_row = column_i64(q, 17);
    message->trace = column_text(q, 18);
    out->delivery.bridge_row = message->bridge_row;
    out->delivery.contact_row = message->contact_row;
}

static void read_delivery(const struct query *q, struct delivery_source *out)
{
    int64_t flags = column_i64(q, ABOUT_END + 4);
    struct delivery *delivery = &out->delivery;

    read_about(q, out);
    out->message.text = column_text(q, ABOUT_END);
    out->message.extra = column_text(q, ABOUT_END + 1);
    delivery->class = DELIVERY_MESSAGE;
    delivery->id = column_i64(q, ABOUT_END + 2);
    delivery->direction = (enum direction)column_unsigned(q, ABOUT_END + 3);
    delivery->opens_conversation = (flags & DELIVERY_FLAG_OPENS) != 0;
    delivery->wants_conversation_id = (flags & DELIVERY_FLAG_WANTS_ID) != 0;
    delivery->is_replay = (flags & DELIVERY_FLAG_REPLAY) != 0;
    delivery->may_have_arrived = (flags & DELIVERY_FLAG_MAY_HAVE_ARRIVED) != 0;
    delivery->accepted_ms = column_i64(q, ABOUT_END + 5);
    delivery->previous_conversation = column_i64(q, ABOUT_END + 6);
    delivery->attempts = column_unsigned(q, ABOUT_END + 7);
    delivery->parts_done = column_unsigned(q, ABOUT_END + 8);
    delivery->possible_duplicates = column_unsigned(q, ABOUT_END + 9);
    delivery->age_ms = column_i64(q, ABOUT_END + 10);
    out->has_target = out->message.target_row != 0;
    out->target_direction = (enum direction)column_unsigned(q, ABOUT_END + 11);
    out->target_source_id = column_text(q, ABOUT_END + 12);
    out->target_peer_id = column_text(q, ABOUT_END + 13);
    delivery->was_sending = column_i64(q, ABOUT_END + 14) != 0;
    delivery->aged_ms = column_i64(q, ABOUT_END + 15);
}

static void read_receipt(const struct query *q, struct delivery_source *out)
{
    read_about(q, out);
    out->delivery.class = DELIVERY_RECEIPT;
    out->slot = (struct receipt_slot){
        .receipt =
            {
                      .message = out->message.row,
                      .direction = (enum direction)column_unsigned(q, ABOUT_END),
                      .status = (enum message_status)column_unsigned(q, ABOUT_END + 1),
                      .reason_code = (enum reason_code)column_unsigned(q, ABOUT_END + 2),
                      .reason = column_text(q, ABOUT_END + 3),
                      .created_ms = column_i64(q, ABOUT_END + 4),
                      },
        .state = (enum delivery_state)column_unsigned(q, ABOUT_END + 5),
        .attempts = column_unsigned(q, ABOUT_END + 6),
        .age_ms = column_i64(q, ABOUT_END + 7),
        .ended_ms = column_i64(q, ABOUT_END + 8),
    };
}

/* --- taking ---------------------------------------------------------------- */

typedef void read_source(const struct query *q, struct delivery_source *out);

/* Every row of the query as a list, or none when one fails. */
static enum status take_all(struct query *q, read_source *read,
                            struct delivery **out_list, struct error *err)
{
    struct delivery *list = NULL;
    struct delivery **end = &list;
    bool has_row = false;
    enum status status;

    while ((status = query_row(q, &has_row, err)) == STATUS_OK && has_row) {
        struct delivery_source source = {.has_target = false};
        read(q, &source);
        status = delivery_build(&source, end, err);
        if (status != STATUS_OK)
            break;
        end = &(*end)->next;
    }
    if (status != STATUS_OK) {
        delivery_free_list(list);
        return status;
    }
    *out_list = list;
    return STATUS_OK;
}

enum status sqlite_take(struct store *store, struct str owner, int64_t contact_row,
                        enum direction direction, int64_t after, unsigned limit,
                        struct delivery **out_list, struct error *err)
{
    (void)owner;
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store), DELIVERY_SOURCE
        "INDEXED BY deliveries_pending " DELIVERY_JOINS "WHERE d.state < 2 AND "
        "d.bridge_row = (SELECT bridge_row FROM contacts WHERE id = ?1) AND "
        "d.contact_row = ?1 AND d.direction = ?2 AND d.id > ?3 ORDER BY d.id LIMIT ?4");
    query_i64(&q, contact_row);
    query_i64(&q, direction);
    query_i64(&q, after);
    query_i64(&q, limit);
    return take_all(&q, read_delivery, out_list, err);
}

enum status sqlite_take_receipts(struct store *store, struct str owner, int64_t after,
                                 unsigned limit, struct delivery **out_list,
                                 struct error *err)
{
    (void)owner;
    CLEANUP(query_end)
    struct query q = query_start(sqlite_of(store), RECEIPT_SOURCE
                                 "INDEXED BY receipts_unsent " RECEIPT_JOINS
                                 "WHERE r.state < 2 AND r.message > ?1 "
                                 "ORDER BY r.message LIMIT ?2");
    query_i64(&q, after);
    query_i64(&q, limit);
    return take_all(&q, read_receipt, out_list, err);
}

static enum status load_one(struct query *q, int64_t id, read_source *read,
                            struct delivery **out_delivery, struct error *err)
{
    struct delivery *one = NULL;
    query_i64(q, id);
    enum status status = take_all(q, read, &one, err);
    if (status != STATUS_OK)
        return status;
    if (one == NULL)
        return fail(err, STATUS_NOT_FOUND, "delivery %lld is not known", (long long)id);
    *out_delivery = one;
    return STATUS_OK;
}

enum status sqlite_load(struct store *store, enum delivery_class class, int64_t id,
                        struct delivery **out_delivery, struct error *err)
{
    if (class == DELIVERY_RECEIPT) {
        CLEANUP(query_end)
        struct query q = query_start(sqlite_of(store), RECEIPT_SOURCE RECEIPT_JOINS
                                     "WHERE r.message = ?1");
        return load_one(&q, id, read_receipt, out_delivery, err);
    }
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store), DELIVERY_SOURCE DELIVERY_JOINS "WHERE d.id = ?1");
    return load_one(&q, id, read_delivery, out_delivery, err);
}
