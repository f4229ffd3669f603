/*
 * Contacts and conversations over a backend, with the writer's cache in front.
 */
#include "backend.h"
#include "contact_cache.h"
#include "internal.h"

#include "gateway/limits.h"

static enum status cache_key(struct store *store, int64_t bridge_row,
                             struct str external_id, uint8_t out_key[HASH16_BYTES],
                             struct error *err)
{
    const struct event_key key = {.id = external_id};
    return store_hash_key(store, bridge_row, &key, out_key, err);
}

enum status store_contact_find(struct store *store, int64_t bridge_row,
                               struct str external_id, struct contact *out,
                               struct error *err)
{
    if (store->contacts == NULL)
        return store->backend->contact_find(store, bridge_row, external_id, out, err);

    uint8_t key[HASH16_BYTES];
    enum status status = cache_key(store, bridge_row, external_id, key, err);
    if (status != STATUS_OK || contact_cache_find(store->contacts, key, out))
        return status;
    status = store->backend->contact_find(store, bridge_row, external_id, out, err);
    if (status == STATUS_OK)
        contact_cache_put(store->contacts, key, out);
    return status;
}

enum status store_contact_add(struct store *store, int64_t bridge_row,
                              struct str external_id, int64_t now_ms,
                              struct contact *out, struct error *err)
{
    uint8_t key[HASH16_BYTES];
    enum status status = cache_key(store, bridge_row, external_id, key, err);
    if (status != STATUS_OK)
        return status;
    status =
        store->backend->contact_add(store, bridge_row, external_id, now_ms, out, err);
    if (status == STATUS_OK)
        contact_cache_put(store->contacts, key, out);
    return status;
}

/* Bounded by what one request may carry, which the encoded attributes come from. */
static enum status encode_attributes(const struct event *event, struct arena *arena,
                                     struct str *out_json, struct error *err)
{
    const struct event only = {
        .attributes = event->attributes,
        .attribute_count = event->attribute_count,
    };
    return event_extra_encode(&only, arena, out_json, err);
}

enum status store_contact_profile(struct store *store, struct contact *contact,
                                  const struct event *event, uint32_t tag,
                                  struct error *err)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    struct contact_profile profile = {
        .name = event->name,
        .first_name = event->first_name,
        .last_name = event->last_name,
        .tag = tag,
    };
    enum status status = encode_attributes(event, arena, &profile.attributes, err);
    if (status == STATUS_OK)
        status = store->backend->contact_profile(store, contact->row, &profile, err);
    if (status != STATUS_OK)
        return status;
    contact->profile_tag = tag;
    contact_cache_change(store->contacts, contact);
    return STATUS_OK;
}

enum status store_contact_alias(struct store *store, struct contact *contact,
                                struct str alias, int64_t now_ms, struct error *err)
{
    struct contact owner;
    enum status status =
        store_contact_find(store, contact->bridge_row, alias, &owner, err);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    bool is_new = status == STATUS_NOT_FOUND;
    if (!is_new && owner.row != contact->row)
        return fail(err, STATUS_CONFLICT, "the new id belongs to another contact");
    status = store->backend->contact_alias(store, contact, alias, is_new, now_ms, err);
    if (status != STATUS_OK)
        return status;
    contact->has_moved = true; /* or is back at its first id, which costs a look */
    contact_cache_change(store->contacts, contact);
    return STATUS_OK;
}

enum status store_contact_ids(struct store *store, const struct contact *contact,
                              struct arena *arena, struct str *out_external_id,
                              struct str *out_address, struct error *err)
{
    return store->backend->contact_ids(store, contact->row, arena, out_external_id,
                                       out_address, err);
}

enum status store_conversation_open(struct store *store, struct contact *contact,
                                    int64_t now_ms, struct error *err)
{
    int64_t number = 0;
    enum status status =
        store->backend->conversation_open(store, contact, now_ms, &number, err);
    if (status != STATUS_OK)
        return status;
    contact->conversation = number;
    contact->opened_ms = now_ms;
    contact->last_activity_ms = now_ms;
    contact_cache_change(store->contacts, contact);
    return STATUS_OK;
}

enum status store_conversation_link(struct store *store, int64_t conversation,
                                    struct str genesys_id, int64_t now_ms,
                                    struct error *err)
{
    return store->backend->conversation_link(store, conversation, genesys_id, now_ms,
                                             err);
}

enum status store_conversation_genesys(struct store *store, int64_t conversation,
                                       struct arena *arena, struct str *out_id,
                                       struct error *err)
{
    return store->backend->conversation_genesys(store, conversation, arena, out_id,
                                                err);
}
