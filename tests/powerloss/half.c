#include "life.h"

#include <assert.h>
#include <string.h>

#include "support/lines.h"

#include "gateway/memory.h"

#define QUEUE 64
#define ARENA_BYTES (1024 * 1024)

static enum status sync_bridges(struct half *half, struct config *config,
                                struct now now, struct error *err)
{
    enum status status = store_begin(half->store, err);
    if (status != STATUS_OK)
        return status;
    status = relay_sync_bridges(half->relay, config, half->store, now.wall_ms, err);
    if (status == STATUS_OK)
        return store_commit(half->store, err);
    store_rollback(half->store);
    return status;
}

enum status half_open(struct half *half, struct config *config, const char *vfs_name,
                      const struct dispatcher *dispatcher, struct now now,
                      struct error *err)
{
    const struct store_options options = {
        .mode = STORE_WRITER, .may_migrate = true, .vfs = vfs_name};
    *half = (struct half){.store = NULL};
    enum status status = store_open(HALF_URL, &options, &half->store, err);
    if (status != STATUS_OK)
        return status;
    half->writer = writer_new(half->store, QUEUE);
    const struct relay_settings settings = {
        .writer = half->writer,
        .genesys_source = &lines_genesys_source,
        .dispatcher = *dispatcher,
        .seed = (uint64_t)now.wall_ms,
    };
    half->relay = relay_new(&settings);
    status = sync_bridges(half, config, now, err);
    if (status != STATUS_OK)
        half_close(half);
    return status;
}

void half_close(struct half *half)
{
    relay_free(TAKE(half->relay));
    writer_free(TAKE(half->writer));
    store_close(TAKE(half->store));
}

static void stored(void *token)
{
    struct posted *posted = token;
    posted->is_stored = true;
    posted->stored_at = vfs_memory_position(posted->vfs);
}

bool half_post(struct half *half, struct config *config, struct posted *posted,
               struct now now)
{
    posted->arena = arena_new(ARENA_BYTES);
    posted->is_stored = false;
    posted->intake = NULL;
    struct http_message *message = arena_alloc(posted->arena, sizeof(*message));
    message->method = STR("POST");
    message->body = str_of(posted->lines);
    const struct intake_request request = {
        .peer = posted->is_outbound ? INTAKE_GENESYS : INTAKE_CHANNEL,
        .bridge_name = STR("one"),
        .message = message,
        .arena = posted->arena,
        .now = now,
        .stored = stored,
        .token = posted,
    };
    if (intake_begin(half->relay, config, &request, &posted->intake, &posted->answer))
        return false;
    intake_submit(posted->intake);
    return true;
}

enum status half_collect(struct posted *posted, struct now now,
                         char out_id[PUBLIC_ID_BYTES])
{
    int64_t conversation = 0;
    out_id[0] = '\0';
    if (posted->intake != NULL) {
        assert(posted->is_stored);
        intake_finish(posted->intake, now, &posted->answer);
    }
    enum status status = posted->answer.status;
    if (status == STATUS_OK || status == STATUS_DUPLICATE)
        lines_answer(&posted->answer.reply, out_id, &conversation);
    arena_free(TAKE(posted->arena));
    return status;
}
