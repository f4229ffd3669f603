/*
 * wire: a client of a listener in the same thread: sends bytes over a unix socket,
 * lets the listener work, keeps what it answers. One program includes it once.
 */
#pragma once

#include "fuzz.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WIRE_ADDRESS_BYTES 108
#define WIRE_IDLE_TURNS 4
#define WIRE_READ_BYTES 65536

/* "unix:/tmp/..." of this process. */
static void wire_address(char out[WIRE_ADDRESS_BYTES])
{
    (void)snprintf(out, WIRE_ADDRESS_BYTES, "unix:/tmp/omgw-fuzz-%ld.sock",
                   (long)getpid());
}

static int wire_connect(const char *address)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", address + 5);
    demand(fd >= 0 && connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0,
           "no connection");
    return fd;
}

/* Sends what the socket takes; false once the other side is gone. */
static bool wire_send(int fd, struct str *rest, size_t piece)
{
    ssize_t sent =
        send(fd, rest->ptr, rest->len < piece ? rest->len : piece, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN;
    *rest = str_sub(*rest, (size_t)sent, rest->len);
    return true;
}

/* What came; 0: nothing now; -1: the other side has closed. */
static ssize_t wire_receive(int fd, struct buf *answers)
{
    char *room = buf_room(answers, WIRE_READ_BYTES);
    demand(room != NULL, "answers without end");
    ssize_t len = recv(fd, room, WIRE_READ_BYTES, 0);
    if (len > 0)
        answers->len += (size_t)len;
    if (len > 0 || (len < 0 && errno == EAGAIN))
        return len > 0 ? len : 0;
    return -1;
}

/*
 * One connection: `bytes` in pieces; `work` is called until the listener has closed or
 * has no more to say, which it shows in a few turns: all happens in one thread.
 */
static void wire_exchange(const char *address, struct str bytes, size_t piece,
                          void (*work)(void *context), void *context,
                          struct buf *answers)
{
    int fd = wire_connect(address);
    unsigned idle = 0;
    ssize_t received = 0;
    while (idle < WIRE_IDLE_TURNS && received >= 0) {
        bool has_more = bytes.len > 0;
        if (has_more && !wire_send(fd, &bytes, piece))
            bytes = STR_NONE;
        work(context);
        received = wire_receive(fd, answers);
        idle = has_more || received > 0 ? 0 : idle + 1;
    }
    (void)close(fd);
    work(context);
}
