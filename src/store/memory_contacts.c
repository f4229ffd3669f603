/* Bridges, contacts, conversations and their links in memory. */
#include "memory_backend.h"

struct bridge_row {
    int64_t row;
    struct str name;
    struct str channel;
    struct str integration_id;
};
static const size_t bridge_texts[] = {
    offsetof(struct bridge_row, name),
    offsetof(struct bridge_row, channel),
    offsetof(struct bridge_row, integration_id),
};
static const struct row_shape bridge_shape = ROW_SHAPE(struct bridge_row, bridge_texts);

static const size_t contact_texts[] = {
    offsetof(struct contact_row, external_id), offsetof(struct contact_row, address),
    offsetof(struct contact_row, name),        offsetof(struct contact_row, first_name),
    offsetof(struct contact_row, last_name),   offsetof(struct contact_row, attributes),
};
static const struct row_shape contact_shape =
    ROW_SHAPE(struct contact_row, contact_texts);

static const struct row_shape conversation_shape = {
    .bytes = sizeof(struct stored_conversation)};

struct link_row {
    int64_t conversation;
    struct str genesys_id;
    int64_t used; /* rises with each use: the latest has the highest */
};
static const size_t link_texts[] = {offsetof(struct link_row, genesys_id)};
static const struct row_shape link_shape = ROW_SHAPE(struct link_row, link_texts);

/* --- bridges ------------------------------------------------------------- */

static struct bridge_record record_of(const struct bridge_row *row)
{
    return (struct bridge_record){
        .row = row->row,
        .name = row->name.ptr,
        .channel = row->channel.ptr,
        .integration_id = row->integration_id.ptr,
    };
}

enum status memory_bridge_find(struct store *store, struct str name,
                               struct arena *arena, struct bridge_record *out,
                               struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key all = key_table(TABLE_BRIDGES);
    for (const struct table_entry *entry = table_first(memory_rows(store), &all);
         entry != NULL; entry = table_after(entry, &all)) {
        const struct bridge_row *row = entry_row(entry);
        if (!str_equal(row->name, name))
            continue;
        *out = (struct bridge_record){
            .row = row->row,
            .name = arena_c_string(arena, row->name),
            .channel = arena_c_string(arena, row->channel),
            .integration_id = arena_c_string(arena, row->integration_id),
        };
        return STATUS_OK;
    }
    return fail(err, STATUS_NOT_FOUND, "no bridge of that name");
}

enum status memory_bridge_has_history(struct store *store, int64_t row, bool *out_has,
                                      struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key contacts = key_1(TABLE_CONTACT_IDS, row);
    *out_has = table_first(memory_rows(store), &contacts) != NULL;
    return STATUS_OK;
}

enum status memory_bridge_put(struct store *store, struct bridge_record *bridge,
                              int64_t now_ms, struct error *err)
{
    (void)now_ms; /* nobody asks when */
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table *table = memory_rows(store);
    if (bridge->row == 0)
        bridge->row = number_next(table, TABLE_BRIDGES);
    const struct bridge_row row = {
        .row = bridge->row,
        .name = str_of(bridge->name),
        .channel = str_of(bridge->channel),
        .integration_id = str_of(bridge->integration_id),
    };
    struct table_key key = key_1(TABLE_BRIDGES, row.row);
    row_put(table, &key, &bridge_shape, &row);
    return STATUS_OK;
}

enum status memory_bridges(struct store *store, each_row *seen, void *context,
                           struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key all = key_table(TABLE_BRIDGES);
    for (const struct table_entry *entry = table_first(memory_rows(store), &all);
         entry != NULL; entry = table_after(entry, &all)) {
        struct bridge_record record = record_of(entry_row(entry));
        seen(&record, context);
    }
    return STATUS_OK;
}

/* --- contacts ------------------------------------------------------------ */

const struct contact_row *contact_get(const struct table *table, int64_t row)
{
    struct table_key key = key_1(TABLE_CONTACTS, row);
    return table_get(table, &key);
}

static void contact_put(struct table *table, const struct contact_row *contact)
{
    struct table_key key = key_1(TABLE_CONTACTS, contact->row);
    row_put(table, &key, &contact_shape, contact);
}

static const struct stored_conversation *conversation_row(const struct table *table,
                                                          int64_t number)
{
    struct table_key key = key_1(TABLE_CONVERSATIONS, number);
    return table_get(table, &key);
}

static int64_t contact_of_id(const struct table *table, int64_t bridge_row,
                             struct str id)
{
    if (!key_takes_text(id))
        return 0;
    struct table_key own = key_1_text(TABLE_CONTACT_IDS, bridge_row, id);
    int64_t row = number_get(table, &own);
    if (row != 0)
        return row;
    struct table_key alias = key_1_text(TABLE_ALIASES, bridge_row, id);
    return number_get(table, &alias);
}

enum status memory_contact_find(struct store *store, int64_t bridge_row, struct str id,
                                struct contact *out, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct table *table = memory_rows(store);
    int64_t row = contact_of_id(table, bridge_row, id);
    if (row == 0)
        return fail(err, STATUS_NOT_FOUND, "no contact of that id");

    const struct contact_row *contact = contact_get(table, row);
    *out = (struct contact){
        .row = row,
        .bridge_row = bridge_row,
        .conversation = contact->conversation,
        .profile_tag = contact->profile_tag,
        .has_moved = !str_equal(contact->address, contact->external_id),
    };
    const struct stored_conversation *latest =
        conversation_row(table, contact->conversation);
    if (latest != NULL) {
        out->opened_ms = latest->opened_ms;
        out->last_activity_ms = latest->last_activity_ms;
    }
    return STATUS_OK;
}

enum status memory_contact_add(struct store *store, int64_t bridge_row,
                               struct str external_id, int64_t now_ms,
                               struct contact *out, struct error *err)
{
    (void)now_ms; /* nobody asks when */
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table *table = memory_rows(store);
    const struct contact_row contact = {
        .row = number_next(table, TABLE_CONTACTS),
        .bridge_row = bridge_row,
        .external_id = external_id,
        .address = external_id,
    };
    contact_put(table, &contact);
    struct table_key key = key_1_text(TABLE_CONTACT_IDS, bridge_row, external_id);
    number_put(table, &key, contact.row);
    *out = (struct contact){.row = contact.row, .bridge_row = bridge_row};
    return STATUS_OK;
}

enum status memory_contact_ids(struct store *store, int64_t contact_row,
                               struct arena *arena, struct str *out_external_id,
                               struct str *out_address, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct contact_row *contact = contact_get(memory_rows(store), contact_row);
    *out_external_id = arena_copy(arena, contact->external_id);
    *out_address = arena_copy(arena, contact->address);
    return STATUS_OK;
}

static void keep_if_empty(struct str *place, struct str value)
{
    if (value.len > 0)
        *place = value;
}

enum status memory_contact_profile(struct store *store, int64_t contact_row,
                                   const struct contact_profile *profile,
                                   struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct contact_row contact = *contact_get(memory_rows(store), contact_row);
    keep_if_empty(&contact.name, profile->name);
    keep_if_empty(&contact.first_name, profile->first_name);
    keep_if_empty(&contact.last_name, profile->last_name);
    keep_if_empty(&contact.attributes, profile->attributes);
    contact.profile_tag = profile->tag;
    contact_put(memory_rows(store), &contact);
    return STATUS_OK;
}

enum status memory_contact_alias(struct store *store, const struct contact *contact,
                                 struct str alias, bool is_new, int64_t now_ms,
                                 struct error *err)
{
    (void)now_ms; /* nobody asks when */
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table *table = memory_rows(store);
    struct contact_row moved = *contact_get(table, contact->row);
    moved.address = alias;
    contact_put(table, &moved);
    if (is_new) {
        struct table_key key = key_1_text(TABLE_ALIASES, contact->bridge_row, alias);
        number_put(table, &key, contact->row);
    }
    return STATUS_OK;
}

/* --- conversations ------------------------------------------------------- */

static void conversation_put(struct table *table,
                             const struct stored_conversation *conversation)
{
    struct table_key key = key_1(TABLE_CONVERSATIONS, conversation->number);
    row_put(table, &key, &conversation_shape, conversation);
}

enum status memory_conversation_open(struct store *store, const struct contact *contact,
                                     int64_t now_ms, int64_t *out_number,
                                     struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table *table = memory_rows(store);
    if (contact->conversation != 0) {
        struct stored_conversation old =
            *conversation_row(table, contact->conversation);
        old.closed_ms = now_ms;
        conversation_put(table, &old);
    }
    const struct stored_conversation opened = {
        .number = number_next(table, TABLE_CONVERSATIONS),
        .contact_row = contact->row,
        .bridge_row = contact->bridge_row,
        .opened_ms = now_ms,
        .last_activity_ms = now_ms,
    };
    conversation_put(table, &opened);
    struct contact_row holder = *contact_get(table, contact->row);
    holder.conversation = opened.number;
    contact_put(table, &holder);
    *out_number = opened.number;
    return STATUS_OK;
}

void conversation_active(struct table *table, int64_t conversation, int64_t at_ms)
{
    struct stored_conversation active = *conversation_row(table, conversation);
    active.last_activity_ms = at_ms;
    conversation_put(table, &active);
}

enum status memory_conversation_get(struct store *store, int64_t number,
                                    struct stored_conversation *out, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct stored_conversation *row =
        conversation_row(memory_rows(store), number);
    if (row == NULL)
        return fail(err, STATUS_NOT_FOUND, "no conversation of that number");
    *out = *row;
    return STATUS_OK;
}

/* --- links to Genesys conversations -------------------------------------- */

static const struct table_entry *link_of(const struct table *table,
                                         int64_t conversation, struct str genesys_id)
{
    struct table_key links = key_1(TABLE_LINKS, conversation);
    const struct table_entry *entry = table_first(table, &links);
    while (entry != NULL) {
        const struct link_row *link = entry_row(entry);
        if (str_equal(link->genesys_id, genesys_id))
            return entry;
        entry = table_after(entry, &links);
    }
    return NULL;
}

enum status memory_conversation_link(struct store *store, int64_t conversation,
                                     struct str genesys_id, int64_t now_ms,
                                     struct error *err)
{
    (void)now_ms; /* the order of the rows says it */
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table *table = memory_rows(store);
    int64_t order = number_next(table, TABLE_LINKS);
    const struct link_row link = {
        .conversation = conversation,
        .genesys_id = genesys_id,
        .used = order,
    };
    const struct table_entry *known = link_of(table, conversation, genesys_id);
    if (known != NULL)
        order = entry_number(known);
    struct table_key key = key_2(TABLE_LINKS, conversation, order);
    row_put(table, &key, &link_shape, &link);
    return STATUS_OK;
}

struct str latest_link(const struct table *table, int64_t conversation)
{
    struct link_row latest = {.used = 0};
    struct table_key links = key_1(TABLE_LINKS, conversation);
    for (const struct table_entry *entry = table_first(table, &links); entry != NULL;
         entry = table_after(entry, &links)) {
        const struct link_row *link = entry_row(entry);
        if (link->used > latest.used)
            latest = *link;
    }
    return latest.genesys_id;
}

enum status memory_conversation_genesys(struct store *store, int64_t conversation,
                                        struct arena *arena, struct str *out_id,
                                        struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    *out_id = arena_copy(arena, latest_link(memory_rows(store), conversation));
    return STATUS_OK;
}

enum status memory_links_of(struct store *store, int64_t conversation, each_row *seen,
                            void *context, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key links = key_1(TABLE_LINKS, conversation);
    for (const struct table_entry *entry = table_first(memory_rows(store), &links);
         entry != NULL; entry = table_after(entry, &links)) {
        const struct link_row *link = entry_row(entry);
        seen(&link->genesys_id, context);
    }
    return STATUS_OK;
}

enum status memory_conversations_of(struct store *store, struct str genesys_id,
                                    each_row *seen, void *context, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key all = key_table(TABLE_LINKS);
    for (const struct table_entry *entry = table_first(memory_rows(store), &all);
         entry != NULL; entry = table_after(entry, &all)) {
        const struct link_row *link = entry_row(entry);
        if (str_equal(link->genesys_id, genesys_id))
            seen(&link->conversation, context);
    }
    return STATUS_OK;
}
