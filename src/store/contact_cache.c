#include "contact_cache.h"

#include "gateway/memory.h"

/* A slot costs 72 bytes: 1.2 MiB in all, enough for the contacts active in a few
 * minutes. */
#define SLOTS 16384
/* What one transaction usually puts in; past it, undo forgets everything. */
#define TOUCHED_MAX 2048

struct key_slot {
    uint8_t key[HASH16_BYTES];
    int64_t row; /* 0: empty */
};

struct contact_cache {
    struct key_slot keys[SLOTS];
    struct contact contacts[SLOTS]; /* row 0: empty */

    /* Slots of both tables put or changed in this transaction. */
    uint16_t touched_keys[TOUCHED_MAX];
    uint16_t touched_contacts[TOUCHED_MAX];
    size_t key_count; /* may pass TOUCHED_MAX: then the list is not complete */
    size_t contact_count;
    size_t job_key_count; /* as it was when the job began */
    size_t job_contact_count;
};

struct contact_cache *contact_cache_new(void)
{
    return mem_new(sizeof(struct contact_cache));
}

void contact_cache_free(struct contact_cache *cache)
{
    mem_free(cache);
}

/* The key is a keyed hash, so nobody outside can aim at a slot. */
static uint16_t slot_of_key(const uint8_t key[HASH16_BYTES])
{
    return (uint16_t)((key[0] | (unsigned)key[1] << 8) % SLOTS);
}

static uint16_t slot_of_row(int64_t row)
{
    return (uint16_t)((uint64_t)row % SLOTS);
}

static void touch(uint16_t *list, size_t *count, uint16_t slot)
{
    if (*count < TOUCHED_MAX)
        list[*count] = slot;
    (*count)++;
}

bool contact_cache_find(const struct contact_cache *cache,
                        const uint8_t key[HASH16_BYTES], struct contact *out)
{
    const struct key_slot *slot = &cache->keys[slot_of_key(key)];
    if (slot->row == 0 || memcmp(slot->key, key, HASH16_BYTES) != 0)
        return false;
    const struct contact *contact = &cache->contacts[slot_of_row(slot->row)];
    if (contact->row != slot->row)
        return false;
    *out = *contact;
    return true;
}

static void put_contact(struct contact_cache *cache, const struct contact *contact)
{
    uint16_t slot = slot_of_row(contact->row);
    cache->contacts[slot] = *contact;
    touch(cache->touched_contacts, &cache->contact_count, slot);
}

void contact_cache_put(struct contact_cache *cache, const uint8_t key[HASH16_BYTES],
                       const struct contact *contact)
{
    uint16_t slot = slot_of_key(key);
    memcpy(cache->keys[slot].key, key, HASH16_BYTES);
    cache->keys[slot].row = contact->row;
    touch(cache->touched_keys, &cache->key_count, slot);
    put_contact(cache, contact);
}

void contact_cache_change(struct contact_cache *cache, const struct contact *contact)
{
    if (cache->contacts[slot_of_row(contact->row)].row == contact->row)
        put_contact(cache, contact);
}

void contact_cache_activity(struct contact_cache *cache, int64_t contact_row,
                            int64_t conversation, int64_t at_ms)
{
    struct contact contact = cache->contacts[slot_of_row(contact_row)];
    if (contact.row != contact_row || contact.conversation != conversation)
        return;
    contact.last_activity_ms = at_ms;
    put_contact(cache, &contact);
}

/* --- taking back ----------------------------------------------------------- */

static void forget_from(struct contact_cache *cache, size_t first_key,
                        size_t first_contact)
{
    if (cache->key_count > TOUCHED_MAX || cache->contact_count > TOUCHED_MAX) {
        memset(cache->keys, 0, sizeof(cache->keys));
        memset(cache->contacts, 0, sizeof(cache->contacts));
        return;
    }
    for (size_t i = first_key; i < cache->key_count; i++)
        cache->keys[cache->touched_keys[i]].row = 0;
    for (size_t i = first_contact; i < cache->contact_count; i++)
        cache->contacts[cache->touched_contacts[i]].row = 0;
    cache->key_count = first_key;
    cache->contact_count = first_contact;
}

void contact_cache_keep(struct contact_cache *cache)
{
    cache->key_count = 0;
    cache->contact_count = 0;
    cache->job_key_count = 0;
    cache->job_contact_count = 0;
}

void contact_cache_rollback(struct contact_cache *cache)
{
    forget_from(cache, 0, 0);
    contact_cache_keep(cache);
}

void contact_cache_savepoint(struct contact_cache *cache)
{
    cache->job_key_count = cache->key_count;
    cache->job_contact_count = cache->contact_count;
}

void contact_cache_undo(struct contact_cache *cache)
{
    forget_from(cache, cache->job_key_count, cache->job_contact_count);
}
