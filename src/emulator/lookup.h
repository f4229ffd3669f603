/*
 * lookup: finds things by a text; the emulator's door to uthash.
 *
 * Intrusive: what is found holds a struct lookup_entry, and the key stays with it.
 * Belongs to the front thread.
 */
#pragma once

#include "gateway/hash_table.h"
#include "gateway/text.h"

struct lookup_entry {
    UT_hash_handle hh;
};

struct lookup {
    struct lookup_entry *first; /* not owned */
};

/* The key must not be there yet. */
void lookup_add(struct lookup *lookup, struct lookup_entry *entry, struct str key);
/* NULL when there is none; never for an empty key. */
struct lookup_entry *lookup_find(const struct lookup *lookup, struct str key);
void lookup_remove(struct lookup *lookup, struct lookup_entry *entry);
/* Forgets all entries, which go on to live. */
void lookup_clear(struct lookup *lookup);
