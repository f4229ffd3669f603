/*
 * bridges test: a signed ping to the bridge's channel, and what came back. Sent from
 * here with the configuration's secrets: it needs no gateway, and tells nothing to one.
 */
#include "peer.h"

#include "gateway/channels.h"
#include "gateway/json.h"
#include "gateway/reply.h"

#define PING_ARENA_BYTES (4u * 1024 * 1024)

static enum status ping(const struct config *config, const struct bridge *bridge,
                        struct arena *arena, struct reply *out_reply, struct error *err)
{
    struct now now = clock_now();
    struct exchange exchange;

    enum status status =
        channel_ping(bridge, peer_new_id(now, arena), now, arena, &exchange, err);
    if (status != STATUS_OK)
        return status;
    return peer_ask(config, &exchange, arena, out_reply, err);
}

static enum exit_code print_reply(const struct invocation *invocation,
                                  const struct bridge *bridge,
                                  const struct reply *reply, int64_t took_ms)
{
    bool is_answer = reply->kind == REPLY_ANSWER;
    bool is_well = reply_is_success(reply);
    if (invocation->as_json) {
        CLEANUP(json_freep) struct json *result = json_new_object();
        json_add_str(result, "bridge", str_of(bridge->name));
        json_add_bool(result, "ok", is_well);
        if (is_answer)
            json_add_i64(result, "http_status", reply->status);
        else
            json_add_str(result, "error", str_of(reply->why));
        json_add_i64(result, "took_ms", took_ms);
        enum exit_code code = print_json(result);
        return code == EXIT_OK && !is_well ? EXIT_TROUBLE : code;
    }
    if (is_answer)
        (void)printf("%s: the channel answered %d in %lld ms%s\n", bridge->name,
                     reply->status, (long long)took_ms,
                     is_well ? ": it takes our signature" : "; it should be 2xx");
    else
        (void)printf("%s: no answer after %lld ms: %s\n", bridge->name,
                     (long long)took_ms, reply->why);
    return is_well ? EXIT_OK : EXIT_TROUBLE;
}

enum exit_code command_bridges_test(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(arena_freep) struct arena *arena = arena_new(PING_ARENA_BYTES);
    const char *name = invocation->arguments[0];
    struct reply reply;
    struct error err;
    enum exit_code code = load_config(invocation, &config);
    if (code != EXIT_OK)
        return code;
    const struct bridge *bridge = config_bridge(config, str_of(name));
    if (bridge == NULL)
        return say_no_bridge(config, name);
    int64_t start_ms = clock_now().mono_ms;
    enum status status = ping(config, bridge, arena, &reply, &err);
    if (status != STATUS_OK) {
        say_error("cannot send a ping", &err);
        return exit_of(status);
    }
    return print_reply(invocation, bridge, &reply, clock_now().mono_ms - start_ms);
}
