#include "gateway.h"

#include "control.h"

#include "gateway/crypto.h"
#include "gateway/flights.h"
#include "gateway/genesys.h"
#include "gateway/log.h"
#include "gateway/memory.h"

#include <semaphore.h>
#include <unistd.h>

/* Another process may be ending: a restart must not fail on its lock. */
#define LOCK_WAIT_MS 30000
/* Jobs that may wait for the writer: the memory of as many requests. */
#define WRITER_QUEUE 16384
#define ENGINE_INBOX 65536
/* Connections to peers in all; each account has its own limit below it. */
#define CLIENT_CONNECTIONS 1024
#define CLIENT_CONNECTIONS_PER_HOST 512
#define ADMIN_CONNECTIONS 64
#define ADMIN_THREADS 2
#define CONTROL_CONNECTIONS 16
#define CONTROL_MODE 0660
#define CONTROL_ARENA_BYTES 16384
#define LOOP_WAIT_MS 1000
/* Of the time to drain, what is left for cancelling and committing. */
#define DRAIN_RESERVE_MS 2000
/* For answers to requests that were being stored when the front stopped. */
#define LAST_ANSWERS_MS 1000
#define LAST_ANSWERS_STEP_MS 10

static uint64_t random_seed_now(void)
{
    uint64_t seed;
    bytes_random(&seed, sizeof(seed));
    return seed;
}

/* --- building
 * -------------------------------------------------------------------------------- */

static enum status open_stores(struct gateway *gateway, struct error *err)
{
    const struct config *config = gateway->config;
    const struct store_options writer = {
        .mode = STORE_WRITER,
        .may_migrate = config->migrate == MIGRATE_AUTO,
        .lock_wait_ms = LOCK_WAIT_MS,
    };
    const struct store_options reader = {.mode = STORE_READER};
    enum status status = store_open(config->database, &writer, &gateway->store, err);
    if (status != STATUS_OK)
        return status;
    status = store_open(config->database, &reader, &gateway->reader, err);
    if (status != STATUS_OK)
        return status;
    status = store_open(config->database, &reader, &gateway->looker, err);
    if (status != STATUS_OK)
        return status;
    return store_open(config->database, &reader, &gateway->walker, err);
}

static enum status sync_bridges(struct relay *relay, struct config *config,
                                struct store *store, struct error *err)
{
    enum status status = store_begin(store, err);
    if (status != STATUS_OK)
        return status;
    status = relay_sync_bridges(relay, config, store, clock_now().wall_ms, err);
    if (status == STATUS_OK)
        return store_commit(store, err);
    store_rollback(store);
    return status;
}

/* Relay and engine each need the other's door, and each only once it works: the
 * dispatcher is filled in when the engine is there. */
static void late_offer(void *context, struct delivery *list)
{
    struct gateway *gateway = context;
    struct dispatcher dispatcher = engine_dispatcher(gateway->engine);
    dispatcher.offer(dispatcher.context, list);
}

static void late_recorded(void *context, struct report *report)
{
    struct gateway *gateway = context;
    struct dispatcher dispatcher = engine_dispatcher(gateway->engine);
    dispatcher.recorded(dispatcher.context, report);
}

static void late_order(void *context, int64_t bridge_row, enum bridge_order order)
{
    struct gateway *gateway = context;
    struct dispatcher dispatcher = engine_dispatcher(gateway->engine);
    dispatcher.order(dispatcher.context, bridge_row, order);
}

static enum status open_relay(struct gateway *gateway, struct error *err)
{
    gateway->writer = writer_new(gateway->store, WRITER_QUEUE);
    const struct relay_settings settings = {
        .writer = gateway->writer,
        .genesys_source = &genesys_source,
        .dispatcher = {late_offer, late_recorded, gateway, late_order},
        .seed = random_seed_now(),
    };
    gateway->relay = relay_new(&settings);
    gateway->backup = backup_new(gateway->writer);
    gateway->housekeeper =
        housekeeper_new(gateway->relay, gateway->walker, gateway->config, clock_now());
    return sync_bridges(gateway->relay, gateway->config, gateway->store, err);
}

static enum status open_engine(struct gateway *gateway, struct error *err)
{
    const struct config *config = gateway->config;
    const struct engine_settings settings = {
        .reader = gateway->reader,
        .genesys_sender = &genesys_sender,
        .recorder = relay_recorder(gateway->relay),
        .flights = store_flights(gateway->store),
        .owner = "gateway",
        .seed = random_seed_now(),
        .inbox = ENGINE_INBOX,
    };
    const struct http_client_settings client = {
        .connections = CLIENT_CONNECTIONS,
        .connections_per_host = CLIENT_CONNECTIONS_PER_HOST,
        .allow = (const char *const *)config->egress.allow.items,
        .proxy = config->egress.proxy,
        .ca_file = config->egress.ca_file,
    };
    struct transport *transport = NULL;
    gateway->engine = engine_new(&settings, gateway->config);
    enum status status = http_client_new(&client, engine_exchange_done, gateway->engine,
                                         &transport, err);
    if (status != STATUS_OK)
        return status;
    engine_set_transport(gateway->engine, transport);
    status = store_run_look_back(gateway->store, err);
    return status == STATUS_OK ? engine_load(gateway->engine, err) : status;
}

/* Behind everything that can keep it from starting: what the run before left must not
 * be forgotten by one that did nothing. */
static enum status begin_run(struct gateway *gateway, struct error *err)
{
    enum status status = store_begin(gateway->store, err);
    if (status != STATUS_OK)
        return status;
    status = store_run_begin(gateway->store, err);
    if (status == STATUS_OK)
        return store_commit(gateway->store, err);
    store_rollback(gateway->store);
    return status;
}

/* Unless something is still noted as on its way: its outcome could not be kept. */
static void end_run(struct gateway *gateway)
{
    struct error err;
    if (flights_count(store_flights(gateway->store)) > 0 ||
        store_begin(gateway->store, &err) != STATUS_OK)
        return;
    enum status status = store_run_end(gateway->store, &err);
    if (status == STATUS_OK)
        status = store_commit(gateway->store, &err);
    else
        store_rollback(gateway->store);
    if (status != STATUS_OK)
        log_warn("serve.end_unsaved", F_TEXT("error", err.text));
}

/* In /run, or beside the database where that cannot be had; where it is said, there. */
static enum status open_control(struct gateway *gateway,
                                const struct listener_settings *like, struct error *err)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(CONTROL_ARENA_BYTES);
    struct control_places places;
    struct listener_settings settings = *like;
    size_t count = 0;
    const struct route *routes = control_routes(&count);
    enum status status = STATUS_FAILED;

    gateway->control = control_new(gateway->relay, gateway->backup, gateway->config);
    settings.connections = CONTROL_CONNECTIONS;
    settings.threads = 1;
    settings.socket_mode = CONTROL_MODE;
    control_places(gateway->config, arena, &places);
    for (size_t i = 0; i < places.count && status != STATUS_OK; i++) {
        settings.address = places.addresses[i];
        status = listener_open(&settings, routes, count, gateway->control,
                               &gateway->control_listener, err);
    }
    if (status == STATUS_OK || gateway->config->listen.control_address != NULL)
        return status;
    /* Nobody asked for it: messages go without. */
    log_warn("control.unavailable", F_TEXT("error", err->text));
    return STATUS_OK;
}

static enum status open_listeners(struct gateway *gateway, struct error *err)
{
    const struct config *config = gateway->config;
    struct listener_settings settings = {
        .address = config->listen.public_address,
        .connections = config->limits.connections,
        .connections_per_peer = config->limits.connections_per_peer,
        .refusals_per_second = config->limits.refusals_per_second,
        .bodies_in_memory = config->limits.bodies_in_memory,
        .header_ms = config->timeouts.header,
        .body_ms = config->timeouts.body,
        .stored_ms = config->timeouts.stored,
        .idle_ms = config->timeouts.idle,
        .answer_ms = config->timeouts.answer,
        .trusted_proxies = (const char *const *)config->trusted_proxies.items,
    };
    size_t count = 0;
    gateway->front = front_new(gateway->relay, gateway->config);
    const struct route *routes = front_routes(&count);
    enum status status = listener_open(&settings, routes, count, gateway->front,
                                       &gateway->public_listener, err);
    if (status != STATUS_OK)
        return status;

    gateway->admin.writer = gateway->writer;
    gateway->admin.auth = admin_auth_new(gateway->config);
    gateway->admin.gauges = gauges_new(gateway->looker, gateway->config);
    settings.address = config->listen.admin_address;
    settings.connections = ADMIN_CONNECTIONS;
    settings.connections_per_peer = 0;
    settings.refusals_per_second = 0;
    settings.threads = ADMIN_THREADS;
    routes = admin_routes(&count);
    status = listener_open(&settings, routes, count, &gateway->admin,
                           &gateway->admin_listener, err);
    return status == STATUS_OK ? open_control(gateway, &settings, err) : status;
}

enum status gateway_open(struct gateway *gateway, struct error *err)
{
    enum status status = open_stores(gateway, err);
    if (status == STATUS_OK)
        status = open_relay(gateway, err);
    if (status == STATUS_OK)
        status = open_engine(gateway, err);
    if (status == STATUS_OK)
        status = open_listeners(gateway, err);
    if (status == STATUS_OK)
        status = begin_run(gateway, err);
    return status;
}

/* --- threads
 * ------------------------------------------------------------------------------------
 */

static void *writer_loop(void *context)
{
    struct gateway *gateway = context;
    writer_run(gateway->writer);
    return NULL;
}

static void *engine_loop(void *context)
{
    struct gateway *gateway = context;
    while (!atomic_load(&gateway->stop_engine))
        engine_step(gateway->engine, LOOP_WAIT_MS);
    return NULL;
}

static void *front_loop(void *context)
{
    struct gateway *gateway = context;
    while (!atomic_load(&gateway->stop_front)) {
        front_refresh(gateway->front);
        listener_step(gateway->public_listener, LOOP_WAIT_MS);
    }
    return NULL;
}

static void *backup_loop(void *context)
{
    struct gateway *gateway = context;
    backup_run(gateway->backup);
    return NULL;
}

static void *housekeeper_loop(void *context)
{
    struct gateway *gateway = context;
    while (!atomic_load(&gateway->stop_housekeeper))
        housekeeper_wait(gateway->housekeeper,
                         housekeeper_step(gateway->housekeeper, clock_now()));
    return NULL;
}

static void thread_start(pthread_t *thread, void *(*loop)(void *), const char *name,
                         struct gateway *gateway)
{
    if (pthread_create(thread, NULL, loop, gateway) != 0) {
        log_error("serve.thread_failed", F_TEXT("thread", name));
        abort();
    }
    (void)pthread_setname_np(*thread, name);
}

void gateway_start(struct gateway *gateway)
{
    thread_start(&gateway->writer_thread, writer_loop, "writer", gateway);
    thread_start(&gateway->engine_thread, engine_loop, "engine", gateway);
    thread_start(&gateway->front_thread, front_loop, "front", gateway);
    thread_start(&gateway->backup_thread, backup_loop, "backup", gateway);
    thread_start(&gateway->housekeeper_thread, housekeeper_loop, "housekeeper",
                 gateway);
}

/* --- reload
 * -------------------------------------------------------------------------------------
 */

struct sync_job {
    struct write_job job;
    struct relay *relay;
    struct config *config;
    const struct audit_entry *audit; /* borrowed */
    enum status status;
    struct error err;
    sem_t done;
};

static enum status sync_apply(struct write_job *job, struct store *store,
                              struct now now, struct error *err)
{
    struct sync_job *own = CONTAINER_OF(job, struct sync_job, job);
    enum status status =
        relay_sync_bridges(own->relay, own->config, store, now.wall_ms, err);
    return status == STATUS_OK ? store_audit_add(store, own->audit, err) : status;
}

static void sync_done(struct write_job *job, enum status status,
                      const struct error *err)
{
    struct sync_job *own = CONTAINER_OF(job, struct sync_job, job);
    own->status = status;
    if (status != STATUS_OK)
        own->err = *err;
    (void)sem_post(&own->done);
}

enum status gateway_reload(struct gateway *gateway, struct config *config,
                           const struct audit_entry *audit, struct error *err)
{
    struct sync_job own = {
        .job = {.apply = sync_apply, .done = sync_done},
        .relay = gateway->relay,
        .config = config,
        .audit = audit,
    };
    (void)sem_init(&own.done, 0, 0);
    if (!writer_submit(gateway->writer, &own.job))
        return fail(err, STATUS_RETRY, "the writer is busy");
    while (sem_wait(&own.done) != 0)
        ;
    (void)sem_destroy(&own.done);
    if (own.status != STATUS_OK) {
        *err = own.err;
        return own.status;
    }
    front_adopt(gateway->front, config);
    listener_wake(gateway->public_listener);
    engine_adopt(gateway->engine, config);
    housekeeper_adopt(gateway->housekeeper, config);
    control_adopt(gateway->control, config);
    admin_auth_adopt(gateway->admin.auth, config);
    gauges_adopt(gateway->admin.gauges, config);
    config_drop(gateway->config);
    gateway->config = config;
    return STATUS_OK;
}

/* --- the end
 * -------------------------------------------------------------------------------------
 */

/* Between two looks at what another thread does while the process ends. */
#define LOOK_US 2000

static bool requests_are_done(const struct gateway *gateway)
{
    return listener_requests(gateway->public_listener) == 0 &&
           (gateway->control_listener == NULL ||
            listener_requests(gateway->control_listener) == 0);
}

static bool engine_is_done(const struct gateway *gateway)
{
    return engine_is_quiet(gateway->engine);
}

static bool never(const struct gateway *gateway)
{
    (void)gateway;
    return false;
}

static void wait_for(bool (*is_done)(const struct gateway *), struct gateway *gateway,
                     int64_t until_ms)
{
    while (!is_done(gateway) && clock_now().mono_ms < until_ms)
        (void)usleep(LOOK_US);
}

void gateway_drain(struct gateway *gateway)
{
    const struct config *config = gateway->config;
    int64_t start_ms = clock_now().mono_ms;
    int64_t until_ms = start_ms + config->timeouts.drain - DRAIN_RESERVE_MS;

    atomic_store(&gateway->admin.is_draining, true);
    atomic_store(&gateway->stop_housekeeper, true);
    housekeeper_stop(gateway->housekeeper);
    (void)pthread_join(gateway->housekeeper_thread, NULL);
    wait_for(never, gateway, start_ms + config->timeouts.shutdown_delay);
    listener_quiesce(gateway->public_listener);
    if (gateway->control_listener != NULL)
        listener_quiesce(gateway->control_listener);
    engine_drain(gateway->engine);
    backup_stop(gateway->backup);
    wait_for(requests_are_done, gateway, until_ms);
    atomic_store(&gateway->stop_front, true);
    listener_wake(gateway->public_listener);
    (void)pthread_join(gateway->front_thread, NULL);
    front_refuse(gateway->front);

    wait_for(engine_is_done, gateway, until_ms);
    atomic_store(&gateway->stop_engine, true);
    engine_wake(gateway->engine);
    (void)pthread_join(gateway->engine_thread, NULL);
    engine_cut(gateway->engine);

    (void)pthread_join(gateway->backup_thread, NULL);
    writer_stop(gateway->writer);
    (void)pthread_join(gateway->writer_thread, NULL);
    engine_finish(gateway->engine);
    end_run(gateway);
    /* Requests that were still being stored have their answer now. */
    until_ms = clock_now().mono_ms + LAST_ANSWERS_MS;
    while (!requests_are_done(gateway) && clock_now().mono_ms < until_ms)
        listener_step(gateway->public_listener, LAST_ANSWERS_STEP_MS);
}

void gateway_close(struct gateway *gateway)
{
    if (gateway->public_listener != NULL)
        listener_close(gateway->public_listener);
    if (gateway->admin_listener != NULL)
        listener_close(gateway->admin_listener);
    if (gateway->control_listener != NULL)
        listener_close(gateway->control_listener);
    control_free(gateway->control);
    admin_auth_free(gateway->admin.auth);
    gauges_free(gateway->admin.gauges);
    if (gateway->engine != NULL)
        engine_cut(gateway->engine);
    front_free(gateway->front);
    engine_free(gateway->engine);
    backup_free(gateway->backup);
    housekeeper_free(gateway->housekeeper);
    relay_free(gateway->relay);
    writer_free(gateway->writer);
    store_close(gateway->walker);
    store_close(gateway->looker);
    store_close(gateway->reader);
    store_close(gateway->store);
    config_drop(gateway->config);
}
