/*
 * aborts: what becomes of a process in which an allocation of our own fails, seen on a
 * copy of this one. The copy must end by SIGABRT and say one line; its database, in
 * memory, is brought out as it lies then.
 */
#pragma once

#include "support/vfs_memory.h"

#include "gateway/status.h"

/* Called in this process at the moment the copy was made: for what was promised by
 * then.
 */
typedef void aborts_noted(void *context);

/* From now on, once until aborts_take: the next allocation of our own that is due. */
void aborts_watch(struct vfs_memory *vfs, aborts_noted *noted, void *context);
/* What the copy left, the caller's; NULL: there was none, or (*err says) it did not end
 * as it must. */
struct disk *aborts_take(struct error *err);
