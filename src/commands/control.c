#include "control.h"

#include "gateway/http_client.h"
#include "gateway/json.h"

#include <errno.h>
#include <unistd.h>

#define RUN_SOCKET "unix:/run/omgw/omgw.sock"
#define SOCKET_NAME "omgw.sock"
#define UNIX_PREFIX_BYTES (sizeof("unix:") - 1)

/* The gateway itself answers within timeouts.stored. */
#define ASK_TIMEOUT_MS 60000
#define ASK_ARENA_BYTES (4u * 1024 * 1024)

struct str database_path(const char *url)
{
    struct str whole = str_of(url);
    struct str scheme = STR(SQLITE_PREFIX);
    return str_starts(whole, scheme) ? str_sub(whole, scheme.len, whole.len) : whole;
}

static const char *beside_database(const char *database, struct arena *arena)
{
    struct str path = database_path(database);
    while (path.len > 0 && path.ptr[path.len - 1] != '/')
        path.len--;
    return arena_printf(arena, "unix:%.*s" SOCKET_NAME, STR_ARG(path)).ptr;
}

void control_places(const struct config *config, struct arena *arena,
                    struct control_places *out)
{
    *out = (struct control_places){.count = 0};
    if (config->listen.control_address != NULL) {
        out->addresses[out->count++] = config->listen.control_address;
        return;
    }
    out->addresses[out->count++] = RUN_SOCKET;
    out->addresses[out->count++] = beside_database(config->database, arena);
}

/* --- asking
 * -----------------------------------------------------------------------------------
 */

static enum status ask_at(const char *address, const struct exchange *exchange,
                          struct arena *arena, struct reply *out_reply,
                          struct error *err)
{
    const struct http_client_settings settings = {
        .connections = 1,
        .connections_per_host = 1,
        .unix_socket = address + UNIX_PREFIX_BYTES,
    };
    return http_client_once(&settings, exchange, arena, out_reply, err);
}

/* The socket beside the database is certainly of this database: it is asked first. */
static enum status ask_places(const struct control_places *places,
                              const struct exchange *exchange, struct arena *arena,
                              struct reply *out_reply, struct error *err)
{
    enum status status = STATUS_OK;
    *out_reply = (struct reply){.kind = REPLY_NOT_SENT};
    for (size_t i = places->count; i-- > 0;) {
        status = ask_at(places->addresses[i], exchange, arena, out_reply, err);
        if (status != STATUS_OK || out_reply->kind != REPLY_NOT_SENT)
            break;
    }
    return status;
}

static enum exit_code say_not_running(const struct control_places *places)
{
    (void)fputs("omgw: no gateway is running here: nothing answers at", stderr);
    for (size_t i = 0; i < places->count; i++)
        (void)fprintf(stderr, "%s %s", i == 0 ? "" : " or", places->addresses[i]);
    (void)fputs(
        "; start it with \"omgw serve\", or name its socket in listen.control\n",
        stderr);
    return EXIT_UNAVAILABLE;
}

/* A socket that is there, for others: the gateway may well be running. NULL: none is.
 */
static const char *forbidden_place(const struct control_places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        const char *path = places->addresses[i] + UNIX_PREFIX_BYTES;
        if (access(path, F_OK) != 0 ? errno == EACCES : access(path, W_OK) != 0)
            return path;
    }
    return NULL;
}

static enum exit_code say_forbidden(const char *path)
{
    (void)fprintf(stderr,
                  "omgw: you may not use the gateway's control socket %s: run this as "
                  "the user that omgw runs as, or join the socket's group\n",
                  path);
    return EXIT_NO_PERMISSION;
}

static enum exit_code exit_of_refusal(int http_status)
{
    switch (http_status) {
    case 400:
        return EXIT_BUG;
    case 403:
        return EXIT_NO_PERMISSION;
    case 503:
        return EXIT_TRY_AGAIN;
    default:
        return EXIT_TROUBLE;
    }
}

static enum exit_code say_refused(const struct reply *reply)
{
    CLEANUP(json_freep) struct json *problem = NULL;
    struct str detail = STR("it did not say why");
    if (json_parse(reply->body, JSON_DEPTH_DEFAULT, &problem, NULL) == STATUS_OK)
        (void)json_str(json_get(problem, "detail"), &detail);
    (void)fprintf(stderr, "omgw: the gateway refused: %.*s\n", STR_ARG(detail));
    return exit_of_refusal(reply->status);
}

static enum exit_code read_answer(const struct reply *reply, struct json **out_answer)
{
    struct error err;
    if (reply->kind != REPLY_ANSWER) {
        (void)fprintf(stderr, "omgw: the gateway did not answer: %s\n", reply->why);
        return EXIT_UNAVAILABLE;
    }
    if (reply->status != 200)
        return say_refused(reply);
    if (json_parse(reply->body, JSON_DEPTH_DEFAULT, out_answer, &err) == STATUS_OK)
        return EXIT_OK;
    say_error("the gateway's answer", &err);
    return EXIT_BUG;
}

static enum exit_code ask(const struct config *config, const char *path,
                          struct json *body, bool must_run, struct json **out_answer)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(ASK_ARENA_BYTES);
    CLEANUP(json_freep) struct json *owned = body;
    struct control_places places;
    struct reply reply;
    struct error err;
    struct exchange exchange = {
        .method = "POST",
        .url = arena_printf(arena, "http://gateway%s", path).ptr,
        .timeout_ms = ASK_TIMEOUT_MS,
    };

    json_add_str(owned, "database", str_of(config->database));
    enum status status = exchange_json(&exchange, owned, arena, &err);
    control_places(config, arena, &places);
    if (status == STATUS_OK)
        status = ask_places(&places, &exchange, arena, &reply, &err);
    if (status != STATUS_OK) {
        say_error("cannot ask the gateway", &err);
        return EXIT_UNAVAILABLE;
    }
    if (reply.kind != REPLY_NOT_SENT)
        return read_answer(&reply, out_answer);
    const char *forbidden = forbidden_place(&places);
    if (forbidden != NULL)
        return say_forbidden(forbidden);
    return must_run ? say_not_running(&places) : EXIT_OK;
}

enum exit_code control_ask(const struct config *config, const char *path,
                           struct json *body, struct json **out_answer)
{
    return ask(config, path, body, true, out_answer);
}

enum exit_code control_ask_if_running(const struct config *config, const char *path,
                                      struct json *body, struct json **out_answer)
{
    return ask(config, path, body, false, out_answer);
}
