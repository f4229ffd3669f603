#include "support/plain_channel.h"

#include "support/must.h"

#include "config/load.h"

#include <errno.h>

enum status plain_settings_ready(void *settings, struct error *err)
{
    (void)settings;
    (void)err;
    return STATUS_OK;
}

void plain_settings_release(void *settings)
{
    (void)settings;
}

/* NOLINTBEGIN(readability-non-const-parameter): the type of config_files' member */
static int no_file(void *context, const char *path, char *bytes, size_t room,
                   size_t *out_len, bool *out_is_exposed)
{
    (void)context;
    (void)path;
    (void)bytes;
    (void)room;
    (void)out_len;
    (void)out_is_exposed;
    return ENOENT;
}
/* NOLINTEND(readability-non-const-parameter) */

struct config *plain_config(const char *text, const struct channel *const *channels)
{
    const struct config_input input = {
        .file = "omgw.yaml",
        .text = str_of(text),
        .channels = channels,
        .files = {.read = no_file},
    };
    struct config *config = NULL;
    struct buf problems;
    buf_init(&problems, 65536);
    enum status status = config_load_text(&input, &config, &problems);
    must(status == STATUS_OK, buf_c_string(&problems));
    buf_release(&problems);
    return config;
}
