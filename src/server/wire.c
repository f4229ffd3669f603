#include "internal.h"

#include <assert.h>

/*
 * The order of libmicrohttpd's calls for one request:
 *   wire_begin    its request line is complete; nothing is unescaped yet
 *   wire_advance  its headers are complete; an answer queued here is sent without
 *                     reading the body and ends the connection
 *   wire_advance  a piece of body, until all has come
 *   wire_advance  size 0: the request is complete. A suspended request is answered
 *                     while suspended, so there is no further call, unless no answer
 * could be made wire_end      always, once begun
 */

void *wire_begin(void *context, const char *target, struct MHD_Connection *mhd)
{
    struct loop *loop = context;
    struct connection *connection = connection_of(mhd);
    struct request *request = request_new(loop);
    request->connection = connection;
    request->started_ms = server_now_ms();
    connection->request = request;
    head_set_target(request, target);

    /* Between requests the idle deadline counts; from here on also the shorter one. */
    deadline_tighten(&loop->deadlines, &connection->deadline, DEADLINE_HEADERS,
                     request->started_ms);
    return request;
}

/* --- the three kinds of call ---------------------------------------------- */

static void begin_body(struct request *request, const char *method, const char *version)
{
    request->stage = STAGE_BODY;
    struct connection *connection = request->connection;
    deadline_set(&request->loop->deadlines, &connection->deadline, DEADLINE_BODY,
                 server_now_ms());
    if (head_read(request, method, version)) {
        connection->is_refused = true;
        respond_refusal(request);
    }
}

static void complete(struct request *request)
{
    deadline_clear(&request->loop->deadlines, &request->connection->deadline);
    bodies_complete(request);
    if (request->refusal != STATUS_OK) {
        respond_refusal(request);
        return;
    }
    request->stage = STAGE_HANDLING;
    request->message.body = buf_str(&request->body);
    enum handled handled =
        request->match.route->handle(request, request->loop->listener->context);
    assert(handled == HANDLED_SUSPENDED ? request->stage == STAGE_SUSPENDED
                                        : request->stage >= STAGE_ANSWERED);
    (void)handled;
}

enum MHD_Result wire_advance(void *context, struct MHD_Connection *mhd, const char *url,
                             const char *method, const char *version, const char *data,
                             size_t *size, void **request_slot)
{
    (void)context;
    (void)mhd;
    (void)url; /* wire_begin saw more of it */
    struct request *request = *request_slot;
    if (request->stage == STAGE_HEAD) {
        begin_body(request, method, version);
    } else if (request->stage == STAGE_BODY && *size > 0) {
        bodies_take(request, str_from(data, *size));
        *size = 0;
    } else if (request->stage == STAGE_BODY) {
        complete(request);
    }
    return request->stage == STAGE_BROKEN ? MHD_NO : MHD_YES;
}

void wire_end(void *context, struct MHD_Connection *mhd, void **request_slot,
              enum MHD_RequestTerminationCode code)
{
    (void)mhd;
    (void)code; /* if the connection ends too, its deadline goes with it */
    struct loop *loop = context;
    struct request *request = *request_slot;
    struct connection *connection = request->connection;
    deadline_set(&loop->deadlines, &connection->deadline, DEADLINE_IDLE,
                 server_now_ms());
    connection->request = NULL;
    request->connection = NULL;
    if (request->is_peer_counted)
        peer_counts_remove(loop->listener->peers, &request->peer);
    request_drop(request);
}
