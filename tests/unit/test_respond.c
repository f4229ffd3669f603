#include "support/server_fixture.h"

#include <dlfcn.h>
#include <jansson.h>
#include <microhttpd.h>

#include "gateway/memory.h"

/* Answers as their clients see them. */

/* What the next request is answered with. */
struct plan {
    enum status status; /* not STATUS_OK: a problem */
    struct error err;
    bool has_err;
    int http;
    const char *content_type;
    struct str body;
    const struct http_header *headers;
    size_t header_count;
};

static _Atomic(struct plan *) planned; /* handed over whole, since threads meet here */

static enum handled answer_as_planned(struct request *request, void *context)
{
    (void)context;
    CLEANUP(mem_freep) struct plan *plan = atomic_exchange(&planned, NULL);
    assert_non_null(plan);
    if (plan->status != STATUS_OK)
        request_respond_problem(request, plan->status,
                                plan->has_err ? &plan->err : NULL);
    else
        request_respond(request, plan->http, plan->content_type, plan->body,
                        plan->headers, plan->header_count);
    return HANDLED_ANSWERED;
}

static enum handled answer_id(struct request *request, void *context)
{
    (void)context;
    struct str id = request_id(request);
    assert_ptr_equal(request_id(request).ptr, id.ptr); /* the same when asked again */
    request_respond(request, 200, NULL, id, NULL, 0);
    return HANDLED_ANSWERED;
}

static const struct route routes[] = {
    {"GET", "/plan", NULL, answer_as_planned, NULL},
    {"GET", "/id",   NULL, answer_id,         NULL},
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

static void plan_next(const struct plan *plan)
{
    struct plan *copy = mem_new(sizeof(*copy));
    *copy = *plan;
    assert_null(atomic_exchange(&planned, copy));
}

static const char get_plan[] = "GET /plan HTTP/1.1\r\nHost: h\r\n\r\n";

static struct client_answer ask(struct server_client *client, const struct plan *plan)
{
    plan_next(plan);
    return client_ask(client, get_plan);
}

static void http_status_and_type_follow_the_table(void **state)
{
    (void)state;
    static const struct {
        enum status status;
        int http;
        const char *type;
    } cases[] = {
        {STATUS_OK,            200, "about:blank"                   },
        {STATUS_DUPLICATE,     200, "about:blank"                   },
        {STATUS_INVALID,       400, "urn:omgw:problem:invalid"      },
        {STATUS_DENIED,        401, "urn:omgw:problem:signature"    },
        {STATUS_FORBIDDEN,     403, "urn:omgw:problem:forbidden"    },
        {STATUS_NOT_FOUND,     404, "urn:omgw:problem:not-found"    },
        {STATUS_BAD_METHOD,    405, "urn:omgw:problem:method"       },
        {STATUS_CONFLICT,      409, "urn:omgw:problem:conflict"     },
        {STATUS_TOO_LARGE,     413, "urn:omgw:problem:too-large"    },
        {STATUS_UNSUPPORTED,   415, "urn:omgw:problem:content-type" },
        {STATUS_UNPROCESSABLE, 422, "urn:omgw:problem:unprocessable"},
        {STATUS_SLOW_DOWN,     429, "urn:omgw:problem:slow-down"    },
        {STATUS_RETRY,         503, "urn:omgw:problem:unavailable"  },
        {STATUS_FAILED,        500, "urn:omgw:problem:internal"     },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *name = status_name(cases[i].status);
        expect_i64(name, cases[i].http, http_status_of(cases[i].status));
        expect_str(name, cases[i].type, str_of(problem_type_of(cases[i].status)));
    }
}

/* --- problems ------------------------------------------------------------- */

static json_t *read_json(struct str text)
{
    json_error_t error;
    json_t *json = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(json);
    return json;
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static void problem_says_what_and_where(void **state)
{
    (void)state;
    struct plan plan = {.has_err = true};
    plan.status = fail_at(&plan.err, STATUS_INVALID, "/message/text",
                          "\"text\" is missing \xe2\x86\x92 \x01");
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    struct client_answer answer = ask(client, &plan);
    assert_int_equal(answer.status, 400);
    expect_str("type", "application/problem+json",
               answer_header(&answer, "Content-Type"));
    assert_int_equal(answer_header(&answer, "Retry-After").len, 0);

    json_t *problem = read_json(answer.body);
    assert_string_equal(member(problem, "type"), "urn:omgw:problem:invalid");
    assert_string_not_equal(member(problem, "title"), "");
    assert_int_equal(json_integer_value(json_object_get(problem, "status")), 400);
    assert_string_equal(member(problem, "detail"), plan.err.text);
    const json_t *errors = json_object_get(problem, "errors");
    assert_int_equal(json_array_size(errors), 1);
    assert_string_equal(member(json_array_get(errors, 0), "pointer"), "/message/text");
    assert_string_equal(member(json_array_get(errors, 0), "detail"), plan.err.text);

    /* urn:uuid: and a UUIDv7 */
    struct str instance = str_of(member(problem, "instance"));
    assert_int_equal(instance.len, 9 + 36);
    assert_true(str_starts(instance, STR("urn:uuid:")));
    assert_int_equal(instance.ptr[9 + 8], '-');
    assert_int_equal(instance.ptr[9 + 14], '7');
    json_decref(problem);
}

static void problem_hides_what_strangers_must_not_know(void **state)
{
    (void)state;
    static const struct {
        enum status status;
        bool is_shown;
    } cases[] = {
        {STATUS_DENIED,    false}, /* unknown bridge and bad signature look alike */
        {STATUS_FAILED,    false},
        {STATUS_CONFLICT,  true },
        {STATUS_SLOW_DOWN, true },
        {STATUS_RETRY,     true },
    };
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *name = status_name(cases[i].status);
        struct plan plan = {.has_err = true};
        plan.status = fail_at(&plan.err, cases[i].status, "/where", "inside story");
        struct client_answer answer = ask(client, &plan);
        expect_i64(name, http_status_of(cases[i].status), answer.status);
        json_t *problem = read_json(answer.body);
        expect_str(name, cases[i].is_shown ? "inside story" : "",
                   str_of(member(problem, "detail")));
        expect_i64(name, cases[i].is_shown, json_object_get(problem, "errors") != NULL);
        json_decref(problem);
    }
}

static void problem_without_error_has_no_detail(void **state)
{
    (void)state;
    struct plan plan = {.status = STATUS_CONFLICT};
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    struct client_answer answer = ask(client, &plan);
    json_t *problem = read_json(answer.body);
    assert_null(json_object_get(problem, "detail"));
    assert_null(json_object_get(problem, "errors"));
    json_decref(problem);
}

static void problem_tells_when_to_come_again(void **state)
{
    (void)state;
    static const enum status statuses[] = {STATUS_SLOW_DOWN, STATUS_RETRY};
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        struct plan plan = {.status = statuses[i]};
        struct client_answer answer = ask(client, &plan);
        int64_t seconds = 0;
        expect_true(status_name(statuses[i]),
                    str_to_i64(answer_header(&answer, "Retry-After"), &seconds) &&
                        seconds > 0);
    }
}

/* --- any answer ----------------------------------------------------------- */

static void answer_carries_its_headers_and_ours(void **state)
{
    (void)state;
    static const struct http_header headers[] = {
        {{"ETag", 4},           {"\"abc\"", 5}    },
        {{"CACHE-control", 13}, {"max-age=60", 10}},
    };
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    struct plan plan = {.http = 201, .content_type = "text/css", .body = STR("a{}")};
    struct client_answer answer = ask(client, &plan);
    assert_int_equal(answer.status, 201);
    expect_str("body", "a{}", answer.body);
    expect_str("type", "text/css", answer_header(&answer, "Content-Type"));
    expect_str("sniffing", "nosniff", answer_header(&answer, "X-Content-Type-Options"));
    expect_str("caching", "no-store", answer_header(&answer, "Cache-Control"));

    plan.headers = headers;
    plan.header_count = COUNT_OF(headers);
    answer = ask(client, &plan);
    expect_str("own header", "\"abc\"", answer_header(&answer, "ETag"));
    expect_str("own caching", "max-age=60", answer_header(&answer, "Cache-Control"));
    assert_null(memmem(answer.head.ptr, answer.head.len, "no-store", 8));
}

static void answer_may_have_neither_body_nor_type(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    struct plan plan = {.http = 200};
    struct client_answer answer = ask(client, &plan);
    assert_int_equal(answer.status, 200);
    expect_str("no body", "0", answer_header(&answer, "Content-Length"));
    expect_str("no type", "", answer_header(&answer, "Content-Type"));
    plan.http = 204;
    assert_int_equal(ask(client, &plan).status, 204);
    plan.http = 304;
    assert_int_equal(ask(client, &plan).status, 304);
    plan.http = 200; /* still in step */
    assert_int_equal(ask(client, &plan).status, 200);
}

static void answer_may_be_large(void **state)
{
    (void)state;
    static char bytes[5 * 1024 * 1024];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)('a' + i % 23);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    struct plan plan = {.http = 200, .body = str_from(bytes, sizeof(bytes))};
    struct client_answer answer = ask(client, &plan);
    assert_true(str_equal(answer.body, plan.body));
}

static void answer_with_a_forged_header_is_never_sent(void **state)
{
    (void)state;
    static const struct http_header forged[] = {
        {{"X", 1},      {"a\r\nSet-Cookie: b", 16}},
        {{"X", 1},      {"a\nb", 3}               },
        {{"X\r\nY", 4}, {"b", 1}                  },
        {{"X Y", 3},    {"b", 1}                  },
        {{"", 0},       {"b", 1}                  },
    };
    for (size_t i = 0; i < COUNT_OF(forged); i++) {
        CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
        struct plan plan = {.http = 200, .headers = &forged[i], .header_count = 1};
        plan_next(&plan);
        client_send(client, get_plan);
        assert_true(client_is_closed(client));
    }
}

/* Stands before the library's own, and finds no memory while the test says so. */
static atomic_bool has_no_memory;

struct MHD_Response *MHD_create_response_from_buffer(size_t size, void *bytes,
                                                     enum MHD_ResponseMemoryMode mode)
{
    if (atomic_load(&has_no_memory))
        return NULL;
    struct MHD_Response *(*next)(size_t, void *, enum MHD_ResponseMemoryMode) = NULL;
    void *symbol = dlsym(RTLD_NEXT, "MHD_create_response_from_buffer");
    memcpy(&next, &symbol, sizeof(next));
    return next(size, bytes, mode);
}

static void answer_without_memory_cuts_the_connection(void **state)
{
    (void)state;
    static const char *const requests[] = {
        get_plan,
        "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n",
    };
    static const struct plan plan = {
        .http = 200, .body = {"x", 1}
    };
    plan_next(&plan);
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
        atomic_store(&has_no_memory, true);
        client_send(client, requests[i]);
        assert_true(client_is_closed(client));
        atomic_store(&has_no_memory, false);
    }
    fixture_settle(&server);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    assert_int_equal(ask(client, &plan).status, 200);
}

static void answer_repeats_a_fit_request_id(void **state)
{
    (void)state;
    char longest[129 + 1];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    const struct {
        const char *name;
        const char *id;
        bool is_repeated;
    } cases[] = {
        {"a plain one",      "abc-123",   true },
        {"the longest",      longest + 1, true },
        {"one too long",     longest,     false},
        {"one with a blank", "a b",       false},
        {"one beyond ASCII", "a\xc3\xa9", false},
        {"an empty one",     "",          false},
    };
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    struct plan plan = {.http = 200};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char request[512];
        (void)snprintf(request, sizeof(request),
                       "GET /plan HTTP/1.1\r\nHost: h\r\nX-Request-Id: %s\r\n\r\n",
                       cases[i].id);
        plan_next(&plan);
        struct client_answer answer = client_ask(client, request);
        expect_str(cases[i].name, cases[i].is_repeated ? cases[i].id : "",
                   answer_header(&answer, "X-Request-Id"));
    }
}

static void request_ids_are_unique(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    char before[64] = "";
    for (int i = 0; i < 3; i++) {
        struct client_answer answer =
            client_ask(client, "GET /id HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_int_equal(answer.body.len, 32);
        assert_false(str_is(answer.body, before));
        (void)snprintf(before, sizeof(before), "%.*s", STR_ARG(answer.body));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_status_and_type_follow_the_table),
        cmocka_unit_test(problem_says_what_and_where),
        cmocka_unit_test(problem_hides_what_strangers_must_not_know),
        cmocka_unit_test(problem_without_error_has_no_detail),
        cmocka_unit_test(problem_tells_when_to_come_again),
        cmocka_unit_test(answer_carries_its_headers_and_ours),
        cmocka_unit_test(answer_may_have_neither_body_nor_type),
        cmocka_unit_test(answer_may_be_large),
        cmocka_unit_test(answer_with_a_forged_header_is_never_sent),
        cmocka_unit_test(answer_without_memory_cuts_the_connection),
        cmocka_unit_test(answer_repeats_a_fit_request_id),
        cmocka_unit_test(request_ids_are_unique),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
