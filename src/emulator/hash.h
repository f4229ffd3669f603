/*
 * hash: the emulator's door to uthash, with allocation that cannot fail.
 *
 * Keys are bytes inside the element; an element stands in as many tables as it has
 * handles. Everything hashed belongs to the front thread.
 */
#pragma once

#include "gateway/memory.h"

#define uthash_malloc(size) mem_new(size)
#define uthash_free(memory, size) mem_free(memory)
#include <uthash.h>
