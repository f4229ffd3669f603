/*
 * The scheduler: one heap of actions by true time, and among those of the same
 * millisecond in an order that the seed decides.
 */
#include "files.h"
#include "finish.h"
#include "medium.h"
#include "points.h"

#include "support/history_json.h"

#include <stdarg.h>

#include "gateway/fault.h"
#include "gateway/memory.h"

/* Faults end; then all must be delivered within this time. */
#define DRAIN_MAX_MS (INT64_C(4) * 3600 * 1000)
#define LOOK_EVERY_MS 1000
#define ACTIONS_MAX 2000000
#define PROBLEM_BYTES 65536

struct sim *the_sim;

/* --- chance and time --------------------------------------------------------- */

int64_t sim_between(struct sim *sim, int64_t low, int64_t high)
{
    return low + (int64_t)random_below(&sim->random, (uint64_t)(high - low) + 1);
}

bool sim_chance(struct sim *sim, unsigned permille)
{
    return permille > 0 && random_below(&sim->random, 1000) < permille;
}

bool sim_fault(struct sim *sim, unsigned permille)
{
    return !sim->is_healing && sim_chance(sim, permille);
}

static bool is_before(const struct timer *a, const struct timer *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(struct timer *a, struct timer *b)
{
    struct timer kept = *a;
    *a = *b;
    *b = kept;
}

void sim_after(struct sim *sim, int64_t delay_ms, sim_action *action, void *context)
{
    if (sim->timer_count == sim->timer_room) {
        sim->timer_room = sim->timer_room == 0 ? 256 : sim->timer_room * 2;
        sim->timers = mem_resize(sim->timers, sim->timer_room * sizeof(*sim->timers));
    }
    size_t place = sim->timer_count++;
    sim->timers[place] = (struct timer){
        .at_ms = sim->now_ms + (delay_ms > 0 ? delay_ms : 0),
        .order = random_u64(&sim->random),
        .action = action,
        .context = context,
    };
    while (place > 0 && is_before(&sim->timers[place], &sim->timers[(place - 1) / 2])) {
        swap(&sim->timers[place], &sim->timers[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
}

static struct timer take_next(struct sim *sim)
{
    struct timer next = sim->timers[0];
    sim->timers[0] = sim->timers[--sim->timer_count];
    size_t place = 0;
    for (;;) {
        size_t child = place * 2 + 1;
        if (child >= sim->timer_count)
            return next;
        if (child + 1 < sim->timer_count &&
            is_before(&sim->timers[child + 1], &sim->timers[child]))
            child++;
        if (!is_before(&sim->timers[child], &sim->timers[place]))
            return next;
        swap(&sim->timers[child], &sim->timers[place]);
        place = child;
    }
}

/* --- what happened -------------------------------------------------------------- */

static void mix(struct sim *sim, uint64_t value)
{
    sim->hash = (sim->hash ^ value) * UINT64_C(1099511628211);
    sim->hash ^= sim->hash >> 32;
}

static void mix_text(struct sim *sim, struct str text)
{
    mix(sim, text.len);
    for (size_t i = 0; i < text.len; i++)
        mix(sim, (uint8_t)text.ptr[i]);
}

static void print_time(const struct sim *sim)
{
    (void)printf("%10lld.%03lld ", (long long)(sim->now_ms / 1000),
                 (long long)(sim->now_ms % 1000));
}

void sim_note(struct sim *sim, const char *what, int64_t a, int64_t b)
{
    mix(sim, (uint64_t)sim->now_ms);
    mix_text(sim, str_of(what));
    mix(sim, (uint64_t)a);
    mix(sim, (uint64_t)b);
    if (!sim->is_traced)
        return;
    print_time(sim);
    (void)printf("%s %lld %lld\n", what, (long long)a, (long long)b);
}

void sim_history(struct sim *sim, const struct history_event *event)
{
    history_add(sim->history, event);
    mix(sim, (uint64_t)sim->now_ms);
    mix(sim, event->kind);
    mix_text(sim, event->lane);
    mix(sim, (uint64_t)event->seq);
    mix(sim, event->part);
    mix(sim, event->status);
    mix_text(sim, event->key);
    mix(sim, (uint64_t)event->row);
    mix(sim, (uint64_t)event->conversation);
    if (!sim->is_traced)
        return;
    CLEANUP(buf_release) struct buf line;
    buf_init(&line, 4096);
    history_write_event(event, &line);
    print_time(sim);
    (void)printf("%s\n", buf_c_string(&line));
}

void sim_problem(struct sim *sim, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    sim->problem_count++;
    buf_printf(&sim->problems, "%s\n", text);
    if (sim->is_traced) {
        print_time(sim);
        (void)printf("PROBLEM %s\n", text);
    }
}

/* --- fault points ------------------------------------------------------------------
 */

static bool at_point(const struct fault_site *site, void *context)
{
    struct sim *sim = context;
    const struct gateway *gateway = &sim->gateway;
    if (!gateway->is_up || gateway->is_dead)
        return false;
    points_count(site);
    if (site->can_fail)
        return sim_fault(sim, sim->plan.failing_points);
    if (sim->crash_after > 0 && --sim->crash_after == 0) {
        sim_note(sim, site->name, 0, 0);
        gateway_kill(sim);
    }
    return false;
}

/* --- the run
 * ---------------------------------------------------------------------------- */

static void sim_open(struct sim *sim, uint64_t seed, enum sim_store store)
{
    sim->seed = seed;
    random_seed(&sim->random, seed);
    plan_make(&sim->plan, store, seed, &sim->random);
    sim->arena = arena_new(SIZE_MAX);
    sim->history = history_new();
    sim->hash = UINT64_C(14695981039346656037);
    buf_init(&sim->problems, PROBLEM_BYTES);
    the_sim = sim;
    fault_set_hook(at_point, sim);
    medium_open(sim);
    files_open(sim);
    people_make(sim);
    people_plan(sim);
    operator_plan(sim);
}

static void sim_close(struct sim *sim)
{
    fault_set_hook(NULL, NULL);
    medium_close(sim);
    files_close(sim);
    HASH_CLEAR(hh, sim->genesys_ids);
    HASH_CLEAR(hh, sim->partner_ids);
    people_free(sim);
    buf_release(&sim->problems);
    history_free(sim->history);
    arena_free(sim->arena);
    mem_free(sim->timers);
    the_sim = NULL;
}

static void run_until(struct sim *sim, int64_t until_ms, size_t *actions)
{
    while (sim->timer_count > 0 && sim->timers[0].at_ms <= until_ms) {
        struct timer next = take_next(sim);
        sim->now_ms = next.at_ms;
        next.action(sim, next.context);
        gateway_tend(sim);
        if (++*actions > ACTIONS_MAX) {
            sim_problem(sim, "stall: %d actions, and no end", ACTIONS_MAX);
            return;
        }
    }
    sim->now_ms = until_ms;
}

/* After the faults: everything accepted is delivered or given up in the end. */
static void drain(struct sim *sim, size_t *actions)
{
    int64_t end_ms = sim->now_ms + DRAIN_MAX_MS;
    while (!finish_is_drained(sim) && sim->problem_count == 0) {
        if (sim->timer_count == 0 || sim->now_ms >= end_ms) {
            finish_say_what_waits(sim);
            return;
        }
        int64_t next_ms = sim->timers[0].at_ms;
        int64_t look_ms = sim->now_ms + LOOK_EVERY_MS;
        run_until(sim, next_ms > look_ms ? next_ms : look_ms, actions);
    }
}

size_t sim_run(uint64_t seed, enum sim_store store, bool is_traced, struct buf *out,
               uint64_t *out_hash)
{
    static const struct history_options options = {0};
    struct sim *sim = mem_new(sizeof(*sim));
    size_t actions = 0;
    sim->is_traced = is_traced;
    sim_open(sim, seed, store);
    gateway_start(sim);
    run_until(sim, sim->plan.trouble_ms, &actions);
    sim->is_healing = true;
    sim_note(sim, "healing", 0, 0);
    operator_heal(sim);
    drain(sim, &actions);
    finish_look(sim);
    gateway_stop(sim);
    size_t found = sim->problem_count;
    buf_add(out, buf_str(&sim->problems));
    found += history_check(sim->history, &options, out);
    *out_hash = sim->hash;
    sim_close(sim);
    mem_free(sim);
    return found;
}
