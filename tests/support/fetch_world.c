#include "support/fetch_world.h"

#include "support/folder.h"
#include "support/must.h"

#include "gateway/arena.h"
#include "gateway/memory.h"

#define ATTACHMENTS_MAX 4

static char folder[FOLDER_BYTES];

int fetch_world_set_up(void **state)
{
    int result = world_set_up(state);
    struct engine_world *world = *state;
    const struct text_list no_secrets = {0};
    struct error err;

    folder_make_in_memory(folder);
    const struct media_settings settings = {.folder = folder,
                                            .file_max = 1000,
                                            .total_max = 100000,
                                            .link_secrets = &no_secrets};
    expect_status("media", STATUS_OK, media_open(&settings, &world->media, &err));
    world_reload(world, INT64_C(1000000));
    return result;
}

int fetch_world_tear_down(void **state)
{
    struct engine_world *world = *state;
    struct media *media = world->media;

    while (world->filings != NULL)
        world_file(world, STATUS_RETRY);
    int result = world_tear_down(state);
    expect_i64("no draft is left", 0, media_bytes(media));
    media_close(media);
    folder_remove(folder);
    return result;
}

/* --- messages
 * --------------------------------------------------------------------------------- */

/* Flights tell by their URL whose they are: see engine_world.c. */
static void name_files(struct attachment *files, unsigned count, int64_t id,
                       struct arena *arena)
{
    for (unsigned i = 0; i < count; i++)
        files[i] = (struct attachment){
            .url = arena_printf(arena, "%lld/%u/0", (long long)id, i),
            .mime = STR("image/png"),
            .name = STR("a.png"),
        };
}

void world_offer_files(struct engine_world *world, int64_t contact, int64_t id,
                       unsigned count)
{
    world_offer_files_on(world, 1, contact, id, count);
}

void world_offer_files_on(struct engine_world *world, int64_t bridge, int64_t contact,
                          int64_t id, unsigned count)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
    struct attachment files[ATTACHMENTS_MAX];
    struct delivery delivery = world_delivery(bridge, contact, id);

    assert_true(count <= ATTACHMENTS_MAX);
    name_files(files, count, FILE_OF + id, arena);
    delivery.event.content.attachments = files;
    delivery.event.content.attachment_count = count;
    world_offer_delivery(world, &delivery);
}

void world_store_files(struct engine_world *world, int64_t contact, int64_t count)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
    struct attachment file;
    struct event event = {
        .content = {.attachments = &file, .attachment_count = 1}
    };
    struct str extra = STR_NONE;
    struct error err;

    name_files(&file, 1, STORED_FILE, arena);
    expect_status("extra", STATUS_OK, event_extra_encode(&event, arena, &extra, &err));
    world_store_extra(world, contact, count, extra);
}

/* --- what comes back
 * -------------------------------------------------------------------------------- */

void world_answer_file(struct engine_world *world, size_t index)
{
    assert_true(index < world->flight_count);
    struct sink *sink = world->flights[index].exchange->sink;
    const struct reply reply = {
        .kind = REPLY_ANSWER, .status = 200, .retry_after_ms = -1, .why = ""};

    assert_non_null(sink);
    assert_true(sink->take(sink, "bytes", 5));
    world_end(world, index, &reply);
}

void world_redirect(struct engine_world *world, size_t index, const char *location)
{
    const struct reply reply = {.kind = REPLY_ANSWER,
                                .status = 302,
                                .retry_after_ms = -1,
                                .why = "",
                                .location = str_of(location)};
    world_end(world, index, &reply);
}

static struct filing *oldest_filing(struct engine_world *world)
{
    struct queue_node **link = &world->filings;
    assert_non_null(*link);
    while ((*link)->next != NULL)
        link = &(*link)->next;
    return CONTAINER_OF(TAKE(*link), struct filing, node);
}

static void write_copy(const struct media_file *kept)
{
    char path[FOLDER_BYTES + MEDIA_FILE_BYTES];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, kept->file);
    FILE *copy = fopen(path, "we");
    must(copy != NULL, path);
    must(fputs("bytes", copy) >= 0, path);
    must(fclose(copy) == 0, path);
}

static void keep_row(struct engine_world *world, const struct filing *filing)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
    const struct stored_media row = {
        .ordinal = filing->ordinal,
        .file = str_of(filing->kept.file),
        .mime = str_of(filing->kept.mime),
        .name = str_of(filing->kept.name),
        .sha256 = str_of(filing->kept.sha256),
        .size = filing->kept.size,
    };
    struct message message;
    struct str file = STR_NONE;
    struct error err;

    if (store_message_get(world->store, filing->message, arena, &message, &err) !=
        STATUS_OK)
        return;
    expect_status("begin", STATUS_OK, store_begin(world->store, &err));
    expect_status(
        "row", STATUS_OK,
        store_media_add(world->store, filing->message, &row, 1, arena, &file, &err));
    expect_status("commit", STATUS_OK, store_commit(world->store, &err));
}

static void keep_file(struct engine_world *world, struct filing *filing)
{
    struct media_file *kept = &filing->kept;
    long long number = filing->message * ATTACHMENTS_MAX + filing->ordinal;

    *kept = (struct media_file){.name = "a.png", .mime = "image/png", .size = 5};
    (void)snprintf(kept->file, sizeof(kept->file), "%032llx", number);
    (void)snprintf(kept->sha256, sizeof(kept->sha256), "%064llx", number);
    write_copy(kept);
    keep_row(world, filing);
}

void world_file(struct engine_world *world, enum status status)
{
    struct filing *filing = oldest_filing(world);
    struct dispatcher dispatcher = engine_dispatcher(world->engine);

    draft_free(TAKE(filing->draft));
    filing->status = status;
    if (status == STATUS_OK)
        keep_file(world, filing);
    else
        (void)fail(&filing->err, status, "the test says so");
    dispatcher.filed(dispatcher.context, filing);
}

void world_fetched(struct engine_world *world, size_t index)
{
    world_answer_file(world, index);
    world_file(world, STATUS_OK);
    world_step(world);
}

void world_sent(struct engine_world *world, size_t index)
{
    world_answer(world, index, 200);
    expect_i64("sent", OUTCOME_DONE, world_commit(world));
}

void world_flights_are(const struct engine_world *world, const char *what, size_t count)
{
    expect_i64(what, (int64_t)count, (int64_t)world->flight_count);
}
