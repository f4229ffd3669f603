/*
 * load: keeps a number of connections busy with signed webhooks and says how many were
 * answered 2xx, how fast, and with which latency. One thread. Closed loop; or with
 * --rate an open one, which sleeps until the next is due and whose latencies count from
 * then, whether or not a connection was free.
 *
 *   load --target 127.0.0.1:8080 [--kind inbound|outbound] [--path PATH]
 *        [--connections 64] [--seconds 3 | --messages N] [--rate N] [--contacts 5000]
 *        [--bytes 1024] [--source 127.0.2.1]
 */
#include "histogram.h"
#include "http.h"
#include "webhooks.h"

#include "gateway/clock.h"
#include "gateway/memory.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct load {
    const char *target;
    const char *source; /* NULL: whichever */
    struct webhooks webhooks;
    int64_t end_us;   /* when to stop */
    int64_t messages; /* or after so many answers */
    int64_t rate;     /* a second; 0: as fast as answers come */
    int64_t start_us;
    int64_t answered;
    int64_t refused;
    struct histogram latencies;
};

struct connection {
    int fd;
    char in[BENCH_MESSAGE_BYTES];
    size_t in_len;
    struct buf out;
    size_t out_sent;
    int64_t due_us;
    int64_t answered;
};

/* Those that may send stand in a ring, so that each has its turn: no server may take
 * one for idle, nor forget one unnoticed. */
struct pool {
    struct connection *all;
    struct connection **idle;
    size_t count;
    size_t idle_first;
    size_t idle_count;
    int epoll;
};

static void pool_give(struct pool *pool, struct connection *connection)
{
    pool->idle[(pool->idle_first + pool->idle_count++) % pool->count] = connection;
}

static struct connection *pool_take(struct pool *pool)
{
    struct connection *connection = pool->idle[pool->idle_first];
    pool->idle_first = (pool->idle_first + 1) % pool->count;
    pool->idle_count--;
    return connection;
}

/* Answers on the connection that got the fewest. */
static int64_t pool_least(const struct pool *pool)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < pool->count; i++)
        least = pool->all[i].answered < least ? pool->all[i].answered : least;
    return least;
}

static void push(struct connection *connection)
{
    while (connection->out_sent < connection->out.len) {
        ssize_t n = send(connection->fd, connection->out.ptr + connection->out_sent,
                         connection->out.len - connection->out_sent, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        connection->out_sent += (size_t)n;
    }
}

static void next_request(struct load *load, struct connection *connection,
                         int64_t due_us)
{
    webhooks_make(&load->webhooks, due_us, &connection->out);
    connection->out_sent = 0;
    connection->due_us = due_us;
    push(connection);
}

/* True when an answer is complete. */
static bool pull(struct load *load, struct connection *connection)
{
    size_t body = 0;
    ssize_t n = recv(connection->fd, connection->in + connection->in_len,
                     sizeof(connection->in) - connection->in_len, 0);
    if (n == 0) {
        (void)fputs("the server closed a connection\n", stderr);
        exit(1);
    }
    if (n < 0)
        return false;
    connection->in_len += (size_t)n;
    size_t whole = bench_message_bytes(connection->in, connection->in_len, &body);
    if (whole == 0)
        return false;
    connection->answered++;
    if (connection->in[9] == '2')
        load->answered++;
    else
        load->refused++;
    histogram_add(&load->latencies, clock_mono_us() - connection->due_us);
    connection->in_len -= whole;
    memmove(connection->in, connection->in + whole, connection->in_len);
    return true;
}

static void pool_open(struct pool *pool, const struct load *load, size_t count)
{
    pool->all = mem_new_array(count, sizeof(struct connection));
    pool->idle = mem_new_array(count, sizeof(struct connection *));
    pool->count = count;
    pool->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < count; i++) {
        struct connection *connection = &pool->all[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        connection->fd = load->source == NULL
                             ? bench_connect(load->target)
                             : bench_connect_from(load->source, load->target, 0);
        buf_init(&connection->out, BENCH_MESSAGE_BYTES);
        (void)epoll_ctl(pool->epoll, EPOLL_CTL_ADD, connection->fd, &event);
        pool_give(pool, connection);
    }
}

static void pool_close(struct pool *pool)
{
    for (size_t i = 0; i < pool->count; i++) {
        (void)close(pool->all[i].fd);
        buf_release(&pool->all[i].out);
    }
    (void)close(pool->epoll);
    mem_free(pool->all);
    mem_free(pool->idle);
}

static int64_t due_of(const struct load *load, int64_t number, int64_t now_us)
{
    if (load->rate == 0)
        return now_us;
    return load->start_us + (int64_t)((double)number / (double)load->rate * 1e6);
}

/* Sends what is due. Returns microseconds until the next; -1: when an answer comes. */
static int64_t send_due(struct pool *pool, struct load *load)
{
    while (pool->idle_count > 0) {
        int64_t now_us = clock_mono_us();
        int64_t due_us = due_of(load, load->webhooks.made, now_us);
        if (due_us > now_us)
            return due_us - now_us;
        if (load->messages > 0 && load->webhooks.made == load->messages)
            return -1;
        next_request(load, pool_take(pool), due_us);
    }
    return -1;
}

static bool is_over(const struct load *load)
{
    if (load->messages > 0)
        return load->answered + load->refused >= load->messages;
    return clock_mono_us() >= load->end_us;
}

static int wait_for(const struct pool *pool, struct epoll_event *events, int count,
                    int64_t wait_us)
{
    const int64_t longest_us = 100 * 1000;
    if (wait_us < 0 || wait_us > longest_us)
        wait_us = longest_us;
    const struct timespec wait = {.tv_nsec = (long)wait_us * 1000};
    return epoll_pwait2(pool->epoll, events, count, &wait, NULL);
}

static void run(struct load *load, struct pool *pool)
{
    struct epoll_event events[256];
    while (!is_over(load)) {
        int64_t wait_us = send_due(pool, load);
        int count = wait_for(pool, events, COUNT_OF(events), wait_us);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            push(connection);
            if (pull(load, connection))
                pool_give(pool, connection);
        }
    }
}

static void report(const struct load *load, const struct pool *pool)
{
    double seconds = (double)(clock_mono_us() - load->start_us) / 1e6;
    (void)printf("{\"answered\":%lld,\"refused\":%lld,\"per_second\":%.0f,"
                 "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"least\":%lld,"
                 "\"cpu_s\":%.2f}\n",
                 (long long)load->answered, (long long)load->refused,
                 (double)load->answered / seconds, histogram_ms(&load->latencies, 0.5),
                 histogram_ms(&load->latencies, 0.99),
                 histogram_ms(&load->latencies, 1), (long long)pool_least(pool),
                 bench_cpu_s());
}

int main(int argc, char **argv)
{
    static struct load load;
    struct pool pool = {0};
    size_t connections = (size_t)bench_number(argc, argv, "--connections", 64);

    load.target = bench_option(argc, argv, "--target", "127.0.0.1:8080");
    load.source = bench_option(argc, argv, "--source", NULL);
    load.messages = bench_number(argc, argv, "--messages", 0);
    load.rate = bench_number(argc, argv, "--rate", 0);
    webhooks_init(&load.webhooks, argc, argv);
    pool_open(&pool, &load, connections);
    load.start_us = clock_mono_us();
    load.end_us = load.start_us + bench_number(argc, argv, "--seconds", 3) * 1000000;
    run(&load, &pool);
    report(&load, &pool);
    webhooks_release(&load.webhooks);
    pool_close(&pool);
    return load.refused > 0;
}
