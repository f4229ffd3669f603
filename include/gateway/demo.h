/*
 * demo: the page that shows the way of a message through omgw, and its small server.
 *
 * The server is also the partner: it signs what the customer says and posts it to the
 * gateway, and takes, with the signature checked, what the gateway sends. Buttons of
 * the page become orders to the emulator. What the page shows of the gateway comes from
 * the gateway's own log. One thread steps it; demo_take_log and demo_wake are for any.
 */
#pragma once

#include "gateway/status.h"
#include "gateway/text.h"

struct demo;

struct demo_settings { /* texts are borrowed and stay */
    const char *listen;
    struct str key;           /* of the bridge's secret; copied */
    const char *webhook_url;  /* the bridge's, where the customer's words go */
    const char *emulator_url; /* no slash at the end */
    const char *integration;
    const char *config_path; /* for the commands that the page names */
    int64_t unplug_ms;       /* how long Genesys is unplugged */
    /* Delivers the last dead letter again: `omgw dead replay`. Called by demo_step. */
    enum status (*replay)(void *context, struct error *err);
    void *context;
};

/* STATUS_INVALID: the address cannot be used. Gateway and emulator need not run yet. */
MUST_CHECK enum status demo_open(const struct demo_settings *settings,
                                 struct demo **out_demo, struct error *err);
/* The address really bound. */
const char *demo_address(const struct demo *demo);
/* Serves what is there, or waits for it, at most `timeout_ms`. */
void demo_step(struct demo *demo, int64_t timeout_ms);
void demo_wake(struct demo *demo);
/* A line of the gateway's log (JSON); others are passed over. */
void demo_take_log(struct demo *demo, struct str line);
/* Answers what is still asked, ends the streams. Accepts NULL. */
void demo_close(struct demo *demo);
