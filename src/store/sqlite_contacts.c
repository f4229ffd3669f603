/*
 * Bridges, contacts and conversations as rows.
 */
#include "sqlite.h"

/* --- bridges --------------------------------------------------------------- */

/* The row under the query; texts as the columns name, channel, integration_id. */
static void read_bridge(const struct query *q, struct bridge_record *out)
{
    *out = (struct bridge_record){
        .row = column_i64(q, 0),
        .name = column_text(q, 1).ptr,
        .channel = column_text(q, 2).ptr,
        .integration_id = column_text(q, 3).ptr,
    };
}

enum status sqlite_bridge_find(struct store *store, struct str name,
                               struct arena *arena, struct bridge_record *out,
                               struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store), "SELECT id, name, channel, integration_id "
                                      "FROM bridges WHERE name = ?1");
    query_text(&q, name);
    enum status status = query_one(&q, err);
    if (status != STATUS_OK)
        return status;

    struct str texts[3];
    for (int i = 0; i < 3; i++)
        if (!column_copy(&q, i + 1, arena, &texts[i]))
            return fail_arena(err);
    *out = (struct bridge_record){
        .row = column_i64(&q, 0),
        .name = texts[0].ptr,
        .channel = texts[1].ptr,
        .integration_id = texts[2].ptr,
    };
    return STATUS_OK;
}

enum status sqlite_bridge_has_history(struct store *store, int64_t row, bool *out_has,
                                      struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store),
                    "SELECT EXISTS (SELECT 1 FROM contacts WHERE bridge_row = ?1)");
    query_i64(&q, row);
    enum status status = query_one(&q, err);
    if (status == STATUS_OK)
        *out_has = column_i64(&q, 0) != 0;
    return status;
}

static enum status bridge_change(struct sqlite_store *store,
                                 const struct bridge_record *bridge, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "UPDATE bridges SET channel = ?1, integration_id = ?2 WHERE id = ?3");
    query_c_string(&q, bridge->channel);
    query_c_string(&q, bridge->integration_id);
    query_i64(&q, bridge->row);
    return query_run(&q, err);
}

enum status sqlite_bridge_put(struct store *store, struct bridge_record *bridge,
                              int64_t now_ms, struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    if (bridge->row != 0)
        return bridge_change(sqlite, bridge, err);

    CLEANUP(query_end)
    struct query q = query_start(
        sqlite, "INSERT INTO bridges (name, channel, integration_id, created_ms) "
                "VALUES (?1, ?2, ?3, ?4)");
    query_c_string(&q, bridge->name);
    query_c_string(&q, bridge->channel);
    query_c_string(&q, bridge->integration_id);
    query_i64(&q, now_ms);
    enum status status = query_run(&q, err);
    if (status == STATUS_OK)
        bridge->row = sqlite3_last_insert_rowid(sqlite->db);
    return status;
}

enum status sqlite_bridges(struct store *store, each_row *seen, void *context,
                           struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store), "SELECT id, name, channel, integration_id "
                                      "FROM bridges ORDER BY id");
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        struct bridge_record bridge;
        read_bridge(&q, &bridge);
        seen(&bridge, context);
    }
    return status;
}

/* --- contacts -------------------------------------------------------------- */

static enum status find_contact(struct query *q, int64_t bridge_row, struct str id,
                                struct contact *out, struct error *err)
{
    query_i64(q, bridge_row);
    query_id(q, id);
    enum status status = query_one(q, err);
    if (status != STATUS_OK)
        return status;
    *out = (struct contact){
        .row = column_i64(q, 0),
        .bridge_row = bridge_row,
        .conversation = column_i64(q, 1),
        .opened_ms = column_i64(q, 2),
        .last_activity_ms = column_i64(q, 3),
        .profile_tag = (uint32_t)column_i64(q, 4), /* stored from 32 bits */
        .has_moved = column_i64(q, 5) != 0,
    };
    return STATUS_OK;
}

static enum status find_by_alias(struct sqlite_store *store, int64_t bridge_row,
                                 struct str id, struct contact *out, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "SELECT c.id, c.conversation, v.opened_ms, v.last_activity_ms, "
               "c.profile_tag, c.address IS NOT NULL FROM contact_aliases AS a "
               "JOIN contacts AS c ON c.id = a.contact_row "
               "LEFT JOIN conversations AS v ON v.id = c.conversation "
               "WHERE a.bridge_row = ?1 AND a.alias = ?2");
    return find_contact(&q, bridge_row, id, out, err);
}

enum status sqlite_contact_find(struct store *store, int64_t bridge_row, struct str id,
                                struct contact *out, struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite, "SELECT c.id, c.conversation, v.opened_ms, v.last_activity_ms, "
                "c.profile_tag, c.address IS NOT NULL FROM contacts AS c "
                "LEFT JOIN conversations AS v ON v.id = c.conversation "
                "WHERE c.bridge_row = ?1 AND c.external_id = ?2");
    enum status status = find_contact(&q, bridge_row, id, out, err);
    if (status == STATUS_NOT_FOUND)
        status = find_by_alias(sqlite, bridge_row, id, out, err);
    return status == STATUS_NOT_FOUND ? fail(err, status, "this contact is not known")
                                      : status;
}

enum status sqlite_contact_add(struct store *store, int64_t bridge_row,
                               struct str external_id, int64_t now_ms,
                               struct contact *out, struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite, "INSERT INTO contacts (bridge_row, external_id, created_ms) "
                "VALUES (?1, ?2, ?3)");
    query_i64(&q, bridge_row);
    query_id(&q, external_id);
    query_i64(&q, now_ms);
    enum status status = query_run(&q, err);
    if (status == STATUS_OK)
        *out = (struct contact){
            .row = sqlite3_last_insert_rowid(sqlite->db),
            .bridge_row = bridge_row,
        };
    return status;
}

enum status sqlite_contact_ids(struct store *store, int64_t contact_row,
                               struct arena *arena, struct str *out_external_id,
                               struct str *out_address, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(sqlite_of(store),
                                 "SELECT external_id, coalesce(address, external_id) "
                                 "FROM contacts WHERE id = ?1");
    query_i64(&q, contact_row);
    enum status status = query_one(&q, err);
    if (status != STATUS_OK)
        return status;
    if (!column_copy(&q, 0, arena, out_external_id) ||
        !column_copy(&q, 1, arena, out_address))
        return fail_arena(err);
    return STATUS_OK;
}

enum status sqlite_contact_profile(struct store *store, int64_t contact_row,
                                   const struct contact_profile *profile,
                                   struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(store),
        "UPDATE contacts SET name = coalesce(?1, name), "
        "first_name = coalesce(?2, first_name), last_name = coalesce(?3, last_name), "
        "attributes = coalesce(?4, attributes), profile_tag = ?5 WHERE id = ?6");
    query_text(&q, profile->name);
    query_text(&q, profile->first_name);
    query_text(&q, profile->last_name);
    query_text(&q, profile->attributes);
    query_i64(&q, profile->tag);
    query_i64(&q, contact_row);
    return query_run(&q, err);
}

static enum status add_alias(struct sqlite_store *store, const struct contact *contact,
                             struct str alias, int64_t now_ms, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store,
        "INSERT INTO contact_aliases (bridge_row, alias, contact_row, created_ms) "
        "VALUES (?1, ?2, ?3, ?4)");
    query_i64(&q, contact->bridge_row);
    query_text(&q, alias);
    query_i64(&q, contact->row);
    query_i64(&q, now_ms);
    return query_run(&q, err);
}

enum status sqlite_contact_alias(struct store *store, const struct contact *contact,
                                 struct str alias, bool is_new, int64_t now_ms,
                                 struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    if (is_new) {
        enum status status = add_alias(sqlite, contact, alias, now_ms, err);
        if (status != STATUS_OK)
            return status;
    }
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite, "UPDATE contacts SET address = ?1 WHERE id = ?2");
    query_text(&q, alias);
    query_i64(&q, contact->row);
    return query_run(&q, err);
}

/* --- conversations --------------------------------------------------------- */

static enum status close_conversation(struct sqlite_store *store, int64_t conversation,
                                      int64_t now_ms, struct error *err)
{
    if (conversation == 0)
        return STATUS_OK;
    CLEANUP(query_end)
    struct query q =
        query_start(store, "UPDATE conversations SET closed_ms = ?1 WHERE id = ?2");
    query_i64(&q, now_ms);
    query_i64(&q, conversation);
    return query_run(&q, err);
}

static enum status add_conversation(struct sqlite_store *store, int64_t contact_row,
                                    int64_t now_ms, int64_t *out_number,
                                    struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "INSERT INTO conversations (contact_row, opened_ms, last_activity_ms) "
               "VALUES (?1, ?2, ?2)");
    query_i64(&q, contact_row);
    query_i64(&q, now_ms);
    enum status status = query_run(&q, err);
    if (status == STATUS_OK)
        *out_number = sqlite3_last_insert_rowid(store->db);
    return status;
}

enum status sqlite_conversation_open(struct store *store, const struct contact *contact,
                                     int64_t now_ms, int64_t *out_number,
                                     struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    enum status status = close_conversation(sqlite, contact->conversation, now_ms, err);
    if (status == STATUS_OK)
        status = add_conversation(sqlite, contact->row, now_ms, out_number, err);
    if (status != STATUS_OK)
        return status;

    CLEANUP(query_end)
    struct query q =
        query_start(sqlite, "UPDATE contacts SET conversation = ?1 WHERE id = ?2");
    query_i64(&q, *out_number);
    query_i64(&q, contact->row);
    return query_run(&q, err);
}

/* Whether it is the latest link already: the common repeat costs one row. */
static enum status is_latest_link(struct sqlite_store *store, int64_t conversation,
                                  struct str genesys_id, bool *out_is_latest,
                                  struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(store, "SELECT genesys_id FROM conversations WHERE id = ?1");
    query_i64(&q, conversation);
    bool has_row = false;
    enum status status = query_row(&q, &has_row, err);
    if (status == STATUS_OK)
        *out_is_latest = has_row && str_equal(column_text(&q, 0), genesys_id);
    return status;
}

static enum status add_link(struct sqlite_store *store, int64_t conversation,
                            struct str genesys_id, int64_t now_ms, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "INSERT INTO conversation_links (conversation, genesys_id, linked_ms) "
               "VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING");
    query_i64(&q, conversation);
    query_text(&q, genesys_id);
    query_i64(&q, now_ms);
    return query_run(&q, err);
}

enum status sqlite_conversation_link(struct store *store, int64_t conversation,
                                     struct str genesys_id, int64_t now_ms,
                                     struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    bool is_latest = false;
    enum status status =
        is_latest_link(sqlite, conversation, genesys_id, &is_latest, err);
    if (status == STATUS_OK && !is_latest)
        status = add_link(sqlite, conversation, genesys_id, now_ms, err);
    if (status != STATUS_OK || is_latest)
        return status;

    CLEANUP(query_end)
    struct query q =
        query_start(sqlite, "UPDATE conversations SET genesys_id = ?1 WHERE id = ?2");
    query_text(&q, genesys_id);
    query_i64(&q, conversation);
    return query_run(&q, err);
}

enum status sqlite_conversation_genesys(struct store *store, int64_t conversation,
                                        struct arena *arena, struct str *out_id,
                                        struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(sqlite_of(store),
                                 "SELECT genesys_id FROM conversations WHERE id = ?1");
    query_i64(&q, conversation);
    bool has_row = false;
    enum status status = query_row(&q, &has_row, err);
    if (status != STATUS_OK)
        return status;
    *out_id = STR_NONE;
    if (has_row && !column_copy(&q, 0, arena, out_id))
        return fail_arena(err);
    return STATUS_OK;
}
