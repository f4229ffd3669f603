/*
 * server_fixture: a listener with a thread of its own that steps it, for the tests of
 * room server. In a header, since the support library does not link that room.
 */
#pragma once

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "gateway/clock.h"
#include "gateway/queue.h"
#include "gateway/server.h"
#include "support/expect.h"
#include "support/server_client.h"

struct server_fixture {
    struct listener *listener;
    pthread_t thread;
    atomic_bool is_stopping;
    bool has_thread;
};

/* Spans that no test reaches unless it sets its own. */
static inline struct listener_settings fixture_settings(void)
{
    return (struct listener_settings){
        .address = "127.0.0.1:0",
        .connections = 1024,
        .bodies_in_memory = 64 * 1024 * 1024,
        .header_ms = 60000,
        .body_ms = 60000,
        .stored_ms = 60000,
        .idle_ms = 60000,
        .answer_ms = 60000,
    };
}

static inline void *fixture_run(void *context)
{
    struct server_fixture *fixture = context;
    while (!atomic_load(&fixture->is_stopping))
        listener_step(fixture->listener, CLIENT_PATIENCE_MS);
    return NULL;
}

static inline void fixture_start(struct server_fixture *fixture,
                                 const struct listener_settings *settings,
                                 const struct route *routes, size_t route_count,
                                 void *context)
{
    struct error err = {0};
    *fixture = (struct server_fixture){0};
    enum status status =
        listener_open(settings, routes, route_count, context, &fixture->listener, &err);
    if (status != STATUS_OK)
        print_error("%s\n", err.text);
    assert_int_equal(status, STATUS_OK);
    fixture->has_thread = settings->threads == 0;
    if (fixture->has_thread)
        assert_int_equal(pthread_create(&fixture->thread, NULL, fixture_run, fixture),
                         0);
}

static inline struct server_client *fixture_client(const struct server_fixture *fixture)
{
    return client_open(listener_address(fixture->listener));
}

/* Waits until nobody needs a request any more. */
static inline void fixture_settle(const struct server_fixture *fixture)
{
    int64_t until_ms = clock_now().mono_ms + CLIENT_PATIENCE_MS;
    while (listener_requests(fixture->listener) > 0) {
        assert_true(clock_now().mono_ms < until_ms);
        (void)poll(NULL, 0, 1);
    }
}

/* A handler that says "ok". */
static inline enum handled fixture_answer_ok(struct request *request, void *context)
{
    (void)context;
    request_respond(request, 200, NULL, STR("ok"), NULL, 0);
    return HANDLED_ANSWERED;
}

/* --- suspended requests on their way to whoever resumes them --- */

struct fixture_job {
    struct queue_node node;
    struct request *request;
};

/* From a handler; the job lives as long as the request. */
static inline enum handled fixture_suspend(struct request *request, struct queue *queue)
{
    struct fixture_job *job = arena_alloc(request_arena(request), sizeof(*job));
    job->request = request;
    request_suspend(request);
    assert_true(queue_push(queue, &job->node));
    return HANDLED_SUSPENDED;
}

/* Waits for the next one. */
static inline struct request *fixture_take(struct queue *queue)
{
    size_t count = 0;
    queue_wait(queue, CLIENT_PATIENCE_MS);
    struct queue_node *node = queue_take(queue, 1, &count);
    assert_non_null(node);
    return CONTAINER_OF(node, struct fixture_job, node)->request;
}

/* A thread that resumes as fast as it can, until queue_stop. */
static inline void *fixture_resume_all(void *context)
{
    struct queue *queue = context;
    for (;;) {
        queue_wait(queue, -1);
        size_t count = 0;
        struct queue_node *node = queue_take(queue, 1000, &count);
        if (node == NULL)
            return NULL;
        while (node != NULL) {
            struct queue_node *next = node->next; /* the job goes with its request */
            request_resume(CONTAINER_OF(node, struct fixture_job, node)->request);
            node = next;
        }
    }
}

/* --- the end --- */

static inline void fixture_stop(struct server_fixture *fixture)
{
    atomic_store(&fixture->is_stopping, true);
    listener_wake(fixture->listener);
    if (fixture->has_thread)
        (void)pthread_join(fixture->thread, NULL);
    listener_close(fixture->listener);
}
