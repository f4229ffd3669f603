/*
 * load: keeps a number of connections busy with signed partner webhooks and says how
 * many were answered 2xx, how fast, and with which latency. One thread; closed loop, or
 * with
 * --rate an open one whose latencies count from when a request was due.
 *
 *   load --target 127.0.0.1:8080 --path /webhooks/channels/acme --secret whsec_... \
 *        --connections 64 --seconds 3 --contacts 5000 --bytes 1024 [--source 127.0.2.1]
 */
#include "http.h"

#include "gateway/clock.h"
#include "gateway/crypto.h"
#include "gateway/memory.h"
#include "gateway/text.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LATENCY_BUCKETS 20000 /* of 10 us: up to 200 ms */
#define LATENCY_STEP_US 10

struct load {
    const char *target;
    const char *source;
    const char *path;
    struct hmac *hmac;
    int64_t contacts;
    int64_t bytes;
    int64_t run; /* makes ids of this run its own */
    int64_t sent;
    int64_t answered;
    int64_t refused;
    int64_t latencies[LATENCY_BUCKETS + 1];
};

struct connection {
    int fd;
    char in[BENCH_MESSAGE_BYTES];
    size_t in_len;
    struct buf out;
    size_t out_sent;
    int64_t started_us;
    int64_t answered;
};

static void sign(struct load *load, struct str id, struct str timestamp,
                 struct str body, char out[base64_encoded_size(SHA256_BYTES)])
{
    const struct str parts[] = {id, STR("."), timestamp, STR("."), body};
    uint8_t sum[SHA256_BYTES];
    struct error err;
    if (hmac_sum(load->hmac, parts, COUNT_OF(parts), sum, &err) != STATUS_OK)
        abort();
    base64_encode(sum, sizeof(sum), out);
}

static void add_body(const struct load *load, struct buf *body)
{
    int64_t contact = load->sent % load->contacts;
    buf_printf(body,
               "{\"type\":\"message.created\",\"timestamp\":\"2026-01-01T00:00:00Z\","
               "\"data\":{\"id\":\"m-%lld-%lld\",\"from\":{\"id\":\"contact-%lld\"},"
               "\"text\":\"",
               (long long)load->run, (long long)load->sent, (long long)contact);
    while ((int64_t)body->len < load->bytes - 3)
        buf_add_char(body, (char)('a' + (char)(body->len % 26)));
    buf_add(body, STR("\"}}"));
}

static void make_request(struct load *load, struct buf *out)
{
    char id[64];
    char timestamp[32];
    char signature[base64_encoded_size(SHA256_BYTES)];
    static struct buf body;
    if (body.ceiling == 0)
        buf_init(&body, BENCH_MESSAGE_BYTES);
    buf_clear(&body);
    add_body(load, &body);
    (void)snprintf(id, sizeof(id), "msg_%lld_%lld", (long long)load->run,
                   (long long)load->sent);
    (void)snprintf(timestamp, sizeof(timestamp), "%lld",
                   (long long)(clock_now().wall_ms / 1000));
    sign(load, str_of(id), str_of(timestamp), buf_str(&body), signature);
    buf_clear(out);
    buf_printf(out,
               "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
               "webhook-id: %s\r\nwebhook-timestamp: %s\r\nwebhook-signature: v1,%s\r\n"
               "Content-Length: %zu\r\n\r\n",
               load->path, id, timestamp, signature, body.len);
    buf_add(out, buf_str(&body));
    load->sent++;
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
    make_request(load, &connection->out);
    connection->out_sent = 0;
    connection->started_us = due_us;
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
    int64_t bucket = (clock_mono_us() - connection->started_us) / LATENCY_STEP_US;
    load->latencies[bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS]++;
    connection->in_len -= whole;
    memmove(connection->in, connection->in + whole, connection->in_len);
    return true;
}

static double percentile_ms(const struct load *load, double part)
{
    int64_t all = load->answered + load->refused;
    int64_t seen = 0;
    for (size_t i = 0; i <= LATENCY_BUCKETS; i++) {
        seen += load->latencies[i];
        if ((double)seen >= part * (double)all)
            return (double)(i + 1) * LATENCY_STEP_US / 1000.0;
    }
    return 0;
}

/* Those that may send stand in a ring, so that all have their turn. */
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

static void pool_open(struct pool *pool, struct load *load, size_t count)
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

/* Sends what is due; returns ms until the next one is (-1: when an answer comes). */
static int send_due(struct pool *pool, struct load *load, double rate, int64_t start_us)
{
    while (pool->idle_count > 0) {
        int64_t now_us = clock_mono_us();
        int64_t due_us = now_us;
        if (rate > 0)
            due_us = start_us + (int64_t)((double)load->sent / rate * 1e6);
        if (due_us > now_us)
            return (int)((due_us - now_us) / 1000) + 1;
        next_request(load, pool_take(pool), due_us);
    }
    return -1;
}

static void run(struct load *load, struct pool *pool, double rate, int64_t seconds)
{
    struct epoll_event events[256];
    int64_t start_us = clock_mono_us();
    int64_t end_us = start_us + seconds * 1000000;

    while (clock_mono_us() < end_us) {
        int wait = send_due(pool, load, rate, start_us);
        int count = epoll_wait(pool->epoll, events, COUNT_OF(events),
                               wait < 0 || wait > 100 ? 100 : wait);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            push(connection);
            if (pull(load, connection))
                pool_give(pool, connection);
        }
    }
}

int main(int argc, char **argv)
{
    struct load load = {
        .target = bench_option(argc, argv, "--target", "127.0.0.1:8080"),
        .source = bench_option(argc, argv, "--source", NULL),
        .path = bench_option(argc, argv, "--path", "/webhooks/channels/acme"),
        .contacts = bench_number(argc, argv, "--contacts", 5000),
        .bytes = bench_number(argc, argv, "--bytes", 1024),
        .run = clock_mono_us(),
    };
    const char *secret = bench_option(
        argc, argv, "--secret", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
    int64_t seconds = bench_number(argc, argv, "--seconds", 3);
    int64_t rate = bench_number(argc, argv, "--rate", 0);
    uint8_t key[256];
    size_t key_len = 0;
    struct error err;
    struct pool pool = {0};

    if (!base64_decode(str_of(secret + strlen("whsec_")), key, sizeof(key), &key_len) ||
        hmac_new(str_from(key, key_len), &load.hmac, &err) != STATUS_OK) {
        (void)fputs("not a secret\n", stderr);
        return 64;
    }
    pool_open(&pool, &load, (size_t)bench_number(argc, argv, "--connections", 64));
    run(&load, &pool, (double)rate, seconds);
    (void)printf(
        "{\"answered\":%lld,\"refused\":%lld,\"per_second\":%.0f,\"p50_ms\":%.2f,"
        "\"p99_ms\":%.2f,\"max_ms\":%.2f,\"least\":%lld,\"cpu_s\":%.2f}\n",
        (long long)load.answered, (long long)load.refused,
        (double)load.answered / (double)seconds, percentile_ms(&load, 0.5),
        percentile_ms(&load, 0.99), percentile_ms(&load, 1),
        (long long)pool_least(&pool), bench_cpu_s());
    hmac_free(load.hmac);
    return load.refused > 0;
}
