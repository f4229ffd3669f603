/*
 * medium: where the database lives, and what happens to that: the model in memory, or
 * SQLite on a file system in memory, which can lose its power.
 */
#include "medium.h"

#include "store/memory.h"
#include "support/vfs_memory.h"

#include "gateway/crypto.h"

#define VFS_NAME "simulation"
#define SQLITE_URL "sqlite:/simulation/omgw.db"
#define MEMORY_URL "memory:simulation"

/* Of the process: SQLite's file system, and the disk with an empty database on it. */
static struct vfs_memory *vfs;
static struct disk *empty;

/* What stands where the gateway asks for secret bytes: the key of its ids, and names of
 * files, of which each has its own. */
void __wrap_bytes_random(void *out, size_t len); /* NOLINT: the linker's name for it */
void __wrap_bytes_random(void *out, size_t len)
{
    memset(out, 0x5a, len);
    if (len == HASH16_BYTES && the_sim != NULL && the_sim->gateway.media != NULL) {
        the_sim->names++;
        memcpy(out, &the_sim->names, sizeof(the_sim->names));
    }
}

static void must(enum status status, const struct error *err)
{
    if (status == STATUS_OK)
        return;
    (void)fprintf(stderr, "simulate: %s\n", err->text);
    abort();
}

enum status medium_open_store(const struct sim *sim, enum store_mode mode,
                              struct store **out_store, struct error *err)
{
    bool is_memory = sim->plan.store == SIM_MEMORY;
    const struct store_options options = {
        .mode = mode,
        .may_migrate = mode == STORE_WRITER,
        .vfs = is_memory ? NULL : VFS_NAME,
    };
    return store_open(is_memory ? MEMORY_URL : SQLITE_URL, &options, out_store, err);
}

/* The schema is made once a process: it takes longer than many a seed. */
static void open_disk(struct sim *sim)
{
    struct store *store = NULL;
    struct error err;
    if (vfs == NULL) {
        vfs = vfs_memory_new(VFS_NAME, 1);
        must(medium_open_store(sim, STORE_WRITER, &store, &err), &err);
        store_close(store);
        empty = disk_copy(vfs_memory_disk(vfs));
    }
    vfs_memory_reseed(vfs, sim->seed);
    vfs_memory_put_disk(vfs, disk_copy(empty));
    vfs_memory_limit(vfs, SIZE_MAX);
    vfs_memory_trouble(vfs, &(struct vfs_trouble){.nth = 0});
}

/* A handle of ours keeps the model's database while no gateway has it open. */
static void open_model(struct sim *sim)
{
    struct store *store = NULL;
    struct error err;
    must(medium_open_store(sim, STORE_WRITER, &store, &err), &err);
    must(medium_open_store(sim, STORE_READER, &sim->keeper, &err), &err);
    store_close(store);
}

void medium_open(struct sim *sim)
{
    if (sim->plan.store == SIM_MEMORY)
        open_model(sim);
    else
        open_disk(sim);
}

void medium_close(struct sim *sim)
{
    store_close(sim->keeper);
    sim->keeper = NULL;
}

void medium_release(void)
{
    vfs_memory_free(vfs);
    disk_free(empty);
    vfs = NULL;
    empty = NULL;
}

static void set_state(struct sim *sim, bool is_dead)
{
    enum memory_state state = sim->is_disk_full ? MEMORY_IS_FULL : MEMORY_WORKS;
    memory_store_set_state(sim->keeper, is_dead ? MEMORY_IS_DEAD : state);
}

void medium_set_full(struct sim *sim, bool is_full)
{
    sim->is_disk_full = is_full;
    if (sim->plan.store == SIM_MEMORY) {
        set_state(sim, sim->gateway.is_up && sim->gateway.is_dead);
        return;
    }
    size_t room = disk_used(vfs_memory_disk(vfs)) + (size_t)sim_between(sim, 0, 40000);
    vfs_memory_limit(vfs, is_full ? room : SIZE_MAX);
}

/* One call, or all from there on until medium_mend. */
void medium_break(struct sim *sim)
{
    struct store *store = sim->gateway.store;
    unsigned nth = (unsigned)sim_between(sim, 1, 60);
    if (sim->plan.store == SIM_MEMORY) {
        memory_store_fail(store, nth,
                          sim_chance(sim, 500) ? MEMORY_FAILS_CALL
                                               : MEMORY_DROPS_TRANSACTION);
        return;
    }
    sim->is_disk_broken = true;
    vfs_memory_trouble(vfs, &(struct vfs_trouble){.nth = nth,
                                                  .goes_on = sim_chance(sim, 300),
                                                  .calls = VFS_CHANGES});
}

void medium_mend(struct sim *sim)
{
    sim->is_disk_broken = false;
    if (sim->plan.store == SIM_SQLITE)
        vfs_memory_trouble(vfs, &(struct vfs_trouble){.nth = 0});
}

/* The process dies; half the time the machine loses its power with it. */
void medium_kill(struct sim *sim)
{
    if (sim->plan.store == SIM_MEMORY) {
        set_state(sim, true);
        return;
    }
    if (sim_chance(sim, 500)) {
        vfs_memory_kill(vfs);
        return;
    }
    enum disk_fate fate = (enum disk_fate)sim_between(sim, 0, DISK_FATES - 1);
    sim_note(sim, "power is lost", (int64_t)fate, 0);
    vfs_memory_lose_power(vfs, fate, &sim->random);
}

void medium_revive(struct sim *sim)
{
    if (sim->plan.store == SIM_MEMORY)
        set_state(sim, false);
}
