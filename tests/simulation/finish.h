/*
 * finish: what the database holds, and whether anything still waits.
 */
#pragma once

#include "peer.h"

/* A message as the database has it, with its latest delivery. */
struct kept_message {
    struct peer_mark mark;
    const struct message *message;
    int64_t delivery; /* 0: it has none */
    enum delivery_state state;
    bool is_told; /* its receipt slot is not given up */
};
typedef void finish_message(struct sim *sim, const struct kept_message *message,
                            void *context);
/* By row. */
void finish_each_message(struct sim *sim, finish_message *seen, void *context);
void finish_write_dead(struct sim *sim, const struct kept_message *message);

/* Nothing is to be sent, delivered, told or committed any more. */
bool finish_is_drained(struct sim *sim);
void finish_say_what_waits(struct sim *sim);
/* The last look: rows and dead letters into the history, counts against each other. */
void finish_look(struct sim *sim);
