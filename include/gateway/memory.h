/*
 * memory: allocation that cannot fail.
 *
 * A failing allocation of our own prints one line and aborts: what was acknowledged is
 * on stable storage, and the store returns the work after the restart. (A failing
 * allocation inside a library is an ordinary error and never comes here.) Any thread.
 */
#pragma once

#include "gateway/base.h"

/* Zeroed memory; free with mem_free. Never NULL, also for size 0. */
void *mem_new(size_t size);

/* As mem_new for `count` items of `size`; aborts when the product overflows. */
void *mem_new_array(size_t count, size_t size);

/* Grows or shrinks; the new tail is not zeroed. */
void *mem_resize(void *memory, size_t size);

/* A terminated copy of a C string. */
char *mem_copy_string(const char *text);

/* Accepts NULL. */
void mem_free(void *memory);

/* For CLEANUP on any pointer variable. */
void mem_freep(void *pointer_address);

/* For a process that serves for long, before its first thread: large pieces go back to
 * the system when they are freed, and threads share two arenas. */
void mem_set_up_to_serve(void);
