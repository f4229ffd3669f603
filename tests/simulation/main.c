/*
 * simulate: runs seeds and says which broke a promise.
 *
 *   simulate [--from S] [--store memory|sqlite] [--trace] [--quiet]
 *            [--seeds N | --seconds S --least N] [--points PERCENT]
 *
 * By time: as many seeds as it takes, at least N; when they are not reached by then, it
 * goes on to three times that time, and then fails.
 *
 * --points: fails when fewer of the code's fault points were reached.
 *
 * Last line: seeds, violations and one hash over all that happened; the same seeds give
 * the same hash. Exit code 0: no violation.
 */
#include "medium.h"

#include "points.h"

#include "gateway/clock.h"
#include "gateway/log.h"

#define OUTPUT_BYTES (1024u * 1024)
#define SHOWN_SEEDS 10

struct options {
    int64_t from;
    int64_t seeds;
    int64_t seconds; /* 0: by number */
    int64_t least;
    int64_t points;
    enum sim_store store;
    bool is_traced;
    bool is_quiet; /* about fault points */
};

static int usage(void)
{
    (void)fprintf(stderr, "usage: simulate [--from S] [--store memory|sqlite] "
                          "[--trace] [--quiet] [--seeds N | --seconds S --least N] "
                          "[--points PERCENT]\n");
    return 64;
}

static bool read_number(struct options *out, struct str name, struct str value)
{
    const struct {
        const char *name;
        int64_t *number;
    } numbers[] = {
        {"--from",    &out->from   },
        {"--seeds",   &out->seeds  },
        {"--seconds", &out->seconds},
        {"--least",   &out->least  },
        {"--points",  &out->points },
    };
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (str_is(name, numbers[i].name))
            return str_to_i64(value, numbers[i].number) && *numbers[i].number >= 0;
    return false;
}

static bool read_store(struct options *out, struct str name, struct str value)
{
    out->store = str_is(value, "sqlite") ? SIM_SQLITE : SIM_MEMORY;
    return str_is(name, "--store") &&
           (out->store == SIM_SQLITE || str_is(value, "memory"));
}

static bool read_options(int argc, char **argv, struct options *out)
{
    *out = (struct options){.from = 1, .seeds = 100};
    for (int i = 1; i < argc; i++) {
        struct str name = str_of(argv[i]);
        struct str value = str_of(i + 1 < argc ? argv[i + 1] : "");
        if (str_is(name, "--trace")) {
            out->is_traced = true;
        } else if (str_is(name, "--quiet")) {
            out->is_quiet = true;
        } else if (read_number(out, name, value) || read_store(out, name, value)) {
            i++;
        } else {
            return false;
        }
    }
    return true;
}

static void show(const struct options *options, int64_t seed, struct buf *lines)
{
    const char *store = options->store == SIM_SQLITE ? "sqlite" : "memory";
    (void)printf("seed %lld:\n%s  again: scripts/simulate --store %s --from %lld "
                 "--seeds 1 --trace\n",
                 (long long)seed, buf_c_string(lines), store, (long long)seed);
}

/* What all seeds came to. */
struct total {
    int64_t seeds;
    int64_t bad_seeds;
    size_t violations;
    uint64_t hash;
};

static void run_one(const struct options *options, int64_t seed, struct total *total)
{
    CLEANUP(buf_release) struct buf lines;
    uint64_t own = 0;
    buf_init(&lines, OUTPUT_BYTES);
    size_t found =
        sim_run((uint64_t)seed, options->store, options->is_traced, &lines, &own);
    total->hash = (total->hash ^ own) * UINT64_C(1099511628211);
    total->seeds++;
    total->violations += found;
    total->bad_seeds += found > 0;
    if (found > 0 && total->bad_seeds <= SHOWN_SEEDS)
        show(options, seed, &lines);
    (void)fflush(stdout);
}

static void run_all(const struct options *options, struct total *total)
{
    int64_t start_ms = clock_now().mono_ms;
    for (int64_t i = 0; options->seconds > 0 || i < options->seeds; i++) {
        int64_t spent_s = (clock_now().mono_ms - start_ms) / 1000;
        int64_t most_s =
            total->seeds < options->least ? options->seconds * 3 : options->seconds;
        if (options->seconds > 0 && spent_s >= most_s)
            return;
        run_one(options, options->from + i, total);
    }
}

int main(int argc, char **argv)
{
    struct options options;
    struct total total = {0};
    if (!read_options(argc, argv, &options))
        return usage();
    log_init(options.is_traced ? LOG_DEBUG : LOG_NOTHING, LOG_JSON, COLOUR_AUTO);

    run_all(&options, &total);
    medium_release();
    int64_t reached = points_print(options.is_quiet);
    bool has_enough = total.seeds >= options.least && reached >= options.points;
    if (!has_enough)
        (void)printf("too few: at least %lld seeds and %lld %% of the fault points "
                     "were wanted\n",
                     (long long)options.least, (long long)options.points);
    (void)printf("%lld seeds, %zu violations in %lld of them, hash %016llx\n",
                 (long long)total.seeds, total.violations, (long long)total.bad_seeds,
                 (unsigned long long)total.hash);
    return total.violations == 0 && has_enough ? 0 : 1;
}
