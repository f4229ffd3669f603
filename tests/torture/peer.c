#include "peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plain.h"
#include "support/must.h"

#include "gateway/memory.h"

#define CONNECTIONS 16
#define REQUEST_BYTES (4u * 1024 * 1024)
#define TOLD_MAX 256

struct connection {
    int fd; /* -1: free */
    struct buf input;
};

/* A request as it is told, and the act that it gets for good (-1: none). */
struct told {
    char *line;
    int lasting;
};

/* What outlives the gateway. */
struct peer_memory {
    struct peer_act acts[PEER_TARGETS][PEER_ACTS_MAX];
    size_t next[PEER_TARGETS];
    struct told told[TOLD_MAX]; /* sorted, each once */
    size_t told_count;
};

struct peer {
    int listener;
    unsigned port;
    struct connection connections[CONNECTIONS];
    struct peer_memory memory;
    size_t count;
};

/* --- listening ---------------------------------------------------------------- */

static void listen_on_loopback(struct peer *peer)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)peer->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof(address);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    must(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, strerror(errno));
    must(listen(fd, CONNECTIONS) == 0, strerror(errno));
    must(getsockname(fd, (struct sockaddr *)&address, &len) == 0, strerror(errno));
    peer->port = ntohs(address.sin_port);
    peer->listener = fd;
}

struct peer *peer_new(void)
{
    struct peer *peer = mem_new(sizeof(*peer));
    for (size_t i = 0; i < CONNECTIONS; i++)
        peer->connections[i].fd = -1;
    listen_on_loopback(peer);
    return peer;
}

static void hang_up(struct connection *connection, bool is_reset)
{
    const struct linger at_once = {.l_onoff = 1};
    if (connection->fd < 0)
        return;
    if (is_reset)
        (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once,
                         sizeof(at_once));
    (void)close(connection->fd);
    connection->fd = -1;
    buf_release(&connection->input);
}

static void forget(struct peer_memory *memory)
{
    while (memory->told_count > 0)
        mem_free(memory->told[--memory->told_count].line);
}

static void copy_memory(struct peer_memory *to, const struct peer_memory *from)
{
    forget(to);
    *to = *from;
    for (size_t i = 0; i < from->told_count; i++)
        to->told[i].line = mem_copy_string(from->told[i].line);
}

struct peer_memory *peer_remember(const struct peer *peer)
{
    struct peer_memory *memory = mem_new(sizeof(*memory));
    copy_memory(memory, &peer->memory);
    return memory;
}

void peer_recall(struct peer *peer, const struct peer_memory *memory)
{
    copy_memory(&peer->memory, memory);
}

void peer_memory_free(struct peer_memory *memory)
{
    if (memory == NULL)
        return;
    forget(memory);
    mem_free(memory);
}

void peer_free(struct peer *peer)
{
    if (peer == NULL)
        return;
    for (size_t i = 0; i < CONNECTIONS; i++)
        hang_up(&peer->connections[i], true);
    (void)close(peer->listener);
    forget(&peer->memory);
    mem_free(peer);
}

unsigned peer_port(const struct peer *peer)
{
    return peer->port;
}

void peer_script(struct peer *peer, enum peer_target target,
                 const struct peer_act acts[PEER_ACTS_MAX])
{
    memcpy(peer->memory.acts[target], acts, sizeof(peer->memory.acts[target]));
    peer->memory.next[target] = 0;
}

void peer_begin(struct peer *peer)
{
    static const struct peer_act defaults[PEER_ACTS_MAX];
    for (size_t i = 0; i < CONNECTIONS; i++)
        hang_up(&peer->connections[i], true);
    for (int i = 0; i < PEER_TARGETS; i++)
        peer_script(peer, (enum peer_target)i, defaults);
    forget(&peer->memory);
    peer->count = 0;
}

/* What was read of one request. */
struct request_view {
    struct str path;
    struct str headers; /* lines */
    struct str body;
    size_t bytes;
};

/* --- what it was told ------------------------------------------------------------ */

/* Finds it among the sorted, or puts it there. NULL: there is no room. Takes the line.
 */
static struct told *keep(struct peer_memory *memory, char *line)
{
    size_t at = 0;
    int order = 1;
    while (at < memory->told_count && (order = strcmp(memory->told[at].line, line)) < 0)
        at++;
    if (order == 0 || memory->told_count == TOLD_MAX) {
        mem_free(line);
        return order == 0 ? &memory->told[at] : NULL;
    }
    memmove(&memory->told[at + 1], &memory->told[at],
            (memory->told_count - at) * sizeof(memory->told[0]));
    memory->told[at] = (struct told){line, -1};
    memory->told_count++;
    return &memory->told[at];
}

/* Their names: none may be lost. */
static void add_header_names(struct buf *out, struct str headers)
{
    buf_add_char(out, '[');
    while (headers.len > 0) {
        struct str line = str_cut(&headers, '\n');
        buf_add(out, str_cut(&line, ':'));
        buf_add_char(out, headers.len > 0 ? ' ' : ']');
    }
}

static struct told *note(struct peer *peer, enum peer_target target,
                         const struct request_view *request)
{
    static const char *const names[PEER_TARGETS] = {"token", "genesys", "partner"};
    struct buf line;
    buf_init(&line, REQUEST_BYTES);
    buf_printf(&line, "%s ", names[target]);
    plain_add(&line, request->path);
    buf_add_char(&line, ' ');
    plain_add(&line, request->body);
    add_header_names(&line, request->headers);
    peer->count++;
    return keep(&peer->memory, buf_take(&line));
}

/* Tokens are asked for as often as needed; typing lives in memory only. */
static bool is_passing(const char *line)
{
    return str_starts(str_of(line), STR("token")) || strstr(line, "yping") != NULL;
}

void peer_told(const struct peer *peer, struct buf *out)
{
    for (size_t i = 0; i < peer->memory.told_count; i++)
        if (!is_passing(peer->memory.told[i].line))
            buf_printf(out, "%s\n", peer->memory.told[i].line);
}

size_t peer_count(const struct peer *peer)
{
    return peer->count;
}

/* --- answering ------------------------------------------------------------------- */

static const struct peer_act good[PEER_TARGETS] = {
    [PEER_TOKEN] = {PEER_ANSWERS, false, 200, "Content-Type: application/json\r\n",
                    "{\"access_token\":\"t-1\",\"token_type\":\"bearer\","
                    "\"expires_in\":86400}"                                             },
    [PEER_GENESYS] = {PEER_ANSWERS, false, 200, "Content-Type: application/json\r\n",
                    "{\"id\":\"6f1d0c2ab3e84d5f9a7c1e2d3b4a5968\","
                      "\"conversationId\":\"0f9e8d7c-6b5a-4938-8271-605f4e3d2c1b\"}"    },
    [PEER_PARTNER] = {PEER_ANSWERS, false, 204, NULL,                                 NULL},
};

static void say(const struct connection *connection, const struct peer_act *act)
{
    char text[4096];
    const char *body = act->body == NULL ? "" : act->body;
    int len = snprintf(
        text, sizeof(text), "HTTP/1.1 %d Said\r\nContent-Length: %zu\r\n%s\r\n%s",
        act->status, strlen(body), act->headers == NULL ? "" : act->headers, body);
    size_t size = (size_t)len;
    if (act->manner == PEER_STOPS)
        size = size > 30 ? 30 : size / 2;
    (void)send(connection->fd, text, size, MSG_NOSIGNAL);
}

/* The next act, or the one that this request always gets. */
static const struct peer_act *choose(struct peer_memory *memory,
                                     enum peer_target target, struct told *told)
{
    const struct peer_act *act = NULL;
    if (told != NULL && strstr(told->line, "zz-") != NULL)
        return &good[target];
    if (told != NULL && told->lasting >= 0)
        return &memory->acts[target][told->lasting];
    if (memory->next[target] < PEER_ACTS_MAX) {
        size_t next = memory->next[target]++;
        act = &memory->acts[target][next];
        if (act->is_lasting && told != NULL)
            told->lasting = (int)next;
    }
    return act == NULL || act->manner == PEER_DEFAULT ? &good[target] : act;
}

static void answer(struct peer *peer, struct connection *connection,
                   enum peer_target target, struct told *told)
{
    const struct peer_act *act = choose(&peer->memory, target, told);
    if (act->manner != PEER_RESETS)
        say(connection, act);
    if (act->manner != PEER_ANSWERS)
        hang_up(connection, act->manner == PEER_RESETS);
}

/* --- reading --------------------------------------------------------------------- */

static size_t content_length(const char *head)
{
    const char *line = strcasestr(head, "\r\ncontent-length:");
    int64_t length = 0;
    if (line == NULL)
        return 0;
    struct str rest = str_of(line + 17);
    struct str value = str_trim(str_cut(&rest, '\r'));
    return str_to_i64(value, &length) && length > 0 ? (size_t)length : 0;
}

/* False: not all of it is there yet. */
static bool parse(struct connection *connection, struct request_view *out)
{
    const char *text = buf_c_string(&connection->input);
    const char *end = strstr(text, "\r\n\r\n");
    if (end == NULL)
        return false;
    size_t head = (size_t)(end - text) + 4;
    size_t body = content_length(text);
    if (connection->input.len < head + body)
        return false;
    struct str line = str_of(text);
    (void)str_cut(&line, ' ');
    out->path = str_cut(&line, ' ');
    (void)str_cut(&line, '\n');
    out->headers = str_from(line.ptr, (size_t)(text + head - line.ptr) - 2);
    out->body = str_from(text + head, body);
    out->bytes = head + body;
    return true;
}

static enum peer_target target_of(struct str path)
{
    if (str_starts(path, STR("/oauth/")))
        return PEER_TOKEN;
    return str_starts(path, STR("/api/")) ? PEER_GENESYS : PEER_PARTNER;
}

static void drop_bytes(struct buf *buf, size_t count)
{
    memmove(buf->ptr, buf->ptr + count, buf->len - count + 1);
    buf->len -= count;
}

static bool serve(struct peer *peer, struct connection *connection)
{
    char bytes[16384];
    ssize_t got = recv(connection->fd, bytes, sizeof(bytes), 0);
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got <= 0) {
        hang_up(connection, false);
        return true;
    }
    buf_add_bytes(&connection->input, bytes, (size_t)got);
    struct request_view request;
    while (connection->fd >= 0 && parse(connection, &request)) {
        enum peer_target target = target_of(request.path);
        struct told *told = note(peer, target, &request);
        drop_bytes(&connection->input, request.bytes);
        answer(peer, connection, target, told);
    }
    return true;
}

static bool take_connection(struct peer *peer)
{
    int fd = accept4(peer->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return false;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct connection *connection = &peer->connections[i];
        if (connection->fd >= 0)
            continue;
        connection->fd = fd;
        buf_init(&connection->input, REQUEST_BYTES);
        return true;
    }
    (void)close(fd);
    return true;
}

bool peer_step(struct peer *peer)
{
    bool was_busy = take_connection(peer);
    for (size_t i = 0; i < CONNECTIONS; i++)
        if (peer->connections[i].fd >= 0)
            was_busy |= serve(peer, &peer->connections[i]);
    return was_busy;
}
