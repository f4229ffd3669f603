#include "support/config_fixture.h"

#include "gateway/config.h"
#include "gateway/json.h"

/* Values from everywhere, secrets in every form. */
static struct config *shown_config(void)
{
    static char wait[] = "OMGW_BRIDGES__ACME__PARTNER__SEND__WAIT=90s";
    static char window[] = "OMGW_BRIDGES__ACME__THREADING_WINDOW=96h";
    char *environment[] = {wait, window, NULL};
    return loaded(
        "public_url: https://hooks.example.com\n"
        "trusted_proxies: [ 10.0.0.0/8, \"::1\" ]\n"
        "limits: { connections: 2000, lane_memory: 1536KiB }\n"
        "media_dir: \"/srv/my \\\"media\\\"\"\n"
        "log: { level: debug }\n"
        "genesys:\n" GENESYS_ENTRY "bridges:\n"
        "  - name: acme\n    channel: partner\n    genesys: main\n"
        "    integration_id: i-1\n"
        "    genesys_secrets: [ { file: /s/genesys }, { file: /s/second } ]\n"
        "    partner:\n"
        "      callback_url: https://partner.example.com/omgw?key=in-the-url\n"
        "      secrets: [ { value: a-secret-in-the-file }, { value: short } ]\n"
        "      token: a-token-in-the-file\n"
        "      headers: { Authorization: \"Bearer in-a-header\", X-Short: x }\n"
        "      tags: [ one, \"two, three\" ]\n"
        "  - name: chat\n    channel: telegram\n    genesys: main\n"
        "    integration_id: i-2\n    end_on_left: true\n"
        "    genesys_secrets: [ { file: /s/genesys } ]\n"
        "    telegram: { token_file: /s/client }\n",
        environment);
}

static void what_is_shown_has_its_source_and_no_secret(void **state)
{
    (void)state;
    static const char want[] =
        "public_url: https://hooks.example.com  # omgw.yaml:1\n"
        "listen:\n"
        "  public: 0.0.0.0:8080  # default\n"
        "  admin: 127.0.0.1:9090  # default\n"
        "  control: \"\"  # default\n"
        "admin:\n"
        "  tokens: \"\"  # default\n"
        "database: sqlite:/var/lib/omgw/omgw.db  # default\n"
        "media_dir: \"/srv/my \\\"media\\\"\"  # omgw.yaml:4\n"
        "link_secrets: [ ]  # default\n"
        "migrate: auto  # default\n"
        "trusted_proxies: [ 10.0.0.0/8, \"::1\" ]  # omgw.yaml:2\n"
        "limits:\n"
        "  body: 1MiB  # default\n"
        "  bodies_in_memory: 64MiB  # default\n"
        "  connections: 2000  # omgw.yaml:3\n"
        "  connections_per_peer: 1024  # default\n"
        "  refusals_per_second: 200  # default\n"
        "  max_pending: 1000000  # default\n"
        "  contact_per_minute: 0  # default\n"
        "  disk_reserve: 256MiB  # default\n"
        "  media_file: 25MiB  # default\n"
        "  media_total: 10GiB  # default\n"
        "  lane_memory: 1536KiB  # omgw.yaml:3\n"
        "timeouts:\n"
        "  header: 10s  # default\n"
        "  body: 20s  # default\n"
        "  stored: 8s  # default\n"
        "  idle: 75s  # default\n"
        "  answer: 30s  # default\n"
        "  media: 1m  # default\n"
        "  drain: 10s  # default\n"
        "  shutdown_delay: 0s  # default\n"
        "retry:\n"
        "  first: 1s  # default\n"
        "  ceiling: 5m  # default\n"
        "  give_up_genesys: 72h  # default\n"
        "  give_up_channel: 1h  # default\n"
        "  give_up_alone: 15m  # default\n"
        "  probe: 30s  # default\n"
        "  time_out_genesys: 30s  # default\n"
        "  time_out_channel: 15s  # default\n"
        "retention:\n"
        "  bodies: 7d  # default\n"
        "  messages: 90d  # default\n"
        "  dead_letters: 30d  # default\n"
        "  attempts: 30d  # default\n"
        "  media: 7d  # default\n"
        "  audit: 365d  # default\n"
        "egress:\n"
        "  allow: [ ]  # default\n"
        "  proxy: \"\"  # default\n"
        "  ca_file: \"\"  # default\n"
        "log:\n"
        "  level: debug  # omgw.yaml:5\n"
        "  format: auto  # default\n"
        "genesys:\n"
        "  - name: main  # omgw.yaml:7\n"
        "    region: eu_west_1  # omgw.yaml:8\n"
        "    api_url: https://api.mypurecloud.ie  # region\n"
        "    login_url: https://login.mypurecloud.ie  # region\n"
        "    client_id: client  # omgw.yaml:9\n"
        "    client_secret: \"****cret\"  # omgw.yaml:10\n"
        "    requests_per_minute: 300  # default\n"
        "    connections: 64  # default\n"
        "bridges:\n"
        "  - name: acme  # omgw.yaml:12\n"
        "    channel: partner  # omgw.yaml:13\n"
        "    genesys: main  # omgw.yaml:14\n"
        "    integration_id: i-1  # omgw.yaml:15\n"
        "    genesys_secrets: [ \"****cdef\", \"****3210\" ]  # omgw.yaml:16\n"
        "    threading_window: 4d  # environment OMGW_BRIDGES__ACME__THREADING_WINDOW\n"
        "    on_unknown: repeat  # default\n"
        "    end_on_left: false  # default\n"
        "    connections: 64  # default\n"
        "    requests_per_minute: 0  # default\n"
        "    partner:\n"
        "      callback_url: \"https://partner.example.com/omgw?****\"  # "
        "omgw.yaml:18\n"
        "      secrets: [ \"****file\", \"****\" ]  # omgw.yaml:19\n"
        "      token: \"****file\"  # omgw.yaml:20\n"
        "      headers: { Authorization: \"****ader\", X-Short: \"****\" }  # "
        "omgw.yaml:21\n"
        "      tags: [ one, \"two, three\" ]  # omgw.yaml:22\n"
        "      receipts: false  # default\n"
        "      statuses: all  # default\n"
        "      text_max: 100  # default\n"
        "      send:\n"
        "        wait: 90s  # environment OMGW_BRIDGES__ACME__PARTNER__SEND__WAIT\n"
        "        part:\n"
        "          size: 64KiB  # default\n"
        "  - name: chat  # omgw.yaml:23\n"
        "    channel: telegram  # omgw.yaml:24\n"
        "    genesys: main  # omgw.yaml:25\n"
        "    integration_id: i-2  # omgw.yaml:26\n"
        "    genesys_secrets: [ \"****cdef\" ]  # omgw.yaml:28\n"
        "    threading_window: 72h  # default\n"
        "    on_unknown: repeat  # default\n"
        "    end_on_left: true  # omgw.yaml:27\n"
        "    connections: 64  # default\n"
        "    requests_per_minute: 0  # default\n"
        "    telegram:\n"
        "      token: \"****cret\"  # omgw.yaml:29\n";
    struct config *config = shown_config();
    CLEANUP(buf_release) struct buf shown;
    buf_init(&shown, SIZE_MAX);
    config_print(config, false, &shown);
    expect_str("shown", want, buf_str(&shown));
    config_drop(config);
}

/* The object that is said of one setting. */
static const struct json *setting_of(const struct json *whole, const char *wanted)
{
    struct str name;
    for (const struct json *setting = json_first(json_get(whole, "settings"));
         setting != NULL; setting = json_next(setting)) {
        if (json_str(json_get(setting, "name"), &name) && str_is(name, wanted))
            return setting;
    }
    print_error("nothing is said of %s\n", wanted);
    _fail(__FILE__, __LINE__);
    return NULL;
}

static void expect_text(const struct json *whole, const char *name, const char *value,
                        const char *source)
{
    const struct json *setting = setting_of(whole, name);
    struct str got = STR_NONE;
    expect_true(name, json_str(json_get(setting, "value"), &got));
    expect_str(name, value, got);
    expect_true(name, json_str(json_get(setting, "source"), &got));
    expect_str(name, source, got);
}

static void the_same_is_shown_as_json(void **state)
{
    (void)state;
    struct config *config = shown_config();
    CLEANUP(buf_release) struct buf shown;
    buf_init(&shown, SIZE_MAX);
    config_print(config, true, &shown);
    config_drop(config);

    struct error err;
    CLEANUP(json_freep) struct json *whole = NULL;
    expect_status("is JSON", STATUS_OK, json_parse(buf_str(&shown), 8, &whole, &err));
    expect_text(whole, "public_url", "https://hooks.example.com", "omgw.yaml:1");
    expect_text(whole, "listen.control", "", "default");
    expect_text(whole, "limits.lane_memory", "1536KiB", "omgw.yaml:3");
    expect_text(whole, "genesys.main.api_url", "https://api.mypurecloud.ie", "region");
    expect_text(whole, "genesys.main.client_secret", "****cret", "omgw.yaml:10");
    expect_text(whole, "bridges.acme.threading_window", "4d",
                "environment OMGW_BRIDGES__ACME__THREADING_WINDOW");
    expect_text(whole, "bridges.acme.partner.callback_url",
                "https://partner.example.com/omgw?****", "omgw.yaml:18");
    expect_text(whole, "bridges.chat.telegram.token", "****cret", "omgw.yaml:29");

    int64_t number = 0;
    bool is_true = false;
    struct str text = STR_NONE;
    const struct json *value =
        json_get(setting_of(whole, "limits.connections"), "value");
    expect_true("number", json_i64(value, &number));
    expect_i64("number", 2000, number);
    value = json_get(setting_of(whole, "bridges.chat.end_on_left"), "value");
    expect_true("bool", json_bool(value, &is_true) && is_true);
    value = json_get(setting_of(whole, "trusted_proxies"), "value");
    expect_i64("list", 2, json_count(value));
    expect_true("its first", json_str(json_first(value), &text));
    expect_str("its first", "10.0.0.0/8", text);
    value = json_get(setting_of(whole, "bridges.acme.partner.headers"), "value");
    expect_true("map", json_str(json_get(value, "Authorization"), &text));
    expect_str("map", "****ader", text);
    value = json_get(setting_of(whole, "bridges.acme.partner.secrets"), "value");
    expect_true("secrets", json_str(json_next(json_first(value)), &text));
    expect_str("secrets", "****", text);
}

/* The secrets that the example names are there. */
static int read_any_secret(void *context, const char *path, char *bytes, size_t room,
                           size_t *out_len, bool *out_is_exposed)
{
    (void)context;
    *out_is_exposed = false;
    if (strncmp(path, "/run/secrets/", 13) != 0)
        return ENOENT;
    bool is_tokens = strstr(path, "tokens") != NULL;
    *out_len = (size_t)snprintf(
        bytes, room, "%s", is_tokens ? TOKEN_LINES : "secret of sixteen and more\n");
    return 0;
}

static void expect_example_loads(const char *name, struct str text, size_t bridges)
{
    struct config_input input = {
        .file = "example.yaml",
        .text = text,
        .channels = fake_channels,
        .files = {.read = read_any_secret},
    };
    struct config *config = NULL;
    CLEANUP(buf_release) struct buf problems;
    buf_init(&problems, SIZE_MAX);
    enum status status = config_load_text(&input, &config, &problems);
    expect_str(name, "", buf_str(&problems));
    expect_status(name, STATUS_OK, status);
    expect_i64(name, bridges, config->bridge_count);
    config_drop(config);
}

static void the_example_loads(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf example;
    buf_init(&example, SIZE_MAX);
    config_example(fake_channels, &example);
    expect_example_loads("the example", buf_str(&example), 1);
}

/* A # right before a name is all that keeps a setting from being one. */
static void without_its_marks_the_example_loads_too(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf example;
    CLEANUP(buf_release) struct buf all;
    buf_init(&example, SIZE_MAX);
    buf_init(&all, SIZE_MAX);
    config_example(fake_channels, &example);
    struct str rest = buf_str(&example);
    size_t marks = 0;
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str text = str_trim(line);
        bool is_setting = str_starts(text, STR("#")) && !str_starts(text, STR("# "));
        size_t indent = line.len - text.len;
        marks += is_setting ? 1 : 0;
        buf_add(&all, str_sub(line, 0, indent));
        buf_add(&all, str_sub(text, is_setting ? 1 : 0, text.len));
        buf_add_char(&all, '\n');
    }
    expect_true("most are defaults", marks > 40);
    expect_example_loads("all of the example", buf_str(&all), 2);
}

static void the_reference_has_a_row_for_every_setting(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf reference;
    buf_init(&reference, SIZE_MAX);
    config_reference(fake_channels, &reference);
    const char *text = buf_c_string(&reference);
    static const char *const rows[] = {
        "| `database` | path | `sqlite:/var/lib/omgw/omgw.db` | `OMGW_DATABASE` | "
        "where "
        "everything is remembered |\n",
        "| `migrate` | `auto` or `refuse` | `auto` | `OMGW_MIGRATE` | ",
        "| `limits.body` | size, at least 1, at most 1GiB | `1MiB` | "
        "`OMGW_LIMITS__BODY` | ",
        "| `name` | text | required | none | ",
        "| `client_secret` or `client_secret_file` | secret | required | "
        "`OMGW_GENESYS__NAME__CLIENT_SECRET`, `..._FILE` | ",
        "`eu_west_1` (mypurecloud.ie), ",
        "| `genesys_secrets` | list of secrets, at least 1 | required | "
        "`OMGW_BRIDGES__NAME__GENESYS_SECRETS`, `..._FILE` | ",
        "### In `partner` of a bridge with `channel: partner`\n",
        "| `send.wait` | duration, at least 1s, at most 1h | `15s` | "
        "`OMGW_BRIDGES__NAME__PARTNER__SEND__WAIT` | longest wait |\n",
        "| `receipts` | true or false | `false` | ",
        "| `headers` | map | none | ",
        "### In `telegram` of a bridge with `channel: telegram`\n",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect_true(rows[i], strstr(text, rows[i]) != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shown_has_its_source_and_no_secret),
        cmocka_unit_test(the_same_is_shown_as_json),
        cmocka_unit_test(the_example_loads),
        cmocka_unit_test(without_its_marks_the_example_loads_too),
        cmocka_unit_test(the_reference_has_a_row_for_every_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
