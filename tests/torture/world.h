/*
 * world: a gateway as `omgw serve` builds it, its loops turned by hand on one thread,
 * between a client and its peers, under a clock that jumps when nothing is left to do.
 *
 * Its database lies on a file system in memory, or, where system calls are to fail, on
 * the machine's. What the world does for the test is exempt from injection; what the
 * gateway does is not.
 */
#pragma once

#include "mail.h"
#include "peer.h"

#include "commands/gateway.h"
#include "support/vfs_memory.h"

struct world {
    char folder[64];
    char config_path[96];
    char database_path[96];
    bool is_on_files; /* the database; else in memory */
    struct vfs_memory *vfs;
    struct disk *empty; /* a database that was migrated and holds nothing */
    struct peer *peer;
    struct config *config;
    struct gateway gateway;
    bool is_up;
    atomic_bool is_reloaded;
    bool is_in_trouble; /* a call was never answered and nothing moves any more */
};

/* Between the two nothing fails: the test itself is at work. They nest. */
void world_exempt(struct world *world);
void world_end_exempt(struct world *world);

/* Once for the process. */
struct world *world_new(void);
void world_free(struct world *world);

/* The usual configuration with `extra` (may be NULL) at its end. */
struct config *world_load_config(struct world *world, const char *extra,
                                 const char *integration);
/* The gateway starts with that one from now on. */
void world_configure(struct world *world, const char *extra);
/* The database is what that disk says, on files or in memory. */
void world_use_disk(struct world *world, const struct disk *disk, bool is_on_files);
/* Puts a disk in memory under the database; takes it. */
void world_put_disk(struct world *world, struct disk *disk);
/* One with an empty file, and so many migrations applied to it. */
struct disk *world_make_disk(struct world *world, size_t migrations);

/* Starts the gateway; may fail under injection. */
MUST_CHECK enum status world_start(struct world *world, struct error *err);
/* Takes it down, whatever it was doing. */
void world_stop(struct world *world);

/* Turns until nothing happens any more, then lets time jump, until nothing is on its
 * way or `limit_ms` of the gateway's time are over. False: something still is. */
bool world_settle(struct world *world, int64_t limit_ms);
/* Sends it and turns until its answer is there. 0: the connection was cut, or nothing
 * came in a minute of the gateway's time. */
int world_send(struct world *world, const struct mail *mail);

/* Reloads while a writer works; may fail under injection. */
MUST_CHECK enum status world_reload(struct world *world, struct config *config,
                                    struct error *err);
/* Lets time jump. */
void world_pass(int64_t ms);
/* All that is stored, and all that the peers were told, without what differs between
 * runs. */
void world_digest(struct world *world, struct buf *out);
void world_ids(struct world *world, struct mail_ids *out);
/* A delivery or receipt that has not reached its end is stored. */
bool world_has_pending(struct world *world);
/* Whether `PRAGMA integrity_check` is content, and why not. */
bool world_is_sound(struct world *world, struct error *err);
