/*
 * The model of a database: everything in one ordered map that can take back what it was
 * told. The reference that the contract suite holds SQLite against, and the database of
 * the simulator.
 */
#include "memory.h"

#include <assert.h>

#include "copier.h"
#include "gateway/memory.h"
#include "memory_backend.h"

/* What all handles on one name share. */
struct memory_database {
    struct memory_database *next;
    char *name; /* empty: one handle's own */
    unsigned handles;
    bool has_writer;
    enum memory_state state;
    struct table *table;
    struct flights *flights; /* outlives a writer that died, as others see the name */
};

struct memory_store {
    struct store store; /* first: handles are cast */
    struct memory_database *database;
    size_t job;                /* where the journal stood at the savepoint */
    bool is_open;              /* a transaction is */
    bool is_dropped;           /* and was lost */
    unsigned calls_to_failure; /* 0: none */
    enum memory_failure failure;
    bool has_failed;
};

/* Shared by name within the process: the only place where handles can meet. */
static struct memory_database *databases;

static struct memory_store *own(struct store *store)
{
    return CONTAINER_OF(store, struct memory_store, store);
}

struct table *memory_rows(struct store *store)
{
    return own(store)->database->table;
}

/* --- failures ------------------------------------------------------------ */

void memory_store_fail(struct store *store, unsigned nth, enum memory_failure how)
{
    struct memory_store *memory = own(store);
    memory->calls_to_failure = nth;
    memory->failure = how;
    memory->has_failed = false;
}

bool memory_store_has_failed(struct store *store)
{
    return own(store)->has_failed;
}

void memory_store_set_state(struct store *store, enum memory_state state)
{
    own(store)->database->state = state;
}

/* Nothing of the transaction is kept. */
static void lose(struct memory_store *memory)
{
    table_undo(memory->database->table, 0);
    memory->is_dropped = true;
}

static enum status fail_as_asked(struct memory_store *memory, struct error *err)
{
    memory->has_failed = true;
    if (memory->failure == MEMORY_DROPS_TRANSACTION && memory->is_open)
        lose(memory);
    return fail(err, STATUS_RETRY, "the database failed as the test asked");
}

enum status memory_read(struct store *store, struct error *err)
{
    struct memory_store *memory = own(store);
    if (memory->calls_to_failure > 0 && --memory->calls_to_failure == 0)
        return fail_as_asked(memory, err);
    if (memory->database->state == MEMORY_IS_DEAD)
        return fail(err, STATUS_RETRY, "the process is dead");
    if (memory->is_dropped)
        return fail(err, STATUS_RETRY, "the transaction was lost");
    return STATUS_OK;
}

enum status memory_write(struct store *store, struct error *err)
{
    struct memory_store *memory = own(store);
    assert(memory->is_open);
    enum status status = memory_read(store, err);
    if (status != STATUS_OK || memory->database->state != MEMORY_IS_FULL)
        return status;
    lose(memory);
    return fail(err, STATUS_RETRY, "the disk is full");
}

/* --- open and close ------------------------------------------------------ */

static struct memory_database *find_database(const char *name)
{
    struct memory_database *database = databases;
    while (database != NULL && strcmp(database->name, name) != 0)
        database = database->next;
    return name[0] == '\0' ? NULL : database;
}

static struct memory_database *new_database(const char *name)
{
    struct memory_database *database = mem_new(sizeof(*database));
    database->name = mem_copy_string(name);
    database->table = table_new();
    database->flights = flights_new(-1);
    database->next = databases;
    databases = database;
    return database;
}

static void free_database(struct memory_database *database)
{
    struct memory_database **link = &databases;
    while (*link != database)
        link = &(*link)->next;
    *link = database->next;
    flights_free(database->flights);
    table_free(database->table);
    mem_free(database->name);
    mem_free(database);
}

static enum status memory_open(const char *place, const struct store_options *options,
                               struct store **out_store, struct error *err)
{
    bool is_writer = options->mode == STORE_WRITER;
    struct memory_database *database = find_database(place);
    if (options->mode == STORE_OFFLINE || options->mode == STORE_COPY)
        return fail(err, STATUS_UNSUPPORTED, "a database in memory has no files");
    if (database == NULL && !is_writer)
        return fail(err, STATUS_INVALID, "memory:%s does not exist", place);
    if (database == NULL)
        database = new_database(place);
    if (is_writer && database->has_writer)
        return fail(err, STATUS_DENIED, "memory:%s has a writer", place);

    struct memory_store *memory = mem_new(sizeof(*memory));
    memory->store.backend = &memory_backend;
    memory->store.mode = options->mode;
    /* No secret to keep: the same key everywhere makes runs repeat. */
    memset(memory->store.id_key, 0x6d, sizeof(memory->store.id_key));
    memory->database = database;
    database->handles++;
    database->has_writer = database->has_writer || is_writer;
    *out_store = &memory->store;
    return STATUS_OK;
}

static void memory_close(struct store *store)
{
    struct memory_store *memory = own(store);
    struct memory_database *database = memory->database;
    if (memory->is_open)
        table_undo(database->table, 0);
    if (store->mode == STORE_WRITER)
        database->has_writer = false;
    if (--database->handles == 0)
        free_database(database);
    mem_free(memory);
}

/* --- transactions -------------------------------------------------------- */

static enum status memory_begin(struct store *store, struct error *err)
{
    assert(!own(store)->is_open);
    enum status status = memory_read(store, err);
    own(store)->is_open = status == STATUS_OK;
    return status;
}

static void memory_rollback(struct store *store)
{
    struct memory_store *memory = own(store);
    table_undo(memory->database->table, 0);
    memory->is_open = false;
    memory->is_dropped = false;
}

static enum status memory_commit(struct store *store, struct error *err)
{
    /* Nothing to write needs no room, as in SQLite. */
    bool is_empty = table_mark(memory_rows(store)) == 0;
    enum status status = is_empty ? memory_read(store, err) : memory_write(store, err);
    if (status != STATUS_OK) {
        memory_rollback(store);
        return status;
    }
    table_commit(memory_rows(store));
    own(store)->is_open = false;
    return STATUS_OK;
}

static enum status memory_savepoint(struct store *store, struct error *err)
{
    enum status status = memory_write(store, err);
    if (status == STATUS_OK)
        own(store)->job = table_mark(memory_rows(store));
    return status;
}

static enum status memory_release(struct store *store, struct error *err)
{
    return memory_write(store, err);
}

static uint64_t memory_changes(struct store *store)
{
    return table_mark(memory_rows(store));
}

static enum status memory_undo(struct store *store, struct error *err)
{
    enum status status = memory_write(store, err);
    if (status == STATUS_OK)
        table_undo(memory_rows(store), own(store)->job);
    return status;
}

static void memory_maintain(struct store *store)
{
    (void)store;                  /* without assertions */
    assert(!own(store)->is_open); /* and there is nothing to tidy up */
}

static int64_t memory_log_bytes(struct store *store)
{
    (void)store; /* it has none */
    return 0;
}

/* --- runs ---------------------------------------------------------------- */

static const struct row_shape run_shape = {.bytes = sizeof(struct flights_run)};

static struct flights *memory_flights(struct store *store)
{
    return own(store)->database->flights;
}

static enum status memory_run_get(struct store *store, bool *out_is_there,
                                  struct flights_run *out, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key key = key_1(TABLE_RUN, 0);
    const struct flights_run *run = table_get(memory_rows(store), &key);
    *out_is_there = run != NULL;
    if (run != NULL)
        *out = *run;
    return STATUS_OK;
}

static enum status memory_run_set(struct store *store, const struct flights_run *run,
                                  struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key key = key_1(TABLE_RUN, 0);
    if (run != NULL)
        row_put(memory_rows(store), &key, &run_shape, run);
    else
        index_set(memory_rows(store), &key, false);
    return STATUS_OK;
}

/* --- pauses -------------------------------------------------------------- */

static const size_t pause_texts[] = {
    offsetof(struct pause, name),
    offsetof(struct pause, reason),
    offsetof(struct pause, set_by),
};
static const struct row_shape pause_shape = ROW_SHAPE(struct pause, pause_texts);

static enum status memory_pause_set(struct store *store, const struct pause *pause,
                                    struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key key = key_1_text(TABLE_PAUSES, pause->scope, pause->name);
    row_put(memory_rows(store), &key, &pause_shape, pause);
    return STATUS_OK;
}

static enum status memory_pause_clear(struct store *store, enum pause_scope scope,
                                      struct str name, struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key key = key_1_text(TABLE_PAUSES, scope, name);
    index_set(memory_rows(store), &key, false);
    return STATUS_OK;
}

static enum status memory_pauses(struct store *store, store_pause_seen *seen,
                                 void *context, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key all = key_table(TABLE_PAUSES);
    for (const struct table_entry *entry = table_first(memory_rows(store), &all);
         entry != NULL; entry = table_after(entry, &all))
        seen(entry_row(entry), context);
    return STATUS_OK;
}

/* --- looking ------------------------------------------------------------- */

static int64_t count_rows(struct store *store, enum memory_table of)
{
    struct table_key all = key_table(of);
    return count_keys(memory_rows(store), &all);
}

static enum status memory_overview(struct store *store, struct store_overview *out,
                                   struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    *out = (struct store_overview){
        .engine = "memory",
        .contacts = count_rows(store, TABLE_CONTACTS),
        .conversations = count_rows(store, TABLE_CONVERSATIONS),
        .messages = count_rows(store, TABLE_MESSAGES),
        .deliveries = count_rows(store, TABLE_DELIVERIES),
        .ids = count_rows(store, TABLE_IDS),
        .pending_receipts = count_rows(store, TABLE_EARLY_RECEIPTS),
    };
    return STATUS_OK;
}

static void memory_space(const char *place, struct store_space *out)
{
    (void)place;
    (void)out; /* not known: no file system is asked */
}

static enum status memory_list(struct store *store, const struct list_query *query,
                               store_row_seen *seen, void *context, struct error *err)
{
    (void)store;
    (void)query;
    (void)seen;
    (void)context;
    return fail(err, STATUS_UNSUPPORTED, "a database in memory has no lists");
}

/* Nobody can list it there: that it may fail is all that others see. */
static enum status memory_audit_add(struct store *store,
                                    const struct audit_entry *entry, struct error *err)
{
    (void)entry;
    return memory_write(store, err);
}

static enum status memory_pending_migrations(struct store *store, each_row *seen,
                                             void *context, struct error *err)
{
    (void)seen; /* there is no schema */
    (void)context;
    return memory_read(store, err);
}

const struct store_backend memory_backend = {
    .scheme = "memory:",
    .open = memory_open,
    .close = memory_close,
    .begin = memory_begin,
    .commit = memory_commit,
    .rollback = memory_rollback,
    .savepoint = memory_savepoint,
    .release = memory_release,
    .undo = memory_undo,
    .changes = memory_changes,
    .maintain = memory_maintain,
    .log_bytes = memory_log_bytes,
    .space = memory_space,
    .flights = memory_flights,
    .run_get = memory_run_get,
    .run_set = memory_run_set,
    .bridge_find = memory_bridge_find,
    .bridge_has_history = memory_bridge_has_history,
    .bridge_put = memory_bridge_put,
    .bridges = memory_bridges,
    .id_find = memory_id_find,
    .id_add = memory_id_add,
    .ids_expire = memory_ids_expire,
    .contact_find = memory_contact_find,
    .contact_add = memory_contact_add,
    .contact_profile = memory_contact_profile,
    .contact_alias = memory_contact_alias,
    .contact_ids = memory_contact_ids,
    .conversation_open = memory_conversation_open,
    .conversation_link = memory_conversation_link,
    .conversation_genesys = memory_conversation_genesys,
    .message_add = memory_message_add,
    .message_get = memory_message_get,
    .message_status = memory_message_status,
    .message_advance = memory_message_advance,
    .choice_add = memory_choice_add,
    .choice_get = memory_choice_get,
    .numbered_message = memory_numbered_message,
    .contact_heard = memory_contact_heard,
    .sent = memory_sent,
    .choice_find = memory_choice_find,
    .media_add = memory_media_add,
    .media_get = memory_media_get,
    .media_is_needed = memory_media_is_needed,
    .delivery_add = memory_delivery_add,
    .delivery_record = memory_delivery_record,
    .delivery_state = memory_delivery_state,
    .delivery_settle = memory_delivery_settle,
    .receipt_find = memory_receipt_find,
    .receipt_put = memory_receipt_put,
    .receipt_record = memory_receipt_record,
    .early_receipt_find = memory_early_receipt_find,
    .early_receipt_put = memory_early_receipt_put,
    .early_receipt_delete = memory_early_receipt_delete,
    .early_receipts_expire = memory_early_receipts_expire,
    .group_epoch = memory_group_epoch,
    .lanes = memory_lanes,
    .take = memory_take,
    .take_receipts = memory_take_receipts,
    .load = memory_load,
    .counts = memory_counts,
    .expired_find = memory_expired_find,
    .expire = memory_expire,
    .pause_set = memory_pause_set,
    .pause_clear = memory_pause_clear,
    .pauses = memory_pauses,
    .audit_add = memory_audit_add,
    .deliveries_of = memory_deliveries_of,
    .attempts_of = memory_attempts_of,
    .parts_of = memory_parts_of,
    .receipts_of = memory_receipts_of,
    .conversation_get = memory_conversation_get,
    .links_of = memory_links_of,
    .conversations_of = memory_conversations_of,
    .messages_of = memory_messages_of,
    .overview = memory_overview,
    .list = memory_list,
    .pending_migrations = memory_pending_migrations,
    .copier = &memory_copier,
};
