#include "peer.h"

#include "gateway/crypto.h"
#include "gateway/http_client.h"
#include "gateway/random.h"

#define READY_TIMEOUT_MS 5000
#define UNIX_PREFIX "unix:"

enum status peer_ask(const struct config *config, const struct exchange *exchange,
                     struct arena *arena, struct reply *out_reply, struct error *err)
{
    const struct http_client_settings settings = {
        .connections = 1,
        .connections_per_host = 1,
        .allow = (const char *const *)config->egress.allow.items,
        .proxy = config->egress.proxy,
        .ca_file = config->egress.ca_file,
    };
    return http_client_once(&settings, exchange, arena, out_reply, err);
}

enum status peer_ask_ready(const struct config *config, struct arena *arena,
                           struct reply *out_reply, struct error *err)
{
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
        .timeout_ms = READY_TIMEOUT_MS,
    };
    return http_client_once(&settings, &exchange, arena, out_reply, err);
}

struct str peer_new_id(struct now now, struct arena *arena)
{
    struct random random;
    uint64_t seed;
    char id[PUBLIC_ID_BYTES];

    bytes_random(&seed, sizeof(seed));
    random_seed(&random, seed);
    uuid7_text(now.wall_ms, &random, id);
    return arena_copy(arena, str_of(id));
}
