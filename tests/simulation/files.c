/*
 * files: what some customers send with their words: a host that has it, or not, or
 * somewhere else, and the gateway's folder and files thread.
 */
#include "files.h"

#include "support/folder.h"

#include "gateway/media.h"

/* Real disks are not simulated here: the folder is one, and stays as it is. */
static char folder[FOLDER_BYTES];

static void must(enum status status, const struct error *err)
{
    if (status == STATUS_OK)
        return;
    (void)fprintf(stderr, "simulate: %s\n", err->text);
    abort();
}

void files_open(struct sim *sim)
{
    if (sim->plan.files > 0)
        folder_make_in_memory(folder);
}

void files_close(struct sim *sim)
{
    if (sim->plan.files > 0)
        folder_remove(folder);
}

/* --- the gateway's side
 * --------------------------------------------------------------- */

struct media *files_open_media(const struct sim *sim)
{
    const struct text_list no_secrets = {0};
    const struct media_settings settings = {.folder = folder,
                                            .file_max = 1000,
                                            .total_max = INT64_MAX / 2,
                                            .link_secrets = &no_secrets};
    struct media *media = NULL;
    struct error err = {0};
    if (sim->plan.files > 0)
        must(media_open(&settings, &media, &err), &err);
    return media;
}

static void files_run(struct sim *sim, void *context)
{
    const struct gateway *gateway = &sim->gateway;
    if (gateway->is_up && !gateway->is_dead &&
        gateway->life == (uint64_t)(uintptr_t)context)
        media_step(gateway->media);
}

/* The recorder's, and then the files thread has work. */
static void file(void *context, struct filing *filing)
{
    struct sim *sim = the_sim;
    const struct recorder relay = relay_recorder(sim->gateway.relay);
    relay.file(context, filing);
    sim_after(sim, sim_between(sim, 0, sim->plan.commit_max_ms), files_run,
              (void *)(uintptr_t)sim->gateway.life);
}

struct recorder files_recorder(const struct sim *sim)
{
    struct recorder recorder = relay_recorder(sim->gateway.relay);
    recorder.file = file;
    return recorder;
}

void files_stop(const struct sim *sim)
{
    struct media *media = sim->gateway.media;
    if (media == NULL)
        return;
    media_stop(media);
    media_step(media);
}

/* --- the host's
 * ----------------------------------------------------------------------- */

struct str files_of_message(struct sim *sim, struct str mark)
{
    if (!sim_chance(sim, sim->plan.files))
        return STR_NONE;
    return arena_printf(sim->arena,
                        ",\"attachments\":[{\"url\":\"" FILES_HOST "%.*s\","
                        "\"mime\":\"text/plain\",\"name\":\"a.txt\"}]",
                        STR_ARG(mark));
}

void files_handle(struct sim *sim, const struct peer_request *request,
                  struct peer_answer *out)
{
    static const struct {
        int status;
        struct str body;
    } answers[] = {
        {200, {"the file", 8}     },
        {200, {"another file", 12}},
        {200,
         {"\x7f"
          "ELF\x02",
          5}                      },
        {200, {"", 0}             },
        {404, {"gone", 4}         },
        {302, {"", 0}             },
    };
    if (peer_fails(sim, out))
        return;
    size_t which = sim_chance(sim, 600)
                       ? 0
                       : (size_t)sim_between(sim, 0, (int64_t)COUNT_OF(answers) - 1);
    out->status = answers[which].status;
    out->body = answers[which].body;
    if (out->status == 302)
        out->location = request->url;
}
