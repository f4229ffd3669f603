#include "support/vfs_internal.h"

/* --- what the handles of one file have together ----------------------------- */

void vfs_share(struct vfs_memory *vfs, struct vfs_handle *handle)
{
    struct vfs_shared *shared = vfs->shared;
    while (shared != NULL && shared->file != handle->file)
        shared = shared->next;
    if (shared == NULL) {
        shared = mem_new(sizeof(*shared));
        shared->file = handle->file;
        shared->next = vfs->shared;
        vfs->shared = shared;
    }
    shared->handles++;
    handle->shared = shared;
}

static void free_regions(struct vfs_shared *shared)
{
    for (size_t i = 0; i < shared->region_count; i++)
        mem_free(shared->regions[i]);
    mem_free(TAKE(shared->regions));
    shared->region_count = 0;
}

/* The last handle takes the rest along. */
static void free_shared(struct vfs_memory *vfs, struct vfs_shared *shared)
{
    for (struct vfs_shared **at = &vfs->shared; *at != NULL; at = &(*at)->next) {
        if (*at != shared)
            continue;
        *at = shared->next;
        break;
    }
    free_regions(shared);
    mem_free(shared);
}

static void give_slot(struct vfs_handle *handle, unsigned slot)
{
    unsigned bit = 1u << slot;
    if ((handle->shm_shared & bit) != 0)
        handle->shared->shm_shared[slot]--;
    if ((handle->shm_exclusive & bit) != 0)
        handle->shared->shm_exclusive[slot] = NULL;
    handle->shm_shared &= ~bit;
    handle->shm_exclusive &= ~bit;
}

static void give_memory(struct vfs_handle *handle)
{
    if (!handle->is_mapped)
        return;
    for (unsigned slot = 0; slot < VFS_SHM_SLOTS; slot++)
        give_slot(handle, slot);
    handle->is_mapped = false;
    if (--handle->shared->mapped == 0)
        free_regions(handle->shared);
}

static void set_level(struct vfs_handle *handle, int level)
{
    struct vfs_shared *shared = handle->shared;
    if (level < SQLITE_LOCK_PENDING && shared->pending == handle)
        shared->pending = NULL;
    if (level < SQLITE_LOCK_EXCLUSIVE && handle->level == SQLITE_LOCK_EXCLUSIVE)
        shared->is_exclusive = false;
    if (level < SQLITE_LOCK_RESERVED && shared->reserved == handle)
        shared->reserved = NULL;
    if (level < SQLITE_LOCK_SHARED && handle->level >= SQLITE_LOCK_SHARED)
        shared->readers--;
    handle->level = level;
}

void vfs_unshare(struct vfs_memory *vfs, struct vfs_handle *handle)
{
    struct vfs_shared *shared = handle->shared;
    if (shared == NULL)
        return;
    give_memory(handle);
    set_level(handle, SQLITE_LOCK_NONE);
    handle->shared = NULL;
    if (--shared->handles == 0)
        free_shared(vfs, shared);
}

void vfs_abandon_shared(struct vfs_memory *vfs)
{
    vfs->shared = NULL;
}

/* --- locks ------------------------------------------------------------------- */

/* Whether the level may be taken; PENDING stays where EXCLUSIVE must wait. */
static int take_level(struct vfs_handle *handle, int level)
{
    struct vfs_shared *shared = handle->shared;
    if (level == SQLITE_LOCK_SHARED) {
        if (shared->pending != NULL || shared->is_exclusive)
            return SQLITE_BUSY;
        shared->readers++;
        handle->level = level;
        return SQLITE_OK;
    }
    if (shared->reserved != NULL && shared->reserved != handle)
        return SQLITE_BUSY;
    shared->reserved = handle;
    if (level == SQLITE_LOCK_RESERVED) {
        handle->level = level;
        return SQLITE_OK;
    }
    shared->pending = handle;
    handle->level = SQLITE_LOCK_PENDING;
    if (shared->readers > 1)
        return SQLITE_BUSY;
    shared->is_exclusive = true;
    handle->level = SQLITE_LOCK_EXCLUSIVE;
    return SQLITE_OK;
}

int vfs_lock(sqlite3_file *file, int level)
{
    struct vfs_handle *handle = vfs_handle_of(file);
    vfs_enter(handle->vfs);
    int rc = vfs_handle_trouble(handle, VFS_LOCK);
    if (rc == SQLITE_OK && handle->shared != NULL && level > handle->level)
        rc = take_level(handle, level);
    return vfs_leave(handle->vfs, rc);
}

int vfs_unlock(sqlite3_file *file, int level)
{
    struct vfs_handle *handle = vfs_handle_of(file);
    vfs_enter(handle->vfs);
    if (!vfs_is_dead(handle) && handle->shared != NULL && level < handle->level)
        set_level(handle, level);
    return vfs_leave(handle->vfs, SQLITE_OK);
}

int vfs_is_reserved(sqlite3_file *file, int *out_is_reserved)
{
    struct vfs_handle *handle = vfs_handle_of(file);
    vfs_enter(handle->vfs);
    int rc = vfs_handle_trouble(handle, VFS_LOCK);
    if (rc == SQLITE_OK)
        *out_is_reserved = handle->shared != NULL && handle->shared->reserved != NULL;
    return vfs_leave(handle->vfs, rc);
}

/* --- the shared memory of the log --------------------------------------------- */

static void add_regions(struct vfs_shared *shared, size_t count, size_t size)
{
    shared->regions = mem_resize(shared->regions, count * sizeof(*shared->regions));
    while (shared->region_count < count)
        shared->regions[shared->region_count++] = mem_new(size);
}

int vfs_shm_map(sqlite3_file *file, int region, int size, int extend,
                void volatile **out_region)
{
    struct vfs_handle *handle = vfs_handle_of(file);
    struct vfs_shared *shared = handle->shared;
    vfs_enter(handle->vfs);
    int rc = vfs_handle_trouble(handle, VFS_SHM_MAP);
    *out_region = NULL;
    if (rc != SQLITE_OK)
        return vfs_leave(handle->vfs, rc);
    if (!handle->is_mapped) {
        handle->is_mapped = true;
        shared->mapped++;
    }
    size_t index = (size_t)region;
    if (index >= shared->region_count && extend != 0)
        add_regions(shared, index + 1, (size_t)size);
    if (index < shared->region_count)
        *out_region = shared->regions[index];
    return vfs_leave(handle->vfs, SQLITE_OK);
}

static bool shm_is_free(const struct vfs_handle *handle, unsigned slot,
                        bool is_exclusive)
{
    const struct vfs_shared *shared = handle->shared;
    const struct vfs_handle *owner = shared->shm_exclusive[slot];
    if (owner != NULL && owner != handle)
        return false;
    unsigned own = (handle->shm_shared & 1u << slot) != 0;
    return !is_exclusive || shared->shm_shared[slot] == own;
}

static void shm_take(struct vfs_handle *handle, unsigned slot, bool is_exclusive)
{
    unsigned bit = 1u << slot;
    if (is_exclusive) {
        handle->shared->shm_exclusive[slot] = handle;
        handle->shm_exclusive |= bit;
    } else if ((handle->shm_shared & bit) == 0) {
        handle->shared->shm_shared[slot]++;
        handle->shm_shared |= bit;
    }
}

int vfs_shm_lock(sqlite3_file *file, int first, int count, int flags)
{
    struct vfs_handle *handle = vfs_handle_of(file);
    vfs_enter(handle->vfs);
    unsigned end = (unsigned)(first + count);
    bool is_exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        for (unsigned slot = (unsigned)first; slot < end && !vfs_is_dead(handle);
             slot++)
            give_slot(handle, slot);
        return vfs_leave(handle->vfs, SQLITE_OK);
    }
    int rc = vfs_handle_trouble(handle, VFS_SHM_LOCK);
    for (unsigned slot = (unsigned)first; slot < end && rc == SQLITE_OK; slot++)
        if (!shm_is_free(handle, slot, is_exclusive))
            rc = SQLITE_BUSY;
    for (unsigned slot = (unsigned)first; slot < end && rc == SQLITE_OK; slot++)
        shm_take(handle, slot, is_exclusive);
    return vfs_leave(handle->vfs, rc);
}

void vfs_shm_barrier(sqlite3_file *file)
{
    (void)file;
    __sync_synchronize();
}

int vfs_shm_unmap(sqlite3_file *file, int is_deleted)
{
    struct vfs_handle *handle = vfs_handle_of(file);
    (void)is_deleted; /* the memory ends with its last user anyway */
    vfs_enter(handle->vfs);
    if (!vfs_is_dead(handle))
        give_memory(handle);
    return vfs_leave(handle->vfs, SQLITE_OK);
}
