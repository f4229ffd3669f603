/*
 * filing: a draft becomes a file: judged by its bytes, synced, named. The work of the
 * files thread, for syncing takes its time.
 */
#include "internal.h"

#include "gateway/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define READ_BYTES 65536

static enum status judge(struct filing *filing, struct error *err)
{
    const struct draft *draft = filing->draft;

    if (draft->size == 0) {
        filing->reason_code = REASON_INVALID_MEDIA_CONTENT_LENGTH;
        return fail(err, STATUS_INVALID, "it is empty");
    }
    const struct media_type *type =
        media_type_of(str_from(draft->head, draft->head_len), filing->claimed_mime,
                      filing->claimed_name);
    if (type == NULL) {
        filing->reason_code = REASON_MEDIA_TYPE_NOT_ALLOWED;
        return fail(err, STATUS_UNSUPPORTED, "its type is not one that goes on");
    }
    (void)snprintf(filing->kept.mime, sizeof(filing->kept.mime), "%s", type->mime);
    media_name_write(filing->claimed_name, type, filing->kept.name);
    filing->kept.size = draft->size;
    return STATUS_OK;
}

static enum status sum(struct filing *filing, struct error *err)
{
    CLEANUP(mem_freep) char *bytes = mem_new(READ_BYTES);
    CLEANUP(digest_freep) struct digest *digest = NULL;
    uint8_t sha256[SHA256_BYTES];
    int64_t at = 0;

    enum status status = digest_new(&digest, err);
    while (status == STATUS_OK && at < filing->draft->size) {
        ssize_t len = pread(filing->draft->descriptor, bytes, READ_BYTES, (off_t)at);
        if (len <= 0)
            return fail(err, STATUS_RETRY, "a file in media_dir cannot be read: %s",
                        strerror(errno));
        status = digest_add(digest, str_from(bytes, (size_t)len), err);
        at += len;
    }
    if (status == STATUS_OK)
        status = digest_end(digest, sha256, err);
    if (status != STATUS_OK)
        return status;
    hex_encode(sha256, sizeof(sha256), filing->kept.sha256);
    uint8_t claimed[SHA256_BYTES];
    bool is_claimed = hex_decode(filing->claimed_sha256, claimed, sizeof(claimed));
    if (is_claimed && memcmp(claimed, sha256, sizeof(sha256)) != 0)
        return fail(err, STATUS_INVALID, "it is not the file that was announced");
    return STATUS_OK;
}

/* A name cannot be given twice: 128 random bits. */
static bool give_name(const struct draft *draft, const char *name)
{
    char path[64];

    if (draft->name[0] != '\0')
        return renameat(draft->media->folder, draft->name, draft->media->folder,
                        name) == 0;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", draft->descriptor);
    return linkat(AT_FDCWD, path, draft->media->folder, name, AT_SYMLINK_FOLLOW) == 0;
}

static enum status name_and_sync(struct filing *filing, struct error *err)
{
    struct draft *draft = filing->draft;
    uint8_t random[HASH16_BYTES];

    bytes_random(random, sizeof(random));
    hex_encode(random, sizeof(random), filing->kept.file);
    if (FAULT_FAILS("filing.sync_fails") || fsync(draft->descriptor) != 0 ||
        !give_name(draft, filing->kept.file))
        return fail(err, STATUS_RETRY, "a file in media_dir cannot be kept: %s",
                    strerror(errno));
    draft->name[0] = '\0';
    draft->size = 0; /* its bytes are the file's now */
    if (fsync(draft->media->folder) != 0) {
        media_remove(draft->media, filing->kept.file);
        return fail(err, STATUS_RETRY, "media_dir cannot be synced: %s",
                    strerror(errno));
    }
    return STATUS_OK;
}

static void file_one(struct filing *filing, bool is_stopping)
{
    enum status status = STATUS_OK;

    if (is_stopping)
        status = fail(&filing->err, STATUS_RETRY, "the gateway is stopping");
    if (status == STATUS_OK)
        status = judge(filing, &filing->err);
    if (status == STATUS_OK)
        status = sum(filing, &filing->err);
    if (status == STATUS_OK)
        status = name_and_sync(filing, &filing->err);
    draft_free(TAKE(filing->draft));
    filing->status = status;
    filing->synced(filing, filing->context);
}

void media_file_draft(struct media *media, struct filing *filing)
{
    if (!queue_push(media->filings, &filing->node))
        abort(); /* unbounded: the engine's fetches are few */
}

void media_step(struct media *media)
{
    size_t count = 0;
    struct queue_node *node = queue_take(media->filings, SIZE_MAX, &count);

    while (node != NULL) {
        struct filing *filing = CONTAINER_OF(node, struct filing, node);
        node = node->next;
        file_one(filing, atomic_load(&media->is_stopping));
    }
}

void media_run(struct media *media)
{
    while (!atomic_load(&media->is_stopping)) {
        queue_wait(media->filings, -1);
        media_step(media);
    }
    media_step(media);
}

void media_stop(struct media *media)
{
    atomic_store(&media->is_stopping, true);
    queue_stop(media->filings);
}
