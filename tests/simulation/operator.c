/*
 * operator: what happens to the gateway and its machine: kills, restarts, full disks,
 * clocks that jump, pauses, replays, reloads. All of it ends before the run does.
 */
#include "medium.h"

#include <assert.h>

#include "gateway/memory.h"

#include "finish.h"

#define ORDER_ARENA_BYTES (4u * 1024 * 1024)
#define LOOK_AGAIN_MS 1000
#define DAY_MS (INT64_C(24) * 3600 * 1000)

static bool is_running(const struct sim *sim)
{
    return sim->gateway.is_up && !sim->gateway.is_dead && !sim->gateway.is_draining;
}

/* --- kills and restarts --------------------------------------------------------------
 */

static void kills(struct sim *sim, void *context)
{
    (void)context;
    if (sim->is_healing || !sim->gateway.is_up)
        return;
    sim_note(sim, "killed", 0, 0);
    gateway_kill(sim);
}

static void arms(struct sim *sim, void *context)
{
    (void)context;
    if (!sim->is_healing)
        sim->crash_after = sim_between(sim, 1, 60);
}

static void restarts(struct sim *sim, void *context)
{
    (void)context;
    if (!sim->is_healing)
        gateway_restart(sim);
}

/* --- the disk and the clock
 * ------------------------------------------------------------- */

static void disk_has_room(struct sim *sim, void *context)
{
    (void)context;
    sim_note(sim, "disk has room", 0, 0);
    medium_set_full(sim, false);
}

static void disk_fills(struct sim *sim, void *context)
{
    (void)context;
    if (sim->is_healing)
        return;
    sim_note(sim, "disk is full", 0, 0);
    medium_set_full(sim, true);
    sim_after(sim, sim_between(sim, 1, 20000), disk_has_room, NULL);
}

static void disk_is_mended(struct sim *sim, void *context)
{
    (void)context;
    medium_mend(sim);
}

static void disk_breaks(struct sim *sim, void *context)
{
    (void)context;
    if (sim->is_healing || !is_running(sim))
        return;
    sim_note(sim, "disk breaks", 0, 0);
    medium_break(sim);
    sim_after(sim, sim_between(sim, 1, 20000), disk_is_mended, NULL);
}

static void clock_is_set(struct sim *sim, void *context)
{
    (void)context;
    sim->skew_ms = 0;
    sim_note(sim, "clock is right", 0, 0);
}

/* A little, and it stays; or a lot, until somebody notices. */
static void clock_jumps(struct sim *sim, void *context)
{
    (void)context;
    if (sim->is_healing)
        return;
    bool is_far = sim_chance(sim, 300);
    sim->skew_ms = is_far ? sim_between(sim, -30 * DAY_MS, 30 * DAY_MS)
                          : sim_between(sim, -120000, 120000);
    sim_note(sim, "clock jumps", sim->skew_ms, 0);
    if (is_far)
        sim_after(sim, sim_between(sim, 1, 20000), clock_is_set, NULL);
}

/* --- orders
 * ---------------------------------------------------------------------------------- */

struct own_order {
    struct order order;
    struct sim *sim;
    unsigned bridge; /* of RESUME */
};

static void resumes(struct sim *sim, void *context);

static void order_ended(struct order *order)
{
    struct own_order *own = CONTAINER_OF(order, struct own_order, order);
    struct sim *sim = own->sim;
    bool is_resume = order->verb == ORDER_RESUME;
    if (!sim->gateway.is_dead)
        sim_note(sim, order_verb_name(order->verb), (int64_t)order->status,
                 (int64_t)order->changed);
    if (is_resume && order->status != STATUS_OK && !sim->is_healing)
        sim_after(sim, LOOK_AGAIN_MS, resumes, (void *)(uintptr_t)own->bridge);
    if (is_resume && order->status == STATUS_OK && sim->is_healing)
        sim->resumed |= 1u << own->bridge;
    arena_free(order->arena);
}

static struct order *order_new(struct sim *sim, enum order_verb verb, unsigned bridge)
{
    static const char *const names[] = {"b0", "b1", "b2"};
    assert(bridge < COUNT_OF(names));
    struct arena *arena = arena_new(ORDER_ARENA_BYTES);
    struct own_order *own = arena_alloc(arena, sizeof(*own));
    own->sim = sim;
    own->bridge = bridge;
    own->order = (struct order){
        .verb = verb,
        .bridge = str_of(names[bridge]),
        .reason = STR("the operator wanted it"),
        .arena = arena,
        .done = order_ended,
    };
    return &own->order;
}

static void order_give(struct sim *sim, struct order *order)
{
    order_submit(sim->gateway.relay, sim->gateway.config, order);
}

/* Until it is: the gateway may be down, its disk full, its bridge not configured. */
static void resumes(struct sim *sim, void *context)
{
    unsigned bridge = (unsigned)(uintptr_t)context;
    if (is_running(sim))
        order_give(sim, order_new(sim, ORDER_RESUME, bridge));
    else
        sim_after(sim, LOOK_AGAIN_MS, resumes, context);
}

static void pauses(struct sim *sim, void *context)
{
    (void)context;
    if (sim->is_healing || !is_running(sim))
        return;
    unsigned bridge = (unsigned)sim_between(sim, 0, (int64_t)sim->plan.bridges - 1);
    order_give(sim, order_new(sim, ORDER_PAUSE, bridge));
    sim_after(sim, sim_between(sim, 1, 60000), resumes, (void *)(uintptr_t)bridge);
}

/* --- dead letters
 * ------------------------------------------------------------------------------ */

struct dead_letters {
    int64_t ids[64];
    size_t count;
};

static void note_dead(struct sim *sim, const struct kept_message *message,
                      void *context)
{
    struct dead_letters *dead = context;
    if (message->state != DELIVERY_DEAD || dead->count == COUNT_OF(dead->ids) ||
        !sim_chance(sim, 500))
        return;
    dead->ids[dead->count++] = message->delivery;
    finish_write_dead(sim, message);
    sim_history(
        sim, &(struct history_event){
                 .kind = HISTORY_REPLAYED,
                 .lane = str_of(message->mark.person->lanes[message->mark.direction]),
                 .seq = message->mark.seq,
             });
}

static void replays(struct sim *sim, void *context)
{
    struct dead_letters dead = {.count = 0};
    (void)context;
    if (sim->is_healing || !is_running(sim))
        return;
    finish_each_message(sim, note_dead, &dead);
    if (dead.count == 0)
        return;
    struct order *order = order_new(sim, ORDER_REPLAY, 0);
    order->deliveries = (const int64_t *)(const void *)arena_copy(
                            order->arena, str_from(dead.ids, sizeof(dead.ids)))
                            .ptr;
    order->delivery_count = dead.count;
    order_give(sim, order);
}

/* --- reload: as gateway_reload
 * ------------------------------------------------------------------- */

struct reload {
    struct write_job job;
    struct sim *sim;
    struct config *config;
    unsigned variant;
};

static enum status reload_apply(struct write_job *job, struct store *store,
                                struct now now, struct error *err)
{
    struct reload *reload = CONTAINER_OF(job, struct reload, job);
    return relay_sync_bridges(reload->sim->gateway.relay, reload->config, store,
                              now.wall_ms, err);
}

static void reload_done(struct write_job *job, enum status status,
                        const struct error *err)
{
    struct reload *reload = CONTAINER_OF(job, struct reload, job);
    struct gateway *gateway = &reload->sim->gateway;
    (void)err;
    reload->sim->reloads_under_way--;
    if (status != STATUS_OK) {
        config_drop(reload->config);
        return;
    }
    engine_adopt(gateway->engine, reload->config);
    config_drop(gateway->config);
    gateway->config = reload->config;
    gateway->variant = reload->variant;
    if (!gateway->is_dead)
        sim_note(reload->sim, "reloaded", 0, 0);
}

static void reload_with(struct sim *sim, unsigned variant)
{
    sim->config_variant = variant; /* what a restart reads, too */
    struct reload *reload = arena_alloc(sim->arena, sizeof(*reload));
    reload->job = (struct write_job){.apply = reload_apply, .done = reload_done};
    reload->sim = sim;
    reload->variant = variant;
    reload->config = gateway_load_config(sim, variant);
    sim->reloads_under_way++;
    if (writer_submit(sim->gateway.writer, &reload->job))
        return;
    sim->reloads_under_way--;
    config_drop(reload->config);
}

static void reloads(struct sim *sim, void *context)
{
    (void)context;
    if (!sim->is_healing && is_running(sim))
        reload_with(sim, (unsigned)sim_between(sim, 0, 2));
}

/* --- the plan and its end
 * -------------------------------------------------------------------------- */

void operator_plan(struct sim *sim)
{
    const struct plan *plan = &sim->plan;
    const struct {
        unsigned count;
        sim_action *action;
    } rows[] = {
        {plan->crashes,       kills      },
        {plan->point_crashes, arms       },
        {plan->restarts,      restarts   },
        {plan->full_disks,    disk_fills },
        {plan->broken_disks,  disk_breaks},
        {plan->clock_jumps,   clock_jumps},
        {plan->pauses,        pauses     },
        {plan->replays,       replays    },
        {plan->reloads,       reloads    },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (unsigned n = 0; n < rows[i].count; n++)
            sim_after(sim, sim_between(sim, 0, plan->trouble_ms), rows[i].action, NULL);
}

/* Until it runs with the settings of the start and nothing is held. */
static void heals(struct sim *sim, void *context)
{
    const unsigned all = (1u << sim->plan.bridges) - 1;
    (void)context;
    bool is_settled =
        is_running(sim) && sim->gateway.variant == 0 && sim->reloads_under_way == 0;
    sim->is_healed = is_settled && sim->resumed == all;
    if (sim->is_healed)
        return;
    sim_after(sim, LOOK_AGAIN_MS, heals, NULL);
    if (!is_running(sim))
        return;
    if (!is_settled)
        reload_with(sim, 0);
    else
        for (unsigned i = 0; i < sim->plan.bridges; i++)
            order_give(sim, order_new(sim, ORDER_RESUME, i));
}

void operator_heal(struct sim *sim)
{
    sim->crash_after = 0;
    sim->skew_ms = 0;
    medium_set_full(sim, false);
    medium_mend(sim);
    heals(sim, NULL);
}
