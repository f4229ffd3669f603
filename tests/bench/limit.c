/*
 * limit: the cheapest 200 that is on stable storage: libmicrohttpd on external epoll
 * hands each body to another thread, which appends all that wait to one file, syncs it
 * once and hands the batch back. No signature, no parsing, no index: the physical
 * limit.
 *
 *   limit --listen 127.0.0.1:8081 --log FILE
 */
#include "http.h"

#include "gateway/memory.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct upload {
    struct upload *next;
    struct MHD_Connection *connection;
    size_t len;
    bool is_stored;
    char bytes[2048];
};

struct limit {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct upload *waiting; /* guarded by lock */
    struct upload *stored;  /* guarded by lock */
    bool ends;              /* guarded by lock */
    int log;
    int wake;
    struct MHD_Response *response;
};

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
    (void)number;
    is_over = 1;
}

static struct upload *take_waiting(struct limit *limit)
{
    (void)pthread_mutex_lock(&limit->lock);
    while (limit->waiting == NULL && !limit->ends)
        (void)pthread_cond_wait(&limit->changed, &limit->lock);
    struct upload *list = TAKE(limit->waiting);
    (void)pthread_mutex_unlock(&limit->lock);
    return list;
}

static void append(const struct limit *limit, struct upload *list)
{
    static char batch[1024 * sizeof(((struct upload *)0)->bytes)];
    size_t len = 0;
    for (struct upload *u = list; u != NULL; u = u->next) {
        if (len + u->len > sizeof(batch))
            abort(); /* more connections than it was made for */
        memcpy(batch + len, u->bytes, u->len);
        len += u->len;
    }
    if (write(limit->log, batch, len) != (ssize_t)len || fdatasync(limit->log) != 0) {
        perror("log");
        exit(1);
    }
}

static void hand_back(struct limit *limit, struct upload *list)
{
    const uint64_t one = 1;
    struct upload *last = list;
    while (last->next != NULL)
        last = last->next;
    (void)pthread_mutex_lock(&limit->lock);
    last->next = limit->stored;
    limit->stored = list;
    (void)pthread_mutex_unlock(&limit->lock);
    if (write(limit->wake, &one, sizeof(one)) != sizeof(one))
        abort();
}

static void *store(void *context)
{
    struct limit *limit = context;
    struct upload *list;
    while ((list = take_waiting(limit)) != NULL) {
        append(limit, list);
        hand_back(limit, list);
    }
    return NULL;
}

static void submit(struct limit *limit, struct upload *upload)
{
    MHD_suspend_connection(upload->connection);
    (void)pthread_mutex_lock(&limit->lock);
    upload->next = limit->waiting;
    limit->waiting = upload;
    (void)pthread_cond_signal(&limit->changed);
    (void)pthread_mutex_unlock(&limit->lock);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection,
                              const char *url, const char *method, const char *version,
                              const char *bytes, size_t *len, void **own)
{
    struct limit *limit = context;
    struct upload *upload = *own;
    (void)url;
    (void)method;
    (void)version;
    if (upload == NULL) {
        upload = mem_new(sizeof(*upload));
        upload->connection = connection;
        *own = upload;
        return MHD_YES;
    }
    if (*len > 0) {
        if (upload->len + *len > sizeof(upload->bytes))
            return MHD_NO;
        memcpy(upload->bytes + upload->len, bytes, *len);
        upload->len += *len;
        *len = 0;
        return MHD_YES;
    }
    if (upload->is_stored)
        return MHD_queue_response(connection, 200, limit->response);
    submit(limit, upload);
    return MHD_YES;
}

static void completed(void *context, struct MHD_Connection *connection, void **own,
                      enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    mem_free(TAKE(*own));
}

static void resume_stored(struct limit *limit)
{
    uint64_t count;
    if (read(limit->wake, &count, sizeof(count)) != sizeof(count))
        return;
    (void)pthread_mutex_lock(&limit->lock);
    struct upload *list = TAKE(limit->stored);
    (void)pthread_mutex_unlock(&limit->lock);
    while (list != NULL) {
        struct upload *next = list->next;
        list->is_stored = true;
        MHD_resume_connection(list->connection);
        list = next;
    }
}

static void serve(struct limit *limit, struct MHD_Daemon *daemon)
{
    struct pollfd fds[] = {
        {.fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
         .events = POLLIN},
        {.fd = limit->wake,                                .events = POLLIN                                                  },
    };
    while (!is_over) {
        (void)poll(fds, COUNT_OF(fds), 100);
        resume_stored(limit);
        (void)MHD_run(daemon);
        (void)MHD_run(daemon); /* what was resumed within the first */
    }
}

static void end(struct limit *limit, pthread_t thread)
{
    (void)pthread_mutex_lock(&limit->lock);
    limit->ends = true;
    (void)pthread_cond_signal(&limit->changed);
    (void)pthread_mutex_unlock(&limit->lock);
    (void)pthread_join(thread, NULL);
    resume_stored(limit);
}

int main(int argc, char **argv)
{
    static struct limit limit = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                 .changed = PTHREAD_COND_INITIALIZER};
    static char body[] = "{\"id\":\"1\"}";
    const struct sigaction action = {.sa_handler = on_signal};
    int listener = bench_listen(bench_option(argc, argv, "--listen", "127.0.0.1:8081"));
    pthread_t thread;

    limit.log = open(bench_option(argc, argv, "--log", "log"),
                     O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    limit.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    limit.response =
        MHD_create_response_from_buffer(sizeof(body) - 1, body, MHD_RESPMEM_PERSISTENT);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, &limit,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, 1000u,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384, MHD_OPTION_NOTIFY_COMPLETED,
        completed, NULL, MHD_OPTION_END);
    if (daemon == NULL || limit.log < 0 ||
        pthread_create(&thread, NULL, store, &limit) != 0)
        return 1;
    (void)sigaction(SIGTERM, &action, NULL);
    serve(&limit, daemon);
    end(&limit, thread);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(limit.response);
    (void)printf("{\"cpu_s\":%.2f}\n", bench_cpu_s());
    return 0;
}
