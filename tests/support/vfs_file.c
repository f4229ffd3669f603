#include "support/vfs_internal.h"

/* What SQLite's VFS for Linux says of a common file system. */
#define SECTOR_BYTES 4096

static struct disk *disk_of(const struct vfs_handle *handle)
{
    return handle->own != NULL ? handle->own : handle->vfs->disk;
}

static int file_close(sqlite3_file *file)
{
    struct vfs_handle *handle = vfs_handle_of(file);
    struct vfs_memory *vfs = handle->vfs;
    vfs_enter(vfs);
    disk_free(handle->own);
    vfs_unshare(vfs, handle);
    if (handle->is_deleted_on_close && !vfs_is_dead(handle))
        vfs_change(vfs, vfs->disk, DISK_DELETE, handle->file, 0, NULL, 0);
    handle->base.pMethods = NULL;
    return vfs_leave(vfs, SQLITE_OK);
}

static int file_read(sqlite3_file *file, void *out, int len, sqlite3_int64 offset)
{
    struct vfs_handle *handle = vfs_handle_of(file);
    vfs_enter(handle->vfs);
    int rc = vfs_handle_trouble(handle, VFS_READ);
    if (rc != SQLITE_OK)
        return vfs_leave(handle->vfs, rc);
    size_t got =
        disk_read(disk_of(handle), handle->file, (size_t)offset, out, (size_t)len);
    if (got < (size_t)len) {
        memset((char *)out + got, 0, (size_t)len - got);
        rc = SQLITE_IOERR_SHORT_READ;
    }
    return vfs_leave(handle->vfs, rc);
}

/* How much of a write has room. */
static size_t room_for(const struct vfs_handle *handle, size_t offset, size_t len)
{
    const struct vfs_memory *vfs = handle->vfs;
    size_t size = disk_size(disk_of(handle), handle->file);
    if (vfs->limit == SIZE_MAX || offset + len <= size)
        return len;
    size_t used = disk_used(vfs->disk);
    size_t free_bytes = used < vfs->limit ? vfs->limit - used : 0;
    size_t end = size + free_bytes;
    if (end >= offset + len)
        return len;
    return end > offset ? end - offset : 0;
}

static int file_write(sqlite3_file *file, const void *bytes, int len,
                      sqlite3_int64 offset)
{
    struct vfs_handle *handle = vfs_handle_of(file);
    vfs_enter(handle->vfs);
    int rc = vfs_handle_trouble(handle, VFS_WRITE);
    size_t size = (size_t)len;
    if (vfs_is_dead(handle))
        return vfs_leave(handle->vfs, rc);
    if (rc != SQLITE_OK)
        size /= 2;
    size_t room = room_for(handle, (size_t)offset, size);
    if (room > 0)
        vfs_change(handle->vfs, disk_of(handle), DISK_WRITE, handle->file,
                   (size_t)offset, bytes, room);
    if (rc == SQLITE_OK && room < size)
        rc = SQLITE_FULL;
    return vfs_leave(handle->vfs, rc);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct vfs_handle *handle = vfs_handle_of(file);
    vfs_enter(handle->vfs);
    int rc = vfs_handle_trouble(handle, VFS_TRUNCATE);
    if (rc == SQLITE_OK)
        vfs_change(handle->vfs, disk_of(handle), DISK_TRUNCATE, handle->file,
                   (size_t)size, NULL, 0);
    return vfs_leave(handle->vfs, rc);
}

/* As SQLite's own: the file, then the directory that has its new name. */
static int file_sync(sqlite3_file *file, int flags)
{
    struct vfs_handle *handle = vfs_handle_of(file);
    struct vfs_memory *vfs = handle->vfs;
    (void)flags;
    vfs_enter(vfs);
    int rc = vfs_handle_trouble(handle, VFS_SYNC);
    if (vfs_is_dead(handle) || handle->own != NULL)
        return vfs_leave(vfs, rc);
    vfs_change(vfs, vfs->disk, rc == SQLITE_OK ? DISK_SYNC : DISK_SYNC_FAILED,
               handle->file, 0, NULL, 0);
    if (rc == SQLITE_OK && handle->has_new_name) {
        vfs_change(vfs, vfs->disk, DISK_SYNC_DIRECTORY, 0, 0, NULL, 0);
        handle->has_new_name = false;
    }
    return vfs_leave(vfs, rc);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out_size)
{
    struct vfs_handle *handle = vfs_handle_of(file);
    vfs_enter(handle->vfs);
    int rc = vfs_handle_trouble(handle, VFS_SIZE);
    if (rc == SQLITE_OK)
        *out_size = (sqlite3_int64)disk_size(disk_of(handle), handle->file);
    return vfs_leave(handle->vfs, rc);
}

static int file_control(sqlite3_file *file, int op, void *argument)
{
    (void)file;
    (void)op;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *file)
{
    (void)file;
    return SECTOR_BYTES;
}

static int file_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

const sqlite3_io_methods vfs_file_methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_is_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = vfs_shm_map,
    .xShmLock = vfs_shm_lock,
    .xShmBarrier = vfs_shm_barrier,
    .xShmUnmap = vfs_shm_unmap,
};
