/*
 * stub: the fastest possible peer: a Genesys Cloud that gives out tokens and takes
 * every message, and a partner that takes every webhook. On SIGTERM it says how many
 * messages it took, how many requests of another kind, and how long after they were due
 * the messages arrived. With SIGUSR1 it writes the number of messages to --count, with
 * SIGUSR2 it forgets when they arrived.
 *
 *   stub --listen 127.0.0.1:8090 [--count FILE]
 */
#include "histogram.h"
#include "http.h"
#include "webhooks.h"

#include "gateway/clock.h"
#include "gateway/memory.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
    int fd;
    size_t len;
    char bytes[BENCH_MESSAGE_BYTES];
};

struct stub {
    int epoll;
    int listener;
    int64_t messages;
    int64_t others;
    struct histogram arrivals;
};

static volatile sig_atomic_t is_over;
static volatile sig_atomic_t is_asked;
static volatile sig_atomic_t forgets;

static void on_signal(int number)
{
    if (number == SIGUSR1)
        is_asked = 1;
    else if (number == SIGUSR2)
        forgets = 1;
    else
        is_over = 1;
}

/* A message tells when it was due; a receipt, status or login does not. */
static void take(struct stub *stub, const char *body, size_t len)
{
    static const char mark[] = WEBHOOK_DUE_MARK;
    const char *at = memmem(body, len, mark, sizeof(mark) - 1);
    if (at == NULL) {
        stub->others++;
        return;
    }
    int64_t due_us = strtoll(at + sizeof(mark) - 1, NULL, 10);
    histogram_add(&stub->arrivals, clock_mono_us() - due_us);
    stub->messages++;
}

static size_t answer(const struct stub *stub, const char *request, char *out,
                     size_t room)
{
    char body[256];
    bool is_token = strncmp(request, "POST /oauth/token", 17) == 0;
    if (is_token)
        (void)snprintf(body, sizeof(body),
                       "{\"access_token\":\"token\",\"token_type\":\"bearer\","
                       "\"expires_in\":86400}");
    else
        (void)snprintf(body, sizeof(body), "{\"id\":\"%032lld\",\"type\":\"Text\"}",
                       (long long)stub->messages + stub->others);
    return (size_t)snprintf(out, room,
                            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                            "Content-Length: %zu\r\n\r\n%s",
                            strlen(body), body);
}

/* False: the peer is gone. */
static bool serve(struct stub *stub, struct connection *connection)
{
    char out[512];
    size_t head = 0;
    size_t whole;
    ssize_t n = recv(connection->fd, connection->bytes + connection->len,
                     sizeof(connection->bytes) - connection->len - 1, 0);
    if (n <= 0)
        return false;
    connection->len += (size_t)n;
    connection->bytes[connection->len] = '\0';
    while ((whole = bench_message_bytes(connection->bytes, connection->len, &head)) >
           0) {
        take(stub, connection->bytes + head, whole - head);
        size_t len = answer(stub, connection->bytes, out, sizeof(out));
        if (send(connection->fd, out, len, MSG_NOSIGNAL) != (ssize_t)len)
            return false;
        connection->len -= whole;
        memmove(connection->bytes, connection->bytes + whole, connection->len);
    }
    return true;
}

static void take_connection(const struct stub *stub)
{
    int fd = accept(stub->listener, NULL, NULL);
    if (fd < 0)
        return;
    bench_nonblocking(fd);
    struct connection *connection = mem_new(sizeof(*connection));
    connection->fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    (void)epoll_ctl(stub->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void turn(struct stub *stub)
{
    struct epoll_event events[256];
    int ready = epoll_wait(stub->epoll, events, COUNT_OF(events), 1000);
    for (int i = 0; i < ready; i++) {
        struct connection *connection = events[i].data.ptr;
        if (connection == NULL) {
            take_connection(stub);
        } else if (!serve(stub, connection)) {
            (void)close(connection->fd);
            mem_free(connection);
        }
    }
}

/* Renamed into place, so that a reader never sees half of it. */
static void tell_count(const struct stub *stub, const char *path)
{
    char other[512];
    (void)snprintf(other, sizeof(other), "%s.new", path);
    FILE *file = fopen(other, "w");
    if (file == NULL || fprintf(file, "%lld\n", (long long)stub->messages) < 0 ||
        fclose(file) != 0 || rename(other, path) != 0)
        perror(path);
}

int main(int argc, char **argv)
{
    static struct stub stub;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    const struct sigaction action = {.sa_handler = on_signal};
    const char *count = bench_option(argc, argv, "--count", "count");

    stub.listener =
        bench_listen(bench_option(argc, argv, "--listen", "127.0.0.1:8090"));
    stub.epoll = epoll_create1(EPOLL_CLOEXEC);
    (void)epoll_ctl(stub.epoll, EPOLL_CTL_ADD, stub.listener, &event);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGUSR1, &action, NULL);
    (void)sigaction(SIGUSR2, &action, NULL);
    while (!is_over) {
        turn(&stub);
        if (is_asked) {
            is_asked = 0;
            tell_count(&stub, count);
        }
        if (forgets) {
            forgets = 0;
            memset(&stub.arrivals, 0, sizeof(stub.arrivals));
        }
    }
    (void)printf("{\"taken\":%lld,\"others\":%lld,\"arrival_p50_ms\":%.3f,"
                 "\"arrival_p99_ms\":%.3f,\"cpu_s\":%.2f}\n",
                 (long long)stub.messages, (long long)stub.others,
                 histogram_ms(&stub.arrivals, 0.5), histogram_ms(&stub.arrivals, 0.99),
                 bench_cpu_s());
    return 0;
}
