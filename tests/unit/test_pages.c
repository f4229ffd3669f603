#include "gateway/pages.h"
#include "support/server_fixture.h"

/* Pages whose files are compiled in. */

static const unsigned char html[] = "<p>page</p>";
static const size_t html_size = sizeof(html) - 1;
static const unsigned char svg[] = "<svg/>";
static const size_t svg_size = sizeof(svg) - 1;

static enum handled serve(struct request *request, void *context)
{
    (void)context;
    static const struct page_file files[] = {
        {"index.html", html, &html_size},
        {"parcel.svg", svg,  &svg_size },
        {"bare",       svg,  &svg_size },
    };
    static const struct page page = {
        .files = files,
        .count = COUNT_OF(files),
        .framed_by = "http://a.example",
        .frames = "http://b.example",
    };
    return page_respond(request, &page);
}

static const struct route routes[] = {
    {"GET", "/",            NULL, serve, NULL},
    {"GET", "/page/{file}", NULL, serve, NULL},
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

static struct client_answer ask(struct server_client *client, const char *path)
{
    char text[128];
    (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);
    return client_ask(client, text);
}

static void a_file_has_the_type_that_its_name_says(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *type;
    } cases[] = {
        {"/",                "text/html; charset=utf-8"      },
        {"/page/index.html", "text/html; charset=utf-8"      },
        {"/page/parcel.svg", "image/svg+xml"                 },
        {"/page/look.css",   "text/css; charset=utf-8"       },
        {"/page/icons.svg",  "image/svg+xml"                 },
        {"/page/element.js", "text/javascript; charset=utf-8"},
        {"/page/bare",       "application/octet-stream"      },
    };
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct client_answer answer = ask(client, cases[i].path);
        assert_int_equal(answer.status, 200);
        expect_str(cases[i].path, cases[i].type,
                   answer_header(&answer, "Content-Type"));
    }
}

static void the_page_comes_as_it_was_compiled_in(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    struct client_answer answer = ask(client, "/");
    expect_str("the body", "<p>page</p>", answer.body);
}

static void the_policy_lets_in_what_the_page_says_and_nothing_else(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    struct client_answer answer = ask(client, "/");
    expect_str("policy",
               "default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
               "'self'; img-src 'self' data:; media-src 'self'; base-uri 'none'; "
               "form-action 'none'; frame-src http://b.example; frame-ancestors "
               "http://a.example",
               answer_header(&answer, "Content-Security-Policy"));
    expect_str("referrer", "no-referrer", answer_header(&answer, "Referrer-Policy"));
}

static void a_name_that_is_not_in_the_table_is_not_found(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    struct client_answer answer = ask(client, "/page/index.htm");
    assert_int_equal(answer.status, 404);
    answer = ask(client, "/page/..%2Findex.html");
    assert_int_equal(answer.status, 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_has_the_type_that_its_name_says),
        cmocka_unit_test(the_page_comes_as_it_was_compiled_in),
        cmocka_unit_test(the_policy_lets_in_what_the_page_says_and_nothing_else),
        cmocka_unit_test(a_name_that_is_not_in_the_table_is_not_found),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
