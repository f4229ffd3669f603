/*
 * stub: the fastest possible peer: a Genesys Cloud that gives out tokens and takes
 * every message, and a partner that takes every webhook. On SIGTERM it says how many it
 * took.
 *
 *   stub --listen 127.0.0.1:8090
 */
#include "http.h"

#include "gateway/memory.h"
#include "gateway/text.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
    int fd;
    size_t len;
    char bytes[BENCH_MESSAGE_BYTES];
};

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
    (void)number;
    is_over = 1;
}

static size_t answer(const char *request, int64_t number, char *out, size_t room)
{
    char body[256];
    bool is_token = strncmp(request, "POST /oauth/token", 17) == 0;
    if (is_token)
        (void)snprintf(body, sizeof(body),
                       "{\"access_token\":\"token\",\"token_type\":\"bearer\","
                       "\"expires_in\":86400}");
    else
        (void)snprintf(body, sizeof(body), "{\"id\":\"%032lld\",\"type\":\"Text\"}",
                       (long long)number);
    return (size_t)snprintf(out, room,
                            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                            "Content-Length: %zu\r\n\r\n%s",
                            strlen(body), body);
}

/* False: the peer is gone. */
static bool serve(struct connection *connection, int64_t *count)
{
    char out[512];
    size_t body = 0;
    size_t whole;
    ssize_t n = recv(connection->fd, connection->bytes + connection->len,
                     sizeof(connection->bytes) - connection->len - 1, 0);
    if (n <= 0)
        return false;
    connection->len += (size_t)n;
    connection->bytes[connection->len] = '\0';
    while ((whole = bench_message_bytes(connection->bytes, connection->len, &body)) >
           0) {
        size_t len = answer(connection->bytes, ++*count, out, sizeof(out));
        if (send(connection->fd, out, len, MSG_NOSIGNAL) != (ssize_t)len)
            return false;
        connection->len -= whole;
        memmove(connection->bytes, connection->bytes + whole, connection->len);
    }
    return true;
}

static void take_connection(int epoll, int listener)
{
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        return;
    bench_nonblocking(fd);
    struct connection *connection = mem_new(sizeof(*connection));
    connection->fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv)
{
    int listener = bench_listen(bench_option(argc, argv, "--listen", "127.0.0.1:8090"));
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[256] = {
        {.events = EPOLLIN, .data.ptr = NULL}
    };
    const struct sigaction action = {.sa_handler = on_signal};
    int64_t count = 0;

    (void)epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &events[0]);
    (void)sigaction(SIGTERM, &action, NULL);
    while (!is_over) {
        int ready = epoll_wait(epoll, events, COUNT_OF(events), 1000);
        for (int i = 0; i < ready; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection == NULL) {
                take_connection(epoll, listener);
            } else if (!serve(connection, &count)) {
                (void)close(connection->fd);
                mem_free(connection);
            }
        }
    }
    (void)printf("{\"taken\":%lld,\"cpu_s\":%.2f}\n", (long long)count, bench_cpu_s());
    return 0;
}
