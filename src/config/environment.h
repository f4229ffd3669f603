/*
 * environment: the OMGW_ variables, which of them were used, and what the others may
 * have been meant to be.
 */
#pragma once

#include "problem.h"

struct snapshot;

#define VARIABLE_PREFIX "OMGW_"

struct variable {
    char *name;        /* owned */
    const char *value; /* borrowed from the process */
    bool is_used;
};

struct environment {
    struct variable *items;
    size_t count;
};

/* `variables` as in main; NULL: none. */
void environment_init(struct environment *environment, char **variables);
void environment_release(struct environment *environment);

/* Marks it used; NULL when there is none of that name. */
const struct variable *environment_take(struct environment *environment,
                                        const char *name);

/*
 * Variables that no setting of the snapshot has taken, but that look like one. Others
 * are left alone: OMGW_ also stands before what an orchestrator tells about a service
 * "omgw".
 */
void environment_report(const struct environment *environment,
                        const struct snapshot *snapshot, struct problems *problems);
