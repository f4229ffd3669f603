#include "gateway.h"

#include "control.h"

#include "gateway/crypto.h"
#include "gateway/flights.h"
#include "gateway/genesys.h"
#include "gateway/log.h"
#include "gateway/memory.h"

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
/* Of Unix sockets: for our user, and for a group that the folder is given to. */
#define SOCKET_MODE 0660
#define CONTROL_ARENA_BYTES 16384

static uint64_t random_seed_now(void)
{
    uint64_t seed;
    bytes_random(&seed, sizeof(seed));
    return seed;
}

/* --- building
 * -------------------------------------------------------------------------------- */

/* The gateway before us may still be draining. */
static enum status open_writer(const struct config *config, struct store **out_store,
                               struct error *err)
{
    struct store_options options = {
        .mode = STORE_WRITER,
        .may_migrate = config->migrate == MIGRATE_AUTO,
    };
    enum status status = store_open(config->database, &options, out_store, err);
    if (status != STATUS_DENIED)
        return status;
    log_warn("serve.lock_missed", F_TEXT("why", err->text),
             F_MS("waits", LOCK_WAIT_MS));
    options.lock_wait_ms = LOCK_WAIT_MS;
    return store_open(config->database, &options, out_store, err);
}

static enum status open_stores(struct gateway *gateway, struct error *err)
{
    const struct config *config = gateway->config;
    const struct store_options reader = {.mode = STORE_READER};
    enum status status = open_writer(config, &gateway->store, err);
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
    return store_end(store, status, err);
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

static void late_filed(void *context, struct filing *filing)
{
    struct gateway *gateway = context;
    struct dispatcher dispatcher = engine_dispatcher(gateway->engine);
    dispatcher.filed(dispatcher.context, filing);
}

static void late_order(void *context, int64_t bridge_row, enum bridge_order order)
{
    struct gateway *gateway = context;
    struct dispatcher dispatcher = engine_dispatcher(gateway->engine);
    dispatcher.order(dispatcher.context, bridge_row, order);
}

struct media_settings gateway_media_settings(const struct config *config)
{
    return (struct media_settings){
        .folder = config->media_dir,
        .file_max = config->limits.media_file,
        .total_max = config->limits.media_total,
        .link_secrets = &config->link_secrets,
    };
}

static enum status open_media(struct gateway *gateway, struct error *err)
{
    const struct media_settings settings = gateway_media_settings(gateway->config);
    return media_open(&settings, &gateway->media, err);
}

static enum status open_relay(struct gateway *gateway, struct error *err)
{
    gateway->writer = writer_new(gateway->store, WRITER_QUEUE);
    const struct relay_settings settings = {
        .writer = gateway->writer,
        .genesys_source = &genesys_source,
        .dispatcher = {.offer = late_offer,
                       .recorded = late_recorded,
                       .filed = late_filed,
                       .context = gateway,
                       .order = late_order},
        .media = gateway->media,
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
        .genesys_source = &genesys_source,
        .media = gateway->media,
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
    return store_end(gateway->store, store_run_begin(gateway->store, err), err);
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
        .socket_mode = SOCKET_MODE,
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
    gateway->front = front_new(gateway->relay, gateway->media, gateway->config);
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
        status = open_media(gateway, err);
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

/* --- taking down
 * -------------------------------------------------------------------------------------
 */

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
    media_close(gateway->media);
    store_close(gateway->walker);
    store_close(gateway->looker);
    store_close(gateway->reader);
    store_close(gateway->store);
    config_drop(gateway->config);
}
