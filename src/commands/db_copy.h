/*
 * db_copy: a copy of the configuration's database as one file: by the running gateway,
 * or under the database's lock where none runs.
 */
#pragma once

#include "command.h"

#include "gateway/arena.h"

struct db_copy {
    const char *file; /* from the root on */
    bool may_replace;
    int64_t bytes; /* once it is there */
    int64_t took_ms;
};

/* The path from the root on, as the gateway has another working directory. */
MUST_CHECK enum exit_code db_full_path(struct str path, struct arena *arena,
                                       struct str *out_path);

/* *out_runs false, and EXIT_OK: no gateway runs, nothing was done. */
MUST_CHECK enum exit_code db_copy_by_gateway(const struct config *config,
                                             struct db_copy *copy, bool *out_runs);
MUST_CHECK enum exit_code db_copy_offline(const struct config *config,
                                          struct db_copy *copy);

/* Why an offline verb does not get the database, with what to do. */
enum exit_code db_say_unopened(enum status status, const struct error *err);
