/*
 * points: which fault points of the code a run has passed.
 */
#pragma once

#include "gateway/fault.h"

void points_count(const struct fault_site *site);
/* The points that were not reached, and a line of totals; quietly: neither. Returns
 * the percentage of those reached. */
int64_t points_print(bool is_quiet);
