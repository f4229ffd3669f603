/*
 * Rules true of every database: which one a URL means, how an id becomes a key, whose
 * history a bridge may have. Contacts and deliveries have their own files.
 */
#include "gateway/store.h"

#include <assert.h>

#include "backend.h"
#include "contact_cache.h"
#include "internal.h"

#include "gateway/memory.h"
#include "gateway/nearest.h"

static const struct store_backend *const backends[] = {&sqlite_backend,
                                                       &memory_backend};

/* What bridge_sync reads of one row: two names. */
#define BRIDGE_ARENA_BYTES 4096

/* --- open and close -------------------------------------------------------- */

enum status store_find_backend(struct str url, const struct store_backend **out_backend,
                               struct str *out_place, struct error *err)
{
    for (size_t i = 0; i < COUNT_OF(backends); i++) {
        struct str scheme = str_of(backends[i]->scheme);
        if (str_starts(url, scheme)) {
            *out_backend = backends[i];
            /* Never NULL, also where nothing follows: a C string goes on from here. */
            *out_place = str_from(url.ptr + scheme.len, url.len - scheme.len);
            return STATUS_OK;
        }
    }
    if (str_starts(url, STR("postgres:")) || str_starts(url, STR("postgresql:")))
        return fail(err, STATUS_INVALID,
                    "this version keeps its data in SQLite only: "
                    "use sqlite:/path/to/file instead of postgres:");
    return fail(err, STATUS_INVALID,
                "not a database this program knows: use sqlite:/path/to/file");
}

enum status store_open(const char *url, const struct store_options *options,
                       struct store **out_store, struct error *err)
{
    const struct store_backend *backend = NULL;
    struct str place;
    enum status status = store_find_backend(str_of(url), &backend, &place, err);
    if (status != STATUS_OK || backend == NULL)
        return status;

    struct store *store = NULL;
    status = backend->open(place.ptr, options, &store, err);
    if (status != STATUS_OK)
        return status;
    if (options->mode == STORE_WRITER || options->mode == STORE_OFFLINE)
        store->contacts = contact_cache_new();
    status = hash16_new(store->id_key, &store->hash, err);
    if (status != STATUS_OK) {
        store_close(store);
        return status;
    }
    *out_store = store;
    return STATUS_OK;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    hash16_free(store->hash);
    contact_cache_free(store->contacts);
    store->backend->close(store);
}

/* --- transactions ---------------------------------------------------------- */

enum status store_begin(struct store *store, struct error *err)
{
    assert(store->mode == STORE_WRITER || store->mode == STORE_OFFLINE);
    return store->backend->begin(store, err);
}

enum status store_commit(struct store *store, struct error *err)
{
    enum status status = store->backend->commit(store, err);
    if (status == STATUS_OK)
        contact_cache_keep(store->contacts);
    else
        contact_cache_rollback(store->contacts);
    return status;
}

void store_rollback(struct store *store)
{
    store->backend->rollback(store);
    contact_cache_rollback(store->contacts);
}

enum status store_end(struct store *store, enum status status, struct error *err)
{
    if (status == STATUS_OK)
        return store_commit(store, err);
    store_rollback(store);
    return status;
}

enum status store_savepoint(struct store *store, struct error *err)
{
    contact_cache_savepoint(store->contacts);
    return store->backend->savepoint(store, err);
}

enum status store_release(struct store *store, struct error *err)
{
    return store->backend->release(store, err);
}

enum status store_undo(struct store *store, struct error *err)
{
    contact_cache_undo(store->contacts);
    return store->backend->undo(store, err);
}

uint64_t store_changes(struct store *store)
{
    return store->backend->changes(store);
}

void store_maintain(struct store *store)
{
    store->backend->maintain(store);
}

int64_t store_log_bytes(struct store *store)
{
    return store->backend->log_bytes(store);
}

void store_space(const char *url, struct store_space *out)
{
    const struct store_backend *backend = NULL;
    struct str place;
    *out = (struct store_space){.free_bytes = -1, .total_bytes = -1};
    if (store_find_backend(str_of(url), &backend, &place, NULL) == STATUS_OK &&
        backend != NULL)
        backend->space(place.ptr, out);
}

/* --- runs ------------------------------------------------------------------ */

struct flights *store_flights(struct store *store)
{
    assert(store->mode == STORE_WRITER);
    return store->backend->flights(store);
}

enum status store_run_look_back(struct store *store, struct error *err)
{
    struct flights_run last;
    bool is_cut = false;
    enum status status = store->backend->run_get(store, &is_cut, &last, err);
    if (status == STATUS_OK)
        flights_look_back(store_flights(store), is_cut ? &last : NULL);
    return status;
}

enum status store_run_begin(struct store *store, struct error *err)
{
    struct flights_run run;
    bytes_random(run.bytes, sizeof(run.bytes));
    enum status status = store->backend->run_set(store, &run, err);
    if (status == STATUS_OK)
        flights_begin(store_flights(store), &run);
    return status;
}

enum status store_run_end(struct store *store, struct error *err)
{
    return store->backend->run_set(store, NULL, err);
}

/* --- bridges --------------------------------------------------------------- */

static bool is_same_bridge(const struct bridge_record *a, const struct bridge_record *b)
{
    return str_is(str_of(a->channel), b->channel) &&
           str_is(str_of(a->integration_id), b->integration_id);
}

static enum status bridge_move(struct store *store, const struct bridge_record *kept,
                               struct bridge_record *bridge, int64_t now_ms,
                               struct error *err)
{
    bool has_history = false;
    enum status status =
        store->backend->bridge_has_history(store, kept->row, &has_history, err);
    if (status != STATUS_OK)
        return status;
    if (has_history)
        return fail(err, STATUS_CONFLICT,
                    "bridge %s has history with channel %s and integration id %s: give "
                    "the new pair another name",
                    bridge->name, kept->channel, kept->integration_id);
    bridge->row = kept->row;
    return store->backend->bridge_put(store, bridge, now_ms, err);
}

enum status store_bridge_sync(struct store *store, struct bridge_record *bridge,
                              int64_t now_ms, struct error *err)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(BRIDGE_ARENA_BYTES);
    struct bridge_record kept;
    enum status status =
        store->backend->bridge_find(store, str_of(bridge->name), arena, &kept, err);
    if (status == STATUS_NOT_FOUND) {
        bridge->row = 0;
        return store->backend->bridge_put(store, bridge, now_ms, err);
    }
    if (status != STATUS_OK)
        return status;
    if (!is_same_bridge(&kept, bridge))
        return bridge_move(store, &kept, bridge, now_ms, err);
    bridge->row = kept.row;
    return STATUS_OK;
}

static void offer_bridge(const void *row, void *context)
{
    const struct bridge_record *bridge = row;
    nearest_offer(context, str_of(bridge->name));
}

static enum status fail_no_bridge(struct store *store, struct str name,
                                  struct error *err)
{
    struct nearest nearest;
    nearest_start(&nearest, name);
    enum status status = store->backend->bridges(store, offer_bridge, &nearest, err);
    if (status != STATUS_OK)
        return status;
    const char *meant = nearest_name(&nearest);
    return fail(err, STATUS_NOT_FOUND, "the database knows no bridge \"%.*s\"%s%s%s",
                STR_ARG(name), meant == NULL ? "" : "; did you mean \"",
                meant == NULL ? "" : meant, meant == NULL ? "" : "\"?");
}

enum status store_bridge_find(struct store *store, struct str name, struct arena *arena,
                              struct bridge_record *out, struct error *err)
{
    enum status status = store->backend->bridge_find(store, name, arena, out, err);
    return status == STATUS_NOT_FOUND ? fail_no_bridge(store, name, err) : status;
}

struct bridges_seen {
    store_bridge_seen *seen;
    void *context;
};

static void bridge_seen(const void *row, void *context)
{
    const struct bridges_seen *own = context;
    own->seen(row, own->context);
}

enum status store_bridges(struct store *store, store_bridge_seen *seen, void *context,
                          struct error *err)
{
    struct bridges_seen own = {seen, context};
    return store->backend->bridges(store, bridge_seen, &own, err);
}

/* --- the id index ---------------------------------------------------------- */

/*
 * The same bytes for the same key for ever: numbers little-endian, and the length of
 * the id, so that no id runs into what follows it.
 */
#define KEY_HEAD_BYTES 16
static void key_head(int64_t bridge_row, const struct event_key *key,
                     uint8_t out[KEY_HEAD_BYTES])
{
    memset(out, 0, KEY_HEAD_BYTES);
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)((uint64_t)bridge_row >> (8 * i));
    out[8] = (uint8_t)key->side;
    out[9] = (uint8_t)key->kind;
    for (unsigned i = 0; i < 4; i++)
        out[12 + i] = (uint8_t)((uint64_t)key->id.len >> (8 * i));
}

/*
 * Our own ids begin with their time, which goes in front of the key; 80 bits of hash
 * remain. An index sorted by key needed that once; keys are made so for ever.
 */
#define TIME_BYTES 6
static void put_time_first(struct str id, uint8_t key[HASH16_BYTES])
{
    uint8_t time[TIME_BYTES];
    if (id.len == PUBLIC_ID_BYTES - 1 &&
        hex_decode(str_sub(id, 0, 2 * TIME_BYTES), time, TIME_BYTES))
        memcpy(key, time, TIME_BYTES);
}

enum status store_hash_key(struct store *store, int64_t bridge_row,
                           const struct event_key *key, uint8_t out_key[HASH16_BYTES],
                           struct error *err)
{
    uint8_t head[KEY_HEAD_BYTES];
    key_head(bridge_row, key, head);
    const struct str parts[] = {str_from(head, sizeof(head)), key->id, key->extra};
    enum status status = hash16_sum(store->hash, parts, COUNT_OF(parts), out_key, err);
    if (status == STATUS_OK && key->side == ID_SIDE_GATEWAY)
        put_time_first(key->id, out_key);
    return status;
}

enum status store_id_find(struct store *store, int64_t bridge_row,
                          const struct event_key *key, int64_t *out_message,
                          uint32_t *out_tag, struct error *err)
{
    uint8_t hashed[HASH16_BYTES];
    enum status status = store_hash_key(store, bridge_row, key, hashed, err);
    if (status != STATUS_OK)
        return status;
    struct id_entry entry;
    status = store->backend->id_find(store, hashed, &entry, err);
    if (status != STATUS_OK)
        return status;
    *out_message = entry.message;
    *out_tag = entry.tag;
    return STATUS_OK;
}

enum status store_id_add(struct store *store, int64_t bridge_row,
                         const struct event_key *key, int64_t message, uint32_t tag,
                         int64_t now_ms, int64_t *out_message, uint32_t *out_tag,
                         struct error *err)
{
    uint8_t hashed[HASH16_BYTES];
    enum status status = store_hash_key(store, bridge_row, key, hashed, err);
    if (status != STATUS_OK)
        return status;
    struct id_entry entry = {.message = message, .tag = tag};
    status = store->backend->id_add(store, hashed, now_ms, &entry, err);
    if (status != STATUS_OK && status != STATUS_DUPLICATE)
        return status;
    *out_message = entry.message;
    *out_tag = entry.tag;
    return status;
}

enum status store_ids_expire(struct store *store, int64_t before_ms, bool *out_more,
                             struct error *err)
{
    return store->backend->ids_expire(store, before_ms, out_more, err);
}

/* --- retention ------------------------------------------------------------- */

enum status store_expired_find(struct store *store, struct expiry_walk *walk,
                               struct expired *out, struct error *err)
{
    *out = (struct expired){.kind = walk->kind, .before_ms = walk->before_ms};
    if (walk->is_over)
        return STATUS_OK;
    return store->backend->expired_find(store, walk, out, err);
}

enum status store_expire(struct store *store, const struct expired *expired,
                         store_expired_seen *seen, void *context, struct error *err)
{
    return store->backend->expire(store, expired, seen, context, err);
}

/* --- messages and pauses --------------------------------------------------- */

enum status store_message_add(struct store *store, struct message *message,
                              struct error *err)
{
    enum status status = store->backend->message_add(store, message, err);
    if (status == STATUS_OK && message->activity_ms != 0)
        contact_cache_activity(store->contacts, message->contact_row,
                               message->conversation, message->activity_ms);
    return status;
}

enum status store_message_get(struct store *store, int64_t row, struct arena *arena,
                              struct message *out, struct error *err)
{
    return store->backend->message_get(store, row, arena, out, err);
}

enum status store_message_status(struct store *store, int64_t row,
                                 enum message_status status, int64_t now_ms,
                                 struct error *err)
{
    return store->backend->message_status(store, row, status, now_ms, err);
}

enum status store_message_advance(struct store *store, int64_t row,
                                  enum message_status from, enum message_status to,
                                  int64_t now_ms, bool *out_changed, struct error *err)
{
    return store->backend->message_advance(store, row, from, to, now_ms, out_changed,
                                           err);
}

enum status store_choice_add(struct store *store, int64_t message,
                             const struct stored_choice *choice, struct error *err)
{
    return store->backend->choice_add(store, message, choice, err);
}

enum status store_choice_get(struct store *store, int64_t message, unsigned ordinal,
                             struct arena *arena, struct stored_choice *out,
                             struct error *err)
{
    return store->backend->choice_get(store, message, ordinal, arena, out, err);
}

enum status store_numbered_message(struct store *store, int64_t conversation,
                                   int64_t *out_message, struct error *err)
{
    return store->backend->numbered_message(store, conversation, out_message, err);
}

enum status store_contact_heard(struct store *store, int64_t contact_row,
                                int64_t since_ms, bool *out_heard, struct error *err)
{
    return store->backend->contact_heard(store, contact_row, since_ms, out_heard, err);
}

enum status store_sent(struct store *store, const struct sent_query *query,
                       struct sent *out, struct error *err)
{
    uint32_t statuses = 0;

    *out = (struct sent){.count = 0};
    for (int from = MESSAGE_ACCEPTED; from <= MESSAGE_FAILED; from++)
        if (message_status_may_follow((enum message_status)from, query->status))
            statuses |= UINT32_C(1) << from;
    return store->backend->sent(store, query, statuses, out, err);
}

enum status store_choice_find(struct store *store, int64_t message, struct str payload,
                              struct arena *arena, struct stored_choice *out,
                              struct error *err)
{
    return store->backend->choice_find(store, message, payload, arena, out, err);
}

enum status store_media_add(struct store *store, int64_t message,
                            const struct stored_media *media, int64_t now_ms,
                            struct arena *arena, struct str *out_file,
                            struct error *err)
{
    return store->backend->media_add(store, message, media, now_ms, arena, out_file,
                                     err);
}

enum status store_media_get(struct store *store, int64_t message, unsigned ordinal,
                            struct arena *arena, struct stored_media *out,
                            struct error *err)
{
    return store->backend->media_get(store, message, ordinal, arena, out, err);
}

enum status store_media_is_needed(struct store *store, struct str file, bool *out_is,
                                  struct error *err)
{
    return store->backend->media_is_needed(store, file, out_is, err);
}

enum status store_pause_set(struct store *store, const struct pause *pause,
                            struct error *err)
{
    return store->backend->pause_set(store, pause, err);
}

enum status store_pause_clear(struct store *store, enum pause_scope scope,
                              struct str name, struct error *err)
{
    return store->backend->pause_clear(store, scope, name, err);
}

enum status store_audit_add(struct store *store, const struct audit_entry *entry,
                            struct error *err)
{
    return store->backend->audit_add(store, entry, err);
}

enum status store_pauses(struct store *store, store_pause_seen *seen, void *context,
                         struct error *err)
{
    return store->backend->pauses(store, seen, context, err);
}
