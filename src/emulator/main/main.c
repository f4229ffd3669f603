/* genesys-emulator: reads the command line, runs the emulator until a signal. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../options.h"
#include "gateway/log.h"

#define EXIT_WRONG_USE 64 /* of sysexits */
#define EXIT_CANNOT_START 69
#define STEP_MS 1000
#define HELP_BYTES_MAX 65536

struct front {
    struct emulator *emulator;
    atomic_bool is_stopping;
};

static void *run_front(void *context)
{
    struct front *front = context;
    while (!atomic_load(&front->is_stopping))
        emulator_step(front->emulator, STEP_MS);
    return NULL;
}

/* As many connections as the machine allows. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* else the soft limit it is */
}

/* Serves until SIGTERM or SIGINT. Signals are blocked in every thread but here. */
static int serve(struct emulator *emulator, const sigset_t *signals)
{
    struct front front = {.emulator = emulator};
    pthread_t thread;
    atomic_init(&front.is_stopping, false);
    if (pthread_create(&thread, NULL, run_front, &front) != 0) {
        (void)fprintf(stderr, "genesys-emulator: cannot start its thread\n");
        return EXIT_CANNOT_START;
    }
    /* Scripts wait for this line and read the port from it. */
    (void)printf("genesys-emulator listens on http://%s\n", emulator_address(emulator));
    (void)fflush(stdout);

    int signal_number;
    (void)sigwait(signals, &signal_number);
    atomic_store(&front.is_stopping, true);
    emulator_wake(emulator);
    (void)pthread_join(thread, NULL);
    return EXIT_SUCCESS;
}

static int run(const struct emulator_settings *settings)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before there are threads */
    (void)signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    log_init(LOG_WARN, isatty(STDERR_FILENO) ? LOG_TEXT : LOG_JSON, COLOUR_AUTO);

    struct emulator *emulator = NULL;
    struct error err;
    if (emulator_new(settings, &emulator, &err) != STATUS_OK) {
        (void)fprintf(stderr, "genesys-emulator: %s\n", err.text);
        return EXIT_CANNOT_START;
    }
    int exit_code = serve(emulator, &signals);
    emulator_free(emulator);
    return exit_code;
}

static void print_help(void)
{
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, HELP_BYTES_MAX);
    options_print_help(&text);
    (void)fputs(buf_c_string(&text), stdout);
}

int main(int argc, char **argv)
{
    struct options options;
    struct error err;
    if (options_read(argc, argv, &options, &err) != STATUS_OK) {
        (void)fprintf(stderr, "genesys-emulator: %s\n", err.text);
        return EXIT_WRONG_USE;
    }
    int exit_code = EXIT_SUCCESS;
    if (options.wants_help)
        print_help();
    else if (options.wants_version)
        (void)printf("genesys-emulator %s\n", OMGW_VERSION);
    else
        exit_code = run(&options.settings);
    options_release(&options);
    return exit_code;
}
