#include "support/expect.h"

#include <pthread.h>
#include <stdatomic.h>

#include "gateway/clock.h"
#include "gateway/queue.h"

struct item {
    struct queue_node node;
    int producer;
    int number;
};

static void count_wake(void *context)
{
    atomic_fetch_add((_Atomic int *)context, 1);
}

static void queue_keeps_the_order(void **state)
{
    (void)state;
    struct queue *queue = queue_new(10, NULL, NULL);
    struct item items[5] = {0};
    for (int i = 0; i < 5; i++) {
        items[i].number = i;
        assert_true(queue_push(queue, &items[i].node));
    }
    size_t count = 0;
    struct queue_node *node = queue_take(queue, 3, &count);
    assert_int_equal(count, 3);
    assert_int_equal(queue_count(queue), 2);
    int want = 0;
    for (; node != NULL; node = node->next)
        assert_int_equal(CONTAINER_OF(node, struct item, node)->number, want++);
    assert_int_equal(want, 3);

    node = queue_take(queue, 100, &count);
    assert_int_equal(count, 2);
    assert_ptr_equal(node, &items[3].node);
    assert_ptr_equal(node->next, &items[4].node);
    assert_null(node->next->next);

    assert_null(queue_take(queue, 1, &count));
    assert_int_equal(count, 0);
    assert_true(queue_push(queue, &items[0].node)); /* usable after it ran empty */
    assert_null(queue_take(queue, 0, &count));
    assert_ptr_equal(queue_take(queue, 1, &count), &items[0].node);
    queue_free(queue);
}

static void queue_refuses_beyond_its_capacity(void **state)
{
    (void)state;
    struct queue *queue = queue_new(3, NULL, NULL);
    struct item items[4] = {0};
    size_t count = 0;
    assert_true(queue_push(queue, &items[0].node));
    assert_true(queue_reserve(queue));
    assert_true(queue_push(queue, &items[1].node));
    assert_false(queue_push(queue, &items[2].node)); /* the third place is reserved */
    assert_false(queue_reserve(queue));

    queue_push_reserved(queue, &items[2].node);
    assert_int_equal(queue_count(queue), 3);
    assert_false(queue_push(queue, &items[3].node));
    (void)queue_take(queue, 1, &count);
    assert_true(queue_reserve(queue));
    assert_false(queue_push(queue, &items[3].node));
    queue_unreserve(queue);
    assert_true(queue_push(queue, &items[3].node));

    (void)queue_take(queue, 9, &count);
    assert_int_equal(count, 3);
    queue_free(queue);
}

static void queue_without_room_takes_nothing(void **state)
{
    (void)state;
    struct queue *queue = queue_new(0, NULL, NULL);
    struct item item = {0};
    assert_false(queue_push(queue, &item.node));
    assert_false(queue_reserve(queue));
    queue_free(queue);
    queue_free(NULL);
}

static void queue_wakes_once_per_batch(void **state)
{
    (void)state;
    _Atomic int wakes = 0;
    struct queue *queue = queue_new(2, count_wake, &wakes);
    struct item items[3] = {0};
    size_t count = 0;
    assert_true(queue_push(queue, &items[0].node));
    assert_true(queue_reserve(queue));
    assert_int_equal(atomic_load(&wakes), 1); /* a reservation is nothing to take */
    assert_false(queue_push(queue, &items[1].node));
    queue_push_reserved(queue, &items[1].node);
    assert_int_equal(atomic_load(&wakes), 1);

    (void)queue_take(queue, 1, &count);
    assert_true(queue_push(queue, &items[2].node)); /* one was left: nobody sleeps */
    assert_int_equal(atomic_load(&wakes), 1);

    (void)queue_take(queue, 9, &count);
    assert_true(queue_reserve(queue));
    queue_push_reserved(queue, &items[0].node);
    assert_int_equal(atomic_load(&wakes), 2);
    (void)queue_take(queue, 9, &count);
    queue_free(queue);
}

static void look_inside(void *context)
{
    struct queue **queue = context;
    assert_int_equal(queue_count(*queue), 1); /* would hang under the queue's lock */
}

static void queue_wakes_outside_its_lock(void **state)
{
    (void)state;
    struct queue *queue = NULL;
    queue = queue_new(1, look_inside, &queue);
    struct item item = {0};
    size_t count = 0;
    assert_true(queue_push(queue, &item.node));
    (void)queue_take(queue, 1, &count);
    queue_free(queue);
}

static void queue_wait_ends_in_time(void **state)
{
    (void)state;
    struct queue *queue = queue_new(1, NULL, NULL);
    int64_t before = clock_mono_us();
    queue_wait(queue, 0);
    queue_wait(queue, 20);
    int64_t took = clock_mono_us() - before;
    assert_true(took >= 20000);
    queue_stop(queue);
    queue_wait(queue, -1); /* stopped: every wait ends at once */
    queue_free(queue);

    struct item item = {0};
    size_t count = 0;
    queue = queue_new(1, NULL, NULL);
    assert_true(queue_push(queue, &item.node));
    queue_wait(queue, -1); /* something is there already */
    (void)queue_take(queue, 1, &count);
    queue_free(queue);
}

#define PRODUCERS 4
#define ITEMS_EACH 2000

struct crowd {
    struct queue *queue;
    _Atomic int next_producer;
    struct item items[PRODUCERS][ITEMS_EACH];
};

/* Even numbers go in by reservation, odd ones directly; a full queue is tried again. */
static void *produce(void *context)
{
    struct crowd *crowd = context;
    int producer = atomic_fetch_add(&crowd->next_producer, 1);
    for (int i = 0; i < ITEMS_EACH; i++) {
        struct item *item = &crowd->items[producer][i];
        item->producer = producer;
        item->number = i;
        if (i % 2 == 0) {
            while (!queue_reserve(crowd->queue))
                (void)sched_yield();
            queue_push_reserved(crowd->queue, &item->node);
        } else {
            while (!queue_push(crowd->queue, &item->node))
                (void)sched_yield();
        }
    }
    return NULL;
}

static void queue_loses_nothing_between_threads(void **state)
{
    (void)state;
    static struct crowd crowd;
    crowd.queue = queue_new(64, NULL, NULL);
    pthread_t threads[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &crowd), 0);

    int want[PRODUCERS] = {0};
    for (size_t taken = 0; taken < (size_t)PRODUCERS * ITEMS_EACH;) {
        queue_wait(crowd.queue, -1);
        size_t count = 0;
        const struct queue_node *node = queue_take(crowd.queue, 16, &count);
        assert_true(count > 0);
        for (; node != NULL; node = node->next) {
            const struct item *item =
                (const struct item *)((const char *)node - offsetof(struct item, node));
            assert_int_equal(item->number, want[item->producer]++);
        }
        taken += count;
    }
    for (int i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(queue_count(crowd.queue), 0);
    queue_free(crowd.queue);
}

static void *wait_for_the_stop(void *context)
{
    queue_wait(context, -1);
    return NULL;
}

static void queue_stop_ends_a_running_wait(void **state)
{
    (void)state;
    struct queue *queue = queue_new(1, NULL, NULL);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_the_stop, queue), 0);
    queue_stop(queue); /* before or during the wait: it must end either way */
    assert_int_equal(pthread_join(thread, NULL), 0);
    queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queue_keeps_the_order),
        cmocka_unit_test(queue_refuses_beyond_its_capacity),
        cmocka_unit_test(queue_without_room_takes_nothing),
        cmocka_unit_test(queue_wakes_once_per_batch),
        cmocka_unit_test(queue_wakes_outside_its_lock),
        cmocka_unit_test(queue_wait_ends_in_time),
        cmocka_unit_test(queue_loses_nothing_between_threads),
        cmocka_unit_test(queue_stop_ends_a_running_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
