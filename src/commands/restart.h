/*
 * restart: which changed settings a reload does not take.
 */
#pragma once

#include "gateway/config.h"

/* Their names, with commas between; empty: all of the new snapshot is taken. */
void restart_needed(const struct config *old, const struct config *new,
                    struct buf *out);
