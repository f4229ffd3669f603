/*
 * call: one request to the emulator while it is worked on, and the answer to it.
 *
 * A handler reads the request, and either prints the body into call->out and says
 * call_answer, or refuses. What goes over the wire, and when, is gate.c's affair.
 * Front thread.
 */
#pragma once

#include "emulator.h"
#include "gateway/server.h"
#include "print_json.h"
#include "shape.h"

struct call;

/* How a request gets in. */
enum door {
    DOOR_API,     /* token, budget, faults */
    DOOR_LOGIN,   /* faults; errors of the OAuth shape */
    DOOR_OPEN,    /* faults: the path is the secret */
    DOOR_CONTROL, /* /_emulator: none of these */
};

struct operation {
    enum door door;
    enum fault_route fault;
    void (*handle)(struct call *call);
    bool takes_bytes; /* not JSON, and more of them than Genesys takes */
};

struct answer {
    int status;
    struct str body;
    int64_t retry_after_s;  /* 0: no header */
    int64_t budget_used;    /* of a client with a budget */
    int64_t budget_allowed; /* 0: no headers */
    int64_t budget_reset_s;
    char context_id[UUID_BYTES];
    char file_id[UUID_BYTES]; /* the body is this file; empty: it is `body` */
};

struct call {
    struct emulator *emulator;
    struct world *world; /* the emulator's */
    struct request *request;
    const struct operation *operation;
    struct client *client; /* who asks, once the token was checked */
    struct json *body;     /* owned; NULL before call_body and when it is not JSON */
    struct buf *out;       /* the emulator's; empty at first */
    struct answer answer;
};

/* The body as a JSON value of a shape; NULL after a refusal. */
const struct json *call_body(struct call *call, const struct shape *shape);
/* The integration named by the path; NULL after a refusal. */
struct integration *call_integration(struct call *call);
/* A query parameter that is a whole number; `absent` when it is missing. */
MUST_CHECK bool call_query_number(struct call *call, const char *name, int64_t min,
                                  int64_t max, int64_t absent, int64_t *out_value);
/* A query parameter that is "true" or "false"; false when it is missing. */
MUST_CHECK bool call_query_bool(struct call *call, const char *name, bool *out_value);

/* What was printed into call->out is the body. */
void call_answer(struct call *call, int status);
/* The file is the body, whenever it goes out. */
void call_answer_file(struct call *call, const struct kept_file *file);
/* Error bodies. Source: open-messaging.md, section 3.9; read 2026-11-21. */
void call_refuse(struct call *call, int status, const char *code, const char *format,
                 ...) PRINTF_LIKE(4, 5);
void call_refuse_field(struct call *call, const struct misfit *misfit);
void call_refuse_missing(struct call *call, const char *what, struct str id);
/* A list is at its ceiling: nothing is dropped to make room. */
void call_refuse_full(struct call *call);
/* The usual error of a status, as a fault orders it. */
void call_refuse_status(struct call *call, int status);
