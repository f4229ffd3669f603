/*
 * gateway_life: what a gateway does between its building and its taking down: its
 * threads, reloads, and the drain at its end.
 */
#include "gateway.h"

#include "gateway/flights.h"
#include "gateway/log.h"

#include <semaphore.h>
#include <unistd.h>

#define LOOP_WAIT_MS 1000
/* Of the time to drain, what is left for cancelling and committing. */
#define DRAIN_RESERVE_MS 2000
/* For answers to requests that were being stored when the front stopped. */
#define LAST_ANSWERS_MS 1000
#define LAST_ANSWERS_STEP_MS 10

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

static void *files_loop(void *context)
{
    struct gateway *gateway = context;
    media_run(gateway->media);
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
    thread_start(&gateway->files_thread, files_loop, "files", gateway);
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

/* The rest of the configuration counts all the same: links go on with the old keys. */
static void adopt_media(struct media *media, const struct config *config)
{
    const struct media_settings settings = gateway_media_settings(config);
    struct error err;
    if (media_adopt(media, &settings, &err) != STATUS_OK)
        log_warn("media.not_adopted", F_TEXT("error", err.text));
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
    adopt_media(gateway->media, config);
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

/* Unless something is still noted as on its way: its outcome could not be kept. */
static void end_run(struct gateway *gateway)
{
    struct error err;
    if (flights_count(store_flights(gateway->store)) > 0 ||
        store_begin(gateway->store, &err) != STATUS_OK)
        return;
    enum status status = store_run_end(gateway->store, &err);
    status = store_end(gateway->store, status, &err);
    if (status != STATUS_OK)
        log_warn("serve.end_unsaved", F_TEXT("error", err.text));
}

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

    media_stop(gateway->media);
    (void)pthread_join(gateway->files_thread, NULL);
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
