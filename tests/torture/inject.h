/*
 * inject: allocations and system calls that fail when told.
 *
 * Linked into a program (or preloaded into another, see preload.c) it stands in front
 * of the C library's allocator and of the calls below, also for the libraries. Calls
 * are counted while armed, on the threads that take part; what a test does in between
 * is exempt. An allocation of our own (by src/base/memory.c) is told from a library's
 * by who calls.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum inject_what {
    INJECT_NOTHING,
    INJECT_ALLOCATION,
    INJECT_SYSTEM_CALL, /* of network, files and events */
};

struct injection {
    enum inject_what what;
    uint64_t nth;    /* counted from arming; 0: none, only counts */
    bool goes_on;    /* and all after it */
    bool everywhere; /* on every thread; else on this one */
};

/* Until inject_disarm. */
void inject_arm(const struct injection *injection);
void inject_disarm(void);
/* Whether one has failed since inject_arm. */
bool inject_happened(void);
/* Counted since inject_arm. */
uint64_t inject_count(void);
/* What failed first: the call's name, "malloc" for allocations; NULL: nothing. */
const char *inject_first(void);

/* Writes the callers of each call that fails to stderr. */
void inject_trace(bool is_wanted);

/* Between the two nothing counts and nothing fails; they nest. This thread. */
void inject_exempt(void);
void inject_end_exempt(void);

/*
 * Asked when an allocation of our own is due to fail: true fails it, which aborts. NULL
 * (as at first): they fail.
 */
typedef bool inject_own_fails(void *context);
void inject_set_own(inject_own_fails *fails, void *context);
/* Addresses that allocations of our own are called from. */
void inject_set_own_range(uintptr_t begin, uintptr_t end);

/* Blocks that are not freed yet, of the whole process. */
int64_t inject_live(void);
