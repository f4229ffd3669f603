/*
 * base: the few words every file uses: ownership, unused results, counting.
 *
 * Knows nothing of messaging. Any thread.
 */
#pragma once

#include "gateway/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text_at, first_at)                                                 \
    __attribute__((__format__(__printf__, text_at, first_at)))

/* Runs `function` on the variable's address when it goes out of scope. */
#define CLEANUP(function) __attribute__((cleanup(function)))

/* Hands a pointer on: yields it and leaves NULL behind for the cleanup. */
#define TAKE(pointer)                                                                  \
    __extension__({                                                                    \
        __typeof__(pointer) taken_ = (pointer);                                        \
        (pointer) = NULL;                                                              \
        taken_;                                                                        \
    })

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The struct that holds `member` at the given address. */
#define CONTAINER_OF(pointer, type, member)                                            \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
