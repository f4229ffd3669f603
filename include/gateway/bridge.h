/*
 * bridge: one configured pair of channel endpoint and Genesys integration, and the
 * organisation it belongs to. Part of an immutable configuration snapshot: nobody
 * writes after load, whoever uses one holds a reference to its snapshot (config.h).
 */
#pragma once

#include "gateway/base.h"
#include "gateway/settings.h"
#include "gateway/text.h"

struct channel;
struct hmac;
struct tally;

struct organisation {
    char *name;
    char *api_url;   /* https://api.<domain>, no slash at the end */
    char *login_url; /* https://login.<domain> */
    char *client_id;
    char *client_secret;
    int64_t requests_per_minute; /* 0: no pacing */
    int64_t connections;         /* parallel exchanges */
};

/* What an answer that never came means for a peer without idempotency key. */
enum on_unknown { ON_UNKNOWN_REPEAT, ON_UNKNOWN_FAIL };

struct bridge {
    char *name;
    const char
        *public_url; /* of the gateway, no slash at the end; borrowed from config */
    const struct channel *channel;
    const struct organisation *organisation; /* of the same snapshot */
    char *integration_id;
    struct text_list genesys_secrets;
    struct hmac **genesys_keys; /* one per secret, in order; front thread only */
    int64_t threading_window_ms;
    int on_unknown; /* enum on_unknown */
    bool end_on_left;
    int64_t connections;         /* parallel exchanges to the channel's service */
    int64_t requests_per_minute; /* to the channel's service; 0: no pacing */
    void *settings;              /* of the channel, which alone casts it */
    int64_t row;    /* its row in the database; set by bridges sync before adoption */
    unsigned index; /* place in the snapshot's list */
    struct tally *tally; /* counters, relay's; set with `row` */
};

struct arena;
/* Where the channel's service must post to: "<public_url>/webhooks/channels/<name>",
 * with
 * "/<part>" behind it unless `part` is empty. */
struct str bridge_webhook_url(const struct bridge *bridge, struct str part,
                              struct arena *arena);
