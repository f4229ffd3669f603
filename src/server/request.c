#include "internal.h"

#include <assert.h>
#include <sys/socket.h>

#include "gateway/limits.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"

/* Kept for reuse per loop; more only after a burst. */
#define POOL_MAX 256

/* --- life ----------------------------------------------------------------- */

static struct request *request_make(void)
{
    struct request *request = mem_new(sizeof(*request));
    request->arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    return request;
}

static void request_free(struct request *request)
{
    arena_free(request->arena);
    buf_release(&request->body);
    mem_free(request);
}

struct request *request_new(struct loop *loop)
{
    struct request *request = loop->free_requests;
    if (request != NULL) {
        loop->free_requests = request->next;
        loop->free_count--;
        request->next = NULL;
    } else {
        request = request_make();
    }
    request->loop = loop;
    request->references = 1;
    atomic_fetch_add(&loop->listener->requests, 1);
    return request;
}

static void request_recycle(struct request *request)
{
    struct loop *loop = request->loop;
    stream_free(TAKE(request->stream));
    bodies_forget(request);
    atomic_fetch_sub(&loop->listener->requests, 1);
    if (loop->free_count == POOL_MAX) {
        request_free(request);
        return;
    }
    struct arena *arena = request->arena;
    struct buf body = request->body;
    arena_reset(arena);
    *request = (struct request){
        .next = loop->free_requests,
        .arena = arena,
        .body = body,
    };
    loop->free_requests = request;
    loop->free_count++;
}

void request_free_pool(struct loop *loop)
{
    while (loop->free_requests != NULL) {
        struct request *request = loop->free_requests;
        loop->free_requests = request->next;
        request_free(request);
    }
}

void request_hold(struct request *request)
{
    request->references++;
}

void request_drop(struct request *request)
{
    assert(request->references > 0);
    if (--request->references == 0)
        request_recycle(request);
}

/* Beside the answer, since a peer may not wait for it. */
void refusal_count(int http_status)
{
    char labels[32] = "status=\"none\"";
    if (http_status != 0)
        (void)snprintf(labels, sizeof(labels), "status=\"%d\"", http_status);
    series_add(metrics_series(METRIC_HTTP_REFUSED, labels), 1);
}

void request_refuse(struct request *request, enum status status, const char *why)
{
    refusal_count(http_status_of(status));
    request->refusal = fail(&request->refusal_error, status, "%s", why);
    bodies_forget(request);
}

/* --- suspend and resume --------------------------------------------------- */

void request_suspend(struct request *request)
{
    assert(request->stage == STAGE_HANDLING && request->match.route->resumed != NULL);
    request->stage = STAGE_SUSPENDED;
    request_hold(request);
    deadline_set(&request->loop->deadlines, &request->connection->deadline,
                 DEADLINE_STORED, server_now_ms());
    MHD_suspend_connection(request->connection->mhd);
}

void request_resume(struct request *request)
{
    struct loop *loop = request->loop;
    struct request *latest = atomic_load(&loop->resumed_latest);
    do {
        request->next = latest;
    } while (!atomic_compare_exchange_weak(&loop->resumed_latest, &latest, request));
    if (latest == NULL)
        loop_wake(loop); /* the first of a batch */
}

void request_finish(struct request *request, bool timed_out)
{
    struct connection *connection = request->connection;
    deadline_clear(&request->loop->deadlines, &connection->deadline);
    request->match.route->resumed(request, timed_out, request->loop->listener->context);
    assert(request->stage >= STAGE_ANSWERED);
    MHD_resume_connection(connection->mhd);
}

static struct request *reversed(struct request *latest)
{
    struct request *first = NULL;
    while (latest != NULL) {
        struct request *earlier = latest->next;
        latest->next = first;
        first = latest;
        latest = earlier;
    }
    return first;
}

void request_take_resumed(struct loop *loop)
{
    struct request *request = reversed(atomic_exchange(&loop->resumed_latest, NULL));
    while (request != NULL) {
        struct request *next = request->next;
        if (request->stage == STAGE_SUSPENDED)
            request_finish(request, false);
        request_drop(request);
        request = next;
    }
}

/* --- what a handler asks -------------------------------------------------- */

struct str request_method(const struct request *request)
{
    return request->method;
}

struct str request_path(const struct request *request)
{
    return request->path;
}

struct str request_argument(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->match.argument_count; i++) {
        if (str_is(request->match.arguments[i].name, name))
            return request->match.arguments[i].value;
    }
    return STR_NONE;
}

static struct str decode_query(const struct request *request, struct str raw)
{
    char *decoded = arena_try_alloc(request->arena, raw.len);
    return decoded == NULL ? STR_NONE
                           : str_from(decoded, percent_decode_query(raw, decoded));
}

struct str request_query(const struct request *request, const char *name)
{
    struct str rest = request->query;
    while (rest.len > 0) {
        struct str value = str_cut(&rest, '&');
        struct str key = str_cut(&value, '=');
        if (str_is(decode_query(request, key), name))
            return decode_query(request, value);
    }
    return STR_NONE;
}

struct str request_raw_query(const struct request *request)
{
    return request->query;
}

struct str request_header(const struct request *request, const char *name)
{
    struct str wanted = str_of(name);
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_equal_nocase(request->headers[i].name, wanted))
            return request->headers[i].value;
    }
    return STR_NONE;
}

struct str request_body(const struct request *request)
{
    return buf_str(&request->body);
}

const struct http_message *request_message(struct request *request)
{
    return &request->message;
}

struct arena *request_arena(struct request *request)
{
    return request->arena;
}

struct str request_peer(const struct request *request)
{
    return request->peer_text;
}

bool request_peer_uid(const struct request *request, uint32_t *out_uid)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    if (request->connection == NULL || request->connection->has_peer ||
        getsockopt(request->connection->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return false;
    *out_uid = peer.uid;
    return true;
}

int64_t request_started_ms(const struct request *request)
{
    return request->started_ms;
}

void request_set_data(struct request *request, void *data)
{
    request->data = data;
}

void *request_data(const struct request *request)
{
    return request->data;
}

struct str request_id(struct request *request)
{
    if (request->id[0] == '\0')
        uuid7_text(clock_now().wall_ms, &request->loop->random, request->id);
    return str_of(request->id);
}
