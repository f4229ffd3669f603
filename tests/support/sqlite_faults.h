/*
 * sqlite_faults: SQLite's file system and allocator, failing from the n-th call on (a
 * full or broken disk) or at the n-th call only (memory). Header only, because its
 * programs link the store, others do not.
 */
#pragma once

#include "support/expect.h"

#include <sqlite3.h>

#include "gateway/memory.h"

struct faults {
    int64_t calls;   /* so far */
    int64_t fail_at; /* 0: never */
    bool goes_on;    /* memory: with all after it */
    int code;        /* what a failing file call answers */
    bool happened;
};

/* One for the process, as SQLite's own are. */
static struct faults file_faults;
static struct faults memory_faults;

static inline void faults_start(struct faults *faults, int64_t fail_at, int code)
{
    *faults = (struct faults){.fail_at = fail_at, .code = code};
}

/* --- files: writing and syncing fails until the disk is relieved ------------- */

static sqlite3_vfs faulty_vfs;
static const sqlite3_vfs *true_vfs;

/* Databases, logs and journals have methods of their own kinds. */
static struct file_kind {
    const sqlite3_io_methods *own;
    sqlite3_io_methods faulty;
} file_kinds[4];

static inline const sqlite3_io_methods *true_methods(const sqlite3_file *file)
{
    for (size_t i = 0; i < COUNT_OF(file_kinds); i++)
        if (file->pMethods == &file_kinds[i].faulty)
            return file_kinds[i].own;
    assert_true(false);
    return NULL;
}

static inline bool file_fails(void)
{
    file_faults.calls++;
    if (file_faults.fail_at == 0 || file_faults.calls < file_faults.fail_at)
        return false;
    file_faults.happened = true;
    return true;
}

static inline int faulty_write(sqlite3_file *file, const void *bytes, int count,
                               sqlite3_int64 offset)
{
    if (!file_fails())
        return true_methods(file)->xWrite(file, bytes, count, offset);
    /* A full disk takes what still fits. */
    (void)true_methods(file)->xWrite(file, bytes, count / 2, offset);
    return file_faults.code;
}

static inline int faulty_sync(sqlite3_file *file, int flags)
{
    return file_fails() ? SQLITE_IOERR_FSYNC : true_methods(file)->xSync(file, flags);
}

static inline int faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return file_fails() ? SQLITE_IOERR_TRUNCATE
                        : true_methods(file)->xTruncate(file, size);
}

static inline const sqlite3_io_methods *faulty_methods(const sqlite3_io_methods *own)
{
    size_t i = 0;
    while (file_kinds[i].own != NULL && file_kinds[i].own != own)
        assert_true(++i < COUNT_OF(file_kinds));
    file_kinds[i].own = own;
    file_kinds[i].faulty = *own;
    file_kinds[i].faulty.xWrite = faulty_write;
    file_kinds[i].faulty.xSync = faulty_sync;
    file_kinds[i].faulty.xTruncate = faulty_truncate;
    return &file_kinds[i].faulty;
}

static inline int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
                              int flags, int *out_flags)
{
    (void)vfs;
    int rc = true_vfs->xOpen(sqlite3_vfs_find(true_vfs->zName), name, file, flags,
                             out_flags);
    if (rc == SQLITE_OK && file->pMethods != NULL)
        file->pMethods = faulty_methods(file->pMethods);
    return rc;
}

/* --- memory: one allocation finds none --------------------------------------- */

static sqlite3_mem_methods true_memory;

static inline bool memory_fails(void)
{
    memory_faults.calls++;
    bool is_due =
        memory_faults.calls == memory_faults.fail_at ||
        (memory_faults.goes_on && memory_faults.calls > memory_faults.fail_at);
    if (!is_due)
        return false;
    memory_faults.happened = true;
    return true;
}

static inline void *faulty_malloc(int size)
{
    return memory_fails() ? NULL : true_memory.xMalloc(size);
}

static inline void *faulty_realloc(void *memory, int size)
{
    return memory_fails() ? NULL : true_memory.xRealloc(memory, size);
}

/* Before anything of SQLite is used. */
static inline void faults_install(void)
{
    static sqlite3_mem_methods memory;
    assert_int_equal(SQLITE_OK, sqlite3_config(SQLITE_CONFIG_GETMALLOC, &true_memory));
    memory = true_memory;
    memory.xMalloc = faulty_malloc;
    memory.xRealloc = faulty_realloc;
    assert_int_equal(SQLITE_OK, sqlite3_config(SQLITE_CONFIG_MALLOC, &memory));

    true_vfs = sqlite3_vfs_find(NULL);
    assert_non_null(true_vfs);
    faulty_vfs = *true_vfs;
    faulty_vfs.zName = "faulty";
    faulty_vfs.xOpen = faulty_open;
    assert_int_equal(SQLITE_OK, sqlite3_vfs_register(&faulty_vfs, 1));
}

/* The same, as the set-up of a group of tests. */
static inline int faults_set_up(void **state)
{
    (void)state;
    faults_install();
    return 0;
}
