/*
 * gate: from a request to its answer: token, budget, faults, the operation, the wire.
 */
#pragma once

#include "call.h"

/* For the routes: works on a request as `operation` says. */
enum handled gate_serve(struct request *request, struct emulator *emulator,
                        const struct operation *operation);
/* For the routes: an answer that a fault held back. */
void gate_serve_delayed(struct request *request, const struct emulator *emulator);

/* Hands back the answers that are due; `all`: whether due or not. */
void gate_release_delayed(struct emulator *emulator, bool all);
/* Until the next one is due, at most `max_ms`. */
int64_t gate_wait_ms(const struct emulator *emulator, int64_t max_ms);

/* One request to the API or the login, as /_emulator/requests shows it. */
struct seen_request {
    int64_t at_ms; /* wall clock, of the first byte */
    int64_t took_ms;
    int status; /* 0: closed without an answer */
    char method[8];
    size_t path_len;
    char path[];
};
