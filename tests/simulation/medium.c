/* medium: where the database lives, and what happens to that. */
#include "sim.h"

#include "store/memory.h"

static void must(enum status status, const struct error *err)
{
    if (status == STATUS_OK)
        return;
    (void)fprintf(stderr, "simulate: %s\n", err->text);
    abort();
}

/* A handle of ours keeps the model's database while no gateway has it open. */
void medium_open(struct sim *sim)
{
    const struct store_options writer = {.mode = STORE_WRITER, .may_migrate = true};
    const struct store_options reader = {.mode = STORE_READER};
    struct store *store = NULL;
    struct error err;
    sim->medium_url = STR("memory:simulation");
    must(store_open(sim->medium_url.ptr, &writer, &store, &err), &err);
    must(store_open(sim->medium_url.ptr, &reader, &sim->keeper, &err), &err);
    store_close(store);
}

void medium_close(struct sim *sim)
{
    store_close(sim->keeper);
}

static void set_state(struct sim *sim, bool is_dead)
{
    enum memory_state state = sim->is_disk_full ? MEMORY_IS_FULL : MEMORY_WORKS;
    memory_store_set_state(sim->keeper, is_dead ? MEMORY_IS_DEAD : state);
}

void medium_set_full(struct sim *sim, bool is_full)
{
    sim->is_disk_full = is_full;
    set_state(sim, sim->gateway.is_up && sim->gateway.is_dead);
}

void medium_kill(struct sim *sim)
{
    set_state(sim, true);
}

void medium_revive(struct sim *sim)
{
    set_state(sim, false);
}
