#include "support/server_fixture.h"

#include "server/internal.h"

#include <dlfcn.h>
#include <microhttpd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* How many connections there may be. */

static const struct route routes[] = {
    {"GET", "/ok", NULL, fixture_answer_ok, NULL},
};

static const char get_ok[] = "GET /ok HTTP/1.1\r\nHost: h\r\n\r\n";

static void begin(struct server_fixture *server,
                  const struct listener_settings *settings)
{
    fixture_start(server, settings, routes, COUNT_OF(routes), NULL);
}

static void connections_beyond_the_limit_wait_until_one_ends(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.connections = 2;
    struct server_fixture server;
    begin(&server, &settings);
    struct server_client *first = fixture_client(&server);
    CLEANUP(client_closep) struct server_client *second = fixture_client(&server);
    assert_int_equal(client_ask(first, get_ok).status, 200);
    assert_int_equal(client_ask(second, get_ok).status, 200);
    CLEANUP(client_closep) struct server_client *third = fixture_client(&server);
    client_send(third, get_ok);
    assert_false(client_answers_within(third, 50));
    client_close(first);
    assert_int_equal(client_answer(third).status, 200);
    fixture_stop(&server);
}

static void connections_of_one_peer_beyond_its_limit_are_closed(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.connections_per_peer = 2;
    struct server_fixture server;
    begin(&server, &settings);
    struct server_client *first = fixture_client(&server);
    CLEANUP(client_closep) struct server_client *second = fixture_client(&server);
    assert_int_equal(client_ask(first, get_ok).status, 200);
    assert_int_equal(client_ask(second, get_ok).status, 200);
    CLEANUP(client_closep) struct server_client *third = fixture_client(&server);
    assert_true(client_is_closed(third));
    client_close(first);
    for (;;) { /* until its end was seen */
        CLEANUP(client_closep) struct server_client *again = fixture_client(&server);
        if (client_try_send(again, get_ok, strlen(get_ok)) && !client_is_closed(again))
            break;
    }
    fixture_stop(&server);
}

static void listener_waits_for_descriptors_to_come_back(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    struct server_fixture server;
    begin(&server, &settings);
    CLEANUP(client_closep) struct server_client *first = fixture_client(&server);
    CLEANUP(client_closep)
    struct server_client *second =
        fixture_client(&server); /* its socket exists already */
    assert_int_equal(client_ask(first, get_ok).status, 200);
    assert_int_equal(client_ask(second, get_ok).status, 200);
    CLEANUP(client_closep) struct server_client *third = fixture_client(&server);
    assert_int_equal(client_ask(third, get_ok).status, 200);

    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    assert_int_equal(getpeername(client_fd(first), (struct sockaddr *)&address, &len),
                     0);
    struct rlimit none = {(rlim_t)fd + 1, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, len), 0);
    assert_int_equal(send(fd, get_ok, strlen(get_ok), MSG_NOSIGNAL), strlen(get_ok));
    assert_int_equal(client_ask(first, get_ok).status, 200); /* the others go on */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    char byte = 0;
    assert_int_equal(recv(fd, &byte, 1, 0), 1);
    (void)close(fd);
    fixture_stop(&server);
}

/* Another of its loops may have filled the listener while this one paused: then there
 * is nothing to come back to, and no reason to turn without end. */
static void full_listener_sleeps_though_its_pause_is_over(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.connections = 1;
    struct listener *listener = NULL;
    assert_int_equal(
        listener_open(&settings, routes, COUNT_OF(routes), NULL, &listener, NULL),
        STATUS_OK);
    CLEANUP(client_closep)
    struct server_client *client = client_open(listener_address(listener));
    assert_non_null(client);
    while (listener->connections == 0)
        listener_step(listener, CLIENT_PATIENCE_MS);
    listener->loops[0].accept_again_ms = server_now_ms() - 1;
    for (int i = 0; i < 5; i++)
        listener_step(listener, 0);
    int64_t start_ms = server_now_ms();
    listener_step(listener, 100);
    assert_true(server_now_ms() - start_ms >= 90);
    listener_close(listener);
}

/* Stands before the library's own, and finds no memory while the test says so. */
static atomic_bool has_no_memory;

enum MHD_Result MHD_add_connection(struct MHD_Daemon *daemon, MHD_socket fd,
                                   const struct sockaddr *address, socklen_t len)
{
    if (atomic_load(&has_no_memory)) {
        (void)close(fd);
        return MHD_NO;
    }
    enum MHD_Result (*next)(struct MHD_Daemon *, MHD_socket, const struct sockaddr *,
                            socklen_t) = NULL;
    void *symbol = dlsym(RTLD_NEXT, "MHD_add_connection");
    memcpy(&next, &symbol, sizeof(next));
    return next(daemon, fd, address, len);
}

static void connection_without_memory_is_closed_and_not_counted(void **state)
{
    (void)state;
    struct listener_settings settings = fixture_settings();
    settings.connections = 1;
    settings.connections_per_peer = 1;
    struct server_fixture server;
    begin(&server, &settings);
    atomic_store(&has_no_memory, true);
    for (int i = 0; i < 3; i++) {
        CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
        assert_true(client_is_closed(client));
    }
    atomic_store(&has_no_memory, false);
    CLEANUP(client_closep) struct server_client *client = fixture_client(&server);
    assert_int_equal(client_ask(client, get_ok).status, 200);
    fixture_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_beyond_the_limit_wait_until_one_ends),
        cmocka_unit_test(connections_of_one_peer_beyond_its_limit_are_closed),
        cmocka_unit_test(listener_waits_for_descriptors_to_come_back),
        cmocka_unit_test(full_listener_sleeps_though_its_pause_is_over),
        cmocka_unit_test(connection_without_memory_is_closed_and_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
