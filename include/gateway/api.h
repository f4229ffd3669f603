/*
 * api: our own HTTP surface: the routes of the public and of the admin listener.
 */
#pragma once

#include "gateway/backup.h"
#include "gateway/config.h"
#include "gateway/media.h"
#include "gateway/relay.h"
#include "gateway/server.h"
#include "gateway/writer.h"

/* --- public: webhooks and attachments. Everything but front_adopt on the listener's
 * thread.
 * ------------- */

struct front;

struct front *front_new(struct relay *relay, struct media *media,
                        struct config *config);
void front_free(struct front *front);
/* The routes, with the front as context of listener_open. */
const struct route *front_routes(size_t *out_count);
/* From now on requests are served with this snapshot; holds a reference. Any thread. */
void front_adopt(struct front *front, struct config *config);
/* Takes an adopted snapshot over; between two listener_step. */
void front_refresh(struct front *front);

/* From now on every webhook is answered 503: nothing new is submitted. */
void front_refuse(struct front *front);

/* --- admin: health and metrics. Any of the listener's threads.
 * ---------------------------- */

/* Who may do what on the admin listener: the configuration's tokens. */
struct admin_auth;

/* `config` has the address the listener was bound to: later ones come with a restart.
 */
struct admin_auth *admin_auth_new(struct config *config);
void admin_auth_free(struct admin_auth *auth); /* accepts NULL */
/* From now on the tokens of this snapshot count; holds a reference. Any thread. */
void admin_auth_adopt(struct admin_auth *auth, struct config *config);
/*
 * Whether the request's bearer token has that role. If not, the request was answered:
 * 401 without a known token, 403 with one of a lower role. Without any tokens everybody
 * may do everything on a loopback address, and nothing elsewhere. Any thread.
 */
MUST_CHECK bool admin_auth_allows(struct admin_auth *auth, struct request *request,
                                  enum admin_role role);

/* Metrics that only the database knows, read on demand by a handle of their own. */
struct gauges;
struct store;
struct gauges *gauges_new(struct store *reader, struct config *config);
void gauges_free(struct gauges *gauges);                         /* accepts NULL */
void gauges_adopt(struct gauges *gauges, struct config *config); /* any thread */
/* Reads anew what is due: some after 5 s, costly ones after a minute. Any thread.
 * Accepts NULL: without a database there is nothing to read. */
void gauges_refresh(struct gauges *gauges, struct now now);

struct admin {
    const struct writer *writer;
    struct gauges *gauges;
    struct admin_auth *auth;
    _Atomic bool is_draining; /* /readyz answers 503 */
};

const struct route *admin_routes(size_t *out_count);

/* --- control: what an operator changes, on the Unix socket. One thread.
 * -------------------- */

struct control;

struct control *control_new(struct relay *relay, struct backup *backup,
                            struct config *config);
void control_free(struct control *control); /* accepts NULL */
/* The routes, with the control as context of listener_open. */
const struct route *control_routes(size_t *out_count);
/* From now on orders are obeyed with this snapshot; holds a reference. Any thread. */
void control_adopt(struct control *control, struct config *config);
