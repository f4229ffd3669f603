/*
 * One exchange over a Unix socket, as commands speak to the running gateway.
 */
#include "gateway/http_client.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/arena.h"
#include "support/expect.h"

/* A peer on a socket of its own that answers one request. */
struct unix_peer {
    char directory[32];
    struct sockaddr_un address;
    int fd;
    pthread_t thread;
    char request[1024];
};

static void *answer_one(void *context)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    struct unix_peer *peer = context;
    int fd = accept(peer->fd, NULL, NULL);
    if (fd < 0)
        return NULL;
    size_t len = 0;
    while (strstr(peer->request, "\r\n\r\n") == NULL) {
        ssize_t got = read(fd, peer->request + len, sizeof(peer->request) - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    ssize_t sent = write(fd, answer, sizeof(answer) - 1);
    (void)sent; /* the test sees what arrived */
    (void)close(fd);
    return NULL;
}

static int set_up(void **state)
{
    static struct unix_peer peer;
    peer = (struct unix_peer){.directory = "/tmp/omgw-unix-XXXXXX"};
    assert_non_null(mkdtemp(peer.directory));
    peer.address.sun_family = AF_UNIX;
    (void)snprintf(peer.address.sun_path, sizeof(peer.address.sun_path), "%s/s",
                   peer.directory);
    peer.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer.fd >= 0);
    assert_int_equal(
        0, bind(peer.fd, (const struct sockaddr *)&peer.address, sizeof(peer.address)));
    assert_int_equal(0, listen(peer.fd, 1));
    *state = &peer;
    return 0;
}

static int tear_down(void **state)
{
    struct unix_peer *peer = *state;
    (void)close(peer->fd);
    assert_int_equal(0, unlink(peer->address.sun_path));
    assert_int_equal(0, rmdir(peer->directory));
    return 0;
}

static enum status ask(const struct unix_peer *peer, struct arena *arena,
                       struct reply *out_reply, struct error *err)
{
    const struct http_client_settings settings = {
        .connections = 1,
        .connections_per_host = 1,
        .unix_socket = peer->address.sun_path,
    };
    const struct exchange exchange = {
        .method = "POST",
        .url = "http://gateway/v1/orders",
        .body = STR("{}"),
        .timeout_ms = 5000,
    };
    return http_client_once(&settings, &exchange, arena, out_reply, err);
}

static void request_goes_to_the_socket_whatever_its_url_says(void **state)
{
    struct unix_peer *peer = *state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    struct reply reply;
    struct error err;
    assert_int_equal(0, pthread_create(&peer->thread, NULL, answer_one, peer));
    expect_status("once", STATUS_OK, ask(peer, arena, &reply, &err));
    assert_int_equal(0, pthread_join(peer->thread, NULL));
    expect_i64("answered", REPLY_ANSWER, reply.kind);
    expect_i64("status", 200, reply.status);
    expect_str("body", "hi", reply.body);
    assert_non_null(strstr(peer->request, "POST /v1/orders HTTP/1.1"));
    assert_non_null(strstr(peer->request, "Host: gateway"));
}

static void socket_nobody_listens_on_was_not_sent_to(void **state)
{
    struct unix_peer *peer = *state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    struct reply reply;
    struct error err;
    (void)close(peer->fd);
    expect_status("once", STATUS_OK, ask(peer, arena, &reply, &err));
    expect_i64("kind", REPLY_NOT_SENT, reply.kind);
    expect_true("says why", reply.why[0] != '\0');
    peer->fd = -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            request_goes_to_the_socket_whatever_its_url_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(socket_nobody_listens_on_was_not_sent_to,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
