#include "gateway/fault.h"

#ifdef OMGW_FAULTS

/* Made by the linker, which has the names: the first site, and behind the last. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
extern const struct fault_site *const __start_fault_list[] __attribute__((weak));
extern const struct fault_site *const __stop_fault_list[] __attribute__((weak));
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* Of tests only, which set it once before anything runs. */
static fault_hook *the_hook;
static void *the_context;

void fault_set_hook(fault_hook *hook, void *context)
{
    the_hook = hook;
    the_context = context;
}

const struct fault_site *const *fault_sites(size_t *out_count)
{
    *out_count = (size_t)(__stop_fault_list - __start_fault_list);
    return __start_fault_list;
}

bool fault_reached(const struct fault_site *site)
{
    return the_hook != NULL && the_hook(site, the_context);
}

#endif
