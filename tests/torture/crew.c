#include "crew.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inject.h"
#include "support/must.h"

#include "gateway/log.h"
#include "gateway/memory.h"

#define WORKERS_MAX 8
#define FINDS_MAX 25
/* One injection takes some milliseconds. */
#define HANG_S 120
/* Of one scenario and mode before a sample takes the next. */
#define SAMPLE_RUN 12
#define EXIT_FOUND 3

/* What a worker is doing: its successor goes on behind it. */
struct post {
    pid_t pid;
    bool has_job;
    size_t job;
    uint64_t nth;
    uint64_t turn; /* of a sample */
};

struct shared {
    _Atomic size_t next_job;
    _Atomic uint64_t injections[MODES];
    _Atomic uint64_t aborts;
    _Atomic unsigned finds;
    struct post posts[WORKERS_MAX];
};

struct crew {
    struct crew_options options;
    struct shared *shared;
    size_t job_count;
    time_t ends; /* of a sample */
    time_t gives_up;
};

/* --- jobs ----------------------------------------------------------------------------
 */

static const struct scenario *scenario_of(size_t job)
{
    return &scenarios[job / MODES];
}

static enum mode mode_of(size_t job)
{
    return (enum mode)(job % MODES);
}

static bool is_wanted(const struct crew *crew, size_t job)
{
    const struct crew_options *options = &crew->options;
    return (options->scenario == NULL ||
            strcmp(options->scenario, scenario_of(job)->name) == 0) &&
           (options->mode < 0 || options->mode == (int)mode_of(job));
}

static uint64_t done_so_far(const struct crew *crew)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < MODES; i++)
        sum += atomic_load(&crew->shared->injections[i]);
    return sum;
}

static bool is_over(const struct crew *crew)
{
    time_t now = time(NULL);
    if (atomic_load(&crew->shared->finds) >= FINDS_MAX || now >= crew->gives_up)
        return true;
    return crew->options.is_sample && now >= crew->ends &&
           done_so_far(crew) >= crew->options.minimum;
}

/* --- a worker
 * -------------------------------------------------------------------------- */

static void find(struct crew *crew, const struct post *post, const char *why)
{
    atomic_fetch_add(&crew->shared->finds, 1);
    (void)printf("%s, %s, %llu: %s\n  again: torture --scenario '%s' --mode %s --nth "
                 "%llu\n",
                 scenario_of(post->job)->name, mode_name(mode_of(post->job)),
                 (unsigned long long)post->nth, why, scenario_of(post->job)->name,
                 mode_name(mode_of(post->job)), (unsigned long long)post->nth);
    (void)fflush(stdout);
}

/* False: there are no more calls. */
static bool inject_one(struct crew *crew, struct run *run, struct post *post)
{
    struct error err;
    uint64_t before = run_aborts(run);
    (void)alarm(HANG_S);
    inject_trace(crew->options.traces);
    enum run_result result = run_injected(run, post->nth, &err);
    inject_trace(false);
    atomic_fetch_add(&crew->shared->aborts, run_aborts(run) - before);
    if (result == RUN_BROKEN) {
        char why[sizeof(err.text) + 64];
        (void)snprintf(why, sizeof(why), "%s failed first: %s",
                       inject_first() == NULL ? "a file" : inject_first(), err.text);
        find(crew, post, why);
        _exit(EXIT_FOUND); /* whatever the world is in now */
    }
    if (result == RUN_UNTOUCHED)
        return false;
    atomic_fetch_add(&crew->shared->injections[mode_of(post->job)], 1);
    return true;
}

static struct run *open_run(struct crew *crew, struct world *world, struct post *post)
{
    struct error err;
    (void)alarm(HANG_S);
    struct run *run = run_new(world, scenario_of(post->job), mode_of(post->job), &err);
    if (run == NULL) {
        post->nth = 0;
        find(crew, post, err.text);
        _exit(EXIT_FOUND);
    }
    return run;
}

static void work_through(struct crew *crew, struct world *world, struct post *post)
{
    struct run *run = open_run(crew, world, post);
    if (crew->options.nth != 0) {
        post->nth = crew->options.nth;
        (void)inject_one(crew, run, post);
    } else {
        do
            post->nth++;
        while (!is_over(crew) && inject_one(crew, run, post));
    }
    run_free(run);
}

static void work_on_everything(struct crew *crew, struct world *world,
                               struct post *post)
{
    while (!is_over(crew)) {
        if (!post->has_job) {
            post->job = atomic_fetch_add(&crew->shared->next_job, 1);
            post->nth = 0;
            post->has_job = true;
        }
        if (post->job >= crew->job_count)
            return;
        if (is_wanted(crew, post->job))
            work_through(crew, world, post);
        post->has_job = false;
    }
}

static void work_on_samples(struct crew *crew, struct world *world, struct post *post,
                            size_t number)
{
    while (!is_over(crew)) {
        struct random random;
        random_seed(&random,
                    crew->options.seed + number * UINT64_C(1000003) + post->turn++);
        post->job = (size_t)random_below(&random, crew->job_count);
        if (!is_wanted(crew, post->job))
            continue;
        struct run *run = open_run(crew, world, post);
        for (int i = 0; i < SAMPLE_RUN && run_calls(run) > 0 && !is_over(crew); i++) {
            post->nth = 1 + random_below(&random, run_calls(run));
            (void)inject_one(crew, run, post);
        }
        run_free(run);
    }
}

/* Stays in the child. */
static void work(struct crew *crew, size_t number)
{
    struct post *post = &crew->shared->posts[number];
    struct world *world = world_new();
    if (crew->options.is_sample)
        work_on_samples(crew, world, post, number);
    else
        work_on_everything(crew, world, post);
    (void)alarm(0);
    world_free(world);
    _exit(0);
}

/* --- the crew
 * -------------------------------------------------------------------------- */

static void send_worker(struct crew *crew, size_t number)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    must(pid >= 0, strerror(errno));
    if (pid == 0)
        work(crew, number);
    crew->shared->posts[number].pid = pid;
}

static size_t number_of(const struct crew *crew, pid_t pid)
{
    size_t number = 0;
    while (crew->shared->posts[number].pid != pid)
        must(++number < crew->options.workers, "a worker that is known");
    return number;
}

/* True: it is to have a successor. */
static bool see_off(struct crew *crew, size_t number, int status)
{
    struct post *post = &crew->shared->posts[number];
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return false;
    if (WIFSIGNALED(status)) {
        char why[64];
        (void)snprintf(why, sizeof(why), "%s",
                       WTERMSIG(status) == SIGALRM ? "it hangs"
                                                   : strsignal(WTERMSIG(status)));
        find(crew, post, why);
    } else if (WEXITSTATUS(status) != EXIT_FOUND) {
        find(crew, post, "the process ended by itself");
    }
    /* Only one call was wanted, or not even a run without trouble succeeds. */
    if (crew->options.nth != 0)
        return false;
    if (post->nth == 0)
        post->has_job = false;
    return true;
}

static void watch(struct crew *crew)
{
    unsigned left = crew->options.workers;
    while (left > 0) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, 0);
        if (pid < 0)
            continue;
        size_t number = number_of(crew, pid);
        if (see_off(crew, number, status) && !is_over(crew))
            send_worker(crew, number);
        else
            left--;
    }
}

static void print_summary(const struct crew *crew, time_t began)
{
    (void)printf("torture: %zu scenarios, %llu injections in %lld s", scenario_count,
                 (unsigned long long)done_so_far(crew),
                 (long long)(time(NULL) - began));
    if (crew->options.is_sample)
        (void)printf(" (seed %llu, at least %llu)",
                     (unsigned long long)crew->options.seed,
                     (unsigned long long)crew->options.minimum);
    (void)printf(", %u finds\n ", atomic_load(&crew->shared->finds));
    for (int i = 0; i < MODES; i++)
        (void)printf(" %s %llu", mode_name((enum mode)i),
                     (unsigned long long)atomic_load(&crew->shared->injections[i]));
    (void)printf("; %llu processes ended for want of memory of our own\n",
                 (unsigned long long)atomic_load(&crew->shared->aborts));
}

bool crew_work(const struct crew_options *options)
{
    time_t began = time(NULL);
    struct crew crew = {.options = *options, .job_count = scenario_count * MODES};
    crew.ends = began + options->seconds;
    crew.gives_up = options->is_sample ? began + 3 * options->seconds : INT64_MAX;
    crew.shared = mmap(NULL, sizeof(*crew.shared), PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(crew.shared != MAP_FAILED, "shared memory");
    for (size_t i = 0; i < options->workers; i++)
        send_worker(&crew, i);
    watch(&crew);
    print_summary(&crew, began);
    bool is_enough = !options->is_sample || done_so_far(&crew) >= options->minimum;
    if (!is_enough)
        (void)printf("too slow: fewer injections than wanted\n");
    return is_enough && atomic_load(&crew.shared->finds) == 0;
}
