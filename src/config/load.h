/*
 * load: reading a configuration from a text, with the files it names behind a callback,
 * so that tests and the fuzzer need no disk. config_load is this with the real ones.
 */
#pragma once

#include "gateway/config.h"

/* How secret files are read. */
struct config_files {
    /*
     * At most `room` bytes of the file at `path`. 0, or an errno value.
     * `out_is_exposed`: every user of the machine may read it.
     */
    int (*read)(void *context, const char *path, char *bytes, size_t room,
                size_t *out_len, bool *out_is_exposed);
    void *context;
};

struct config_input {
    const char *file; /* as the user named it */
    struct str text;
    char **environment; /* as in main; NULL: none */
    const struct channel *const *channels;
    struct config_files files;
    bool skips_secrets; /* see config_load_to_look */
};

/* As config_load. */
MUST_CHECK enum status config_load_text(const struct config_input *input,
                                        struct config **out_config,
                                        struct buf *out_problems);
