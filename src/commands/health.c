/*
 * health: asks the running gateway's /readyz, for containers without curl.
 */
#include "command.h"

#include "gateway/arena.h"
#include "gateway/http_client.h"

#define HEALTH_TIMEOUT_MS 5000
#define UNIX_PREFIX "unix:"
#define HEALTH_ARENA_BYTES (1024u * 1024)

enum exit_code command_health(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(arena_freep) struct arena *arena = arena_new(HEALTH_ARENA_BYTES);
    struct error err;
    struct reply reply;
    enum exit_code code = load_config(invocation, &config);
    if (code != EXIT_OK)
        return code;

    const char *address = config->listen.admin_address;
    bool is_unix = str_starts(str_of(address), STR(UNIX_PREFIX));
    const struct http_client_settings settings = {
        .connections = 1,
        .connections_per_host = 1,
        .unix_socket = is_unix ? address + sizeof(UNIX_PREFIX) - 1 : NULL,
    };
    const struct exchange exchange = {
        .method = "GET",
        .url = arena_printf(arena, "http://%s/readyz", is_unix ? "localhost" : address)
                   .ptr,
        .timeout_ms = HEALTH_TIMEOUT_MS,
    };
    if (http_client_once(&settings, &exchange, arena, &reply, &err) != STATUS_OK) {
        say_error("cannot ask", &err);
        return EXIT_UNAVAILABLE;
    }
    if (reply.kind != REPLY_ANSWER) {
        (void)fprintf(stderr, "omgw: no answer from %s: %s; is `omgw serve` running?\n",
                      address, reply.why);
        return EXIT_UNAVAILABLE;
    }
    bool is_ready = reply.status == 200;
    if (invocation->as_json)
        (void)printf("{\"ready\":%s}\n", is_ready ? "true" : "false");
    else
        (void)printf("%s\n", is_ready ? "ready" : "not ready");
    return is_ready ? EXIT_OK : EXIT_UNAVAILABLE;
}
