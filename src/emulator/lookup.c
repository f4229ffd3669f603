#include "lookup.h"

/* The macros of uthash count as code of the function they stand in. */
/* NOLINTBEGIN(readability-function-cognitive-complexity) */

void lookup_add(struct lookup *lookup, struct lookup_entry *entry, struct str key)
{
    HASH_ADD_KEYPTR(hh, lookup->first, key.ptr, key.len, entry);
}

struct lookup_entry *lookup_find(const struct lookup *lookup, struct str key)
{
    struct lookup_entry *found = NULL;
    if (key.len > 0)
        HASH_FIND(hh, lookup->first, key.ptr, key.len, found);
    return found;
}

void lookup_remove(struct lookup *lookup, struct lookup_entry *entry)
{
    HASH_DEL(lookup->first, entry);
}

void lookup_clear(struct lookup *lookup)
{
    HASH_CLEAR(hh, lookup->first);
}

/* NOLINTEND(readability-function-cognitive-complexity) */
