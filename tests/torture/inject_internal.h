/* inject_internal: what inject's files share. */
#pragma once

#include "inject.h"

/* Counts a system call; true: it is to fail. */
bool inject_is_due(const char *name);
/* The C library's own. */
void *inject_find(const char *name);
