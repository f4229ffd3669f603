#include "internal.h"

#include <assert.h>

#include "gateway/memory.h"

/* A loop with its own thread wakes up this often even if nothing happens. */
#define OWN_STEP_MS 60000
#define SOCKET_MODE_DEFAULT 0600

static void listener_closep(struct listener **listener)
{
    listener_close(*listener);
}

static struct listener *listener_new(const struct listener_settings *settings,
                                     const struct route *routes, size_t route_count,
                                     void *context)
{
    size_t loops = settings->threads == 0 ? 1 : settings->threads;
    struct listener *listener =
        mem_new(sizeof(*listener) + loops * sizeof(listener->loops[0]));
    listener->settings = *settings;
    if (settings->socket_mode == 0)
        listener->settings.socket_mode = SOCKET_MODE_DEFAULT;
    listener->routes = routes;
    listener->route_count = route_count;
    listener->context = context;
    listener->listening.fd = -1;
    listener->peers = peer_counts_new(settings->connections_per_peer);
    return listener;
}

static enum status open_loops(struct listener *listener, struct error *err)
{
    size_t loops = listener->settings.threads == 0 ? 1 : listener->settings.threads;
    while (listener->loop_count < loops) {
        struct loop *loop = &listener->loops[listener->loop_count++];
        enum status status = loop_open(loop, listener, err);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static void *run_loop(void *context)
{
    struct loop *loop = context;
    while (!atomic_load(&loop->listener->is_closing))
        loop_step(loop, OWN_STEP_MS);
    return NULL;
}

static enum status start_threads(struct listener *listener, struct error *err)
{
    for (size_t i = 0; i < listener->settings.threads; i++) {
        struct loop *loop = &listener->loops[i];
        int result = pthread_create(&loop->thread, NULL, run_loop, loop);
        if (result != 0)
            return fail(err, STATUS_FAILED, "start a server thread: %s",
                        strerror(result));
        loop->has_thread = true;
    }
    return STATUS_OK;
}

enum status listener_open(const struct listener_settings *settings,
                          const struct route *routes, size_t route_count, void *context,
                          struct listener **out_listener, struct error *err)
{
    CLEANUP(listener_closep)
    struct listener *listener = listener_new(settings, routes, route_count, context);
    enum status status =
        networks_new(settings->trusted_proxies, &listener->trusted, err);
    if (status == STATUS_OK)
        status = listening_open(settings->address, listener->settings.socket_mode,
                                &listener->listening, err);
    if (status == STATUS_OK)
        status = open_loops(listener, err);
    if (status == STATUS_OK)
        status = start_threads(listener, err);
    if (status == STATUS_OK)
        *out_listener = TAKE(listener);
    return status;
}

const char *listener_address(const struct listener *listener)
{
    return listener->listening.address;
}

void listener_step(struct listener *listener, int64_t timeout_ms)
{
    assert(listener->settings.threads == 0);
    loop_step(&listener->loops[0], timeout_ms);
}

void listener_wake(struct listener *listener)
{
    for (size_t i = 0; i < listener->loop_count; i++)
        loop_wake(&listener->loops[i]);
}

void listener_quiesce(struct listener *listener)
{
    atomic_store(&listener->is_quiescing, true);
    listener_wake(listener);
}

size_t listener_requests(const struct listener *listener)
{
    return atomic_load(&listener->requests);
}

void listener_close(struct listener *listener)
{
    if (listener == NULL)
        return;
    atomic_store(&listener->is_closing, true);
    listener_wake(listener);
    for (size_t i = 0; i < listener->loop_count; i++) {
        if (listener->loops[i].has_thread)
            (void)pthread_join(listener->loops[i].thread, NULL);
    }
    for (size_t i = 0; i < listener->loop_count; i++)
        loop_close(&listener->loops[i]);
    assert(listener->requests == 0);
    listening_close(&listener->listening); /* where no loop came so far */
    networks_free(listener->trusted);
    peer_counts_free(listener->peers);
    mem_free(listener);
}
