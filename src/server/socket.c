#include "socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/text.h"

/* Of connections the kernel has accepted and we have not; it cuts this to somaxconn. */
#define BACKLOG 4096
/* Of an answer that its peer does not take, unsent in the kernel: else it would let
 * megabytes wait for each connection. */
#define UNSENT_BYTES_MAX (64 * 1024)
#define UNIX_PREFIX "unix:"

static void close_fdp(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static enum status fail_errno(struct error *err, const char *address, const char *what)
{
    return fail(err, STATUS_INVALID, "listen on %s: %s: %s", address, what,
                strerror(errno));
}

/* --- unix ----------------------------------------------------------------- */

static bool somebody_listens(const struct sockaddr_un *address)
{
    CLEANUP(close_fdp) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 &&
           connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
}

/* Makes way for bind where only a dead process's socket is in it. */
static enum status remove_stale(const struct sockaddr_un *address, const char *name,
                                struct error *err)
{
    struct stat info;
    if (lstat(address->sun_path, &info) != 0)
        return STATUS_OK; /* nothing there, or bind will say what is wrong */
    if (!S_ISSOCK(info.st_mode))
        return fail(err, STATUS_INVALID,
                    "listen on %s: there is a file of another kind", name);
    if (somebody_listens(address))
        return fail(err, STATUS_INVALID, "listen on %s: another process listens there",
                    name);
    if (unlink(address->sun_path) != 0)
        return fail_errno(err, name, "remove the stale socket");
    return STATUS_OK;
}

static enum status bind_unix(const char *name, unsigned mode,
                             struct listening *listening, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct str path = str_of(name + sizeof(UNIX_PREFIX) - 1);
    if (path.len == 0 || path.len >= sizeof(address.sun_path))
        return fail(err, STATUS_INVALID,
                    "listen on %s: the path must have 1 to %zu bytes", name,
                    sizeof(address.sun_path) - 1);
    memcpy(address.sun_path, path.ptr, path.len);

    enum status status = remove_stale(&address, name, err);
    if (status != STATUS_OK)
        return status;

    /* Before bind, so that the file is never open to more than it should be; again
     * behind it, since bind takes the umask off. */
    if (fchmod(listening->fd, mode) != 0)
        return fail_errno(err, name, "set the mode");
    if (bind(listening->fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return fail_errno(err, name, "bind");
    struct stat info;
    if (chmod(address.sun_path, mode) != 0 || lstat(address.sun_path, &info) != 0)
        return fail_errno(err, name, "set the mode");

    (void)snprintf(listening->address, sizeof(listening->address), "%s", name);
    listening->is_unix = true;
    listening->device = info.st_dev;
    listening->inode = info.st_ino;
    return STATUS_OK;
}

/* --- TCP ------------------------------------------------------------------ */

static void free_addrinfop(struct addrinfo **info)
{
    if (*info != NULL)
        freeaddrinfo(*info);
}

/* "host:port", "[v6]:port": the host and the port as C strings. */
static bool split_address(const char *address, char *out_host, size_t host_size,
                          const char **out_port)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL)
        return false;
    struct str host = {address, (size_t)(colon - address)};
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = str_sub(host, 1, host.len - 2);
    else if (str_find_byte(host, ':') >= 0)
        return false; /* an IPv6 address without brackets */
    int64_t port = -1;
    if (host.len == 0 || host.len >= host_size ||
        !str_to_i64(str_of(colon + 1), &port) || port < 0 || port > 65535)
        return false;
    (void)snprintf(out_host, host_size, "%.*s", STR_ARG(host));
    *out_port = colon + 1;
    return true;
}

static enum status find_address(const char *name, struct addrinfo **out_info,
                                struct error *err)
{
    char host[LISTEN_ADDRESS_BYTES];
    const char *port = NULL;
    if (!split_address(name, host, sizeof(host), &port))
        return fail(err, STATUS_INVALID,
                    "listen on %s: neither HOST:PORT, [IPV6]:PORT nor unix:PATH", name);
    struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    int result = getaddrinfo(host, port, &hints, out_info);
    if (result != 0)
        return fail(err, STATUS_INVALID, "listen on %s: %s", name,
                    gai_strerror(result));
    return STATUS_OK;
}

static enum status name_bound(const char *name, struct listening *listening,
                              struct error *err)
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof(bound);
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (getsockname(listening->fd, (struct sockaddr *)&bound, &len) != 0 ||
        getnameinfo((const struct sockaddr *)&bound, len, host, sizeof(host), port,
                    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return fail_errno(err, name, "read the address");
    (void)snprintf(listening->address, sizeof(listening->address),
                   strchr(host, ':') == NULL ? "%.64s:%s" : "[%.64s]:%s", host, port);
    return STATUS_OK;
}

static enum status bind_tcp(const char *name, const struct addrinfo *info,
                            struct listening *listening, struct error *err)
{
    int on = 1;
    int unsent = UNSENT_BYTES_MAX;
    /* Its connections inherit it; a system without it keeps more. */
    (void)setsockopt(listening->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent,
                     sizeof(unsent));
    if (setsockopt(listening->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(listening->fd, info->ai_addr, info->ai_addrlen) != 0)
        return fail_errno(err, name, "bind");
    return name_bound(name, listening, err);
}

/* --- both ----------------------------------------------------------------- */

static enum status start_listening(const char *name, struct listening *listening,
                                   struct error *err)
{
    if (listen(listening->fd, BACKLOG) != 0)
        return fail_errno(err, name, "listen");
    return STATUS_OK;
}

static enum status open_socket(const char *name, int family,
                               struct listening *listening, struct error *err)
{
    listening->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listening->fd < 0)
        return fail_errno(err, name, "open a socket");
    return STATUS_OK;
}

static enum status open_unix(const char *name, unsigned mode,
                             struct listening *listening, struct error *err)
{
    enum status status = open_socket(name, AF_UNIX, listening, err);
    if (status == STATUS_OK)
        status = bind_unix(name, mode, listening, err);
    return status;
}

static enum status open_tcp(const char *name, struct listening *listening,
                            struct error *err)
{
    CLEANUP(free_addrinfop) struct addrinfo *info = NULL;
    enum status status = find_address(name, &info, err);
    if (status != STATUS_OK || info == NULL)
        return status;
    status = open_socket(name, info->ai_family, listening, err);
    if (status == STATUS_OK)
        status = bind_tcp(name, info, listening, err);
    return status;
}

enum status listening_open(const char *address, unsigned mode, struct listening *out,
                           struct error *err)
{
    *out = (struct listening){.fd = -1};
    bool is_unix = str_starts(str_of(address), STR(UNIX_PREFIX));
    enum status status =
        is_unix ? open_unix(address, mode, out, err) : open_tcp(address, out, err);
    if (status == STATUS_OK)
        status = start_listening(address, out, err);
    if (status != STATUS_OK)
        listening_close(out);
    return status;
}

static void remove_own_file(const struct listening *listening)
{
    const char *path = listening->address + sizeof(UNIX_PREFIX) - 1;
    struct stat info;
    if (lstat(path, &info) == 0 && info.st_dev == listening->device &&
        info.st_ino == listening->inode)
        (void)unlink(path);
}

void listening_close(struct listening *listening)
{
    if (listening->fd < 0)
        return;
    if (listening->is_unix)
        remove_own_file(listening);
    (void)close(listening->fd);
    listening->fd = -1;
}
