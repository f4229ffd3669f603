#include "support/server_fixture.h"

#include <errno.h>
#include <sys/socket.h>

#include "server/internal.h"

/*
 * Suspended and held requests: who answers, who frees. The test plays the writer: it
 * takes what the handler suspended and resumes it when the test wants.
 */

struct mailbox {
    struct queue *queue;
    atomic_int resumed;   /* calls of the route's resumed, by request_resume */
    atomic_int timed_out; /* by the deadline */
    struct request *held;
};

static int64_t body_max(const struct request *request, void *context)
{
    (void)request;
    (void)context;
    return 1024 * 1024;
}

static enum handled suspend(struct request *request, void *context)
{
    const struct mailbox *mailbox = context;
    request_set_data(request, context);
    return fixture_suspend(request, mailbox->queue);
}

static void resumed(struct request *request, bool timed_out, void *context)
{
    struct mailbox *mailbox = context;
    assert_ptr_equal(request_data(request), context);
    if (timed_out) {
        atomic_fetch_add(&mailbox->timed_out, 1);
        struct error err = {0};
        request_respond_problem(request, fail(&err, STATUS_RETRY, "not stored in time"),
                                &err);
        return;
    }
    atomic_fetch_add(&mailbox->resumed, 1);
    request_respond(request, 200, "text/plain", request_body(request), NULL, 0);
}

static void resumed_but_broken(struct request *request, bool timed_out, void *context)
{
    (void)timed_out;
    (void)context;
    static const struct http_header forged = {
        {"X",                  1 },
        {"a\r\nSet-Cookie: b", 16}
    };
    request_respond(request, 200, NULL, STR_NONE, &forged, 1);
}

/* Suspends, and is resumed before the handler returns. */
static enum handled suspend_and_resume(struct request *request, void *context)
{
    request_set_data(request, context);
    request_suspend(request);
    request_resume(request);
    return HANDLED_SUSPENDED;
}

static enum handled abort_in_order(struct request *request, void *context)
{
    (void)context;
    request_abort(request, false);
    return HANDLED_ANSWERED;
}

static enum handled abort_by_reset(struct request *request, void *context)
{
    (void)context;
    request_abort(request, true);
    return HANDLED_ANSWERED;
}

static enum handled hold(struct request *request, void *context)
{
    struct mailbox *mailbox = context;
    request_hold(request);
    mailbox->held = request;
    request_respond(request, 200, NULL, STR("held"), NULL, 0);
    return HANDLED_ANSWERED;
}

/* All of the held request is still there, although its client has gone on. */
static enum handled drop(struct request *request, void *context)
{
    struct mailbox *mailbox = context;
    struct request *held = TAKE(mailbox->held);
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, 1024);
    buf_printf(&text, "%.*s %.*s %.*s", STR_ARG(request_path(held)),
               STR_ARG(request_header(held, "x-name")), STR_ARG(request_body(held)));
    request_drop(held);
    request_respond(request, 200, NULL, buf_str(&text), NULL, 0);
    return HANDLED_ANSWERED;
}

static const struct route routes[] = {
    {"POST", "/suspend", body_max, suspend,            resumed           },
    {"POST", "/broken",  body_max, suspend,            resumed_but_broken},
    {"POST", "/both",    body_max, suspend_and_resume, resumed           },
    {"POST", "/hold",    body_max, hold,               NULL              },
    {"POST", "/end",     body_max, abort_in_order,     NULL              },
    {"POST", "/reset",   body_max, abort_by_reset,     NULL              },
    {"GET",  "/drop",    NULL,     drop,               NULL              },
};

struct world {
    struct server_fixture server;
    struct mailbox mailbox;
};

static void begin(struct world *world, const struct listener_settings *settings)
{
    *world = (struct world){0};
    world->mailbox.queue = queue_new(1000, NULL, NULL);
    fixture_start(&world->server, settings, routes, COUNT_OF(routes), &world->mailbox);
}

static void end(struct world *world)
{
    fixture_settle(&world->server);
    fixture_stop(&world->server);
    queue_free(world->mailbox.queue);
}

static struct request *take(const struct world *world)
{
    return fixture_take(world->mailbox.queue);
}

static const char post[] =
    "POST /suspend HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";

static void suspended_request_is_answered_when_resumed(void **state)
{
    (void)state;
    struct world world;
    struct listener_settings settings = fixture_settings();
    begin(&world, &settings);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&world.server);
    for (int i = 0; i < 3; i++) {
        client_send(client, post);
        request_resume(take(&world));
        struct client_answer answer = client_answer(client);
        assert_int_equal(answer.status, 200);
        expect_str("body", "hello", answer.body);
    }
    assert_int_equal(atomic_load(&world.mailbox.resumed), 3);
    end(&world);
}

static void suspended_request_may_be_resumed_at_once(void **state)
{
    (void)state;
    struct world world;
    struct listener_settings settings = fixture_settings();
    begin(&world, &settings);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&world.server);
    struct client_answer answer = client_ask(
        client, "POST /both HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
    assert_int_equal(answer.status, 200);
    expect_str("body", "hi", answer.body);
    end(&world);
}

static void suspended_requests_are_answered_in_any_order(void **state)
{
    (void)state;
    struct world world;
    struct listener_settings settings = fixture_settings();
    begin(&world, &settings);
    CLEANUP(client_closep) struct server_client *first = fixture_client(&world.server);
    CLEANUP(client_closep) struct server_client *second = fixture_client(&world.server);
    client_send(first, post);
    struct request *of_first = take(&world);
    client_send(second, post);
    request_resume(take(&world));
    assert_int_equal(client_answer(second).status, 200);
    request_resume(of_first);
    assert_int_equal(client_answer(first).status, 200);
    end(&world);
}

static void pipelined_request_waits_for_the_suspended_one(void **state)
{
    (void)state;
    struct world world;
    struct listener_settings settings = fixture_settings();
    begin(&world, &settings);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&world.server);
    client_send(client, post);
    client_send(client, "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
    request_resume(take(&world));
    assert_int_equal(client_answer(client).status, 200);
    assert_int_equal(client_answer(client).status, 404);
    end(&world);
}

static void suspended_request_is_answered_503_after_its_deadline(void **state)
{
    (void)state;
    struct world world;
    struct listener_settings settings = fixture_settings();
    settings.stored_ms = 100;
    begin(&world, &settings);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&world.server);
    int64_t sent_ms = clock_now().mono_ms;
    client_send(client, post);
    struct request *late = take(&world);
    struct client_answer answer = client_answer(client);
    int64_t took_ms = clock_now().mono_ms - sent_ms;
    assert_int_equal(answer.status, 503);
    assert_true(answer_header(&answer, "Retry-After").len > 0);
    assert_true(took_ms >= 99 && took_ms < CLIENT_PATIENCE_MS / 2);

    /* The connection goes on, and the late work still finds its request. */
    client_send(client, post);
    request_resume(take(&world));
    assert_int_equal(client_answer(client).status, 200);
    expect_str("body", "hello", request_body(late));
    request_resume(late); /* gives back its reference, and nothing else */
    end(&world);
    assert_int_equal(atomic_load(&world.mailbox.timed_out), 1);
    assert_int_equal(atomic_load(&world.mailbox.resumed), 1);
}

static void client_may_leave_while_its_request_is_suspended(void **state)
{
    (void)state;
    struct world world;
    struct listener_settings settings = fixture_settings();
    begin(&world, &settings);
    struct server_client *client = fixture_client(&world.server);
    client_send(client, post);
    struct request *request = take(&world);
    client_close(client);
    expect_str("body", "hello", request_body(request));
    request_resume(request);
    end(&world);
}

static void client_may_leave_and_the_deadline_pass_before_the_work_ends(void **state)
{
    (void)state;
    struct world world;
    struct listener_settings settings = fixture_settings();
    settings.stored_ms = 20;
    begin(&world, &settings);
    struct server_client *client = fixture_client(&world.server);
    client_send(client, post);
    struct request *request = take(&world);
    client_close(client);
    while (atomic_load(&world.mailbox.timed_out) == 0)
        (void)poll(NULL, 0, 1);
    request_resume(request);
    end(&world);
    assert_int_equal(atomic_load(&world.mailbox.resumed), 0);
}

static void answer_that_cannot_be_sent_cuts_the_connection(void **state)
{
    (void)state;
    struct world world;
    struct listener_settings settings = fixture_settings();
    begin(&world, &settings);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&world.server);
    client_send(client, "POST /broken HTTP/1.1\r\nHost: h\r\n\r\n");
    request_resume(take(&world));
    assert_true(client_is_closed(client));
    end(&world);
}

static void aborted_request_ends_in_order_or_by_reset(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *request;
        int want; /* errno; 0: the end of the stream */
    } cases[] = {
        {"in order", "POST /end HTTP/1.1\r\nHost: h\r\n\r\n",   0         },
        {"by reset", "POST /reset HTTP/1.1\r\nHost: h\r\n\r\n", ECONNRESET},
    };
    struct world world;
    struct listener_settings settings = fixture_settings();
    begin(&world, &settings);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(client_closep)
        struct server_client *client = fixture_client(&world.server);
        client_send(client, cases[i].request);
        char byte = 0;
        ssize_t len = recv(client_fd(client), &byte, 1, 0);
        expect_i64(cases[i].name, cases[i].want, len < 0 ? errno : 0);
        expect_true(cases[i].name, len <= 0);
    }
    end(&world);
}

static void held_request_outlives_its_connection(void **state)
{
    (void)state;
    struct world world;
    struct listener_settings settings = fixture_settings();
    begin(&world, &settings);
    struct server_client *client = fixture_client(&world.server);
    struct client_answer answer =
        client_ask(client, "POST /hold HTTP/1.1\r\nHost: h\r\nX-Name: me\r\n"
                           "Content-Length: 4\r\n\r\nkept");
    expect_str("answer", "held", answer.body);
    client_close(client);

    CLEANUP(client_closep) struct server_client *other = fixture_client(&world.server);
    answer = client_ask(other, "GET /drop HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_str("all of it", "/hold me kept", answer.body);
    end(&world);
}

static void bodies_of_all_requests_share_one_ceiling(void **state)
{
    (void)state;
    struct world world;
    struct listener_settings settings = fixture_settings();
    settings.bodies_in_memory = 12;
    begin(&world, &settings);
    CLEANUP(client_closep) struct server_client *first = fixture_client(&world.server);
    CLEANUP(client_closep) struct server_client *second = fixture_client(&world.server);
    CLEANUP(client_closep) struct server_client *third = fixture_client(&world.server);
    client_send(first, post);
    struct request *of_first = take(&world);
    client_send(second, post);
    struct request *of_second = take(&world);

    struct client_answer answer = client_ask(third, post); /* 5 + 5 + 5 > 12 */
    assert_int_equal(answer.status, 503);
    assert_true(answer_header(&answer, "Retry-After").len > 0);

    request_resume(of_first);
    assert_int_equal(client_answer(first).status, 200);
    client_send(first, post); /* its bytes were given back */
    request_resume(take(&world));
    assert_int_equal(client_answer(first).status, 200);
    request_resume(of_second);
    assert_int_equal(client_answer(second).status, 200);
    end(&world);
}

static int64_t bytes_kept(const struct world *world)
{
    return atomic_load(&world->server.listener->body_bytes);
}

/* Sends `body` bytes of a body of `length`, and waits until `kept` bytes are there. */
static struct server_client *send_part(struct world *world, size_t length, size_t body,
                                       int64_t kept)
{
    struct server_client *client = fixture_client(&world->server);
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, 16384);
    buf_printf(&text,
               "POST /suspend HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
               length);
    for (size_t i = 0; i < body; i++)
        buf_add_char(&text, 'x');
    client_send_bytes(client, text.ptr, text.len);
    int64_t until_ms = clock_now().mono_ms + CLIENT_PATIENCE_MS;
    while (bytes_kept(world) != kept) {
        assert_true(clock_now().mono_ms < until_ms);
        (void)poll(NULL, 0, 1);
    }
    return client;
}

static void largest_body_that_is_coming_gives_way_to_smaller_ones(void **state)
{
    (void)state;
    struct world world;
    struct listener_settings settings = fixture_settings();
    settings.bodies_in_memory = 10000;
    begin(&world, &settings);
    CLEANUP(client_closep)
    struct server_client *middle = send_part(&world, 3001, 3000, 3000);
    CLEANUP(client_closep)
    struct server_client *hoard = send_part(&world, 6001, 6000, 9000);
    CLEANUP(client_closep) struct server_client *large = fixture_client(&world.server);

    /* 9,000 are there: 5,000 more would be as large as the largest, and have to go. */
    struct client_answer answer =
        client_ask(large, "POST /suspend HTTP/1.1\r\nHost: h\r\n"
                          "Content-Length: 5000\r\n\r\n");
    assert_int_equal(answer.status, 503);

    CLEANUP(client_closep)
    struct server_client *small = send_part(&world, 1500, 1500, 4500);
    struct request *of_small = take(&world);
    client_send(hoard, "x");
    assert_int_equal(client_answer(hoard).status, 503);
    client_send(middle, "x");
    request_resume(take(&world));
    assert_int_equal(client_answer(middle).status, 200);
    request_resume(of_small);
    assert_int_equal(client_answer(small).status, 200);
    end(&world);
}

static void many_resumed_in_one_batch_are_all_answered(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    struct world world;
    struct listener_settings settings = fixture_settings();
    begin(&world, &settings);
    struct server_client *clients[COUNT];
    struct request *requests[COUNT];
    for (int i = 0; i < COUNT; i++) {
        clients[i] = fixture_client(&world.server);
        client_send(clients[i], post);
    }
    for (int i = 0; i < COUNT; i++)
        requests[i] = take(&world);
    for (int i = 0; i < COUNT; i++)
        request_resume(requests[i]);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(client_answer(clients[i]).status, 200);
        client_close(clients[i]);
    }
    end(&world);
}

static void close_sends_what_was_resumed_before_it(void **state)
{
    (void)state;
    struct mailbox mailbox = {.queue = queue_new(10, NULL, NULL)};
    struct listener_settings settings = fixture_settings();
    struct listener *listener = NULL;
    assert_int_equal(
        listener_open(&settings, routes, COUNT_OF(routes), &mailbox, &listener, NULL),
        STATUS_OK);
    CLEANUP(client_closep)
    struct server_client *client = client_open(listener_address(listener));
    client_send(client, post);
    size_t count = 0;
    while (count == 0) {
        listener_step(listener, CLIENT_PATIENCE_MS);
        struct queue_node *node = queue_take(mailbox.queue, 1, &count);
        if (node != NULL)
            request_resume(CONTAINER_OF(node, struct fixture_job, node)->request);
    }
    listener_close(listener);
    assert_int_equal(client_answer(client).status, 200);
    assert_true(client_is_closed(client));
    queue_free(mailbox.queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suspended_request_is_answered_when_resumed),
        cmocka_unit_test(suspended_request_may_be_resumed_at_once),
        cmocka_unit_test(suspended_requests_are_answered_in_any_order),
        cmocka_unit_test(pipelined_request_waits_for_the_suspended_one),
        cmocka_unit_test(suspended_request_is_answered_503_after_its_deadline),
        cmocka_unit_test(client_may_leave_while_its_request_is_suspended),
        cmocka_unit_test(client_may_leave_and_the_deadline_pass_before_the_work_ends),
        cmocka_unit_test(answer_that_cannot_be_sent_cuts_the_connection),
        cmocka_unit_test(aborted_request_ends_in_order_or_by_reset),
        cmocka_unit_test(held_request_outlives_its_connection),
        cmocka_unit_test(bodies_of_all_requests_share_one_ceiling),
        cmocka_unit_test(largest_body_that_is_coming_gives_way_to_smaller_ones),
        cmocka_unit_test(many_resumed_in_one_batch_are_all_answered),
        cmocka_unit_test(close_sends_what_was_resumed_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
