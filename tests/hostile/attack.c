/*
 * attack: keeps many hostile connections to a listener, from 127.0.1.0/24, and looks
 * when each is closed. One thread.
 *
 *   attack --target 127.0.0.1:8080 --path /webhooks/channels/acme --connections 2000 \
 *          --seconds 20 --header-ms 2000 --body-ms 3000 --idle-ms 2000 --answer-ms 2000
 *          [--only "body drip"]
 *
 * A client that was closed comes again until the seconds are over; then all that have a
 * deadline are waited for. Prints a table and fails when a connection lived longer than
 * its deadline and a second, or anything was answered 2xx.
 */
#include "attack.h"

#include "bench/http.h"
#include "gateway/clock.h"
#include "gateway/memory.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define GRACE_MS 1000
#define TICK_MS 20
#define DRIP_MS 250
#define RESET_MS 150
/* Behind a close, until the client comes again. */
#define REOPEN_MS 200
#define SOURCES 250
#define READ_BYTES (64 * 1024)
/* So that answers nobody reads fill both sides' buffers soon. */
#define DEAF_BUFFER_BYTES 4096
/* Events taken before the time is looked at again. */
#define BATCHES_MAX 8

struct client {
    const struct kind *kind;
    unsigned number;
    unsigned turn;
    int fd; /* -1: closed */
    bool is_connected;
    bool has_then;
    bool is_half_closed;
    bool is_late; /* said once a connection */
    struct buf out;
    size_t sent;
    unsigned answers_left; /* of a flood's batch */
    int64_t connected_ms;
    int64_t since_ms; /* when the deadline began; 0: not yet */
    int waiting;      /* bytes of answers that were never read */
    int64_t next_ms;  /* of the drip, the hanging up, or the next connection */
    char head[16];    /* how the answer begins */
    size_t head_len;
    struct buf in; /* of a flood: answers not yet complete */
};

struct tally {
    int64_t opened;
    int64_t closed; /* by the server */
    int64_t late;
    int64_t answered[6]; /* by the first digit of the status */
    int64_t longest_ms;  /* of those closed, since their deadline began */
};

struct attack {
    const char *address;
    struct target target;
    int64_t span_ms[CLOCKS];
    int epoll;
    struct client *clients;
    size_t count;
    struct tally *tallies; /* one a kind */
    int64_t failed_connects;
    int64_t longest_tick_ms; /* how late we are ourselves */
    bool is_ending;
};

static int64_t now_ms(void)
{
    return clock_mono_us() / 1000;
}

static struct tally *tally_of(struct attack *attack, const struct client *client)
{
    return &attack->tallies[client->kind - kinds];
}

/* ---- one connection ---- */

static void open_client(struct attack *attack, struct client *client)
{
    unsigned source =
        client->kind->is_one_address ? SOURCES + 1 : 1 + client->number % SOURCES;
    char address[32];
    (void)snprintf(address, sizeof(address), "127.0.1.%u", source);
    client->fd = bench_connect_from(address, attack->address,
                                    client->kind->is_greedy ? DEAF_BUFFER_BYTES : 0);
    if (client->fd < 0) {
        attack->failed_connects++;
        return;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = client};
    (void)epoll_ctl(attack->epoll, EPOLL_CTL_ADD, client->fd, &event);
    client->is_connected = false;
    client->has_then = false;
    client->is_half_closed = false;
    client->is_late = false;
    client->sent = 0;
    client->since_ms = 0;
    client->waiting = 0;
    client->head_len = 0;
    client->answers_left = 0;
    buf_clear(&client->out);
    buf_clear(&client->in);
    client->kind->first(&attack->target, client->turn++, &client->out);
    tally_of(attack, client)->opened++;
}

static void close_client(struct client *client)
{
    (void)close(client->fd);
    client->fd = -1;
    client->next_ms = now_ms() + REOPEN_MS;
}

static void note_closed(struct attack *attack, struct client *client)
{
    struct tally *tally = tally_of(attack, client);
    tally->closed++;
    if (client->since_ms > 0) {
        int64_t lived_ms = now_ms() - client->since_ms;
        if (lived_ms > tally->longest_ms)
            tally->longest_ms = lived_ms;
    }
    close_client(client);
}

/* Whether it still has something to send that the server's deadline waits for. */
static void start_clock(struct client *client, enum clock clock)
{
    if (client->kind->clock == clock)
        client->since_ms = now_ms();
}

/* False: the socket takes no more. */
static bool send_out(struct client *client)
{
    while (client->sent < client->out.len) {
        ssize_t n = send(client->fd, client->out.ptr + client->sent,
                         client->out.len - client->sent, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        client->sent += (size_t)n;
    }
    return true;
}

static void push(struct client *client)
{
    while (send_out(client) && client->kind->is_greedy)
        client->sent = 0; /* again, as long as it takes them */
    if (client->sent < client->out.len)
        return;
    if (client->since_ms == 0) {
        start_clock(client, CLOCK_BODY);
        start_clock(client, CLOCK_AT_ONCE);
    }
    if (client->kind->half_closes && !client->is_half_closed) {
        client->is_half_closed = true;
        (void)shutdown(client->fd, SHUT_WR);
    }
}

static void say(struct client *client, const char *text, unsigned times)
{
    if (client->sent == client->out.len) {
        buf_clear(&client->out);
        client->sent = 0;
    }
    if (client->out.len > READ_BYTES)
        return; /* the server does not take it */
    for (unsigned i = 0; i < times; i++)
        buf_add(&client->out, str_of(text));
    push(client);
}

static void connected(struct client *client)
{
    client->is_connected = true;
    client->connected_ms = now_ms();
    client->next_ms =
        client->connected_ms + (client->kind->resets ? RESET_MS : DRIP_MS);
    client->answers_left = client->kind->answers == 0 ? 1 : client->kind->answers;
    start_clock(client, CLOCK_HEADER);
}

/* ---- answers ---- */

static void heard(struct attack *attack, struct client *client, char digit)
{
    if (digit >= '1' && digit <= '5')
        tally_of(attack, client)->answered[digit - '0']++;
    start_clock(client, CLOCK_IDLE);
    if (client->kind->then != NULL && !client->has_then) {
        client->has_then = true;
        say(client, client->kind->then, 1);
    }
}

static void take_flood(struct attack *attack, struct client *client, struct str bytes)
{
    buf_add(&client->in, bytes);
    size_t body = 0;
    size_t whole = 0;
    while ((whole = bench_message_bytes(client->in.ptr, client->in.len, &body)) > 0) {
        heard(attack, client, client->in.ptr[9]);
        client->in.len -= whole;
        memmove(client->in.ptr, client->in.ptr + whole, client->in.len);
        if (--client->answers_left > 0 || attack->is_ending)
            continue;
        client->answers_left = client->kind->answers == 0 ? 1 : client->kind->answers;
        client->sent = 0;
        push(client);
    }
}

static void take_head(struct attack *attack, struct client *client, struct str bytes)
{
    size_t room = sizeof(client->head) - client->head_len;
    size_t len = bytes.len < room ? bytes.len : room;
    bool was_short = client->head_len < 12;
    memcpy(client->head + client->head_len, bytes.ptr, len);
    client->head_len += len;
    if (was_short && client->head_len >= 12)
        heard(attack, client, client->head[9]);
}

/* False: closed. */
static bool pull(struct attack *attack, struct client *client)
{
    static char bytes[READ_BYTES];
    for (;;) {
        ssize_t n = recv(client->fd, bytes, sizeof(bytes), 0);
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0)
            return false;
        if (client->kind->floods)
            take_flood(attack, client, str_from(bytes, (size_t)n));
        else
            take_head(attack, client, str_from(bytes, (size_t)n));
    }
}

/* ---- all of them ---- */

static void on_event(struct attack *attack, struct client *client, uint32_t events)
{
    if (client->fd < 0)
        return; /* closed by an event before this one */
    if (!client->is_connected && (events & EPOLLOUT) != 0 && (events & EPOLLERR) == 0)
        connected(client);
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        if (!client->kind->is_deaf)
            (void)pull(attack, client);
        note_closed(attack, client);
        return;
    }
    if ((events & EPOLLOUT) != 0)
        push(client);
    if (client->kind->is_deaf) {
        if ((events & EPOLLRDHUP) != 0)
            note_closed(attack, client);
        return;
    }
    if ((events & (EPOLLIN | EPOLLRDHUP)) != 0 && !pull(attack, client))
        note_closed(attack, client);
}

static void hang_up(struct client *client)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
    close_client(client);
}

/* Whether the server has closed, though we may not have got round to it yet. */
static bool has_ended(const struct client *client)
{
    struct pollfd ended = {.fd = client->fd, .events = POLLRDHUP};
    return poll(&ended, 1, 0) > 0;
}

/* The kernel takes answers until its buffer is full. */
static void look_at_buffer(struct client *client)
{
    int waiting = 0;
    if (ioctl(client->fd, FIONREAD, &waiting) == 0 && waiting > client->waiting) {
        start_clock(client, CLOCK_ANSWER);
        start_clock(client, CLOCK_IDLE);
    }
    client->waiting = waiting;
}

static void tick(struct attack *attack, struct client *client, int64_t now)
{
    const struct kind *kind = client->kind;
    int64_t span_ms = attack->span_ms[kind->clock];
    if (client->fd < 0 && !attack->is_ending && now >= client->next_ms)
        open_client(attack, client);
    if (client->fd < 0 || !client->is_connected)
        return;
    if (kind->is_deaf)
        look_at_buffer(client);
    if (kind->clock != CLOCK_NONE && client->since_ms > 0 && !client->is_late &&
        now > client->since_ms + span_ms + GRACE_MS && !has_ended(client)) {
        client->is_late = true;
        tally_of(attack, client)->late++;
    }
    if (now < client->next_ms)
        return;
    client->next_ms = now + DRIP_MS;
    if (kind->resets)
        hang_up(client);
    else if (kind->is_greedy)
        push(client);
    else if (kind->drip != NULL && (kind->then == NULL || client->has_then))
        say(client, kind->drip, kind->drip_times == 0 ? 1 : kind->drip_times);
}

static void step(struct attack *attack, int64_t *next_tick)
{
    struct epoll_event events[256];
    int count = COUNT_OF(events);
    for (int batch = 0; batch < BATCHES_MAX && count == COUNT_OF(events); batch++) {
        count = epoll_wait(attack->epoll, events, COUNT_OF(events), TICK_MS);
        for (int i = 0; i < count; i++)
            on_event(attack, events[i].data.ptr, events[i].events);
    }
    int64_t now = now_ms();
    if (now < *next_tick)
        return;
    if (now - *next_tick > attack->longest_tick_ms)
        attack->longest_tick_ms = now - *next_tick;
    *next_tick = now + TICK_MS;
    for (size_t i = 0; i < attack->count; i++)
        tick(attack, &attack->clients[i], now);
}

static size_t count_waited_for(const struct attack *attack)
{
    size_t count = 0;
    for (size_t i = 0; i < attack->count; i++)
        count +=
            attack->clients[i].fd >= 0 && attack->clients[i].kind->clock != CLOCK_NONE;
    return count;
}

static void run(struct attack *attack, int64_t seconds)
{
    int64_t next_tick = now_ms();
    int64_t end = next_tick + seconds * 1000;
    while (now_ms() < end)
        step(attack, &next_tick);

    attack->is_ending = true;
    int64_t longest = 0;
    for (size_t i = 0; i < CLOCKS; i++)
        longest = attack->span_ms[i] > longest ? attack->span_ms[i] : longest;
    end = now_ms() + longest + 2 * (int64_t)GRACE_MS;
    while (count_waited_for(attack) > 0 && now_ms() < end)
        step(attack, &next_tick);
    for (size_t i = 0; i < attack->count; i++) {
        struct client *client = &attack->clients[i];
        if (client->fd >= 0)
            close_client(client);
        buf_release(&client->out);
        buf_release(&client->in);
    }
}

static bool is_kind(const char *name)
{
    for (size_t i = 0; i < kind_count; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return true;
    }
    return false;
}

/* With `only`, all are of that kind. */
static void make_clients(struct attack *attack, size_t count, const char *only)
{
    attack->clients = mem_new_array(count, sizeof(struct client));
    attack->tallies = mem_new_array(kind_count, sizeof(struct tally));
    attack->count = count;
    size_t kind = 0;
    size_t left = kinds[0].share;
    for (size_t i = 0; i < count; i++) {
        struct client *client = &attack->clients[i];
        while (left == 0 || (only != NULL && strcmp(kinds[kind].name, only) != 0)) {
            kind = (kind + 1) % kind_count;
            left = kinds[kind].share;
        }
        left--;
        client->kind = &kinds[kind];
        client->number = (unsigned)i;
        client->fd = -1;
        buf_init(&client->out, (size_t)16 * 1024 * 1024);
        buf_init(&client->in, (size_t)4 * 1024 * 1024);
    }
}

/* ---- the table ---- */

static int64_t print_table(const struct attack *attack)
{
    int64_t bad = 0;
    (void)printf("%-28s %7s %7s %5s %9s %9s %6s %6s %6s\n", "kind", "opened", "closed",
                 "late", "deadline", "longest", "2xx", "4xx", "5xx");
    for (size_t i = 0; i < kind_count; i++) {
        const struct tally *tally = &attack->tallies[i];
        char deadline[32] = "-";
        if (kinds[i].clock != CLOCK_NONE)
            (void)snprintf(deadline, sizeof(deadline), "%lld ms",
                           (long long)attack->span_ms[kinds[i].clock]);
        (void)printf("%-28s %7lld %7lld %5lld %9s %6lld ms %6lld %6lld %6lld\n",
                     kinds[i].name, (long long)tally->opened, (long long)tally->closed,
                     (long long)tally->late, deadline, (long long)tally->longest_ms,
                     (long long)tally->answered[2], (long long)tally->answered[4],
                     (long long)tally->answered[5]);
        bad += tally->late + tally->answered[2];
    }
    (void)printf("connections refused: %lld; longest delay of the attackers' own loop: "
                 "%lld ms\n",
                 (long long)attack->failed_connects,
                 (long long)attack->longest_tick_ms);
    return bad;
}

int main(int argc, char **argv)
{
    struct attack attack = {
        .address = bench_option(argc, argv, "--target", "127.0.0.1:8080"),
        .target = {.path =
                       bench_option(argc, argv, "--path", "/webhooks/channels/acme"),
                   .body_max = bench_number(argc,      argv, "--body-bytes", 1024 * 1024)},
        .span_ms = { [CLOCK_HEADER] = bench_number(argc, argv, "--header-ms", 10000),
                   [CLOCK_BODY] = bench_number(argc, argv, "--body-ms", 20000),
                   [CLOCK_IDLE] = bench_number(argc, argv, "--idle-ms", 75000),
                   [CLOCK_ANSWER] = bench_number(argc, argv, "--answer-ms", 30000)},
        .epoll = epoll_create1(EPOLL_CLOEXEC),
    };
    const char *only = bench_option(argc, argv, "--only", NULL);
    if (only != NULL && !is_kind(only)) {
        (void)fprintf(stderr, "there is no kind \"%s\"\n", only);
        return 64;
    }
    make_clients(&attack, (size_t)bench_number(argc, argv, "--connections", 500), only);
    run(&attack, bench_number(argc, argv, "--seconds", 20));
    int64_t bad = print_table(&attack);
    size_t left = count_waited_for(&attack);
    mem_free(attack.clients);
    mem_free(attack.tallies);
    return bad > 0 || left > 0;
}
