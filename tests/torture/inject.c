/* The counting and what is due; the allocator. The calls are in inject_calls.c. */
#include "inject_internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRACE_DEPTH 40

static struct injection plan;
static _Atomic uint64_t count;
static _Atomic bool has_happened;
static _Atomic(const char *) first;
static _Atomic int64_t live;
static _Atomic bool is_everywhere;
static inject_own_fails *own_fails;
static void *own_context;
static uintptr_t own_first;
static uintptr_t own_last;

static bool is_tracing;

static _Thread_local bool is_armed;
static _Thread_local unsigned exempt_depth;
static _Thread_local bool is_inside; /* of what this file does itself */

/* --- the plan --------------------------------------------------------------- */

void inject_arm(const struct injection *injection)
{
    plan = *injection;
    atomic_store(&count, 0);
    atomic_store(&has_happened, false);
    atomic_store(&first, NULL);
    is_armed = true;
    atomic_store(&is_everywhere, injection->everywhere);
}

void inject_disarm(void)
{
    is_armed = false;
    atomic_store(&is_everywhere, false);
}

bool inject_happened(void)
{
    return atomic_load(&has_happened);
}

uint64_t inject_count(void)
{
    return atomic_load(&count);
}

const char *inject_first(void)
{
    return atomic_load(&first);
}

void inject_exempt(void)
{
    exempt_depth++;
}

void inject_end_exempt(void)
{
    exempt_depth--;
}

void inject_set_own(inject_own_fails *fails, void *context)
{
    own_fails = fails;
    own_context = context;
}

void inject_set_own_range(uintptr_t begin, uintptr_t end)
{
    own_first = begin;
    own_last = end;
}

int64_t inject_live(void)
{
    return atomic_load(&live);
}

static bool is_counted(enum inject_what what)
{
    return (is_armed || atomic_load(&is_everywhere)) && exempt_depth == 0 &&
           !is_inside && plan.what == what;
}

static bool reaches_its_turn(void)
{
    uint64_t number = atomic_fetch_add(&count, 1) + 1;
    return plan.nth != 0 && (number == plan.nth || (plan.goes_on && number > plan.nth));
}

void inject_trace(bool is_wanted)
{
    void *callers[1];
    is_tracing = is_wanted;
    (void)backtrace(callers, 1); /* loads what it needs now, not in the middle */
}

static void trace(const char *name)
{
    void *callers[TRACE_DEPTH];
    bool was_inside = is_inside;
    is_inside = true;
    int depth = backtrace(callers, TRACE_DEPTH);
    (void)fprintf(stderr, "-- %s\n", name);
    backtrace_symbols_fd(callers, depth, STDERR_FILENO);
    is_inside = was_inside;
}

static void note(const char *name)
{
    if (is_tracing)
        trace(name);
    const char *none = NULL;
    (void)atomic_compare_exchange_strong(&first, &none, name);
    atomic_store(&has_happened, true);
}

bool inject_is_due(const char *name)
{
    if (!is_counted(INJECT_SYSTEM_CALL) || !reaches_its_turn())
        return false;
    note(name);
    return true;
}

static bool allocation_is_due(uintptr_t caller)
{
    if (!is_counted(INJECT_ALLOCATION) || !reaches_its_turn())
        return false;
    bool is_own = caller >= own_first && caller < own_last;
    if (!is_own) {
        note("malloc");
        return true;
    }
    is_inside = true;
    bool fails = own_fails == NULL || own_fails(own_context);
    is_inside = false;
    if (fails || !atomic_load(&has_happened))
        note("mem_new");
    return fails;
}

/* --- the allocator ----------------------------------------------------------- */

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    void *(*aligned_alloc)(size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
} libc;

/* What dlsym needs before it has found the allocator. */
static char early[16384];
static size_t early_used;

static bool is_early(const void *memory)
{
    return (uintptr_t)memory >= (uintptr_t)early &&
           (uintptr_t)memory < (uintptr_t)early + sizeof(early);
}

static void *early_take(size_t size)
{
    size_t at = (early_used + 15) / 16 * 16;
    if (at + size > sizeof(early))
        return NULL;
    early_used = at + size;
    return early + at; /* static, so zeroed; never given back */
}

void *inject_find(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    return found;
}

#define FIND(name)                                                                     \
    do {                                                                               \
        void *found_ = inject_find(#name);                                             \
        memcpy(&libc.name, &found_, sizeof(found_));                                   \
    } while (0)

/* False while it is being looked for, by the thread that does. */
static bool has_allocator(void)
{
    static bool is_looking;
    if (libc.free != NULL)
        return true;
    if (is_looking)
        return false;
    is_looking = true;
    FIND(malloc);
    FIND(calloc);
    FIND(realloc);
    FIND(aligned_alloc);
    FIND(posix_memalign);
    FIND(free);
    return true;
}

static void *counted(void *memory)
{
    if (memory != NULL)
        atomic_fetch_add(&live, 1);
    return memory;
}

#define CALLER ((uintptr_t)__builtin_return_address(0))

void *malloc(size_t size)
{
    if (!has_allocator())
        return early_take(size);
    if (allocation_is_due(CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    return counted(libc.malloc(size));
}

void *calloc(size_t items, size_t size)
{
    if (!has_allocator())
        return early_take(items * size);
    if (allocation_is_due(CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    return counted(libc.calloc(items, size));
}

static void *move_early(void *memory, size_t size)
{
    size_t there = (size_t)(early + sizeof(early) - (char *)memory);
    void *moved = counted(libc.malloc(size));
    if (moved != NULL)
        memcpy(moved, memory, size < there ? size : there);
    return moved;
}

void *realloc(void *memory, size_t size)
{
    if (!has_allocator())
        return early_take(size);
    if (allocation_is_due(CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    if (is_early(memory))
        return move_early(memory, size);
    void *moved = libc.realloc(memory, size);
    if (memory == NULL)
        return counted(moved);
    if (size == 0 && moved == NULL)
        atomic_fetch_sub(&live, 1);
    return moved;
}

void free(void *memory)
{
    if (memory == NULL || is_early(memory) || !has_allocator())
        return;
    atomic_fetch_sub(&live, 1);
    libc.free(memory);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    if (!has_allocator())
        return NULL;
    if (allocation_is_due(CALLER)) {
        errno = ENOMEM;
        return NULL;
    }
    return counted(libc.aligned_alloc(alignment, size));
}

int posix_memalign(void **out_memory, size_t alignment, size_t size)
{
    if (!has_allocator() || allocation_is_due(CALLER))
        return ENOMEM;
    int rc = libc.posix_memalign(out_memory, alignment, size);
    if (rc == 0)
        (void)counted(*out_memory);
    return rc;
}
