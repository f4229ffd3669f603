/*
 * draft: a file that is still coming in. It has no name (or, where the file system
 * knows no such files, one that the next start removes), and is not synced.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool refuse(struct draft *draft, enum reason_code code, const char *why)
{
    draft->trouble = why;
    draft->reason_code = code;
    return false;
}

static bool write_all(int descriptor, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t written = write(descriptor, bytes, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        len -= (size_t)written;
    }
    return true;
}

static void keep_head(struct draft *draft, const char *bytes, size_t len)
{
    size_t room = sizeof(draft->head) - draft->head_len;
    if (len > room)
        len = room;
    memcpy(draft->head + draft->head_len, bytes, len);
    draft->head_len += len;
}

static bool take(struct sink *sink, const void *bytes, size_t len)
{
    struct draft *draft = CONTAINER_OF(sink, struct draft, sink);
    struct media *media = draft->media;

    if (draft->size + (int64_t)len > atomic_load(&media->file_max))
        return refuse(draft, REASON_INVALID_MEDIA_CONTENT_LENGTH, "it is too large");
    if (atomic_fetch_add(&media->bytes, (int64_t)len) + (int64_t)len >
        atomic_load(&media->total_max)) {
        atomic_fetch_sub(&media->bytes, (int64_t)len);
        return refuse(draft, REASON_GENERAL_ERROR, "there is no room for it here");
    }
    draft->size += (int64_t)len;
    keep_head(draft, bytes, len);
    if (!write_all(draft->descriptor, bytes, len))
        return refuse(draft, REASON_GENERAL_ERROR, "it could not be written");
    return true;
}

static void open_nameless(struct draft *draft)
{
    draft->descriptor =
        openat(draft->media->folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static void open_named(struct draft *draft)
{
    uint8_t random[HASH16_BYTES];
    char digits[2 * HASH16_BYTES + 1];

    bytes_random(random, sizeof(random));
    hex_encode(random, sizeof(random), digits);
    (void)snprintf(draft->name, sizeof(draft->name), ".draft-%.24s", digits);
    draft->descriptor = openat(draft->media->folder, draft->name,
                               O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
}

enum status draft_new(struct media *media, struct draft **out_draft, struct error *err)
{
    struct draft *draft = mem_new(sizeof(*draft));
    draft->sink.take = take;
    draft->media = media;
    if (media->has_nameless)
        open_nameless(draft);
    else
        open_named(draft);
    if (draft->descriptor < 0) {
        enum status status =
            fail(err, STATUS_RETRY, "no file in media_dir: %s", strerror(errno));
        mem_free(draft);
        return status;
    }
    *out_draft = draft;
    return STATUS_OK;
}

struct sink *draft_sink(struct draft *draft)
{
    return &draft->sink;
}

struct str draft_trouble(const struct draft *draft, enum reason_code *out_code)
{
    *out_code = draft->reason_code;
    return str_of(draft->trouble);
}

void draft_free(struct draft *draft)
{
    if (draft == NULL)
        return;
    if (draft->name[0] != '\0')
        (void)unlinkat(draft->media->folder, draft->name, 0);
    if (draft->descriptor >= 0)
        (void)close(draft->descriptor);
    atomic_fetch_sub(&draft->media->bytes, draft->size);
    mem_free(draft);
}
