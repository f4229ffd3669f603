/*
 * hash_table: uthash on memory that cannot fail; by itself it would end the process
 * without a word when there is none. The one place that includes it.
 */
#pragma once

#include "gateway/memory.h"

#define uthash_malloc(size) mem_new(size)
#define uthash_free(memory, size) mem_free(memory)
#include <uthash.h>
