#include "http.h"

#include "gateway/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in address_of(const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct str rest = str_of(text);
    struct str host = str_cut(&rest, ':');
    int64_t port = 0;
    char name[64];
    (void)snprintf(name, sizeof(name), "%.*s", STR_ARG(host));
    if (inet_pton(AF_INET, name, &address.sin_addr) != 1 || !str_to_i64(rest, &port) ||
        port < 0 || port > 65535) {
        (void)fprintf(stderr, "not an address: %s\n", text);
        exit(64);
    }
    address.sin_port = htons((uint16_t)port);
    return address;
}

void bench_nonblocking(int fd)
{
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
        die("fcntl");
}

int bench_listen(const char *text)
{
    struct sockaddr_in address = address_of(text);
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, 1024) != 0)
        die(text);
    bench_nonblocking(fd);
    return fd;
}

int bench_connect(const char *text)
{
    struct sockaddr_in address = address_of(text);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        die(text);
    bench_nonblocking(fd);
    return fd;
}

int bench_connect_from(const char *source, const char *text, int buffer_bytes)
{
    struct sockaddr_in address = address_of(text);
    struct sockaddr_in from = {.sin_family = AF_INET};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || inet_pton(AF_INET, source, &from.sin_addr) != 1)
        die(source);
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    if (buffer_bytes > 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes,
                         sizeof(buffer_bytes));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes,
                         sizeof(buffer_bytes));
    }
    bench_nonblocking(fd);
    if (bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
        (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ||
         errno == EINPROGRESS))
        return fd;
    (void)close(fd);
    return -1;
}

static size_t body_bytes(const char *buffer, size_t head_bytes)
{
    struct str rest = str_from(buffer, head_bytes);
    int64_t bytes = 0;
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str name = str_cut(&line, ':');
        if (!str_equal_nocase(name, STR("content-length")))
            continue;
        while (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (str_to_i64(str_trim(line), &bytes) && bytes > 0)
            return (size_t)bytes;
    }
    return 0;
}

size_t bench_message_bytes(const char *buffer, size_t len, size_t *out_body)
{
    const char *end = memmem(buffer, len, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - buffer) + 4;
    size_t whole = head + body_bytes(buffer, head);
    *out_body = head;
    return whole <= len ? whole : 0;
}

const char *bench_option(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return otherwise;
}

int64_t bench_number(int argc, char **argv, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    const char *text = bench_option(argc, argv, name, NULL);
    if (text != NULL && !str_to_i64(str_of(text), &value)) {
        (void)fprintf(stderr, "not a number: %s %s\n", name, text);
        exit(64);
    }
    return value;
}

double bench_cpu_s(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}
