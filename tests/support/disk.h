/*
 * disk: one directory of files as a power loss sees it.
 *
 * Every change is an event. It counts at once for whoever reads, but a write, a new
 * length, a name made or taken away is on the platter only when its file or the
 * directory is synced; until then a crash may keep it, lose it, tear it into sectors,
 * and keep what came after it. A list of events applied to a copy of the disk they
 * began with gives the same disk again, so a record of them can be cut at any place.
 * One thread.
 */
#pragma once

#include "gateway/base.h"
#include "gateway/random.h"

#define DISK_SECTOR_BYTES 512

enum disk_op {
    DISK_CREATE, /* the bytes are its name, terminated */
    DISK_WRITE,
    DISK_TRUNCATE, /* to `offset` bytes */
    DISK_SYNC,
    /* What was written since the last sync is gone from the cache's list: it can be
     * read, but no later sync brings it to the platter. Linux after a failed fsync. */
    DISK_SYNC_FAILED,
    DISK_DELETE,
    DISK_SYNC_DIRECTORY,
};

struct disk_event {
    unsigned holders;
    enum disk_op op;
    unsigned file; /* files are numbered as they are made; a name made again is new */
    size_t offset;
    size_t len;
    uint8_t bytes[];
};

struct disk_event *disk_event_new(enum disk_op op, unsigned file, size_t offset,
                                  const void *bytes, size_t len);
/* Accepts NULL. */
void disk_event_drop(struct disk_event *event);

struct disk *disk_new(void);
struct disk *disk_copy(const struct disk *disk);
/* Accepts NULL. */
void disk_free(struct disk *disk);

/* Holds the event as long as a crash may undo it. */
void disk_apply(struct disk *disk, struct disk_event *event);

/* The same with an event of its own. */
void disk_change(struct disk *disk, enum disk_op op, unsigned file, size_t offset,
                 const void *bytes, size_t len);

/* The number for the next DISK_CREATE. */
unsigned disk_next_file(const struct disk *disk);
/* -1: no file of that name. */
int disk_find(const struct disk *disk, const char *name);
/* NULL: it has none any more. */
const char *disk_name(const struct disk *disk, unsigned file);
size_t disk_size(const struct disk *disk, unsigned file);
/* Of all files that have a name. */
size_t disk_used(const struct disk *disk);
/* Returns how many bytes there were. */
size_t disk_read(const struct disk *disk, unsigned file, size_t offset, void *out,
                 size_t len);
/* A number that two contents have in common only if they are the same, or by chance. */
uint64_t disk_sum(const struct disk *disk, unsigned file);
/* The same over all files that have a name. */
uint64_t disk_sum_all(const struct disk *disk);
/* Whatever was not synced never will be. */
void disk_forget(struct disk *disk);
/* Whether a crash could take anything back. */
bool disk_has_unsynced(const struct disk *disk);

/* How hard a crash is on what was not synced. */
enum disk_fate {
    DISK_LOSES_ALL,
    DISK_LOSES_NONE,
    DISK_LOSES_WRITES,  /* each whole write by itself */
    DISK_LOSES_SECTORS, /* each sector of each write by itself */
    DISK_KEEPS_NEWEST,  /* the last writes arrived, the first did not; one is torn */
    DISK_KEEPS_OLDEST,  /* the other way round */
    DISK_FATES,
};
/*
 * What is found after a power loss, everything synced. Where a lost write had made a
 * file longer, the place holds nothing, zeros or what lay there before.
 */
struct disk *disk_after_crash(const struct disk *disk, enum disk_fate fate,
                              struct random *random);
