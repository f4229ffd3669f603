/*
 * errands: a thread of its own for what the emulator asks of others over HTTP. Orders
 * come to it by one queue, notes of what became of them go back by another.
 *
 * What an order is and what its end means, the owner says. Functions without a remark
 * are for the front thread.
 */
#pragma once

#include "gateway/queue.h"
#include "gateway/status.h"
#include "gateway/transport.h"

struct errands;

struct errands_owner {
    void *owner; /* given to these two, which are called on the errands' thread */
    /* Takes new orders (a list), starts what it can, and says for how long at most
     * there is nothing else to do, in ms. */
    int64_t (*work)(void *owner, struct queue_node *orders);
    transport_done *done; /* its context is the owner */
    queue_wake *wake;     /* the first note waits; any thread */
    void *wake_context;
};

/*
 * Starts the thread; *out_errands is set before, so that the owner finds it there.
 * `connections`: exchanges under way at once.
 */
MUST_CHECK enum status errands_new(const struct errands_owner *owner,
                                   int64_t connections, struct errands **out_errands,
                                   struct error *err);
/* Ends the thread, wherever the orders are. What is given from then on stays. */
void errands_stop(struct errands *errands);
/* After errands_stop: done is called for what is under way.
 * Orders not taken yet. */
struct queue_node *errands_close(struct errands *errands);
/* After errands_close; no note may be left. */
void errands_free(struct errands *errands);

/* False when too many orders wait. */
MUST_CHECK bool errands_order(struct errands *errands, struct queue_node *order);
/* Notes in order, as a list. */
struct queue_node *errands_take_notes(struct errands *errands);

/*
 * Errands' thread. Keeps the place of a note and starts; false when there is no room
 * now, and nothing was started. When the exchange cannot be sent at all, done says so.
 */
MUST_CHECK bool errands_start(struct errands *errands, const struct exchange *exchange,
                              void *token);
/* Uses the place that errands_start kept, or gives it back. Errands' thread. */
void errands_note(struct errands *errands, struct queue_node *note);
void errands_no_note(struct errands *errands);
