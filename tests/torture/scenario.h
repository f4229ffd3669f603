/*
 * scenario: one thing that happens to a gateway, as rows. Everything between `before`
 * and the end of `mails` runs with something failing; what must come of it is what
 * comes of it when nothing fails.
 */
#pragma once

#include "mail.h"
#include "peer.h"

#define SCENARIO_MAILS_MAX 8

/* What it begins with. */
enum scenario_start {
    START_RUNNING,   /* a gateway that is up */
    START_EMPTY,     /* failing while it starts: on a database without anything */
    START_OLD,       /* with the first migration only */
    START_WITH_WORK, /* with deliveries that could not be made in `before` */
};

struct scenario {
    const char *name;
    enum scenario_start start;
    struct mail before[SCENARIO_MAILS_MAX];
    struct mail mails[SCENARIO_MAILS_MAX];             /* one after the other */
    struct peer_act acts[PEER_TARGETS][PEER_ACTS_MAX]; /* of the peers, from mails on */
    const char *config;                                /* more configuration, or NULL */
    const char *reload;     /* adopted behind the mails: this instead; or NULL */
    bool reload_is_refused; /* one with another integration is tried and refused */
    bool tidies;            /* behind the mails */
    bool is_everywhere;     /* what fails may fail on any thread */
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;
