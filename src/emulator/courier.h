/*
 * courier: brings outbound messages to the integration's webhook, with Genesys' rules.
 *
 * 2xx within the time limit takes a message; 429, 5xx, no answer: again after the
 * delay, up to five times; anything else is final. Parcels start in the order they were
 * sent, and are not held back for one another. One thread of its own; parcels and notes
 * cross by queues. Source: open-messaging.md, section 4.1; read 2026-11-21.
 */
#pragma once

#include "gateway/exchange.h"
#include "gateway/queue.h"
#include "gateway/status.h"
#include "gateway/text.h"

#define COURIER_RETRIES 5
/* Of the integration's own, beside Content-Type and the signature. */
#define COURIER_HEADERS_MAX (EXCHANGE_HEADERS_MAX - 2)

struct courier;

struct courier_settings {
    int64_t retry_delay_ms;
    int64_t timeout_ms;
    int64_t connections;
};

/* What shall be sent. All is copied by courier_send. */
struct parcel {
    struct str message_id;
    struct str integration_id;
    struct str url;
    struct str secret;
    const struct http_header *headers;
    size_t header_count;
    struct str body;
};

/* One try of one parcel, ended. Owned by the taker: mem_free. */
struct webhook_attempt {
    struct queue_node node;
    uint64_t run;
    char message_id[40];
    unsigned attempt; /* from 1 */
    int status;       /* 0: no answer */
    bool is_taken;
    bool is_final;
    int64_t at_ms; /* wall clock */
    int64_t took_ms;
    char why[64]; /* there was no answer; or "" */
    size_t integration_id_len;
    char integration_id[];
};

/* Starts the thread. `wake` is called, from any thread, when the first note waits. */
MUST_CHECK enum status courier_new(const struct courier_settings *settings,
                                   queue_wake *wake, void *context,
                                   struct courier **out_courier, struct error *err);
/* Ends the thread, wherever the parcels are. What is sent from then on stays. */
void courier_stop(struct courier *courier);
/* After courier_stop. */
void courier_free(struct courier *courier);
/* False when too many parcels wait. */
MUST_CHECK bool courier_send(struct courier *courier, uint64_t run,
                             const struct parcel *parcel);
/* Ended attempts in order, as a list of struct webhook_attempt. */
struct queue_node *courier_take(struct courier *courier);
/* Parcels of runs before this one are no longer tried. */
void courier_start_run(struct courier *courier, uint64_t run);
