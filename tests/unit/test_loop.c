#include "support/server_fixture.h"

#include <sys/socket.h>

/* Deadlines, and many connections at a time. */

static char large[8 * 1024 * 1024];

static int64_t body_max(const struct request *request, void *context)
{
    (void)request;
    (void)context;
    return 1024 * 1024;
}

static enum handled answer_large(struct request *request, void *context)
{
    (void)context;
    request_respond(request, 200, NULL, str_from(large, sizeof(large)), NULL, 0);
    return HANDLED_ANSWERED;
}

static enum handled suspend(struct request *request, void *context)
{
    return fixture_suspend(request, context);
}

static void resumed(struct request *request, bool timed_out, void *context)
{
    (void)timed_out;
    (void)fixture_answer_ok(request, context);
}

static const struct route routes[] = {
    {"POST", "/ok",      body_max, fixture_answer_ok, NULL   },
    {"GET",  "/ok",      NULL,     fixture_answer_ok, NULL   },
    {"GET",  "/large",   NULL,     answer_large,      NULL   },
    {"GET",  "/suspend", NULL,     suspend,           resumed},
};

static const char get_ok[] = "GET /ok HTTP/1.1\r\nHost: h\r\n\r\n";
static const char get_suspend[] = "GET /suspend HTTP/1.1\r\nHost: h\r\n\r\n";

static void begin(struct server_fixture *server,
                  const struct listener_settings *settings, struct queue *queue)
{
    fixture_start(server, settings, routes, COUNT_OF(routes), queue);
}

/* --- deadlines ------------------------------------------------------------ */

/* Sends one byte of `text` over and over, every `pause_ms`, until the other side closes
 * or patience ends. The time it took. */
static int64_t drip(struct server_client *client, char byte, int pause_ms)
{
    int64_t start_ms = clock_now().mono_ms;
    int64_t took_ms = 0;
    while (took_ms < CLIENT_PATIENCE_MS && !client_answers_within(client, pause_ms)) {
        if (!client_try_send(client, &byte, 1))
            break;
        took_ms = clock_now().mono_ms - start_ms;
    }
    return clock_now().mono_ms - start_ms;
}

#define SPAN_MS 200

static void expect_span(const char *name, int64_t took_ms)
{
    if (took_ms < SPAN_MS - 2 || took_ms > SPAN_MS + 3000)
        print_error("%s: %lld ms\n", name, (long long)took_ms);
    assert_true(took_ms >= SPAN_MS - 2 && took_ms <= SPAN_MS + 3000);
}

static void drips_are_cut_at_absolute_deadlines(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *beginning;
        int answers; /* read before the drip begins */
        char byte;
        int64_t header_ms, idle_ms, body_ms; /* 0: far away */
    } cases[] = {
        {"nothing at all",          "",                                                               0, 0,   SPAN_MS, 0,       0      },
        {"a request line",          "",                                                               0, 'G', SPAN_MS, 0,       0      },
        {"headers",                 "GET /ok HTTP/1.1\r\nX: ",                                        0, 'x', SPAN_MS, 0,       0      },
        {"a body",                  "POST /ok HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n", 0,
         'x',                                                                                                 0,       0,       SPAN_MS},
        {"chunks' extensions",
         "POST /ok HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;",                      0, 'x',
         0,                                                                                                            0,       SPAN_MS},
        {"trailers",
         "POST /ok HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT:",                 0,
         'x',                                                                                                 0,       0,       SPAN_MS},
        {"a next request line",     get_ok,                                                           1, 'G', 0,       SPAN_MS, 0      },
        {"next headers, by idle",
         "GET /ok HTTP/1.1\r\nHost: h\r\n\r\nGET /ok HTTP/1.1\r\nX: ",                                1, 'x', 0,
         SPAN_MS,                                                                                                               0      },
        {"next headers, by header",
         "GET /ok HTTP/1.1\r\nHost: h\r\n\r\nGET /ok HTTP/1.1\r\nX: ",                                1, 'x', SPAN_MS,
         0,                                                                                                                     0      },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct listener_settings settings = fixture_settings();
        if (cases[i].header_ms != 0)
            settings.header_ms = cases[i].header_ms;
        if (cases[i].idle_ms != 0)
            settings.idle_ms = cases[i].idle_ms;
        if (cases[i].body_ms != 0)
            settings.body_ms = cases[i].body_ms;
        struct server_fixture server;
        begin(&server, &settings, NULL);
        int64_t start_ms = clock_now().mono_ms;
        CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
        client_send(client, cases[i].beginning);
        for (int answer = 0; answer < cases[i].answers; answer++)
            assert_int_equal(client_answer(client).status, 200);
        (void)drip(client, cases[i].byte, 10);
        expect_span(cases[i].name, clock_now().mono_ms - start_ms);
        fixture_stop(&server);
    }
}

static void idle_connections_are_closed(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.idle_ms = SPAN_MS;
    struct server_fixture server;
    begin(&server, &settings, NULL);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    assert_int_equal(client_ask(client, get_ok).status, 200);
    int64_t start_ms = clock_now().mono_ms;
    assert_true(client_is_closed(client));
    expect_span("idle", clock_now().mono_ms - start_ms);
    fixture_stop(&server);
}

/* A client whose kernel keeps so little that answers wait in the server. */
static struct server_client *narrow_client(const struct server_fixture *server,
                                           int bytes)
{
    return client_open_narrow(listener_address(server->listener), bytes);
}

static void client_that_never_reads_its_answer_is_cut(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.answer_ms = SPAN_MS;
    struct server_fixture server;
    begin(&server, &settings, NULL);
    CLEANUP(client_closep)
    struct server_client *client = narrow_client(&server, 128 * 1024);
    int64_t start_ms = clock_now().mono_ms;
    client_send(client, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    struct pollfd waited = {.fd = client_fd(client)}; /* hang-up and error only */
    assert_int_equal(poll(&waited, 1, CLIENT_PATIENCE_MS), 1);
    expect_span("never reading", clock_now().mono_ms - start_ms);
    fixture_settle(&server);
    fixture_stop(&server);
}

/* What the kernels take at first is progress, and must not make the span begin anew
 * whenever it ends. */
static void client_that_stops_reading_is_cut_within_a_second(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.answer_ms = 2000;
    struct server_fixture server;
    begin(&server, &settings, NULL);
    CLEANUP(client_closep)
    struct server_client *client = narrow_client(&server, 128 * 1024);
    int64_t start_ms = clock_now().mono_ms;
    client_send(client, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    struct pollfd waited = {.fd = client_fd(client)};
    assert_int_equal(poll(&waited, 1, CLIENT_PATIENCE_MS), 1);
    int64_t took_ms = clock_now().mono_ms - start_ms;
    assert_in_range(took_ms, 1998, 2999);
    fixture_settle(&server);
    fixture_stop(&server);
}

static void client_that_reads_slowly_gets_all_of_its_answer(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.answer_ms = SPAN_MS;
    struct server_fixture server;
    begin(&server, &settings, NULL);
    CLEANUP(client_closep)
    struct server_client *client = narrow_client(&server, 128 * 1024);
    int64_t start_ms = clock_now().mono_ms;
    client_send(client, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    static char bytes[64 * 1024];
    size_t got = 0;
    while (got < sizeof(large)) {
        ssize_t len = recv(client_fd(client), bytes, sizeof(bytes), 0);
        assert_true(len > 0);
        got += (size_t)len;
        (void)poll(NULL, 0, 5); /* a slow line */
    }
    assert_true(clock_now().mono_ms - start_ms > SPAN_MS);
    fixture_stop(&server);
}

/* --- refusals ------------------------------------------------------------- */

enum { STRANGERS = 8 };

static void ask_for_nothing(const struct server_fixture *server,
                            struct server_client *clients[STRANGERS])
{
    for (int i = 0; i < STRANGERS; i++) {
        clients[i] = fixture_client(server);
        client_send(clients[i], "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
    }
}

static void flood_of_refusals_waits_for_its_answers(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.refusals_per_second = 2;
    struct server_fixture server;
    begin(&server, &settings, NULL);
    struct server_client *clients[STRANGERS];
    int64_t start_ms = clock_now().mono_ms;
    ask_for_nothing(&server, clients);

    CLEANUP(client_closep) struct server_client *good = fixture_client(&server);
    assert_int_equal(client_ask(good, get_ok).status, 200);
    bool may_tell =
        clock_now().mono_ms - start_ms < 400; /* not on a machine that naps */
    int at_once = 0;
    for (int i = 0; i < STRANGERS; i++)
        at_once += client_answers_within(clients[i], 0);
    assert_true(!may_tell || at_once <= 4); /* of two seconds at most */
    for (int i = 0; i < STRANGERS; i++) {
        assert_int_equal(client_answer(clients[i]).status, 404);
        client_close(clients[i]);
    }
    assert_true(clock_now().mono_ms - start_ms >= 490);
    fixture_stop(&server);
}

/* Held back, its answers come too slowly to fill the server's side. */
static void stranger_who_asks_on_and_never_reads_is_cut(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.refusals_per_second = 1;
    settings.answer_ms = SPAN_MS;
    struct server_fixture server;
    begin(&server, &settings, NULL);
    CLEANUP(client_closep) struct server_client *client = narrow_client(&server, 2048);
    for (int i = 0; i < 100; i++)
        client_send(client, "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
    struct pollfd waited = {.fd = client_fd(client)};
    assert_int_equal(poll(&waited, 1, CLIENT_PATIENCE_MS), 1);
    fixture_settle(&server);
    fixture_stop(&server);
}

static void held_answers_are_given_when_the_listener_ends(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.refusals_per_second = 1;
    struct server_fixture server;
    begin(&server, &settings, NULL);
    struct server_client *clients[STRANGERS];
    ask_for_nothing(&server, clients);
    while (listener_requests(server.listener) == 0)
        (void)poll(NULL, 0, 1);
    int64_t start_ms = clock_now().mono_ms;
    fixture_stop(&server); /* would panic with a connection still suspended */
    assert_true(clock_now().mono_ms - start_ms < 450);
    for (int i = 0; i < STRANGERS; i++)
        client_close(clients[i]);
}

static void no_span_is_no_deadline(void **state)
{
    (void)state;
    struct listener_settings settings = {.address = "127.0.0.1:0"};
    struct server_fixture server;
    begin(&server, &settings, NULL);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    assert_int_equal(client_ask(client, get_ok).status, 200);
    assert_false(client_answers_within(client, 50));
    assert_int_equal(client_ask(client, get_ok).status, 200);
    fixture_stop(&server);
}

/* --- many at once --------------------------------------------------------- */

#define MANY 256
#define MANY_MS 2000

/* All ask, then all wait for their answer, and again: libmicrohttpd's own epoll thread
 * stalls from 128 connections on. A stall is an answer that does not come in time. */
static void ask_in_lockstep(const struct server_fixture *server, const char *request)
{
    struct server_client *clients[MANY];
    for (int i = 0; i < MANY; i++)
        clients[i] = fixture_client(server);
    int64_t until_ms = clock_now().mono_ms + MANY_MS;
    int rounds = 0;
    for (; clock_now().mono_ms < until_ms; rounds++) {
        for (int i = 0; i < MANY; i++)
            client_send(clients[i], request);
        for (int i = 0; i < MANY; i++)
            assert_int_equal(client_answer(clients[i]).status, 200);
    }
    assert_true(rounds > 2);
    for (int i = 0; i < MANY; i++)
        client_close(clients[i]);
}

static void many_connections_in_lockstep_never_stall(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    struct queue *queue = queue_new(MANY, NULL, NULL);
    struct server_fixture server;
    begin(&server, &settings, queue);
    pthread_t worker;
    assert_int_equal(pthread_create(&worker, NULL, fixture_resume_all, queue), 0);
    ask_in_lockstep(&server, get_ok);
    ask_in_lockstep(&server, get_suspend);
    queue_stop(queue);
    (void)pthread_join(worker, NULL);
    fixture_stop(&server);
    queue_free(queue);
}

static void wake_ends_a_step(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    struct listener *listener = NULL;
    assert_int_equal(
        listener_open(&settings, routes, COUNT_OF(routes), NULL, &listener, NULL),
        STATUS_OK);
    int64_t start_ms = clock_now().mono_ms;
    listener_wake(listener);
    listener_step(listener, CLIENT_PATIENCE_MS);
    assert_true(clock_now().mono_ms - start_ms < CLIENT_PATIENCE_MS / 2);
    start_ms = clock_now().mono_ms;
    listener_step(listener, 20);
    assert_true(clock_now().mono_ms - start_ms >= 19);
    listener_close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drips_are_cut_at_absolute_deadlines),
        cmocka_unit_test(idle_connections_are_closed),
        cmocka_unit_test(client_that_never_reads_its_answer_is_cut),
        cmocka_unit_test(client_that_stops_reading_is_cut_within_a_second),
        cmocka_unit_test(client_that_reads_slowly_gets_all_of_its_answer),
        cmocka_unit_test(flood_of_refusals_waits_for_its_answers),
        cmocka_unit_test(stranger_who_asks_on_and_never_reads_is_cut),
        cmocka_unit_test(held_answers_are_given_when_the_listener_ends),
        cmocka_unit_test(no_span_is_no_deadline),
        cmocka_unit_test(many_connections_in_lockstep_never_stall),
        cmocka_unit_test(wake_ends_a_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
