#include "emulator.h"

#include "agent.h"
#include "gate.h"
#include "gateway/clock.h"
#include "gateway/memory.h"
#include "gateway/server.h"
#include "operations.h"

/* A million rows with long texts. */
#define ANSWER_BYTES_MAX ((size_t)1024 * 1024 * 1024)
/* What an ordinary test environment never reaches. */
#define CONNECTIONS 8192
#define BODIES_BYTES (INT64_C(256) * 1024 * 1024)
/* Longer than the longest delay that a fault can order. */
#define DELAY_LIMIT_MS (INT64_C(15) * 60 * 1000)
#define CLOSING_MS 1000

static void add_integrations(struct emulator *emulator)
{
    const struct emulator_settings *settings = &emulator->settings;
    for (size_t i = 0; i < settings->integration_count; i++) {
        const struct integration_setting *row = &settings->integrations[i];
        struct integration *integration =
            integration_add(&emulator->world, str_of(row->id), str_of(row->id),
                            str_of(row->webhook_url), str_of(row->secret));
        if (integration != NULL) /* else it was named twice: the first counts */
            integration->is_created = true;
    }
}

void emulator_reset(struct emulator *emulator)
{
    emulator->run++;
    courier_start_run(emulator->courier, emulator->run);
    fetcher_start_run(emulator->fetcher, emulator->run);
    world_clear(&emulator->world);
    login_reset(&emulator->login, (size_t)emulator->settings.requests_per_minute);
    fault_plan_clear(&emulator->faults);
    rows_clear(&emulator->fetched);
    files_clear(&emulator->files);
    media_types_clear(&emulator->media_types);
    rows_clear(&emulator->requests);
    rows_clear(&emulator->attempts);
    add_integrations(emulator);
}

static void wake_front(void *context)
{
    emulator_wake(context);
}

static enum status listen_on(struct emulator *emulator, struct error *err)
{
    struct listener_settings settings = {
        .address = emulator->settings.listen,
        .connections = CONNECTIONS,
        .bodies_in_memory = BODIES_BYTES,
        .header_ms = 30000,
        .body_ms = 60000,
        .stored_ms = DELAY_LIMIT_MS,
        .idle_ms = 300000,
        .answer_ms = 60000,
    };
    size_t count;
    const struct route *routes = operation_routes(&count);
    return listener_open(&settings, routes, count, emulator, &emulator->listener, err);
}

static void init(struct emulator *emulator, const struct emulator_settings *settings)
{
    size_t max_rows = (size_t)settings->max_rows;
    emulator->settings = *settings;
    buf_init(&emulator->out, ANSWER_BYTES_MAX);
    world_init(&emulator->world, max_rows);
    login_init(&emulator->login, settings->client_count, max_rows);
    for (size_t i = 0; i < settings->client_count; i++) {
        emulator->login.clients[i].id = settings->clients[i].client_id;
        emulator->login.clients[i].secret = settings->clients[i].client_secret;
    }
    rows_init(&emulator->fetched, max_rows, fetched_free);
    files_init(&emulator->files);
    rows_init(&emulator->requests, max_rows, mem_free);
    rows_init(&emulator->attempts, max_rows, mem_free);
}

static void set_public_url(struct emulator *emulator)
{
    CLEANUP(buf_release) struct buf url;
    buf_init(&url, SIZE_MAX); /* as long as an argument */
    if (emulator->settings.public_url != NULL)
        buf_add(&url, str_of(emulator->settings.public_url));
    else
        buf_printf(&url, "http://%s", emulator_address(emulator));
    text_replace(&emulator->public_url, buf_str(&url));
}

enum status emulator_new(const struct emulator_settings *settings,
                         struct emulator **out_emulator, struct error *err)
{
    struct emulator *emulator = mem_new(sizeof(*emulator));
    init(emulator, settings);
    enum status status = listen_on(emulator, err);
    if (status == STATUS_OK)
        status = courier_new(&settings->courier, wake_front, emulator,
                             &emulator->courier, err);
    if (status == STATUS_OK)
        status = fetcher_new(&settings->fetcher, wake_front, emulator,
                             &emulator->fetcher, err);
    if (status != STATUS_OK) {
        emulator_free(emulator);
        return status;
    }
    set_public_url(emulator);
    emulator_reset(emulator);
    *out_emulator = emulator;
    return STATUS_OK;
}

const char *emulator_address(const struct emulator *emulator)
{
    return listener_address(emulator->listener);
}

const char *emulator_public_url(const struct emulator *emulator)
{
    return emulator->public_url;
}

void emulator_step(struct emulator *emulator, int64_t timeout_ms)
{
    listener_step(emulator->listener, gate_wait_ms(emulator, timeout_ms));
    gate_release_delayed(emulator, false);
    agent_hear(emulator);
    attachments_hear(emulator);
}

void emulator_wake(struct emulator *emulator)
{
    /* At the end the courier may still tell of what it gives up. */
    if (emulator->listener != NULL)
        listener_wake(emulator->listener);
}

/* No new connections; what was asked is still answered, delays are over. */
static void close_listener(struct emulator *emulator)
{
    if (emulator->listener == NULL)
        return;
    listener_quiesce(emulator->listener);
    int64_t end_ms = clock_now().mono_ms + CLOSING_MS;
    do {
        gate_release_delayed(emulator, true);
        listener_step(emulator->listener, 10);
    } while (listener_requests(emulator->listener) > 0 && clock_now().mono_ms < end_ms);
    gate_release_delayed(emulator, true);
    listener_close(TAKE(emulator->listener));
}

void emulator_free(struct emulator *emulator)
{
    if (emulator == NULL)
        return;
    if (emulator->courier != NULL)
        courier_stop(emulator->courier); /* first: its thread wakes the listener */
    if (emulator->fetcher != NULL)
        fetcher_stop(emulator->fetcher);
    close_listener(emulator);
    if (emulator->courier != NULL)
        courier_free(emulator->courier);
    if (emulator->fetcher != NULL)
        fetcher_free(emulator->fetcher);
    world_clear(&emulator->world);
    login_release(&emulator->login);
    fault_plan_clear(&emulator->faults);
    rows_clear(&emulator->fetched);
    files_clear(&emulator->files);
    media_types_clear(&emulator->media_types);
    rows_clear(&emulator->requests);
    rows_clear(&emulator->attempts);
    buf_release(&emulator->out);
    mem_free(emulator->public_url);
    mem_free(emulator);
}
