/*
 * emulator: a small Genesys Cloud for tests, demos and partners.
 *
 * One front thread owns everything here and drives it by emulator_step; one thread
 * sends the webhooks, one fetches attachments. Memory only. It fails when asked,
 * otherwise never.
 */
#pragma once

#include "attachments.h"
#include "courier.h"
#include "fault_plan.h"
#include "files.h"
#include "login.h"
#include "media_types.h"
#include "world.h"

struct credentials {
    const char *client_id;
    const char *client_secret;
};

struct integration_setting {
    const char *id;
    const char *webhook_url;
    const char *secret;
};

struct emulator_settings { /* all texts borrowed; they stay */
    const char *listen;
    struct credentials *clients;
    size_t client_count;
    struct integration_setting *integrations;
    size_t integration_count;
    int64_t requests_per_minute; /* of each client; 0: no limit */
    int64_t token_lifetime_s;
    int64_t max_rows;       /* in each list */
    bool inbound_receipts;  /* a Published receipt webhook for each inbound message */
    const char *framed_by;  /* origins that may show the agent's page in a frame */
    const char *public_url; /* that links to files begin with; NULL: where it listens */
    struct courier_settings courier;
    struct fetcher_settings fetcher;
};

struct listener;

struct emulator {
    struct emulator_settings settings;
    struct listener *listener;
    struct courier *courier;
    struct fetcher *fetcher;
    struct login login;
    struct world world;
    struct fault_plan faults;
    struct rows fetched; /* struct fetched */
    struct files files;
    struct media_types media_types;
    char *public_url;        /* owned */
    struct rows requests;    /* struct seen_request */
    struct rows attempts;    /* struct webhook_attempt */
    struct delayed *delayed; /* answers held back by a fault, soonest first */
    struct buf out;          /* body of the answer being written */
    uint64_t run;            /* rises at each reset */
};

MUST_CHECK enum status emulator_new(const struct emulator_settings *settings,
                                    struct emulator **out_emulator, struct error *err);
/* The address really bound. */
const char *emulator_address(const struct emulator *emulator);
/* What a gateway reaches it by: links to files begin with it. */
const char *emulator_public_url(const struct emulator *emulator);
/* Serves what is there, or waits for it, at most `timeout_ms`. Front thread. */
void emulator_step(struct emulator *emulator, int64_t timeout_ms);
/* Ends a running emulator_step early. Any thread. */
void emulator_wake(struct emulator *emulator);
/* Finishes what is under way (at most a second), stops the courier, frees all. */
void emulator_free(struct emulator *emulator);

/* As after the start: the integrations of the command line and nothing else. */
void emulator_reset(struct emulator *emulator);
