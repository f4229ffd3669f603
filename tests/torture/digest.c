/* What is stored and what the peers were told, as lines that two runs can compare. */
#include "inject.h"
#include "plain.h"
#include "world.h"

#include <string.h>

#include "store/sqlite.h"

#include "gateway/memory.h"

/*
 * No ids and times of our own, nothing about attempts: a run with trouble needs more of
 * them. Sorted by what was said.
 */
static const char *const queries[] = {
    "SELECT 'message', c.external_id, m.direction, m.kind, m.status, m.source_id, "
    "b.text, "
    "b.extra FROM messages m JOIN contacts c ON c.id = m.contact_row LEFT JOIN "
    "message_bodies b ON b.message = m.id ORDER BY 2, 3, 4, 6, 7",
    "SELECT 'delivery', c.external_id, d.direction, m.source_id, m.kind, d.state, "
    "d.parts_done, CASE d.state WHEN 3 THEN d.reason_code END FROM deliveries d "
    "JOIN messages m ON m.id = d.message JOIN contacts c ON c.id = d.contact_row "
    "ORDER BY 2, 3, 4, 5, 6",
    "SELECT 'receipt', m.source_id, r.direction, r.status, r.state FROM receipts r "
    "JOIN messages m ON m.id = r.message ORDER BY 2, 3",
    "SELECT 'contact', external_id, name, first_name, last_name, attributes, address "
    "FROM contacts ORDER BY 2",
    "SELECT 'alias', alias FROM contact_aliases ORDER BY 2",
    "SELECT 'conversation', c.external_id, v.message_count, v.genesys_id FROM "
    "conversations v JOIN contacts c ON c.id = v.contact_row ORDER BY 2, v.id",
    "SELECT 'choice', m.source_id, h.ordinal, h.label, h.payload FROM choices h "
    "JOIN messages m ON m.id = h.message ORDER BY 2, 3",
    "SELECT 'pause', scope, name, set_by FROM pauses ORDER BY 2, 3",
    "SELECT 'early receipt', status FROM pending_receipts ORDER BY 2",
    "SELECT 'bridge', name, channel, integration_id FROM bridges ORDER BY 2",
};

/* JSON holds ids of our own. */
static void add_column(const struct query *q, int column, struct buf *out)
{
    struct str text = column_text(q, column);
    if (column > 0)
        buf_add_char(out, '|');
    if (str_starts(text, STR("{")))
        plain_add(out, text);
    else
        buf_add(out, text);
}

static void add_rows(struct sqlite_store *store, const char *sql, struct buf *out)
{
    CLEANUP(query_end) struct query q = query_start(store, sql);
    bool has_row = false;
    struct error err;
    enum status status;
    while ((status = query_row(&q, &has_row, &err)) == STATUS_OK && has_row) {
        for (int i = 0; i < sqlite3_column_count(q.stmt); i++)
            add_column(&q, i, out);
        buf_add_char(out, '\n');
    }
    if (status != STATUS_OK)
        buf_printf(out, "%s\n", err.text);
}

void world_digest(struct world *world, struct buf *out)
{
    world_exempt(world);
    for (size_t i = 0; i < COUNT_OF(queries); i++)
        add_rows(sqlite_of(world->gateway.store), queries[i], out);
    peer_told(world->peer, out);
    world_end_exempt(world);
}

static void last_id(struct sqlite_store *store, enum direction direction, char out[40])
{
    CLEANUP(query_end)
    struct query q = query_start(store, "SELECT public_id FROM messages WHERE "
                                        "direction = ?1 ORDER BY id DESC LIMIT 1");
    struct error err;
    query_i64(&q, direction);
    struct str id = query_one(&q, &err) == STATUS_OK ? column_text(&q, 0) : STR_NONE;
    (void)snprintf(out, 40, "%.*s", STR_ARG(id));
}

void world_ids(struct world *world, struct mail_ids *out)
{
    struct sqlite_store *store = sqlite_of(world->gateway.store);
    last_id(store, DIRECTION_INBOUND, out->in);
    last_id(store, DIRECTION_OUTBOUND, out->out);
}

bool world_has_pending(struct world *world)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(world->gateway.store),
                    "SELECT EXISTS (SELECT 1 FROM deliveries WHERE state IN (0, 1)) OR "
                    "EXISTS (SELECT 1 FROM receipts WHERE state IN (0, 1))");
    struct error err;
    return query_one(&q, &err) != STATUS_OK || column_i64(&q, 0) != 0;
}

bool world_is_sound(struct world *world, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(world->gateway.store), "PRAGMA integrity_check");
    world_exempt(world);
    bool is_sound = query_one(&q, err) == STATUS_OK && str_is(column_text(&q, 0), "ok");
    world_end_exempt(world);
    return is_sound;
}
