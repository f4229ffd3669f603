/*
 * migrate: brings the schema of a SQLite file to what this binary knows, forward only.
 * Each migration is one transaction; its text is checksummed, so that a released one
 * cannot be edited unnoticed.
 */
#pragma once

#include "sqlite.h"

/* Compiled in by scripts/embed_migrations.cmake, in order. */
struct migration {
    const char *name; /* 0001_core: number and name */
    const char *sql;  /* terminated */
    size_t length;
};
extern const struct migration sqlite_migrations[];
extern const size_t sqlite_migration_count;

/*
 * Applies what is pending if the options allow it. *out_is_current: the schema is the
 * newest; false only for a reader that may see an older one. STATUS_INVALID  no
 * database of ours, schema newer than the binary, edited migration, or something is
 * pending and may not be applied
 */
MUST_CHECK enum status migrate(struct sqlite_store *store,
                               const struct store_options *options,
                               bool *out_is_current, struct error *err);
/* The same with other migrations than the compiled ones. */
MUST_CHECK enum status migrate_with(struct sqlite_store *store,
                                    const struct migration *migrations, size_t count,
                                    const struct store_options *options,
                                    bool *out_is_current, struct error *err);

/* Member of the backend. */
enum status migrate_pending(struct store *store, each_row *seen, void *context,
                            struct error *err);
/* The name of the last applied one, empty when none is. */
MUST_CHECK enum status migrate_version(struct sqlite_store *store,
                                       const char **out_name, struct error *err);
/* STATUS_INVALID  something is applied that this program does not know. */
MUST_CHECK enum status migrate_check_newer(struct sqlite_store *store,
                                           struct error *err);
/* Something is pending; it does not look at what is applied. */
MUST_CHECK enum status migrate_is_older(struct sqlite_store *store, bool *out_is_older,
                                        struct error *err);
