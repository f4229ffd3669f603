#include "world.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"
#include "skew.h"
#include "support/folder.h"
#include "support/must.h"

#include "store/migrate.h"

#include "gateway/channels.h"
#include "gateway/memory.h"

/* Turns without anything: what was sent is surely read by then. */
#define IDLE_TURNS 4
#define JUMP_FIRST_MS 10
#define JUMP_MAX_MS 2000
#define ANSWER_MS 60000
#define PATIENCE_MS 1000
/* Nothing of the gateway waits longer: probes come every 30 s. */
#define STILL_MS 65000

void world_exempt(struct world *world)
{
    inject_exempt();
    vfs_memory_exempt(world->vfs, true);
}

void world_end_exempt(struct world *world)
{
    vfs_memory_exempt(world->vfs, false);
    inject_end_exempt();
}

/* --- configuration ------------------------------------------------------------- */

static const char config_text[] =
    "public_url: http://127.0.0.1\n"
    "listen: { public: \"127.0.0.1:0\", admin: \"127.0.0.1:0\", "
    "control: \"unix:%s/control.sock\" }\n"
    "database: \"sqlite:%s\"\n"
    "media_dir: %s\n"
    "limits: { disk_reserve: 0, body: 1MiB, max_pending: 40 }\n"
    "retry: { first: 20ms, ceiling: 200ms }\n"
    "genesys:\n"
    "  - { name: main, api_url: \"http://127.0.0.1:%u\", "
    "login_url: \"http://127.0.0.1:%u\", client_id: me, client_secret: secret, "
    "requests_per_minute: 0 }\n"
    "bridges:\n"
    "  - name: acme\n"
    "    channel: partner\n"
    "    genesys: main\n"
    "    integration_id: %s\n"
    "    genesys_secrets: [ { value: " MAIL_GENESYS_SECRET " } ]\n"
    "    partner:\n"
    "      callback_url: \"http://127.0.0.1:%u/partner\"\n"
    "      secrets: [ { value: " MAIL_PARTNER_SECRET " } ]\n";

static struct config *load(const char *path)
{
    struct config *config = NULL;
    CLEANUP(buf_release) struct buf problems;
    buf_init(&problems, 65536);
    enum status status = config_load(path, NULL, channels, &config, &problems);
    must(status == STATUS_OK, buf_c_string(&problems));
    return config;
}

struct config *world_load_config(struct world *world, const char *extra,
                                 const char *integration)
{
    unsigned port = peer_port(world->peer);
    FILE *file = fopen(world->config_path, "w");
    must(file != NULL, world->config_path);
    (void)fprintf(file, config_text, world->folder, world->database_path, world->folder,
                  port, port, integration, port);
    (void)fputs(extra == NULL ? "" : extra, file);
    must(fclose(file) == 0, world->config_path);
    return load(world->config_path);
}

void world_configure(struct world *world, const char *extra)
{
    config_drop(world->config);
    world->config = world_load_config(world, extra, MAIL_INTEGRATION);
}

/* --- the database ---------------------------------------------------------------- */

/* Brought into one file by whoever closed it last. */
static void write_out(const struct world *world, const struct disk *disk)
{
    static const char *const suffixes[] = {"-wal", "-shm"};
    char bytes[4096];
    int number = disk_find(disk, world->database_path);
    FILE *file = fopen(world->database_path, "w");
    must(number >= 0 && file != NULL, world->database_path);
    size_t size = disk_size(disk, (unsigned)number);
    for (size_t at = 0; at < size; at += sizeof(bytes)) {
        size_t got = disk_read(disk, (unsigned)number, at, bytes, sizeof(bytes));
        must(fwrite(bytes, 1, got, file) == got, world->database_path);
    }
    must(fclose(file) == 0, world->database_path);
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s%s", world->database_path, suffixes[i]);
        (void)unlink(path);
    }
}

void world_put_disk(struct world *world, struct disk *disk)
{
    world->is_on_files = false;
    vfs_memory_make_default(world->vfs, true);
    vfs_memory_put_disk(world->vfs, disk);
}

void world_use_disk(struct world *world, const struct disk *disk, bool is_on_files)
{
    world_put_disk(world, disk_copy(disk));
    world->is_on_files = is_on_files;
    vfs_memory_make_default(world->vfs, !is_on_files);
    if (is_on_files)
        write_out(world, disk);
}

/* As an older version left it. */
static void migrate_some(const struct world *world, size_t migrations)
{
    const struct store_options options = {.mode = STORE_WRITER, .may_migrate = true};
    struct sqlite_store store = {.path = mem_copy_string(world->database_path)};
    struct error err = {.text = ""};
    bool is_current = false;
    must(sqlite3_open(world->database_path, &store.db) == SQLITE_OK, "a database");
    must(sqlite_run(&store, "PRAGMA journal_mode = WAL", &err) == STATUS_OK, err.text);
    must(migrate_with(&store, sqlite_migrations, migrations, &options, &is_current,
                      &err) == STATUS_OK,
         err.text);
    for (size_t i = 0; i < SQLITE_STORE_QUERIES; i++)
        (void)sqlite3_finalize(store.queries[i].stmt);
    must(sqlite3_close(store.db) == SQLITE_OK, "a database");
    mem_free(store.path);
}

struct disk *world_make_disk(struct world *world, size_t migrations)
{
    world_put_disk(world, disk_new());
    vfs_memory_make_file(world->vfs, world->database_path);
    if (migrations > 0)
        migrate_some(world, migrations);
    return disk_copy(vfs_memory_disk(world->vfs));
}

/* --- start and stop -------------------------------------------------------------- */

enum status world_start(struct world *world, struct error *err)
{
    memset(&world->gateway, 0, sizeof(world->gateway));
    world->gateway.config = config_hold(world->config);
    world->is_up = true;
    world->is_in_trouble = false;
    return gateway_open(&world->gateway, err);
}

void world_stop(struct world *world)
{
    if (!world->is_up)
        return;
    world->is_up = false;
    gateway_close(&world->gateway);
}

static void make_empty(struct world *world)
{
    struct error err = {.text = ""};
    disk_free(world_make_disk(world, 0));
    must(world_start(world, &err) == STATUS_OK, err.text);
    world_stop(world);
    world->empty = disk_copy(vfs_memory_disk(world->vfs));
}

struct world *world_new(void)
{
    struct world *world = mem_new(sizeof(*world));
    /* Syncs cost nothing there. */
    (void)snprintf(world->folder, sizeof(world->folder),
                   "/dev/shm/omgw-torture-XXXXXX");
    if (mkdtemp(world->folder) == NULL)
        folder_make(world->folder);
    (void)snprintf(world->config_path, sizeof(world->config_path), "%s/omgw.yaml",
                   world->folder);
    (void)snprintf(world->database_path, sizeof(world->database_path), "%s/omgw.db",
                   world->folder);
    world->vfs = vfs_memory_new("torture", 1);
    vfs_memory_set_hooks(inject_exempt, inject_end_exempt);
    world->peer = peer_new();
    world_configure(world, NULL);
    make_empty(world);
    return world;
}

void world_free(struct world *world)
{
    if (world == NULL)
        return;
    world_stop(world);
    config_drop(world->config);
    peer_free(world->peer);
    vfs_memory_make_default(world->vfs, false);
    vfs_memory_put_disk(world->vfs, disk_new());
    vfs_memory_free(world->vfs);
    disk_free(world->empty);
    folder_remove(world->folder);
    mem_free(world);
}

/* --- turning -----------------------------------------------------------------------
 */

void world_pass(int64_t ms)
{
    skew_add_ms(ms);
}

static bool turn_writer(struct gateway *gateway)
{
    if (writer_pending(gateway->writer) == 0 && writer_is_healthy(gateway->writer))
        return false;
    /* One that cannot write tells its askers over and over, and moves nothing. */
    return writer_step(gateway->writer, clock_now()) > 0 &&
           writer_is_healthy(gateway->writer);
}

/* One round of each loop, of the peers, and of the call if there is one. True:
 * something happened. */
static bool turn(struct world *world, struct mail_call *call)
{
    struct gateway *gateway = &world->gateway;
    front_refresh(gateway->front);
    listener_step(gateway->public_listener, 0);
    bool was_busy = turn_writer(gateway);
    engine_step(gateway->engine, 0);
    media_step(gateway->media);
    world_exempt(world);
    was_busy |= peer_step(world->peer);
    if (call != NULL)
        was_busy |= mail_call_step(call);
    world_end_exempt(world);
    return was_busy;
}

/* Turns until it has been still for a while. */
static void turn_until_idle(struct world *world, struct mail_call *call)
{
    for (int idle = 0; idle < IDLE_TURNS && (call == NULL || !mail_call_is_over(call));)
        idle = turn(world, call) ? 0 : idle + 1;
}

/* What has not reached its end: on its way, or waiting in the database. */
static bool is_at_rest(struct world *world)
{
    struct gateway *gateway = &world->gateway;
    bool is_pending = false;
    world_exempt(world);
    if (writer_pending(gateway->writer) > 0 || !engine_is_quiet(gateway->engine) ||
        listener_requests(gateway->public_listener) > 0)
        is_pending = true;
    else
        is_pending = world_has_pending(world);
    world_end_exempt(world);
    return !is_pending;
}

bool world_settle(struct world *world, int64_t limit_ms)
{
    int64_t jump_ms = JUMP_FIRST_MS;
    int64_t passed_ms = 0;
    int64_t still_ms = 0;
    turn_until_idle(world, NULL);
    while (!is_at_rest(world) && passed_ms < limit_ms && still_ms < STILL_MS) {
        size_t before = peer_count(world->peer);
        world_pass(jump_ms);
        passed_ms += jump_ms;
        turn_until_idle(world, NULL);
        bool has_moved = peer_count(world->peer) != before;
        still_ms = has_moved ? 0 : still_ms + jump_ms;
        jump_ms = has_moved ? JUMP_FIRST_MS : 2 * jump_ms;
        if (jump_ms > JUMP_MAX_MS)
            jump_ms = JUMP_MAX_MS;
    }
    return is_at_rest(world);
}

static void *write_for_reload(void *context)
{
    struct world *world = context;
    while (!atomic_load(&world->is_reloaded))
        if (writer_pending(world->gateway.writer) > 0)
            (void)writer_step(world->gateway.writer, clock_now());
        else
            (void)sched_yield();
    return NULL;
}

/* The main thread waits for the writer's, which is this one's turn otherwise. */
enum status world_reload(struct world *world, struct config *config, struct error *err)
{
    pthread_t thread;
    world_exempt(world);
    atomic_store(&world->is_reloaded, false);
    must(pthread_create(&thread, NULL, write_for_reload, world) == 0, "a thread");
    world_end_exempt(world);
    const struct audit_entry audit = {
        .at_ms = 1, .actor = STR("torture"), .action = STR("reload")};
    enum status status = gateway_reload(&world->gateway, config, &audit, err);
    world_exempt(world);
    atomic_store(&world->is_reloaded, true);
    (void)pthread_join(thread, NULL);
    world_end_exempt(world);
    return status;
}

static const char *address_for(const struct world *world, const struct mail *mail)
{
    return listener_address(mail->side == MAIL_ADMIN ? world->gateway.admin_listener
                                                     : world->gateway.public_listener);
}

int world_send(struct world *world, const struct mail *mail)
{
    struct buf request;
    struct mail_ids ids;
    world_exempt(world);
    buf_init(&request, 16u * 1024 * 1024);
    world_ids(world, &ids);
    mail_write(mail, &ids, clock_now().wall_ms, &request);
    struct mail_call *call = mail_call_new(address_for(world, mail), &request);
    world_end_exempt(world);

    int64_t jump_ms = JUMP_FIRST_MS;
    turn_until_idle(world, call);
    for (int64_t passed_ms = 0; !mail_call_is_over(call) && passed_ms < ANSWER_MS;) {
        if (mail->side == MAIL_ADMIN)
            mail_call_wait(call, PATIENCE_MS); /* has threads of its own */
        world_pass(jump_ms);
        passed_ms += jump_ms;
        jump_ms = 2 * jump_ms > JUMP_MAX_MS ? JUMP_MAX_MS : 2 * jump_ms;
        turn_until_idle(world, call);
    }
    int status = mail_call_status(call);
    world->is_in_trouble |= !mail_call_is_over(call);
    world_exempt(world);
    mail_call_free(call);
    world_end_exempt(world);
    return status;
}
