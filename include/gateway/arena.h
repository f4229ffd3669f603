/*
 * arena: memory for one unit of work (a request, an attempt), freed in one step.
 *
 * An arena among the parameters means: results live there. It has a ceiling, because
 * its content often comes from input: past it arena_try_alloc gives NULL; the other
 * functions are for sizes the caller has bounded and abort. One arena belongs to one
 * thread at a time.
 */
#pragma once

#include "gateway/text.h"

struct arena;

/* `ceiling` counts the bytes handed out. Blocks grow as needed from a small first one.
 */
struct arena *arena_new(size_t ceiling);
void arena_free(struct arena *arena);
void arena_freep(struct arena **arena);
/* Forgets everything handed out, keeps the first block. */
void arena_reset(struct arena *arena);

/* Zeroed and aligned for any type; NULL when the ceiling would be passed. */
void *arena_try_alloc(struct arena *arena, size_t size);
/* As arena_try_alloc, but aborts instead. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy, terminated behind its last byte. */
struct str arena_copy(struct arena *arena, struct str s);
/* As arena_copy, as a C string. */
const char *arena_c_string(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
size_t arena_used(const struct arena *arena);
