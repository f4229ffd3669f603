#include "support/server_client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/memory.h"
#include "support/expect.h"

#include <arpa/inet.h>

#define ANSWER_BYTES_MAX (64u * 1024 * 1024)
#define READ_BYTES (64 * 1024)

struct server_client {
    int fd;
    struct buf input;
    size_t taken; /* of input, by answers already given */
};

/* --- connecting ----------------------------------------------------------- */

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* `buffer_bytes` 0: as large as usual. */
static int connect_tcp(const char *address, int buffer_bytes)
{
    const char *colon = strrchr(address, ':');
    assert_non_null(colon);
    int64_t port = 0;
    assert_true(str_to_i64(str_of(colon + 1), &port));
    char host[64];
    struct str name = {address, (size_t)(colon - address)};
    bool is_ipv6 = name.ptr[0] == '[';
    if (is_ipv6)
        name = str_sub(name, 1, name.len - 2);
    (void)snprintf(host, sizeof(host), "%.*s", STR_ARG(name));

    struct sockaddr_in ipv4 = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6,
                                .sin6_port = htons((uint16_t)port)};
    void *where = is_ipv6 ? (void *)&ipv6.sin6_addr : (void *)&ipv4.sin_addr;
    assert_int_equal(inet_pton(is_ipv6 ? AF_INET6 : AF_INET, host, where), 1);
    int fd = socket(is_ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    const void *target = is_ipv6 ? (const void *)&ipv6 : (const void *)&ipv4;
    socklen_t len = is_ipv6 ? sizeof(ipv6) : sizeof(ipv4);
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (buffer_bytes > 0) /* before the kernel promises more */
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes,
                         sizeof(buffer_bytes));
    if (connect(fd, target, len) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static struct server_client *client_new(int fd)
{
    if (fd < 0)
        return NULL;
    struct server_client *client = mem_new(sizeof(*client));
    client->fd = fd;
    buf_init(&client->input, ANSWER_BYTES_MAX);
    return client;
}

struct server_client *client_try_open(const char *address)
{
    bool is_unix = str_starts(str_of(address), STR("unix:"));
    int fd = is_unix ? connect_unix(address + 5) : connect_tcp(address, 0);
    return client_new(fd);
}

struct server_client *client_open_narrow(const char *address, int bytes)
{
    struct server_client *client = client_new(connect_tcp(address, bytes));
    assert_non_null(client);
    return client;
}

struct server_client *client_open(const char *address)
{
    struct server_client *client = client_try_open(address);
    assert_non_null(client);
    return client;
}

void client_close(struct server_client *client)
{
    if (client == NULL)
        return;
    (void)close(client->fd);
    buf_release(&client->input);
    mem_free(client);
}

void client_closep(struct server_client **client)
{
    client_close(*client);
}

int client_fd(const struct server_client *client)
{
    return client->fd;
}

/* --- sending -------------------------------------------------------------- */

bool client_try_send(struct server_client *client, const void *bytes, size_t len)
{
    const char *rest = bytes;
    while (len > 0) {
        ssize_t sent = send(client->fd, rest, len, MSG_NOSIGNAL);
        if (sent < 0)
            return false;
        rest += sent;
        len -= (size_t)sent;
    }
    return true;
}

void client_send_bytes(struct server_client *client, const void *bytes, size_t len)
{
    assert_true(client_try_send(client, bytes, len));
}

void client_send(struct server_client *client, const char *text)
{
    client_send_bytes(client, text, strlen(text));
}

/* --- reading -------------------------------------------------------------- */

/* False at the end of the stream, however it ended. */
static bool read_more(struct server_client *client)
{
    struct pollfd waited = {.fd = client->fd, .events = POLLIN};
    int ready = poll(&waited, 1, CLIENT_PATIENCE_MS);
    if (ready <= 0)
        print_error("nothing came within %d ms\n", CLIENT_PATIENCE_MS);
    assert_true(ready > 0);
    char *room = buf_room(&client->input, READ_BYTES);
    assert_non_null(room);
    ssize_t len = recv(client->fd, room, READ_BYTES, 0);
    if (len > 0)
        client->input.len += (size_t)len;
    return len > 0;
}

static struct str untaken(const struct server_client *client)
{
    return str_sub(buf_str(&client->input), client->taken, client->input.len);
}

/* Untaken bytes up to that text, with it. */
static struct str read_until(struct server_client *client, struct str text)
{
    for (;;) {
        struct str input = untaken(client);
        const char *end =
            input.len == 0 ? NULL : memmem(input.ptr, input.len, text.ptr, text.len);
        if (end != NULL)
            return str_sub(input, 0, (size_t)(end - input.ptr) + text.len);
        assert_true(read_more(client));
    }
}

static struct str read_head(struct server_client *client)
{
    return read_until(client, STR("\r\n\r\n"));
}

struct str client_until(struct server_client *client, const char *text)
{
    struct str found = read_until(client, str_of(text));
    client->taken += found.len;
    return found;
}

struct str answer_header(const struct client_answer *answer, const char *name)
{
    struct str rest = answer->head;
    struct str wanted = str_of(name);
    while (rest.len > 0) {
        struct str value = str_cut(&rest, '\n');
        struct str key = str_cut(&value, ':');
        if (str_equal_nocase(key, wanted))
            return str_trim(str_sub(value, 0, value.len - 1));
    }
    return STR_NONE;
}

struct client_answer client_answer_of(struct server_client *client, bool has_body)
{
    struct client_answer answer = {.head = read_head(client)};
    size_t head_len = answer.head.len;
    int64_t status = 0;
    assert_true(str_to_i64(str_sub(answer.head, 9, 3), &status));
    int64_t length = 0;
    struct str declared = answer_header(&answer, "Content-Length");
    if (has_body && declared.len > 0)
        assert_true(str_to_i64(declared, &length));
    while (untaken(client).len < head_len + (size_t)length)
        assert_true(read_more(client));

    struct str input = untaken(client);
    client->taken += head_len + (size_t)length;
    answer.status = (int)status;
    answer.head = str_sub(input, 0, head_len);
    answer.body = str_sub(input, head_len, (size_t)length);
    return answer;
}

struct client_answer client_answer(struct server_client *client)
{
    return client_answer_of(client, true);
}

struct client_answer client_ask(struct server_client *client, const char *text)
{
    client_send(client, text);
    return client_answer(client);
}

bool client_answers_within(const struct server_client *client, int timeout_ms)
{
    struct pollfd waited = {.fd = client->fd, .events = POLLIN};
    return poll(&waited, 1, timeout_ms) > 0;
}

bool client_is_closed(struct server_client *client)
{
    return untaken(client).len == 0 && !read_more(client);
}
