#include "sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "gateway/memory.h"

/* Source: sqlite.org/fileformat2.html, "The Database Header"; read 2026-11-21. */
#define HEADER_BYTES 72
#define HEADER_MAGIC "SQLite format 3"
#define HEADER_APPLICATION_AT 68
static const uint8_t application_id[] = {0x6f, 0x6d, 0x67, 0x77}; /* "omgw" */

/* --- what went wrong --------------------------------------------------------- */

static const struct {
    int code;
    enum status status;
    const char *advice;
} troubles[] = {
    {ENOENT,  STATUS_NOT_FOUND, "create the folder, for the user that omgw runs as"},
    {ENOTDIR, STATUS_NOT_FOUND, "a part of the path is no folder"                  },
    {EACCES,  STATUS_FORBIDDEN,
     "run it as the user that owns the folder, or choose "
     "another place"                                                               },
    {EPERM,   STATUS_FORBIDDEN, "run it as the user that owns the file"            },
    {EROFS,   STATUS_FORBIDDEN,
     "this file system is mounted read-only here: choose "
     "another place"                                                               },
    {EEXIST,  STATUS_CONFLICT,  "it is there already"                              },
    {ENOSPC,  STATUS_RETRY,     "make room"                                        },
    {EDQUOT,  STATUS_RETRY,     "make room: the user's quota is used up"           },
    {EMFILE,  STATUS_RETRY,     "raise the limit of open files (ulimit -n)"        },
};

enum status fail_file(struct error *err, const char *what, const char *path)
{
    int code = errno;
    for (size_t i = 0; i < COUNT_OF(troubles); i++)
        if (troubles[i].code == code)
            return fail(err, troubles[i].status, "cannot %s %s: %s; %s", what, path,
                        strerror(code), troubles[i].advice);
    return fail(err, STATUS_FAILED, "cannot %s %s: %s", what, path, strerror(code));
}

/* --- names ------------------------------------------------------------------- */

char *file_name_with(const char *path, const char *suffix)
{
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *name = mem_new(size);
    (void)snprintf(name, size, "%s%s", path, suffix);
    return name;
}

char *file_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return mem_copy_string(".");
    char *folder = mem_copy_string(path);
    folder[slash == path ? 1 : slash - path] = '\0';
    return folder;
}

bool file_is_there(const char *path, const char *suffix)
{
    CLEANUP(mem_freep) char *name = file_name_with(path, suffix);
    struct stat info;
    return lstat(name, &info) == 0;
}

void file_remove_database(const char *path)
{
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        CLEANUP(mem_freep) char *name = file_name_with(path, suffixes[i]);
        (void)unlink(name);
    }
}

bool file_is_same(const char *a, const char *b)
{
    struct stat one;
    struct stat other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

bool file_shares_volume(const char *path, const char *other)
{
    CLEANUP(mem_freep) char *folder = file_folder(other);
    struct stat one;
    struct stat two;
    return stat(path, &one) == 0 && stat(folder, &two) == 0 && one.st_dev == two.st_dev;
}

int64_t file_room(const char *path)
{
    CLEANUP(mem_freep) char *folder = file_folder(path);
    struct statvfs volume;
    if (statvfs(folder, &volume) != 0)
        return -1;
    return (int64_t)(volume.f_bavail * volume.f_frsize);
}

bool file_is_database(const char *path)
{
    uint8_t header[HEADER_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool is_ours = read(fd, header, sizeof(header)) == (ssize_t)sizeof(header) &&
                   memcmp(header, HEADER_MAGIC, sizeof(HEADER_MAGIC)) == 0 &&
                   memcmp(header + HEADER_APPLICATION_AT, application_id,
                          sizeof(application_id)) == 0;
    (void)close(fd);
    return is_ours;
}

/* --- whose they are ------------------------------------------------------------ */

void file_give_to_owner(int fd, const char *path)
{
    CLEANUP(mem_freep) char *folder = file_folder(path);
    struct stat own;
    struct stat of_folder;
    if (geteuid() != 0 || fstat(fd, &own) != 0 || own.st_uid != 0 ||
        stat(folder, &of_folder) != 0 || of_folder.st_uid == 0)
        return;
    if (fchown(fd, of_folder.st_uid, of_folder.st_gid) != 0)
        return; /* some file systems know no owners: then everybody's is as good */
}

void file_make_like(int fd, const char *model)
{
    struct stat info;
    if (stat(model, &info) != 0) {
        file_give_to_owner(fd, model);
        return;
    }
    /* Without the right to give it away it is still ours, and readable by the group. */
    if (fchown(fd, info.st_uid, info.st_gid) == 0)
        (void)fchmod(fd, info.st_mode & 0777);
}

/* --- names that last ----------------------------------------------------------- */

enum status file_sync_folder(const char *path, struct error *err)
{
    CLEANUP(mem_freep) char *folder = file_folder(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_file(err, "open", folder);
    enum status status = STATUS_OK;
    if (fsync(fd) != 0 && errno != EINVAL) /* some file systems have nothing to do */
        status = fail_file(err, "sync", folder);
    (void)close(fd);
    return status;
}

/* Some file systems know the first way only, some the second. */
static int rename_new(const char *from, const char *to)
{
    int failed = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    if (failed == 0 || (errno != EINVAL && errno != ENOSYS))
        return failed;
    failed = link(from, to);
    return failed == 0 ? unlink(from) : failed;
}

enum status file_rename(const char *from, const char *to, bool may_replace,
                        struct error *err)
{
    int failed = may_replace ? rename(from, to) : rename_new(from, to);
    return failed == 0 ? STATUS_OK : fail_file(err, "write", to);
}
