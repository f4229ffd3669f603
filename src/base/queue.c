#include "gateway/queue.h"

#include <assert.h>
#include <pthread.h>

#include "die.h"
#include "gateway/memory.h"

struct queue {
    size_t capacity;
    queue_wake *wake;
    void *context; /* borrowed */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* first node, or stopped */
    /* all guarded by lock: */
    struct queue_node *head;
    struct queue_node **tail; /* where the next node goes */
    size_t count;
    size_t reserved;
    bool is_stopped;
};

struct queue *queue_new(size_t capacity, queue_wake *wake, void *context)
{
    struct queue *queue = mem_new(sizeof(*queue));
    queue->capacity = capacity;
    queue->wake = wake;
    queue->context = context;
    queue->tail = &queue->head;
    pthread_condattr_t monotonic;
    if (pthread_mutex_init(&queue->lock, NULL) != 0 ||
        pthread_condattr_init(&monotonic) != 0 ||
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(&queue->changed, &monotonic) != 0)
        die("no lock for a queue");
    (void)pthread_condattr_destroy(&monotonic);
    return queue;
}

void queue_free(struct queue *queue)
{
    if (queue == NULL)
        return;
    assert(queue->head == NULL);
    (void)pthread_cond_destroy(&queue->changed);
    (void)pthread_mutex_destroy(&queue->lock);
    mem_free(queue);
}

static void lock(struct queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock); /* fails only on misuse */
}

static void unlock(struct queue *queue)
{
    (void)pthread_mutex_unlock(&queue->lock);
}

static bool has_room(const struct queue *queue)
{
    return queue->reserved < queue->capacity &&
           queue->count < queue->capacity - queue->reserved;
}

/* With the lock held. True: the queue was empty, so the consumer must be woken. */
static bool append(struct queue *queue, struct queue_node *node)
{
    bool was_empty = queue->head == NULL;
    node->next = NULL;
    *queue->tail = node;
    queue->tail = &node->next;
    queue->count++;
    if (was_empty)
        (void)pthread_cond_signal(&queue->changed);
    return was_empty;
}

/* Without the lock: the callback may look into the queue. */
static void wake_if(struct queue *queue, bool was_empty)
{
    if (was_empty && queue->wake != NULL)
        queue->wake(queue->context);
}

bool queue_push(struct queue *queue, struct queue_node *node)
{
    lock(queue);
    bool is_taken = has_room(queue);
    bool was_empty = is_taken && append(queue, node);
    unlock(queue);
    wake_if(queue, was_empty);
    return is_taken;
}

bool queue_reserve(struct queue *queue)
{
    lock(queue);
    bool is_reserved = has_room(queue);
    if (is_reserved)
        queue->reserved++;
    unlock(queue);
    return is_reserved;
}

void queue_push_reserved(struct queue *queue, struct queue_node *node)
{
    lock(queue);
    assert(queue->reserved > 0);
    queue->reserved--;
    bool was_empty = append(queue, node);
    unlock(queue);
    wake_if(queue, was_empty);
}

void queue_unreserve(struct queue *queue)
{
    lock(queue);
    assert(queue->reserved > 0);
    queue->reserved--;
    unlock(queue);
}

struct queue_node *queue_take(struct queue *queue, size_t max, size_t *out_count)
{
    lock(queue);
    struct queue_node *first = queue->head;
    struct queue_node **end = &queue->head;
    size_t count = 0;
    while (count < max && *end != NULL) {
        end = &(*end)->next;
        count++;
    }
    if (count > 0) {
        struct queue_node *rest = *end;
        *end = NULL;
        queue->head = rest;
        if (rest == NULL)
            queue->tail = &queue->head;
        queue->count -= count;
    }
    unlock(queue);
    *out_count = count;
    return count > 0 ? first : NULL;
}

static struct timespec deadline_after(int64_t timeout_ms)
{
    struct timespec deadline;
    (void)clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += (time_t)(timeout_ms / 1000);
    deadline.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (deadline.tv_nsec >= 1000000000) {
        deadline.tv_sec++;
        deadline.tv_nsec -= 1000000000;
    }
    return deadline;
}

/* glibc before 2.41 can lose a signal (bug 25847), and behind a first node nobody
 * signals again: so nobody waits longer than this without a look. */
#define LOOK_AGAIN_MS 1000

/* With the lock held, until woken or at most that long. */
static void wait_a_while(struct queue *queue, int64_t timeout_ms)
{
    struct timespec deadline = deadline_after(timeout_ms);
    int failed = 0;
    while (queue->head == NULL && !queue->is_stopped && failed == 0)
        failed = pthread_cond_timedwait(&queue->changed, &queue->lock, &deadline);
}

void queue_wait(struct queue *queue, int64_t timeout_ms)
{
    int64_t left_ms = timeout_ms < 0 ? INT64_MAX : timeout_ms;
    lock(queue);
    while (queue->head == NULL && !queue->is_stopped && left_ms > 0) {
        int64_t while_ms = left_ms < LOOK_AGAIN_MS ? left_ms : LOOK_AGAIN_MS;
        wait_a_while(queue, while_ms);
        left_ms -= while_ms;
    }
    unlock(queue);
}

void queue_stop(struct queue *queue)
{
    lock(queue);
    queue->is_stopped = true;
    (void)pthread_cond_broadcast(&queue->changed);
    unlock(queue);
}

size_t queue_count(struct queue *queue)
{
    lock(queue);
    size_t count = queue->count;
    unlock(queue);
    return count;
}
