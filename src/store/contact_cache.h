/*
 * contact_cache: the writer's memory of contacts, so that a message of a known one
 * reads no row. Two tables of a fixed size: hashed id -> row, and row -> contact; a
 * newcomer takes the place of whoever has it. Holds only what the database holds: what
 * a transaction or a job put in is forgotten when it is taken back. Writer thread.
 */
#pragma once

#include "gateway/crypto.h"
#include "gateway/store.h"

struct contact_cache;

struct contact_cache *contact_cache_new(void);
void contact_cache_free(struct contact_cache *cache); /* accepts NULL */

/* False: not here. */
bool contact_cache_find(const struct contact_cache *cache,
                        const uint8_t key[HASH16_BYTES], struct contact *out);
void contact_cache_put(struct contact_cache *cache, const uint8_t key[HASH16_BYTES],
                       const struct contact *contact);
/* The contact changed: keeps the new values if it is here. */
void contact_cache_change(struct contact_cache *cache, const struct contact *contact);
/* That conversation of the contact was active, if both are here. */
void contact_cache_activity(struct contact_cache *cache, int64_t contact_row,
                            int64_t conversation, int64_t at_ms);

void contact_cache_keep(struct contact_cache *cache);
void contact_cache_rollback(struct contact_cache *cache);
void contact_cache_savepoint(struct contact_cache *cache);
void contact_cache_undo(struct contact_cache *cache);
