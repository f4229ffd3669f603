/*
 * powerloss: lives from seeds, crashed at every place of their records.
 *
 *   powerloss [--seed FIRST] [--points N] [--seconds S] [--draws N]
 *             [--sync full|normal|off] [--phase P --position N]
 *
 * Goes on until N crash points were judged and S seconds are over; fails when that
 * takes more than three times S. With --sync full (as the store is opened) every
 * promise must hold; the others are the controls, which must be seen to fail: with
 * normal, promises are lost but nothing is damaged. A broken promise is printed with
 * the arguments that show it again.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "judge.h"
#include "support/lines.h"

#include "gateway/clock.h"
#include "gateway/memory.h"

#define EXAMINE_ONE_IN 64
#define REPORTS_MAX 10

struct options {
    uint64_t seed;
    uint64_t points;
    int64_t seconds;
    unsigned draws; /* crashes at each place */
    enum durability durability;
    int64_t phase; /* only this crash point; -1: all */
    int64_t position;
};

struct tally {
    uint64_t lives;
    uint64_t points;
    uint64_t verdicts[VERDICTS];
};

struct run {
    struct options options;
    struct vfs_memory *living;
    struct vfs_memory *after;
    struct config *config;
    struct judge *judge;
    struct tally tally;
    bool is_failed;
};

static const char *const durability_names[] = {"full", "normal", "off"};

/* Of one crash point, the same whatever was judged before it. */
static void seed_point(struct random *random, const struct life *life, size_t position,
                       unsigned draw)
{
    uint64_t seed = life->seed;
    const uint64_t parts[] = {life->phase, position, draw};
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        seed = (seed ^ parts[i]) * UINT64_C(0x9E3779B97F4A7C15) + 1;
    random_seed(random, seed);
}

static void report(struct run *run, const struct life *life, size_t position,
                   unsigned draw, enum disk_fate fate, enum verdict verdict)
{
    uint64_t reported = run->tally.points - run->tally.verdicts[VERDICT_SOUND];
    if (run->options.durability != DURABLE_FULL || reported > REPORTS_MAX)
        return;
    (void)printf("%s: %s\n  again: powerloss --seed %llu --phase %u --position %zu "
                 "--draws %u (fate %d)\n",
                 verdict_name(verdict), judge_reason(run->judge),
                 (unsigned long long)life->seed, life->phase, position, draw + 1,
                 (int)fate);
}

static void crash_at(struct run *run, const struct life *life, const struct disk *disk,
                     size_t position)
{
    for (unsigned draw = 0; draw < run->options.draws; draw++) {
        struct random random;
        seed_point(&random, life, position, draw);
        enum disk_fate fate = (enum disk_fate)random_below(&random, DISK_FATES);
        struct disk *found = disk_after_crash(disk, fate, &random);
        enum verdict verdict = judge_find(run->judge, life, position, found);
        run->tally.points++;
        run->tally.verdicts[verdict]++;
        if (verdict != VERDICT_SOUND)
            report(run, life, position, draw, fate, verdict);
    }
}

static bool is_chosen(const struct run *run, const struct life *life, size_t position)
{
    const struct options *options = &run->options;
    return options->phase < 0 || (options->phase == (int64_t)life->phase &&
                                  options->position == (int64_t)position);
}

/* Every place of the record, its end included. */
static void crash_everywhere(struct run *run, const struct life *life,
                             const struct vfs_record *record)
{
    struct disk *disk = disk_copy(record->begin);
    for (size_t position = 0; position <= record->count; position++) {
        if (position > 0)
            disk_apply(disk, record->events[position - 1]);
        if (is_chosen(run, life, position))
            crash_at(run, life, disk, position);
    }
    disk_free(disk);
}

/* The controls lose what they have, so they have one phase only. */
static void live(struct run *run, uint64_t seed)
{
    unsigned phases = run->options.durability == DURABLE_FULL ? LIFE_PHASES : 1;
    struct life *life =
        life_new(seed, run->options.durability, run->living, "living", run->config);
    for (unsigned i = 0; i < phases && !run->is_failed; i++) {
        struct vfs_record *record = life_go_on(life);
        if (record == NULL) {
            run->is_failed = true;
            break;
        }
        if (judge_phase(run->judge, life, record)) {
            crash_everywhere(run, life, record);
        } else {
            (void)printf("seed %llu, phase %u, without a crash: %s\n",
                         (unsigned long long)seed, life->phase,
                         judge_reason(run->judge));
            run->is_failed = true;
        }
        vfs_record_free(record);
    }
    life_free(life);
    run->tally.lives++;
}

static bool has_failed(const struct run *run)
{
    const uint64_t *verdicts = run->tally.verdicts;
    uint64_t lost = verdicts[VERDICT_LOST];
    uint64_t other = verdicts[VERDICT_PHANTOM] + verdicts[VERDICT_DAMAGED];
    switch (run->options.durability) {
    case DURABLE_FULL:
        return lost + other > 0;
    case DURABLE_NORMAL:
        return lost == 0 || other > 0;
    case DURABLE_OFF:
        return lost == 0 || other == 0;
    }
    return true;
}

static void print_summary(const struct run *run, int64_t took_ms)
{
    const struct tally *tally = &run->tally;
    (void)printf("power loss, synchronous=%s: seeds %llu to %llu, %llu crash points in "
                 "%lld.%lld s (%lld a second)\n",
                 durability_names[run->options.durability],
                 (unsigned long long)run->options.seed,
                 (unsigned long long)(run->options.seed + tally->lives - 1),
                 (unsigned long long)tally->points, (long long)took_ms / 1000,
                 (long long)took_ms / 100 % 10,
                 (long long)((int64_t)tally->points * 1000 / (took_ms + 1)));
    (void)printf("  %llu different disks; %llu transactions and %llu finds examined in "
                 "full; lost %llu, "
                 "phantoms %llu, damaged %llu\n",
                 (unsigned long long)judge_distinct(run->judge),
                 (unsigned long long)judge_commits(run->judge),
                 (unsigned long long)judge_examined(run->judge),
                 (unsigned long long)tally->verdicts[VERDICT_LOST],
                 (unsigned long long)tally->verdicts[VERDICT_PHANTOM],
                 (unsigned long long)tally->verdicts[VERDICT_DAMAGED]);
}

static bool is_to_go_on(struct run *run, int64_t took_ms)
{
    const struct options *options = &run->options;
    if (options->phase >= 0)
        return false;
    if (run->tally.points >= options->points)
        return took_ms < options->seconds * 1000;
    if (options->seconds == 0 || took_ms < 3 * options->seconds * 1000)
        return true;
    (void)printf("too slow: fewer than %llu crash points\n",
                 (unsigned long long)options->points);
    run->is_failed = true;
    return false;
}

static int judge_lives(struct run *run)
{
    int64_t began_ms = clock_now().mono_ms;
    uint64_t seed = run->options.seed;
    bool is_due = true;
    while (is_due && !run->is_failed) {
        live(run, seed++);
        is_due = is_to_go_on(run, clock_now().mono_ms - began_ms);
    }
    print_summary(run, clock_now().mono_ms - began_ms);
    if (run->options.phase >= 0) /* one point proves nothing of a control */
        return run->is_failed || run->tally.verdicts[VERDICT_SOUND] < run->tally.points;
    return run->is_failed || has_failed(run);
}

/* --- arguments --------------------------------------------------------------- */

static bool read_durability(const char *text, enum durability *out)
{
    for (size_t i = 0; i < COUNT_OF(durability_names); i++)
        if (strcmp(text, durability_names[i]) == 0) {
            *out = (enum durability)i;
            return true;
        }
    return false;
}

static bool read_option(const char *name, const char *text, struct options *out)
{
    int64_t value = 0;
    if (strcmp(name, "--sync") == 0)
        return read_durability(text, &out->durability);
    if (!str_to_i64(str_of(text), &value) || value < 0)
        return false;
    if (strcmp(name, "--seed") == 0)
        out->seed = (uint64_t)value;
    else if (strcmp(name, "--points") == 0)
        out->points = (uint64_t)value;
    else if (strcmp(name, "--seconds") == 0)
        out->seconds = value;
    else if (strcmp(name, "--draws") == 0 && value > 0 && value < 1000)
        out->draws = (unsigned)value;
    else if (strcmp(name, "--phase") == 0)
        out->phase = value;
    else if (strcmp(name, "--position") == 0)
        out->position = value;
    else
        return false;
    return true;
}

static bool read_options(int argc, char **argv, struct options *out)
{
    *out = (struct options){.seed = 1, .points = 1, .draws = 1, .phase = -1};
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || !read_option(argv[i], argv[i + 1], out))
            return false;
    return true;
}

int main(int argc, char **argv)
{
    struct run run = {.is_failed = false};
    if (!read_options(argc, argv, &run.options)) {
        (void)fprintf(
            stderr, "usage: powerloss [--seed N] [--points N] [--seconds N] "
                    "[--draws N] [--sync full|normal|off] [--phase N --position N]\n");
        return 64;
    }
    /* Every dead letter of every life would be logged. */
    if (freopen("/dev/null", "w", stderr) == NULL)
        return 74;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    run.living = vfs_memory_new("living", run.options.seed);
    run.after = vfs_memory_new("after", run.options.seed);
    run.config = lines_config();
    run.config->limits.max_pending = 1000000;
    run.judge = judge_new(run.after, "after", run.config, EXAMINE_ONE_IN);
    int failed = judge_lives(&run);
    judge_free(run.judge);
    config_drop(run.config);
    vfs_memory_put_disk(run.living, disk_new());
    vfs_memory_free(run.after);
    vfs_memory_free(run.living);
    return failed;
}
