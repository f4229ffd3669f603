/*
 * bare: libmicrohttpd alone, external epoll, reads the body and answers a canned 200:
 * what the gateway's ingest is measured against.
 *
 *   bare --listen 127.0.0.1:8081
 */
#include "http.h"

#include <microhttpd.h>
#include <poll.h>
#include <signal.h>

static volatile sig_atomic_t is_over;
static struct MHD_Response *response;

static void on_signal(int number)
{
    (void)number;
    is_over = 1;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection,
                              const char *url, const char *method, const char *version,
                              const char *upload, size_t *upload_size, void **own)
{
    static int seen;
    (void)context;
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    if (*own == NULL) {
        *own = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, 200, response);
}

int main(int argc, char **argv)
{
    static char body[] = "{\"id\":\"1\"}";
    const struct sigaction action = {.sa_handler = on_signal};
    int listener = bench_listen(bench_option(argc, argv, "--listen", "127.0.0.1:8081"));

    response =
        MHD_create_response_from_buffer(sizeof(body) - 1, body, MHD_RESPMEM_PERSISTENT);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, handle, NULL, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_CONNECTION_LIMIT, 2000u, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)16384, MHD_OPTION_END);
    if (daemon == NULL)
        return 1;
    struct pollfd fd = {
        .fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
        .events = POLLIN};
    (void)sigaction(SIGTERM, &action, NULL);
    while (!is_over) {
        (void)poll(&fd, 1, 100);
        (void)MHD_run(daemon);
    }
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    (void)printf("{\"cpu_s\":%.2f}\n", bench_cpu_s());
    return 0;
}
