/*
 * caller: carries requests to one peer, strictly one after the other, on a thread of
 * its own: what a customer says must arrive in order, and no answer may hold the page.
 */
#pragma once

#include "gateway/exchange.h"
#include "gateway/queue.h"
#include "gateway/status.h"

struct caller;
struct call;

/* What a call is about, and its end; in its arena. */
struct call {
    struct queue_node node;
    struct arena *arena; /* owned: exchange, reply, and the call itself */
    struct exchange exchange;
    /* On the demo's thread, once the reply is there; before the call is freed. */
    void (*settle)(void *demo, struct call *call);
    const void *about;       /* settle's; in the arena */
    struct request *waiting; /* suspended until then; or NULL */
    struct reply reply;
    int64_t took_ms;
};

struct call *call_new(void);
void call_free(struct call *call);

/* Replies go to `replies`, whose wake tells their reader. */
MUST_CHECK enum status caller_new(struct queue *replies, struct caller **out_caller,
                                  struct error *err);
/* Takes the call over, and gives it back by the queue of replies. False: no room. */
MUST_CHECK bool caller_ask(struct caller *caller, struct call *call);
/* Ends behind the call under way; the others come back unsent. Accepts NULL. */
void caller_free(struct caller *caller);
