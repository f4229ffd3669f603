#include "support/vfs_internal.h"

#include <assert.h>
#include <sched.h>

#include "store/sqlite.h"

#define NAME_BYTES 512
/* Of the Unix epoch, in SQLite's count of milliseconds. */
#define JULIAN_EPOCH_MS INT64_C(210866760000000)

/* --- the rooms of the house ------------------------------------------------ */

static struct vfs_memory *memory_of(sqlite3_vfs *vfs)
{
    return CONTAINER_OF(vfs, struct vfs_memory, vfs);
}

static struct {
    void (*enter)(void);
    void (*leave)(void);
} hooks;

void vfs_memory_set_hooks(void (*enter)(void), void (*leave)(void))
{
    hooks.enter = enter;
    hooks.leave = leave;
}

void vfs_enter(struct vfs_memory *vfs)
{
    if (hooks.enter != NULL)
        hooks.enter();
    (void)pthread_mutex_lock(&vfs->lock);
}

int vfs_leave(struct vfs_memory *vfs, int rc)
{
    (void)pthread_mutex_unlock(&vfs->lock);
    if (hooks.leave != NULL)
        hooks.leave();
    return rc;
}

static const int failure_codes[VFS_CALLS] = {
    [VFS_OPEN] = SQLITE_CANTOPEN,          [VFS_READ] = SQLITE_IOERR_READ,
    [VFS_WRITE] = SQLITE_IOERR_WRITE,      [VFS_TRUNCATE] = SQLITE_IOERR_TRUNCATE,
    [VFS_SYNC] = SQLITE_IOERR_FSYNC,       [VFS_SIZE] = SQLITE_IOERR_FSTAT,
    [VFS_LOCK] = SQLITE_IOERR_LOCK,        [VFS_SHM_MAP] = SQLITE_IOERR_SHMMAP,
    [VFS_SHM_LOCK] = SQLITE_IOERR_SHMLOCK, [VFS_DELETE] = SQLITE_IOERR_DELETE,
    [VFS_ACCESS] = SQLITE_IOERR_ACCESS,    [VFS_PATH] = SQLITE_CANTOPEN_FULLPATH,
};

int vfs_trouble(struct vfs_memory *vfs, enum vfs_call call)
{
    const struct vfs_trouble *plan = &vfs->trouble;
    if (vfs->exempt_depth > 0)
        return SQLITE_OK;
    if (plan->calls != 0 && (plan->calls & 1u << call) == 0)
        return SQLITE_OK;
    vfs->calls++;
    bool fails = vfs->calls == plan->nth ||
                 (plan->goes_on && plan->nth != 0 && vfs->calls > plan->nth);
    if (!fails)
        return SQLITE_OK;
    vfs->has_failed = true;
    return call == VFS_WRITE && plan->write_code != 0 ? plan->write_code
                                                      : failure_codes[call];
}

int vfs_handle_trouble(struct vfs_handle *handle, enum vfs_call call)
{
    if (vfs_is_dead(handle))
        return failure_codes[call];
    return vfs_trouble(handle->vfs, call);
}

void vfs_change(struct vfs_memory *vfs, struct disk *disk, enum disk_op op,
                unsigned file, size_t offset, const void *bytes, size_t len)
{
    struct disk_event *event = disk_event_new(op, file, offset, bytes, len);
    struct vfs_record *record = vfs->record;
    disk_apply(disk, event);
    if (disk != vfs->disk)
        disk_forget(disk); /* nobody looks for a temporary file after a crash */
    if (record == NULL || disk != vfs->disk) {
        disk_event_drop(event);
        return;
    }
    if (record->count == record->capacity) {
        record->capacity = record->capacity == 0 ? 256 : 2 * record->capacity;
        record->events = mem_resize(record->events, record->capacity * sizeof(void *));
    }
    record->events[record->count++] = event;
}

/* --- methods of the file system -------------------------------------------- */

static void open_temporary(struct vfs_memory *vfs, struct vfs_handle *handle)
{
    handle->own = disk_new();
    handle->file = 0;
    vfs_change(vfs, handle->own, DISK_CREATE, 0, 0, "", 1);
}

static int open_named(struct vfs_memory *vfs, struct vfs_handle *handle,
                      const char *name, int flags)
{
    const int durable_by_sync =
        SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
    int file = disk_find(vfs->disk, name);
    if (file < 0 && (flags & SQLITE_OPEN_CREATE) == 0)
        return SQLITE_CANTOPEN;
    if (file >= 0) {
        handle->file = (unsigned)file;
    } else {
        handle->file = disk_next_file(vfs->disk);
        vfs_change(vfs, vfs->disk, DISK_CREATE, handle->file, 0, name,
                   strlen(name) + 1);
    }
    /* Also of one that is there: its maker may have died before its first sync. */
    handle->has_new_name =
        (flags & SQLITE_OPEN_CREATE) != 0 && (flags & durable_by_sync) != 0;
    vfs_share(vfs, handle);
    handle->is_deleted_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    return SQLITE_OK;
}

static int vfs_open(sqlite3_vfs *base, const char *name, sqlite3_file *file, int flags,
                    int *out_flags)
{
    struct vfs_memory *vfs = memory_of(base);
    struct vfs_handle *handle = vfs_handle_of(file);
    vfs_enter(vfs);
    *handle = (struct vfs_handle){.vfs = vfs, .life = vfs->life};
    int rc = vfs_trouble(vfs, VFS_OPEN);
    if (rc == SQLITE_OK && name == NULL)
        open_temporary(vfs, handle);
    else if (rc == SQLITE_OK)
        rc = open_named(vfs, handle, name, flags);
    if (rc == SQLITE_OK)
        handle->base.pMethods = &vfs_file_methods;
    if (rc == SQLITE_OK && out_flags != NULL)
        *out_flags = flags;
    return vfs_leave(vfs, rc);
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int sync_directory)
{
    struct vfs_memory *vfs = memory_of(base);
    vfs_enter(vfs);
    int rc = vfs_trouble(vfs, VFS_DELETE);
    if (rc != SQLITE_OK)
        return vfs_leave(vfs, rc);
    int file = disk_find(vfs->disk, name);
    if (file < 0)
        return vfs_leave(vfs, SQLITE_IOERR_DELETE_NOENT);
    vfs_change(vfs, vfs->disk, DISK_DELETE, (unsigned)file, 0, NULL, 0);
    if (sync_directory != 0)
        vfs_change(vfs, vfs->disk, DISK_SYNC_DIRECTORY, 0, 0, NULL, 0);
    return vfs_leave(vfs, SQLITE_OK);
}

/* SQLite's own says that an empty file is not there, so does this one. */
static int vfs_access(sqlite3_vfs *base, const char *name, int flags, int *out)
{
    struct vfs_memory *vfs = memory_of(base);
    vfs_enter(vfs);
    int rc = vfs_trouble(vfs, VFS_ACCESS);
    if (rc != SQLITE_OK)
        return vfs_leave(vfs, rc);
    int file = disk_find(vfs->disk, name);
    *out = file >= 0 &&
           (flags != SQLITE_ACCESS_EXISTS || disk_size(vfs->disk, (unsigned)file) > 0);
    return vfs_leave(vfs, SQLITE_OK);
}

static int vfs_full_path(sqlite3_vfs *base, const char *name, int size, char *out)
{
    struct vfs_memory *vfs = memory_of(base);
    vfs_enter(vfs);
    int rc = vfs_trouble(vfs, VFS_PATH);
    if (rc == SQLITE_OK)
        (void)sqlite3_snprintf(size, out, "%s", name);
    return vfs_leave(vfs, rc);
}

static int vfs_randomness(sqlite3_vfs *base, int len, char *out)
{
    struct vfs_memory *vfs = memory_of(base);
    vfs_enter(vfs);
    for (int i = 0; i < len; i++)
        out[i] = (char)(random_u64(&vfs->random) >> 56);
    return vfs_leave(vfs, len);
}

/* Nobody waits, but another thread may be what is waited for. */
static int vfs_sleep(sqlite3_vfs *base, int microseconds)
{
    struct vfs_memory *vfs = memory_of(base);
    (void)sched_yield();
    vfs_enter(vfs);
    vfs->wall_ms += (microseconds + 999) / 1000;
    return vfs_leave(vfs, microseconds);
}

static int vfs_time_ms(sqlite3_vfs *base, sqlite3_int64 *out_ms)
{
    struct vfs_memory *vfs = memory_of(base);
    vfs_enter(vfs);
    *out_ms = JULIAN_EPOCH_MS + vfs->wall_ms;
    return vfs_leave(vfs, SQLITE_OK);
}

static int vfs_time(sqlite3_vfs *base, double *out_days)
{
    sqlite3_int64 ms = 0;
    int rc = vfs_time_ms(base, &ms);
    *out_days = (double)ms / 86400000.0;
    return rc;
}

/* --- the whole ------------------------------------------------------------- */

void vfs_memory_reseed(struct vfs_memory *vfs, uint64_t seed)
{
    random_seed(&vfs->random, seed);
    /* Zero would mean a seed of SQLite's own choice. */
    (void)sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(seed % 0x7ffffffeu) + 1,
                               NULL);
    (void)sqlite3_test_control(SQLITE_TESTCTRL_PRNG_RESET);
}

struct vfs_memory *vfs_memory_new(const char *name, uint64_t seed)
{
    struct vfs_memory *vfs = mem_new(sizeof(*vfs));
    assert(strlen(name) < sizeof(vfs->name));
    (void)snprintf(vfs->name, sizeof(vfs->name), "%s", name);
    vfs->vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(struct vfs_handle),
        .mxPathname = NAME_BYTES,
        .zName = vfs->name,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xCurrentTimeInt64 = vfs_time_ms,
    };
    (void)pthread_mutex_init(&vfs->lock, NULL);
    vfs->disk = disk_new();
    vfs->limit = SIZE_MAX;
    vfs_memory_reseed(vfs, seed);
    sqlite_set_up_library("/");
    int rc = sqlite3_vfs_register(&vfs->vfs, 0);
    assert(rc == SQLITE_OK);
    (void)rc;
    return vfs;
}

void vfs_memory_make_default(struct vfs_memory *vfs, bool is_default)
{
    sqlite3_vfs *own = is_default ? &vfs->vfs : sqlite3_vfs_find("unix");
    (void)sqlite3_vfs_register(own, 1);
}

void vfs_memory_make_file(struct vfs_memory *vfs, const char *name)
{
    vfs_enter(vfs);
    vfs_change(vfs, vfs->disk, DISK_CREATE, disk_next_file(vfs->disk), 0, name,
               strlen(name) + 1);
    vfs_change(vfs, vfs->disk, DISK_SYNC_DIRECTORY, 0, 0, NULL, 0);
    (void)vfs_leave(vfs, 0);
}

void vfs_memory_free(struct vfs_memory *vfs)
{
    if (vfs == NULL)
        return;
    (void)sqlite3_vfs_unregister(&vfs->vfs);
    (void)pthread_mutex_destroy(&vfs->lock);
    assert(vfs->shared == NULL);
    vfs_record_free(vfs->record);
    disk_free(vfs->disk);
    mem_free(vfs);
}

void vfs_memory_set_time(struct vfs_memory *vfs, int64_t wall_ms)
{
    vfs_enter(vfs);
    vfs->wall_ms = wall_ms;
    (void)vfs_leave(vfs, 0);
}

void vfs_memory_limit(struct vfs_memory *vfs, size_t bytes)
{
    vfs_enter(vfs);
    vfs->limit = bytes;
    (void)vfs_leave(vfs, 0);
}

void vfs_memory_trouble(struct vfs_memory *vfs, const struct vfs_trouble *trouble)
{
    vfs_enter(vfs);
    vfs->trouble = *trouble;
    vfs->calls = 0;
    vfs->has_failed = false;
    (void)vfs_leave(vfs, 0);
}

void vfs_memory_exempt(struct vfs_memory *vfs, bool is_exempt)
{
    vfs_enter(vfs);
    vfs->exempt_depth += is_exempt ? 1 : -1;
    (void)vfs_leave(vfs, 0);
}

bool vfs_memory_has_failed(const struct vfs_memory *vfs)
{
    return vfs->has_failed;
}

uint64_t vfs_memory_calls(const struct vfs_memory *vfs)
{
    return vfs->calls;
}

void vfs_memory_put_disk(struct vfs_memory *vfs, struct disk *disk)
{
    vfs_enter(vfs);
    vfs->life++;
    vfs_abandon_shared(vfs);
    vfs_record_free(TAKE(vfs->record));
    if (disk != vfs->disk)
        disk_free(vfs->disk);
    vfs->disk = disk;
    (void)vfs_leave(vfs, 0);
}

void vfs_memory_kill(struct vfs_memory *vfs)
{
    vfs_memory_put_disk(vfs, vfs->disk);
}

void vfs_memory_lose_power(struct vfs_memory *vfs, enum disk_fate fate,
                           struct random *random)
{
    vfs_memory_put_disk(vfs, disk_after_crash(vfs->disk, fate, random));
}

const struct disk *vfs_memory_disk(const struct vfs_memory *vfs)
{
    return vfs->disk;
}

/* --- the record ------------------------------------------------------------ */

void vfs_memory_record(struct vfs_memory *vfs)
{
    vfs_enter(vfs);
    vfs_record_free(vfs->record);
    vfs->record = mem_new(sizeof(*vfs->record));
    vfs->record->begin = disk_copy(vfs->disk);
    (void)vfs_leave(vfs, 0);
}

size_t vfs_memory_position(const struct vfs_memory *vfs)
{
    return vfs->record == NULL ? 0 : vfs->record->count;
}

struct vfs_record *vfs_memory_take_record(struct vfs_memory *vfs)
{
    return TAKE(vfs->record);
}

void vfs_record_free(struct vfs_record *record)
{
    if (record == NULL)
        return;
    for (size_t i = 0; i < record->count; i++)
        disk_event_drop(record->events[i]);
    mem_free(record->events);
    disk_free(record->begin);
    mem_free(record);
}
