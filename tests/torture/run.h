/*
 * run: a scenario with its n-th call failing, and what must come of it.
 *
 * No crash; no block left; never another answer than the scenario's or one that says
 * "try again"; and once nothing fails any more, the mails that were not answered well
 * are sent again, everything settles, and what is stored and was told is what it is
 * without trouble. Where an allocation of our own is due to fail, a copy of the process
 * lets it: it must end with one line, and a gateway on what it leaves must come to the
 * same.
 */
#pragma once

#include "scenario.h"
#include "world.h"

enum mode {
    MODE_ALLOC,
    MODE_ALLOC_ON, /* and all after it */
    MODE_VFS,
    MODE_VFS_ON,
    MODE_CALL,
    MODE_CALL_ON,
    MODES,
};
const char *mode_name(enum mode mode);

struct run;

/* Knows what the scenario comes to without trouble: lives it twice. */
struct run *run_new(struct world *world, const struct scenario *scenario,
                    enum mode mode, struct error *err);
void run_free(struct run *run); /* accepts NULL */
/* Calls of the mode's kind in a life without trouble. */
uint64_t run_calls(const struct run *run);
/* Processes seen ending for want of memory of our own, so far. */
uint64_t run_aborts(const struct run *run);

enum run_result {
    RUN_UNTOUCHED, /* it has fewer calls */
    RUN_HELD,
    RUN_BROKEN, /* err says how */
};
enum run_result run_injected(struct run *run, uint64_t nth, struct error *err);
