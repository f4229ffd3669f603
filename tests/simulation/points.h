/*
 * points: which fault points of the code a run has passed.
 */
#pragma once

#include "gateway/fault.h"

void points_count(const struct fault_site *site);
/* The points that were not reached, and a line of totals; quietly: neither. */
void points_print(bool is_quiet);
