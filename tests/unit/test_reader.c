#include "support/config_fixture.h"

static void a_file_that_is_no_mapping_is_refused(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG(
            "empty", "",
            "omgw.yaml:1:1: the file is empty; `omgw config init` writes an example\n"),
        WRONG(
            "comments only", "# nothing yet\n\n",
            "omgw.yaml:1:1: the file is empty; `omgw config init` writes an example\n"),
        WRONG(
            "a document with nothing", "---\n",
            "omgw.yaml:1:1: the file is empty; `omgw config init` writes an example\n"),
        WRONG("a list", "- a\n- b\n",
              "omgw.yaml:1:1: the file is not a mapping; write lines of the form NAME: "
              "VALUE\n"),
        WRONG("a text", "\n  hello\n",
              "omgw.yaml:2:3: the file is not a mapping; write lines of the form NAME: "
              "VALUE\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
}

static void what_is_not_yaml_is_shown_where_it_is(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG("tab", "limits:\n\tbody: 1MiB\n",
              "omgw.yaml:2:1: not YAML: found character that cannot start any token; "
              "indent with spaces, not tabs\n"),
        WRONG("open quote", "database: \"sqlite\n",
              "omgw.yaml:2:1: not YAML: found unexpected end of stream while scanning "
              "a quoted scalar that starts in line 1; check the indentation, colons "
              "and quotes here and in the line before\n"),
        WRONG("open list", "trusted_proxies: [ 10.0.0.1\nmigrate: auto\n",
              "omgw.yaml:2:8: not YAML: did not find expected ',' or ']' while parsing "
              "a flow sequence that starts in line 1; check the indentation, colons "
              "and quotes here and in the line before\n"),
        WRONG(
            "two colons", "migrate: auto: refuse\n",
            "omgw.yaml:1:14: not YAML: mapping values are not allowed in this context; "
            "check the indentation, colons and quotes here and in the line before\n"),
        WRONG("not UTF-8", "migrate: auto\nmedia_dir: /\xff\n",
              "omgw.yaml:2:13: not YAML: invalid leading UTF-8 octet; save the file as "
              "UTF-8 text\n"),
        WRONG("UTF-16", "\xff\xfem\x01i\x01",
              "omgw.yaml:1:1: not YAML: invalid leading UTF-8 octet; save the file as "
              "UTF-8 text\n"),
        WRONG("control character", "migrate: au\x01to\n",
              "omgw.yaml:1:12: not YAML: control characters are not allowed; save the "
              "file as UTF-8 text\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
}

static void what_yaml_can_but_settings_need_not_is_refused(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG("alias", "listen: &x\n  public: 0.0.0.0:1\nlimits: *x\n",
              "omgw.yaml:1:9: anchors (&name) are not used here; remove it\n"
              "omgw.yaml:3:9: aliases (*name) are not used here; write the value "
              "itself\n"),
        WRONG("two anchors of one name", "log: &x\n  colour: &x red\n",
              "omgw.yaml:1:6: anchors (&name) are not used here; remove it\n"
              "omgw.yaml:2:11: anchors (&name) are not used here; remove it\n"),
        WRONG("an anchor does not hide the rest", "log: &x\n  colour: red\n",
              "omgw.yaml:1:6: anchors (&name) are not used here; remove it\n"
              "omgw.yaml:2:3: unknown setting \"colour\"; known here: level, format\n"),
        WRONG("alias to nothing", "limits: *x\n",
              "omgw.yaml:1:9: aliases (*name) are not used here; write the value "
              "itself\n"),
        WRONG("a list inside itself", "trusted_proxies: &x [ *x ]\n",
              "omgw.yaml:1:18: anchors (&name) are not used here; remove it\n"
              "omgw.yaml:1:23: aliases (*name) are not used here; write the value "
              "itself\n"),
        WRONG("tags", "migrate: !!str auto\nlimits: !x {}\ntrusted_proxies: !y []\n",
              "omgw.yaml:1:10: tags (!name) are not used here; remove it\n"
              "omgw.yaml:2:9: tags (!name) are not used here; remove it\n"
              "omgw.yaml:3:18: tags (!name) are not used here; remove it\n"),
        WRONG("second document", "migrate: auto\n---\nmigrate: refuse\n---\n",
              "omgw.yaml:2:1: a second document starts here; keep one and remove the "
              "\"---\"\n"),
        WRONG("depth", "a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
              "omgw.yaml:1:19: nested deeper than 16 levels; no setting stands that "
              "deep\n"),
        WRONG("merge", "limits:\n  <<: { body: 1KiB }\n",
              "omgw.yaml:2:3: unknown setting \"<<\"; known here: body, "
              "bodies_in_memory, connections, connections_per_peer, "
              "refusals_per_second, max_pending, contact_per_minute, disk_reserve, "
              "media_file, media_total, lane_memory\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
}

static void wrong_names_are_shown_with_the_nearest(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG(
            "near", "databse: sqlite:/x\n",
            "omgw.yaml:1:1: unknown setting \"databse\"; did you mean \"database\"?\n"),
        WRONG("near, inside", "limits:\n  bodys_in_memory: 1MiB\n",
              "omgw.yaml:2:3: unknown setting \"bodys_in_memory\"; did you mean "
              "\"bodies_in_memory\"?\n"),
        WRONG("near, a list", "bridge: []\n",
              "omgw.yaml:1:1: unknown setting \"bridge\"; did you mean \"bridges\"?\n"),
        WRONG("near, a group", "time_outs: {}\n",
              "omgw.yaml:1:1: unknown setting \"time_outs\"; did you mean "
              "\"timeouts\"?\n"),
        WRONG("letter case", "Database: sqlite:/x\n",
              "omgw.yaml:1:1: unknown setting \"Database\"; did you mean "
              "\"database\"?\n"),
        WRONG("far", "log:\n  colour: red\n",
              "omgw.yaml:2:3: unknown setting \"colour\"; known here: level, format\n"),
        WRONG("a dotted name is no key", "log.level: info\n",
              "omgw.yaml:1:1: unknown setting \"log.level\"; known here: public_url, "
              "listen, admin, database, media_dir, link_secrets, migrate, "
              "trusted_proxies, limits, "
              "timeouts, retry, retention, egress, log, genesys, bridges\n"),
        WRONG("unprintable", "log:\n  \"a\\x07\\\"b\\0c\": 1\n",
              "omgw.yaml:2:3: unknown setting \"a??b?c\"; known here: level, format\n"),
        WRONG("long",
              "log:\n  "
              "\xc3\xa4xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xc3"
              "\xa4xxx: 1\n",
              "omgw.yaml:2:3: unknown setting "
              "\"\xc3\xa4xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."
              "\"; known here: level, format\n"),
        WRONG(
            "not a name", "[a]: 1\n{b: c}: 2\n",
            "omgw.yaml:1:1: a list stands where a name is wanted; write NAME: VALUE\n"
            "omgw.yaml:2:1: a map stands where a name is wanted; write NAME: VALUE\n"),
        WRONG("only a secret has a file", "log:\n  level_file: /x\n",
              "omgw.yaml:2:3: unknown setting \"level_file\"; known here: level, "
              "format\n"),
        WRONG(
            "twice",
            "migrate: auto\nlog:\n  level: info\n  level: warn\nmigrate: auto\n",
            "omgw.yaml:4:3: \"level\" is given twice, first in line 3; remove one\n"
            "omgw.yaml:5:1: \"migrate\" is given twice, first in line 1; remove one\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
}

static void problems_of_all_kinds_come_in_the_order_of_the_file(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG("all of them",
              "bridges:\n"
              "  - name: acme\n"
              "    chanel: partner\n"
              "    channel: partner\n"
              "    genesys: main\n"
              "    integration_id: i-1\n"
              "    genesys_secrets: [ { file: /s/short } ]\n"
              "    partner: { callback_url: ftp://x, secrets: [] }\n"
              "genesys:\n"
              "  - name: main\n"
              "    region: eu_west_9\n"
              "    client_id: x\n"
              "    client_secret_file: /s/absent\n"
              "limits: { body: big }\n"
              "listen: { public: here }\n",
              "omgw.yaml:3:5: unknown setting \"chanel\"; did you mean \"channel\"?\n"
              "omgw.yaml:7:24: genesys_secrets: a secret has only 15 characters; "
              "Genesys wants 16 or more\n"
              "omgw.yaml:8:30: partner.callback_url: the URL does not start with "
              "https:// or http://; write https://HOST/PATH\n"
              "omgw.yaml:8:48: partner.secrets: has 0 entries; give it 1 at least\n"
              "omgw.yaml:11:13: region: unknown region \"eu_west_9\"; did you mean "
              "\"eu_west_1\"?\n"
              "omgw.yaml:13:25: client_secret_file: cannot read \"/s/absent\": No such "
              "file or directory; create it or correct the path\n"
              "omgw.yaml:14:17: limits.body: \"big\" is not a size; write a number of "
              "bytes or one with a unit: 64KiB, 1MiB, 2GiB\n"
              "omgw.yaml:15:19: listen.public: the address has no port from 0 to "
              "65535; write HOST:PORT or unix:/PATH\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
}

static void a_thousand_problems_are_enough(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf text;
    CLEANUP(buf_release) struct buf problems;
    buf_init(&text, SIZE_MAX);
    buf_init(&problems, SIZE_MAX);
    for (int i = 0; i < 5000; i++)
        buf_printf(&text, "unknown%d: x\n", i);

    struct config *config = NULL;
    expect_status("refused", STATUS_INVALID,
                  load_bytes(buf_str(&text), NULL, &config, &problems));
    struct str rest = buf_str(&problems);
    size_t lines = 0;
    struct str last = STR_NONE;
    while (rest.len > 0) {
        last = str_cut(&rest, '\n');
        lines++;
    }
    expect_i64("a thousand, and a word about the rest", 1001, lines);
    expect_str("the word",
               "omgw.yaml: only 1000 problems are shown; repair these first", last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_no_mapping_is_refused),
        cmocka_unit_test(what_is_not_yaml_is_shown_where_it_is),
        cmocka_unit_test(what_yaml_can_but_settings_need_not_is_refused),
        cmocka_unit_test(wrong_names_are_shown_with_the_nearest),
        cmocka_unit_test(problems_of_all_kinds_come_in_the_order_of_the_file),
        cmocka_unit_test(a_thousand_problems_are_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
