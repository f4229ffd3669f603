#include "demo_keeper.h"

#include "gateway/clock.h"
#include "gateway/demo.h"
#include "gateway/json.h"
#include "gateway/memory.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define READY_MS 20000
/* Longer than the gateway drains (timeouts.drain). */
#define END_MS 15000
#define STEP_MS 60000
#define UNPLUG_PRESET_MS 20000
#define UNPLUG_MAX_MS (10 * 60 * 1000)
#define LOG_DEPTH 4
#define REPLAY_BYTES_MAX ((size_t)64 * 1024)

/* --- the process ---------------------------------------------------------- */

/* Taken by poll on the main thread; no other thread sees them. */
static int open_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP); /* the terminal is gone */
    (void)sigaddset(&set, SIGCHLD);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Settings in the environment are of another gateway. */
static char **without_settings(char **environment)
{
    size_t count = 0;
    size_t kept = 0;
    while (environment[count] != NULL)
        count++;
    char **copy = mem_new_array(count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        if (!str_starts(str_of(environment[i]), STR("OMGW_")))
            copy[kept++] = environment[i];
    return copy;
}

static void *run_front(void *context)
{
    struct demo_keeper *keeper = context;
    while (!atomic_load(&keeper->is_stopping))
        demo_step(keeper->demo, STEP_MS);
    return NULL;
}

/* --- what the children say ------------------------------------------------ */

static void hear_gateway(void *context, struct str line)
{
    struct demo_keeper *keeper = context;
    CLEANUP(json_freep) struct json *event = NULL;
    struct str name;
    demo_take_log(keeper->demo, line);
    if (!keeper->is_gateway_ready &&
        json_parse(line, LOG_DEPTH, &event, NULL) == STATUS_OK &&
        json_str(json_get(event, "event"), &name))
        keeper->is_gateway_ready = str_is(name, "serve.started");
}

static void hear_emulator(void *context, struct str line)
{
    struct demo_keeper *keeper = context;
    if (str_starts(line, STR("genesys-emulator listens on ")))
        keeper->is_emulator_ready = true;
}

static void take_signals(struct demo_keeper *keeper)
{
    struct signalfd_siginfo info;
    while (read(keeper->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        keeper->is_told |= info.ssi_signo != SIGCHLD;
}

static void hear_all(struct demo_keeper *keeper, int timeout_ms)
{
    struct pollfd waited[] = {
        {.fd = keeper->signals,         .events = POLLIN},
        {.fd = keeper->gateway.output,  .events = POLLIN},
        {.fd = keeper->emulator.output, .events = POLLIN},
    };
    (void)poll(waited, COUNT_OF(waited), timeout_ms);
    take_signals(keeper);
    child_hear(&keeper->gateway, hear_gateway, keeper);
    child_hear(&keeper->emulator, hear_emulator, keeper);
}

bool demo_keeper_round(struct demo_keeper *keeper, int timeout_ms)
{
    hear_all(keeper, timeout_ms);
    bool has_lost =
        child_has_ended(&keeper->gateway) || child_has_ended(&keeper->emulator);
    return !keeper->is_told && !has_lost;
}

/* --- starting ------------------------------------------------------------- */

static const char *url_of(struct demo_keeper *keeper, const char *address,
                          const char *path)
{
    return arena_printf(keeper->place.arena, "http://%s%s", address, path).ptr;
}

/* getopt's and execve's lists hold plain pointers. */
static char *own(struct arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = arena_alloc(arena, size);
    memcpy(copy, text, size);
    return copy;
}

static enum status start_emulator(struct demo_keeper *keeper, struct error *err)
{
    const struct demo_place *place = &keeper->place;
    struct arena *arena = place->arena;
    struct str port = str_of(place->page_address);
    (void)str_cut(&port, ':');
    const char *framed_by =
        arena_printf(place->arena, "http://%s http://localhost:%.*s",
                     place->page_address, STR_ARG(port))
            .ptr;
    char *argv[] = {
        own(arena, "genesys-emulator"),
        own(arena, "--listen"),
        own(arena, place->genesys_address),
        own(arena, "--client-id"),
        own(arena, place->client_id),
        own(arena, "--client-secret"),
        own(arena, place->client_secret),
        own(arena, "--integration"),
        own(arena, place->integration),
        own(arena, "--webhook-url"),
        own(arena, url_of(keeper, place->public_address, "/webhooks/genesys/acme")),
        own(arena, "--webhook-secret"),
        own(arena, place->genesys_secret),
        own(arena, "--framed-by"),
        own(arena, framed_by),
        NULL,
    };
    return child_start(&keeper->emulator, "the emulator", "genesys-emulator", argv,
                       keeper->environment, err);
}

static enum status start_gateway(struct demo_keeper *keeper, struct error *err)
{
    struct arena *arena = keeper->place.arena;
    char *argv[] = {
        own(arena, "omgw"),
        own(arena, "serve"),
        own(arena, "--config"),
        own(arena, keeper->place.config_path),
        NULL,
    };
    return child_start(&keeper->gateway, "the gateway", NULL, argv, keeper->environment,
                       err);
}

static void hear_nothing(void *context, struct str line)
{
    (void)context;
    (void)line;
}

/* As an operator would, by the command. On the demo's thread, which outlives it. */
static enum status replay(void *context, struct error *err)
{
    struct demo_keeper *keeper = context;
    CLEANUP(arena_freep) struct arena *arena = arena_new(REPLAY_BYTES_MAX);
    struct child child;
    char *argv[] = {
        own(arena, "omgw"),
        own(arena, "dead"),
        own(arena, "replay"),
        own(arena, "--bridge"),
        own(arena, "acme"),
        own(arena, "--yes"),
        own(arena, "--config"),
        own(arena, keeper->place.config_path),
        NULL,
    };
    enum status status =
        child_start(&child, "the replay", NULL, argv, keeper->environment, err);
    if (status != STATUS_OK)
        return status;
    child_wait(&child);
    child_hear(&child, hear_nothing, NULL);
    const char *words = child.last_lines[CHILD_LAST_LINES - 1];
    if (child.wait_status != 0)
        status = fail(err, STATUS_RETRY, "omgw dead replay: %s",
                      words != NULL ? words : "failed");
    child_release(&child);
    return status;
}

static enum status read_unplug(const char *text, int64_t *out_ms, struct error *err)
{
    *out_ms = UNPLUG_PRESET_MS;
    if (text == NULL || (duration_parse(str_of(text), out_ms) && *out_ms > 0 &&
                         *out_ms <= UNPLUG_MAX_MS))
        return STATUS_OK;
    return fail(err, STATUS_INVALID, "--unplug must be a time like 20s, at most 10m");
}

static enum status open_demo(struct demo_keeper *keeper,
                             const struct invocation *invocation, struct error *err)
{
    const struct demo_place *place = &keeper->place;
    struct demo_settings settings = {
        .listen = place->page_address,
        .key = str_from(place->key, sizeof(place->key)),
        .webhook_url = url_of(keeper, place->public_address, "/webhooks/channels/acme"),
        .emulator_url = url_of(keeper, place->genesys_address, ""),
        .integration = place->integration,
        .config_path = place->config_path,
        .replay = replay,
        .context = keeper,
    };
    enum status status = read_unplug(invocation->unplug, &settings.unplug_ms, err);
    if (status == STATUS_OK)
        status = demo_open(&settings, &keeper->demo, err);
    if (status != STATUS_OK)
        return status;
    keeper->has_front = pthread_create(&keeper->front, NULL, run_front, keeper) == 0;
    if (!keeper->has_front)
        return fail(err, STATUS_FAILED, "the system gives no thread");
    return STATUS_OK;
}

static enum exit_code wait_ready(struct demo_keeper *keeper)
{
    int64_t end_ms = clock_now().mono_ms + READY_MS;
    while (!keeper->is_gateway_ready || !keeper->is_emulator_ready) {
        int64_t left_ms = end_ms - clock_now().mono_ms;
        if (left_ms <= 0) {
            (void)fprintf(stderr, "omgw: %s is not ready after %d s\n",
                          keeper->is_gateway_ready ? "the emulator" : "the gateway",
                          READY_MS / 1000);
            return EXIT_UNAVAILABLE;
        }
        if (!demo_keeper_round(keeper, (int)left_ms))
            return EXIT_UNAVAILABLE;
    }
    return EXIT_OK;
}

enum exit_code demo_keeper_start(struct demo_keeper *keeper,
                                 const struct invocation *invocation)
{
    struct error err;
    *keeper = (struct demo_keeper){
        .environment = without_settings(invocation->environment),
        .signals = open_signals(),
        .emulator.output = -1,
        .gateway.output = -1,
    };
    bool are_free = invocation->free_ports || invocation->check;
    enum status status =
        demo_place_make(&keeper->place, invocation->port, are_free, &err);
    if (status == STATUS_OK)
        status = demo_place_configure(&keeper->place, &err);
    if (status == STATUS_OK)
        status = open_demo(keeper, invocation, &err);
    if (status == STATUS_OK)
        status = start_emulator(keeper, &err);
    if (status == STATUS_OK)
        status = start_gateway(keeper, &err);
    if (status == STATUS_OK)
        return wait_ready(keeper);
    say_error("cannot start the demo", &err);
    return status == STATUS_INVALID ? EXIT_WRONG_USE : EXIT_UNAVAILABLE;
}

/* --- ending --------------------------------------------------------------- */

/* SIGTERM; SIGKILL when it takes too long, or is asked for a second time. */
static void end_child(struct demo_keeper *keeper, struct child *child)
{
    int64_t end_ms = clock_now().mono_ms + END_MS;
    keeper->is_told = false;
    child_signal(child, SIGTERM);
    while (!child_has_ended(child)) {
        int64_t left_ms = end_ms - clock_now().mono_ms;
        if (left_ms <= 0 || keeper->is_told) {
            (void)fprintf(stderr, "omgw: %s does not end: killed\n", child->name);
            return; /* by child_release */
        }
        hear_all(keeper, (int)left_ms);
    }
}

/* What was lost before anybody asked for the end. */
static bool say_lost(const struct demo_keeper *keeper)
{
    const struct child *const children[] = {&keeper->gateway, &keeper->emulator};
    bool is_lost = false;
    for (size_t i = 0; i < COUNT_OF(children) && !keeper->is_told; i++) {
        if (children[i]->pid == 0 || !children[i]->has_ended)
            continue;
        child_say_end(children[i]);
        is_lost = true;
    }
    return is_lost;
}

static void stop_front(struct demo_keeper *keeper)
{
    atomic_store(&keeper->is_stopping, true);
    if (keeper->has_front) {
        demo_wake(keeper->demo);
        (void)pthread_join(keeper->front, NULL);
    }
    demo_close(keeper->demo);
}

enum exit_code demo_keeper_end(struct demo_keeper *keeper)
{
    bool is_lost = say_lost(keeper);
    /* The gateway first: what it drains, its peers still take. */
    end_child(keeper, &keeper->gateway);
    end_child(keeper, &keeper->emulator);
    child_release(&keeper->gateway);
    child_release(&keeper->emulator);
    stop_front(keeper);
    demo_place_clear(&keeper->place);
    if (keeper->signals >= 0)
        (void)close(keeper->signals);
    mem_free(keeper->environment);
    return is_lost ? EXIT_UNAVAILABLE : EXIT_OK;
}
