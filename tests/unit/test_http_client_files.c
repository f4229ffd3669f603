/* Files through the HTTP client: answers into a sink, bodies with a file in them. */
#include "support/client_peer.h"
#include "support/expect.h"

#include "gateway/clock.h"
#include "gateway/file.h"
#include "gateway/http_client.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT_MS 20000
#define NEVER_MS 600000
#define LONGER_MS 3500
#define FILE_BYTES 300000
/* The one that is accepted is followed by those that are not. */
#define DEAF_QUEUE 4
#define OK_TEXT "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct seen {
    unsigned calls;
    enum reply_kind kind;
    int status;
    size_t body_len;
    char location[128];
    char content_type[64];
    char why[128];
};

static void copy_reply(void *token, const struct reply *reply, void *context)
{
    struct seen *seen = token;
    (void)context;
    *seen = (struct seen){.calls = seen->calls + 1,
                          .kind = reply->kind,
                          .status = reply->status,
                          .body_len = reply->body.len};
    (void)snprintf(seen->location, sizeof(seen->location), "%.*s",
                   STR_ARG(reply->location));
    (void)snprintf(seen->content_type, sizeof(seen->content_type), "%.*s",
                   STR_ARG(reply->content_type));
    (void)snprintf(seen->why, sizeof(seen->why), "%s", reply->why);
}

static struct transport *open_client(void)
{
    const struct http_client_settings settings = {.connections = 4,
                                                  .connections_per_host = 4};
    struct transport *transport = NULL;
    expect_status("client", STATUS_OK,
                  http_client_new(&settings, copy_reply, NULL, &transport, NULL));
    return transport;
}

static struct seen run(struct transport *transport, const struct exchange *exchange)
{
    struct seen seen = {0};
    expect_status("start", STATUS_OK,
                  transport->ops->start(transport, exchange, &seen, NULL));
    while (seen.calls == 0)
        transport->ops->poll(transport, TIMEOUT_MS);
    return seen;
}

/* What came, and how much more is taken. */
struct bowl {
    struct sink sink;
    size_t room;
    size_t len;
    char bytes[64];
};

static bool take(struct sink *sink, const void *bytes, size_t len)
{
    struct bowl *bowl = CONTAINER_OF(sink, struct bowl, sink);
    if (len > bowl->room)
        return false;
    bowl->room -= len;
    if (bowl->len + len < sizeof(bowl->bytes))
        memcpy(bowl->bytes + bowl->len, bytes, len);
    bowl->len += len;
    return true;
}

static void a_success_goes_into_the_sink_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *answer;
        enum reply_kind kind;
        const char *taken;
        size_t body_len;
        const char *location; /* below the peer's URL */
        const char *content_type;
    } rows[] = {
        {"a file",
         "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 4\r\n\r\nfile",  REPLY_ANSWER, "file", 0, "",       "image/png" },
        {"in chunks",
         "HTTP/1.1 206 Part\r\nTransfer-Encoding: "
         "chunked\r\n\r\n2\r\nfi\r\n2\r\nle\r\n0"
         "\r\n\r\n",                                                                     REPLY_ANSWER, "file", 0, "",       ""          },
        {"a refusal has a body",
         "HTTP/1.1 404 No\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ngone", REPLY_ANSWER, "",     4, "",       "text/plain"},
        {"a redirect is told",
         "HTTP/1.1 302 There\r\nLocation: ../b?x=1\r\nContent-Length: 4\r\n\r\nhere",    REPLY_ANSWER, "",     4, "/b?x=1", ""          },
        {"half a file is none",  "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfile",
         REPLY_UNKNOWN,                                                                                "file", 0, "",       ""          },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct client_peer_step steps[] = {
            {.act = PEER_ANSWER_CLOSE, .text = rows[i].answer}
        };
        struct client_peer *peer = client_peer_new(steps, COUNT_OF(steps));
        struct transport *transport = open_client();
        struct bowl bowl = {.sink.take = take, .room = SIZE_MAX};
        char url[128];
        char there[128];
        (void)snprintf(url, sizeof(url), "%s/a/file", client_peer_url(peer));
        (void)snprintf(there, sizeof(there), "%s%s",
                       rows[i].location[0] == '\0' ? "" : client_peer_url(peer),
                       rows[i].location);
        const struct exchange exchange = {
            .method = "GET", .url = url, .sink = &bowl.sink, .timeout_ms = TIMEOUT_MS};
        struct seen seen = run(transport, &exchange);
        expect_i64(rows[i].name, rows[i].kind, seen.kind);
        expect_str(rows[i].name, rows[i].taken, str_from(bowl.bytes, bowl.len));
        expect_i64(rows[i].name, (int64_t)rows[i].body_len, (int64_t)seen.body_len);
        expect_str(rows[i].name, there, str_of(seen.location));
        expect_str(rows[i].name, rows[i].content_type, str_of(seen.content_type));
        transport->ops->free(transport);
        client_peer_free(peer);
    }
}

static void a_sink_that_has_enough_ends_the_exchange(void **state)
{
    (void)state;
    static const struct client_peer_step steps[] = {
        {.act = PEER_ANSWER_CLOSE,
         .text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfile too long"},
        {.act = PEER_ANSWER,       .text = OK_TEXT                          }
    };
    struct client_peer *peer = client_peer_new(steps, COUNT_OF(steps));
    struct transport *transport = open_client();
    struct bowl bowl = {.sink.take = take, .room = 3};
    struct exchange exchange = {.method = "GET",
                                .url = client_peer_url(peer),
                                .sink = &bowl.sink,
                                .timeout_ms = TIMEOUT_MS};
    struct seen seen = run(transport, &exchange);
    expect_i64("no answer", REPLY_UNKNOWN, seen.kind);
    expect_str("why", "the answer is too large", str_of(seen.why));
    exchange.sink = NULL;
    seen = run(transport, &exchange);
    expect_i64("the handle goes on", REPLY_ANSWER, seen.kind);
    expect_i64("as any other", 2, (int64_t)seen.body_len);
    transport->ops->free(transport);
    client_peer_free(peer);
}

static struct file a_file(size_t len)
{
    char *bytes = malloc(len);
    int descriptor = memfd_create("file", MFD_CLOEXEC);
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)('a' + i % 26);
    assert_int_equal(len, write(descriptor, bytes, len));
    free(bytes);
    return (struct file){.descriptor = descriptor, .size = (int64_t)len};
}

static void a_body_holds_the_file_between_its_ends(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, FILE_BYTES};
    static const struct client_peer_step steps[] = {
        {.act = PEER_ANSWER, .text = OK_TEXT}
    };
    struct client_peer *peer = client_peer_new(steps, COUNT_OF(steps));
    struct transport *transport = open_client();
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct file file = a_file(sizes[i]);
        const struct exchange exchange = {
            .method = "POST",
            .url = client_peer_url(peer),
            .body = STR("before "),
            .file = &file,
            .body_end = STR(" behind"),
            .timeout_ms = TIMEOUT_MS,
        };
        struct seen seen = run(transport, &exchange);
        expect_i64("answered", REPLY_ANSWER, seen.kind);
        const char *got = strstr(client_peer_last(peer), "\r\n\r\n") + 4;
        expect_i64("length", (int64_t)sizes[i] + 14, (int64_t)strlen(got));
        expect_true("begins", str_starts(str_of(got), STR("before ")));
        expect_str("ends", " behind", str_of(got + 7 + sizes[i]));
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal('a' + at % 26, got[7 + at]);

        const struct exchange plain = {.method = "POST",
                                       .url = client_peer_url(peer),
                                       .body = STR("plain"),
                                       .timeout_ms = TIMEOUT_MS};
        (void)run(transport, &plain);
        expect_str("the next has its own body", "plain",
                   str_of(strstr(client_peer_last(peer), "\r\n\r\n") + 4));
        (void)close(file.descriptor);
    }
    expect_i64("on one connection", 1, (int64_t)client_peer_connections(peer));
    transport->ops->free(transport);
    client_peer_free(peer);
}

static void an_upload_is_never_sent_twice(void **state)
{
    (void)state;
    static const struct client_peer_step ends[] = {
        {.act = PEER_CLOSE},
        {                 .act = PEER_RESET                },
        { .act = PEER_CLOSE,                 .at_headers = true},
        {                 .act = PEER_RESET,                 .at_headers = true}
    };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        const struct client_peer_step steps[] = {
            {.act = PEER_ANSWER, .text = OK_TEXT},
            ends[i],
            {.act = PEER_ANSWER, .text = OK_TEXT}
        };
        struct client_peer *peer = client_peer_new(steps, COUNT_OF(steps));
        struct transport *transport = open_client();
        struct file file = a_file(FILE_BYTES);
        struct exchange exchange = {.method = "POST",
                                    .url = client_peer_url(peer),
                                    .body = STR("x"),
                                    .timeout_ms = TIMEOUT_MS};
        (void)run(transport, &exchange); /* the connection is kept */
        exchange.file = &file;
        struct seen seen = run(transport, &exchange);
        expect_i64("nobody knows", REPLY_UNKNOWN, seen.kind);
        expect_i64("asked once", 2, (int64_t)client_peer_requests(peer));
        (void)close(file.descriptor);
        transport->ops->free(transport);
        client_peer_free(peer);
    }
}

/* Of a listener whose queue is full nobody hears: so is a host behind a dead route. */
struct deaf_peer {
    int listener;
    int waiting[DEAF_QUEUE];
    char url[64];
};

static void deaf_peer_open(struct deaf_peer *peer)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    struct sockaddr *any = (struct sockaddr *)&address;
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(0, bind(peer->listener, any, len));
    assert_int_equal(0, listen(peer->listener, 0));
    assert_int_equal(0, getsockname(peer->listener, any, &len));
    for (size_t i = 0; i < DEAF_QUEUE; i++) {
        peer->waiting[i] =
            socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(-1, connect(peer->waiting[i], any, len));
    }
    (void)snprintf(peer->url, sizeof(peer->url), "http://127.0.0.1:%u/file",
                   ntohs(address.sin_port));
}

static void deaf_peer_close(struct deaf_peer *peer)
{
    for (size_t i = 0; i < DEAF_QUEUE; i++)
        (void)close(peer->waiting[i]);
    (void)close(peer->listener);
}

static void a_fetch_waits_less_for_a_connection_than_for_all(void **state)
{
    (void)state;
    struct deaf_peer peer;
    deaf_peer_open(&peer);
    struct transport *transport = open_client();
    const struct exchange exchange = {
        .method = "GET", .url = peer.url, .timeout_ms = NEVER_MS, .connect_ms = 50};
    struct seen seen = run(transport, &exchange);
    expect_i64("got no byte", REPLY_NOT_SENT, seen.kind);
    expect_str("why", "no connection in time", str_of(seen.why));
    transport->ops->free(transport);
    deaf_peer_close(&peer);
}

static void a_fetch_that_hangs_is_given_up(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct client_peer_step step;
        const char *taken;
    } rows[] = {
        {"before the answer", {.act = PEER_SILENT},                    ""},
        {"within the file",
         {.act = PEER_ANSWER,
          .text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfile"},
         "file"                                                          },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct client_peer *peer = client_peer_new(&rows[i].step, 1);
        struct transport *transport = open_client();
        struct bowl bowl = {.sink.take = take, .room = SIZE_MAX};
        const struct exchange exchange = {.method = "GET",
                                          .url = client_peer_url(peer),
                                          .sink = &bowl.sink,
                                          .timeout_ms = NEVER_MS,
                                          .slow_s = 1};
        struct seen seen = run(transport, &exchange);
        expect_i64(rows[i].name, REPLY_UNKNOWN, seen.kind);
        expect_str(rows[i].name, "no answer in time", str_of(seen.why));
        expect_str(rows[i].name, rows[i].taken, str_from(bowl.bytes, bowl.len));
        transport->ops->free(transport);
        client_peer_free(peer);
    }
}

/* The handle is the same one, and what is slow to answer may be a delivery. */
static void what_is_no_fetch_waits_as_long_as_it_may(void **state)
{
    (void)state;
    static const struct client_peer_step steps[] = {
        {.act = PEER_ANSWER, .text = OK_TEXT},
        {.act = PEER_SILENT                 }
    };
    struct client_peer *peer = client_peer_new(steps, COUNT_OF(steps));
    struct transport *transport = open_client();
    struct exchange exchange = {.method = "GET",
                                .url = client_peer_url(peer),
                                .timeout_ms = NEVER_MS,
                                .connect_ms = NEVER_MS / 2,
                                .slow_s = 1};
    expect_i64("a fetch", REPLY_ANSWER, run(transport, &exchange).kind);
    exchange.connect_ms = 0;
    exchange.slow_s = 0;
    exchange.timeout_ms = LONGER_MS; /* than the fetch would have had */
    int64_t started_ms = clock_now().mono_ms;
    expect_i64("no fetch", REPLY_UNKNOWN, run(transport, &exchange).kind);
    int64_t took_ms = clock_now().mono_ms - started_ms;
    expect_true("all of its time", took_ms >= LONGER_MS);
    transport->ops->free(transport);
    client_peer_free(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_success_goes_into_the_sink_and_nothing_else),
        cmocka_unit_test(a_sink_that_has_enough_ends_the_exchange),
        cmocka_unit_test(a_body_holds_the_file_between_its_ends),
        cmocka_unit_test(an_upload_is_never_sent_twice),
        cmocka_unit_test(a_fetch_waits_less_for_a_connection_than_for_all),
        cmocka_unit_test(a_fetch_that_hangs_is_given_up),
        cmocka_unit_test(what_is_no_fetch_waits_as_long_as_it_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
