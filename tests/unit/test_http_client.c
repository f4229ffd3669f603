#include "support/expect.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/arena.h"
#include "gateway/clock.h"
#include "gateway/http_client.h"
#include "gateway/limits.h"
#include "gateway/memory.h"
#include "support/client_peer.h"

#define OK_TEXT "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define TIMEOUT_MS 20000 /* of exchanges that are not about time: never reached */
#define POLL_MS 20000

static const struct client_peer_step answers[] = {
    {.act = PEER_ANSWER, .text = OK_TEXT}
};

/*
 * Name lookups of this program, libcurl's included: "private.test" leads to this host,
 * "slow.test" answers when the test lets it, every other name is unknown.
 */
static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t names_changed = PTHREAD_COND_INITIALIZER;
static bool is_slow_released; /* guarded by names_lock */
static unsigned slow_running; /* guarded by names_lock */

static void wait_for_the_release(void)
{
    (void)pthread_mutex_lock(&names_lock);
    slow_running++;
    while (!is_slow_released)
        (void)pthread_cond_wait(&names_changed, &names_lock);
    slow_running--;
    (void)pthread_cond_broadcast(&names_changed);
    (void)pthread_mutex_unlock(&names_lock);
}

static void release_slow_names(void)
{
    (void)pthread_mutex_lock(&names_lock);
    is_slow_released = true;
    (void)pthread_cond_broadcast(&names_changed);
    while (slow_running > 0)
        (void)pthread_cond_wait(&names_changed, &names_lock);
    (void)pthread_mutex_unlock(&names_lock);
}

typedef int lookup(const char *, const char *, const struct addrinfo *,
                   struct addrinfo **);

int getaddrinfo(const char *name, const char *service, const struct addrinfo *req,
                struct addrinfo **pai)
{
    if (strcmp(name, "slow.test") == 0)
        wait_for_the_release();
    if (strcmp(name, "private.test") != 0)
        return EAI_NONAME;
    lookup *real = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real("127.0.0.1", service, req, pai);
}

/* libcurl's memory: the allocation that brings this from 1 to 0 fails; 0 fails none. */
static _Atomic long until_failure;
static bool fails_on; /* and so do all that follow */

static bool must_fail(void)
{
    long left = atomic_load(&until_failure);
    if (left <= 0)
        return left < 0;
    atomic_store(&until_failure, left == 1 && fails_on ? -1 : left - 1);
    return left == 1;
}

static void *failing_malloc(size_t size)
{
    return must_fail() ? NULL : malloc(size);
}

static void *failing_realloc(void *memory, size_t size)
{
    return must_fail() ? NULL : realloc(memory, size);
}

static void *failing_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : calloc(count, size);
}

static char *failing_strdup(const char *text)
{
    return must_fail() ? NULL : strdup(text);
}

/* What done was told about one exchange. */
struct seen {
    unsigned calls;
    enum reply_kind kind;
    int status;
    size_t body_len;
    char body[64];
    int64_t retry_after_ms;
    char correlation_id[64];
    char why[128];
    bool is_unreadable;
};

static void copy_reply(void *token, const struct reply *reply, void *context)
{
    struct seen *seen = token;
    unsigned *calls = context;
    (*calls)++;
    seen->calls++;
    seen->kind = reply->kind;
    seen->status = reply->status;
    seen->body_len = reply->body.len;
    seen->retry_after_ms = reply->retry_after_ms;
    (void)snprintf(seen->body, sizeof(seen->body), "%.*s", STR_ARG(reply->body));
    (void)snprintf(seen->correlation_id, sizeof(seen->correlation_id), "%.*s",
                   STR_ARG(reply->correlation_id));
    (void)snprintf(seen->why, sizeof(seen->why), "%s", reply->why);
    seen->is_unreadable = reply->is_unreadable;
}

/* One client; `total` counts the calls of done. */
struct world {
    struct http_client_settings settings;
    struct transport *transport;
    unsigned total;
};

static void open_world(struct world *world)
{
    if (world->settings.connections == 0)
        world->settings.connections = 8;
    if (world->settings.connections_per_host == 0)
        world->settings.connections_per_host = 8;
    expect_status("new", STATUS_OK,
                  http_client_new(&world->settings, copy_reply, &world->total,
                                  &world->transport, NULL));
}

static void close_world(struct world *world)
{
    if (world->transport != NULL)
        world->transport->ops->free(world->transport);
}

static void start(struct world *world, const struct exchange *exchange,
                  struct seen *seen)
{
    *seen = (struct seen){0};
    expect_status("start", STATUS_OK,
                  world->transport->ops->start(world->transport, exchange, seen, NULL));
}

static void finish(struct world *world, const struct seen *seen)
{
    while (seen->calls == 0)
        world->transport->ops->poll(world->transport, POLL_MS);
    assert_int_equal(seen->calls, 1);
}

static struct seen run(struct world *world, const struct exchange *exchange)
{
    struct seen seen;
    start(world, exchange, &seen);
    finish(world, &seen);
    return seen;
}

static struct exchange post(const char *url, const char *body)
{
    return (struct exchange){
        .method = "POST",
        .url = url,
        .body = str_of(body),
        .timeout_ms = TIMEOUT_MS,
    };
}

static void expect_kind(const char *name, enum reply_kind want, const struct seen *seen)
{
    if (want != seen->kind)
        print_error("%s: status %d, %s\n", name, seen->status, seen->why);
    expect_i64(name, want, seen->kind);
}

static void free_peer(struct client_peer **peer)
{
    client_peer_free(*peer);
}

#define WORLD CLEANUP(close_world) struct world
#define PEER CLEANUP(free_peer) struct client_peer

static void request_is_what_the_exchange_says(void **state)
{
    (void)state;
    PEER *peer = client_peer_new(answers, COUNT_OF(answers));
    WORLD world = {0};
    open_world(&world);
    char url[128];
    (void)snprintf(url, sizeof(url), "%s/a/b?c=%%20d", client_peer_url(peer));
    struct exchange exchange = post(url, "{\"a\":1}");
    exchange_header(&exchange, STR("Content-Type"), STR("application/json"));
    exchange_header(&exchange, STR("Authorization"), STR("Bearer t"));
    exchange_header(&exchange, STR("X-Empty"), STR(""));
    struct seen seen = run(&world, &exchange);
    expect_kind("answer", REPLY_ANSWER, &seen);
    assert_int_equal(seen.status, 200);
    assert_string_equal(seen.body, "ok");
    assert_string_equal(seen.why, "");
    assert_int_equal(seen.retry_after_ms, -1);
    assert_string_equal(seen.correlation_id, "");

    char want[512];
    (void)snprintf(want, sizeof(want),
                   "POST /a/b?c=%%20d HTTP/1.1\r\nHost: %s\r\n"
                   "User-Agent: omgw/" OMGW_VERSION "\r\n"
                   "Content-Type: application/json\r\nAuthorization: Bearer t\r\n"
                   "X-Empty:\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
                   client_peer_url(peer) + strlen("http://"));
    assert_string_equal(client_peer_last(peer), want);
}

/* One handle for all of them, which keeps the URL of the request before. */
static void each_request_goes_to_its_own_url(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *want; /* NULL: the URL cannot be read */
    } rows[] = {
        {"/a",        "/a"    },
        {"/a",        "/a"    },
        {"/b?c=1",    "/b?c=1"},
        {" no such",  NULL    },
        {"/b?c=1",    "/b?c=1"},
        {" no such",  NULL    },
        {"/x/../y#z", "/y"    },
        {"/x/../y#z", "/y"    },
        {"",          "/"     },
        {"/a",        "/a"    },
    };
    PEER *peer = client_peer_new(answers, COUNT_OF(answers));
    WORLD world = {0};
    open_world(&world);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char url[128];
        (void)snprintf(url, sizeof(url), "%s%s", client_peer_url(peer), rows[i].path);
        struct exchange exchange = post(url, "x");
        struct seen seen = run(&world, &exchange);
        expect_kind(rows[i].path, rows[i].want == NULL ? REPLY_NOT_SENT : REPLY_ANSWER,
                    &seen);
        if (rows[i].want == NULL) {
            expect_str(rows[i].path, "the url cannot be read", str_of(seen.why));
            continue;
        }
        struct str request = str_of(client_peer_last(peer));
        (void)str_cut(&request, ' ');
        expect_str(rows[i].path, rows[i].want, str_cut(&request, ' '));
    }
}

/* Longer than what is kept. */
static void long_urls_arrive_whole(void **state)
{
    (void)state;
    static char url[8192];
    PEER *peer = client_peer_new(answers, COUNT_OF(answers));
    WORLD world = {0};
    open_world(&world);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(url, sizeof(url), "%s/%06000d", client_peer_url(peer), i);
        struct exchange exchange = post(url, "x");
        struct seen seen = run(&world, &exchange);
        expect_kind("long", REPLY_ANSWER, &seen);
        struct str request = str_of(client_peer_last(peer));
        (void)str_cut(&request, ' ');
        expect_str("long", url + strlen(client_peer_url(peer)), str_cut(&request, ' '));
    }
}

static void methods_go_out_with_and_without_body(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        const char *body;
        const char *want_length; /* NULL: no such header */
    } rows[] = {
        {"GET",    NULL,  NULL                   },
        {"POST",   "abc", "Content-Length: 3\r\n"},
        {"GET",    NULL,  NULL                   }, /* nothing is left of the POST */
        {"POST",   NULL,  "Content-Length: 0\r\n"},
        {"PATCH",  "{}",  "Content-Length: 2\r\n"},
        {"PUT",    "xyz", "Content-Length: 3\r\n"},
        {"PUT",    NULL,  "Content-Length: 0\r\n"},
        {"DELETE", NULL,  NULL                   },
        {"DELETE", "x",   "Content-Length: 1\r\n"},
    };
    PEER *peer = client_peer_new(answers, COUNT_OF(answers));
    WORLD world = {0};
    open_world(&world);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct exchange exchange = post(client_peer_url(peer), rows[i].body);
        exchange.method = rows[i].method;
        struct seen seen = run(&world, &exchange);
        expect_kind(rows[i].method, REPLY_ANSWER, &seen);

        struct str request = str_of(client_peer_last(peer));
        struct str line = str_cut(&request, ' ');
        expect_str("method", rows[i].method, line);
        expect_i64(rows[i].method, rows[i].want_length != NULL,
                   strstr(request.ptr, "Content-Length:") != NULL);
        if (rows[i].want_length != NULL)
            assert_non_null(strstr(request.ptr, rows[i].want_length));
        assert_null(strstr(request.ptr, "Content-Type"));
        assert_null(strstr(request.ptr, "Expect"));
        assert_null(strstr(request.ptr, "Accept-Encoding"));
        assert_string_equal(strstr(request.ptr, "\r\n\r\n") + 4,
                            rows[i].body == NULL ? "" : rows[i].body);
    }
    assert_int_equal(client_peer_connections(peer), 1); /* kept all the time */
}

static void large_bodies_arrive_whole_and_without_expect(void **state)
{
    (void)state;
    static char body[2 * 1024 * 1024 + 1];
    memset(body, 'x', sizeof(body) - 1);
    PEER *peer = client_peer_new(answers, COUNT_OF(answers));
    WORLD world = {0};
    open_world(&world);
    struct exchange exchange = post(client_peer_url(peer), body);
    struct seen seen = run(&world, &exchange);
    expect_kind("answer", REPLY_ANSWER, &seen);
    assert_null(strstr(client_peer_last(peer), "Expect"));
    assert_string_equal(strstr(client_peer_last(peer), "\r\n\r\n") + 4, body);
}

static void answers_are_read_as_they_come(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct client_peer_step step;
        int want_status;
        const char *want_body;
    } rows[] = {
        {"chunked",
         {PEER_ANSWER,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
          false},
         200,                                                                         "abc"},
        {"until the close",
         {PEER_ANSWER_CLOSE, "HTTP/1.0 200 OK\r\n\r\nabc", false},
         200,                                                                         "abc"},
        {"byte by byte",                    {PEER_DRIBBLE, OK_TEXT, false},      200, "ok" },
        {"no content",
         {PEER_ANSWER, "HTTP/1.1 204 No Content\r\n\r\n", false},
         204,                                                                         ""   },
        {"interim answers",
         {PEER_ANSWER,
          "HTTP/1.1 100 Continue\r\n\r\n"
          "HTTP/1.1 103 Early Hints\r\n\r\n" OK_TEXT,
          false},
         200,                                                                         "ok" },
        {"redirect is an answer",
         {PEER_ANSWER,
          "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
          "Location: http://127.0.0.1:1/\r\n\r\n",
          false},
         302,                                                                         ""   },
        {"refusal",
         {PEER_ANSWER,
          "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\n"
          "Content-Length: 1\r\n\r\n?",
          false},
         401,                                                                         "?"  },
        {"server error",
         {PEER_ANSWER, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", false},
         503,                                                                         ""   },
        {"answer before the body was read",
         {PEER_ANSWER,
          "HTTP/1.1 413 Large\r\n"
          "Content-Length: 0\r\n\r\n",
          true},
         413,                                                                         ""   },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        PEER *peer = client_peer_new(&rows[i].step, 1);
        WORLD world = {0};
        open_world(&world);
        struct exchange exchange = post(client_peer_url(peer), "hello");
        struct seen seen = run(&world, &exchange);
        expect_kind(rows[i].name, REPLY_ANSWER, &seen);
        expect_i64(rows[i].name, rows[i].want_status, seen.status);
        expect_str(rows[i].name, rows[i].want_body, str_of(seen.body));
        expect_i64(rows[i].name, 1, client_peer_requests(peer));
    }
}

static void long_answers_are_cut_and_read_to_the_end(void **state)
{
    (void)state;
    size_t len = LIMIT_REPLY_BYTES + 100000;
    CLEANUP(buf_release) struct buf answer;
    buf_init(&answer, SIZE_MAX);
    buf_printf(&answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
    memset(buf_room(&answer, len), 'x', len);
    answer.len += len;
    const struct client_peer_step steps[] = {
        {.act = PEER_ANSWER, .text = buf_c_string(&answer)},
        {.act = PEER_ANSWER, .text = OK_TEXT              },
    };
    PEER *peer = client_peer_new(steps, COUNT_OF(steps));
    WORLD world = {0};
    open_world(&world);
    struct exchange exchange = post(client_peer_url(peer), "hello");
    struct seen seen = run(&world, &exchange);
    expect_kind("long", REPLY_ANSWER, &seen);
    assert_int_equal(seen.body_len, LIMIT_REPLY_BYTES);
    seen = run(&world, &exchange);
    assert_string_equal(seen.body, "ok");
    assert_int_equal(client_peer_connections(peer), 1);
}

static void retry_after_becomes_a_span(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        int64_t want_least_ms;
        int64_t want_most_ms;
    } rows[] = {
        {"",                                               -1,          -1         },
        {"Retry-After: 0\r\n",                             0,           0          },
        {"Retry-After: 120\r\n",                           120000,      120000     },
        {"retry-after:   7  \r\n",                         7000,        7000       },
        {"Retry-After: 999999999999999999\r\n",            31622400000, 31622400000},
        {"Retry-After: 99999999999999999999\r\n",          -1,          -1         },
        {"Retry-After: -1\r\n",                            -1,          -1         },
        {"Retry-After: soon\r\n",                          -1,          -1         },
        {"Retry-After: \r\n",                              -1,          -1         },
        {"Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", 0,           0          },
        {"Retry-After: Thu, 01 Jan 2099 00:00:00 GMT\r\n", 31622400000, 31622400000},
        {"Retry-After: 5\r\nRetry-After: 9\r\n",           -1,          -1         },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[256];
        (void)snprintf(text, sizeof(text),
                       "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n%s\r\n",
                       rows[i].headers);
        const struct client_peer_step step = {.act = PEER_ANSWER, .text = text};
        PEER *peer = client_peer_new(&step, 1);
        WORLD world = {0};
        open_world(&world);
        struct exchange exchange = post(client_peer_url(peer), "x");
        struct seen seen = run(&world, &exchange);
        expect_i64(rows[i].headers, 429, seen.status);
        expect_true(rows[i].headers, seen.retry_after_ms >= rows[i].want_least_ms);
        expect_true(rows[i].headers, seen.retry_after_ms <= rows[i].want_most_ms);
    }
}

static void retry_after_date_counts_from_now(void **state)
{
    (void)state;
    time_t then = (time_t)(clock_now().wall_ms / 1000) + 3600;
    struct tm parts;
    char date[64];
    assert_true(strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT",
                         gmtime_r(&then, &parts)) > 0);
    char text[256];
    (void)snprintf(text, sizeof(text),
                   "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: %s\r\n\r\n",
                   date);
    const struct client_peer_step step = {.act = PEER_ANSWER, .text = text};
    PEER *peer = client_peer_new(&step, 1);
    WORLD world = {0};
    open_world(&world);
    struct exchange exchange = post(client_peer_url(peer), "x");
    struct seen seen = run(&world, &exchange);
    assert_in_range(seen.retry_after_ms, 3500000, 3600000);
}

static void correlation_id_is_the_peers_own(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        const char *want;
    } rows[] = {
        {"ININ-Correlation-Id: genesys-1\r\nX-Request-Id: other\r\n", "genesys-1"},
        {"x-request-id: other\r\n",                                   "other"    },
        {"X-Request-Id: a\r\nX-Request-Id: b\r\n",                    ""         },
        {"X-Request-Id: \xFF\r\n",                                    ""         },
        {"",                                                          ""         },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[256];
        (void)snprintf(text, sizeof(text),
                       "HTTP/1.1 100 Continue\r\nX-Request-Id: early\r\n\r\n"
                       "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%s\r\n",
                       rows[i].headers);
        const struct client_peer_step step = {.act = PEER_ANSWER, .text = text};
        PEER *peer = client_peer_new(&step, 1);
        WORLD world = {0};
        open_world(&world);
        struct exchange exchange = post(client_peer_url(peer), "x");
        struct seen seen = run(&world, &exchange);
        expect_str(rows[i].headers, rows[i].want, str_of(seen.correlation_id));
    }
}

/*
 * The first request is answered and the connection kept; the second meets the close on
 * it. Left to itself libcurl would send the second again on a new connection.
 */
static void request_is_never_sent_twice(void **state)
{
    (void)state;
    static char large[512 * 1024 + 1];
    memset(large, 'x', sizeof(large) - 1);
    static const struct {
        const char *name;
        const char *method;
        const char *body;
        struct client_peer_step end;
    } rows[] = {
        {"large post, closed",                "POST",   large,   {.act = PEER_CLOSE}},
        {"large post, reset",                 "POST",   large,   {.act = PEER_RESET}},
        {"large post, closed at the headers",
         "POST",                                        large,
         {.act = PEER_CLOSE, .at_headers = true}                                    },
        {"large post, reset at the headers",
         "POST",                                        large,
         {.act = PEER_RESET, .at_headers = true}                                    },
        {"post, closed",                      "POST",   "hello", {.act = PEER_CLOSE}},
        {"post, reset",                       "POST",   "hello", {.act = PEER_RESET}},
        {"post without body, closed",         "POST",   NULL,    {.act = PEER_CLOSE}},
        {"post without body, reset",          "POST",   NULL,    {.act = PEER_RESET}},
        {"get, closed",                       "GET",    NULL,    {.act = PEER_CLOSE}},
        {"delete, reset",                     "DELETE", NULL,    {.act = PEER_RESET}},
        {"patch, closed",                     "PATCH",  "{}",    {.act = PEER_CLOSE}},
        {"closed at the headers",
         "POST",                                        "hello",
         {.act = PEER_CLOSE, .at_headers = true}                                    },
        {"reset at the headers",
         "POST",                                        "hello",
         {.act = PEER_RESET, .at_headers = true}                                    },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct client_peer_step steps[] = {answers[0], rows[i].end, answers[0]};
        PEER *peer = client_peer_new(steps, COUNT_OF(steps));
        WORLD world = {0};
        open_world(&world);
        struct exchange first = post(client_peer_url(peer), "first");
        struct seen seen = run(&world, &first);
        expect_kind(rows[i].name, REPLY_ANSWER, &seen);

        struct exchange exchange = post(client_peer_url(peer), rows[i].body);
        exchange.method = rows[i].method;
        seen = run(&world, &exchange);
        expect_kind(rows[i].name, REPLY_UNKNOWN, &seen);
        expect_true(rows[i].name, seen.why[0] != '\0');
        expect_i64(rows[i].name, 2, client_peer_requests(peer));
        expect_i64(rows[i].name, 1, client_peer_connections(peer));

        seen = run(&world, &exchange); /* the handle and the client go on working */
        expect_kind(rows[i].name, REPLY_ANSWER, &seen);
        expect_i64(rows[i].name, 3, client_peer_requests(peer));
    }
}

static void connection_that_died_while_idle_costs_nothing(void **state)
{
    (void)state;
    const struct client_peer_step steps[] = {
        {.act = PEER_ANSWER_CLOSE, .text = OK_TEXT}, /* not announced */
        answers[0],
    };
    PEER *peer = client_peer_new(steps, COUNT_OF(steps));
    WORLD world = {0};
    open_world(&world);
    struct exchange exchange = post(client_peer_url(peer), "hello");
    struct seen seen = run(&world, &exchange);
    expect_kind("first", REPLY_ANSWER, &seen);
    client_peer_wait_closes(peer, 1);
    seen = run(&world, &exchange);
    expect_kind("second", REPLY_ANSWER, &seen);
    assert_int_equal(client_peer_requests(peer), 2);
    assert_int_equal(client_peer_connections(peer), 2);
}

static void incomplete_answers_are_unknown(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct client_peer_step step;
    } rows[] = {
        {"closed at once",  {.act = PEER_CLOSE}                                      },
        {"reset at once",   {.act = PEER_RESET}                                      },
        {"status line cut", {PEER_ANSWER_CLOSE, "HTTP/1.1 20", false}                },
        {"headers cut",     {PEER_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-", false}},
        {"body cut",
         {PEER_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", false}},
        {"chunk cut",
         {PEER_ANSWER_CLOSE,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab", false}     },
        {"not http",        {PEER_ANSWER_CLOSE, "SSH-2.0-OpenSSH_9.2\r\n", false}    },
        {"two lengths",
         {PEER_ANSWER_CLOSE,
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
          "Content-Length: x\r\n\r\na",
          false}                                                                     },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        PEER *peer = client_peer_new(&rows[i].step, 1);
        WORLD world = {0};
        open_world(&world);
        struct exchange exchange = post(client_peer_url(peer), "hello");
        struct seen seen = run(&world, &exchange);
        expect_kind(rows[i].name, REPLY_UNKNOWN, &seen);
        expect_true(rows[i].name, seen.why[0] != '\0');
        expect_true(rows[i].name, strstr(seen.why, "127.0.0.1") == NULL);
        expect_i64(rows[i].name, 1, client_peer_requests(peer));
    }
}

static void silence_is_unknown_after_the_timeout(void **state)
{
    (void)state;
    static const struct client_peer_step steps[] = {
        {.act = PEER_SILENT},
        { PEER_ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", false},
    };
    PEER *peer = client_peer_new(steps, COUNT_OF(steps));
    WORLD world = {0};
    open_world(&world);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct exchange exchange = post(client_peer_url(peer), "hello");
        exchange.timeout_ms = 50;
        struct seen seen = run(&world, &exchange);
        expect_kind("timeout", REPLY_UNKNOWN, &seen);
        assert_string_equal(seen.why, "no answer in time");
    }
    assert_int_equal(client_peer_requests(peer), 2);
}

/* A port nobody listens on: it was bound a moment ago. */
static void write_dead_url(char *out_url, size_t room)
{
    struct client_peer *peer = client_peer_new(answers, COUNT_OF(answers));
    (void)snprintf(out_url, room, "%s", client_peer_url(peer));
    client_peer_free(peer);
}

static void what_never_left_is_not_sent(void **state)
{
    (void)state;
    char dead_url[64];
    write_dead_url(dead_url, sizeof(dead_url));
    const struct client_peer_step garbage = {
        .act = PEER_ANSWER_CLOSE, .text = "no tls here\r\n", .at_headers = true};
    PEER *peer = client_peer_new(&garbage, 1);
    char no_tls_url[64];
    (void)snprintf(no_tls_url, sizeof(no_tls_url), "https%s",
                   client_peer_url(peer) + strlen("http"));
    const struct {
        const char *url;
        const char *want_why;
        bool is_unreadable;
    } rows[] = {
        {dead_url,                         "no connection",                false},
        {"http://nowhere.test/",           "the name was not resolved",    false},
        {"ftp://127.0.0.1/",               "the url is not http or https", true },
        {"file:///etc/passwd",             "the url is not http or https", true },
        {"http://",                        "the url cannot be read",       true },
        {"http://a b/",                    "the url cannot be read",       true },
        {"http://127.0.0.1/\r\nX-Evil: 1", "the url cannot be read",       true },
        {"",                               "the url cannot be read",       true },
    };
    WORLD world = {0};
    open_world(&world);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct exchange exchange = post(rows[i].url, "hello");
        struct seen seen = run(&world, &exchange);
        expect_kind(rows[i].url, REPLY_NOT_SENT, &seen);
        expect_str(rows[i].url, rows[i].want_why, str_of(seen.why));
        expect_i64(rows[i].url, rows[i].is_unreadable, seen.is_unreadable);
    }
}

static void failed_tls_handshake_is_not_sent(void **state)
{
    (void)state;
    static const struct client_peer_step steps[] = {{.act = PEER_CLOSE}};
    PEER *peer = client_peer_new(steps, COUNT_OF(steps));
    char url[64];
    (void)snprintf(url, sizeof(url), "https%s", client_peer_url(peer) + strlen("http"));
    WORLD world = {0};
    open_world(&world);
    struct exchange exchange = post(url, "hello");
    exchange.timeout_ms = 100; /* the peer waits for the end of the headers */
    struct seen seen = run(&world, &exchange);
    expect_kind("no tls", REPLY_NOT_SENT, &seen);
    assert_int_equal(client_peer_requests(peer), 0);
}

static void connecting_in_vain_is_not_sent(void **state)
{
    (void)state;
    /* A listener whose queue is full answers no further connection request. */
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    int filling[4];
    for (size_t i = 0; i < COUNT_OF(filling); i++) {
        filling[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(filling[i], (struct sockaddr *)&address, len);
    }
    char url[64];
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", ntohs(address.sin_port));

    WORLD world = {0};
    open_world(&world);
    struct exchange exchange = post(url, "hello");
    exchange.timeout_ms = 100;
    struct seen seen = run(&world, &exchange);
    expect_kind("no connection", REPLY_NOT_SENT, &seen);
    assert_string_equal(seen.why, "no connection in time");
    for (size_t i = 0; i < COUNT_OF(filling); i++)
        (void)close(filling[i]);
    (void)close(listener);
}

static void slow_name_server_does_not_hold_the_thread(void **state)
{
    (void)state;
    WORLD world = {0};
    open_world(&world);
    struct exchange exchange = post("http://slow.test/", "hello");
    exchange.timeout_ms = 50;
    struct seen seen = run(&world, &exchange); /* hangs if it waits for the lookup */
    expect_kind("slow name", REPLY_NOT_SENT, &seen);
    assert_string_equal(seen.why, "no connection in time");
    release_slow_names();
}

static void headers_cannot_be_smuggled(void **state)
{
    (void)state;
    const struct {
        const char *rule;
        struct str name;
        struct str value;
    } rows[] = {
        {"line break in the value", STR("X-Id"),       STR("1\r\nX-Evil: 1")},
        {"newline in the value",    STR("X-Id"),       STR("1\nX-Evil: 1")  },
        {"NUL in the value",        STR("X-Id"),       {"1\0002", 3}        },
        {"line break in the name",  STR("X-A\r\nX-B"), STR("1")             },
        {"no name",                 STR_NONE,          STR("1")             },
    };
    PEER *peer = client_peer_new(answers, COUNT_OF(answers));
    WORLD world = {0};
    open_world(&world);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct exchange exchange = post(client_peer_url(peer), "hello");
        exchange_header(&exchange, rows[i].name, rows[i].value);
        struct seen seen = run(&world, &exchange);
        expect_kind(rows[i].rule, REPLY_NOT_SENT, &seen);
    }
    assert_int_equal(client_peer_connections(peer), 0);
}

static void headers_have_a_ceiling(void **state)
{
    (void)state;
    static char value[70000];
    memset(value, 'x', sizeof(value) - 1);
    PEER *peer = client_peer_new(answers, COUNT_OF(answers));
    WORLD world = {0};
    open_world(&world);
    struct exchange exchange = post(client_peer_url(peer), "hello");
    exchange_header(&exchange, STR("X-Long"), str_of(value));
    struct seen seen = run(&world, &exchange);
    expect_kind("long", REPLY_NOT_SENT, &seen);
    assert_string_equal(seen.why, "the headers are too long");

    exchange = post(client_peer_url(peer), "hello");
    for (size_t i = 0; i < EXCHANGE_HEADERS_MAX; i++)
        exchange_header(&exchange, STR("X-Many"), STR("1"));
    seen = run(&world, &exchange);
    expect_kind("many", REPLY_ANSWER, &seen);
}

static void outside_urls_reach_public_addresses_only(void **state)
{
    (void)state;
    PEER *peer = client_peer_new(answers, COUNT_OF(answers));
    const char *port = strrchr(client_peer_url(peer), ':');
    char named_url[64];
    (void)snprintf(named_url, sizeof(named_url), "http://private.test%s", port);
    static const char *const loopback[] = {"127.0.0.0/8", NULL};
    static const char *const elsewhere[] = {"10.0.0.0/8", NULL};
    const struct {
        const char *name;
        const char *url;
        bool is_outside;
        bool guard_off;
        const char *const *allow;
        enum reply_kind want;
    } rows[] = {
        {"configured url",      client_peer_url(peer), false, false, NULL,      REPLY_ANSWER  },
        {"configured name",     named_url,             false, false, NULL,      REPLY_ANSWER  },
        {"outside url",         client_peer_url(peer), true,  false, NULL,      REPLY_NOT_SENT},
        {"outside, after dns",  named_url,             true,  false, NULL,      REPLY_NOT_SENT},
        {"outside, allowed",    client_peer_url(peer), true,  false, loopback,
         REPLY_ANSWER                                                                         },
        {"outside, other list", client_peer_url(peer), true,  false, elsewhere,
         REPLY_NOT_SENT                                                                       },
        {"guard off",           named_url,             true,  true,  NULL,      REPLY_ANSWER  },
    };
    size_t connections = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        WORLD world = {
            .settings = {.allow = rows[i].allow, .guard_off = rows[i].guard_off}
        };
        open_world(&world);
        struct exchange exchange = post(rows[i].url, "hello");
        exchange.is_outside_url = rows[i].is_outside;
        struct seen seen = run(&world, &exchange);
        expect_kind(rows[i].name, rows[i].want, &seen);
        if (rows[i].want == REPLY_NOT_SENT)
            expect_str(rows[i].name, "the address is not public", str_of(seen.why));
        else
            connections++;
        expect_i64(rows[i].name, connections, client_peer_connections(peer));
    }
}

static void outside_urls_do_not_ride_on_configured_connections(void **state)
{
    (void)state;
    PEER *peer = client_peer_new(answers, COUNT_OF(answers));
    WORLD world = {0};
    open_world(&world);
    struct exchange configured = post(client_peer_url(peer), "hello");
    struct exchange outside = configured;
    outside.is_outside_url = true;

    struct seen seen = run(&world, &configured);
    expect_kind("opens the connection", REPLY_ANSWER, &seen);
    seen = run(&world, &outside);
    expect_kind("must not reuse it", REPLY_NOT_SENT, &seen);
    seen = run(&world, &configured);
    expect_kind("still does", REPLY_ANSWER, &seen);
    assert_int_equal(client_peer_connections(peer), 1);
    assert_int_equal(client_peer_requests(peer), 2);
}

static void outside_connections_end_with_their_exchange(void **state)
{
    (void)state;
    static const char *const loopback[] = {"127.0.0.0/8", NULL};
    PEER *peer = client_peer_new(answers, COUNT_OF(answers));
    WORLD world = {.settings = {.allow = loopback}};
    open_world(&world);
    struct exchange exchange = post(client_peer_url(peer), "hello");
    exchange.is_outside_url = true;
    for (size_t i = 1; i <= 3; i++) {
        struct seen seen = run(&world, &exchange);
        expect_kind("allowed", REPLY_ANSWER, &seen);
        client_peer_wait_closes(peer, i);
        assert_int_equal(client_peer_connections(peer), i);
    }
}

static void idle_connections_make_room_for_others(void **state)
{
    (void)state;
    static const char *const loopback[] = {"127.0.0.0/8", NULL};
    PEER *one = client_peer_new(answers, COUNT_OF(answers));
    PEER *other = client_peer_new(answers, COUNT_OF(answers));
    WORLD world = {
        .settings = {.connections = 1, .connections_per_host = 1, .allow = loopback}
    };
    open_world(&world);
    struct exchange exchange = post(client_peer_url(one), "hello");
    struct seen seen = run(&world, &exchange);
    expect_kind("first", REPLY_ANSWER, &seen);
    exchange.is_outside_url = true; /* same host, and yet a connection of its own */
    seen = run(&world, &exchange);
    expect_kind("outside", REPLY_ANSWER, &seen);
    exchange.is_outside_url = false;
    exchange.url = client_peer_url(other);
    seen = run(&world, &exchange);
    expect_kind("other host", REPLY_ANSWER, &seen);
    client_peer_wait_closes(one, 2);
}

static void proxy_is_the_one_of_the_settings(void **state)
{
    (void)state;
    PEER *proxy = client_peer_new(answers, COUNT_OF(answers));
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("no_proxy", "*", 1), 0);
    WORLD world = {.settings = {.proxy = client_peer_url(proxy)}};
    open_world(&world);
    struct exchange exchange = post("http://peer.test/path", "hello");
    exchange.is_outside_url = true; /* the proxy's own address is not judged */
    struct seen seen = run(&world, &exchange);
    expect_kind("through the proxy", REPLY_ANSWER, &seen);
    assert_memory_equal(client_peer_last(proxy), "POST http://peer.test/path HTTP/1.1",
                        35);

    exchange.url = "http://169.254.169.254/latest";
    seen = run(&world, &exchange);
    expect_kind("metadata through the proxy", REPLY_NOT_SENT, &seen);
    assert_string_equal(seen.why, "the address is not public");

    WORLD direct = {0};
    open_world(&direct);
    exchange = post(client_peer_url(proxy), "hello");
    seen = run(&direct, &exchange);
    expect_kind("the environment's proxy is ignored", REPLY_ANSWER, &seen);
    assert_int_equal(unsetenv("http_proxy"), 0);
    assert_int_equal(unsetenv("no_proxy"), 0);
}

static void refused_tunnel_is_not_sent(void **state)
{
    (void)state;
    static const struct client_peer_step steps[] = {
        {PEER_ANSWER, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", false},
        {PEER_CLOSE,  NULL,                                                  false},
    };
    PEER *proxy = client_peer_new(steps, COUNT_OF(steps));
    WORLD world = {.settings = {.proxy = client_peer_url(proxy)}};
    open_world(&world);
    for (size_t i = 1; i <= COUNT_OF(steps); i++) {
        struct exchange exchange = post("https://peer.test/path", "hello");
        struct seen seen = run(&world, &exchange);
        expect_kind("no tunnel", REPLY_NOT_SENT, &seen);
        assert_int_equal(client_peer_requests(proxy), i);
        assert_memory_equal(client_peer_last(proxy), "CONNECT peer.test:443 HTTP/1.1",
                            30);
    }
}

static void start_refuses_beyond_the_connections(void **state)
{
    (void)state;
    static const struct client_peer_step silent[] = {{.act = PEER_SILENT}};
    PEER *one = client_peer_new(silent, COUNT_OF(silent));
    PEER *other = client_peer_new(silent, COUNT_OF(silent));
    WORLD world = {
        .settings = {.connections = 3, .connections_per_host = 2}
    };
    open_world(&world);
    const struct transport_ops *ops = world.transport->ops;
    struct exchange to_one = post(client_peer_url(one), "x");
    struct exchange to_other = post(client_peer_url(other), "x");
    struct seen seen[4];
    start(&world, &to_one, &seen[0]);
    start(&world, &to_one, &seen[1]);
    struct error err;
    expect_status("host is full", STATUS_RETRY,
                  ops->start(world.transport, &to_one, &seen[3], &err));
    assert_string_equal(err.text, "all 2 connections to the host are in use");
    start(&world, &to_other, &seen[2]);
    expect_status("client is full", STATUS_RETRY,
                  ops->start(world.transport, &to_other, &seen[3], &err));
    assert_string_equal(err.text, "all 3 connections are in use");

    ops->cancel(world.transport, &seen[0]);
    finish(&world, &seen[0]);
    expect_kind("cancelled", REPLY_CANCELLED, &seen[0]);
    start(&world, &to_one, &seen[0]); /* its place is free again */
}

static void cancel_is_reported_by_the_next_poll(void **state)
{
    (void)state;
    static const struct client_peer_step steps[] = {
        {.act = PEER_SILENT},
        { .act = PEER_ANSWER,   .text = OK_TEXT},
    };
    PEER *peer = client_peer_new(steps, COUNT_OF(steps));
    WORLD world = {0};
    open_world(&world);
    const struct transport_ops *ops = world.transport->ops;
    struct exchange exchange = post(client_peer_url(peer), "hello");
    struct seen seen;
    start(&world, &exchange, &seen);
    while (client_peer_requests(peer) == 0)
        ops->poll(world.transport, 1);
    ops->cancel(world.transport, &seen);
    ops->cancel(world.transport, &seen); /* once is enough */
    assert_int_equal(seen.calls, 0);
    ops->poll(world.transport, POLL_MS);
    assert_int_equal(seen.calls, 1);
    expect_kind("cancelled", REPLY_CANCELLED, &seen);
    client_peer_wait_closes(peer, 1); /* nobody waits for its answer any more */

    ops->cancel(world.transport, &seen); /* unknown by now */
    ops->poll(world.transport, 0);
    assert_int_equal(seen.calls, 1);
    seen = run(&world, &exchange);
    expect_kind("the handle is usable", REPLY_ANSWER, &seen);
}

static void free_reports_what_still_runs(void **state)
{
    (void)state;
    static const struct client_peer_step silent[] = {{.act = PEER_SILENT}};
    PEER *peer = client_peer_new(silent, COUNT_OF(silent));
    WORLD world = {0};
    open_world(&world);
    struct exchange exchange = post(client_peer_url(peer), "hello");
    struct exchange refused = post(client_peer_url(peer), "hello");
    exchange_header(&refused, STR("X"), STR("\n"));
    struct seen seen[4];
    for (size_t i = 0; i < 3; i++)
        start(&world, &exchange, &seen[i]);
    start(&world, &refused, &seen[3]);
    while (client_peer_requests(peer) < 2)
        world.transport->ops->poll(world.transport, 1);
    struct transport *transport = TAKE(world.transport);
    transport->ops->free(transport);
    assert_int_equal(world.total, 4);
    for (size_t i = 0; i < 3; i++)
        expect_kind("running", REPLY_CANCELLED, &seen[i]);
    expect_kind("refused", REPLY_NOT_SENT, &seen[3]);
}

/* A done that starts the next exchange at once, and cancels the one it is told about.
 */
struct chain {
    struct transport *transport;
    const struct exchange *exchange;
    unsigned left;
    unsigned answers;
};

static void start_the_next(void *token, const struct reply *reply, void *context)
{
    struct chain *chain = context;
    if (reply->kind == REPLY_ANSWER)
        chain->answers++;
    chain->transport->ops->cancel(chain->transport,
                                  token); /* has ended: means nothing */
    if (chain->left == 0)
        return;
    chain->left--;
    expect_status(
        "start inside done", STATUS_OK,
        chain->transport->ops->start(chain->transport, chain->exchange, token, NULL));
}

static void done_may_start_the_next(void **state)
{
    (void)state;
    PEER *peer = client_peer_new(answers, COUNT_OF(answers));
    const struct http_client_settings settings = {
        .connections = 1,
        .connections_per_host = 1,
    };
    struct exchange exchange = post(client_peer_url(peer), "hello");
    struct chain chain = {.exchange = &exchange, .left = 20};
    int token = 0;
    expect_status(
        "new", STATUS_OK,
        http_client_new(&settings, start_the_next, &chain, &chain.transport, NULL));
    const struct transport_ops *ops = chain.transport->ops;
    expect_status("first", STATUS_OK,
                  ops->start(chain.transport, &exchange, &token, NULL));
    while (chain.answers < 21)
        ops->poll(chain.transport, POLL_MS);
    assert_int_equal(client_peer_requests(peer), 21);
    assert_int_equal(client_peer_connections(peer), 1);
    ops->free(chain.transport);
}

static void *wake_it(void *context)
{
    struct transport *transport = context;
    transport->ops->wake(transport);
    return NULL;
}

static void wake_ends_a_poll(void **state)
{
    (void)state;
    WORLD world = {0};
    open_world(&world);
    world.transport->ops->wake(world.transport); /* before it began */
    world.transport->ops->poll(world.transport, INT64_MAX);

    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wake_it, world.transport), 0);
    world.transport->ops->poll(world.transport, INT64_MAX);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(world.total, 0);
}

static void many_transfers_run_beside_each_other(void **state)
{
    (void)state;
    PEER *peer = client_peer_new(answers, COUNT_OF(answers));
    WORLD world = {
        .settings = {.connections = 32, .connections_per_host = 32}
    };
    open_world(&world);
    struct exchange exchange = post(client_peer_url(peer), "hello");
    struct seen seen[32];
    for (unsigned round = 1; round <= 5; round++) {
        for (size_t i = 0; i < COUNT_OF(seen); i++)
            start(&world, &exchange, &seen[i]);
        while (world.total < round * COUNT_OF(seen))
            world.transport->ops->poll(world.transport, POLL_MS);
        for (size_t i = 0; i < COUNT_OF(seen); i++)
            expect_kind("answer", REPLY_ANSWER, &seen[i]);
    }
    assert_int_equal(client_peer_connections(peer), 32); /* all were kept */
}

static void once_waits_for_the_reply(void **state)
{
    (void)state;
    static const struct client_peer_step steps[] = {
        {PEER_ANSWER,
         "HTTP/1.1 200 OK\r\nX-Request-Id: r-1\r\nContent-Length: 2\r\n\r\nok", false},
        {.act = PEER_CLOSE     },
    };
    PEER *peer = client_peer_new(steps, COUNT_OF(steps));
    const struct http_client_settings settings = {
        .connections = 1,
        .connections_per_host = 1,
    };
    CLEANUP(arena_freep) struct arena *arena = arena_new(10000);
    struct exchange exchange = post(client_peer_url(peer), "hello");
    struct reply reply;
    expect_status("answer", STATUS_OK,
                  http_client_once(&settings, &exchange, arena, &reply, NULL));
    assert_int_equal(reply.kind, REPLY_ANSWER);
    expect_str("body", "ok", reply.body);
    expect_str("id", "r-1", reply.correlation_id);
    assert_string_equal(reply.why, "");

    expect_status("closed", STATUS_OK,
                  http_client_once(&settings, &exchange, arena, &reply, NULL));
    assert_int_equal(reply.kind, REPLY_UNKNOWN);
    assert_string_equal(reply.why, "the connection was closed without an answer");
}

static void once_says_when_the_arena_is_too_small(void **state)
{
    (void)state;
    PEER *peer = client_peer_new(answers, COUNT_OF(answers));
    const struct http_client_settings settings = {
        .connections = 1,
        .connections_per_host = 1,
    };
    CLEANUP(arena_freep) struct arena *arena = arena_new(2);
    struct exchange exchange = post(client_peer_url(peer), "hello");
    struct reply reply;
    expect_status("too small", STATUS_TOO_LARGE,
                  http_client_once(&settings, &exchange, arena, &reply, NULL));
}

static void wrong_networks_are_refused(void **state)
{
    (void)state;
    static const char *const allow[] = {"10.0.0.0/8", "10.0.0.0/99", NULL};
    const struct http_client_settings settings = {
        .connections = 1,
        .connections_per_host = 1,
        .allow = allow,
    };
    struct transport *transport = NULL;
    struct error err;
    expect_status("new", STATUS_INVALID,
                  http_client_new(&settings, copy_reply, NULL, &transport, &err));
    assert_string_equal(err.text, "\"10.0.0.0/99\" is no network");
    struct exchange exchange = post("http://127.0.0.1/", NULL);
    struct reply reply;
    expect_status("once", STATUS_INVALID,
                  http_client_once(&settings, &exchange, NULL, &reply, &err));
}

struct count {
    size_t answers;
    size_t unknowns;
};

/* One exchange; memory may fail anywhere in it. */
static void try_exchange(struct world *world, const struct exchange *exchange,
                         struct count *count)
{
    struct seen seen = {0};
    struct error err;
    enum status status =
        world->transport->ops->start(world->transport, exchange, &seen, &err);
    if (status != STATUS_OK) {
        expect_status("start", STATUS_RETRY, status);
        return;
    }
    finish(world, &seen);
    count->answers += seen.kind == REPLY_ANSWER;
    count->unknowns += seen.kind == REPLY_UNKNOWN;
}

/* What was sent, if anything, lacks nothing: libcurl goes on without a query for which
 * it has no memory. */
static void expect_whole(struct client_peer *peer, const char *method,
                         const char *header, const char *body)
{
    char want[64];
    const char *got = client_peer_last(peer);
    (void)snprintf(want, sizeof(want), "%s /a/path?and=query HTTP/1.1\r\n", method);
    if (client_peer_requests(peer) == 0)
        return;
    expect_true(got, str_starts(str_of(got), str_of(want)));
    expect_true(got, strstr(got, header) != NULL);
    expect_true(got, strstr(got, body) != NULL);
}

static void try_journey(struct client_peer *peer, struct count *count)
{
    WORLD world = {
        .settings = {.connections = 2, .connections_per_host = 2}
    };
    struct error err;
    enum status status = http_client_new(&world.settings, copy_reply, &world.total,
                                         &world.transport, &err);
    if (status != STATUS_OK) {
        expect_status("new", STATUS_RETRY, status);
        return;
    }
    char url[128];
    (void)snprintf(url, sizeof(url), "%s/a/path?and=query", client_peer_url(peer));
    struct exchange exchange = post(url, "hello");
    exchange_header(&exchange, STR("Content-Type"), STR("text/plain"));
    exchange.timeout_ms = 1000;
    try_exchange(&world, &exchange, count);
    expect_whole(peer, "POST", "Content-Type: text/plain\r\n", "hello");
    exchange.method = "GET";
    exchange.body = STR_NONE;
    try_exchange(&world, &exchange, count);
}

static void fail_every_allocation_in_turn(void)
{
    long n = 0;
    bool has_failed = true;
    while (has_failed) {
        PEER *peer = client_peer_new(answers, COUNT_OF(answers));
        struct count count = {0};
        atomic_store(&until_failure, ++n);
        try_journey(peer, &count);
        has_failed = atomic_exchange(&until_failure, 0) <= 0;
        assert_true(client_peer_requests(peer) >= count.answers);
        assert_true(client_peer_requests(peer) <= count.answers + count.unknowns);
        assert_true(has_failed || count.answers == 2);
    }
    assert_true(n > 50); /* it was libcurl's memory that failed */
}

static void failing_memory_inside_libcurl_is_an_ordinary_error(void **state)
{
    (void)state;
    fails_on = false;
    fail_every_allocation_in_turn();
    fails_on = true;
    fail_every_allocation_in_turn();
}

int main(void)
{
    /* The first initialisation decides about memory; the client's only count up. */
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, failing_malloc, free, failing_realloc,
                             failing_strdup, failing_calloc) != CURLE_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_what_the_exchange_says),
        cmocka_unit_test(each_request_goes_to_its_own_url),
        cmocka_unit_test(long_urls_arrive_whole),
        cmocka_unit_test(methods_go_out_with_and_without_body),
        cmocka_unit_test(large_bodies_arrive_whole_and_without_expect),
        cmocka_unit_test(answers_are_read_as_they_come),
        cmocka_unit_test(long_answers_are_cut_and_read_to_the_end),
        cmocka_unit_test(retry_after_becomes_a_span),
        cmocka_unit_test(retry_after_date_counts_from_now),
        cmocka_unit_test(correlation_id_is_the_peers_own),
        cmocka_unit_test(request_is_never_sent_twice),
        cmocka_unit_test(connection_that_died_while_idle_costs_nothing),
        cmocka_unit_test(incomplete_answers_are_unknown),
        cmocka_unit_test(silence_is_unknown_after_the_timeout),
        cmocka_unit_test(what_never_left_is_not_sent),
        cmocka_unit_test(failed_tls_handshake_is_not_sent),
        cmocka_unit_test(connecting_in_vain_is_not_sent),
        cmocka_unit_test(slow_name_server_does_not_hold_the_thread),
        cmocka_unit_test(headers_cannot_be_smuggled),
        cmocka_unit_test(headers_have_a_ceiling),
        cmocka_unit_test(outside_urls_reach_public_addresses_only),
        cmocka_unit_test(outside_urls_do_not_ride_on_configured_connections),
        cmocka_unit_test(outside_connections_end_with_their_exchange),
        cmocka_unit_test(idle_connections_make_room_for_others),
        cmocka_unit_test(proxy_is_the_one_of_the_settings),
        cmocka_unit_test(refused_tunnel_is_not_sent),
        cmocka_unit_test(start_refuses_beyond_the_connections),
        cmocka_unit_test(cancel_is_reported_by_the_next_poll),
        cmocka_unit_test(free_reports_what_still_runs),
        cmocka_unit_test(done_may_start_the_next),
        cmocka_unit_test(wake_ends_a_poll),
        cmocka_unit_test(many_transfers_run_beside_each_other),
        cmocka_unit_test(once_waits_for_the_reply),
        cmocka_unit_test(once_says_when_the_arena_is_too_small),
        cmocka_unit_test(wrong_networks_are_refused),
        cmocka_unit_test(failing_memory_inside_libcurl_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
