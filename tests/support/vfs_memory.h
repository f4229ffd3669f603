/*
 * vfs_memory: an SQLite file system in memory, on a disk that can be full, fail at a
 * chosen call, be recorded, and crash.
 *
 * It answers as SQLite's own for Linux does: locks, shared memory of the write-ahead
 * log, sectors of 4,096 bytes, writes that leave their neighbours alone, a directory
 * that is synced with a new log's first sync. Time stands still but for SQLite's own
 * pauses, and randomness comes from the seed, so the same calls give the same bytes.
 * Any thread may use a handle, as with every VFS; the functions below belong to the
 * thread that runs the test. Its programs link the store.
 */
#pragma once

#include "support/disk.h"

struct vfs_memory;

/*
 * Registers it under `name`. SQLite keeps one source of randomness for the process (the
 * salts of logs come from it): it begins anew from the seed, too.
 */
struct vfs_memory *vfs_memory_new(const char *name, uint64_t seed);
/* For whoever opens a database without naming one; false: SQLite's own again. */
void vfs_memory_make_default(struct vfs_memory *vfs, bool is_default);
/* An empty file, as another program would have made it. */
void vfs_memory_make_file(struct vfs_memory *vfs, const char *name);
/* Called around whatever it does of its own inside SQLite's calls: for tests that count
 * or refuse allocations. NULL: nothing (as at first). */
void vfs_memory_set_hooks(void (*enter)(void), void (*leave)(void));
/* No handle may be open. Accepts NULL. */
void vfs_memory_free(struct vfs_memory *vfs);
void vfs_memory_reseed(struct vfs_memory *vfs, uint64_t seed);
void vfs_memory_set_time(struct vfs_memory *vfs, int64_t wall_ms);

/* Of all files together; SIZE_MAX (as at first): never full. A write that does not fit
 * takes what does, then says SQLITE_FULL. */
void vfs_memory_limit(struct vfs_memory *vfs, size_t bytes);

/* --- failing calls ----------------------------------------------------------- */

enum vfs_call {
    VFS_OPEN,
    VFS_READ,
    VFS_WRITE,
    VFS_TRUNCATE,
    VFS_SYNC,
    VFS_SIZE,
    VFS_LOCK,
    VFS_SHM_MAP,
    VFS_SHM_LOCK,
    VFS_DELETE,
    VFS_ACCESS,
    VFS_PATH,
    VFS_CALLS,
};
#define VFS_CHANGES (1u << VFS_WRITE | 1u << VFS_TRUNCATE | 1u << VFS_SYNC)

struct vfs_trouble {
    uint64_t nth;   /* call of those kinds, from now on, that fails; 0: none */
    bool goes_on;   /* and all after it, until told otherwise */
    unsigned calls; /* bits by enum vfs_call; 0: every call */
    int write_code; /* of a failing write, which takes half; 0: SQLITE_IOERR_WRITE */
};
void vfs_memory_trouble(struct vfs_memory *vfs, const struct vfs_trouble *trouble);
/* Calls of the test itself neither count nor fail; true and false nest. */
void vfs_memory_exempt(struct vfs_memory *vfs, bool is_exempt);
bool vfs_memory_has_failed(const struct vfs_memory *vfs);
/* Of the troubled kinds since vfs_memory_trouble, failing ones included. */
uint64_t vfs_memory_calls(const struct vfs_memory *vfs);

/* --- crashes ----------------------------------------------------------------- */

/* The process dies, the machine goes on: what was written stays. Open handles answer
 * every call with an error from now on; close them. */
void vfs_memory_kill(struct vfs_memory *vfs);
/* The machine loses its power: as kill, and the disk is what disk_after_crash leaves.
 */
void vfs_memory_lose_power(struct vfs_memory *vfs, enum disk_fate fate,
                           struct random *random);
/* As kill, and the disk is another one, which is the VFS' from now on. */
void vfs_memory_put_disk(struct vfs_memory *vfs, struct disk *disk);
const struct disk *vfs_memory_disk(const struct vfs_memory *vfs);

/* --- the record -------------------------------------------------------------- */

/* What happened to a disk, from a copy of it on. */
struct vfs_record {
    struct disk *begin;
    struct disk_event **events;
    size_t count;
    size_t capacity;
};
/* Until the VFS crashes. */
void vfs_memory_record(struct vfs_memory *vfs);
/* Events so far: acknowledgements are compared with it. */
size_t vfs_memory_position(const struct vfs_memory *vfs);
/* Ends the recording and hands it over. */
struct vfs_record *vfs_memory_take_record(struct vfs_memory *vfs);
/* Accepts NULL. */
void vfs_record_free(struct vfs_record *record);
