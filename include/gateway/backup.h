/*
 * backup: a copy of the database while the gateway serves, one at a time. The writer
 * copies between its batches; a thread of the backup's own syncs the file and names it,
 * which may take long.
 */
#pragma once

#include "gateway/store_copy.h"
#include "gateway/writer.h"

struct backup;

enum backup_state {
    BACKUP_NONE, /* since the start of the gateway */
    BACKUP_COPYING,
    BACKUP_SETTLING, /* all is copied */
    BACKUP_DONE,
    BACKUP_FAILED,
};
const char *backup_state_name(enum backup_state state); /* "none", "copying", ... */

/* How far the latest one is. */
struct backup_view {
    enum backup_state state;
    struct str file;
    struct backup_figures figures;
    int64_t took_ms;
    enum status status; /* of a failed one */
    struct error err;
};

struct backup *backup_new(struct writer *writer);
/* After backup_run has returned. Accepts NULL. */
void backup_free(struct backup *backup);

/* STATUS_RETRY  one is under way, or the gateway is busy. Any thread. */
MUST_CHECK enum status backup_start(struct backup *backup,
                                    const struct backup_options *options,
                                    struct str actor, struct error *err);
/* The file's name lives in the arena. Any thread. */
void backup_look(struct backup *backup, struct arena *arena, struct backup_view *out);
/* Ends it soon, unless it is settled already; nothing of it is kept. Any thread. */
void backup_cancel(struct backup *backup);

/* The thread's loop: settles what is copied, until backup_stop. */
void backup_run(struct backup *backup);
/* Cancels what is under way; then backup_run returns. While the writer still runs. */
void backup_stop(struct backup *backup);
