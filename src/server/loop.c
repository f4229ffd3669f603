#include "internal.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>
#include <linux/tcp.h>

#include "gateway/clock.h"

/* Of libmicrohttpd, per connection: request line, headers and a piece of body. It is
 * cleared on every request. Source: performance.md section 8, "MHD mode". */
#define CONNECTION_MEMORY_BYTES (16 * 1024)
#define LINGER_MS 2000
/* Answers under way are looked at this often: no peer outlives its span by more than
 * two of these. */
#define ANSWER_LOOK_MS 250
/* Of answers to a flood of strangers: each of their connections gets two a second. */
#define HOLD_MS 500
#define EVENTS_PER_STEP 64

int64_t server_now_ms(void)
{
    return clock_mono_us() / 1000;
}

/* --- opening ------------------------------------------------------------- */

bool loop_watch(const struct loop *loop, int fd, uint32_t events, struct watch *watch)
{
    struct epoll_event event = {.events = events, .data = {.ptr = watch}};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* MHD_run follows every wait, and so does the list of resumed requests, whatever it was
 * that ended it. */
static void nothing_to_do(struct watch *watch, struct loop *loop)
{
    (void)watch;
    (void)loop;
}

static void accept_ready(struct watch *watch, struct loop *loop)
{
    (void)watch;
    arrivals_accept(loop);
}

/* Paths and queries stay as they were sent: route.c decodes. */
static size_t keep_escapes(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context;
    (void)mhd;
    return strlen(text);
}

/*
 * libmicrohttpd runs without threads and without a listening socket: its own epoll
 * thread (0.9.75) hangs once 128 connections become ready together, and its own accept
 * stops listening, unasked, when descriptors run out. It answers by itself, in its own
 * words, what it cannot parse: 400, 413, 414, 431, 505; it offers no way to change
 * them.
 */
static struct MHD_Daemon *start_daemon(struct loop *loop)
{
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_CONNECTION_LIMIT,        (intptr_t)UINT_MAX,          NULL}, /* ours applies */
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES,     NULL},
        {MHD_OPTION_NOTIFY_CONNECTION,       (intptr_t)connection_notify, loop},
        {MHD_OPTION_NOTIFY_COMPLETED,        (intptr_t)wire_end,          loop},
        {MHD_OPTION_URI_LOG_CALLBACK,        (intptr_t)wire_begin,        loop},
        {MHD_OPTION_UNESCAPE_CALLBACK,       (intptr_t)keep_escapes,      NULL},
        {MHD_OPTION_END,                     0,                           NULL},
    };
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
        NULL, wire_advance, loop, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static enum status watch_all(struct loop *loop, struct error *err)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    /* By edge, each write to the eventfd is told once, and nobody needs to read it. */
    if (info == NULL ||
        !loop_watch(loop, info->epoll_fd, EPOLLIN, &loop->daemon_watch) ||
        !loop_watch(loop, loop->wake_fd, EPOLLIN | EPOLLET, &loop->wake_watch))
        return fail(err, STATUS_FAILED, "watch the server's descriptors: %s",
                    strerror(errno));
    return STATUS_OK;
}

static int64_t at_most(int64_t value, int64_t limit)
{
    return value < limit ? value : limit;
}

static void set_spans(struct deadlines *deadlines,
                      const struct listener_settings *settings)
{
    deadlines->span_ms[DEADLINE_HEADERS] = settings->header_ms;
    deadlines->span_ms[DEADLINE_IDLE] = settings->idle_ms;
    deadlines->span_ms[DEADLINE_BODY] = settings->body_ms;
    deadlines->span_ms[DEADLINE_STORED] = settings->stored_ms;
    deadlines->span_ms[DEADLINE_ANSWER] = at_most(settings->answer_ms, ANSWER_LOOK_MS);
    deadlines->span_ms[DEADLINE_HELD] = HOLD_MS;
    deadlines->span_ms[DEADLINE_LINGER] = LINGER_MS;
}

enum status loop_open(struct loop *loop, struct listener *listener, struct error *err)
{
    loop->listener = listener;
    atomic_fetch_add(&listener->accepting_loops, 1);
    loop->daemon_watch.ready = nothing_to_do;
    loop->wake_watch.ready = nothing_to_do;
    loop->accept_watch.ready = accept_ready;
    set_spans(&loop->deadlines, &listener->settings);
    random_seed(&loop->random, (uint64_t)clock_mono_us() ^ (uint64_t)(uintptr_t)loop);

    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->epoll_fd < 0 || loop->wake_fd < 0)
        return fail(err, STATUS_FAILED, "open the server's descriptors: %s",
                    strerror(errno));
    loop->daemon = start_daemon(loop);
    if (loop->daemon == NULL)
        return fail(err, STATUS_FAILED, "libmicrohttpd does not start");
    enum status status = watch_all(loop, err);
    if (status == STATUS_OK)
        arrivals_review(loop);
    return status;
}

void loop_wake(struct loop *loop)
{
    (void)eventfd_write(loop->wake_fd, 1);
}

/* --- deadlines ------------------------------------------------------------ */

/* Bytes of answers that the peer has not taken yet. */
static int bytes_waiting(int fd)
{
    int waiting = 0;
    return ioctl(fd, SIOCOUTQ, &waiting) == 0 ? waiting : 0;
}

/* Bytes the peer has taken so far; for unix sockets, bytes it has not taken yet. Both
 * stand still exactly when the peer does not read. */
static uint64_t answer_progress(int fd)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0)
        return info.tcpi_bytes_acked;
    return (uint64_t)bytes_waiting(fd);
}

/* libmicrohttpd sees the hang-up in its next run and ends request and connection. */
static void cut(const struct connection *connection)
{
    (void)shutdown(connection->fd, SHUT_RDWR);
}

/* Nobody reads: the kernel shall not keep what is left of the answer either. */
static void cut_hard(const struct connection *connection)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    cut(connection);
}

void loop_expect_taking(struct connection *connection)
{
    connection->moved_ms = server_now_ms();
    deadline_set(&connection->loop->deadlines, &connection->deadline, DEADLINE_ANSWER,
                 connection->moved_ms);
}

/* Whether it has left earlier answers where they are for longer than it may. */
static bool has_stopped_reading(struct connection *connection, int64_t now_ms)
{
    uint64_t mark = answer_progress(connection->fd);
    if (mark != connection->sent_mark || bytes_waiting(connection->fd) == 0)
        connection->moved_ms = now_ms;
    connection->sent_mark = mark;
    int64_t span_ms = connection->loop->listener->settings.answer_ms;
    return span_ms != 0 && now_ms - connection->moved_ms >= span_ms;
}

/* Unlike other answers, a stranger's does not begin the span anew: asking on is no
 * reading. */
static void give_to_stranger(struct connection *connection)
{
    struct deadlines *deadlines = &connection->loop->deadlines;
    int64_t now_ms = server_now_ms();
    deadline_clear(deadlines, &connection->deadline);
    if (has_stopped_reading(connection, now_ms))
        cut_hard(connection);
    else
        deadline_set(deadlines, &connection->deadline, DEADLINE_ANSWER, now_ms);
}

void loop_answer_stranger(struct connection *connection, bool is_flood)
{
    if (!is_flood) {
        give_to_stranger(connection);
        return;
    }
    deadline_set(&connection->loop->deadlines, &connection->deadline, DEADLINE_HELD,
                 server_now_ms());
    MHD_suspend_connection(connection->mhd);
}

static void release_answer(struct connection *connection)
{
    give_to_stranger(connection);
    MHD_resume_connection(connection->mhd);
}

/* At the end nobody waits for the sake of waiting. */
static void release_all_answers(struct loop *loop)
{
    struct deadline *first = NULL;
    while ((first = loop->deadlines.first[DEADLINE_HELD]) != NULL)
        release_answer(CONTAINER_OF(first, struct connection, deadline));
}

static void review_answer(struct loop *loop, struct connection *connection)
{
    int64_t now_ms = server_now_ms();
    uint64_t mark = answer_progress(connection->fd);
    if (mark != connection->sent_mark)
        connection->moved_ms = now_ms;
    connection->sent_mark = mark;
    if (now_ms - connection->moved_ms < loop->listener->settings.answer_ms) {
        deadline_set(&loop->deadlines, &connection->deadline, DEADLINE_ANSWER, now_ms);
        return;
    }
    cut_hard(connection);
}

static void expire(struct loop *loop, struct deadline *deadline)
{
    if (deadline->kind == DEADLINE_LINGER) {
        linger_expire(loop, deadline);
        return;
    }
    struct connection *connection = CONTAINER_OF(deadline, struct connection, deadline);
    if (deadline->kind == DEADLINE_STORED)
        request_finish(connection->request, true);
    else if (deadline->kind == DEADLINE_ANSWER)
        review_answer(loop, connection);
    else if (deadline->kind == DEADLINE_HELD)
        release_answer(connection);
    else
        cut(connection);
}

static void expire_all(struct loop *loop)
{
    int64_t now_ms = server_now_ms();
    struct deadline *due = NULL;
    while ((due = deadlines_take_due(&loop->deadlines, now_ms)) != NULL)
        expire(loop, due);
}

/* --- one step ------------------------------------------------------------- */

static int wait_ms(struct loop *loop, int64_t timeout_ms)
{
    int64_t next_ms = deadlines_next_ms(&loop->deadlines);
    if (loop->accept_again_ms != 0)
        next_ms = at_most(next_ms, loop->accept_again_ms);
    int64_t wait = loop->has_woken ? 0 : at_most(timeout_ms, INT_MAX);
    if (next_ms != INT64_MAX)
        wait = at_most(wait, next_ms - server_now_ms());

    MHD_UNSIGNED_LONG_LONG daemon_ms = 0;
    if (MHD_get_timeout(loop->daemon, &daemon_ms) == MHD_YES && daemon_ms < INT_MAX)
        wait = at_most(wait, (int64_t)daemon_ms);
    return wait < 0 ? 0 : (int)wait;
}

void loop_step(struct loop *loop, int64_t timeout_ms)
{
    struct epoll_event events[EVENTS_PER_STEP];
    int count =
        epoll_wait(loop->epoll_fd, events, EVENTS_PER_STEP, wait_ms(loop, timeout_ms));
    for (int i = 0; i < count; i++) {
        struct watch *watch = events[i].data.ptr;
        watch->ready(watch, loop);
    }
    if (atomic_load(&loop->listener->is_quiescing) && !loop->is_quiesced) {
        arrivals_accept(loop); /* the kernel has greeted them already */
        arrivals_stop(loop);
    }

    /* Answers first, so that nobody is told 503 whose work is done. The run behind both
     * sends them at once. */
    request_take_resumed(loop);
    expire_all(loop);
    if (loop->is_quiesced)
        release_all_answers(loop);
    loop->has_woken = false;
    (void)MHD_run(loop->daemon);
    arrivals_review(loop);
}

/* --- closing -------------------------------------------------------------- */

void loop_close(struct loop *loop)
{
    arrivals_stop(loop);
    request_take_resumed(loop);
    release_all_answers(loop);
    if (loop->daemon != NULL) {
        (void)MHD_run(loop->daemon); /* what was just answered may still go out */
        MHD_stop_daemon(loop->daemon);
    }
    linger_close_all(loop);
    request_free_pool(loop);
    if (loop->wake_fd >= 0)
        (void)close(loop->wake_fd);
    if (loop->epoll_fd >= 0)
        (void)close(loop->epoll_fd);
}
