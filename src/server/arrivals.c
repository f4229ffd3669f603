#include "internal.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/memory.h"

/* Connections taken in one go, so that a storm of them leaves room for requests. */
#define ACCEPT_BATCH 64
/* Out of descriptors or memory: how long until the next try. */
#define ACCEPT_PAUSE_MS 100

/* --- one connection ------------------------------------------------------- */

struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info->socket_context;
}

static void connection_free(struct connection *connection)
{
    struct loop *loop = connection->loop;
    deadline_clear(&loop->deadlines, &connection->deadline);
    if (connection->is_counted)
        peer_counts_remove(loop->listener->peers, &connection->peer);
    atomic_fetch_sub(&loop->listener->connections, 1);
    mem_free(connection);
}

static bool may_connect(struct connection *connection)
{
    struct listener *listener = connection->loop->listener;
    if (!connection->has_peer) {
        connection->is_trusted = networks_hold_unix(listener->trusted);
        return true;
    }
    connection->is_trusted = networks_hold(listener->trusted, &connection->peer);
    if (connection->is_trusted)
        return true;
    connection->is_counted = peer_counts_add(listener->peers, &connection->peer);
    return connection->is_counted;
}

/* One too many from its peer is closed without a word. */
static void connection_open(struct loop *loop, int fd, const struct sockaddr *address,
                            socklen_t address_len)
{
    struct connection *connection = mem_new(sizeof(*connection));
    connection->loop = loop;
    connection->fd = fd;
    connection->has_peer = peer_of_socket(address, &connection->peer);
    if (connection->has_peer)
        peer_format(&connection->peer, connection->peer_text);
    else
        (void)snprintf(connection->peer_text, sizeof(connection->peer_text), "unix");
    atomic_fetch_add(&loop->listener->connections, 1);
    if (!may_connect(connection)) {
        refusal_count(0);
        (void)close(fd);
        connection_free(connection);
        return;
    }
    loop->arriving = connection;
    (void)MHD_add_connection(loop->daemon, fd, address, address_len);
    if (loop->arriving != NULL) /* out of memory; libmicrohttpd has closed the socket */
        connection_free(TAKE(loop->arriving));
}

void connection_notify(void *context, struct MHD_Connection *mhd, void **socket_context,
                       enum MHD_ConnectionNotificationCode code)
{
    struct loop *loop = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct connection *connection = TAKE(loop->arriving);
        connection->mhd = mhd;
        *socket_context = connection;
        deadline_set(&loop->deadlines, &connection->deadline, DEADLINE_HEADERS,
                     server_now_ms());
        return;
    }
    struct connection *connection = *socket_context;
    if (connection->is_refused)
        linger_start(loop, connection->fd);
    connection_free(connection);
}

/* --- accepting ------------------------------------------------------------ */

static bool has_room(struct listener *listener)
{
    int64_t limit = listener->settings.connections;
    return limit == 0 || atomic_load(&listener->connections) < limit;
}

static void stop_watching(struct loop *loop)
{
    if (!loop->is_accepting)
        return;
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, loop->listener->listening.fd, NULL);
    loop->is_accepting = false;
}

/* The kernel keeps what waits; arrivals_review comes back to it. */
static void pause_accepting(struct loop *loop)
{
    stop_watching(loop);
    loop->accept_again_ms = server_now_ms() + ACCEPT_PAUSE_MS;
}

void arrivals_accept(struct loop *loop)
{
    struct listener *listener = loop->listener;
    for (int i = 0; i < ACCEPT_BATCH && has_room(listener); i++) {
        struct sockaddr_storage address = {0};
        socklen_t len = sizeof(address);
        int fd = accept4(listener->listening.fd, (struct sockaddr *)&address, &len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            connection_open(loop, fd, (const struct sockaddr *)&address, len);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            pause_accepting(loop);
            return;
        }
    }
}

void arrivals_review(struct loop *loop)
{
    if (loop->is_quiesced)
        return;
    if (!has_room(loop->listener)) {
        stop_watching(loop);
        loop->accept_again_ms = 0;
        return;
    }
    if (loop->is_accepting ||
        (loop->accept_again_ms != 0 && server_now_ms() < loop->accept_again_ms))
        return;
    /* Exclusive: an arrival wakes one of a listener's loops, not all. */
    loop->accept_again_ms = 0;
    loop->is_accepting = loop_watch(loop, loop->listener->listening.fd,
                                    EPOLLIN | EPOLLEXCLUSIVE, &loop->accept_watch);
    if (!loop->is_accepting)
        pause_accepting(loop);
}

void arrivals_stop(struct loop *loop)
{
    if (loop->is_quiesced)
        return;
    loop->is_quiesced = true;
    loop->accept_again_ms = 0;
    stop_watching(loop);
    if (atomic_fetch_sub(&loop->listener->accepting_loops, 1) == 1)
        listening_close(&loop->listener->listening);
}
