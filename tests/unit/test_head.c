#include "support/server_fixture.h"

#include <unistd.h>

/* Who a request comes from, and how many of them at a time. Framing, paths and ceilings
 * are tested as bytes in test_wire.c. */

static enum handled say_peer(struct request *request, void *context)
{
    (void)context;
    request_respond(request, 200, NULL, request_peer(request), NULL, 0);
    return HANDLED_ANSWERED;
}

static enum handled suspend(struct request *request, void *context)
{
    return fixture_suspend(request, context);
}

static void resumed(struct request *request, bool timed_out, void *context)
{
    assert_false(timed_out);
    (void)say_peer(request, context);
}

static const struct route routes[] = {
    {"GET", "/peer",    NULL, say_peer, NULL   },
    {"GET", "/suspend", NULL, suspend,  resumed},
};

static void begin(struct server_fixture *server, struct listener_settings *settings,
                  struct queue *queue)
{
    fixture_start(server, settings, routes, COUNT_OF(routes), queue);
}

static struct client_answer get_peer(struct server_client *client, const char *headers)
{
    char request[512];
    (void)snprintf(request, sizeof(request), "GET /peer HTTP/1.1\r\nHost: h\r\n%s\r\n",
                   headers);
    return client_ask(client, request);
}

static void peer_is_the_last_address_our_proxies_did_not_add(void **state)
{
    (void)state;
    static const char *const trusted[] = {"127.0.0.0/8", "10.0.0.0/8", "2001:db8::1",
                                          NULL};
    static const struct {
        const char *name;
        const char *headers;
        const char *want;
    } cases[] = {
        {"no header",                       "",                                            "127.0.0.1"  },
        {"one address",                     "X-Forwarded-For: 192.0.2.7\r\n",              "192.0.2.7"  },
        {"with a port",                     "X-Forwarded-For: 192.0.2.7:1234\r\n",         "192.0.2.7"  },
        {"IPv6",                            "X-Forwarded-For: [2001:db8::7]:1\r\n",        "2001:db8::7"},
        {"the nearest of two",              "X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\n",
         "192.0.2.7"                                                                                    },
        {"our own proxies are passed over",
         "X-Forwarded-For: 203.0.113.9, 192.0.2.7, 10.1.2.3,2001:db8::1\r\n",              "192.0.2.7"  },
        {"only our own: the farthest",      "X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n",
         "10.0.0.1"                                                                                     },
        {"two headers are one list",
         "X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\nx-forwarded-for: 10.0.0.1\r\n",       "192.0.2.7"  },
        {"what cannot be read ends it",
         "X-Forwarded-For: 203.0.113.9, unknown, 10.0.0.1\r\n",                            "10.0.0.1"   },
        {"nothing readable",                "X-Forwarded-For: unknown\r\n",                "127.0.0.1"  },
        {"an empty one",                    "X-Forwarded-For:\r\n",                        "127.0.0.1"  },
        {"an empty place",                  "X-Forwarded-For: 203.0.113.9,\r\n",           "127.0.0.1"  },
    };
    struct listener_settings settings = fixture_settings();
    settings.trusted_proxies = trusted;
    struct server_fixture server;
    begin(&server, &settings, NULL);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_str(cases[i].name, cases[i].want,
                   get_peer(client, cases[i].headers).body);
    fixture_stop(&server);
}

static void peer_is_the_socket_when_nobody_is_trusted(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    struct server_fixture server;
    begin(&server, &settings, NULL);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    expect_str("a claim", "127.0.0.1",
               get_peer(client, "X-Forwarded-For: 192.0.2.7\r\n").body);
    fixture_stop(&server);
}

static void peer_of_a_unix_socket_has_no_address_of_its_own(void **state)
{
    (void)state;
    static const char *const trusted[] = {"unix:", NULL};
    static const struct {
        const char *name;
        const char *const *trusted;
        const char *want;
    } cases[] = {
        {"a stranger's claim", NULL,    "unix"     },
        {"a proxy's word",     trusted, "192.0.2.7"},
    };
    char directory[] = "/tmp/omgw-head-XXXXXX";
    assert_non_null(mkdtemp(directory));
    char address[64];
    (void)snprintf(address, sizeof(address), "unix:%s/s", directory);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct listener_settings settings = fixture_settings();
        settings.address = address;
        settings.connections_per_peer = 1;
        settings.trusted_proxies = cases[i].trusted;
        struct server_fixture server;
        begin(&server, &settings, NULL);
        assert_string_equal(listener_address(server.listener), address);
        struct server_client *client = fixture_client(&server);
        struct server_client *other = fixture_client(&server); /* without limit */
        expect_str(cases[i].name, cases[i].want,
                   get_peer(client, "X-Forwarded-For: 192.0.2.7\r\n").body);
        expect_str("none given", "unix", get_peer(other, "").body);
        client_close(client);
        client_close(other);
        fixture_stop(&server);
    }
    assert_int_equal(rmdir(directory), 0);
}

static void client_behind_a_proxy_has_so_many_requests_at_a_time(void **state)
{
    (void)state;
    static const char *const trusted[] = {"127.0.0.1", NULL};
    static const char waiting[] =
        "GET /suspend HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n";
    struct listener_settings settings = fixture_settings();
    settings.trusted_proxies = trusted;
    settings.connections_per_peer = 2;
    struct queue *queue = queue_new(10, NULL, NULL);
    struct server_fixture server;
    begin(&server, &settings, queue);
    struct server_client *clients[3];
    for (size_t i = 0; i < COUNT_OF(clients); i++) /* the proxy itself has no limit */
        clients[i] = fixture_client(&server);

    client_send(clients[0], waiting);
    client_send(clients[1], waiting);
    struct request *first = fixture_take(queue);
    struct request *second = fixture_take(queue);
    struct client_answer answer = client_ask(clients[2], waiting);
    assert_int_equal(answer.status, 429);
    assert_true(answer_header(&answer, "Retry-After").len > 0);

    /* Others behind the same proxy are not concerned; the connection goes on. */
    answer = get_peer(clients[2], "X-Forwarded-For: 192.0.2.8\r\n");
    assert_int_equal(answer.status, 200);

    request_resume(first);
    request_resume(second);
    assert_int_equal(client_answer(clients[0]).status, 200);
    assert_int_equal(client_answer(clients[1]).status, 200);
    fixture_settle(&server);
    answer = get_peer(clients[2], "X-Forwarded-For: 192.0.2.7\r\n");
    assert_int_equal(answer.status, 200);
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        client_close(clients[i]);
    fixture_stop(&server);
    queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peer_is_the_last_address_our_proxies_did_not_add),
        cmocka_unit_test(peer_is_the_socket_when_nobody_is_trusted),
        cmocka_unit_test(peer_of_a_unix_socket_has_no_address_of_its_own),
        cmocka_unit_test(client_behind_a_proxy_has_so_many_requests_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
