/*
 * health: asks the running gateway's /readyz, for containers without curl.
 */
#include "peer.h"

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

    if (peer_ask_ready(config, arena, &reply, &err) != STATUS_OK) {
        say_error("cannot ask", &err);
        return EXIT_UNAVAILABLE;
    }
    if (reply.kind != REPLY_ANSWER) {
        (void)fprintf(stderr, "omgw: no answer from %s: %s; is `omgw serve` running?\n",
                      config->listen.admin_address, reply.why);
        return EXIT_UNAVAILABLE;
    }
    bool is_ready = reply.status == 200;
    if (invocation->as_json)
        (void)printf("{\"ready\":%s}\n", is_ready ? "true" : "false");
    else
        (void)printf("%s\n", is_ready ? "ready" : "not ready");
    return is_ready ? EXIT_OK : EXIT_UNAVAILABLE;
}
