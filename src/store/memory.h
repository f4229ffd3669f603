/*
 * memory: what tests and the simulator may do to the memory: database beside store.h.
 * Private to the store room and its tests; one thread.
 *
 * memory:NAME lives as long as a handle on it is open; memory: alone is one handle's
 * own. A reading handle also sees what an open transaction has written so far.
 */
#pragma once

#include "gateway/store.h"

enum memory_failure {
    MEMORY_FAILS_CALL,        /* the transaction goes on without that call */
    MEMORY_DROPS_TRANSACTION, /* as a full disk does: all of it is gone */
};

/*
 * The n-th call of this handle from now on answers STATUS_RETRY, once; 1 is the next, 0
 * none. Every function of store.h that has an error counts, some more than once.
 */
void memory_store_fail(struct store *store, unsigned nth, enum memory_failure how);
/* Whether that call came. */
bool memory_store_has_failed(struct store *store);

/*
 * What happens to the whole database, as all handles on it see it, until the next
 * change of state; STATUS_RETRY each time.
 */
enum memory_state {
    MEMORY_WORKS,
    MEMORY_IS_FULL, /* writes fail, and drop the transaction they are in */
    MEMORY_IS_DEAD, /* so does everything else: its process has been killed */
};
void memory_store_set_state(struct store *store, enum memory_state state);

/* From now on a lane group is `owner`'s, with the next epoch: a lease that moved. Until
 * then every owner holds it. */
void memory_store_move_group(struct store *store, unsigned group, struct str owner);
