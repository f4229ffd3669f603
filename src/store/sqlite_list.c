/*
 * Lists for operators. Every statement walks one table from its newest row, by number,
 * so that a page costs what it shows; filters that find little are ended by the limit
 * on reading. The columns stand in list.c, in the same order.
 */
#include "sqlite.h"

/*
 * Parameters of all: 1 numbers above, 2 below, 3 bridge row or 0, 4 contact or NULL,
 * 5 states as bits, 6 since, 7 limit. CROSS JOIN keeps the walk in the order written.
 */
#define PAGE(row) row " > ?1 AND " row " < ?2 "
#define OF_BRIDGE(column) "AND (?3 = 0 OR " column " = ?3) "
/* One look at the index of contacts for the whole list, whichever bridge it is. */
#define OF_CONTACT(column)                                                             \
    "AND (?4 IS NULL OR " column " IN (SELECT id FROM contacts WHERE bridge_row IN "   \
    "(SELECT id FROM bridges) AND external_id = ?4)) "
#define OF_STATE(number) "AND (?5 >> " number ") & 1 "
#define LAST(row) "ORDER BY " row " DESC LIMIT ?7"

static const char contacts[] =
    "SELECT c.id, b.name, c.external_id, c.name, c.conversation, c.created_ms, "
    "c.address, c.first_name, c.last_name, c.attributes FROM contacts AS c "
    "CROSS JOIN bridges AS b ON b.id = c.bridge_row WHERE " PAGE("c.id")
        OF_BRIDGE("c.bridge_row")
            OF_CONTACT("c.id") "AND c.created_ms >= ?6 " LAST("c.id");

static const char conversations[] =
    "SELECT v.id, b.name, c.external_id, v.closed_ms IS NOT NULL, v.message_count, "
    "v.opened_ms, v.last_activity_ms, v.closed_ms, "
    "(SELECT group_concat(genesys_id, ' ') FROM (SELECT genesys_id "
    "FROM conversation_links WHERE conversation = v.id ORDER BY linked_ms)) "
    "FROM conversations AS v CROSS JOIN contacts AS c ON c.id = v.contact_row "
    "CROSS JOIN bridges AS b ON b.id = c.bridge_row WHERE " PAGE("v.id")
        OF_STATE("(v.closed_ms IS NOT NULL)") "AND v.last_activity_ms >= "
                                              "?6 " OF_CONTACT("v.contact_row")
                                                  OF_BRIDGE("c.bridge_row")
                                                      LAST("v.id");

static const char messages[] =
    "SELECT m.id, m.public_id, b.name, c.external_id, m.conversation, m.direction, "
    "m.kind, m.status, m.accepted_ms, m.status_ms, m.time_ms, m.source_id, "
    "(SELECT t.public_id FROM messages AS t WHERE t.id = m.target), m.trace, "
    "p.text, p.extra FROM messages AS m "
    "CROSS JOIN contacts AS c ON c.id = m.contact_row "
    "CROSS JOIN bridges AS b ON b.id = m.bridge_row "
    "LEFT JOIN message_bodies AS p ON p.message = m.id WHERE " PAGE("m.id")
        OF_BRIDGE("m.bridge_row")
            OF_STATE("m.status") "AND m.accepted_ms >= ?6 " OF_CONTACT("m.contact_row")
                LAST("m.id");

static const char deliveries[] =
    "SELECT d.id, m.public_id, b.name, c.external_id, d.direction, m.kind, d.state, "
    "d.attempts, d.created_ms, d.reason, d.http_status, m.conversation, "
    "d.flags & 4 = 4, d.parts_done, d.possible_duplicates, d.age_ms, d.provider_id, "
    "d.started_ms, d.ended_ms FROM deliveries AS d "
    "CROSS JOIN messages AS m ON m.id = d.message "
    "CROSS JOIN contacts AS c ON c.id = d.contact_row "
    "CROSS JOIN bridges AS b ON b.id = d.bridge_row WHERE " PAGE("d.id")
        OF_BRIDGE("d.bridge_row")
            OF_STATE("d.state") "AND d.created_ms >= ?6 " OF_CONTACT("d.contact_row")
                LAST("d.id");

/* Few among many: by their own index, which holds each bridge's in order. */
#define DEAD_COLUMNS                                                                   \
    "SELECT d.id, m.public_id, b.name, c.external_id, d.direction, m.kind, "           \
    "d.attempts, coalesce(d.ended_ms, d.created_ms), d.reason, d.http_status, "        \
    "m.conversation, m.accepted_ms, m.id, p.text "                                     \
    "FROM deliveries AS d INDEXED BY deliveries_dead "                                 \
    "CROSS JOIN messages AS m ON m.id = d.message "                                    \
    "CROSS JOIN contacts AS c ON c.id = d.contact_row "                                \
    "CROSS JOIN bridges AS b ON b.id = d.bridge_row "                                  \
    "LEFT JOIN message_bodies AS p ON p.message = m.id WHERE d.state = 3 AND "
#define DEAD_REST                                                                      \
    PAGE("d.id")                                                                       \
    "AND coalesce(d.ended_ms, d.created_ms) >= ?6 " OF_CONTACT("d.contact_row")        \
        LAST("d.id")

static const char dead[] = DEAD_COLUMNS DEAD_REST;
static const char dead_of_bridge[] = DEAD_COLUMNS "d.bridge_row = ?3 AND " DEAD_REST;

static const char audit[] =
    "SELECT a.id, a.at_ms, a.actor, a.action, a.subject, a.details FROM audit AS a "
    "WHERE " PAGE("a.id") "AND a.at_ms >= ?6 " LAST("a.id");

/* The index alone says which is the oldest; one row of each bridge is read. */
static const char oldest[] =
    "SELECT d.id, b.name, d.created_ms FROM (SELECT min(id) AS id FROM deliveries "
    "INDEXED BY deliveries_pending WHERE state < 2 GROUP BY bridge_row) AS o "
    "CROSS JOIN deliveries AS d ON d.id = o.id "
    "CROSS JOIN bridges AS b ON b.id = d.bridge_row";

static const char active[] =
    "SELECT v.id, c.bridge_row, v.last_activity_ms FROM conversations AS v "
    "CROSS JOIN contacts AS c ON c.id = v.contact_row "
    "WHERE v.closed_ms IS NULL AND v.last_activity_ms >= ?6";

static const char *sql_of(const struct list_query *query)
{
    static const char *const lists[LIST_KINDS] = {
        [LIST_CONTACTS] = contacts, [LIST_CONVERSATIONS] = conversations,
        [LIST_MESSAGES] = messages, [LIST_DELIVERIES] = deliveries,
        [LIST_DEAD] = dead,         [LIST_AUDIT] = audit,
        [LIST_OLDEST] = oldest,     [LIST_ACTIVE] = active,
    };
    if (query->kind == LIST_DEAD && query->bridge_row != 0)
        return dead_of_bridge;
    return lists[query->kind];
}

static void read_cells(const struct query *q, const struct list_column *columns,
                       size_t count, struct list_cell *cells)
{
    for (size_t i = 0; i < count; i++) {
        int column = (int)i;
        bool is_empty = sqlite3_column_type(q->stmt, column) == SQLITE_NULL;
        bool is_text =
            columns[i].source == LIST_FROM_TEXT || columns[i].source == LIST_FROM_PROSE;
        cells[i] = list_cell(&columns[i], is_empty,
                             is_text ? column_text(q, column) : STR_NONE,
                             is_text ? 0 : column_i64(q, column));
    }
}

enum status sqlite_list(struct store *store, const struct list_query *query,
                        store_row_seen *seen, void *context, struct error *err)
{
    struct list_cell cells[LIST_COLUMNS_MAX];
    size_t count = 0;
    const struct list_column *columns = list_columns(query->kind, &count);
    CLEANUP(query_end) struct query q = query_start(sqlite_of(store), sql_of(query));

    if (query->kind != LIST_OLDEST) {
        query_i64(&q, query->above);
        query_i64(&q, query->below);
        query_i64(&q, query->bridge_row);
        query_text(&q, query->contact);
        query_i64(&q, query->states);
        query_i64(&q, query->since_ms);
    }
    if (query->kind != LIST_OLDEST && query->kind != LIST_ACTIVE)
        query_i64(&q, query->limit);
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        read_cells(&q, columns, count, cells);
        seen(cells, count, context);
    }
    return status;
}
