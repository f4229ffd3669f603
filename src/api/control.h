/*
 * control: what the routes of the control socket share.
 */
#pragma once

#include "gateway/api.h"
#include "gateway/json.h"

#include <stdatomic.h>

struct control {
    struct relay *relay;
    struct backup *backup;
    struct config *config; /* a reference; listener's thread */
    _Atomic(struct config *) adopt;
};

/* The current snapshot. */
struct config *control_config(struct control *control);
/*
 * Two gateways of one machine may look for each other's sockets by default; numbers and
 * files mean something in one database only. STATUS_CONFLICT.
 */
MUST_CHECK enum status control_check_database(const struct config *config,
                                              struct str database, struct error *err);
/* Who asks, as the audit keeps it; lives in the request's arena. */
struct str control_actor(struct request *request);
void control_respond(struct request *request, const struct json *answer);
int64_t control_body_max(const struct request *request, void *context);

/* control_backup.c */
enum handled control_backup(struct request *request, void *context);
enum handled control_backup_look(struct request *request, void *context);
enum handled control_backup_cancel(struct request *request, void *context);
