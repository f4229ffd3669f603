/*
 * fault: named points at which a test may count, end the run, or make a step fail.
 * Without OMGW_FAULTS, as in releases, nothing of them is compiled.
 *
 *   FAULT_POINT("writer.committed");           passed by
 *   if (FAULT_FAILS("writer.full")) ...        true when the test wants it to fail
 *
 * A name is "file.what_happened" and stands at one place only. Any thread; the hook is
 * set before others start.
 */
#pragma once

#include "gateway/base.h"

#ifdef OMGW_FAULTS

struct fault_site {
    const char *name;
    bool can_fail;
};

/* Called at each point that is reached; true makes a point that can fail do so. */
typedef bool fault_hook(const struct fault_site *site, void *context);
/* NULL: none. */
void fault_set_hook(fault_hook *hook, void *context);
/* All points of the program, reached or not. */
const struct fault_site *const *fault_sites(size_t *out_count);
bool fault_reached(const struct fault_site *site);

/* Pointers to them stand in a section of their own, so that the linker makes the list.
 */
#define FAULT_SITE_(site_name, may_fail)                                               \
    static const struct fault_site site_ = {(site_name), (may_fail)};                  \
    static const struct fault_site *const listed_                                      \
        __attribute__((section("fault_list"), used)) = &site_
#define FAULT_POINT(site_name)                                                         \
    do {                                                                               \
        FAULT_SITE_(site_name, false);                                                 \
        (void)fault_reached(&site_);                                                   \
    } while (0)
#define FAULT_FAILS(site_name)                                                         \
    __extension__({                                                                    \
        FAULT_SITE_(site_name, true);                                                  \
        fault_reached(&site_);                                                         \
    })

#else

#define FAULT_POINT(site_name) ((void)0)
#define FAULT_FAILS(site_name) false

#endif
