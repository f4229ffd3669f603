/*
 * fuzz_partner: what a partner posts, headers included. Whatever the decoder lets
 * through is a sound event; whatever it refuses it refuses with a status of the
 * contract.
 */
#include "protocol.h"

#include "channels/partner.h"
#include "gateway/channels.h"

static char secret[] = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
static char public_key[] = "whpk_I7xUkSwebpLEqGglyGfif/3FVb/71CRPF6Jqv//ull0=";
static char url[] = "https://partner.example/omgw";
static char name[] = "acme";

static const struct bridge *partner_bridge(void)
{
    static char *secrets[] = {secret};
    static char *public_keys[] = {public_key};
    static struct partner_settings settings = {
        .callback_url = url,
        .secrets = {secrets,     1},
        .public_keys = {public_keys, 1},
        .text_max = LIMIT_PARTNER_TEXT,
    };
    static struct bridge bridge = {.name = name};
    struct error err;

    if (bridge.settings != NULL)
        return &bridge;
    bridge.channel = channel_find(STR("partner"));
    demand(bridge.channel->settings_ready(&settings, &err) == STATUS_OK, "settings");
    bridge.settings = &settings;
    return &bridge;
}

static bool is_of_the_contract(enum status status)
{
    return status == STATUS_INVALID || status == STATUS_UNPROCESSABLE ||
           status == STATUS_UNSUPPORTED || status == STATUS_TOO_LARGE;
}

static void check_event(const struct bridge *bridge, const struct event *event,
                        struct arena *arena)
{
    demand(event->contact_id.len > 0, "an event of nobody");
    demand_event(event);
    demand_round_trip(event, arena);
    demand_sayable(bridge->channel->sender, bridge, event, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bridge *bridge = partner_bridge();
    const struct source *source = bridge->channel->source;
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    struct unit unit = {0};
    struct error err = {.text = ""};
    struct request request;

    request_init(&request, data, size);
    enum status status =
        source->verify(bridge, &request.message,
                       (struct now){.wall_ms = INT64_C(1700000000000)}, &err);
    demand(status == STATUS_OK || status == STATUS_DENIED, "an odd verdict");

    status = source->decode(bridge, &request.message, arena, &unit, &err);
    if (status == STATUS_OK)
        check_event(bridge, &unit.events[0], arena);
    else
        demand(is_of_the_contract(status), "an odd status");
    return 0;
}
