#include "support/config_fixture.h"

static void values_of_the_wrong_shape_are_refused(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG("group", "limits: 5\nlog: [ info ]\n",
              "omgw.yaml:1:9: \"limits\" is a single value; write its settings below "
              "it, indented\n"
              "omgw.yaml:2:6: \"log\" is a list; write its settings below it, "
              "indented\n"),
        WRONG(
            "value",
            "database: [ x ]\nmigrate: { a: b }\nmedia_dir:\nlimits: { body: ~ }\n",
            "omgw.yaml:1:11: database: is a list; write a single value\n"
            "omgw.yaml:2:10: migrate: is a map; write a single value\n"
            "omgw.yaml:3:11: media_dir: has no value; give it one or remove the line\n"
            "omgw.yaml:4:17: limits.body: has no value; give it one or remove the "
            "line\n"),
        WRONG(
            "list", "trusted_proxies: 10.0.0.1\negress: { allow: { a: b } }\n",
            "omgw.yaml:1:18: trusted_proxies: is a single value; write [ ENTRY, ... ]\n"
            "omgw.yaml:2:18: egress.allow: is a map; write [ ENTRY, ... ]\n"),
        WRONG("entries of a list", "trusted_proxies: [ [ 10.0.0.1 ], null, \"\" ]\n",
              "omgw.yaml:1:20: trusted_proxies: is a list; write a single value\n"
              "omgw.yaml:1:34: trusted_proxies: has no value; give it one or remove "
              "the line\n"
              "omgw.yaml:1:40: trusted_proxies: has an empty entry; remove it\n"),
        WRONG("the two lists", "genesys: main\nbridges: { name: acme }\n",
              "omgw.yaml:1:10: \"genesys\" is a single value; write a list, each entry "
              "with \"- \" before it\n"
              "omgw.yaml:2:10: \"bridges\" is a map; write a list, each entry with \"- "
              "\" before it\n"),
        WRONG("their entries", "genesys: [ main ]\nbridges: [ [ acme ] ]\n",
              "omgw.yaml:1:12: an entry of \"genesys\" is a single value; write \"- "
              "name: NAME\" and its other settings below\n"
              "omgw.yaml:2:12: an entry of \"bridges\" is a list; write \"- name: "
              "NAME\" and its other settings below\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
}

static void values_are_held_to_their_kind(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG("durations",
              "timeouts: { header: 10, body: 10 s, stored: 0s, idle: -5s, answer: soon "
              "}\n",
              "omgw.yaml:1:21: timeouts.header: \"10\" is not a duration; write a "
              "number and a unit: 1500ms, 10s, 5m, 72h, 8d\n"
              "omgw.yaml:1:31: timeouts.body: \"10 s\" is not a duration; write a "
              "number and a unit: 1500ms, 10s, 5m, 72h, 8d\n"
              "omgw.yaml:1:45: timeouts.stored: \"0s\" is too small; the least is 1ms\n"
              "omgw.yaml:1:55: timeouts.idle: \"-5s\" is not a duration; write a "
              "number and a unit: 1500ms, 10s, 5m, 72h, 8d\n"
              "omgw.yaml:1:68: timeouts.answer: \"soon\" is not a duration; write a "
              "number and a unit: 1500ms, 10s, 5m, 72h, 8d\n"),
        WRONG(
            "sizes", "limits: { body: 1MB, disk_reserve: 1.5GiB, lane_memory: 0 }\n",
            "omgw.yaml:1:17: limits.body: \"1MB\" is not a size; write a number of "
            "bytes or one with a unit: 64KiB, 1MiB, 2GiB\n"
            "omgw.yaml:1:36: limits.disk_reserve: \"1.5GiB\" is not a size; write a "
            "number of bytes or one with a unit: 64KiB, 1MiB, 2GiB\n"
            "omgw.yaml:1:57: limits.lane_memory: \"0\" is too small; the least is 1\n"),
        WRONG("numbers",
              "limits:\n  connections: many\n  max_pending: 1e6\n  contact_per_minute: "
              "-1\n"
              "  connections_per_peer: 99999999999999999999\n",
              "omgw.yaml:2:16: limits.connections: \"many\" is not a whole number; "
              "write digits only\n"
              "omgw.yaml:3:16: limits.max_pending: \"1e6\" is not a whole number; "
              "write digits only\n"
              "omgw.yaml:4:23: limits.contact_per_minute: \"-1\" is too small; the "
              "least is 0\n"
              "omgw.yaml:5:25: limits.connections_per_peer: \"99999999999999999999\" "
              "is not a whole number; write digits only\n"),
        WRONG("choices", "migrate: atuo\nlog: { level: warning, format: xml }\n",
              "omgw.yaml:1:10: migrate: \"atuo\" is not a choice; did you mean "
              "\"auto\"?\n"
              "omgw.yaml:2:15: log.level: \"warning\" is not a choice; write one of "
              "error, warn, info, debug\n"
              "omgw.yaml:2:32: log.format: \"xml\" is not a choice; write one of auto, "
              "json, text\n"),
        WRONG("URLs never show themselves",
              "public_url: https://me:secret@example.com/\negress: { proxy: proxy:3128 "
              "}\n",
              "omgw.yaml:1:13: public_url: the URL has a user name or password; write "
              "https://HOST/PATH\n"
              "omgw.yaml:2:18: egress.proxy: the URL does not start with https:// or "
              "http://; write https://HOST/PATH\n"),
        WRONG("a base has no query", "public_url: https://example.com/?a=b\n",
              "omgw.yaml:1:13: public_url: the URL has a query (?); remove it\n"),
        WRONG("texts", "media_dir: \"/a\\tb\"\ndatabase: \"\"\n",
              "omgw.yaml:1:12: media_dir: has a control character; remove it\n"
              "omgw.yaml:2:11: database: is empty; give it a value\n"),
        WRONG("addresses",
              "listen: { public: localhost, admin: \"[::1]:99999\", control: "
              "unix:omgw.sock }\n",
              "omgw.yaml:1:19: listen.public: the address has no port from 0 to 65535; "
              "write HOST:PORT or unix:/PATH\n"
              "omgw.yaml:1:37: listen.admin: the address has no port from 0 to 65535; "
              "write HOST:PORT or unix:/PATH\n"
              "omgw.yaml:1:61: listen.control: the address has no absolute path behind "
              "unix:; write HOST:PORT or unix:/PATH\n"),
        WRONG("networks",
              "trusted_proxies:\n  - 10.0.0.0/8\n  - proxy\n  - 10.0.0.0/33\n",
              "omgw.yaml:3:5: trusted_proxies: \"proxy\" is not an IP address; write "
              "an address or network such as 10.0.0.0/8\n"
              "omgw.yaml:4:5: trusted_proxies: \"10.0.0.0/33\" has a number of bits "
              "that is not 0 to 32; write an address or network such as 10.0.0.0/8\n"),
        WRONG("a socket is no network", "egress: { allow: [ \"unix:\" ] }\n",
              "omgw.yaml:1:20: egress.allow: \"unix:\" is not an IP address; write an "
              "address or network such as 10.0.0.0/8\n"),
        WRONG("PostgreSQL", "database: postgres://db/omgw\n",
              "omgw.yaml:1:11: database: PostgreSQL is not supported yet; write "
              "sqlite:/PATH\n"),
        WRONG("another database", "database: /var/lib/omgw.db\n",
              "omgw.yaml:1:11: database: is of an unknown kind; write sqlite:/PATH\n"),
        WRONG("a database nowhere", "database: \"sqlite:\"\n",
              "omgw.yaml:1:11: database: has no path; write sqlite:/PATH\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
}

#define SECRET(line)                                                                   \
    "genesys:\n  - name: main\n    region: eu_west_1\n    client_id: a\n    " line "\n"

static void secrets_are_checked(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG("no file", SECRET("client_secret_file: /s/absent"),
              "omgw.yaml:5:25: client_secret_file: cannot read \"/s/absent\": No such "
              "file or directory; create it or correct the path\n"),
        WRONG("unreadable file", SECRET("client_secret_file: /s/denied"),
              "omgw.yaml:5:25: client_secret_file: cannot read \"/s/denied\": "
              "Permission denied; create it or correct the path\n"),
        WRONG("empty file", SECRET("client_secret_file: /s/empty"),
              "omgw.yaml:5:25: client_secret_file: \"/s/empty\" is empty; put the "
              "secret there\n"),
        WRONG("a newline alone", SECRET("client_secret_file: /s/newline"),
              "omgw.yaml:5:25: client_secret_file: \"/s/newline\" is empty; put the "
              "secret there\n"),
        WRONG("huge file", SECRET("client_secret_file: /s/huge"),
              "omgw.yaml:5:25: client_secret_file: \"/s/huge\" is longer than any "
              "secret; name another file\n"),
        WRONG("NUL in a file", SECRET("client_secret_file: /s/binary"),
              "omgw.yaml:5:25: client_secret_file: has a NUL byte; write the secret as "
              "text\n"),
        WRONG("no path", SECRET("client_secret_file: \"\""),
              "omgw.yaml:5:25: client_secret_file: has no path; name the file of the "
              "secret\n"),
        WRONG("null path", SECRET("client_secret_file:"),
              "omgw.yaml:5:24: client_secret_file: has no value; give it one or remove "
              "the line\n"),
        WRONG("NUL in a path", SECRET("client_secret_file: \"/s/client\\0x\""),
              "omgw.yaml:5:25: client_secret_file: has a NUL byte in its path; correct "
              "the path\n"),
        WRONG("empty", SECRET("client_secret: \"\""),
              "omgw.yaml:5:20: client_secret: is empty; put the secret there\n"),
        WRONG("not one value", SECRET("client_secret: [ very-secret ]"),
              "omgw.yaml:5:20: client_secret: is a list; write a single value\n"),
        WRONG("both", SECRET("client_secret: x\n    client_secret_file: /s/client"),
              "omgw.yaml:6:25: \"client_secret\" and \"client_secret_file\" are both "
              "given; keep one\n"),
        WRONG("both, the other way round",
              SECRET("client_secret_file: /s/client\n    client_secret: x"),
              "omgw.yaml:6:20: \"client_secret\" and \"client_secret_file\" are both "
              "given; keep one\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
}

#define BRIDGE_WITH(secrets)                                                           \
    "genesys:\n" GENESYS_ENTRY "bridges:\n  - name: acme\n    channel: telegram\n"     \
    "    genesys: main\n    integration_id: i-1\n    telegram: { token: t }\n"         \
    "    genesys_secrets: " secrets "\n"

static void lists_of_secrets_are_checked(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG("none", BRIDGE_WITH("[]"),
              "omgw.yaml:12:22: genesys_secrets: has 0 entries; give it 1 at least\n"),
        WRONG("nothing", BRIDGE_WITH(""),
              "omgw.yaml:12:21: genesys_secrets: has 0 entries; give it 1 at least\n"),
        WRONG("not a list", BRIDGE_WITH("{ file: /s/genesys }"),
              "omgw.yaml:12:22: genesys_secrets: is a map; write [ { file: PATH } ]\n"),
        WRONG("entries of other shapes",
              BRIDGE_WITH("[ x, {}, { files: y }, { value: x, file: y }, { value: [ x "
                          "] }, { value: } ]"),
              "omgw.yaml:12:24: genesys_secrets: an entry is not { file: PATH } or { "
              "value: SECRET }; write one of the two\n"
              "omgw.yaml:12:27: genesys_secrets: an entry is not { file: PATH } or { "
              "value: SECRET }; write one of the two\n"
              "omgw.yaml:12:31: genesys_secrets: an entry is not { file: PATH } or { "
              "value: SECRET }; write one of the two\n"
              "omgw.yaml:12:45: genesys_secrets: an entry is not { file: PATH } or { "
              "value: SECRET }; write one of the two\n"
              "omgw.yaml:12:77: genesys_secrets: is a list; write a single value\n"
              "omgw.yaml:12:95: genesys_secrets: has no value; give it one or remove "
              "the line\n"),
        WRONG("files", BRIDGE_WITH("[ { file: /s/absent }, { file: /s/empty } ]"),
              "omgw.yaml:12:32: genesys_secrets: cannot read \"/s/absent\": No such "
              "file or directory; create it or correct the path\n"
              "omgw.yaml:12:53: genesys_secrets: \"/s/empty\" is empty; put the secret "
              "there\n"),
        WRONG(
            "too short for Genesys",
            BRIDGE_WITH(
                "[ { file: /s/short }, { value: sixteen-letters! }, { value: "
                "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 } ]"),
            "omgw.yaml:12:24: genesys_secrets: a secret has only 15 characters; "
            "Genesys wants 16 or more\n"
            "omgw.yaml:12:73: genesys_secrets: a secret has only 8 characters; Genesys "
            "wants 16 or more\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
}

#define PARTNER_WITH(lines)                                                            \
    "genesys:\n" GENESYS_ENTRY "bridges:\n"                                            \
    "  - name: acme\n    channel: partner\n    genesys: main\n    integration_id: "    \
    "i-1\n"                                                                            \
    "    genesys_secrets: [ { file: /s/genesys } ]\n    partner:\n" lines
#define NEEDED                                                                         \
    "      callback_url: https://example.com\n      secrets: [ { value: x } ]\n"

static void settings_of_a_channel_are_checked_by_its_rows(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG("names",
              PARTNER_WITH(NEEDED
                           "      calback_url: x\n      send: { wiat: 1s, part: 5 }\n"),
              "omgw.yaml:15:7: unknown setting \"calback_url\"; did you mean "
              "\"callback_url\"?\n"
              "omgw.yaml:16:15: unknown setting \"wiat\"; did you mean \"wait\"?\n"
              "omgw.yaml:16:31: \"send.part\" is a single value; write its settings "
              "below it, indented\n"),
        WRONG(
            "values",
            PARTNER_WITH(NEEDED "      receipts: yes\n      text_max: 1001\n"
                                "      statuses: al\n      send:\n        wait: 2h\n"
                                "        part: { size: 2MiB }\n"),
            "omgw.yaml:15:17: partner.receipts: \"yes\" is not a truth value; write "
            "true or false\n"
            "omgw.yaml:16:17: partner.text_max: \"1001\" is too large; the most is "
            "1000\n"
            "omgw.yaml:17:17: partner.statuses: \"al\" is not a choice; did you mean "
            "\"all\"?\n"
            "omgw.yaml:19:15: partner.send.wait: \"2h\" is too large; the most is 1h\n"
            "omgw.yaml:20:23: partner.send.part.size: \"2MiB\" is too large; the most "
            "is 1MiB\n"),
        WRONG(
            "maps",
            PARTNER_WITH(
                NEEDED
                "      headers: { A: b, a: c, \"\": d, E: [ f ], G: , \"\\t\": h }\n"),
            "omgw.yaml:15:27: partner.headers: \"a\" is there twice; keep one\n"
            "omgw.yaml:15:34: partner.headers: has an entry without a name; give it "
            "one\n"
            "omgw.yaml:15:40: partner.headers: is a list; write a single value\n"
            "omgw.yaml:15:50: partner.headers: has no value; give it one or remove "
            "the line\n"
            "omgw.yaml:15:58: partner.headers: has a control character; remove it\n"),
        WRONG("a map of another shape", PARTNER_WITH(NEEDED "      headers: [ A ]\n"),
              "omgw.yaml:15:16: partner.headers: is a list; write { NAME: VALUE, ... "
              "}\n"),
        WRONG(
            "too many entries",
            PARTNER_WITH("      callback_url: https://example.com\n      secrets: [ { "
                         "value: a }, { value: b }, { value: c }, { value: d } ]\n"),
            "omgw.yaml:14:16: partner.secrets: has 4 entries; keep 3 at most\n"),
        WRONG("both forms of a secret",
              PARTNER_WITH(NEEDED "      token: x\n      token_file: /s/client\n"),
              "omgw.yaml:16:19: \"partner.token\" and \"token_file\" are both given; "
              "keep one\n"),
        WRONG("what the channel says about a row",
              PARTNER_WITH("      secrets: [ { value: x } ]\n"
                           "      callback_url: https://refused.example.com\n"),
              "omgw.yaml:14:21: partner.callback_url: the host is refused; use "
              "another\n"),
        WRONG("what the channel says about all",
              PARTNER_WITH(NEEDED "      text_max: 666\n"),
              "omgw.yaml:12:5: partner: no text may be that long; shorten text_max\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
}

static void lists_have_an_end(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf text;
    CLEANUP(buf_release) struct buf problems;
    buf_init(&text, SIZE_MAX);
    buf_init(&problems, SIZE_MAX);
    buf_add(&text, STR("trusted_proxies:\n"));
    for (int i = 0; i < 1001; i++)
        buf_add(&text, STR("  - 10.0.0.1\n"));
    struct config *config = NULL;
    expect_status("refused", STATUS_INVALID,
                  load_bytes(buf_str(&text), NULL, &config, &problems));
    expect_str(
        "the first too many",
        "omgw.yaml:1002:5: trusted_proxies: has more than 1000 entries; shorten it\n",
        buf_str(&problems));
}

static enum status load_to_look(const char *text, struct config **out_config,
                                struct buf *out_problems)
{
    const struct config_input input = {
        .file = "omgw.yaml",
        .text = str_of(text),
        .channels = fake_channels,
        .files = {.read = fake_read},
        .skips_secrets = true,
    };
    return config_load_text(&input, out_config, out_problems);
}

/* Files that are not there or are denied, and secrets that are not even named. */
static void who_only_looks_needs_no_secret(void **state)
{
    static const char text[] =
        "public_url: https://example.com\n"
        "listen: { admin: 10.0.0.1:9090 }\n"
        "admin: { tokens_file: /s/absent }\n"
        "genesys:\n  - name: main\n    region: eu_west_1\n    client_id: a\n"
        "bridges:\n  - name: acme\n    channel: partner\n    genesys: main\n"
        "    integration_id: i-1\n    genesys_secrets: [ { file: /s/denied } ]\n"
        "    partner: { callback_url: https://example.com/x }\n";
    struct config *config = NULL;
    CLEANUP(buf_release) struct buf problems;
    (void)state;
    buf_init(&problems, SIZE_MAX);
    enum status status = load_to_look(text, &config, &problems);
    expect_str("nothing is wrong", "", buf_str(&problems));
    expect_status("loads", STATUS_OK, status);
    expect_true("its bridge", config_bridge(config, STR("acme")) != NULL);
    expect_i64("of no channel that is ready", 0, fake_ready_count);
    config_drop(config);
    status = load_to_look("public_url: x\nbridges: 5\n", &config, &problems);
    expect_status("other mistakes count", STATUS_INVALID, status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_the_wrong_shape_are_refused),
        cmocka_unit_test(values_are_held_to_their_kind),
        cmocka_unit_test(secrets_are_checked),
        cmocka_unit_test(lists_of_secrets_are_checked),
        cmocka_unit_test(settings_of_a_channel_are_checked_by_its_rows),
        cmocka_unit_test(lists_have_an_end),
        cmocka_unit_test(who_only_looks_needs_no_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
