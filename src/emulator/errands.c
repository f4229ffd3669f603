#include "errands.h"

#include <pthread.h>
#include <stdatomic.h>

#include "gateway/http_client.h"
#include "gateway/memory.h"

#define QUEUE_CAPACITY 1000000

struct errands {
    struct errands_owner owner;
    struct transport *transport;
    struct queue *orders; /* front -> errands */
    struct queue *notes;  /* errands -> front */
    pthread_t thread;
    atomic_bool is_stopping;
};

static struct queue_node *take_all(struct queue *queue)
{
    size_t count;
    return queue_take(queue, SIZE_MAX, &count);
}

static void *run(void *context)
{
    struct errands *errands = context;
    const struct errands_owner *owner = &errands->owner;
    while (!atomic_load(&errands->is_stopping)) {
        int64_t wait_ms = owner->work(owner->owner, take_all(errands->orders));
        errands->transport->ops->poll(errands->transport, wait_ms);
    }
    return NULL;
}

static void wake_transport(void *context)
{
    struct errands *errands = context;
    errands->transport->ops->wake(errands->transport);
}

enum status errands_new(const struct errands_owner *owner, int64_t connections,
                        struct errands **out_errands, struct error *err)
{
    struct errands *errands = mem_new(sizeof(*errands));
    errands->owner = *owner;
    atomic_init(&errands->is_stopping, false);
    struct http_client_settings client = {
        .connections = (unsigned)connections, /* an option with limits */
        .connections_per_host = (unsigned)connections,
        .guard_off = true,
    };
    enum status status =
        http_client_new(&client, owner->done, owner->owner, &errands->transport, err);
    if (status != STATUS_OK) {
        mem_free(errands);
        return status;
    }
    errands->orders = queue_new(QUEUE_CAPACITY, wake_transport, errands);
    errands->notes = queue_new(QUEUE_CAPACITY, owner->wake, owner->wake_context);
    *out_errands = errands;
    if (pthread_create(&errands->thread, NULL, run, errands) == 0)
        return STATUS_OK;
    (void)errands_close(errands); /* nothing was given yet */
    errands_free(TAKE(*out_errands));
    return fail(err, STATUS_FAILED, "start a thread for what goes out");
}

void errands_stop(struct errands *errands)
{
    atomic_store(&errands->is_stopping, true);
    wake_transport(errands);
    (void)pthread_join(errands->thread, NULL);
}

struct queue_node *errands_close(struct errands *errands)
{
    errands->transport->ops->free(errands->transport);
    return take_all(errands->orders);
}

void errands_free(struct errands *errands)
{
    queue_free(errands->orders);
    queue_free(errands->notes);
    mem_free(errands);
}

bool errands_order(struct errands *errands, struct queue_node *order)
{
    return queue_push(errands->orders, order);
}

struct queue_node *errands_take_notes(struct errands *errands)
{
    return take_all(errands->notes);
}

bool errands_start(struct errands *errands, const struct exchange *exchange,
                   void *token)
{
    if (!queue_reserve(errands->notes))
        return false;
    struct error err;
    enum status status =
        errands->transport->ops->start(errands->transport, exchange, token, &err);
    if (status == STATUS_RETRY)
        queue_unreserve(errands->notes);
    else if (status != STATUS_OK)
        errands->owner.done(token,
                            &(struct reply){.kind = REPLY_NOT_SENT, .why = err.text},
                            errands->owner.owner);
    return status != STATUS_RETRY;
}

void errands_note(struct errands *errands, struct queue_node *note)
{
    queue_push_reserved(errands->notes, note);
}

void errands_no_note(struct errands *errands)
{
    queue_unreserve(errands->notes);
}
