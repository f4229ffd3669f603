/*
 * System calls of the network path and of the database's files. Each fails as it does
 * in life: no descriptors, no memory, a peer that is gone, a broken disk. Waking
 * another thread (eventfd, pipe) cannot fail so, and does not.
 */
#include "inject_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* The C library's, looked for once. */
#define REAL(name)                                                                     \
    __extension__({                                                                    \
        static __typeof__(&(name)) real_;                                              \
        if (real_ == NULL) {                                                           \
            void *found_ = inject_find(#name);                                         \
            memcpy(&real_, &found_, sizeof(found_));                                   \
        }                                                                              \
        real_;                                                                         \
    })

static int refuse(int why)
{
    errno = why;
    return -1;
}

enum kind { KIND_OTHER, KIND_SOCKET, KIND_FILE };

static enum kind kind_of(int fd)
{
    struct stat info;
    int before = errno;
    enum kind kind = KIND_OTHER;
    if (fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode))
        kind = KIND_SOCKET;
    else if (S_ISREG(info.st_mode))
        kind = KIND_FILE;
    errno = before;
    return kind;
}

/* Of a read or write: sockets lose their peer, files their disk. */
static bool transfer_fails(const char *name, int fd, int socket_error, int file_error)
{
    enum kind kind = kind_of(fd);
    if (kind == KIND_OTHER || !inject_is_due(name))
        return false;
    errno = kind == KIND_SOCKET ? socket_error : file_error;
    return true;
}

/* --- sockets ----------------------------------------------------------------- */

int socket(int domain, int type, int protocol)
{
    return inject_is_due("socket") ? refuse(EMFILE)
                                   : REAL(socket)(domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
    return inject_is_due("connect") ? refuse(ENETUNREACH)
                                    : REAL(connect)(fd, address, len);
}

int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
    return inject_is_due("accept4") ? refuse(EMFILE)
                                    : REAL(accept4)(fd, address, len, flags);
}

int accept(int fd, struct sockaddr *address, socklen_t *len)
{
    return inject_is_due("accept") ? refuse(EMFILE) : REAL(accept)(fd, address, len);
}

int bind(int fd, const struct sockaddr *address, socklen_t len)
{
    return inject_is_due("bind") ? refuse(EADDRINUSE) : REAL(bind)(fd, address, len);
}

int listen(int fd, int backlog)
{
    return inject_is_due("listen") ? refuse(EADDRINUSE) : REAL(listen)(fd, backlog);
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
    return inject_is_due("send") ? refuse(ECONNRESET)
                                 : REAL(send)(fd, bytes, len, flags);
}

ssize_t sendto(int fd, const void *bytes, size_t len, int flags,
               const struct sockaddr *address, socklen_t address_len)
{
    return inject_is_due("sendto")
               ? refuse(ECONNRESET)
               : REAL(sendto)(fd, bytes, len, flags, address, address_len);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    return inject_is_due("sendmsg") ? refuse(ECONNRESET)
                                    : REAL(sendmsg)(fd, message, flags);
}

ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
    return inject_is_due("recv") ? refuse(ECONNRESET)
                                 : REAL(recv)(fd, bytes, len, flags);
}

ssize_t recvfrom(int fd, void *bytes, size_t len, int flags, struct sockaddr *address,
                 socklen_t *address_len)
{
    return inject_is_due("recvfrom")
               ? refuse(ECONNRESET)
               : REAL(recvfrom)(fd, bytes, len, flags, address, address_len);
}

/* --- waiting ------------------------------------------------------------------- */

int epoll_create1(int flags)
{
    return inject_is_due("epoll_create1") ? refuse(EMFILE) : REAL(epoll_create1)(flags);
}

int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    /* Taking one away cannot fail for want of memory. */
    if (op != EPOLL_CTL_DEL && inject_is_due("epoll_ctl"))
        return refuse(ENOMEM);
    return REAL(epoll_ctl)(epoll, op, fd, event);
}

int epoll_wait(int epoll, struct epoll_event *events, int max, int timeout_ms)
{
    return inject_is_due("epoll_wait")
               ? refuse(EINTR)
               : REAL(epoll_wait)(epoll, events, max, timeout_ms);
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    return inject_is_due("poll") ? refuse(EINTR) : REAL(poll)(fds, count, timeout_ms);
}

int eventfd(unsigned initial, int flags);
int eventfd(unsigned initial, int flags)
{
    return inject_is_due("eventfd") ? refuse(EMFILE) : REAL(eventfd)(initial, flags);
}

/* --- reading and writing -------------------------------------------------------- */

ssize_t read(int fd, void *bytes, size_t len)
{
    return transfer_fails("read", fd, ECONNRESET, EIO) ? -1
                                                       : REAL(read)(fd, bytes, len);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    return transfer_fails("write", fd, EPIPE, ENOSPC) ? -1
                                                      : REAL(write)(fd, bytes, len);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return transfer_fails("writev", fd, EPIPE, ENOSPC) ? -1
                                                       : REAL(writev)(fd, parts, count);
}

ssize_t pread64(int fd, void *bytes, size_t len, off64_t offset)
{
    return inject_is_due("pread64") ? refuse(EIO)
                                    : REAL(pread64)(fd, bytes, len, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
    return inject_is_due("pwrite64") ? refuse(ENOSPC)
                                     : REAL(pwrite64)(fd, bytes, len, offset);
}

/* --- files ---------------------------------------------------------------------- */

static mode_t mode_of(int flags, va_list arguments)
{
    return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return inject_is_due("open") ? refuse(EMFILE) : REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return inject_is_due("open64") ? refuse(EMFILE) : REAL(open64)(path, flags, mode);
}

int fsync(int fd)
{
    return inject_is_due("fsync") ? refuse(EIO) : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
    return inject_is_due("fdatasync") ? refuse(EIO) : REAL(fdatasync)(fd);
}

int ftruncate64(int fd, off64_t size)
{
    return inject_is_due("ftruncate64") ? refuse(EIO) : REAL(ftruncate64)(fd, size);
}

int unlink(const char *path)
{
    return inject_is_due("unlink") ? refuse(EIO) : REAL(unlink)(path);
}

/* Memory of files only: the allocator's own never comes here. */
void *mmap64(void *at, size_t len, int protection, int flags, int fd, off64_t offset)
{
    if (fd >= 0 && inject_is_due("mmap64")) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return REAL(mmap64)(at, len, protection, flags, fd, offset);
}
