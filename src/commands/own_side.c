#include "own_side.h"

#include "bridges.h"
#include "peer.h"

#include "gateway/http_client.h"

#define SETTINGS "settings"
#define URL "public_url"
#define GATEWAY "gateway"
#define BRIDGE "bridge"
#define HTTPS STR("https://")
/* Of what the configuration warns of: more say nothing more. */
#define WARNINGS_MAX 16

/* ---- the settings ---- */

/* They are loaded, so that nothing is missing or wrong that can be told from here. */
static void say_settings(struct setup *setup, const struct config *config)
{
    struct str rest = config_warnings(config);

    if (rest.len == 0)
        setup_say(setup, SETUP_WELL, SETTINGS, "all there, secrets too");
    for (size_t i = 0; i < WARNINGS_MAX && rest.len > 0; i++) {
        struct str line = str_cut(&rest, '\n');
        setup_say(setup, SETUP_NOTE, SETTINGS, "%.*s", STR_ARG(line));
    }
}

/* ---- the address ---- */

/* Source: genesys/open-messaging.md section 2.1: "https on port 443". */
static bool has_other_port(struct str url)
{
    struct str rest = str_sub(url, HTTPS.len, url.len);
    struct str host = str_cut(&rest, '/');
    int64_t bracket = str_find_byte(host, ']');
    if (bracket >= 0)
        host = str_sub(host, (size_t)bracket, host.len);
    struct str port = host;
    (void)str_cut(&port, ':');
    return port.len > 0 && !str_is(port, "443");
}

static const char *url_fault(const char *url)
{
    if (!str_starts(str_of(url), HTTPS))
        return "is not https, and Genesys Cloud posts to nothing else";
    if (!host_is_allowed(url, NULL))
        return "is reached from inside only";
    if (has_other_port(str_of(url)))
        return "names a port, and Genesys Cloud posts to 443 only";
    return NULL;
}

bool own_side_settings(struct setup *setup, const struct config *config)
{
    const char *url = config->public_url;
    say_settings(setup, config);
    if (url == NULL) {
        setup_say(setup, SETUP_MISCONFIGURED, URL,
                  "is not set: it says where Genesys Cloud and the channels post to");
        return false;
    }
    const char *fault = url_fault(url);
    setup_say(setup, fault == NULL ? SETUP_WELL : SETUP_MISCONFIGURED, URL, "%s%s%s",
              url, fault == NULL ? "" : " ", fault == NULL ? "" : fault);
    return true;
}

/* ---- the gateway ---- */

static void judge_ready(struct setup *setup, const struct config *config)
{
    struct reply reply;
    struct error err;
    enum status status = peer_ask_ready(config, setup->arena, &reply, &err);
    if (status != STATUS_OK || reply.kind != REPLY_ANSWER)
        setup_say(setup, SETUP_UNREACHABLE, GATEWAY,
                  "none answers at %s: %s; start it with \"omgw serve\"",
                  config->listen.admin_address,
                  status != STATUS_OK ? err.text : reply.why);
    else if (reply.status != 200)
        setup_say(setup, SETUP_UNREACHABLE, GATEWAY,
                  "it runs, but takes nothing now: its log says why");
    else
        setup_say(setup, SETUP_WELL, GATEWAY, "it runs, and is ready");
}

/* ---- the bridge ---- */

struct looking {
    struct setup *setup;
    bool is_known;
    bool is_paused;
};

static void bridge_seen(const struct bridge_record *bridge, void *context)
{
    struct looking *looking = context;
    looking->is_known |= strcmp(bridge->name, looking->setup->bridge->name) == 0;
}

static void pause_seen(const struct pause *pause, void *context)
{
    struct looking *looking = context;
    struct setup *setup = looking->setup;
    const struct bridge *bridge = setup->bridge;
    if (!pause_concerns(pause, bridge->name, bridge->organisation->name))
        return;
    struct str words = pause_words(pause, setup->arena);
    looking->is_paused = true;
    setup_say(setup, SETUP_WRONG, BRIDGE,
              "paused: %.*s; \"omgw bridges resume %s\" goes on", STR_ARG(words),
              bridge->name);
}

static enum status look(struct store *store, struct looking *looking, struct error *err)
{
    enum status status = store_bridges(store, bridge_seen, looking, err);
    if (status == STATUS_OK)
        status = store_pauses(store, pause_seen, looking, err);
    return status;
}

static void judge_bridge(struct setup *setup, const struct config *config)
{
    const struct store_options options = {.mode = STORE_READER};
    CLEANUP(store_closep) struct store *store = NULL;
    struct looking looking = {.setup = setup};
    struct error err;
    enum status status = store_open(config->database, &options, &store, &err);
    if (status == STATUS_OK)
        status = look(store, &looking, &err);
    if (status != STATUS_OK)
        setup_say(setup, SETUP_UNREACHABLE, BRIDGE,
                  "whether it is paused is not known: %s", err.text);
    else if (!looking.is_known)
        setup_say(setup, SETUP_WRONG, BRIDGE,
                  "no gateway has loaded it yet: start or reload omgw");
    else if (!looking.is_paused)
        setup_say(setup, SETUP_WELL, BRIDGE, "active");
}

void own_side_gateway(struct setup *setup, const struct config *config)
{
    judge_ready(setup, config);
    judge_bridge(setup, config);
}
