/*
 * fuzz_http: bytes to a listener: request lines, headers, framing, bodies, pipelining.
 * The first byte says in which pieces they come.
 *
 * What reaches a handler is sound; every connection ends; what is answered is HTTP; and
 * nothing is left behind.
 */
#include "wire.h"

#include "gateway/arena.h"
#include "gateway/random.h"
#include "gateway/server.h"
#include "server/internal.h"

#define BODY_MAX 600
#define BODIES_IN_MEMORY 1500
/* Until the listener has seen that the client is gone. */
#define TURNS_MAX 16

static char address[WIRE_ADDRESS_BYTES];
static struct listener *listener;
static unsigned handled_count;
/* libmicrohttpd 0.9.75 closes without the answer when a request that expects 100 and
 * has no body is followed by more: a client that asks for that waits for the 100. */
static bool may_lose_answer;
static struct request *suspended; /* one at a time: a connection has no more */

/* ---- what a handler sees ---- */

static bool has_control(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (((uint8_t)text.ptr[i] < 0x20 && text.ptr[i] != '\t') || text.ptr[i] == 0x7f)
            return true;
    return false;
}

/* The client by a second reading: the last word that our proxies did not add. */
static void check_peer(struct request *request)
{
    const struct http_message *message = request_message(request);
    CLEANUP(buf_release) struct buf all;
    struct peer client = {{0}};
    bool is_over = false;
    buf_init(&all, SIZE_MAX);
    for (size_t i = 0; i < message->header_count; i++) {
        if (!str_equal_nocase(message->headers[i].name, STR("X-Forwarded-For")) ||
            message->headers[i].value.len == 0)
            continue;
        if (all.len > 0)
            buf_add_char(&all, ',');
        buf_add(&all, message->headers[i].value);
    }
    size_t end = all.len;
    while (end > 0 && !is_over) {
        size_t from = end;
        while (from > 0 && all.ptr[from - 1] != ',')
            from--;
        struct peer peer;
        is_over = !peer_parse(str_from(all.ptr + from, end - from), &peer);
        if (!is_over) {
            client = peer;
            is_over = !networks_hold(listener->trusted, &peer);
        }
        end = from > 0 ? from - 1 : 0;
    }
    static const struct peer nobody = {{0}};
    char text[PEER_TEXT_BYTES];
    peer_format(&client, text);
    bool is_known = memcmp(&client, &nobody, sizeof(client)) != 0;
    demand(str_is(request_peer(request), is_known ? text : "unix"), "another client");
}

static void check_request(struct request *request)
{
    const struct http_message *message = request_message(request);
    unsigned hosts = 0;
    for (size_t i = 0; i < message->header_count; i++) {
        struct str name = message->headers[i].name;
        demand(name.len > 0 && !has_control(name) && str_find_byte(name, ' ') < 0 &&
                   !has_control(message->headers[i].value),
               "a header that should have been refused");
        hosts += str_equal_nocase(name, STR("Host"));
    }
    demand(hosts <= 1, "two hosts");
    demand(message->body.len <= BODY_MAX, "a body above its ceiling");
    demand(str_find_byte(request_argument(request, "name"), '\0') < 0, "a NUL");
    demand(request_header(request, "Content-Length").len == 0 ||
               request_header(request, "Transfer-Encoding").len == 0,
           "two framings");
    check_peer(request);
    may_lose_answer |= request_header(request, "Expect").len > 0;
    (void)request_query(request, "a");
    handled_count++;
}

static int64_t body_max(const struct request *request, void *context)
{
    (void)request;
    (void)context;
    return BODY_MAX;
}

static enum handled take(struct request *request, void *context)
{
    (void)context;
    check_request(request);
    request_respond(request, 200, "text/plain", STR("taken"), NULL, 0);
    return HANDLED_ANSWERED;
}

/* Hostile bytes in a problem. */
static enum handled refuse(struct request *request, void *context)
{
    (void)context;
    check_request(request);
    struct error err;
    struct str body = request_body(request);
    (void)fail(&err, STATUS_INVALID, "%.*s", STR_ARG(body));
    request_respond_problem(request, STATUS_INVALID, &err);
    return HANDLED_ANSWERED;
}

static enum handled suspend(struct request *request, void *context)
{
    (void)context;
    check_request(request);
    demand(suspended == NULL, "two requests of one connection at a time");
    request_suspend(request);
    suspended = request;
    return HANDLED_SUSPENDED;
}

static void resumed(struct request *request, bool timed_out, void *context)
{
    (void)context;
    demand(!timed_out, "a deadline that is far away");
    request_respond(request, 202, NULL, STR_NONE, NULL, 0);
}

static const struct route routes[] = {
    {"GET",  "/",                    NULL,     take,    NULL   },
    {"POST", "/take/{name}",         body_max, take,    NULL   },
    {"POST", "/refuse",              body_max, refuse,  NULL   },
    {"POST", "/later/{name}/{more}", body_max, suspend, resumed},
};

/* ---- what is answered ---- */

static bool take_answer(struct str *answers)
{
    const char *end =
        answers->len == 0 ? NULL : memmem(answers->ptr, answers->len, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    struct str head = str_sub(*answers, 0, (size_t)(end - answers->ptr) + 2);
    size_t whole = head.len + 2;
    int64_t status = 0;
    int64_t length = 0;
    demand(str_starts(head, STR("HTTP/1.")) &&
               str_to_i64(str_sub(head, 9, 3), &status) && status >= 100 &&
               status < 600,
           "an answer that is no HTTP");
    while (head.len > 0) {
        struct str value = str_cut(&head, '\n');
        struct str name = str_cut(&value, ':');
        if (str_equal_nocase(name, STR("Content-Length")))
            demand(str_to_i64(str_trim(str_sub(value, 0, value.len - 1)), &length) &&
                       length >= 0,
                   "an odd length");
    }
    *answers = str_sub(*answers, whole, answers->len);
    /* HEAD has the length and no body: what follows is then the next answer. */
    if (str_starts(*answers, STR("HTTP/1.")) || status == 100)
        return status != 100;
    *answers = str_sub(*answers, (size_t)length, answers->len);
    return status != 100;
}

static void work(void *context)
{
    (void)context;
    listener_step(listener, 0);
    if (suspended != NULL) {
        struct request *request = suspended;
        suspended = NULL;
        request_resume(request);
        listener_step(listener, 0);
    }
}

static void open_listener(void)
{
    static const char *const trusted[] = {"unix:", "10.0.0.0/8", "fd00::/8", NULL};
    wire_address(address);
    struct listener_settings settings = {
        .address = address,
        .connections = 16,
        .connections_per_peer = 2,
        .bodies_in_memory = BODIES_IN_MEMORY,
        .header_ms = 3600000,
        .body_ms = 3600000,
        .stored_ms = 3600000,
        .idle_ms = 3600000,
        .answer_ms = 3600000,
        .trusted_proxies = trusted,
    };
    struct error err;
    demand(listener_open(&settings, routes, COUNT_OF(routes), NULL, &listener, &err) ==
               STATUS_OK,
           "no listener");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (listener == NULL)
        open_listener();
    if (size == 0)
        return 0;
    size_t piece = data[0] == 0 ? SIZE_MAX : data[0];
    CLEANUP(buf_release) struct buf answers;
    buf_init(&answers, (size_t)64 * 1024 * 1024);
    handled_count = 0;
    may_lose_answer = false;
    wire_exchange(address, str_from(data + 1, size - 1), piece, work, NULL, &answers);

    struct str rest = buf_str(&answers);
    unsigned answered = 0;
    while (rest.len > 0 && str_starts(rest, STR("HTTP/1.")))
        answered += take_answer(&rest) ? 1 : 0;
    demand(answered >= handled_count || may_lose_answer, "a request without an answer");
    for (unsigned turns = 0; listener->connections > 0; turns++) {
        demand(turns < TURNS_MAX, "a connection is left");
        work(NULL);
    }
    demand(listener_requests(listener) == 0 && listener->body_bytes == 0,
           "something is left");
    return 0;
}
