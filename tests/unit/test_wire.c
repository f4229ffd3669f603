#include "support/server_fixture.h"

/* Requests as bytes on the wire: what is answered, what is kept open, what is dropped.
 */

#define BODY_MAX 1000

static int64_t body_max(const struct request *request, void *context)
{
    (void)context;
    return str_is(request_argument(request, "size"), "large") ? 4 * 1024 * 1024
                                                              : BODY_MAX;
}

/* Says what it was asked, one fact a line. */
static enum handled echo(struct request *request, void *context)
{
    (void)context;
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, 64 * 1024);
    buf_printf(&text, "%.*s %.*s", STR_ARG(request_method(request)),
               STR_ARG(request_path(request)));
    buf_printf(&text, "\nargument=%.*s", STR_ARG(request_argument(request, "name")));
    buf_printf(&text, "\nraw=%.*s", STR_ARG(request_raw_query(request)));
    buf_printf(&text, "\nq=%.*s", STR_ARG(request_query(request, "q")));
    buf_printf(&text, "\nbody=%.*s", STR_ARG(request_body(request)));
    const struct http_message *message = request_message(request);
    for (size_t i = 0; i < message->header_count; i++)
        buf_printf(&text, "\n%.*s:%.*s", STR_ARG(message->headers[i].name),
                   STR_ARG(message->headers[i].value));
    request_respond(request, 200, "text/plain", buf_str(&text), NULL, 0);
    return HANDLED_ANSWERED;
}

/* Only how much came. */
static enum handled measure(struct request *request, void *context)
{
    (void)context;
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, 64);
    buf_add_i64(&text, (int64_t)request_body(request).len);
    request_respond(request, 200, "text/plain", buf_str(&text), NULL, 0);
    return HANDLED_ANSWERED;
}

static const struct route routes[] = {
    {"POST", "/echo/{name}",    body_max, echo,    NULL},
    {"GET",  "/echo/{name}",    NULL,     echo,    NULL},
    {"PUT",  "/measure/{size}", body_max, measure, NULL},
};

static struct server_fixture server;

static int start(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.bodies_in_memory = 100 * 1000;
    fixture_start(&server, &settings, routes, COUNT_OF(routes), NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fixture_stop(&server);
    return 0;
}

/* Behind every test: no request is left over. */
static int settle(void **state)
{
    (void)state;
    fixture_settle(&server);
    return 0;
}

static bool says(const struct client_answer *answer, const char *line)
{
    struct str rest = answer->body;
    while (rest.len > 0) {
        if (str_is(str_cut(&rest, '\n'), line))
            return true;
    }
    return false;
}

/* --- plain requests ------------------------------------------------------- */

static void wire_answers_one_request_after_the_other(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    for (int i = 0; i < 3; i++) {
        struct client_answer answer =
            client_ask(client, "GET /echo/acme?q=a+b%21&x HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_int_equal(answer.status, 200);
        assert_true(says(&answer, "GET /echo/acme"));
        assert_true(says(&answer, "argument=acme"));
        assert_true(says(&answer, "raw=q=a+b%21&x"));
        assert_true(says(&answer, "q=a b!"));
    }
}

static void wire_hands_over_bodies_of_both_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *request;
        const char *want;
    } cases[] = {
        {"a declared length",
         "POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",                       "body=hello"},
        {"chunks",
         "POST /echo/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
         "3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\nTrailer: t\r\n\r\n",                                     "body=hello"},
        {"none",                                         "POST /echo/x HTTP/1.1\r\nHost: h\r\n\r\n", "body="     },
        {"a length of nothing where no body is allowed",
         "GET /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",                             "body="     },
        {"no chunk where no body is allowed",
         "GET /echo/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n\r\n",                                                                                "body="     },
    };
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct client_answer answer = client_ask(client, cases[i].request);
        expect_i64(cases[i].name, 200, answer.status);
        expect_true(cases[i].name, says(&answer, cases[i].want));
    }
}

static void wire_shows_every_header_also_doubled_ones(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    struct client_answer answer =
        client_ask(client, "GET /echo/x HTTP/1.1\r\nHost: h\r\nX-Sig: one\r\n"
                           "x-sig:  two \r\nX-Empty:\r\nCookie: a=b\r\n\r\n");
    assert_int_equal(answer.status, 200);
    assert_true(says(&answer, "Host:h"));
    assert_true(says(&answer, "X-Sig:one"));
    assert_true(says(&answer, "x-sig:two ") || says(&answer, "x-sig:two"));
    assert_true(says(&answer, "X-Empty:"));
    assert_true(says(&answer, "Cookie:a=b"));
}

static void wire_reads_pipelined_requests_in_order(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    client_send(client,
                "POST /echo/first HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"
                "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n"
                "HEAD /echo/second HTTP/1.1\r\nHost: h\r\n\r\n"
                "GET /echo/third HTTP/1.1\r\nHost: h\r\n\r\n");
    struct client_answer answer = client_answer(client);
    assert_true(says(&answer, "argument=first"));
    assert_true(says(&answer, "body=one"));
    assert_int_equal(client_answer(client).status, 404);
    assert_int_equal(client_answer_of(client, false).status, 200);
    answer = client_answer(client);
    assert_true(says(&answer, "argument=third"));
}

static void wire_survives_a_request_in_single_bytes(void **state)
{
    (void)state;
    static const char request[] =
        "POST /echo/x?q=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi";
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    for (size_t i = 0; i + 1 < sizeof(request); i++)
        client_send_bytes(client, request + i, 1);
    struct client_answer answer = client_answer(client);
    assert_true(says(&answer, "body=hi"));
}

static void wire_decodes_arguments_and_refuses_bad_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        int want;
        const char *argument; /* NULL: refused */
    } cases[] = {
        {"/echo/a%2Fb",              200, "argument=a/b"     },
        {"/echo/%C3%A9",             200, "argument=\xc3\xa9"},
        {"/echo/a+b",                200, "argument=a+b"     },
        {"http://other/echo/x",      200, "argument=x"       },
        {"https://other:1/echo/x?q", 200, "argument=x"       },
        {"/echo/x?bad=%zz",          200, "argument=x"       },
        {"/echo/%zz",                400, NULL               },
        {"/echo/%2",                 400, NULL               },
        {"/echo/%00",                400, NULL               },
        {"/echo/",                   404, NULL               },
        {"http://other",             404, NULL               },
        {"*",                        404, NULL               },
    };
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char request[256];
        (void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n",
                       cases[i].target);
        struct client_answer answer = client_ask(client, request);
        expect_i64(cases[i].target, cases[i].want, answer.status);
        if (cases[i].argument != NULL)
            expect_true(cases[i].target, says(&answer, cases[i].argument));
    }
}

/* --- methods and paths ---------------------------------------------------- */

static void wire_serves_head_like_get_without_body(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    client_send(client, "HEAD /echo/x HTTP/1.1\r\nHost: h\r\n\r\n");
    struct client_answer answer = client_answer_of(client, false);
    assert_int_equal(answer.status, 200);
    int64_t length = 0;
    assert_true(str_to_i64(answer_header(&answer, "Content-Length"), &length));
    assert_true(length > 0);
    answer = client_ask(client, "GET /echo/y HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(says(&answer, "argument=y")); /* no body stood in between */
}

static void wire_refuses_unknown_paths_and_methods(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int want;
        const char *allow;
    } cases[] = {
        {"GET /nothing",    404, ""               },
        {"GET /",           404, ""               },
        {"DELETE /echo/x",  405, "POST, GET, HEAD"},
        {"OPTIONS /echo/x", 405, "POST, GET, HEAD"},
        {"BREW /echo/x",    405, "POST, GET, HEAD"},
        {"GET /measure/x",  405, "PUT"            },
    };
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char request[128];
        (void)snprintf(request, sizeof(request), "%s HTTP/1.1\r\nHost: h\r\n\r\n",
                       cases[i].line);
        struct client_answer answer = client_ask(client, request);
        expect_i64(cases[i].line, cases[i].want, answer.status);
        expect_str(cases[i].line, cases[i].allow, answer_header(&answer, "Allow"));
        expect_str(cases[i].line, "application/problem+json",
                   answer_header(&answer, "Content-Type"));
    }
}

/* --- framing -------------------------------------------------------------- */

/* Each would let two readers disagree on where the next request begins. */
static void wire_refuses_unclear_framing_and_closes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *headers;
    } cases[] = {
        {"no host",                    "Content-Length: 0\r\n"                                },
        {"two hosts",                  "Host: h\r\nHost: h\r\n"                               },
        {"two lengths",                "Host: h\r\nContent-Length: 0\r\nContent-Length: 0\r\n"},
        {"length and encoding",
         "Host: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"                     },
        {"two encodings",
         "Host: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"            },
        {"an encoding we do not know", "Host: h\r\nTransfer-Encoding: gzip\r\n"               },
        {"two encodings in one",       "Host: h\r\nTransfer-Encoding: gzip, chunked\r\n"      },
        {"a blank behind a name",      "Host: h\r\nTransfer-Encoding : chunked\r\n"           },
        {"an empty name",              ": x\r\nHost: h\r\n"                                   },
        {"an odd length",              "Host: h\r\nContent-Length: 1x\r\n"                    },
        {"a negative length",          "Host: h\r\nContent-Length: -1\r\n"                    },
        {"a line without colon",       "Host: h\r\nnonsense\r\n"                              },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
        char request[512];
        (void)snprintf(request, sizeof(request), "POST /echo/x HTTP/1.1\r\n%s\r\n",
                       cases[i].headers);
        expect_i64(cases[i].name, 400, client_ask(client, request).status);
        (void)client_is_closed(client);
    }
}

/* Source: RFC 9110, section 5.5; read 2026-11-21. */
static void wire_refuses_control_characters_in_headers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct str line;
        int want;
    } cases[] = {
        {"a tab is a blank",          STR("X-Name: a\tb\r\n"),     200},
        {"other bytes are a text",    STR("X-Name: \xc3\xbc\r\n"), 200},
        {"a NUL ends a value in MHD", STR("X-Name: a\0b\r\n"),     200},
        {"in a value",                STR("X-Name: a\x01 b\r\n"),  400},
        {"DEL",                       STR("X-Name: a\x7f b\r\n"),  400},
        {"in a name",                 STR("X-Na\x01me: a\r\n"),    400},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
        client_send(client, "GET /echo/x HTTP/1.1\r\nHost: h\r\n");
        client_send_bytes(client, cases[i].line.ptr, cases[i].line.len);
        client_send(client, "\r\n");
        expect_i64(cases[i].name, cases[i].want, client_answer(client).status);
    }
}

static void wire_takes_http_1_0_without_host(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    struct client_answer answer = client_ask(client, "GET /echo/x HTTP/1.0\r\n\r\n");
    assert_int_equal(answer.status, 200);
    assert_true(client_is_closed(client));

    CLEANUP(client_closep) struct server_client *chunked = fixture_client(&server);
    answer = client_ask(chunked, "POST /echo/x HTTP/1.0\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_int_equal(answer.status, 400);
}

static void wire_leaves_what_cannot_be_parsed_to_the_library(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *request;
        int want; /* 0: closed without an answer */
    } cases[] = {
        {"nonsense",          "nonsense\r\n\r\n",                                        0  },
        {"no version",        "GET /echo/x\r\n\r\n",                                     400},
        {"a version to come", "GET /echo/x HTTP/3.0\r\n\r\n",                            505},
        {"an odd chunk",
         "POST /echo/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
        client_send(client, cases[i].request);
        if (cases[i].want != 0)
            expect_i64(cases[i].name, cases[i].want, client_answer(client).status);
        expect_true(cases[i].name, client_is_closed(client));
    }
}

static void wire_refuses_headers_beyond_the_connection_memory(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    CLEANUP(buf_release) struct buf request;
    buf_init(&request, 64 * 1024);
    buf_add(&request, STR("GET /echo/x HTTP/1.1\r\nHost: h\r\nX-Long: "));
    for (int i = 0; i < 20 * 1024; i++)
        buf_add_char(&request, 'x');
    buf_add(&request, STR("\r\n\r\n"));
    (void)client_try_send(client, request.ptr, request.len);
    assert_int_equal(client_answer(client).status, 431);
    (void)client_is_closed(client);
}

/* --- ceilings ------------------------------------------------------------- */

static void wire_refuses_a_declared_body_without_reading_it(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *request;
        int want;
    } cases[] = {
        {"one byte too many",
         "POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n",                                      413},
        {"more than any number",
         "POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551614\r\n"
         "\r\n",                                                                                                  413},
        {"any where none is allowed",
         "GET /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n",                                          413},
        {"more than all may have in memory",
         "PUT /measure/large HTTP/1.1\r\nHost: h\r\nContent-Length: 100001\r\n\r\n",                              503},
        {"for nobody",                          "POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n",
         404                                                                                                         },
        {"in chunks for nobody",
         "POST /nothing HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",                               404},
        {"with the client waiting to be asked",
         "POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n"
         "Expect: 100-continue\r\n\r\n",                                                                          413},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
        struct client_answer answer = client_ask(client, cases[i].request);
        expect_i64(cases[i].name, cases[i].want, answer.status);
        expect_str(cases[i].name, "close", answer_header(&answer, "Connection"));
        expect_true(cases[i].name, client_is_closed(client));
    }
}

static void wire_takes_a_body_of_exactly_the_ceiling(void **state)
{
    (void)state;
    char request[BODY_MAX + 128];
    int head = snprintf(request, sizeof(request),
                        "PUT /measure/x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n"
                        "\r\n",
                        BODY_MAX);
    memset(request + head, 'x', BODY_MAX);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    client_send_bytes(client, request, (size_t)head + BODY_MAX);
    struct client_answer answer = client_answer(client);
    expect_str("all of it", "1000", answer.body);
}

/* Sends a chunked body of `count` bytes; the answer may come at its end. */
static struct client_answer put_chunked(struct server_client *client,
                                        const char *target, size_t count)
{
    char text[1024 + 128];
    int len = snprintf(text, sizeof(text),
                       "PUT %s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                       "\r\n",
                       target);
    client_send_bytes(client, text, (size_t)len);
    char bytes[1024];
    memset(bytes, 'x', sizeof(bytes));
    while (count > 0) {
        size_t piece = count < sizeof(bytes) ? count : sizeof(bytes);
        len = snprintf(text, sizeof(text), "%zx\r\n%.*s\r\n", piece, (int)piece, bytes);
        client_send_bytes(client, text, (size_t)len);
        count -= piece;
    }
    return client_ask(client, "0\r\n\r\n");
}

static void wire_refuses_a_chunked_body_once_it_has_grown_too_large(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    assert_int_equal(put_chunked(client, "/measure/x", BODY_MAX + 1).status, 413);
    /* It was read to its end, so the connection goes on. */
    struct client_answer answer = put_chunked(client, "/measure/x", BODY_MAX);
    assert_int_equal(answer.status, 200);
    expect_str("all of it", "1000", answer.body);
}

static void wire_refuses_a_chunked_body_that_memory_cannot_hold(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    struct client_answer answer = put_chunked(client, "/measure/large", 100 * 1000 + 1);
    assert_int_equal(answer.status, 503);
    assert_true(answer_header(&answer, "Retry-After").len > 0);
    answer = put_chunked(client, "/measure/large", 100 * 1000);
    assert_int_equal(answer.status, 200); /* what the refused one took was given back */
    expect_str("all of it", "100000", answer.body);
}

/* Closing with input unread would reset the connection and lose the answer. */
static void wire_lets_a_client_that_is_still_sending_read_its_refusal(void **state)
{
    (void)state;
    static const char head[] =
        "POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 30000000\r\n\r\n";
    static char piece[300000];
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    client_send(client, head);
    struct pollfd answered = {.fd = client_fd(client), .events = POLLIN};
    assert_int_equal(poll(&answered, 1, CLIENT_PATIENCE_MS), 1);
    for (int i = 0; i < 100; i++) /* it has not looked yet */
        client_send_bytes(client, piece, sizeof(piece));
    assert_int_equal(client_answer(client).status, 413);
    assert_true(client_is_closed(client));
}

static void wire_asks_a_waiting_client_to_go_on(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    struct client_answer answer =
        client_ask(client, "POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
                           "Expect: 100-continue\r\n\r\n");
    assert_int_equal(answer.status, 100);
    answer = client_ask(client, "body");
    assert_int_equal(answer.status, 200);
    assert_true(says(&answer, "body=body"));
}

/* libmicrohttpd overlooks an end that comes together with bytes: then the deadlines do
 * it.
 */
static void wire_forgets_requests_cut_in_the_middle(void **state)
{
    (void)state;
    static const char *const beginnings[] = {
        "GE",
        "GET /echo/x HTTP/1.1\r\n",
        "GET /echo/x HTTP/1.1\r\nHost: h\r\n",
        "POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf",
        "POST /echo/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    };
    struct listener_settings settings = fixture_settings();
    settings.header_ms = 50;
    settings.body_ms = 50;
    struct server_fixture hasty;
    fixture_start(&hasty, &settings, routes, COUNT_OF(routes), NULL);
    for (size_t i = 0; i < COUNT_OF(beginnings); i++) {
        struct server_client *client = fixture_client(&hasty);
        client_send(client, beginnings[i]);
        client_close(client);
    }
    CLEANUP(client_closep) struct server_client *client = fixture_client(&hasty);
    assert_int_equal(
        client_ask(client, "GET /echo/x HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
    fixture_settle(&hasty);
    fixture_stop(&hasty);
}

int main(void)
{
#define SETTLED(test) cmocka_unit_test_teardown(test, settle)
    const struct CMUnitTest tests[] = {
        SETTLED(wire_answers_one_request_after_the_other),
        SETTLED(wire_hands_over_bodies_of_both_kinds),
        SETTLED(wire_shows_every_header_also_doubled_ones),
        SETTLED(wire_reads_pipelined_requests_in_order),
        SETTLED(wire_survives_a_request_in_single_bytes),
        SETTLED(wire_decodes_arguments_and_refuses_bad_escapes),
        SETTLED(wire_serves_head_like_get_without_body),
        SETTLED(wire_refuses_unknown_paths_and_methods),
        SETTLED(wire_refuses_unclear_framing_and_closes),
        SETTLED(wire_refuses_control_characters_in_headers),
        SETTLED(wire_takes_http_1_0_without_host),
        SETTLED(wire_leaves_what_cannot_be_parsed_to_the_library),
        SETTLED(wire_refuses_headers_beyond_the_connection_memory),
        SETTLED(wire_refuses_a_declared_body_without_reading_it),
        SETTLED(wire_takes_a_body_of_exactly_the_ceiling),
        SETTLED(wire_refuses_a_chunked_body_once_it_has_grown_too_large),
        SETTLED(wire_refuses_a_chunked_body_that_memory_cannot_hold),
        SETTLED(wire_lets_a_client_that_is_still_sending_read_its_refusal),
        SETTLED(wire_asks_a_waiting_client_to_go_on),
        SETTLED(wire_forgets_requests_cut_in_the_middle),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
