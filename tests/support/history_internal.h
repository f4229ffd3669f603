/*
 * history_internal: the events as history.c keeps them and history_check.c reads them.
 */
#pragma once

#include "support/history.h"

#include "gateway/arena.h"

#include <uthash.h>

struct lane_name {
    struct str name;
    struct str contact; /* what stands before the last '>' */
    size_t index;
    UT_hash_handle hh;
};

struct entry {
    struct history_event event;
    const struct lane_name *lane; /* NULL: of none */
};

struct history {
    struct arena *arena; /* names and keys */
    struct lane_name *lanes;
    size_t lane_count;
    struct entry *events;
    size_t count;
    size_t room;
};
