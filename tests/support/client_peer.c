#include "client_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/memory.h"
#include "gateway/text.h"

#define CONNECTIONS_MAX 64
#define REQUEST_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define PLACES (CONNECTIONS_MAX + 2) /* and the listener, and the stop */

struct client_peer {
    const struct client_peer_step *steps; /* borrowed */
    size_t step_count;
    int stop;
    struct pollfd places[PLACES]; /* peer's thread: stop, listener, connections */
    struct buf inputs[PLACES];    /* peer's thread: read and not acted upon */
    char url[64];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* guarded by lock: */
    size_t connections;
    size_t requests;
    size_t closes;
    char *last;
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

static void close_place(struct client_peer *peer, size_t i, bool with_reset)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    int fd = peer->places[i].fd;
    if (with_reset)
        must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0, "linger");
    (void)close(fd);
    peer->places[i].fd = -1;
    buf_clear(&peer->inputs[i]);
    (void)pthread_mutex_lock(&peer->lock);
    peer->closes++;
    (void)pthread_cond_broadcast(&peer->changed);
    (void)pthread_mutex_unlock(&peer->lock);
}

static void send_all(int fd, struct str text, size_t piece)
{
    while (text.len > 0) {
        struct str next = str_sub(text, 0, piece);
        ssize_t sent = send(fd, next.ptr, next.len, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the client has gone: its affair */
        text = str_sub(text, (size_t)sent, text.len);
    }
}

static void act(struct client_peer *peer, size_t i, const struct client_peer_step *step)
{
    struct str text = str_of(step->text);
    switch (step->act) {
    case PEER_ANSWER:
        send_all(peer->places[i].fd, text, SIZE_MAX);
        return;
    case PEER_ANSWER_CLOSE:
        send_all(peer->places[i].fd, text, SIZE_MAX);
        close_place(peer, i, false);
        return;
    case PEER_DRIBBLE:
        send_all(peer->places[i].fd, text, 1);
        return;
    case PEER_CLOSE:
    case PEER_RESET:
        close_place(peer, i, step->act == PEER_RESET);
        return;
    case PEER_SILENT:
        return;
    }
}

/* Bytes of the first request; 0 while it is not complete. */
static size_t request_len(struct str input, bool is_at_headers)
{
    const char *end = memmem(input.ptr, input.len, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t headers = (size_t)(end - input.ptr) + 4;
    if (is_at_headers)
        return input.len;
    static const char name[] = "\r\nContent-Length: ";
    const char *length = memmem(input.ptr, headers, name, sizeof(name) - 1);
    size_t body = length == NULL ? 0 : strtoul(length + sizeof(name) - 1, NULL, 10);
    return input.len >= headers + body ? headers + body : 0;
}

static const struct client_peer_step *next_step(const struct client_peer *peer,
                                                size_t done)
{
    return &peer->steps[done < peer->step_count ? done : peer->step_count - 1];
}

static void remember(struct client_peer *peer, struct str request)
{
    char *copy = mem_new(request.len + 1);
    memcpy(copy, request.ptr, request.len);
    (void)pthread_mutex_lock(&peer->lock);
    mem_free(peer->last);
    peer->last = copy;
    peer->requests++;
    (void)pthread_cond_broadcast(&peer->changed);
    (void)pthread_mutex_unlock(&peer->lock);
}

static void read_place(struct client_peer *peer, size_t i)
{
    struct buf *input = &peer->inputs[i];
    char *room = buf_room(input, 65536);
    must(room != NULL, "request too large for client_peer");
    ssize_t len = recv(peer->places[i].fd, room, 65536, 0);
    if (len <= 0) {
        close_place(peer, i, false);
        return;
    }
    input->len += (size_t)len;
    const struct client_peer_step *step = next_step(peer, client_peer_requests(peer));
    size_t used = request_len(buf_str(input), step->at_headers);
    if (used == 0)
        return;
    remember(peer, str_sub(buf_str(input), 0, used));
    buf_clear(input); /* libcurl does not pipeline */
    act(peer, i, step);
}

static void accept_one(struct client_peer *peer)
{
    int fd = accept4(peer->places[1].fd, NULL, NULL, SOCK_CLOEXEC);
    must(fd >= 0, "accept");
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    size_t i = 2;
    while (i < PLACES && peer->places[i].fd >= 0)
        i++;
    must(i < PLACES, "too many connections for client_peer");
    peer->places[i] = (struct pollfd){.fd = fd, .events = POLLIN};
    (void)pthread_mutex_lock(&peer->lock);
    peer->connections++;
    (void)pthread_mutex_unlock(&peer->lock);
}

static void *serve(void *context)
{
    struct client_peer *peer = context;
    for (;;) {
        must(poll(peer->places, PLACES, -1) >= 0, "poll");
        if (peer->places[0].revents != 0)
            return NULL;
        for (size_t i = 2; i < PLACES; i++) {
            if (peer->places[i].fd >= 0 && peer->places[i].revents != 0)
                read_place(peer, i);
        }
        if (peer->places[1].revents != 0)
            accept_one(peer);
    }
}

static int open_listener(char *out_url, size_t room)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0, "socket");
    must(bind(fd, (struct sockaddr *)&address, len) == 0, "bind");
    must(listen(fd, CONNECTIONS_MAX) == 0, "listen");
    must(getsockname(fd, (struct sockaddr *)&address, &len) == 0, "getsockname");
    (void)snprintf(out_url, room, "http://127.0.0.1:%u", ntohs(address.sin_port));
    return fd;
}

struct client_peer *client_peer_new(const struct client_peer_step *steps, size_t count)
{
    struct client_peer *peer = mem_new(sizeof(*peer));
    peer->steps = steps;
    peer->step_count = count;
    for (size_t i = 0; i < PLACES; i++) {
        peer->places[i] = (struct pollfd){.fd = -1};
        buf_init(&peer->inputs[i], REQUEST_BYTES_MAX);
    }
    peer->stop = eventfd(0, EFD_CLOEXEC);
    must(peer->stop >= 0, "eventfd");
    peer->places[0] = (struct pollfd){.fd = peer->stop, .events = POLLIN};
    peer->places[1] = (struct pollfd){
        .fd = open_listener(peer->url, sizeof(peer->url)),
        .events = POLLIN,
    };
    must(pthread_mutex_init(&peer->lock, NULL) == 0, "mutex");
    must(pthread_cond_init(&peer->changed, NULL) == 0, "condition");
    must(pthread_create(&peer->thread, NULL, serve, peer) == 0, "thread");
    return peer;
}

void client_peer_free(struct client_peer *peer)
{
    if (peer == NULL)
        return;
    must(eventfd_write(peer->stop, 1) == 0, "eventfd_write");
    (void)pthread_join(peer->thread, NULL);
    for (size_t i = 0; i < PLACES; i++) {
        if (peer->places[i].fd >= 0)
            (void)close(peer->places[i].fd);
        buf_release(&peer->inputs[i]);
    }
    (void)pthread_cond_destroy(&peer->changed);
    (void)pthread_mutex_destroy(&peer->lock);
    mem_free(peer->last);
    mem_free(peer);
}

const char *client_peer_url(const struct client_peer *peer)
{
    return peer->url;
}

static size_t read_count(struct client_peer *peer, const size_t *count)
{
    (void)pthread_mutex_lock(&peer->lock);
    size_t value = *count;
    (void)pthread_mutex_unlock(&peer->lock);
    return value;
}

size_t client_peer_connections(struct client_peer *peer)
{
    return read_count(peer, &peer->connections);
}

size_t client_peer_requests(struct client_peer *peer)
{
    return read_count(peer, &peer->requests);
}

const char *client_peer_last(struct client_peer *peer)
{
    (void)pthread_mutex_lock(&peer->lock);
    const char *last = peer->last;
    (void)pthread_mutex_unlock(&peer->lock);
    return last;
}

static void wait_for(struct client_peer *peer, const size_t *count, size_t wanted)
{
    (void)pthread_mutex_lock(&peer->lock);
    while (*count < wanted)
        (void)pthread_cond_wait(&peer->changed, &peer->lock);
    (void)pthread_mutex_unlock(&peer->lock);
}

void client_peer_wait_closes(struct client_peer *peer, size_t count)
{
    wait_for(peer, &peer->closes, count);
}

void client_peer_wait_requests(struct client_peer *peer, size_t count)
{
    wait_for(peer, &peer->requests, count);
}
