/*
 * api: our own HTTP surface: the routes of the public and of the admin listener.
 */
#pragma once

#include "gateway/config.h"
#include "gateway/relay.h"
#include "gateway/server.h"
#include "gateway/writer.h"

/* --- public: webhooks. Everything but front_adopt on the listener's thread. ------------- */

struct front;

struct front *front_new(struct relay *relay, struct config *config);
void front_free(struct front *front);
/* The routes, with the front as context of listener_open. */
const struct route *front_routes(size_t *out_count);
/* From now on requests are served with this snapshot; holds a reference. Any thread. */
void front_adopt(struct front *front, struct config *config);
/* Takes an adopted snapshot over; between two listener_step. */
void front_refresh(struct front *front);

/* --- admin: health and metrics. Any of the listener's threads. ---------------------------- */

struct admin {
    const struct writer *writer;
    _Atomic bool is_draining; /* /readyz answers 503 */
};

const struct route *admin_routes(size_t *out_count);
