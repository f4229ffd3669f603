#include "support/config_fixture.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/config.h"
#include "gateway/crypto.h"

static const int64_t second = 1000;
static const int64_t minute = 60 * 1000;
static const int64_t hour = 60 * 60 * 1000;
static const int64_t day = 24 * 60 * 60 * 1000;
static const int64_t mebibyte = 1024 * 1024;

static void a_setting_that_is_not_given_has_its_default(void **state)
{
    (void)state;
    struct config *config = loaded(GOOD_TEXT, NULL);
    const struct organisation *organisation = &config->organisations[0];
    const struct bridge *bridge = &config->bridges[0];
    const struct fake_settings *settings = bridge->settings;

    expect_i64("migrate", MIGRATE_AUTO, config->migrate);
    expect_i64("trusted_proxies", 0, (int64_t)config->trusted_proxies.count);
    expect_i64("limits.body", mebibyte, config->limits.body);
    expect_i64("limits.bodies_in_memory", 64 * mebibyte,
               config->limits.bodies_in_memory);
    expect_i64("limits.connections", 4096, config->limits.connections);
    expect_i64("limits.connections_per_peer", 1024,
               config->limits.connections_per_peer);
    expect_i64("limits.max_pending", 1000000, config->limits.max_pending);
    expect_i64("limits.contact_per_minute", 0, config->limits.contact_per_minute);
    expect_i64("limits.disk_reserve", 256 * mebibyte, config->limits.disk_reserve);
    expect_i64("limits.lane_memory", 64 * mebibyte, config->limits.lane_memory);
    expect_i64("timeouts.header", 10 * second, config->timeouts.header);
    expect_i64("timeouts.body", 20 * second, config->timeouts.body);
    expect_i64("timeouts.stored", 8 * second, config->timeouts.stored);
    expect_i64("timeouts.idle", 75 * second, config->timeouts.idle);
    expect_i64("timeouts.answer", 30 * second, config->timeouts.answer);
    expect_i64("timeouts.drain", 10 * second, config->timeouts.drain);
    expect_i64("timeouts.shutdown_delay", 0, config->timeouts.shutdown_delay);
    expect_i64("retry.first", second, config->retry.first);
    expect_i64("retry.ceiling", 5 * minute, config->retry.ceiling);
    expect_i64("retry.give_up_genesys", 72 * hour, config->retry.give_up_genesys);
    expect_i64("retry.give_up_channel", hour, config->retry.give_up_channel);
    expect_i64("retry.give_up_alone", 15 * minute, config->retry.give_up_alone);
    expect_i64("retry.probe", 30 * second, config->retry.probe);
    expect_i64("retry.time_out_genesys", 30 * second, config->retry.time_out_genesys);
    expect_i64("retry.time_out_channel", 15 * second, config->retry.time_out_channel);
    expect_i64("retention.bodies", 7 * day, config->retention.bodies);
    expect_i64("retention.messages", 90 * day, config->retention.messages);
    expect_i64("retention.dead_letters", 30 * day, config->retention.dead_letters);
    expect_i64("retention.attempts", 30 * day, config->retention.attempts);
    expect_i64("retention.audit", 365 * day, config->retention.audit);
    expect_i64("egress.allow", 0, (int64_t)config->egress.allow.count);
    expect_i64("log.level", LOG_INFO, config->log.level);
    expect_i64("log.format", 0, config->log.format);
    expect_i64("genesys.requests_per_minute", 300, organisation->requests_per_minute);
    expect_i64("genesys.connections", 64, organisation->connections);
    expect_i64("threading_window", 72 * hour, bridge->threading_window_ms);
    expect_i64("on_unknown", ON_UNKNOWN_REPEAT, bridge->on_unknown);
    expect_i64("end_on_left", false, bridge->end_on_left);
    expect_i64("connections", 64, bridge->connections);
    expect_i64("requests_per_minute", 0, bridge->requests_per_minute);
    expect_i64("a channel's number", 100, settings->text_max);
    expect_i64("a channel's size", 65536, settings->part_bytes);

    expect_str("public_url", "", str_of(config->public_url));
    expect_str("listen.public", "0.0.0.0:8080", str_of(config->listen.public_address));
    expect_str("listen.admin", "127.0.0.1:9090", str_of(config->listen.admin_address));
    expect_str("listen.control", "", str_of(config->listen.control_address));
    expect_str("database", "sqlite:/var/lib/omgw/omgw.db", str_of(config->database));
    expect_str("media_dir", "/var/lib/omgw/media", str_of(config->media_dir));
    expect_str("egress.proxy", "", str_of(config->egress.proxy));
    config_drop(config);
}

static void every_kind_of_value_is_read(void **state)
{
    (void)state;
    struct config *config = loaded(
        "public_url: https://hooks.example.com/gateway/\n"
        "listen: { public: \"[::]:80\", admin: unix:/run/admin, control: "
        "unix:/run/c }\n"
        "database: \"sqlite:/data/\xc3\xa4.db\"\n"
        "migrate: refuse\n"
        "trusted_proxies: [ 10.0.0.0/8, \"::1\", \"unix:\" ]\n"
        "limits: { body: 512KiB, contact_per_minute: 0060 }\n"
        "timeouts:\n  # all below is as it was\n"
        "retry: { first: 1500ms }\n"
        "egress: { allow: [ 127.0.0.1/32 ], proxy: http://proxy:3128, ca_file: \"\" }\n"
        "log: { level: debug, format: text }\n" GOOD_TEXT "      token_file: /s/lines\n"
        "      headers: { X-Tenant: acme, \"X Y\": \"\" }\n"
        "      tags: [ a, \"b, c\" ]\n"
        "      receipts: true\n"
        "      statuses: failed\n"
        "      send: { wait: 1h, part: { size: 1KiB } }\n",
        NULL);
    const struct fake_settings *settings = fake_settings_of(config, "acme");

    expect_str("no slash at the end", "https://hooks.example.com/gateway",
               str_of(config->public_url));
    expect_str("listen", "[::]:80", str_of(config->listen.public_address));
    expect_str("UTF-8", "sqlite:/data/\xc3\xa4.db", str_of(config->database));
    expect_i64("choice", MIGRATE_REFUSE, config->migrate);
    expect_i64("list", 3, config->trusted_proxies.count);
    expect_str("its second", "::1", str_of(config->trusted_proxies.items[1]));
    expect_str("peers of a Unix socket",
               "unix:", str_of(config->trusted_proxies.items[2]));
    expect_true("ends with NULL", config->trusted_proxies.items[3] == NULL);
    expect_i64("size", 512 * 1024, config->limits.body);
    expect_i64("number", 60, config->limits.contact_per_minute);
    expect_i64("duration", 1500, config->retry.first);
    expect_str("URL", "http://proxy:3128", str_of(config->egress.proxy));
    expect_true("an empty text is none", config->egress.ca_file == NULL);
    expect_i64("level", LOG_DEBUG, config->log.level);
    expect_i64("format", 2, config->log.format);

    expect_str("secret of two lines", "first line\nsecond line",
               str_of(settings->token));
    expect_i64("map", 2, settings->headers.count);
    expect_str("its first name", "X-Tenant", str_of(settings->headers.names[0]));
    expect_str("its first value", "acme", str_of(settings->headers.values[0]));
    expect_str("its second value", "", str_of(settings->headers.values[1]));
    expect_str("a comma in the file separates nothing", "b, c",
               str_of(settings->tags.items[1]));
    expect_true("bool", settings->receipts);
    expect_i64("a channel's choice", 1, settings->statuses);
    expect_i64("a channel's duration", hour, settings->wait_ms);
    expect_i64("a channel's size", 1024, settings->part_bytes);
    config_drop(config);
}

static void expect_urls(const char *name, const char *lines, const char *want_api,
                        const char *want_login)
{
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, SIZE_MAX);
    buf_printf(&text,
               "genesys:\n  - name: main\n    client_id: c\n    client_secret: s\n%s\n",
               lines);
    struct config *config = loaded(buf_c_string(&text), NULL);
    expect_str(name, want_api, str_of(config->organisations[0].api_url));
    expect_str(name, want_login, str_of(config->organisations[0].login_url));
    config_drop(config);
}

static void a_region_says_both_urls(void **state)
{
    (void)state;
    expect_urls("region", "    region: ap_southeast_2",
                "https://api.mypurecloud.com.au", "https://login.mypurecloud.com.au");
    expect_urls("explicit URLs win",
                "    region: eu_west_2\n    api_url: http://127.0.0.1:8081//",
                "http://127.0.0.1:8081", "https://login.euw2.pure.cloud");
    expect_urls("an empty URL is none", "    region: us_east_1\n    login_url: \"\"",
                "https://api.mypurecloud.com", "https://login.mypurecloud.com");
    expect_urls("no region",
                "    api_url: https://a.example/x/\n    login_url: https://b.example",
                "https://a.example/x", "https://b.example");
}

static void bridges_know_their_organisation_and_keys(void **state)
{
    (void)state;
    struct config *config = loaded(
        "bridges:\n" BRIDGE_ENTRY("acme", "i-1") BRIDGE_ENTRY("ac", "i-2") BRIDGE_ENTRY(
            "acme-2", "i-3") "genesys:\n  - { name: first, region: eu_west_1,"
                             " client_id: c, client_secret: s }\n" GENESYS_ENTRY,
        NULL);
    expect_i64("organisations", 2, config->organisation_count);
    expect_str("a secret without its newline", "client-secret",
               str_of(config->organisations[1].client_secret));

    const struct bridge *bridge = config_bridge(config, STR("acme-2"));
    expect_true("found", bridge == &config->bridges[2]);
    expect_true("a shorter name",
                config_bridge(config, STR("ac")) == &config->bridges[1]);
    expect_true("a prefix", config_bridge(config, STR("acm")) == NULL);
    expect_true("a longer one", config_bridge(config, STR("acme-22")) == NULL);
    expect_true("none", config_bridge(config, STR_NONE) == NULL);
    expect_true("a NUL in it", config_bridge(config, STR("acme\0")) == NULL);

    expect_i64("place", 2, bridge->index);
    expect_true("organisation", bridge->organisation == &config->organisations[1]);
    expect_true("channel", bridge->channel == &fake_channel);
    expect_str("a secret without CR LF", "0123456789abcdef",
               str_of(bridge->genesys_secrets.items[0]));

    struct error err;
    uint8_t got[SHA256_BYTES];
    uint8_t want[SHA256_BYTES];
    struct str text = STR("signed");
    struct hmac *hmac = NULL;
    expect_status("key", STATUS_OK, hmac_new(STR("0123456789abcdef"), &hmac, &err));
    expect_status("want", STATUS_OK, hmac_sum(hmac, &text, 1, want, &err));
    expect_status("got", STATUS_OK,
                  hmac_sum(bridge->genesys_keys[0], &text, 1, got, &err));
    expect_true("the key is the secret", bytes_equal(got, want, sizeof(got)));
    hmac_free(hmac);
    config_drop(config);
}

static void a_bridge_is_found_by_its_row(void **state)
{
    (void)state;
    struct config *config = loaded(
        GOOD_TEXT BRIDGE_ENTRY("second", "i-2") BRIDGE_ENTRY("third", "i-3"), NULL);
    for (size_t i = 0; i < config->bridge_count; i++)
        config->bridges[i].row = 70 + (int64_t)i;
    expect_true("there", config_bridge_of_row(config, 71) == &config->bridges[1]);
    expect_true("not there", config_bridge_of_row(config, 73) == NULL);
    config_drop(config);
}

static void a_file_without_bridges_loads_with_a_warning(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "migrate: auto\n",
        "genesys:\nbridges:\n",
        "\xef\xbb\xbfgenesys: []\nbridges: []\n",
        "%YAML 1.1\n---\nmigrate: auto\n...\n",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct config *config = loaded(texts[i], NULL);
        expect_i64(texts[i], 0, config->bridge_count);
        expect_true(texts[i], config_bridge(config, STR("acme")) == NULL);
        expect_str(texts[i],
                   "omgw.yaml:1:1: there is no bridge; nothing will be relayed\n",
                   config_warnings(config));
        config_drop(config);
    }
}

static void secrets_that_everybody_may_read_are_warned_of(void **state)
{
    (void)state;
    static char variable[] = "OMGW_BRIDGES__ACME__PARTNER__TOKEN_FILE=/s/open";
    char *environment[] = {variable, NULL};
    struct config *config =
        loaded("bridges:\n" BRIDGE_ENTRY(
                   "acme", "i-1") "      token_file: /s/client\n"
                                  "genesys:\n" GENESYS_ENTRY
                                  "  - name: open\n    region: eu_west_1\n"
                                  "    client_id: c\n"
                                  "    client_secret_file: /s/open\n",
               environment);
    expect_str(
        "warnings",
        "omgw.yaml:19:25: every user of this machine may read \"/s/open\"; chmod "
        "600 it\n"
        "environment OMGW_BRIDGES__ACME__PARTNER__TOKEN_FILE: every user of this "
        "machine may read \"/s/open\"; chmod 600 it\n",
        config_warnings(config));
    config_drop(config);
}

static void *hold_and_drop(void *argument)
{
    struct config *config = argument;
    for (int i = 0; i < 10000; i++)
        config_drop(config_hold(config));
    config_drop(config);
    return NULL;
}

static void the_last_reference_frees_whoever_gives_it_back(void **state)
{
    (void)state;
    int before = fake_ready_count;
    struct config *config = loaded(GOOD_TEXT, NULL);
    expect_i64("the channel made its part", before + 1, fake_ready_count);
    pthread_t threads[2];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        expect_i64(
            "thread", 0,
            pthread_create(&threads[i], NULL, hold_and_drop, config_hold(config)));
    config_drop(config);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        expect_i64("thread", 0, pthread_join(threads[i], NULL));
    expect_i64("the channel released it once", before, fake_ready_count);
    config_drop(NULL);
}

static void what_a_channel_made_is_released_when_others_are_wrong(void **state)
{
    (void)state;
    int before = fake_ready_count;
    struct config *config = NULL;
    CLEANUP(buf_release) struct buf problems;
    buf_init(&problems, SIZE_MAX);
    expect_status("refused", STATUS_INVALID,
                  load_bytes(STR(GOOD_TEXT "limits: 5\n"), NULL, &config, &problems));
    expect_i64("released", before, fake_ready_count);
}

/* --- files on disk --- */

struct folder {
    char path[64];
    char config[96];
    char secret[96];
};

static void write_file(const char *path, struct str bytes, mode_t mode)
{
    FILE *file = fopen(path, "w");
    expect_true("file opens", file != NULL);
    expect_i64("written", bytes.len, fwrite(bytes.ptr, 1, bytes.len, file));
    expect_i64("closed", 0, fclose(file));
    expect_i64("mode", 0, chmod(path, mode));
}

static void folder_make(struct folder *folder)
{
    (void)snprintf(folder->path, sizeof(folder->path), "/tmp/test_config.XXXXXX");
    expect_true("folder", mkdtemp(folder->path) != NULL);
    (void)snprintf(folder->config, sizeof(folder->config), "%s/omgw.yaml",
                   folder->path);
    (void)snprintf(folder->secret, sizeof(folder->secret), "%s/secret", folder->path);
}

static void folder_remove(struct folder *folder)
{
    (void)unlink(folder->config);
    (void)unlink(folder->secret);
    expect_i64("nothing else is in it", 0, rmdir(folder->path));
}

static void a_configuration_is_read_from_disk(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    CLEANUP(buf_release) struct buf text;
    CLEANUP(buf_release) struct buf problems;
    CLEANUP(buf_release) struct buf want;
    buf_init(&text, SIZE_MAX);
    buf_init(&problems, SIZE_MAX);
    buf_init(&want, SIZE_MAX);
    buf_printf(&text,
               "genesys:\n  - name: main\n    region: eu_west_1\n    client_id: c\n"
               "    client_secret_file: %s\n",
               folder.secret);
    write_file(folder.config, buf_str(&text), 0644);
    write_file(folder.secret, STR("of the disk\n"), 0604);

    struct config *config = NULL;
    enum status status =
        config_load(folder.config, NULL, fake_channels, &config, &problems);
    expect_str("nothing is wrong", "", buf_str(&problems));
    expect_status("loads", STATUS_OK, status);
    expect_str("secret", "of the disk", str_of(config->organisations[0].client_secret));
    buf_printf(&want,
               "%s:1:1: there is no bridge; nothing will be relayed\n"
               "%s:5:25: every user of this machine may read \"%s\"; chmod 600 it\n",
               folder.config, folder.config, folder.secret);
    expect_str("warnings", buf_c_string(&want), config_warnings(config));
    config_drop(config);

    write_file(folder.secret, STR("of the disk"), 0640);
    config = NULL;
    status = config_load(folder.config, NULL, fake_channels, &config, &problems);
    expect_status("loads", STATUS_OK, status);
    buf_clear(&want);
    buf_printf(&want, "%s:1:1: there is no bridge; nothing will be relayed\n",
               folder.config);
    expect_str("the group may read it", buf_c_string(&want), config_warnings(config));
    config_drop(config);
    folder_remove(&folder);
}

static void expect_not_loaded(const char *path, const char *want)
{
    struct config *config = NULL;
    CLEANUP(buf_release) struct buf problems;
    CLEANUP(buf_release) struct buf line;
    buf_init(&problems, SIZE_MAX);
    buf_init(&line, SIZE_MAX);
    buf_printf(&line, "%s: %s\n", path, want);
    expect_status(want, STATUS_INVALID,
                  config_load(path, NULL, fake_channels, &config, &problems));
    expect_str(want, buf_c_string(&line), buf_str(&problems));
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    expect_not_loaded(folder.config,
                      "cannot be read: No such file or directory; name the "
                      "file with --config");
    expect_not_loaded(folder.path,
                      "cannot be read: Is a directory; name the file with --config");

    CLEANUP(buf_release) struct buf text;
    buf_init(&text, SIZE_MAX);
    while (text.len < (size_t)mebibyte)
        buf_add(&text, STR("# nothing, but much of it\n"));
    write_file(folder.config, buf_str(&text), 0600);
    expect_not_loaded(folder.config,
                      "is larger than any configuration; name another file");
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_setting_that_is_not_given_has_its_default),
        cmocka_unit_test(every_kind_of_value_is_read),
        cmocka_unit_test(a_region_says_both_urls),
        cmocka_unit_test(bridges_know_their_organisation_and_keys),
        cmocka_unit_test(a_bridge_is_found_by_its_row),
        cmocka_unit_test(a_file_without_bridges_loads_with_a_warning),
        cmocka_unit_test(secrets_that_everybody_may_read_are_warned_of),
        cmocka_unit_test(the_last_reference_frees_whoever_gives_it_back),
        cmocka_unit_test(what_a_channel_made_is_released_when_others_are_wrong),
        cmocka_unit_test(a_configuration_is_read_from_disk),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
