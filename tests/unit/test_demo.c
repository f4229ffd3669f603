#include "demo/signature.h"
#include "gateway/clock.h"
#include "gateway/demo.h"
#include "support/client_peer.h"
#include "support/expect.h"
#include "support/server_client.h"

#include <pthread.h>
#include <stdatomic.h>

/* The demo's server between a gateway and an emulator that say what the test wants. */

#define KEY "0123456789abcdef0123456789abcdef"

static const struct client_peer_step accepted[] = {
    {PEER_ANSWER,
     "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\n"
     "Content-Length: 30\r\n\r\n{\"id\":\"01a2\",\"conversation\":3}", false},
};
static const struct client_peer_step refused[] = {
    {PEER_ANSWER,
     "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/problem+json\r\n"
     "Content-Length: 24\r\n\r\n{\"title\":\"not signed\"}\r\n", false},
};
static const struct client_peer_step done[] = {
    {PEER_ANSWER,
     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
     "Content-Length: 2\r\n\r\n[]", false},
};

static struct client_peer *gateway;
static struct client_peer *emulator;
static struct demo *demo;
static pthread_t thread;
static atomic_bool is_stopping;
static atomic_int replays;
static char webhook_url[128];

static enum status count_replay(void *context, struct error *err)
{
    (void)context;
    (void)err;
    atomic_fetch_add(&replays, 1);
    return STATUS_OK;
}

static void *run(void *context)
{
    (void)context;
    while (!atomic_load(&is_stopping))
        demo_step(demo, CLIENT_PATIENCE_MS);
    return NULL;
}

static void open_demo(const struct client_peer_step *gateway_says, int64_t unplug_ms)
{
    struct error err = {0};
    gateway = client_peer_new(gateway_says, 1);
    emulator = client_peer_new(done, 1);
    (void)snprintf(webhook_url, sizeof(webhook_url), "%s/webhooks/channels/acme",
                   client_peer_url(gateway));
    const struct demo_settings settings = {
        .listen = "127.0.0.1:0",
        .key = STR(KEY),
        .webhook_url = webhook_url,
        .emulator_url = client_peer_url(emulator),
        .integration = "the-integration",
        .config_path = "/tmp/omgw.yaml",
        .unplug_ms = unplug_ms,
        .replay = count_replay,
    };
    atomic_store(&is_stopping, false);
    assert_int_equal(demo_open(&settings, &demo, &err), STATUS_OK);
    assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
}

static int close_demo(void **state)
{
    (void)state;
    atomic_store(&is_stopping, true);
    demo_wake(demo);
    (void)pthread_join(thread, NULL);
    demo_close(demo);
    client_peer_free(gateway);
    client_peer_free(emulator);
    return 0;
}

static int start(void **state)
{
    (void)state;
    open_demo(accepted, 60000);
    return 0;
}

/* --- asking --------------------------------------------------------------- */

static struct client_answer post(struct server_client *client, const char *path,
                                 const char *headers, const char *body)
{
    char text[2048];
    (void)snprintf(text, sizeof(text),
                   "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %zu\r\n\r\n%s",
                   path, demo_address(demo), headers, strlen(body), body);
    return client_ask(client, text);
}

static int post_once(const char *path, const char *headers, const char *body)
{
    CLEANUP(client_closep)
    struct server_client *client = client_open(demo_address(demo));
    return post(client, path, headers, body).status;
}

static struct server_client *listen_to_feed(void)
{
    struct server_client *client = client_open(demo_address(demo));
    char text[256];
    (void)snprintf(text, sizeof(text), "GET /events HTTP/1.1\r\nHost: %s\r\n\r\n",
                   demo_address(demo));
    client_send(client, text);
    (void)client_until(client, "\"what\":\"hello\"");
    return client;
}

/* The headers with which omgw would send it, each time with a new id. */
static const char *signed_headers(const char *key, const char *body, char out[512])
{
    struct hmac *hmac = NULL;
    struct error err;
    static int number;
    char signature[SIGNATURE_BYTES];
    char timestamp[32];
    char id[32];
    (void)snprintf(id, sizeof(id), "msg_%d", ++number);
    (void)snprintf(timestamp, sizeof(timestamp), "%lld",
                   (long long)(clock_now().wall_ms / 1000));
    assert_int_equal(hmac_new(str_of(key), &hmac, &err), STATUS_OK);
    assert_int_equal(signature_make(hmac, str_of(id), str_of(timestamp), str_of(body),
                                    signature, &err),
                     STATUS_OK);
    hmac_free(hmac);
    (void)snprintf(out, 512,
                   "webhook-id: %s\r\nwebhook-timestamp: %s\r\n"
                   "webhook-signature: %s\r\n",
                   id, timestamp, signature);
    return out;
}

/* The value of a header of the raw request that a peer has read. */
static struct str header_of(const char *raw, const char *name)
{
    struct str rest = str_of(raw);
    while (rest.len > 0) {
        struct str value = str_cut(&rest, '\n');
        struct str key = str_cut(&value, ':');
        if (str_equal_nocase(key, str_of(name)))
            return str_trim(str_sub(value, 0, value.len - 1));
    }
    return STR_NONE;
}

static void expect_in(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL)
        print_error("no %s in %s\n", wanted, text);
    assert_non_null(strstr(text, wanted));
}

/* --- the customer --------------------------------------------------------- */

static void what_the_customer_says_is_signed_and_posted(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *feed = listen_to_feed();
    CLEANUP(client_closep)
    struct server_client *client = client_open(demo_address(demo));
    struct client_answer answer =
        post(client, "/say", "", "{\"text\":\"Hi \\\"Bo\\\"\"}");
    assert_int_equal(answer.status, 202);
    expect_str("the gateway's answer", "{\"id\":\"01a2\",\"conversation\":3}",
               answer.body);
    (void)client_until(feed, "\"what\":\"said\"");
    (void)client_until(feed, "\"text\":\"Hi \\\"Bo\\\"\"");
    (void)client_until(feed, "\"message\":\"01a2\",\"conversation\":3");

    const char *raw = client_peer_last(gateway);
    const char *body = strstr(raw, "\r\n\r\n") + 4;
    struct http_header headers[] = {
        {STR("webhook-id"),        header_of(raw, "webhook-id")       },
        {STR("webhook-timestamp"), header_of(raw, "webhook-timestamp")},
        {STR("webhook-signature"), header_of(raw, "webhook-signature")},
    };
    const struct http_message message = {
        .headers = headers,
        .header_count = COUNT_OF(headers),
        .body = str_of(body),
    };
    struct hmac *hmac = NULL;
    struct error err;
    assert_int_equal(hmac_new(STR(KEY), &hmac, &err), STATUS_OK);
    assert_int_equal(signature_check(hmac, &message, clock_now().wall_ms, &err),
                     STATUS_OK);
    hmac_free(hmac);
    expect_in(raw, "POST /webhooks/channels/acme ");
    expect_in(body, "{\"type\":\"message.created\",");
    expect_in(body, "\"from\":{\"id\":\"ana\",\"name\":\"Ana Prieto\"}");
    expect_in(body, "\"text\":\"Hi \\\"Bo\\\"\"");
}

static void a_pressed_button_and_typing_have_their_own_events(void **state)
{
    (void)state;
    assert_int_equal(
        post_once("/say", "",
                  "{\"answer\":{\"to\":\"01a2\",\"payload\":\"y\",\"text\":\"Yes\"}}"),
        202);
    expect_in(client_peer_last(gateway),
              "\"answer\":{\"to\":\"01a2\",\"payload\":\"y\",\"text\":\"Yes\"}");
    assert_int_equal(post_once("/say", "", "{\"typing\":true}"), 202);
    expect_in(client_peer_last(gateway), "{\"type\":\"typing.updated\",");
}

static void what_is_no_object_is_refused(void **state)
{
    (void)state;
    assert_int_equal(post_once("/say", "", "[]"), 400);
    assert_int_equal(post_once("/say", "", "{"), 400);
    assert_int_equal(client_peer_requests(gateway), 0);
}

static void a_refusal_of_the_gateway_is_told(void **state)
{
    (void)state;
    open_demo(refused, 60000);
    CLEANUP(client_closep) struct server_client *feed = listen_to_feed();
    assert_int_equal(post_once("/say", "", "{\"text\":\"Hi\"}"), 401);
    (void)client_until(feed, "\"error\":\"not signed\"");
}

static void a_gateway_that_is_away_is_told(void **state)
{
    (void)state;
    client_peer_free(TAKE(gateway));
    CLEANUP(client_closep) struct server_client *feed = listen_to_feed();
    assert_int_equal(post_once("/say", "", "{\"text\":\"Hi\"}"), 503);
    (void)client_until(feed, "\"what\":\"taken\"");
    (void)client_until(feed, "\"status\":0");
    gateway = client_peer_new(accepted, 1);
}

static void pages_from_elsewhere_may_not_order(void **state)
{
    (void)state;
    static const char *const foreign[] = {
        "Origin: http://evil.example\r\n",
        "Origin: https://127.0.0.1\r\n",
        "Origin: null\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
        assert_int_equal(post_once("/say", foreign[i], "{\"text\":\"Hi\"}"), 403);
        assert_int_equal(post_once("/play/card", foreign[i], "{}"), 403);
    }
    char own[128];
    (void)snprintf(own, sizeof(own), "Origin: http://%s\r\n", demo_address(demo));
    assert_int_equal(post_once("/say", own, "{\"text\":\"Hi\"}"), 202);

    /* A foreign name that leads here. */
    CLEANUP(client_closep)
    struct server_client *client = client_open(demo_address(demo));
    struct client_answer answer = client_ask(
        client, "POST /say HTTP/1.1\r\nHost: evil.example\r\n"
                "Origin: http://evil.example\r\nContent-Length: 2\r\n\r\n{}");
    assert_int_equal(answer.status, 403);
}

/* --- what omgw sends ------------------------------------------------------ */

static const char agent_message[] =
    "{\"type\":\"agent.message\",\"timestamp\":\"2026-02-03T09:15:40Z\",\"data\":"
    "{\"id\":\"01b7\",\"to\":{\"id\":\"ana\"},\"text\":\"Hello\"}}";

static void a_message_is_shown_and_told_as_delivered(void **state)
{
    (void)state;
    char headers[512];
    CLEANUP(client_closep) struct server_client *feed = listen_to_feed();
    assert_int_equal(
        post_once("/omgw", signed_headers(KEY, agent_message, headers), agent_message),
        200);
    (void)client_until(feed, "\"what\":\"got\"");
    (void)client_until(feed, "\"text\":\"Hello\"");
    (void)client_until(feed, "\"answered\":200");
    client_peer_wait_requests(gateway, 1);
    expect_in(client_peer_last(gateway), "{\"type\":\"receipt.updated\",");
    expect_in(client_peer_last(gateway),
              "{\"id\":\"01b7\",\"to\":\"ana\",\"status\":\"delivered\"}");
}

static void a_repeat_is_taken_and_shown_once(void **state)
{
    (void)state;
    char headers[512];
    CLEANUP(client_closep) struct server_client *feed = listen_to_feed();
    (void)signed_headers(KEY, agent_message, headers);
    assert_int_equal(post_once("/omgw", headers, agent_message), 200);
    assert_int_equal(post_once("/omgw", headers, agent_message), 200);
    demo_take_log(demo, STR("{\"ts\":\"2026-02-03T09:15:40.250Z\",\"event\":"
                            "\"delivery.sent\",\"message\":\"01b7\"}"));
    (void)client_until(feed, "\"what\":\"got\"");
    struct str rest = client_until(feed, "\"what\":\"log\"");
    assert_null(memmem(rest.ptr, rest.len, "\"what\":\"got\"", 12));
}

static void what_is_not_signed_is_not_shown(void **state)
{
    (void)state;
    char headers[512];
    assert_int_equal(post_once("/omgw", "", agent_message), 401);
    assert_int_equal(post_once("/omgw",
                               signed_headers("another key, as long as it must",
                                              agent_message, headers),
                               agent_message),
                     401);
    assert_int_equal(
        post_once("/omgw", signed_headers(KEY, "{}", headers), agent_message), 401);
    assert_int_equal(client_peer_requests(gateway), 0);
}

static void statuses_and_typing_are_shown(void **state)
{
    (void)state;
    static const char status[] =
        "{\"type\":\"message.status\",\"data\":{\"id\":\"m-1\"}}";
    static const char typing[] = "{\"type\":\"agent.typing\",\"data\":{}}";
    static const char *const cases[][2] = {
        {status, "\"what\":\"status\""},
        {typing, "\"what\":\"typing\""},
    };
    char headers[512];
    CLEANUP(client_closep) struct server_client *feed = listen_to_feed();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(
            post_once("/omgw", signed_headers(KEY, cases[i][0], headers), cases[i][0]),
            200);
        (void)client_until(feed, cases[i][1]);
    }
    static const char ping[] = "{\"type\":\"ping\",\"data\":{}}";
    assert_int_equal(post_once("/omgw", signed_headers(KEY, ping, headers), ping), 200);
}

/* --- the buttons ---------------------------------------------------------- */

static void a_button_is_an_order_to_the_emulator(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *want;
    } cases[] = {
        {"/play/quick-replies", "\"contentType\":\"QuickReply\""},
        {"/play/card",          "\"contentType\":\"Card\""      },
        {"/play/typing",        "\"eventType\":\"Typing\""      },
        {"/play/failure",       "\"text\":\"May we call you"    },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(post_once(cases[i].path, "", "{}"), 200);
        const char *raw = client_peer_last(emulator);
        expect_in(raw, "POST /_emulator/agent ");
        expect_in(raw, "\"integrationId\":\"the-integration\"");
        expect_in(raw, "\"to\":\"ana\"");
        expect_in(raw, cases[i].want);
    }
    assert_int_equal(client_peer_requests(gateway), 0);
    assert_int_equal(post_once("/play/nothing", "", "{}"), 404);
}

static void a_failure_is_one_message_that_is_refused(void **state)
{
    (void)state;
    char headers[512];
    assert_int_equal(post_once("/play/failure", "", "{}"), 200);
    (void)signed_headers(KEY, agent_message, headers);
    assert_int_equal(post_once("/omgw", headers, agent_message), 422);
    assert_int_equal(client_peer_requests(gateway), 0);
    assert_int_equal(post_once("/omgw", headers, agent_message), 200);
    client_peer_wait_requests(gateway, 1);
}

static void a_replay_is_the_callers_affair(void **state)
{
    (void)state;
    atomic_store(&replays, 0);
    assert_int_equal(post_once("/play/replay", "", "{}"), 200);
    assert_int_equal(atomic_load(&replays), 1);
}

static void genesys_is_unplugged_for_a_while(void **state)
{
    (void)state;
    open_demo(accepted, 200);
    CLEANUP(client_closep) struct server_client *feed = listen_to_feed();
    assert_int_equal(post_once("/play/unplug", "", "{}"), 200);
    (void)client_until(feed, "\"what\":\"plug\"");
    (void)client_until(feed, "\"plugged\":false,\"until\":");
    (void)client_until(feed, "\"plugged\":true");
    assert_int_equal(client_peer_requests(emulator), 2);
    expect_in(client_peer_last(emulator), "DELETE /_emulator/faults ");
}

static void log_lines_reach_the_page(void **state)
{
    (void)state;
    CLEANUP(client_closep) struct server_client *feed = listen_to_feed();
    demo_take_log(demo, STR("{\"ts\":\"2026-02-03T09:15:40.250Z\",\"event\":"
                            "\"serve.started\"}"));
    demo_take_log(demo, STR("{\"ts\":\"2026-02-03T09:15:40.250Z\",\"event\":"
                            "\"delivery.sent\",\"message\":\"01b7\"}"));
    struct str heard = client_until(feed, "\"message\":\"01b7\"");
    assert_null(memmem(heard.ptr, heard.len, "serve.started", 13));
}

static void an_end_answers_whoever_waits(void **state)
{
    (void)state;
    static const struct client_peer_step silent[] = {
        {PEER_SILENT, NULL, false}
    };
    open_demo(silent, 60000);
    CLEANUP(client_closep)
    struct server_client *client = client_open(demo_address(demo));
    char text[256];
    (void)snprintf(text, sizeof(text),
                   "POST /say HTTP/1.1\r\nHost: %s\r\nContent-Length: 2\r\n\r\n{}",
                   demo_address(demo));
    CLEANUP(client_closep)
    struct server_client *behind = client_open(demo_address(demo));
    client_send(client, text);
    client_peer_wait_requests(gateway, 1);
    client_send(behind, text);
    client_peer_free(TAKE(gateway)); /* the first call ends, the second never begins */
    (void)close_demo(state);
    assert_int_equal(client_answer(client).status, 503);
    assert_int_equal(client_answer(behind).status, 503);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, close_demo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_customer_says_is_signed_and_posted),
        TEST(a_pressed_button_and_typing_have_their_own_events),
        TEST(what_is_no_object_is_refused),
        cmocka_unit_test_setup_teardown(a_refusal_of_the_gateway_is_told, NULL,
                                        close_demo),
        TEST(a_gateway_that_is_away_is_told),
        TEST(pages_from_elsewhere_may_not_order),
        TEST(a_message_is_shown_and_told_as_delivered),
        TEST(a_repeat_is_taken_and_shown_once),
        TEST(what_is_not_signed_is_not_shown),
        TEST(statuses_and_typing_are_shown),
        TEST(a_button_is_an_order_to_the_emulator),
        TEST(a_failure_is_one_message_that_is_refused),
        TEST(a_replay_is_the_callers_affair),
        cmocka_unit_test_setup_teardown(genesys_is_unplugged_for_a_while, NULL,
                                        close_demo),
        TEST(log_lines_reach_the_page),
        cmocka_unit_test(an_end_answers_whoever_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
