/*
 * queue: a bounded hand-over from many threads to one. The only way threads meet.
 *
 * Intrusive: what is handed over holds a struct queue_node. Nobody waits for room: a
 * full queue refuses, and the caller answers 503, marks a refill, or has reserved its
 * place before. The consumer is woken once per batch, not once per node.
 */
#pragma once

#include "gateway/base.h"

struct queue;
struct queue_node {
    struct queue_node *next; /* owned by the queue while inside */
};

/* Called, from the pushing thread, when an empty queue gets its first node. May be
 * NULL. */
typedef void queue_wake(void *context);

struct queue *queue_new(size_t capacity, queue_wake *wake, void *context);
/* The queue must be empty. */
void queue_free(struct queue *queue);

/* False when nodes and reservations fill the capacity. Any thread. */
MUST_CHECK bool queue_push(struct queue *queue, struct queue_node *node);
/* Keeps a place for a later queue_push_reserved. Any thread. */
MUST_CHECK bool queue_reserve(struct queue *queue);
void queue_push_reserved(struct queue *queue, struct queue_node *node);
/* Gives a reserved place back unused. */
void queue_unreserve(struct queue *queue);

/* Takes up to `max` nodes in order, as a list ending in NULL. Consumer only; never
 * blocks. */
struct queue_node *queue_take(struct queue *queue, size_t max, size_t *out_count);
/* Blocks until there is a node, queue_stop was called, or `timeout_ms` went by (-1: no
 * limit). For a consumer that has nothing else to wait for. */
void queue_wait(struct queue *queue, int64_t timeout_ms);
/* Ends the current and all later waits. Any thread. */
void queue_stop(struct queue *queue);
size_t queue_count(struct queue *queue);
