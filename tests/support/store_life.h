/*
 * store_life: one life that leaves every kind of row, and every kind of change to it.
 */
#pragma once

#include "support/store_suite.h"

#define LIFE_PUBLIC_ID "0190b0000000700080000000000000aa"

/* A customer's message that arrived at the second try in two parts, an agent's that was
 * refused, and its receipt. */
struct life {
    struct contact anna;
    struct delivery in;
    struct delivery out;
};

struct life suite_live(struct store_fixture *f);
/* Everything known about an id, as JSON; lives in the fixture's arena. */
struct str suite_trace(struct store_fixture *f, struct store *store, const char *id);

/* The life with a pause and an early receipt beside it, committed. */
struct life suite_life(struct store_fixture *f);
/* Each makes one kind of change that can be seen, inside a transaction. */
struct life_change {
    const char *name;
    enum status (*make)(struct store_fixture *f, struct life *life);
};
extern const struct life_change life_changes[];
extern const size_t life_change_count;
/* Everything that can be seen of the life and of its changes. */
struct str life_seen(struct store_fixture *f, const struct life *life);
