/*
 * fuzz_webhook: what Genesys Cloud posts, headers included. Nothing is refused for its
 * content but a body for another integration; what is not understood is kept raw.
 */
#include "protocol.h"

#include "gateway/crypto.h"
#include "gateway/genesys.h"

static char name[] = "acme";
static char integration[] = "5a1d3a52-0000-4000-8000-000000000002";
static char api_url[] = "https://api.mypurecloud.ie";

static const struct bridge *genesys_bridge(void)
{
    static struct organisation organisation = {.name = name, .api_url = api_url};
    static struct hmac *keys[1];
    static struct bridge bridge = {
        .name = name,
        .organisation = &organisation,
        .integration_id = integration,
        .genesys_secrets = {.count = 1},
        .genesys_keys = keys,
    };
    struct error err;

    if (keys[0] == NULL)
        demand(hmac_new(STR("example-signing-secret-0001"), &keys[0], &err) ==
                   STATUS_OK,
               "a key");
    return &bridge;
}

static void check_event(const struct bridge *bridge, const struct event *event,
                        struct str body, struct arena *arena)
{
    if (event->kind == EVENT_UNREADABLE) {
        demand(str_equal(event->raw, str_sub(body, 0, LIMIT_UNREADABLE_BYTES)),
               "not the bytes that came");
        demand(event->key_count == 1, "not told from a repeat");
        return;
    }
    demand(event->kind == EVENT_RECEIPT || event->contact_id.len > 0,
           "an event for nobody");
    demand_event(event);
    demand_round_trip(event, arena);
    demand_sayable(&genesys_sender, bridge, event, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bridge *bridge = genesys_bridge();
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    struct unit unit = {0};
    struct error err = {.text = ""};
    struct request request;

    request_init(&request, data, size);
    enum status status = genesys_source.verify(bridge, &request.message,
                                               (struct now){.wall_ms = 0}, &err);
    demand(status == STATUS_OK || status == STATUS_DENIED, "an odd verdict");

    status = genesys_source.decode(bridge, &request.message, arena, &unit, &err);
    demand(status == STATUS_OK || status == STATUS_FORBIDDEN, "content was refused");
    for (size_t i = 0; status == STATUS_OK && i < unit.event_count; i++)
        check_event(bridge, &unit.events[i], request.message.body, arena);
    return 0;
}
