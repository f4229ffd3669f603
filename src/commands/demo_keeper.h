/*
 * demo_keeper: runs a demo: the gateway and the emulator as children, the page on a
 * thread, signals on this one. What ends unasked ends all of it, and is told in words.
 */
#pragma once

#include "child.h"
#include "command.h"
#include "demo_place.h"

#include <pthread.h>
#include <stdatomic.h>

struct demo;

struct demo_keeper {
    struct demo_place place;
    struct demo *demo;
    struct child emulator;
    struct child gateway;
    char **environment; /* without settings of a gateway */
    int signals;        /* signalfd */
    bool is_told;       /* to end, by a signal */
    bool is_emulator_ready;
    bool is_gateway_ready;
    pthread_t front; /* steps the demo */
    bool has_front;
    atomic_bool is_stopping;
};

/* Starts everything and waits until it is ready. Whatever it says has been said. */
MUST_CHECK enum exit_code demo_keeper_start(struct demo_keeper *keeper,
                                            const struct invocation *invocation);
/*
 * Hears the children and obeys signals, until something happened or the time is up (-1:
 * no limit). False: it is over: told to end, or a child is lost.
 */
MUST_CHECK bool demo_keeper_round(struct demo_keeper *keeper, int timeout_ms);
/* Ends what runs, in order, and removes what was made. The exit code of the whole. */
enum exit_code demo_keeper_end(struct demo_keeper *keeper);
