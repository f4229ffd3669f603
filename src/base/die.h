/*
 * die: the end of the process when a promise of base cannot be kept (no memory, a size
 * the caller had bounded). Private to base. Any thread.
 */
#pragma once

#include "gateway/base.h"

/* Writes "omgw: <why>" to stderr without allocating, then aborts. */
_Noreturn void die(const char *why);
