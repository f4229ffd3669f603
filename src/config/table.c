#include "table.h"

#include "gateway/config.h"
#include "snapshot.h"

#define HOUR_MS ((int64_t)3600 * 1000)
#define DAY_MS (24 * HOUR_MS)
#define YEAR_MS (365 * DAY_MS)
#define GIBIBYTE ((int64_t)1 << 30)

/* Beyond these no value is meant, and sums with it could overflow. */
#define TIMEOUT_MAX HOUR_MS
#define WAIT_MAX DAY_MS
#define AGE_MAX YEAR_MS
#define RETENTION_MAX (100 * YEAR_MS)
#define MEMORY_MAX (1024 * GIBIBYTE)
#define COUNT_MAX 1000000

static const char *const migrate_choices[] = {"auto", "refuse", NULL};
static const char *const level_choices[] = {"error", "warn", "info", "debug", NULL};
static const char *const format_choices[] = {"auto", "json", "text", NULL};
static const char *const on_unknown_choices[] = {"repeat", "fail", NULL};

#define ROW(type, row_name, row_kind, member, ...)                                     \
    {                                                                                  \
        .name = (row_name), .kind = (row_kind), .offset = offsetof(type, member),      \
        __VA_ARGS__                                                                    \
    }
#define ROOT(...) ROW(struct config, __VA_ARGS__)
#define ORGANISATION(...) ROW(struct organisation_entry, __VA_ARGS__)
#define BRIDGE(...) ROW(struct bridge_entry, __VA_ARGS__)

/* Defaults: design sections 5 to 7. */
const struct setting_row root_rows[] = {
    ROOT("public_url", SETTING_URL, public_url,
         .help = "where Genesys and the channels reach this gateway; may have a path"),
    ROOT("listen.public", SETTING_TEXT, listen.public_address,
         .default_text = "0.0.0.0:8080", .is_required = true,
         .help = "address for webhooks; HOST:PORT or unix:/PATH"),
    ROOT("listen.admin", SETTING_TEXT, listen.admin_address,
         .default_text = "127.0.0.1:9090", .is_required = true,
         .help = "address for health, metrics and the admin API"),
    ROOT("listen.control", SETTING_TEXT, listen.control_address,
         .help = "Unix socket for commands that change something; by default "
                 "unix:/run/omgw/omgw.sock, or beside the database"),
    ROOT("admin.tokens", SETTING_SECRET, admin.token_lines,
         .help = "bearer tokens of the admin listener, one a line: NAME, viewer or "
                 "operator, SHA-256 of the token in hex"),
    ROOT("database", SETTING_PATH, database,
         .default_text = "sqlite:/var/lib/omgw/omgw.db", .is_required = true,
         .help = "where everything is remembered"),
    ROOT("media_dir", SETTING_PATH, media_dir, .default_text = "/var/lib/omgw/media",
         .is_required = true, .help = "folder for attachments"),
    ROOT("link_secrets", SETTING_SECRETS, link_secrets,
         .help = "keys of the links to attachments: the first signs, each one is "
                 "accepted; by default a key of its own, made in media_dir"),
    ROOT("migrate", SETTING_CHOICE, migrate, .default_text = "auto",
         .choices = migrate_choices,
         .help = "auto: bring an older database up to date at start; refuse: stop and "
                 "name the command"),
    ROOT("trusted_proxies", SETTING_TEXTS, trusted_proxies,
         .help = "addresses or networks whose X-Forwarded-For counts; unix: is whoever "
                 "opens the Unix socket of listen.public"),

    ROOT("limits.body", SETTING_SIZE, limits.body, .default_text = "1MiB", .min = 1,
         .max = GIBIBYTE, .help = "longest request body"),
    ROOT("limits.bodies_in_memory", SETTING_SIZE, limits.bodies_in_memory,
         .default_text = "64MiB", .min = 1, .max = MEMORY_MAX,
         .help = "bodies received at one time, in all; beyond it 503"),
    ROOT("limits.connections", SETTING_NUMBER, limits.connections,
         .default_text = "4096", .min = 1, .max = COUNT_MAX,
         .help = "open connections, in all"),
    ROOT("limits.connections_per_peer", SETTING_NUMBER, limits.connections_per_peer,
         .default_text = "1024", .min = 1, .max = COUNT_MAX,
         .help = "open connections of one address; trusted proxies are exempt, their "
                 "clients count"),
    ROOT("limits.refusals_per_second", SETTING_NUMBER, limits.refusals_per_second,
         .default_text = "200", .max = COUNT_MAX,
         .help = "requests of strangers that are refused at once; beyond it they wait "
                 "half a second for their answer; 0: no limit"),
    ROOT("limits.max_pending", SETTING_NUMBER, limits.max_pending,
         .default_text = "1000000", .min = 1, .max = (int64_t)1000 * COUNT_MAX,
         .help = "deliveries that may wait, per bridge; beyond it 503"),
    ROOT("limits.contact_per_minute", SETTING_NUMBER, limits.contact_per_minute,
         .default_text = "0", .max = COUNT_MAX,
         .help = "messages of one contact in a minute; 0: no limit"),
    ROOT("limits.disk_reserve", SETTING_SIZE, limits.disk_reserve,
         .default_text = "256MiB", .max = MEMORY_MAX,
         .help = "free space (or 5 % of the file system, if smaller) below which new "
                 "events get 503"),
    ROOT("limits.media_file", SETTING_SIZE, limits.media_file, .default_text = "25MiB",
         .min = 1, .max = GIBIBYTE,
         .help = "one attachment; a larger one is left out, and the message says so"),
    ROOT("limits.media_total", SETTING_SIZE, limits.media_total,
         .default_text = "10GiB", .min = 1, .max = MEMORY_MAX,
         .help = "all attachments in media_dir; beyond it new ones are left out"),
    ROOT("limits.lane_memory", SETTING_SIZE, limits.lane_memory,
         .default_text = "64MiB", .min = 1, .max = MEMORY_MAX,
         .help =
             "waiting deliveries kept in memory, at most half of it for peers that are "
             "paused or down; the others stay in the database"),

    ROOT("timeouts.header", SETTING_DURATION, timeouts.header, .default_text = "10s",
         .min = 1, .max = TIMEOUT_MAX,
         .help = "from the first byte of a request to the end of its headers"),
    ROOT("timeouts.body", SETTING_DURATION, timeouts.body, .default_text = "20s",
         .min = 1, .max = TIMEOUT_MAX, .help = "from there to the end of its body"),
    ROOT("timeouts.stored", SETTING_DURATION, timeouts.stored, .default_text = "8s",
         .min = 1, .max = TIMEOUT_MAX,
         .help = "from there to the commit; later is 503"),
    ROOT("timeouts.idle", SETTING_DURATION, timeouts.idle, .default_text = "75s",
         .min = 1, .max = TIMEOUT_MAX,
         .help = "from an answer to the end of the next request's headers"),
    ROOT("timeouts.answer", SETTING_DURATION, timeouts.answer, .default_text = "30s",
         .min = 1, .max = TIMEOUT_MAX,
         .help = "a client that takes none of its answer"),
    ROOT("timeouts.media", SETTING_DURATION, timeouts.media, .default_text = "1m",
         .min = 1, .max = TIMEOUT_MAX,
         .help = "an attachment that is fetched or handed on; its message waits so "
                 "long for it"),
    ROOT("timeouts.drain", SETTING_DURATION, timeouts.drain, .default_text = "10s",
         .max = TIMEOUT_MAX, .help = "from SIGTERM to the end of the process"),
    ROOT("timeouts.shutdown_delay", SETTING_DURATION, timeouts.shutdown_delay,
         .default_text = "0s", .max = TIMEOUT_MAX,
         .help =
             "after SIGTERM: /readyz says 503 this long before the listener closes"),

    ROOT("retry.first", SETTING_DURATION, retry.first, .default_text = "1s", .min = 1,
         .max = WAIT_MAX,
         .help = "longest wait before the first repeat; doubles with each"),
    ROOT("retry.ceiling", SETTING_DURATION, retry.ceiling, .default_text = "5m",
         .min = 1, .max = WAIT_MAX, .help = "longest wait between two attempts"),
    ROOT("retry.give_up_genesys", SETTING_DURATION, retry.give_up_genesys,
         .default_text = "72h", .min = 1, .max = AGE_MAX,
         .help = "age at which a delivery to Genesys becomes a dead letter"),
    ROOT("retry.give_up_channel", SETTING_DURATION, retry.give_up_channel,
         .default_text = "1h", .min = 1, .max = AGE_MAX,
         .help = "the same for a delivery to a channel"),
    ROOT("retry.give_up_alone", SETTING_DURATION, retry.give_up_alone,
         .default_text = "15m", .min = 1, .max = AGE_MAX,
         .help = "the same for one that keeps failing while others arrive"),
    ROOT("retry.probe", SETTING_DURATION, retry.probe, .default_text = "30s", .min = 1,
         .max = WAIT_MAX,
         .help = "longest wait between two tries of a peer that is down or paused"),
    ROOT("retry.time_out_genesys", SETTING_DURATION, retry.time_out_genesys,
         .default_text = "30s", .min = 1, .max = TIMEOUT_MAX,
         .help = "one request to Genesys, in all"),
    ROOT("retry.time_out_channel", SETTING_DURATION, retry.time_out_channel,
         .default_text = "15s", .min = 1, .max = TIMEOUT_MAX,
         .help = "one request to a channel, in all"),

    ROOT("retention.bodies", SETTING_DURATION, retention.bodies, .default_text = "7d",
         .min = 1, .max = RETENTION_MAX,
         .help = "texts and choices, after the delivery is done"),
    ROOT("retention.messages", SETTING_DURATION, retention.messages,
         .default_text = "90d", .min = 1, .max = RETENTION_MAX,
         .help = "messages with their deliveries, from acceptance"),
    ROOT("retention.dead_letters", SETTING_DURATION, retention.dead_letters,
         .default_text = "30d", .min = 1, .max = RETENTION_MAX,
         .help = "dead letters with their texts, from their end"),
    ROOT("retention.attempts", SETTING_DURATION, retention.attempts,
         .default_text = "30d", .min = 1, .max = RETENTION_MAX,
         .help = "failed and repeated attempts"),
    ROOT("retention.media", SETTING_DURATION, retention.media, .default_text = "7d",
         .min = 1, .max = RETENTION_MAX,
         .help = "attachments, from their coming; links to them are good so long"),
    ROOT("retention.audit", SETTING_DURATION, retention.audit, .default_text = "365d",
         .min = 1, .max = RETENTION_MAX, .help = "what operators did"),

    ROOT("egress.allow", SETTING_TEXTS, egress.allow,
         .help = "private addresses or networks that URLs from outside may name"),
    ROOT("egress.proxy", SETTING_URL, egress.proxy,
         .help = "HTTP proxy for all requests to Genesys and the channels"),
    ROOT("egress.ca_file", SETTING_PATH, egress.ca_file,
         .help = "certificates to trust, PEM; by default the system's"),

    ROOT("log.level", SETTING_CHOICE, log.level, .default_text = "info",
         .choices = level_choices, .help = "least important events to write"),
    ROOT("log.format", SETTING_CHOICE, log.format, .default_text = "auto",
         .choices = format_choices, .help = "auto: text on a terminal, else json"),
};
const size_t root_row_count = COUNT_OF(root_rows);

const struct setting_row organisation_rows[] = {
    ORGANISATION("name", SETTING_TEXT, value.name, .is_required = true,
                 .help = "what bridges call it: a-z, 0-9 and -, at most 63"),
    ORGANISATION("region", SETTING_TEXT, region,
                 .help = "AWS region of the organisation, such as eu_west_1"),
    ORGANISATION("api_url", SETTING_URL, value.api_url,
                 .help = "by default https://api.DOMAIN of the region"),
    ORGANISATION("login_url", SETTING_URL, value.login_url,
                 .help = "by default https://login.DOMAIN of the region"),
    ORGANISATION("client_id", SETTING_TEXT, value.client_id, .is_required = true,
                 .help = "OAuth client of the organisation, for client credentials"),
    ORGANISATION("client_secret", SETTING_SECRET, value.client_secret,
                 .is_required = true, .help = "secret of the OAuth client"),
    ORGANISATION("requests_per_minute", SETTING_NUMBER, value.requests_per_minute,
                 .default_text = "300", .max = COUNT_MAX,
                 .help = "never more requests in any 60 s; 0: no pacing"),
    ORGANISATION("connections", SETTING_NUMBER, value.connections, .default_text = "64",
                 .min = 1, .max = COUNT_MAX, .help = "requests at one time"),
};
const size_t organisation_row_count = COUNT_OF(organisation_rows);

const struct setting_row bridge_rows[] = {
    BRIDGE("name", SETTING_TEXT, value.name, .is_required = true,
           .help = "stands in its webhook URLs: a-z, 0-9 and -, at most 63"),
    BRIDGE("channel", SETTING_TEXT, channel, .is_required = true,
           .help =
               "kind of messaging service; its settings stand in a map of that name"),
    BRIDGE("genesys", SETTING_TEXT, organisation, .is_required = true,
           .help = "name of the organisation in the list genesys"),
    BRIDGE("integration_id", SETTING_TEXT, value.integration_id, .is_required = true,
           .help = "id of the open messaging integration in Genesys"),
    BRIDGE("genesys_secrets", SETTING_SECRETS, value.genesys_secrets,
           .is_required = true, .min = 1,
           .help = "signature secrets of the integration, longer than 15 characters; "
                   "several while one is replaced"),
    BRIDGE("threading_window", SETTING_DURATION, value.threading_window_ms,
           .default_text = "72h", .min = 1, .max = RETENTION_MAX,
           .help = "activity within it joins the same conversation"),
    BRIDGE("on_unknown", SETTING_CHOICE, value.on_unknown, .default_text = "repeat",
           .choices = on_unknown_choices,
           .help = "when the channel's answer was lost and it cannot tell repeats"),
    BRIDGE("end_on_left", SETTING_BOOL, value.end_on_left, .default_text = "false",
           .help = "a contact who leaves ends the Genesys conversation"),
    BRIDGE("connections", SETTING_NUMBER, value.connections, .default_text = "64",
           .min = 1, .max = COUNT_MAX, .help = "requests to the channel at one time"),
    BRIDGE("requests_per_minute", SETTING_NUMBER, value.requests_per_minute,
           .default_text = "0", .max = COUNT_MAX,
           .help = "to the channel; 0: no pacing"),
};
const size_t bridge_row_count = COUNT_OF(bridge_rows);

/* Source: genesys/open-messaging fact sheet, section 1.1, "Regions"; read 2026-11-21.
 */
const struct region regions[] = {
    {"us_east_1",      "mypurecloud.com"       },
    {"us_east_2",      "use2.us-gov-pure.cloud"},
    {"us_west_2",      "usw2.pure.cloud"       },
    {"ca_central_1",   "cac1.pure.cloud"       },
    {"mx_central_1",   "mxc1.pure.cloud"       },
    {"sa_east_1",      "sae1.pure.cloud"       },
    {"eu_west_1",      "mypurecloud.ie"        },
    {"eu_west_2",      "euw2.pure.cloud"       },
    {"eu_central_1",   "mypurecloud.de"        },
    {"eu_central_2",   "euc2.pure.cloud"       },
    {"eusc_de_east_1", "edee1.eusc-pure.cloud" },
    {"me_central_1",   "mec1.pure.cloud"       },
    {"ap_south_1",     "aps1.pure.cloud"       },
    {"ap_southeast_1", "apse1.pure.cloud"      },
    {"ap_southeast_2", "mypurecloud.com.au"    },
    {"ap_northeast_1", "mypurecloud.jp"        },
    {"ap_northeast_2", "apne2.pure.cloud"      },
    {"ap_northeast_3", "apne3.pure.cloud"      },
};
const size_t region_count = COUNT_OF(regions);

const struct region *region_find(struct str name)
{
    for (size_t i = 0; i < region_count; i++) {
        if (str_is(name, regions[i].name))
            return &regions[i];
    }
    return NULL;
}

const char *kind_name(enum setting_kind kind)
{
    static const char *const names[] = {
        [SETTING_TEXT] = "text",
        [SETTING_PATH] = "path",
        [SETTING_URL] = "URL",
        [SETTING_SECRET] = "secret",
        [SETTING_SECRETS] = "list of secrets",
        [SETTING_TEXTS] = "list",
        [SETTING_MAP] = "map",
        [SETTING_BOOL] = "true or false",
        [SETTING_NUMBER] = "number",
        [SETTING_DURATION] = "duration",
        [SETTING_SIZE] = "size",
        [SETTING_CHOICE] = "choice",
    };
    return names[kind];
}
