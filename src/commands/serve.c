/*
 * serve: prepares the process, runs the gateway, obeys signals.
 */
#include "command.h"
#include "gateway.h"
#include "restart.h"

#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"
#include "gateway/user.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Beside the connections: database, listeners, peers, media. */
#define SPARE_DESCRIPTORS 2048
/* Of all settings that need a restart. */
#define NAMES_BYTES 1024

/* --- the process
 * -------------------------------------------------------------------------------- */

static enum exit_code raise_descriptors(const struct config *config)
{
    struct rlimit limit;
    rlim_t want = (rlim_t)config->limits.connections + SPARE_DESCRIPTORS;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return EXIT_OK;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < want) {
        (void)fprintf(stderr,
                      "omgw: the hard limit of open files is %llu, limits.connections "
                      "needs %llu; raise it (ulimit -Hn, LimitNOFILE=) or lower "
                      "limits.connections\n",
                      (unsigned long long)limit.rlim_max, (unsigned long long)want);
        return EXIT_CONFIG;
    }
    if (limit.rlim_cur < want) {
        limit.rlim_cur = want;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    return EXIT_OK;
}

static void forbid_core_files(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
}

/* Signals are taken by sigwaitinfo on the main thread; no other thread sees them. */
static sigset_t block_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigaction(SIGXFSZ, &ignore, NULL); /* a full disk is an error, not our end */
    return set;
}

static void set_up_log(const struct config *config, enum colour_use use)
{
    enum log_format format = LOG_JSON;
    if (config->log.format == 2 || (config->log.format == 0 && isatty(STDERR_FILENO)))
        format = LOG_TEXT;
    log_init((enum log_level)config->log.level, format, use);
}

/* Tells systemd, if it listens. Source: sd_notify(3), "NOTIFY_SOCKET"; read 2026-11-21.
 */
static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || strlen(path) >= sizeof(address.sun_path) || path[0] == '\0')
        return;
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                 len);
    (void)close(fd);
}

/* --- reload
 * --------------------------------------------------------------------------------------
 */

static void warn_about_restart(const struct config *old, const struct config *new)
{
    CLEANUP(buf_release) struct buf names;
    buf_init(&names, NAMES_BYTES);
    restart_needed(old, new, &names);
    if (names.len > 0)
        log_warn("config.needs_restart", F_STR("settings", buf_str(&names)),
                 F_TEXT("effect", "they change only at a restart"));
}

static enum status take_over(struct gateway *gateway, struct config *config,
                             const char *file, uid_t asker, struct error *err)
{
    char actor[USER_TEXT_BYTES];
    user_describe(asker, actor);
    const struct audit_entry audit = {
        .at_ms = clock_now().wall_ms,
        .actor = str_of(actor),
        .action = STR("reload"),
        .subject = str_of(file),
    };
    warn_about_restart(gateway->config, config);
    enum status status = gateway_reload(gateway, config, &audit, err);
    if (status != STATUS_OK)
        config_drop(config);
    return status;
}

static void reload(struct gateway *gateway, const struct invocation *invocation,
                   uid_t asker)
{
    struct config *config = NULL;
    struct error err = {0};
    struct series *success = metrics_series(METRIC_CONFIG_RELOAD, "");

    notify("RELOADING=1");
    enum status status = load_config(invocation, &config) == EXIT_OK
                             ? STATUS_OK
                             : fail(&err, STATUS_INVALID, "see the lines above");
    if (status == STATUS_OK)
        status = take_over(gateway, config, invocation->config_path, asker, &err);
    series_set(success, status == STATUS_OK ? 1 : 0);
    if (status == STATUS_OK) {
        log_set_level((enum log_level)gateway->config->log.level);
        log_info("config.reloaded", F_TEXT("file", invocation->config_path));
    } else {
        log_error("config.refused", F_TEXT("error", err.text),
                  F_TEXT("effect", "the old configuration goes on"));
    }
    notify("READY=1");
}

/* --- the command
 * -----------------------------------------------------------------------------------
 */

static void run_until_told(struct gateway *gateway, const struct invocation *invocation,
                           const sigset_t *signals)
{
    for (;;) {
        siginfo_t info;
        int number = sigwaitinfo(signals, &info);
        if (number < 0)
            continue; /* interrupted */
        if (number != SIGHUP) {
            log_info("serve.stopping", F_I64("signal", number));
            return;
        }
        reload(gateway, invocation, info.si_uid);
    }
}

static void say_started(const struct gateway *gateway)
{
    series_set(metrics_series(METRIC_BUILD_INFO, "version=\"" OMGW_VERSION "\""), 1);
    series_set(metrics_series(METRIC_CONFIG_RELOAD, ""), 1);
    log_info("serve.started", F_TEXT("version", OMGW_VERSION),
             F_TEXT("public", listener_address(gateway->public_listener)),
             F_TEXT("admin", listener_address(gateway->admin_listener)),
             F_TEXT("control", gateway->control_listener == NULL
                                   ? ""
                                   : listener_address(gateway->control_listener)),
             F_I64("bridges", gateway->config->bridge_count));
}

enum exit_code command_serve(const struct invocation *invocation)
{
    struct gateway gateway = {0};
    struct error err;

    if (!invocation->core)
        forbid_core_files();
    mem_set_up_to_serve();
    sigset_t signals = block_signals();
    enum exit_code code = load_config(invocation, &gateway.config);
    if (code != EXIT_OK)
        return code;
    say(config_warnings(gateway.config));
    set_up_log(gateway.config, invocation->colour);
    code = raise_descriptors(gateway.config);
    if (code == EXIT_OK) {
        enum status status = gateway_open(&gateway, &err);
        code = exit_of(status);
        if (status != STATUS_OK)
            say_error("cannot start", &err);
    }
    if (code == EXIT_OK) {
        gateway_start(&gateway);
        say_started(&gateway);
        notify("READY=1");
        run_until_told(&gateway, invocation, &signals);
        notify("STOPPING=1");
        gateway_drain(&gateway);
        log_info("serve.stopped", F_BOOL("clean", true));
    }
    gateway_close(&gateway);
    return code;
}
