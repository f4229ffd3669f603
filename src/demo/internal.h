/*
 * internal: what the files of the demo share. All of it belongs to the thread that
 * steps.
 */
#pragma once

#include "caller.h"
#include "feed.h"
#include "gateway/crypto.h"
#include "gateway/demo.h"
#include "gateway/random.h"
#include "gateway/server.h"

/* Webhooks of which a repeat is known: more than are ever under way. */
#define SEEN_MAX 256
#define CUSTOMER_ID "ana"
#define CUSTOMER_NAME "Ana Prieto"

struct demo {
    struct demo_settings settings;
    struct listener *listener;
    struct hmac *hmac;
    struct random random; /* of ids */
    char run[PUBLIC_ID_BYTES];
    struct feed feed;
    struct queue *lines;    /* of the gateway's log: struct log_line */
    struct queue *replies;  /* struct call */
    struct caller *gateway; /* webhooks of the customer; NULL at the end */
    struct caller *emulator;
    char *seen[SEEN_MAX]; /* webhook-ids that were taken; a ring */
    size_t seen_next;
    unsigned refusals;  /* so many of the next messages the phone does not take */
    int64_t plug_in_ms; /* mono, when Genesys is plugged in again; 0: it is */
    int64_t beat_ms;    /* mono, of the next beat of the feed */
};

/* --- demo.c --------------------------------------------------------------- */

/* An event for the page: {"what": what, "at": now}; feed_add takes it over. */
struct json *event_new(const char *what);
/* Suspends the request, if there is one, until the call is settled, and asks. Takes the
 * call over. HANDLED_SUSPENDED. */
enum handled demo_ask(struct demo *demo, struct caller *caller, struct call *call,
                      struct request *request);
/* Answers the request that waits for the call, if one does, with the call's reply; 503:
 * none came. Settles nothing. */
void demo_answer(struct call *call);
/* What a reply that is no 2xx says, for a person. */
struct str reply_words(const struct call *call);
/* Only the demo's own page, or a tool on this machine: false when it was refused. */
MUST_CHECK bool demo_is_ours(struct request *request);
/* The body as a JSON object; NULL after a refusal. */
struct json *demo_body(struct request *request);

/* Handlers of routes: `context` is the demo. */

/* --- customer.c: what the customer does ----------------------------------- */

enum handled customer_say(struct request *request, void *context);
/* The phone shows the message `id` now. */
void customer_got(struct demo *demo, struct str id);

/* --- callback.c: what omgw sends the partner ------------------------------ */

enum handled callback_take(struct request *request, void *context);
void callback_release(struct demo *demo);

/* --- plays.c: the buttons ------------------------------------------------- */

enum handled plays_start(struct request *request, void *context);
/* Plugs Genesys in when it is time. */
void plays_step(struct demo *demo, int64_t now_ms);

/* --- page.c --------------------------------------------------------------- */

enum handled page_serve(struct request *request, void *context);
