/*
 * torture: every scenario with each of its allocations and calls failing once, and with
 * all after it.
 *
 *   torture                             # all there is
 *   torture --sample --seconds 30 --seed 7 --minimum 3000
 *   torture --scenario message --mode alloc [--nth 13 [--trace]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crew.h"
#include "inject.h"
#include "support/must.h"

#include "gateway/log.h"
#include "gateway/memory.h"

/* Where src/base/memory.c asks for memory: its functions lie one behind the other. */
static void find_own(void)
{
    const uintptr_t places[] = {(uintptr_t)mem_new,    (uintptr_t)mem_new_array,
                                (uintptr_t)mem_resize, (uintptr_t)mem_copy_string,
                                (uintptr_t)mem_free,   (uintptr_t)mem_freep};
    uintptr_t first = UINTPTR_MAX;
    uintptr_t last = 0;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        first = places[i] < first ? places[i] : first;
        last = places[i] > last ? places[i] : last;
    }
    inject_set_own_range(first, last);
}

static bool is_own;

static bool note_own(void *context)
{
    (void)context;
    is_own = true;
    return false;
}

/* The linker may have laid it out otherwise. */
static void check_own(void)
{
    const struct injection first = {.what = INJECT_ALLOCATION, .nth = 1};
    inject_set_own(note_own, NULL);
    inject_arm(&first);
    mem_free(mem_new(1));
    inject_disarm();
    must(is_own, "an allocation of our own is known as one");
    is_own = false;
    inject_arm(&first);
    char *copy = strdup("a library's");
    inject_disarm();
    must(!is_own && copy == NULL, "an allocation of a library fails");
}

/* --- arguments
 * ------------------------------------------------------------------------- */

static bool read_mode(const char *text, int *out)
{
    for (int i = 0; i < MODES; i++)
        if (strcmp(text, mode_name((enum mode)i)) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static bool read_number(const char *name, int64_t value, struct crew_options *out)
{
    if (value < 0)
        return false;
    if (strcmp(name, "--nth") == 0)
        out->nth = (uint64_t)value;
    else if (strcmp(name, "--seed") == 0)
        out->seed = (uint64_t)value;
    else if (strcmp(name, "--seconds") == 0)
        out->seconds = value;
    else if (strcmp(name, "--minimum") == 0)
        out->minimum = (uint64_t)value;
    else if (strcmp(name, "--workers") == 0 && value > 0 && value <= 8)
        out->workers = (unsigned)value;
    else
        return false;
    return true;
}

static bool read_option(const char *name, const char *text, struct crew_options *out)
{
    int64_t value = 0;
    if (text == NULL)
        return false;
    if (strcmp(name, "--scenario") == 0) {
        out->scenario = text;
        return true;
    }
    if (strcmp(name, "--mode") == 0)
        return read_mode(text, &out->mode);
    return str_to_i64(str_of(text), &value) && read_number(name, value, out);
}

static bool read_options(int argc, char **argv, struct crew_options *out)
{
    *out = (struct crew_options){.mode = -1, .seed = 1, .workers = 2};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--sample") == 0)
            out->is_sample = true;
        else if (strcmp(argv[i], "--trace") == 0)
            out->traces = true;
        else if (read_option(argv[i], argv[i + 1], out))
            i++;
        else
            return false;
    }
    if (out->nth != 0)
        out->workers = 1;
    return true;
}

int main(int argc, char **argv)
{
    struct crew_options options;
    if (!read_options(argc, argv, &options)) {
        (void)fprintf(
            stderr,
            "usage: torture [--scenario NAME] [--mode MODE] [--nth N] [--trace] "
            "[--sample --seconds N --seed N --minimum N] [--workers N]\n");
        return 64;
    }
    find_own();
    check_own();
    log_init(LOG_ERROR, LOG_JSON, COLOUR_AUTO);
    if (!options.traces && freopen("/dev/null", "w", stderr) == NULL)
        return 74;
    return crew_work(&options) ? 0 : 1;
}
