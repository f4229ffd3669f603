/* The client of mail.h. */
#include "mail.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/must.h"

#include "gateway/memory.h"

#define ANSWER_BYTES (8u * 1024 * 1024)

struct mail_call {
    int fd; /* -1: gone */
    struct buf request;
    size_t sent;
    struct buf answer;
    int status;
};

struct mail_call *mail_call_new(const char *address, struct buf *request)
{
    struct mail_call *call = mem_new(sizeof(*call));
    const char *colon = strrchr(address, ':');
    int64_t port = 0;
    must(colon != NULL && str_to_i64(str_of(colon + 1), &port), "an address");
    const struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    call->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    call->request = *request;
    buf_init(request, request->ceiling);
    buf_init(&call->answer, ANSWER_BYTES);
    if (connect(call->fd, (const struct sockaddr *)&to, sizeof(to)) != 0 &&
        errno != EINPROGRESS)
        must(false, strerror(errno));
    return call;
}

static void hang_up(struct mail_call *call)
{
    /* So that no port waits for its peer's last words: there are only so many. */
    const struct linger at_once = {.l_onoff = 1};
    if (call->fd < 0)
        return;
    (void)setsockopt(call->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    (void)close(call->fd);
    call->fd = -1;
}

void mail_call_free(struct mail_call *call)
{
    if (call == NULL)
        return;
    hang_up(call);
    buf_release(&call->request);
    buf_release(&call->answer);
    mem_free(call);
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == ENOTCONN;
}

static bool send_some(struct mail_call *call)
{
    if (call->sent == call->request.len)
        return false;
    ssize_t sent = send(call->fd, call->request.ptr + call->sent,
                        call->request.len - call->sent, MSG_NOSIGNAL);
    if (sent < 0)
        return false; /* what was refused may still have been answered */
    call->sent += (size_t)sent;
    return true;
}

/* The status line is enough, once the head is there: nobody asks for the body. */
static void look(struct mail_call *call)
{
    const char *text = buf_c_string(&call->answer);
    int status = 0;
    if (strstr(text, "\r\n\r\n") == NULL)
        return;
    struct str line = str_of(text);
    (void)str_cut(&line, ' ');
    for (size_t i = 0; i < 3 && i < line.len; i++)
        status = status * 10 + (line.ptr[i] - '0');
    call->status = status;
}

static bool receive_some(struct mail_call *call)
{
    char bytes[16384];
    ssize_t got = recv(call->fd, bytes, sizeof(bytes), 0);
    if (got < 0 && would_block())
        return false;
    if (got <= 0) {
        hang_up(call);
        return true;
    }
    buf_add_bytes(&call->answer, bytes, (size_t)got);
    look(call);
    return true;
}

bool mail_call_step(struct mail_call *call)
{
    if (call->fd < 0)
        return false;
    bool was_busy = send_some(call);
    return receive_some(call) || was_busy;
}

void mail_call_wait(const struct mail_call *call, int timeout_ms)
{
    struct pollfd wanted = {.fd = call->fd, .events = POLLIN};
    (void)poll(&wanted, 1, timeout_ms);
}

bool mail_call_is_over(const struct mail_call *call)
{
    return call->status != 0 || call->fd < 0;
}

int mail_call_status(const struct mail_call *call)
{
    return call->status;
}
