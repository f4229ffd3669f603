/*
 * beside: what a relative path in a configuration means: one from the folder of the
 * file, whoever reads it and from wherever. Any thread.
 */
#pragma once

#include "gateway/text.h"

/* `path`, also behind "sqlite:". The result borrows from `path` or lies in `room`. */
struct str path_beside(const char *file, struct str path, struct buf *room);
