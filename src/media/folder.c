/*
 * folder: opens the folder, counts what is in it, takes away what nobody needs.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_file_name(const char *name)
{
    uint8_t bytes[HASH16_BYTES];
    return hex_decode(str_of(name), bytes, sizeof(bytes));
}

static bool is_draft_name(const char *name)
{
    return str_starts(str_of(name), STR(".draft-"));
}

static void close_folder(DIR **folder)
{
    if (*folder != NULL)
        (void)closedir(*folder);
}

/* A listing of its own: the descriptor's place belongs to nobody. */
static DIR *list_folder(const struct media *media)
{
    int descriptor = openat(media->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (folder == NULL && descriptor >= 0)
        (void)close(descriptor);
    return folder;
}

/* What is there at the start; drafts are of a process that is gone. */
static void count_files(struct media *media)
{
    CLEANUP(close_folder) DIR *folder = list_folder(media);
    const struct dirent *entry = folder == NULL ? NULL : readdir(folder);

    for (; entry != NULL; entry = readdir(folder)) {
        struct stat about;
        if (is_draft_name(entry->d_name))
            (void)unlinkat(media->folder, entry->d_name, 0);
        else if (is_file_name(entry->d_name) &&
                 fstatat(media->folder, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) ==
                     0)
            atomic_fetch_add(&media->bytes, about.st_size);
    }
}

static enum status open_folder(const char *path, int *out_folder, struct error *err)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fail(err, STATUS_INVALID,
                    "media_dir: %s cannot be made: %s; make it, or name another folder",
                    path, strerror(errno));
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return fail(err, STATUS_INVALID, "media_dir: %s cannot be opened: %s", path,
                    strerror(errno));
    if (faccessat(folder, ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
        (void)close(folder);
        return fail(err, STATUS_INVALID,
                    "media_dir: %s cannot be written to; give it to the gateway's user",
                    path);
    }
    *out_folder = folder;
    return STATUS_OK;
}

static bool makes_nameless(int folder)
{
    int file = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0)
        (void)close(file);
    return file >= 0;
}

static void set_ceilings(struct media *media, const struct media_settings *settings)
{
    atomic_store(&media->file_max, settings->file_max);
    atomic_store(&media->total_max, settings->total_max);
}

enum status media_open(const struct media_settings *settings, struct media **out_media,
                       struct error *err)
{
    int folder = -1;
    enum status status = open_folder(settings->folder, &folder, err);
    if (status != STATUS_OK)
        return status;

    struct media *media = mem_new(sizeof(*media));
    media->folder = folder;
    media->has_nameless = makes_nameless(folder);
    media->filings = queue_new(SIZE_MAX, NULL, NULL);
    (void)pthread_mutex_init(&media->keys_lock, NULL);
    set_ceilings(media, settings);
    count_files(media);
    status = media_keys_make(media, settings->link_secrets, &media->keys, err);
    if (status != STATUS_OK) {
        media_close(media);
        return status;
    }
    *out_media = media;
    return STATUS_OK;
}

void media_close(struct media *media)
{
    if (media == NULL)
        return;
    media_keys_free(&media->keys);
    queue_free(media->filings);
    (void)pthread_mutex_destroy(&media->keys_lock);
    (void)close(media->folder);
    mem_free(media);
}

enum status media_adopt(struct media *media, const struct media_settings *settings,
                        struct error *err)
{
    struct media_keys keys;
    enum status status = media_keys_make(media, settings->link_secrets, &keys, err);
    if (status != STATUS_OK)
        return status;
    set_ceilings(media, settings);
    (void)pthread_mutex_lock(&media->keys_lock);
    struct media_keys old = media->keys;
    media->keys = keys;
    (void)pthread_mutex_unlock(&media->keys_lock);
    media_keys_free(&old);
    return STATUS_OK;
}

int64_t media_bytes(const struct media *media)
{
    return atomic_load(&media->bytes);
}

int media_descriptor(const struct media *media, const char *file, int64_t *out_size)
{
    struct stat about;
    int descriptor = openat(media->folder, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0)
        return -1;
    if (fstat(descriptor, &about) != 0) {
        (void)close(descriptor);
        return -1;
    }
    *out_size = about.st_size;
    return descriptor;
}

void media_remove(struct media *media, const char *file)
{
    struct stat about;
    if (fstatat(media->folder, file, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
        unlinkat(media->folder, file, 0) == 0)
        atomic_fetch_sub(&media->bytes, about.st_size);
}

static bool is_old(const struct media *media, const char *file, int64_t before_ms)
{
    struct stat about;
    return fstatat(media->folder, file, &about, AT_SYMLINK_NOFOLLOW) == 0 &&
           (int64_t)about.st_ctim.tv_sec * 1000 < before_ms;
}

enum status media_sweep(struct media *media, int64_t age_ms, int64_t now_ms,
                        media_seen *seen, void *context, struct error *err)
{
    CLEANUP(close_folder) DIR *folder = list_folder(media);
    if (folder == NULL)
        return fail(err, STATUS_RETRY, "media_dir cannot be listed: %s",
                    strerror(errno));
    for (const struct dirent *entry = readdir(folder); entry != NULL;
         entry = readdir(folder)) {
        bool is_needed = true;
        if (!is_file_name(entry->d_name) ||
            !is_old(media, entry->d_name, now_ms - age_ms))
            continue;
        enum status status = seen(entry->d_name, &is_needed, context, err);
        if (status != STATUS_OK)
            return status;
        if (!is_needed)
            media_remove(media, entry->d_name);
    }
    return STATUS_OK;
}
