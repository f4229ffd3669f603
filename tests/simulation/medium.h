/*
 * medium: where the database lives, and what happens to that.
 */
#pragma once

#include "sim.h"

void medium_open(struct sim *sim);
void medium_close(struct sim *sim);
/* At the end of the process. */
void medium_release(void);
MUST_CHECK enum status medium_open_store(const struct sim *sim, enum store_mode mode,
                                         struct store **out_store, struct error *err);

void medium_set_full(struct sim *sim, bool is_full);
/* Calls fail, from some moment on. Only while a gateway has it open. */
void medium_break(struct sim *sim);
void medium_mend(struct sim *sim);
/* Nothing that the process still does is kept. */
void medium_kill(struct sim *sim);
/* Once all handles are closed. */
void medium_revive(struct sim *sim);
