#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/memory.h"

/* Beyond it the next ones are closed hard: a flood of refused uploads costs no more. */
#define LINGER_MAX 64
/* Read per wake-up and dropped. */
#define LINGER_READ_BYTES (64 * 1024)

struct linger_watch {
    struct watch watch;
    struct deadline deadline;
    int fd;
};

static void linger_free(struct loop *loop, struct linger_watch *linger)
{
    deadline_clear(&loop->deadlines, &linger->deadline);
    (void)close(linger->fd);
    mem_free(linger);
    loop->linger_count--;
}

static void linger_ready(struct watch *watch, struct loop *loop)
{
    struct linger_watch *linger = CONTAINER_OF(watch, struct linger_watch, watch);
    char dropped[LINGER_READ_BYTES];
    ssize_t len = recv(linger->fd, dropped, sizeof(dropped), 0);
    if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
        linger_free(loop, linger);
}

void linger_start(struct loop *loop, int fd)
{
    if (loop->linger_count == LINGER_MAX)
        return;
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0)
        return;
    struct linger_watch *linger = mem_new(sizeof(*linger));
    linger->fd = own;
    linger->watch.ready = linger_ready;
    loop->linger_count++;
    deadline_set(&loop->deadlines, &linger->deadline, DEADLINE_LINGER, server_now_ms());
    if (!loop_watch(loop, own, EPOLLIN | EPOLLRDHUP, &linger->watch))
        linger_free(loop, linger);
}

void linger_expire(struct loop *loop, struct deadline *deadline)
{
    linger_free(loop, CONTAINER_OF(deadline, struct linger_watch, deadline));
}

void linger_close_all(struct loop *loop)
{
    while (loop->deadlines.first[DEADLINE_LINGER] != NULL)
        linger_expire(loop, loop->deadlines.first[DEADLINE_LINGER]);
}
