/*
 * fetcher: gets what customers attached from where the gateway says it is, as Genesys
 * does: a GET without credentials, at most three redirects, 25 MB, one time limit.
 *
 * One try each. How often Genesys tries, and whether it asks with HEAD first, is not
 * known. Sources: open-messaging.md, sections 2.3 and 3.4; read 2026-11-21.
 */
#pragma once

#include "gateway/crypto.h"
#include "gateway/queue.h"
#include "media_types.h"

#define FETCH_REDIRECTS_MAX 3

struct fetcher;

struct fetcher_settings {
    int64_t timeout_ms; /* from the first request to the last byte of the last one */
    int64_t connections;
};

/* What became of one. Owned by the taker: fetch_note_free. */
struct fetch_note {
    struct queue_node node;
    uint64_t run;
    char message_id[40];
    int status; /* of the last answer; 0: there was none */
    unsigned redirects;
    int64_t took_ms;
    char type[128];                    /* as the answer says; or "" */
    char sha256[2 * SHA256_BYTES + 1]; /* hex; "" without bytes */
    char why[64];                      /* there are no bytes; or "" */
    size_t size;
    char *bytes; /* owned; NULL when there are none */
};
void fetch_note_free(struct fetch_note *note);

/* Starts the thread. `wake` is called, from any thread, when the first note waits. */
MUST_CHECK enum status fetcher_new(const struct fetcher_settings *settings,
                                   queue_wake *wake, void *context,
                                   struct fetcher **out_fetcher, struct error *err);
void fetcher_stop(struct fetcher *fetcher); /* ends the thread */
void fetcher_free(struct fetcher *fetcher); /* after fetcher_stop */
/* False when too many wait. All is copied. */
MUST_CHECK bool fetcher_fetch(struct fetcher *fetcher, uint64_t run,
                              struct str message_id, struct str url);
/* Notes in order, as a list of struct fetch_note. */
struct queue_node *fetcher_take(struct fetcher *fetcher);
/* What was asked for in runs before this one is no longer fetched. */
void fetcher_start_run(struct fetcher *fetcher, uint64_t run);
