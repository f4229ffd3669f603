/*
 * vfs_internal: what the files of vfs_memory share. vfs_memory.c is the file system and
 * what tests do to it, vfs_file.c a file of it, vfs_shared.c locks and shared memory.
 */
#pragma once

#include <pthread.h>
#include <string.h>

#include <sqlite3.h>

#include "support/vfs_memory.h"

#include "gateway/memory.h"

#define VFS_SHM_SLOTS SQLITE_SHM_NLOCK

struct vfs_handle;

/* Locks and shared memory of one file: of the process, gone when it dies. */
struct vfs_shared {
    unsigned file;
    unsigned handles;
    unsigned readers; /* handles that hold SQLITE_LOCK_SHARED or more */
    const struct vfs_handle *reserved;
    const struct vfs_handle *pending;
    bool is_exclusive;
    unsigned mapped; /* handles that use the shared memory */
    void **regions;
    size_t region_count;
    unsigned shm_shared[VFS_SHM_SLOTS];
    const struct vfs_handle *shm_exclusive[VFS_SHM_SLOTS];
    struct vfs_shared *next;
};

struct vfs_memory {
    sqlite3_vfs vfs;
    char name[32];
    pthread_mutex_t lock; /* guards the rest */
    struct disk *disk;
    struct vfs_shared *shared;
    unsigned life; /* handles of an earlier one are dead */
    struct random random;
    int64_t wall_ms;
    size_t limit;
    struct vfs_trouble trouble;
    uint64_t calls;
    bool has_failed;
    int exempt_depth;
    struct vfs_record *record; /* NULL: none */
};

/* What SQLite allocates for us, szOsFile bytes. */
struct vfs_handle {
    sqlite3_file base;
    struct vfs_memory *vfs;
    unsigned life;
    unsigned file;
    struct disk *own; /* a temporary file has a disk for itself */
    bool is_deleted_on_close;
    bool has_new_name; /* the first sync syncs the directory */
    int level;         /* SQLITE_LOCK_... */
    bool is_mapped;
    unsigned shm_shared; /* bits by slot */
    unsigned shm_exclusive;
    struct vfs_shared *shared; /* NULL: temporary */
};

static inline struct vfs_handle *vfs_handle_of(sqlite3_file *file)
{
    return (struct vfs_handle *)(void *)file;
}

static inline bool vfs_is_dead(const struct vfs_handle *handle)
{
    return handle->life != handle->vfs->life;
}

void vfs_enter(struct vfs_memory *vfs);
/* Gives rc back. */
int vfs_leave(struct vfs_memory *vfs, int rc);
/* What this call answers instead of doing its work; SQLITE_OK: it works. */
int vfs_trouble(struct vfs_memory *vfs, enum vfs_call call);
/* The same for a handle, which may be of a process that died. */
int vfs_handle_trouble(struct vfs_handle *handle, enum vfs_call call);
/* Changes the disk, and the record where there is one. */
void vfs_change(struct vfs_memory *vfs, struct disk *disk, enum disk_op op,
                unsigned file, size_t offset, const void *bytes, size_t len);

/* vfs_file.c; includes those of vfs_shared.c */
extern const sqlite3_io_methods vfs_file_methods;

/* vfs_shared.c */
void vfs_share(struct vfs_memory *vfs, struct vfs_handle *handle);
void vfs_unshare(struct vfs_memory *vfs, struct vfs_handle *handle);
/* Of a process that died: the memory stays until the last handle is closed. */
void vfs_abandon_shared(struct vfs_memory *vfs);
int vfs_lock(sqlite3_file *file, int level);
int vfs_unlock(sqlite3_file *file, int level);
int vfs_is_reserved(sqlite3_file *file, int *out_is_reserved);
int vfs_shm_map(sqlite3_file *file, int region, int size, int extend,
                void volatile **out_region);
int vfs_shm_lock(sqlite3_file *file, int first, int count, int flags);
void vfs_shm_barrier(sqlite3_file *file);
int vfs_shm_unmap(sqlite3_file *file, int is_deleted);
