#include "points.h"

#include "gateway/memory.h"

#include <stdio.h>

/* Of the program, over all seeds; by the order of fault_sites. */
static uint64_t *counts;

void points_count(const struct fault_site *site)
{
    size_t count = 0;
    const struct fault_site *const *sites = fault_sites(&count);
    if (counts == NULL)
        counts = mem_new_array(count, sizeof(*counts));
    for (size_t i = 0; i < count; i++)
        if (sites[i] == site)
            counts[i]++;
}

int64_t points_print(bool is_quiet)
{
    size_t count = 0;
    size_t reached = 0;
    const struct fault_site *const *sites = fault_sites(&count);
    for (size_t i = 0; i < count; i++) {
        if (counts != NULL && counts[i] > 0)
            reached++;
        else if (!is_quiet)
            (void)printf("not reached: %s\n", sites[i]->name);
    }
    if (!is_quiet)
        (void)printf("%zu of %zu fault points reached\n", reached, count);
    mem_free(counts);
    counts = NULL;
    return count == 0 ? 100 : (int64_t)(100 * reached / count);
}
