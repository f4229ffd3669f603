#include "caller.h"

#include <pthread.h>
#include <stdatomic.h>

#include "gateway/arena.h"
#include "gateway/clock.h"
#include "gateway/http_client.h"
#include "gateway/memory.h"

#define CALL_BYTES_MAX ((size_t)2 * 1024 * 1024)
#define CALLS_MAX 256

struct caller {
    struct queue *calls;
    struct queue *replies; /* borrowed */
    pthread_t thread;
    bool has_thread;
    atomic_bool is_stopping;
};

struct call *call_new(void)
{
    struct arena *arena = arena_new(CALL_BYTES_MAX);
    struct call *call = arena_alloc(arena, sizeof(*call));
    call->arena = arena;
    return call;
}

void call_free(struct call *call)
{
    if (call != NULL)
        arena_free(call->arena); /* it lives there itself */
}

static void carry(struct call *call)
{
    const struct http_client_settings settings = {
        .connections = 1,
        .connections_per_host = 1,
    };
    struct error err;
    int64_t begin_ms = clock_now().mono_ms;
    if (http_client_once(&settings, &call->exchange, call->arena, &call->reply, &err) !=
        STATUS_OK)
        call->reply = (struct reply){
            .kind = REPLY_NOT_SENT,
            .why = arena_c_string(call->arena, str_of(err.text)),
        };
    call->took_ms = clock_now().mono_ms - begin_ms;
}

static void *run(void *context)
{
    struct caller *caller = context;
    size_t count;
    for (;;) {
        queue_wait(caller->calls, -1);
        struct queue_node *node = queue_take(caller->calls, 1, &count);
        if (node == NULL)
            return NULL;
        struct call *call = CONTAINER_OF(node, struct call, node);
        call->reply = (struct reply){.kind = REPLY_NOT_SENT, .why = "the demo ends"};
        if (!atomic_load(&caller->is_stopping))
            carry(call);
        queue_push_reserved(caller->replies, node);
    }
}

enum status caller_new(struct queue *replies, struct caller **out_caller,
                       struct error *err)
{
    struct caller *caller = mem_new(sizeof(*caller));
    caller->calls = queue_new(CALLS_MAX, NULL, NULL);
    caller->replies = replies;
    caller->has_thread = pthread_create(&caller->thread, NULL, run, caller) == 0;
    if (!caller->has_thread) {
        caller_free(caller);
        return fail(err, STATUS_FAILED, "the system gives no thread");
    }
    *out_caller = caller;
    return STATUS_OK;
}

bool caller_ask(struct caller *caller, struct call *call)
{
    if (!queue_reserve(caller->replies))
        return false;
    if (queue_push(caller->calls, &call->node))
        return true;
    queue_unreserve(caller->replies);
    return false;
}

void caller_free(struct caller *caller)
{
    if (caller == NULL)
        return;
    atomic_store(&caller->is_stopping, true);
    queue_stop(caller->calls);
    if (caller->has_thread)
        (void)pthread_join(caller->thread, NULL);
    queue_free(caller->calls);
    mem_free(caller);
}
