#include "support/server_fixture.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Opening, own threads, and the end. */

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

/* Two handlers that wait for each other: only two threads can serve both. */
static atomic_int met;

static enum handled meet(struct request *request, void *context)
{
    int64_t until_ms = clock_now().mono_ms + CLIENT_PATIENCE_MS;
    atomic_fetch_add(&met, 1);
    while (atomic_load(&met) < 2 && clock_now().mono_ms < until_ms)
        (void)poll(NULL, 0, 1);
    return fixture_answer_ok(request, context);
}

static const struct route routes[] = {
    {"POST", "/ok",      body_max, fixture_answer_ok, NULL   },
    {"GET",  "/ok",      NULL,     fixture_answer_ok, NULL   },
    {"GET",  "/large",   NULL,     answer_large,      NULL   },
    {"GET",  "/suspend", NULL,     suspend,           resumed},
    {"GET",  "/meet",    NULL,     meet,              NULL   },
};

static const char get_ok[] = "GET /ok HTTP/1.1\r\nHost: h\r\n\r\n";
static const char get_suspend[] = "GET /suspend HTTP/1.1\r\nHost: h\r\n\r\n";

static void begin(struct server_fixture *server,
                  const struct listener_settings *settings, struct queue *queue)
{
    fixture_start(server, settings, routes, COUNT_OF(routes), queue);
}

/* --- opening -------------------------------------------------------------- */

static void listener_open_says_what_cannot_be_used(void **state)
{
    (void)state;
    static const char *const wrong[] = {"127.0.0.1", "no network/99", NULL};
    struct listener_settings settings = fixture_settings();
    struct listener *listener = NULL;
    struct error err = {0};

    settings.address = "nonsense";
    assert_int_equal(
        listener_open(&settings, routes, COUNT_OF(routes), NULL, &listener, &err),
        STATUS_INVALID);
    assert_non_null(strstr(err.text, "nonsense"));

    settings = fixture_settings();
    settings.trusted_proxies = wrong;
    assert_int_equal(
        listener_open(&settings, routes, COUNT_OF(routes), NULL, &listener, &err),
        STATUS_INVALID);
    assert_non_null(strstr(err.text, "no network/99"));
    assert_null(listener);
}

/* Every descriptor it opens may be the one too many. */
static void listener_open_fails_cleanly_without_descriptors(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.threads = 2;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC); /* the lowest that is free */
    assert_true(next >= 0);
    (void)close(next);

    enum status status = STATUS_FAILED;
    for (rlim_t more = 0; status != STATUS_OK; more++) {
        assert_true(more < 100);
        struct rlimit limit = {(rlim_t)next + more, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        struct listener *listener = NULL;
        struct error err = {0};
        status =
            listener_open(&settings, routes, COUNT_OF(routes), NULL, &listener, &err);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (status == STATUS_OK)
            listener_close(listener);
        else
            assert_true(err.text[0] != '\0');
        int free_now = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_int_equal(free_now, next); /* nothing was left open */
        (void)close(free_now);
    }
}

static void listener_serves_ipv6(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.address = "[::1]:0";
    struct server_fixture server;
    begin(&server, &settings, NULL);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    assert_int_equal(client_ask(client, get_ok).status, 200);
    fixture_stop(&server);
}

/* --- own threads ---------------------------------------------------------- */

static void own_threads_serve_side_by_side(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.threads = 2;
    struct server_fixture server;
    begin(&server, &settings, NULL);
    atomic_store(&met, 0);
    CLEANUP(client_closep) struct server_client *first = fixture_client(&server);
    client_send(first, "GET /meet HTTP/1.1\r\nHost: h\r\n\r\n");
    while (atomic_load(&met) == 0)
        (void)poll(NULL, 0, 1);
    CLEANUP(client_closep)
    struct server_client *second =
        fixture_client(&server); /* comes while one of the two threads is busy */
    assert_int_equal(client_ask(second, "GET /meet HTTP/1.1\r\nHost: h\r\n\r\n").status,
                     200);
    assert_int_equal(client_answer(first).status, 200);
    fixture_stop(&server);
}

static void own_threads_suspend_and_keep_deadlines_too(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.threads = 3;
    settings.header_ms = 200;
    struct queue *queue = queue_new(100, NULL, NULL);
    struct server_fixture server;
    begin(&server, &settings, queue);
    pthread_t worker;
    assert_int_equal(pthread_create(&worker, NULL, fixture_resume_all, queue), 0);
    int64_t start_ms = clock_now().mono_ms;
    CLEANUP(client_closep) struct server_client *silent = fixture_client(&server);
    for (int i = 0; i < 20; i++) {
        CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
        assert_int_equal(client_ask(client, get_suspend).status, 200);
        assert_int_equal(client_ask(client, get_ok).status, 200);
    }
    assert_true(client_is_closed(silent));
    assert_true(clock_now().mono_ms - start_ms >= 198);
    queue_stop(queue);
    (void)pthread_join(worker, NULL);
    fixture_stop(&server);
    queue_free(queue);
}

/* --- the end -------------------------------------------------------------- */

static void quiesce_refuses_new_connections_and_finishes_the_open_ones(void **state)
{
    (void)state;
    static const unsigned threads[] = {0, 2};
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        struct listener_settings settings = fixture_settings();
        settings.threads = threads[i];
        struct queue *queue = queue_new(100, NULL, NULL);
        struct server_fixture server;
        begin(&server, &settings, queue);
        CLEANUP(client_closep) struct server_client *busy = fixture_client(&server);
        CLEANUP(client_closep) struct server_client *idle = fixture_client(&server);
        assert_int_equal(client_ask(idle, get_ok).status, 200);
        client_send(busy, get_suspend);
        struct request *request = fixture_take(queue);

        listener_quiesce(server.listener);
        for (;;) { /* until the socket is closed */
            CLEANUP(client_closep)
            struct server_client *late =
                client_try_open(listener_address(server.listener));
            if (late == NULL)
                break;
            (void)poll(NULL, 0, 1);
        }
        assert_int_equal(listener_requests(server.listener), 1);
        request_resume(request);
        struct client_answer answer = client_answer(busy);
        assert_int_equal(answer.status, 200);
        expect_str("last answer", "close", answer_header(&answer, "Connection"));
        assert_true(client_is_closed(busy));
        assert_int_equal(client_ask(idle, get_ok).status, 200); /* once more */
        assert_true(client_is_closed(idle));
        fixture_settle(&server);
        fixture_stop(&server);
        queue_free(queue);
    }
}

static void close_cuts_whatever_is_open(void **state)
{
    (void)state;
    static const char *const beginnings[] = {
        "",
        "GET /ok",
        "GET /ok HTTP/1.1\r\nHost: h\r\n",
        "POST /ok HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf",
        "GET /large HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /ok HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\nrefused",
    };
    struct listener_settings settings = fixture_settings();
    struct server_fixture server;
    begin(&server, &settings, NULL);
    struct server_client *clients[COUNT_OF(beginnings)];
    for (size_t i = 0; i < COUNT_OF(beginnings); i++) {
        clients[i] = fixture_client(&server);
        client_send(clients[i], beginnings[i]);
    }
    CLEANUP(client_closep) struct server_client *last = fixture_client(&server);
    assert_int_equal(client_ask(last, get_ok).status, 200); /* the others are in */
    fixture_stop(&server);
    for (size_t i = 0; i < COUNT_OF(beginnings); i++)
        client_close(clients[i]);
}

static void close_takes_a_listener_that_was_never_stepped(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    struct listener *listener = NULL;
    assert_int_equal(
        listener_open(&settings, routes, COUNT_OF(routes), NULL, &listener, NULL),
        STATUS_OK);
    CLEANUP(client_closep)
    struct server_client *client = client_open(listener_address(listener));
    listener_close(listener);
    listener_close(NULL);
    assert_true(client_is_closed(client));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listener_open_says_what_cannot_be_used),
        cmocka_unit_test(listener_open_fails_cleanly_without_descriptors),
        cmocka_unit_test(listener_serves_ipv6),
        cmocka_unit_test(own_threads_serve_side_by_side),
        cmocka_unit_test(own_threads_suspend_and_keep_deadlines_too),
        cmocka_unit_test(quiesce_refuses_new_connections_and_finishes_the_open_ones),
        cmocka_unit_test(close_cuts_whatever_is_open),
        cmocka_unit_test(close_takes_a_listener_that_was_never_stepped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
