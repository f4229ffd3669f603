#include "support/config_fixture.h"

#include "gateway/config.h"

#define VARIABLES_MAX 12

/* As main gets them: writable, ended by NULL. */
static void environment_of(const char *const *variables, char **out_environment)
{
    size_t i = 0;
    for (; variables[i] != NULL; i++)
        out_environment[i] = mem_copy_string(variables[i]);
    out_environment[i] = NULL;
}

static void environment_free(char **environment)
{
    for (size_t i = 0; environment[i] != NULL; i++)
        mem_free(environment[i]);
}

static void a_variable_wins_over_the_file(void **state)
{
    (void)state;
    static const char *const variables[] = {
        "OMGW_LISTEN__PUBLIC=127.0.0.1:0",
        "OMGW_TRUSTED_PROXIES=10.0.0.0/8, ::1",
        "OMGW_LIMITS__BODY=2MiB",
        "OMGW_GENESYS__MAIN__CLIENT_SECRET=from the environment",
        "OMGW_BRIDGES__ACME_EU__THREADING_WINDOW=1ms",
        "OMGW_BRIDGES__ACME_EU__GENESYS_SECRETS_FILE=/s/genesys,/s/second",
        "OMGW_BRIDGES__ACME_EU__PARTNER__CALLBACK_URL=https://other.example.com",
        "OMGW_BRIDGES__ACME_EU__PARTNER__SECRETS=one, with a comma",
        "OMGW_BRIDGES__ACME_EU__PARTNER__HEADERS=X-A=b=c, X-D=",
        "OMGW_BRIDGES__ACME_EU__PARTNER__SEND__PART__SIZE=2KiB",
        NULL,
    };
    char *environment[VARIABLES_MAX];
    environment_of(variables, environment);
    /* What the file says instead of each is not even looked at. */
    struct config *config =
        loaded("listen: { public: nonsense }\nlimits: { body: nonsense }\n"
               "genesys:\n" GENESYS_ENTRY "bridges:\n"
               "  - name: acme-eu\n    channel: partner\n    genesys: main\n"
               "    integration_id: i-1\n    threading_window: 72h\n"
               "    genesys_secrets: [ { file: /s/absent } ]\n",
               environment);
    environment_free(environment);
    const struct bridge *bridge = config_bridge(config, STR("acme-eu"));
    const struct fake_settings *settings = bridge->settings;

    expect_str("text", "127.0.0.1:0", str_of(config->listen.public_address));
    expect_i64("list", 2, config->trusted_proxies.count);
    expect_str("its second", "::1", str_of(config->trusted_proxies.items[1]));
    expect_i64("size", 2 * 1024 * 1024, config->limits.body);
    expect_str("secret", "from the environment",
               str_of(config->organisations[0].client_secret));
    expect_i64("duration", 1, bridge->threading_window_ms);
    expect_i64("files of secrets", 2, bridge->genesys_secrets.count);
    expect_str("the second of them", "fedcba9876543210",
               str_of(bridge->genesys_secrets.items[1]));
    expect_str("URL", "https://other.example.com", str_of(settings->callback_url));
    expect_i64("a list of secrets is one", 1, settings->secrets.count);
    expect_str("as it stands", "one, with a comma", str_of(settings->secrets.items[0]));
    expect_str("map", "b=c", str_of(settings->headers.values[0]));
    expect_str("its second name", "X-D", str_of(settings->headers.names[1]));
    expect_i64("nested", 2048, settings->part_bytes);
    config_drop(config);
}

static void variables_that_are_no_settings_are_left_alone(void **state)
{
    (void)state;
    static const char *const variables[] = {
        "PATH=/bin",
        "omgw_database=x",
        "OMGW_CONFIG=/etc/omgw.yaml",
        "OMGW_SERVICE_HOST=10.0.0.1",
        "OMGW_GENESYS_EMULATOR_SERVICE_PORT=8081",
        "OMGW_LOG_PORT=tcp://10.0.0.1:9090",
        "OMGW_LOG_PORT_9090_TCP_ADDR=10.0.0.1",
        "OMGW_NO_EQUALS_SIGN__HERE",
        "OMGW_A__LINE\nFEED=x",
        "OMGW_A__B\xff=x",
        "=",
        NULL,
    };
    char *environment[VARIABLES_MAX];
    environment_of(variables, environment);
    struct config *config = loaded(GOOD_TEXT, environment);
    config_drop(config);
    environment_free(environment);
}

struct wrong_variables {
    const char *name;
    const char *want;
    const char *variables[VARIABLES_MAX];
};
#define WRONG_VARIABLES(row_name, row_want, ...)                                       \
    {                                                                                  \
        .name = (row_name), .want = (row_want), .variables = { __VA_ARGS__ }           \
    }

static void a_wrong_variable_is_named(void **state)
{
    (void)state;
    static const struct wrong_variables cases[] = {
        WRONG_VARIABLES("value",
                        "environment OMGW_LIMITS__BODY: \"1MB\" is not a size; write a "
                        "number of bytes or one with a unit: 64KiB, 1MiB, 2GiB\n",
                        "OMGW_LIMITS__BODY=1MB"),
        WRONG_VARIABLES("empty value",
                        "environment OMGW_DATABASE: is empty; give it a value\n",
                        "OMGW_DATABASE="),
        WRONG_VARIABLES("not UTF-8",
                        "environment OMGW_MEDIA_DIR: is not UTF-8; write it as UTF-8\n",
                        "OMGW_MEDIA_DIR=/\xff"),
        WRONG_VARIABLES(
            "what the file cannot say alone",
            "environment OMGW_LISTEN__ADMIN: the address has no port from 0 to 65535; "
            "write HOST:PORT or unix:/PATH\n"
            "environment OMGW_TRUSTED_PROXIES: trusted_proxies: \"proxy\" is not an IP "
            "address; write an address or network such as 10.0.0.0/8\n"
            "environment OMGW_BRIDGES__ACME__GENESYS: no organisation is called "
            "\"mian\"; did you mean \"main\"?\n",
            "OMGW_LISTEN__ADMIN=nowhere", "OMGW_BRIDGES__ACME__GENESYS=mian",
            "OMGW_TRUSTED_PROXIES=proxy"),
        WRONG_VARIABLES(
            "both forms",
            "environment OMGW_GENESYS__MAIN__CLIENT_SECRET: "
            "OMGW_GENESYS__MAIN__CLIENT_SECRET_FILE is set as well; keep one\n",
            "OMGW_GENESYS__MAIN__CLIENT_SECRET=x",
            "OMGW_GENESYS__MAIN__CLIENT_SECRET_FILE=/s/client"),
        WRONG_VARIABLES(
            "secret files",
            "environment OMGW_GENESYS__MAIN__CLIENT_SECRET_FILE: cannot read "
            "\"/s/absent\": No such file or directory; create it or correct the path\n"
            "environment OMGW_BRIDGES__ACME__GENESYS_SECRETS_FILE: has no path; name "
            "the file of the secret\n"
            "environment OMGW_BRIDGES__ACME__PARTNER__TOKEN: is empty; put the secret "
            "there\n",
            "OMGW_GENESYS__MAIN__CLIENT_SECRET_FILE=/s/absent",
            "OMGW_BRIDGES__ACME__GENESYS_SECRETS_FILE=/s/genesys,,/s/second",
            "OMGW_BRIDGES__ACME__PARTNER__TOKEN="),
        WRONG_VARIABLES(
            "a short secret for Genesys",
            "environment OMGW_BRIDGES__ACME__GENESYS_SECRETS: genesys_secrets: a "
            "secret has only 5 characters; Genesys wants 16 or more\n",
            "OMGW_BRIDGES__ACME__GENESYS_SECRETS=short"),
        WRONG_VARIABLES(
            "lists",
            "environment OMGW_EGRESS__ALLOW: has an empty entry; remove it\n"
            "environment OMGW_BRIDGES__ACME__PARTNER__HEADERS: has an entry without a "
            "name; give it one\n",
            "OMGW_EGRESS__ALLOW=10.0.0.1,,10.0.0.2",
            "OMGW_BRIDGES__ACME__PARTNER__HEADERS==x"),
        WRONG_VARIABLES(
            "what the channel says about a row",
            "environment OMGW_BRIDGES__ACME__PARTNER__CALLBACK_URL: "
            "partner.callback_url: the host is refused; use another\n",
            "OMGW_BRIDGES__ACME__PARTNER__CALLBACK_URL=https://refused.example.com"),
        WRONG_VARIABLES("unknown, near",
                        "environment OMGW_DATABSE: no such setting; did you mean "
                        "\"OMGW_DATABASE\"?\n"
                        "environment OMGW_LISTEN_PUBLIC: no such setting; did you mean "
                        "\"OMGW_LISTEN__PUBLIC\"?\n"
                        "environment OMGW_LIMITS__BODIES: no such setting; did you "
                        "mean \"OMGW_LIMITS__BODY\"?\n"
                        "environment OMGW_GENESYS__MIAN__CLIENT_ID: no such setting; "
                        "did you mean \"OMGW_GENESYS__MAIN__CLIENT_ID\"?\n"
                        "environment OMGW_listen__public: no such setting; did you "
                        "mean \"OMGW_LISTEN__PUBLIC\"?\n",
                        "OMGW_DATABSE=sqlite:/x", "OMGW_LISTEN_PUBLIC=x",
                        "OMGW_LIMITS__BODIES=1", "OMGW_GENESYS__MIAN__CLIENT_ID=x",
                        "OMGW_listen__public=x"),
        WRONG_VARIABLES(
            "unknown, far",
            "environment OMGW_ELEPHANT__TRUNK__LENGTH: no such setting; correct or "
            "remove it (entries of genesys and bridges stand in the file)\n"
            "environment OMGW_LOG: no such setting; correct or remove it (entries of "
            "genesys and bridges stand in the file)\n"
            "environment OMGW_BRIDGES__ACME__NAME: no such setting; correct or remove "
            "it (entries of genesys and bridges stand in the file)\n",
            "OMGW_ELEPHANT__TRUNK__LENGTH=1", "OMGW_LOG=debug",
            "OMGW_BRIDGES__ACME__NAME=other"),
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *environment[VARIABLES_MAX];
        environment_of(cases[i].variables, environment);
        struct config *config = NULL;
        CLEANUP(buf_release) struct buf problems;
        buf_init(&problems, SIZE_MAX);
        expect_status(cases[i].name, STATUS_INVALID,
                      load_bytes(STR(GOOD_TEXT), environment, &config, &problems));
        expect_str(cases[i].name, cases[i].want, buf_str(&problems));
        environment_free(environment);
    }
}

static void variables_of_what_could_not_be_read_are_not_the_next_problem(void **state)
{
    (void)state;
    static const char *const variables[] = {
        "OMGW_BRIDGES__ACME__PARTNER__CALLBACK_URL=https://example.com",
        "OMGW_BRIDGES__OTHER__TELEGRAM__TOKEN=x",
        "OMGW_DATABSE=x",
        NULL,
    };
    char *environment[VARIABLES_MAX];
    environment_of(variables, environment);
    struct config *config = NULL;
    CLEANUP(buf_release) struct buf problems;
    buf_init(&problems, SIZE_MAX);
    enum status status = load_bytes(
        STR("genesys:\n" GENESYS_ENTRY "bridges:\n"
            "  - { name: acme, channel: parnter, genesys: main, integration_id: 1,\n"
            "      genesys_secrets: [ { file: /s/genesys } ] }\n"
            "  - { name: other, channel: telegram, genesys: main, integration_id: 2,\n"
            "      genesys_secrets: [ { file: /s/genesys } ], telegram: 5 }\n"),
        environment, &config, &problems);
    expect_status("refused", STATUS_INVALID, status);
    expect_str(
        "only what is wrong",
        "omgw.yaml:7:28: unknown channel \"parnter\"; did you mean \"partner\"?\n"
        "omgw.yaml:10:60: \"telegram\" is a single value; write its settings below it, "
        "indented\n"
        "environment OMGW_DATABSE: no such setting; did you mean \"OMGW_DATABASE\"?\n",
        buf_str(&problems));
    environment_free(environment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_variable_wins_over_the_file),
        cmocka_unit_test(variables_that_are_no_settings_are_left_alone),
        cmocka_unit_test(a_wrong_variable_is_named),
        cmocka_unit_test(variables_of_what_could_not_be_read_are_not_the_next_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
