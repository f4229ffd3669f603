#include "internal.h"

#include <assert.h>
#include <sys/socket.h>

#include "gateway/json.h"

/* With 429 and 503. Genesys repeats 5 s apart whatever it says, and our own promise is
 * to be back 5 s after relief. */
#define RETRY_AFTER_TEXT "5"
/* One header, name and value; and one problem, which holds an error's two texts. */
#define HEADER_BYTES_MAX (8 * 1024)
#define PROBLEM_BYTES_MAX (16 * 1024)
#define CLIENT_ID_BYTES_MAX 128
#define OWN_HEADERS_MAX 2

/* --- statuses ------------------------------------------------------------- */

/* What a stranger is told in `detail`: nothing of our insides, nor why exactly a
 * signature was refused. */
enum detail { DETAIL_HIDDEN, DETAIL_SHOWN };

struct problem {
    int http;
    enum detail detail;
    const char *type;
    const char *title;
};

#define NONE                                                                           \
    {                                                                                  \
        200, DETAIL_HIDDEN, "about:blank", "OK"                                        \
    }
#define PROBLEM(http, detail, name, title)                                             \
    {                                                                                  \
        http, DETAIL_##detail, "urn:omgw:problem:" name, title                         \
    }

static const struct problem problems[] = {
    [STATUS_OK] = NONE,
    [STATUS_DUPLICATE] = NONE,
    [STATUS_INVALID] = PROBLEM(400, SHOWN, "invalid", "The request is not valid"),
    [STATUS_DENIED] = PROBLEM(401, HIDDEN, "signature", "The request is not authentic"),
    [STATUS_FORBIDDEN] = PROBLEM(403, SHOWN, "forbidden", "Not allowed here"),
    [STATUS_NOT_FOUND] = PROBLEM(404, SHOWN, "not-found", "Not found"),
    [STATUS_BAD_METHOD] = PROBLEM(405, SHOWN, "method", "Method not allowed"),
    [STATUS_CONFLICT] = PROBLEM(409, SHOWN, "conflict", "An earlier request differs"),
    [STATUS_TOO_LARGE] = PROBLEM(413, SHOWN, "too-large", "The request is too large"),
    [STATUS_UNSUPPORTED] =
        PROBLEM(415, SHOWN, "content-type", "Unsupported content type"),
    [STATUS_UNPROCESSABLE] =
        PROBLEM(422, SHOWN, "unprocessable", "Understood, but not possible"),
    [STATUS_SLOW_DOWN] = PROBLEM(429, SHOWN, "slow-down", "Too many requests"),
    [STATUS_RETRY] = PROBLEM(503, SHOWN, "unavailable", "Not now: try again later"),
    [STATUS_FAILED] = PROBLEM(500, HIDDEN, "internal", "Internal error"),
};

int http_status_of(enum status status)
{
    return problems[status].http;
}

const char *problem_type_of(enum status status)
{
    return problems[status].type;
}

/* --- any answer ----------------------------------------------------------- */

/* libmicrohttpd refuses line ends, and so a value that would forge a header. */
static bool add_header(struct MHD_Response *response, struct str name, struct str value)
{
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, HEADER_BYTES_MAX);
    buf_add(&text, name);
    buf_add_char(&text, '\0');
    buf_add(&text, value);
    if (!buf_ok(&text))
        return false;
    const char *both = buf_c_string(&text);
    return MHD_add_response_header(response, both, both + name.len + 1) == MHD_YES;
}

static bool add_headers(struct MHD_Response *response,
                        const struct http_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!add_header(response, headers[i].name, headers[i].value))
            return false;
    }
    return true;
}

/* What the client calls this request, where it is fit to be repeated. */
static struct str client_id(const struct request *request)
{
    struct str id = request_header(request, "X-Request-Id");
    if (id.len > CLIENT_ID_BYTES_MAX)
        return STR_NONE;
    for (size_t i = 0; i < id.len; i++) {
        if (id.ptr[i] <= ' ' || id.ptr[i] > '~')
            return STR_NONE;
    }
    return id;
}

static bool add_own_headers(struct MHD_Response *response,
                            const struct request *request, const char *content_type,
                            bool has_cache_control)
{
    struct str id = client_id(request);
    bool is_last = atomic_load(&request->loop->listener->is_quiescing);
    return (content_type == NULL || MHD_add_response_header(response, "Content-Type",
                                                            content_type) == MHD_YES) &&
           MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") ==
               MHD_YES &&
           (has_cache_control || MHD_add_response_header(response, "Cache-Control",
                                                         "no-store") == MHD_YES) &&
           (id.len == 0 || add_header(response, STR("X-Request-Id"), id)) &&
           (!is_last ||
            MHD_add_response_header(response, "Connection", "close") == MHD_YES);
}

static bool queue(struct request *request, int status, const char *content_type,
                  struct MHD_Response *response, const struct http_header *headers,
                  size_t header_count)
{
    bool has_cache_control =
        http_headers_hold(headers, header_count, STR("Cache-Control"));
    return response != NULL &&
           add_own_headers(response, request, content_type, has_cache_control) &&
           add_headers(response, headers, header_count) &&
           MHD_queue_response(request->connection->mhd, (unsigned)status, response) ==
               MHD_YES;
}

/* Whether this is one answer too many to strangers in this second. */
static bool is_flood(struct loop *loop)
{
    int64_t limit = loop->listener->settings.refusals_per_second;
    int64_t second = server_now_ms() / 1000;
    if (loop->refusals_second != second)
        loop->refusals = 0;
    loop->refusals_second = second;
    return ++loop->refusals > limit && limit != 0;
}

bool respond_with(struct request *request, int status, const char *content_type,
                  struct MHD_Response *response, const struct http_header *headers,
                  size_t header_count)
{
    assert(request->stage < STAGE_ANSWERED);
    bool is_queued =
        queue(request, status, content_type, response, headers, header_count);
    if (response != NULL)
        MHD_destroy_response(response);
    if (!is_queued) {
        /* No memory in libmicrohttpd, or a header that cannot be sent. */
        request->stage = STAGE_BROKEN;
        return false;
    }
    bool is_suspended = request->stage == STAGE_SUSPENDED;
    request->stage = STAGE_ANSWERED;
    if (!is_suspended && (status == 401 || request->refusal != STATUS_OK))
        loop_answer_stranger(request->connection, is_flood(request->loop));
    else
        loop_expect_taking(request->connection);
    return true;
}

void request_respond(struct request *request, int status, const char *content_type,
                     struct str body, const struct http_header *headers,
                     size_t header_count)
{
    void *bytes = (void *)(uintptr_t)body.ptr; /* NOLINT: only read, for the copy */
    (void)respond_with(
        request, status, content_type,
        MHD_create_response_from_buffer(body.len, bytes, MHD_RESPMEM_MUST_COPY),
        headers, header_count);
}

void request_abort(struct request *request, bool is_reset)
{
    assert(request->stage < STAGE_ANSWERED);
    /* Dissolving the association resets it; closing alone would end it in order. */
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    if (is_reset)
        (void)connect(request->connection->fd, &none, sizeof(none));
    request->stage = STAGE_BROKEN;
}

/* --- problems ------------------------------------------------------------- */

/* "urn:uuid:" and the request's id with its hyphens. */
static void add_instance(struct json *problem, struct request *request)
{
    struct str id = request_id(request);
    char text[64];
    (void)snprintf(text, sizeof(text), "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", id.ptr,
                   id.ptr + 8, id.ptr + 12, id.ptr + 16, id.ptr + 20);
    json_add_str(problem, "instance", str_of(text));
}

/* Empty when memory is short: then the status alone must do. */
static struct str print_problem(struct request *request, enum status status,
                                const struct error *err, struct buf *out)
{
    const struct problem *row = &problems[status];
    CLEANUP(json_freep) struct json *problem = json_new_object();
    json_add_str(problem, "type", str_of(row->type));
    json_add_str(problem, "title", str_of(row->title));
    json_add_i64(problem, "status", row->http);
    if (row->detail == DETAIL_SHOWN && err != NULL && err->text[0] != '\0')
        json_add_str(problem, "detail", str_of(err->text));
    add_instance(problem, request);
    if (row->detail == DETAIL_SHOWN && err != NULL && err->pointer[0] != '\0') {
        struct json *item = json_append_object(json_add_array(problem, "errors"));
        json_add_str(item, "pointer", str_of(err->pointer));
        json_add_str(item, "detail", str_of(err->text));
    }
    return json_print(problem, out, NULL) == STATUS_OK ? buf_str(out) : STR_NONE;
}

void request_respond_problem_with(struct request *request, enum status status,
                                  const struct error *err,
                                  const struct http_header *header)
{
    struct http_header headers[OWN_HEADERS_MAX];
    size_t count = 0;
    bool says_when =
        header != NULL && str_equal_nocase(header->name, STR("Retry-After"));
    if ((status == STATUS_SLOW_DOWN || status == STATUS_RETRY) && !says_when)
        headers[count++] =
            (struct http_header){STR("Retry-After"), STR(RETRY_AFTER_TEXT)};
    if (header != NULL)
        headers[count++] = *header;

    CLEANUP(buf_release) struct buf body;
    buf_init(&body, PROBLEM_BYTES_MAX);
    request_respond(request, http_status_of(status), "application/problem+json",
                    print_problem(request, status, err, &body), headers, count);
}

void request_respond_problem(struct request *request, enum status status,
                             const struct error *err)
{
    request_respond_problem_with(request, status, err, NULL);
}

void respond_refusal(struct request *request)
{
    const struct listener *listener = request->loop->listener;
    CLEANUP(buf_release) struct buf allow;
    buf_init(&allow, HEADER_BYTES_MAX);
    bool is_method = request->refusal == STATUS_BAD_METHOD;
    if (is_method)
        route_allow(listener->routes, listener->route_count, request->path, &allow);
    const struct http_header header = {STR("Allow"), buf_str(&allow)};
    request_respond_problem_with(request, request->refusal, &request->refusal_error,
                                 is_method ? &header : NULL);
}
