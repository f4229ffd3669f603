/*
 * filing: the row of a file that was named and synced. From the engine to the files
 * thread, to the writer, and back.
 */
#include "internal.h"

#include "gateway/media.h"
#include "gateway/memory.h"

struct filing_job {
    struct write_job job;
    struct relay *relay;
    struct filing *filing;
    char file[MEDIA_FILE_BYTES]; /* that the row names */
};

static void tell(const struct relay *relay, struct filing *filing)
{
    const struct dispatcher *dispatcher = &relay->settings.dispatcher;
    dispatcher->filed(dispatcher->context, filing);
}

static enum status filing_apply(struct write_job *job, struct store *store,
                                struct now now, struct error *err)
{
    struct filing_job *own = CONTAINER_OF(job, struct filing_job, job);
    const struct filing *filing = own->filing;
    const struct stored_media media = {
        .ordinal = filing->ordinal,
        .file = str_of(filing->kept.file),
        .mime = str_of(filing->kept.mime),
        .name = str_of(filing->kept.name),
        .sha256 = str_of(filing->kept.sha256),
        .size = filing->kept.size,
    };
    struct str file = STR_NONE;

    arena_reset(own->relay->arena);
    enum status status = store_media_add(store, filing->message, &media, now.wall_ms,
                                         own->relay->arena, &file, err);
    if (status == STATUS_OK)
        (void)snprintf(own->file, sizeof(own->file), "%.*s", STR_ARG(file));
    return status;
}

/* Where the row names another file, that one has the same bytes. */
static void filing_done(struct write_job *job, enum status status,
                        const struct error *err)
{
    struct filing_job *own = CONTAINER_OF(job, struct filing_job, job);
    struct filing *filing = own->filing;
    struct relay *relay = own->relay;

    if (status != STATUS_OK) {
        filing->status = STATUS_RETRY;
        filing->err = *err;
    }
    if (status != STATUS_OK || strcmp(own->file, filing->kept.file) != 0)
        media_remove(relay->settings.media, filing->kept.file);
    if (status == STATUS_OK)
        memcpy(filing->kept.file, own->file, sizeof(own->file));
    mem_free(own);
    tell(relay, filing);
}

/* Files thread. */
static void filing_synced(struct filing *filing, void *context)
{
    struct relay *relay = context;

    if (filing->status != STATUS_OK) {
        tell(relay, filing);
        return;
    }
    struct filing_job *own = mem_new(sizeof(*own));
    own->job = (struct write_job){.apply = filing_apply, .done = filing_done};
    own->relay = relay;
    own->filing = filing;
    if (writer_submit(relay->settings.writer, &own->job))
        return;
    mem_free(own);
    media_remove(relay->settings.media, filing->kept.file);
    filing->status = fail(&filing->err, STATUS_RETRY, "the writer is busy");
    tell(relay, filing);
}

void filing_begin(void *context, struct filing *filing)
{
    struct relay *relay = context;
    filing->synced = filing_synced;
    filing->context = relay;
    media_file_draft(relay->settings.media, filing);
}
