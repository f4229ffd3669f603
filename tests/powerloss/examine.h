/*
 * examine: one database in full, against the letters and endings of a life.
 */
#pragma once

#include "life.h"

/* True: every promise told by `moment` is kept. Else *err says which is not. */
bool examine(struct half *half, const struct life *life, struct moment moment,
             struct error *err);
/* Sends again every webhook told by `moment`: nothing may come of it. */
bool examine_repeats(struct half *half, const struct life *life, struct moment moment,
                     struct error *err);
/* A number over all rows of all tables: the same for the same content, wherever its
 * pages lie. */
bool examine_sum(struct half *half, uint64_t *out_sum, struct error *err);
