/*
 * check: what one row cannot say: addresses, names, references, things that must be
 * unique.
 */
#pragma once

#include "reader.h"

/* Reports into reader->problems; also fills in what follows from other settings. */
void check_snapshot(struct reader *reader, struct snapshot *snapshot);
