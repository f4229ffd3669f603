#include "demo/feed.h"
#include "gateway/memory.h"
#include "support/server_fixture.h"

/* Server-sent events. Telling is for the listener's thread: requests order it. */

static struct feed feed;

static struct json *event_of(struct str text)
{
    struct json *event = json_new_object();
    json_add_str(event, "text", text);
    return event;
}

static enum handled open_feed(struct request *request, void *context)
{
    (void)context;
    feed_open(&feed, request, event_of(STR("hello")));
    return HANDLED_ANSWERED;
}

static enum handled tell(struct request *request, void *context)
{
    (void)context;
    feed_add(&feed, event_of(request_query(request, "text")));
    request_respond(request, 200, NULL, STR("ok"), NULL, 0);
    return HANDLED_ANSWERED;
}

static enum handled beat(struct request *request, void *context)
{
    (void)context;
    feed_beat(&feed);
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, 32);
    buf_printf(&text, "%zu", feed.reader_count);
    request_respond(request, 200, NULL, buf_str(&text), NULL, 0);
    return HANDLED_ANSWERED;
}

static enum handled end(struct request *request, void *context)
{
    (void)context;
    feed_release(&feed);
    request_respond(request, 200, NULL, STR("ok"), NULL, 0);
    return HANDLED_ANSWERED;
}

static const struct route routes[] = {
    {"GET", "/events", NULL, open_feed, NULL},
    {"GET", "/tell",   NULL, tell,      NULL},
    {"GET", "/beat",   NULL, beat,      NULL},
    {"GET", "/end",    NULL, end,       NULL},
};

static struct server_fixture server;

static struct client_answer ask(struct server_client *client, const char *path)
{
    char text[256];
    (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);
    return client_ask(client, text);
}

static void order(const char *path)
{
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    assert_int_equal(ask(client, path).status, 200);
}

static int start(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    feed_init(&feed);
    fixture_start(&server, &settings, routes, COUNT_OF(routes), NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    order("/end");
    fixture_stop(&server);
    return 0;
}

static void listen_from(struct server_client *client, const char *last_id)
{
    char text[256];
    (void)snprintf(text, sizeof(text), "GET /events HTTP/1.1\r\nHost: h\r\n%s%s%s\r\n",
                   last_id == NULL ? "" : "Last-Event-ID: ",
                   last_id == NULL ? "" : last_id, last_id == NULL ? "" : "\r\n");
    client_send(client, text);
    (void)client_until(client, "data: {\"text\":\"hello\"}\n\n");
}

/* Everything up to the event of that text, without the lengths of the chunks. */
static void expect_events(struct server_client *client, const char *const *want,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str got = client_until(client, "\n\n");
        assert_non_null(memmem(got.ptr, got.len, want[i], strlen(want[i])));
    }
}

/* --- the rules ------------------------------------------------------------ */

static void a_frame_is_one_event_whatever_its_text(void **state)
{
    (void)state;
    CLEANUP(mem_freep)
    char *frame = feed_frame(7, event_of(STR("two\nlines\r\n\ndata: forged")));
    assert_string_equal(
        frame, "id: 7\ndata: {\"text\":\"two\\nlines\\r\\n\\ndata: forged\"}\n\n");
    CLEANUP(mem_freep) char *greeting = feed_frame(0, event_of(STR("hello")));
    assert_string_equal(greeting, "data: {\"text\":\"hello\"}\n\n");
}

static void readers_hear_what_happens_as_it_happens(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *one = fixture_client(&server);
    CLEANUP(client_closep) struct server_client *two = fixture_client(&server);
    listen_from(one, NULL);
    order("/tell?text=first");
    listen_from(two, NULL);
    order("/tell?text=second");
    static const char *const want[] = {"id: 1\ndata: {\"text\":\"first\"}\n\n",
                                       "id: 2\ndata: {\"text\":\"second\"}\n\n"};
    expect_events(one, want, COUNT_OF(want));
    expect_events(two, want, COUNT_OF(want));
}

static void a_reader_that_comes_back_hears_what_it_missed(void **state)
{
    (void)state;
    order("/tell?text=first");
    order("/tell?text=second");
    order("/tell?text=third");
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    listen_from(client, "2");
    static const char *const missed[] = {"id: 3\n"};
    expect_events(client, missed, COUNT_OF(missed));

    /* Of an earlier run, or nonsense: from the beginning. */
    static const char *const strange[] = {"4711", "-1", "x"};
    for (size_t i = 0; i < COUNT_OF(strange); i++) {
        CLEANUP(client_closep) struct server_client *other = fixture_client(&server);
        listen_from(other, strange[i]);
        static const char *const all[] = {"id: 1\n", "id: 2\n", "id: 3\n"};
        expect_events(other, all, COUNT_OF(all));
    }
}

static void the_oldest_are_forgotten(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    for (int i = 0; i < FEED_FRAMES + 3; i++)
        assert_int_equal(ask(client, "/tell?text=t").status, 200);
    CLEANUP(client_closep) struct server_client *late = fixture_client(&server);
    listen_from(late, NULL);
    static const char *const first[] = {"id: 4\n"};
    expect_events(late, first, COUNT_OF(first));
}

static void one_reader_too_many_is_told_so(void **state)
{
    (void)state;
    struct server_client *clients[FEED_READERS];
    for (size_t i = 0; i < FEED_READERS; i++) {
        clients[i] = fixture_client(&server);
        listen_from(clients[i], NULL);
    }
    CLEANUP(client_closep) struct server_client *late = fixture_client(&server);
    assert_int_equal(ask(late, "/events").status, 503);
    for (size_t i = 0; i < FEED_READERS; i++)
        client_close(clients[i]);
}

static void those_who_left_are_noticed_by_a_beat(void **state)
{
    (void)state;
    struct server_client *leaver = fixture_client(&server);
    listen_from(leaver, NULL);
    client_close(leaver);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    int64_t until_ms = clock_now().mono_ms + CLIENT_PATIENCE_MS;
    while (!str_is(ask(client, "/beat").body, "0"))
        assert_true(clock_now().mono_ms < until_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_one_event_whatever_its_text),
        cmocka_unit_test_setup_teardown(readers_hear_what_happens_as_it_happens, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_reader_that_comes_back_hears_what_it_missed,
                                        start, stop),
        cmocka_unit_test_setup_teardown(the_oldest_are_forgotten, start, stop),
        cmocka_unit_test_setup_teardown(one_reader_too_many_is_told_so, start, stop),
        cmocka_unit_test_setup_teardown(those_who_left_are_noticed_by_a_beat, start,
                                        stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
