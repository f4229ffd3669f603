/*
 * json_keys: are the members of an object all named differently?
 *
 * A stack with the members of all objects that are still open, innermost last. Without
 * escapes and up to KEYS_OWN members deep it allocates nothing.
 */
#pragma once

#include "gateway/arena.h"

#define KEYS_OWN 48

struct key {
    struct str text; /* unescaped; borrowed from the bytes or from keys->unescaped */
    uint32_t at;     /* where in the bytes it stands */
    uint32_t hash;
};

struct keys {
    struct key *stack; /* own, or owned and on the heap */
    size_t count;
    size_t capacity;
    struct arena *unescaped; /* NULL until a key with an escape comes */
    struct key own[KEYS_OWN];
};

void keys_init(struct keys *keys);
void keys_release(struct keys *keys); /* also for CLEANUP */

/* `raw` is the valid inside of a string and stays where it is. */
void keys_push(struct keys *keys, struct str raw, bool is_escaped, uint32_t at);

/*
 * Takes the members from `first` on, one complete object, off the stack. False when two
 * of them have one name: *out_at is where the later one stands.
 */
MUST_CHECK bool keys_pop_distinct(struct keys *keys, size_t first, uint32_t *out_at);
