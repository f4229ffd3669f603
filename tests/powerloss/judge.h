/*
 * judge: what is found after a crash, against what was promised by then.
 *
 * The store must open, and hold what it held after one of its transactions: the last
 * one that was told to anybody, or one that was under way. Every transaction of a phase
 * is examined once in full (all rows promised by then, `PRAGMA integrity_check`, the id
 * index, repeats of all webhooks); a database that is found with exactly its bytes is
 * known to be as good. What is found otherwise, and one find in so many, is examined in
 * full too.
 */
#pragma once

#include "life.h"

/* Kinds of finds; all but SOUND break a promise. */
enum verdict {
    VERDICT_SOUND,
    VERDICT_LOST,    /* something told is missing */
    VERDICT_PHANTOM, /* holds what was not written yet */
    VERDICT_DAMAGED, /* does not open, or its pages or rows contradict each other */
    VERDICTS,
};
const char *verdict_name(enum verdict verdict);

struct judge;

/* Finds are put on the VFS registered under `name`. */
struct judge *judge_new(struct vfs_memory *vfs, const char *vfs_name,
                        struct config *config, unsigned examine_one_in);
/* Accepts NULL. */
void judge_free(struct judge *judge);

/* Examines every transaction of the phase just lived. False: one breaks a promise. */
bool judge_phase(struct judge *judge, const struct life *life,
                 const struct vfs_record *record);
/* Takes the disk: what is found when the phase ends at `position`. */
enum verdict judge_find(struct judge *judge, const struct life *life, size_t position,
                        struct disk *found);
/* What was wrong last. */
const char *judge_reason(const struct judge *judge);
/* So far: disks that were not the same as one before; finds examined in full;
 * transactions. */
uint64_t judge_distinct(const struct judge *judge);
uint64_t judge_examined(const struct judge *judge);
uint64_t judge_commits(const struct judge *judge);
