/*
 * copier: what a backend does with its database as one thing; see store_copy.h. Every
 * member is required.
 */
#pragma once

#include "backend.h"

#include "gateway/store_copy.h"

struct store_copier {
    enum status (*backup_begin)(struct store *store,
                                const struct backup_options *options,
                                struct store_backup **out_backup, struct error *err);
    enum status (*backup_step)(struct store_backup *backup, struct backup_figures *out,
                               struct error *err);
    enum status (*backup_settle)(struct store_backup *backup, struct error *err);
    void (*backup_close)(struct store_backup *backup);
    enum status (*verify)(struct store *store, const struct store_watch *watch,
                          struct verify_result *out, struct error *err);
    /* `place` as the backend's open gets it. */
    enum status (*restore)(const char *place, const struct restore_options *options,
                           const struct store_watch *watch, struct arena *arena,
                           struct restore_result *out, struct error *err);
};

/* The part of a backup that every backend's own struct starts with. */
struct store_backup {
    const struct store_copier *copier;
};

/* sqlite_verify.c, sqlite_restore.c */
enum status sqlite_verify(struct store *store, const struct store_watch *watch,
                          struct verify_result *out, struct error *err);
enum status sqlite_restore(const char *place, const struct restore_options *options,
                           const struct store_watch *watch, struct arena *arena,
                           struct restore_result *out, struct error *err);

extern const struct store_copier sqlite_copier;
extern const struct store_copier memory_copier;
