/*
 * webhooks: signed webhooks as a partner or Genesys Cloud would send them, as whole
 * HTTP requests. Each has an id of its own and the time when it was due, so that the
 * stub can tell how long it took to arrive there.
 */
#pragma once

#include "gateway/crypto.h"
#include "gateway/text.h"

/* In front of the text of each message, with microseconds of the monotonic clock. */
#define WEBHOOK_DUE_MARK "due="

#define WEBHOOK_PARTNER_SECRET "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define WEBHOOK_GENESYS_SECRET "a-genesys-signing-secret"
#define WEBHOOK_INTEGRATION_ID "5a1d3a52-0000-4000-8000-000000000002"

struct webhooks {
    bool are_outbound; /* as Genesys Cloud sends them, not a partner */
    const char *path;
    int64_t contacts;
    int64_t bytes; /* of a body */
    int64_t run;   /* makes ids of this run its own */
    int64_t made;
    struct hmac *hmac;
    struct buf body;
};

/* Exits with a line on a bad option: --kind, --path, --contacts, --bytes. */
void webhooks_init(struct webhooks *webhooks, int argc, char **argv);
void webhooks_release(struct webhooks *webhooks);
/* The next one, in the place of what the buffer held. */
void webhooks_make(struct webhooks *webhooks, int64_t due_us, struct buf *out);
