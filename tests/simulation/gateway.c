/*
 * gateway: one life of the gateway, wired as src/commands/gateway.c does it, with its
 * threads as actions of the scheduler. The engine sleeps exactly as long as it asked
 * for and the writer until it has work, so that a wake-up that is missing shows as a
 * stall.
 */
#include "files.h"
#include "medium.h"

#include "config/load.h"

#include "gateway/channels.h"
#include "gateway/crypto.h"
#include "gateway/fault.h"
#include "gateway/genesys.h"
#include "gateway/media.h"
#include "gateway/memory.h"

#define CONFIG_BYTES 65536
#define WRITER_QUEUE 64
#define ENGINE_INBOX 32
/* Longer than any run: only what it asked for wakes the engine. */
#define ENGINE_WAIT_MS INT64_MAX
#define NEVER INT64_MAX
#define RESTART_MS 1000

static struct now gateway_clock(void)
{
    const struct sim *sim = the_sim;
    const struct gateway *gateway = &sim->gateway;
    return (struct now){
        .wall_ms = sim_wall_ms(sim) + sim->skew_ms,
        .mono_ms = gateway->mono_base_ms + sim->now_ms - gateway->started_ms,
    };
}

struct now gateway_now(const struct sim *sim)
{
    (void)sim;
    return gateway_clock();
}

/* --- its threads ------------------------------------------------------------------ */

static void writer_runs(struct sim *sim, void *context)
{
    struct gateway *gateway = &sim->gateway;
    (void)context;
    if (!gateway->is_up || sim->now_ms < gateway->writer_at_ms)
        return;
    gateway->writer_at_ms = NEVER;
    (void)writer_step(gateway->writer, gateway_clock());
}

static void engine_runs(struct sim *sim, void *context)
{
    struct gateway *gateway = &sim->gateway;
    (void)context;
    if (!gateway->is_up || sim->now_ms < gateway->engine_at_ms)
        return;
    gateway->engine_at_ms = NEVER;
    gateway->poll_wait_ms = 0;
    engine_step(gateway->engine, ENGINE_WAIT_MS);
    if (gateway->is_dead || gateway->poll_wait_ms == ENGINE_WAIT_MS)
        return;
    gateway_wake_engine(sim, gateway->poll_wait_ms);
}

static void due(struct sim *sim, int64_t *at_ms, int64_t delay_ms, sim_action *action)
{
    if (sim->now_ms + delay_ms >= *at_ms)
        return;
    *at_ms = sim->now_ms + delay_ms;
    sim_after(sim, delay_ms, action, NULL);
}

void gateway_wake_engine(struct sim *sim, int64_t delay_ms)
{
    due(sim, &sim->gateway.engine_at_ms, delay_ms, engine_runs);
}

/* As writer_run waits: for work, or for the database to get well. */
static void tend_writer(struct sim *sim)
{
    struct gateway *gateway = &sim->gateway;
    int64_t backoff_ms = writer_backoff_ms(gateway->writer);
    if (writer_pending(gateway->writer) == 0 && writer_is_healthy(gateway->writer))
        return;
    if (gateway->writer_at_ms != NEVER)
        return;
    due(sim, &gateway->writer_at_ms,
        backoff_ms > 0 ? backoff_ms : sim_between(sim, 0, sim->plan.commit_max_ms),
        writer_runs);
}

/* --- relay and engine meet here ------------------------------------------------------
 */

static void late_offer(void *context, struct delivery *list)
{
    struct sim *sim = context;
    struct dispatcher to = engine_dispatcher(sim->gateway.engine);
    to.offer(to.context, list);
}

static void late_recorded(void *context, struct report *report)
{
    struct sim *sim = context;
    struct dispatcher to = engine_dispatcher(sim->gateway.engine);
    to.recorded(to.context, report);
}

static void late_order(void *context, int64_t bridge_row, enum bridge_order order)
{
    struct sim *sim = context;
    struct dispatcher to = engine_dispatcher(sim->gateway.engine);
    to.order(to.context, bridge_row, order);
}

static void late_filed(void *context, struct filing *filing)
{
    struct sim *sim = context;
    struct dispatcher to = engine_dispatcher(sim->gateway.engine);
    to.filed(to.context, filing);
}

/* --- its start
 * -------------------------------------------------------------------------- */

struct config *gateway_load_config(struct sim *sim, unsigned variant)
{
    CLEANUP(buf_release) struct buf text;
    CLEANUP(buf_release) struct buf problems;
    struct config *config = NULL;
    buf_init(&text, CONFIG_BYTES);
    buf_init(&problems, CONFIG_BYTES);
    plan_write_config(&sim->plan, variant, &text);
    const struct config_input input = {
        .file = "the plan", .text = buf_str(&text), .channels = channels};
    if (config_load_text(&input, &config, &problems) != STATUS_OK) {
        (void)fprintf(stderr, "%s", buf_c_string(&problems));
        abort(); /* the machine of the simulation, not the simulated one */
    }
    return config;
}

static enum status open_stores(struct sim *sim, struct error *err)
{
    enum status status = medium_open_store(sim, STORE_WRITER, &sim->gateway.store, err);
    if (status == STATUS_OK)
        status = medium_open_store(sim, STORE_READER, &sim->gateway.reader, err);
    return status;
}

static enum status open_relay(struct sim *sim, struct error *err)
{
    struct gateway *gateway = &sim->gateway;
    gateway->writer = writer_new(gateway->store, WRITER_QUEUE);
    const struct relay_settings settings = {
        .writer = gateway->writer,
        .genesys_source = &genesys_source,
        .media = gateway->media,
        .dispatcher = {.offer = late_offer,
                       .recorded = late_recorded,
                       .context = sim,
                       .order = late_order,
                       .filed = late_filed},
        .seed = random_u64(&sim->random),
    };
    gateway->relay = relay_new(&settings);
    enum status status = store_begin(gateway->store, err);
    if (status != STATUS_OK)
        return status;
    status = relay_sync_bridges(gateway->relay, gateway->config, gateway->store,
                                gateway_clock().wall_ms, err);
    if (status == STATUS_OK)
        return store_commit(gateway->store, err);
    store_rollback(gateway->store);
    return status;
}

static enum status open_engine(struct sim *sim, struct error *err)
{
    struct gateway *gateway = &sim->gateway;
    const struct engine_settings settings = {
        .reader = gateway->reader,
        .genesys_sender = &genesys_sender,
        .genesys_source = &genesys_source,
        .media = gateway->media,
        .recorder = files_recorder(sim),
        .owner = "gateway",
        .seed = random_u64(&sim->random),
        .inbox = ENGINE_INBOX,
        .clock = gateway_clock,
    };
    gateway->engine = engine_new(&settings, gateway->config);
    wire_init(sim, &gateway->wire);
    engine_set_transport(gateway->engine, &gateway->wire.transport);
    return engine_load(gateway->engine, err);
}

static void start_again(struct sim *sim, void *context)
{
    (void)context;
    gateway_start(sim);
}

static void tidies(struct sim *sim, void *context)
{
    struct gateway *gateway = &sim->gateway;
    if (!gateway->is_up || gateway->life != (uint64_t)(uintptr_t)context)
        return;
    relay_tidy(gateway->relay, gateway->config);
    sim_after(sim, 60000, tidies, context);
}

void gateway_start(struct sim *sim)
{
    struct gateway *gateway = &sim->gateway;
    uint64_t life = gateway->life + 1;
    struct error err = {0};
    if (gateway->is_up)
        return;
    *gateway = (struct gateway){
        .is_up = true,
        .life = life,
        .started_ms = sim->now_ms,
        .mono_base_ms = sim_between(sim, 1, 1000000),
        .writer_at_ms = NEVER,
        .engine_at_ms = NEVER,
    };
    sim_note(sim, "starts", (int64_t)life, sim->config_variant);
    gateway->variant = sim->config_variant;
    gateway->config = gateway_load_config(sim, gateway->variant);
    enum status status = open_stores(sim, &err);
    gateway->media = files_open_media(sim);
    if (status == STATUS_OK)
        status = open_relay(sim, &err);
    if (status == STATUS_OK)
        status = open_engine(sim, &err);
    if (status == STATUS_OK && !gateway->is_dead) {
        gateway->has_started = true;
        gateway_wake_engine(sim, 0);
        sim_after(sim, 0, tidies, (void *)(uintptr_t)life);
        return;
    }
    if (!gateway->is_dead && !sim->is_disk_full && !sim->is_disk_broken)
        sim_problem(sim, "start: %s", err.text);
    sim_note(sim, "start failed", 0, 0);
    gateway_kill(sim);
}

/* --- its end
 * ------------------------------------------------------------------------------- */

void gateway_kill(struct sim *sim)
{
    struct gateway *gateway = &sim->gateway;
    if (!gateway->is_up || gateway->is_dead)
        return;
    gateway->is_dead = true;
    sim->crash_after = 0;
    medium_kill(sim);
}

/* Gives back what it had; nothing of this reaches anybody. */
static void take_apart(struct sim *sim)
{
    struct gateway *gateway = &sim->gateway;
    if (gateway->engine != NULL)
        engine_cut(gateway->engine);
    files_stop(sim);
    if (gateway->writer != NULL)
        writer_give_up(gateway->writer);
    if (gateway->engine != NULL)
        engine_finish(gateway->engine);
    front_drop_all(sim);
    engine_free(gateway->engine);
    relay_free(gateway->relay);
    writer_free(gateway->writer);
    media_close(gateway->media);
    store_close(gateway->reader);
    store_close(gateway->store);
    config_drop(gateway->config);
    gateway->is_up = false;
    medium_revive(sim);
}

static void bury(struct sim *sim)
{
    sim_history(sim, &(struct history_event){.kind = HISTORY_DIED});
    sim->deaths++;
    take_apart(sim);
    /* Whoever watches over it waits longer when it could not start. */
    int64_t least_ms = sim->gateway.has_started ? 0 : RESTART_MS;
    int64_t most_ms = sim->is_healing ? 0 : sim->plan.down_max_ms;
    sim_after(sim, sim_between(sim, least_ms, least_ms + most_ms), start_again, NULL);
}

void gateway_tend(struct sim *sim)
{
    struct gateway *gateway = &sim->gateway;
    if (!gateway->is_up)
        return;
    if (gateway->is_dead) {
        bury(sim);
        return;
    }
    tend_writer(sim);
}

/* --- an orderly end
 * ---------------------------------------------------------------------------- */

/* As gateway_drain: what is under way may end, then it is cut, recorded, committed. */
static void drained(struct sim *sim, void *context)
{
    struct gateway *gateway = &sim->gateway;
    if (!gateway->is_up || gateway->is_dead ||
        gateway->life != (uint64_t)(uintptr_t)context)
        return;
    sim_note(sim, "stops", (int64_t)gateway->life, 0);
    engine_cut(gateway->engine);
    files_stop(sim);
    for (unsigned tries = 3; writer_pending(gateway->writer) > 0 && tries > 0;) {
        (void)writer_step(gateway->writer, gateway_clock());
        tries -= writer_backoff_ms(gateway->writer) > 0;
    }
    if (gateway->is_dead)
        return;
    /* Outcomes that could not be committed are as lost as in a crash. */
    if (writer_pending(gateway->writer) > 0) {
        gateway_kill(sim);
        return;
    }
    gateway->is_dead = true; /* whatever comes now is too late */
    take_apart(sim);
    sim_after(sim, sim_between(sim, 0, 500), start_again, NULL);
}

void gateway_restart(struct sim *sim)
{
    struct gateway *gateway = &sim->gateway;
    if (!gateway->is_up || gateway->is_draining)
        return;
    sim_note(sim, "drains", (int64_t)gateway->life, 0);
    gateway->is_draining = true;
    engine_drain(gateway->engine);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): a number, never followed */
    void *life = (void *)(uintptr_t)gateway->life;
    sim_after(sim, sim_between(sim, 0, 8000), drained, life);
}

void gateway_stop(struct sim *sim)
{
    if (!sim->gateway.is_up)
        return;
    sim->gateway.is_dead = true;
    medium_kill(sim);
    take_apart(sim);
}

bool gateway_is_quiet(const struct sim *sim)
{
    const struct gateway *gateway = &sim->gateway;
    return gateway->is_up && !gateway->is_draining && gateway->requests == NULL &&
           writer_pending(gateway->writer) == 0 && engine_is_quiet(gateway->engine);
}
