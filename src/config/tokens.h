/*
 * tokens: the bearer tokens of the admin listener, from the lines of `admin.tokens`:
 *   NAME viewer|operator SHA256
 * Blank lines and those that begin with # are left out. Main thread.
 */
#pragma once

#include "reader.h"

/* Into the struct config that `root` fills; reports every line that is wrong. */
void tokens_read(struct reader *reader, const struct section *root);
