#include "support/config_fixture.h"

static void organisations_are_checked(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG("missing", "genesys:\n  - region: eu_west_1\n",
              "omgw.yaml:2:5: \"name\" is missing (what bridges call it: a-z, 0-9 and "
              "-, at most 63); add it\n"
              "omgw.yaml:2:5: \"client_id\" is missing (OAuth client of the "
              "organisation, for client credentials); add it\n"
              "omgw.yaml:2:5: \"client_secret\" is missing (secret of the OAuth "
              "client); add it or \"client_secret_file\"\n"),
        WRONG("no place",
              "genesys:\n  - { name: main, client_id: a, client_secret: b }\n",
              "omgw.yaml:2:5: \"region\" is missing; add it, or \"api_url\" and "
              "\"login_url\"\n"),
        WRONG("half a place",
              "genesys:\n"
              "  - { name: a, client_id: a, client_secret: b, api_url: "
              "http://127.0.0.1:1 }\n"
              "  - { name: b, client_id: a, client_secret: b, login_url: "
              "http://127.0.0.1:1 }\n",
              "omgw.yaml:2:5: \"login_url\" is missing; add it, or \"region\" in place "
              "of both\n"
              "omgw.yaml:3:5: \"api_url\" is missing; add it, or \"region\" in place "
              "of both\n"),
        WRONG("a wrong place is one problem",
              "genesys:\n"
              "  - { name: a, client_id: a, client_secret: b, api_url: x, login_url: y "
              "}\n"
              "  - { name: b, client_id: a, client_secret: b, region: \"a\\tb\" }\n",
              "omgw.yaml:2:57: api_url: the URL does not start with https:// or "
              "http://; write https://HOST/PATH\n"
              "omgw.yaml:2:71: login_url: the URL does not start with https:// or "
              "http://; write https://HOST/PATH\n"
              "omgw.yaml:3:56: region: has a control character; remove it\n"),
        WRONG("regions",
              "genesys:\n"
              "  - { name: a, client_id: a, client_secret: b, region: eu-west-1 }\n"
              "  - { name: b, client_id: a, client_secret: b, region: mars }\n",
              "omgw.yaml:2:56: region: unknown region \"eu-west-1\"; did you mean "
              "\"eu_west_1\"?\n"
              "omgw.yaml:3:56: region: unknown region \"mars\"; give api_url and "
              "login_url instead\n"),
        WRONG("names",
              "genesys:\n"
              "  - { name: Main, region: eu_west_1, client_id: a, client_secret: b }\n"
              "  - { name: \"\", region: eu_west_1, client_id: a, client_secret: b }\n"
              "  - { name: x, region: eu_west_1, client_id: a, client_secret: b }\n"
              "  - { name: x, region: eu_west_1, client_id: a, client_secret: b }\n"
              "  - { name: x, region: eu_west_1, client_id: a, client_secret: b }\n",
              "omgw.yaml:2:13: name: a name is 1 to 63 of a-z, 0-9 and -; choose "
              "another\n"
              "omgw.yaml:3:13: name: is empty; give it a value\n"
              "omgw.yaml:5:13: a second organisation is called \"x\", the first is in "
              "line 4; rename one\n"
              "omgw.yaml:6:13: a second organisation is called \"x\", the first is in "
              "line 4; rename one\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
}

#define A50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"

static void bridges_are_checked(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG("missing", "bridges:\n  - name: acme\n",
              "omgw.yaml:2:5: \"channel\" is missing (kind of messaging service; its "
              "settings stand in a map of that name); add it\n"
              "omgw.yaml:2:5: \"genesys\" is missing (name of the organisation in the "
              "list genesys); add it\n"
              "omgw.yaml:2:5: \"integration_id\" is missing (id of the open messaging "
              "integration in Genesys); add it\n"
              "omgw.yaml:2:5: \"genesys_secrets\" is missing (signature secrets of the "
              "integration, longer than 15 characters; several while one is replaced); "
              "add it\n"),
        WRONG("no channel settings",
              "genesys:\n" GENESYS_ENTRY
              "bridges:\n  - name: acme\n    channel: partner\n"
              "    genesys: main\n    integration_id: i-1\n"
              "    genesys_secrets: [ { file: /s/genesys } ]\n",
              "omgw.yaml:7:5: \"partner.callback_url\" is missing (where messages go); "
              "add it\n"
              "omgw.yaml:7:5: \"partner.secrets\" is missing (signature secrets); add "
              "it\n"),
        WRONG("empty channel settings",
              "genesys:\n" GENESYS_ENTRY
              "bridges:\n  - name: acme\n    channel: telegram\n"
              "    genesys: main\n    integration_id: i-1\n"
              "    genesys_secrets: [ { file: /s/genesys } ]\n    telegram:\n",
              "omgw.yaml:12:5: \"telegram.token\" is missing (bot token); add it or "
              "\"token_file\"\n"),
        WRONG("channel settings of another shape",
              "genesys:\n" GENESYS_ENTRY
              "bridges:\n  - name: acme\n    channel: telegram\n"
              "    genesys: main\n    integration_id: i-1\n"
              "    genesys_secrets: [ { file: /s/genesys } ]\n    telegram: 5\n",
              "omgw.yaml:12:15: \"telegram\" is a single value; write its settings "
              "below it, indented\n"),
        WRONG("settings of another channel", GOOD_TEXT "    telegram: { token: x }\n",
              "omgw.yaml:15:5: \"telegram\" is not the channel of this bridge "
              "(\"partner\"); remove it\n"),
        WRONG("unknown channels",
              "bridges:\n"
              "  - { name: a, channel: parnter, genesys: x, integration_id: 1,\n"
              "      genesys_secrets: [ { file: /s/genesys } ], partner: { any: thing "
              "} }\n"
              "  - { name: b, channel: pigeon, genesys: x, integration_id: 2,\n"
              "      genesys_secrets: [ { file: /s/genesys } ] }\n",
              "omgw.yaml:2:25: unknown channel \"parnter\"; did you mean \"partner\"?\n"
              "omgw.yaml:2:43: genesys: no organisation is called \"x\"; add it to the "
              "list \"genesys\"\n"
              "omgw.yaml:4:25: unknown channel \"pigeon\"; known: partner, telegram\n"
              "omgw.yaml:4:42: genesys: no organisation is called \"x\"; add it to the "
              "list \"genesys\"\n"),
        WRONG("unknown organisation",
              "genesys:\n" GENESYS_ENTRY "bridges:\n"
              "  - { name: a, channel: telegram, genesys: mian, integration_id: 1,\n"
              "      genesys_secrets: [ { file: /s/genesys } ], telegram: { token: t } "
              "}\n",
              "omgw.yaml:7:44: genesys: no organisation is called \"mian\"; did you "
              "mean \"main\"?\n"),
        WRONG("names and integrations",
              GOOD_TEXT BRIDGE_ENTRY("acme", "i-2") BRIDGE_ENTRY("other", "I-1")
                  BRIDGE_ENTRY("Other", "i-4"),
              "omgw.yaml:15:11: a second bridge is called \"acme\", the first is in "
              "line 7; rename one\n"
              "omgw.yaml:26:21: integration_id: bridge \"acme\" has this integration "
              "already; give each its own\n"
              "omgw.yaml:31:11: name: a name is 1 to 63 of a-z, 0-9 and -; choose "
              "another\n"),
        WRONG("an integration longer than any",
              GOOD_TEXT BRIDGE_ENTRY("other", A50 A50 A50 A50 A50 "123456"),
              "omgw.yaml:18:21: integration_id: is longer than any id; copy it from "
              "Genesys\n"),
        WRONG("names of 64 and with a line feed",
              GOOD_TEXT BRIDGE_ENTRY(
                  "a234567890123456789012345678901234567890123456789012345678901234",
                  "i-2") BRIDGE_ENTRY("\"a\\nb\"", "i-3"),
              "omgw.yaml:15:11: name: a name is 1 to 63 of a-z, 0-9 and -; choose "
              "another\n"
              "omgw.yaml:23:11: name: has a control character; remove it\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(organisations_are_checked),
        cmocka_unit_test(bridges_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
