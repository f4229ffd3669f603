#include "support/server_fixture.h"

/* Answers that go on. Writing is for the listener's thread: other requests order it. */

static char large[16 * 1024 * 1024];
static struct request *open_stream;

static enum handled start_stream(struct request *request, void *context)
{
    (void)context;
    static const struct http_header headers[] = {
        {{"X-Stream", 8}, {"yes", 3}},
    };
    assert_null(open_stream);
    open_stream = request;
    request_stream(request, "text/event-stream", headers, COUNT_OF(headers));
    return HANDLED_ANSWERED;
}

static enum handled say(struct request *request, bool is_well)
{
    request_respond(request, 200, NULL, is_well ? STR("ok") : STR("gone"), NULL, 0);
    return HANDLED_ANSWERED;
}

static enum handled write_text(struct request *request, void *context)
{
    (void)context;
    return say(request,
               request_stream_write(open_stream, request_query(request, "text")));
}

static enum handled write_large(struct request *request, void *context)
{
    (void)context;
    return say(request,
               request_stream_write(open_stream, str_from(large, sizeof(large))));
}

/* Twice within one round: the second finds the connection already woken. */
static enum handled write_twice(struct request *request, void *context)
{
    (void)context;
    bool is_well = request_stream_write(open_stream, STR("one,"));
    return say(request, request_stream_write(open_stream, STR("two;")) && is_well);
}

static enum handled end_stream(struct request *request, void *context)
{
    (void)context;
    request_stream_end(TAKE(open_stream));
    return say(request, true);
}

static enum handled answer_large(struct request *request, void *context)
{
    (void)context;
    request_respond(request, 200, NULL, str_from(large, sizeof(large)), NULL, 0);
    return HANDLED_ANSWERED;
}

static const struct route routes[] = {
    {"GET", "/stream",      NULL, start_stream, NULL},
    {"GET", "/write",       NULL, write_text,   NULL},
    {"GET", "/write/large", NULL, write_large,  NULL},
    {"GET", "/write/twice", NULL, write_twice,  NULL},
    {"GET", "/end",         NULL, end_stream,   NULL},
    {"GET", "/large",       NULL, answer_large, NULL},
};

static struct server_fixture server;

static int start(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    fixture_start(&server, &settings, routes, COUNT_OF(routes), NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_stop(&server);
    return 0;
}

static bool order(const char *path)
{
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    char text[256];
    (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);
    struct client_answer answer = client_ask(client, text);
    assert_int_equal(answer.status, 200);
    return str_is(answer.body, "ok");
}

static const char get_stream[] = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";

static void listen_to_stream(struct server_client *client)
{
    client_send(client, get_stream);
    struct str head = client_until(client, "\r\n\r\n");
    assert_true(str_starts(head, STR("HTTP/1.1 200 ")));
    assert_non_null(
        memmem(head.ptr, head.len, "Content-Type: text/event-stream\r\n", 33));
    assert_non_null(memmem(head.ptr, head.len, "X-Stream: yes\r\n", 15));
    assert_non_null(memmem(head.ptr, head.len, "Cache-Control: no-store\r\n", 25));
}

/* --- the rules ------------------------------------------------------------ */

static void a_stream_sends_what_is_written_as_it_comes(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    listen_to_stream(client);
    assert_true(order("/write?text=first;"));
    (void)client_until(client, "first;");
    assert_true(order("/write?text=second;"));
    (void)client_until(client, "second;");
    assert_true(order("/write/twice"));
    (void)client_until(client, "one,two;");
    assert_true(order("/end"));
    (void)client_until(client, "0\r\n\r\n");
    fixture_settle(&server);
}

static void the_connection_serves_on_behind_an_ended_stream(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    listen_to_stream(client);
    assert_true(order("/write?text=last;"));
    assert_true(order("/end"));
    (void)client_until(client, "last;");
    (void)client_until(client, "0\r\n\r\n");
    listen_to_stream(client);
    assert_true(order("/end"));
    (void)client_until(client, "0\r\n\r\n");
    fixture_settle(&server);
}

static void a_peer_that_left_shows_when_something_is_written(void **state)
{
    (void)state;
    struct server_client *client = fixture_client(&server);
    listen_to_stream(client);
    client_close(client);
    int64_t until_ms = clock_now().mono_ms + CLIENT_PATIENCE_MS;
    while (order("/write?text=anybody;"))
        assert_true(clock_now().mono_ms < until_ms);
    assert_true(order("/end"));
    fixture_settle(&server);
}

static void a_head_request_gets_no_stream(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    client_send(client, "HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)client_until(client, "\r\n\r\n");
    assert_false(order("/write?text=nobody;"));
    assert_true(order("/end"));
    fixture_settle(&server);
}

static void too_much_that_waits_ends_the_stream(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    listen_to_stream(client);
    assert_false(order("/write/large"));
    assert_true(order("/end"));
    (void)client_until(client, "0\r\n\r\n");
    fixture_settle(&server);
}

/* The other client's answer, begun later, is cut by the deadline that the stream, which
 * has nothing to send, does not have. */
static void a_stream_may_be_silent_for_longer_than_an_answer(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.answer_ms = 50;
    fixture_start(&server, &settings, routes, COUNT_OF(routes), NULL);

    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    listen_to_stream(client);
    CLEANUP(client_closep) struct server_client *slow = fixture_client(&server);
    client_send(slow, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    struct pollfd waited = {.fd = client_fd(slow), .events = POLLRDHUP};
    assert_int_equal(poll(&waited, 1, CLIENT_PATIENCE_MS), 1);

    assert_true(order("/write?text=still_here;"));
    (void)client_until(client, "still_here;");
    assert_true(order("/end"));
    (void)client_until(client, "0\r\n\r\n");
    fixture_stop(&server);
}

/* As a program does that hears of something beside its requests. */
static atomic_bool is_ordered;

static void *step_and_write(void *context)
{
    (void)context;
    while (!atomic_load(&server.is_stopping)) {
        listener_step(server.listener, CLIENT_PATIENCE_MS);
        if (!atomic_exchange(&is_ordered, false))
            continue;
        listener_step(server.listener, 0); /* the wake is used up */
        assert_true(request_stream_write(open_stream, STR("between;")));
    }
    return NULL;
}

static void what_is_written_between_two_steps_is_sent_by_the_next(void **state)
{
    (void)state;
    atomic_store(&server.is_stopping, true);
    listener_wake(server.listener);
    assert_int_equal(pthread_join(server.thread, NULL), 0);
    atomic_store(&server.is_stopping, false);
    assert_int_equal(pthread_create(&server.thread, NULL, step_and_write, NULL), 0);

    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    listen_to_stream(client);
    listener_wake(server.listener);
    atomic_store(&is_ordered, true);
    listener_wake(server.listener);
    (void)client_until(client, "between;");
    assert_true(order("/end"));
}

/* libmicrohttpd would abort over a connection that is still suspended. */
static void a_listener_closes_behind_a_stream_that_ended_just_now(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    fixture_start(&server, &settings, routes, COUNT_OF(routes), NULL);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    listen_to_stream(client);
    atomic_store(&server.is_stopping, true);
    listener_wake(server.listener);
    assert_int_equal(pthread_join(server.thread, NULL), 0);
    server.has_thread = false;
    request_stream_end(TAKE(open_stream));
    fixture_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stream_sends_what_is_written_as_it_comes,
                                        start, stop),
        cmocka_unit_test_setup_teardown(the_connection_serves_on_behind_an_ended_stream,
                                        start, stop),
        cmocka_unit_test_setup_teardown(
            a_peer_that_left_shows_when_something_is_written, start, stop),
        cmocka_unit_test_setup_teardown(a_head_request_gets_no_stream, start, stop),
        cmocka_unit_test_setup_teardown(too_much_that_waits_ends_the_stream, start,
                                        stop),
        cmocka_unit_test_setup_teardown(
            what_is_written_between_two_steps_is_sent_by_the_next, start, stop),
        cmocka_unit_test(a_stream_may_be_silent_for_longer_than_an_answer),
        cmocka_unit_test(a_listener_closes_behind_a_stream_that_ended_just_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
