/*
 * The admin listener's bearer tokens as the configuration has them, and where it may
 * listen without any.
 */
#include "support/config_fixture.h"

#include "gateway/crypto.h"

#define PUBLIC_ADMIN "listen: { admin: 0.0.0.0:9090 }\n"
#define TOKENS(lines) "admin:\n  tokens: |\n" lines GOOD_TEXT
#define ADVICE                                                                         \
    "; write NAME, viewer or operator, and the token's SHA-256 in hex, with blanks "   \
    "between\n"

static void expect_token(const struct admin_token *token, const char *name,
                         enum admin_role role, const char *secret)
{
    uint8_t want[SHA256_BYTES];
    struct error err;
    expect_str("its name", name, str_of(token->name));
    expect_i64(name, role, token->role);
    expect_status(name, STATUS_OK, sha256(str_of(secret), want, &err));
    assert_memory_equal(token->sha256, want, sizeof(want));
}

static void expect_tokens_of_file(const struct config *config)
{
    expect_i64("two tokens", 2, (int64_t)config->admin.token_count);
    expect_token(&config->admin.tokens[0], "prometheus", ADMIN_VIEWER, "a");
    expect_token(&config->admin.tokens[1], "anna", ADMIN_OPERATOR, "b");
}

static void tokens_are_read_from_their_file(void **state)
{
    (void)state;
    struct config *config =
        loaded(PUBLIC_ADMIN "admin: { tokens_file: /s/tokens }\n" GOOD_TEXT, NULL);
    expect_tokens_of_file(config);
    config_drop(config);
}

static void the_environment_may_name_the_file(void **state)
{
    (void)state;
    char *environment[] = {(char[]){"OMGW_ADMIN__TOKENS_FILE=/s/tokens"}, NULL};
    struct config *config = loaded(PUBLIC_ADMIN GOOD_TEXT, environment);
    expect_tokens_of_file(config);
    config_drop(config);
}

static void without_tokens_there_are_none(void **state)
{
    (void)state;
    struct config *config = loaded(GOOD_TEXT, NULL);
    expect_i64("none", 0, (int64_t)config->admin.token_count);
    config_drop(config);
}

static void wrong_lines_are_all_told_and_never_shown(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG("every kind",
              TOKENS("    short viewer\n"
                     "    good viewer " HASH_A "\n"
                     "    long viewer " HASH_A " x\n"
                     "    Anna viewer " HASH_A "\n"
                     "    # a remark\n"
                     "    admin admin " HASH_A "\n"
                     "    raw viewer the-token-itself\n"
                     "    good operator " HASH_B "\n"),
              "omgw.yaml:2:11: admin.tokens: line 1 has fewer than three words" ADVICE
              "omgw.yaml:2:11: admin.tokens: line 3 has more than three words" ADVICE
              "omgw.yaml:2:11: admin.tokens: line 4 has a name that is not 1 to 63 of "
              "a-z, 0-9 and -" ADVICE
              "omgw.yaml:2:11: admin.tokens: line 6 has a role that is neither viewer "
              "nor operator" ADVICE
              "omgw.yaml:2:11: admin.tokens: line 7 does not end with a SHA-256 in 64 "
              "hex digits" ADVICE "omgw.yaml:2:11: admin.tokens: line 8 has the name "
              "of an earlier one" ADVICE),
        WRONG("remarks alone", TOKENS("    # nobody\n"),
              "omgw.yaml:2:11: admin.tokens: has no token" ADVICE),
        WRONG("no file", "admin: { tokens_file: /s/absent }\n" GOOD_TEXT,
              "omgw.yaml:1:23: admin.tokens_file: cannot read \"/s/absent\": No such "
              "file or directory; create it or correct the path\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
}

static void the_environment_is_told_by_its_variable(void **state)
{
    (void)state;
    char *environment[] = {(char[]){"OMGW_ADMIN__TOKENS=anna operator"}, NULL};
    struct config *config = NULL;
    CLEANUP(buf_release) struct buf problems;
    buf_init(&problems, SIZE_MAX);
    enum status status = load_bytes(str_of(GOOD_TEXT), environment, &config, &problems);
    expect_status("refused", STATUS_INVALID, status);
    expect_str("by name",
               "environment OMGW_ADMIN__TOKENS: line 1 has fewer than three "
               "words" ADVICE,
               buf_str(&problems));
}

#define REACHED                                                                        \
    "the address is reached from other machines; write 127.0.0.1:PORT or unix:/PATH, " \
    "or give \"admin.tokens_file\"\n"

static void without_tokens_the_admin_address_is_local(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        WRONG("everywhere", PUBLIC_ADMIN GOOD_TEXT,
              "omgw.yaml:1:18: listen.admin: " REACHED),
        WRONG("one network", "listen: { admin: 10.0.0.7:9090 }\n" GOOD_TEXT,
              "omgw.yaml:1:18: listen.admin: " REACHED),
        WRONG("a name", "listen: { admin: admin.example.com:9090 }\n" GOOD_TEXT,
              "omgw.yaml:1:18: listen.admin: " REACHED),
        WRONG("a wrong address is one problem",
              "listen: { admin: 0.0.0.0 }\n" GOOD_TEXT,
              "omgw.yaml:1:18: listen.admin: the address has no port from 0 to 65535; "
              "write HOST:PORT or unix:/PATH\n"),
        WRONG("wrong tokens are one problem",
              PUBLIC_ADMIN "admin: { tokens_file: /s/empty }\n" GOOD_TEXT,
              "omgw.yaml:2:23: admin.tokens_file: \"/s/empty\" is empty; put the "
              "secret there\n"),
    };
    expect_wrong(cases, COUNT_OF(cases));
    config_drop(loaded("listen: { admin: \"[::1]:9090\" }\n" GOOD_TEXT, NULL));
    config_drop(loaded("listen: { admin: unix:/run/admin }\n" GOOD_TEXT, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_read_from_their_file),
        cmocka_unit_test(the_environment_may_name_the_file),
        cmocka_unit_test(without_tokens_there_are_none),
        cmocka_unit_test(wrong_lines_are_all_told_and_never_shown),
        cmocka_unit_test(the_environment_is_told_by_its_variable),
        cmocka_unit_test(without_tokens_the_admin_address_is_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
