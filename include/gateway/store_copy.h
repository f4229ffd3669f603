/*
 * store_copy: the database as one thing: a consistent copy of it as one file (backup),
 * whether it is sound (verify), and a copy put into its place (restore).
 *
 * The model in memory answers STATUS_UNSUPPORTED to all of it.
 */
#pragma once

#include "gateway/store.h"

/* --- backup
 * ---------------------------------------------------------------------------------- */

struct store_backup;

struct backup_options {
    const char *file;
    bool may_replace;      /* a backup that is there under that name */
    int64_t reserve_bytes; /* must stay free where the database is, if `file` is too */
};

struct backup_figures {
    int64_t done_bytes; /* falls back when a transaction was rolled back meanwhile */
    int64_t all_bytes;
    bool is_copied;
};

/*
 * Begins a copy of what is committed, also of what will be until the last step, beside
 * its final name. The handle's thread, between transactions; a writing or offline one.
 * STATUS_CONFLICT   `file` is there, or is the database itself
 * STATUS_FORBIDDEN, STATUS_NOT_FOUND  the folder
 * STATUS_RETRY      no room
 */
MUST_CHECK enum status store_backup_begin(struct store *store,
                                          const struct backup_options *options,
                                          struct store_backup **out_backup,
                                          struct error *err);
/* A megabyte more. The handle's thread, between transactions, until is_copied. */
MUST_CHECK enum status store_backup_step(struct store_backup *backup,
                                         struct backup_figures *out, struct error *err);
/* Once all is copied: syncs the file and gives it its name. Any thread; slow. */
MUST_CHECK enum status store_backup_settle(struct store_backup *backup,
                                           struct error *err);
/* Removes what was not settled. The handle's thread; once all is copied, any. Accepts
 * NULL. */
void store_backup_close(struct store_backup *backup);

/* --- verify
 * ---------------------------------------------------------------------------------- */

struct verify_finding {
    const char *check; /* which found it: stable name */
    struct str where;
    struct str what;
};

/* What a person may follow, and end. */
struct store_watch {
    /* `done` of `all`, both without a unit. False: stop, with STATUS_RETRY. */
    bool (*moved)(const char *what, int64_t done, int64_t all, void *context);
    void (*found)(const struct verify_finding *finding, void *context);
    void *context;
};

struct verify_result {
    size_t checks; /* that were made */
    bool is_older; /* the schema: what this program knows of rows was not checked */
};

/*
 * Checks file, schema and what must be true of the rows, whatever was found before. An
 * offline handle, or that of a copy.
 * STATUS_INVALID  no database of ours, or its schema is newer than this program
 */
MUST_CHECK enum status store_verify(struct store *store,
                                    const struct store_watch *watch,
                                    struct verify_result *out, struct error *err);

/* --- restore
 * --------------------------------------------------------------------------------- */

struct restore_options {
    const char *file;
    bool hold;                /* all bridges begin paused */
    const char *const *names; /* of bridges, beside those of the file; ends with NULL */
    const char *reason;       /* of those pauses */
    struct str actor;         /* for the audit */
    int64_t now_ms;
};

struct restore_result {
    struct str kept_as; /* where the database that was there is now; empty: none was */
    int64_t messages;
    int64_t newest_ms; /* of its messages; 0: none */
};

/*
 * Puts a copy of `file` into the place of the database, under its lock, after the file
 * was verified. Whatever fails before the last step changes nothing.
 * STATUS_DENIED    another process holds the lock
 * STATUS_NOT_FOUND, STATUS_FORBIDDEN  the file, or the folder of the database
 * STATUS_INVALID   the file is no database of ours, or of a newer schema
 * STATUS_CONFLICT  watch->found was called
 */
MUST_CHECK enum status store_restore(const char *url,
                                     const struct restore_options *options,
                                     const struct store_watch *watch,
                                     struct arena *arena, struct restore_result *out,
                                     struct error *err);
