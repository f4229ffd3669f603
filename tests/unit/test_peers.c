#include "support/expect.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include "server/peers.h"

static void peer_parse_reads_addresses_with_and_without_port(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *want; /* NULL: refused */
    } cases[] = {
        {"IPv4",                     "192.0.2.7",                  "192.0.2.7"  },
        {"IPv4 with port",           "192.0.2.7:443",              "192.0.2.7"  },
        {"IPv6",                     "2001:db8::7",                "2001:db8::7"},
        {"IPv6 in brackets",         "[2001:db8::7]",              "2001:db8::7"},
        {"IPv6 with port",           "[2001:db8::7]:443",          "2001:db8::7"},
        {"IPv6 in another spelling", "2001:0DB8:0::0:7",           "2001:db8::7"},
        {"IPv4 mapped into IPv6",    "::ffff:192.0.2.7",           "192.0.2.7"  },
        {"blanks around it",         " \t192.0.2.7 ",              "192.0.2.7"  },
        {"nothing",                  "",                           NULL         },
        {"a name",                   "example.com",                NULL         },
        {"a hidden client",          "unknown",                    NULL         },
        {"an obfuscated client",     "_secret",                    NULL         },
        {"too few numbers",          "192.0.2",                    NULL         },
        {"a number too large",       "192.0.2.256",                NULL         },
        {"an open bracket",          "[2001:db8::7",               NULL         },
        {"empty brackets",           "[]:80",                      NULL         },
        {"longer than any address",
         "2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0007", NULL         },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct peer peer;
        bool is_read = peer_parse(str_of(cases[i].text), &peer);
        expect_i64(cases[i].name, cases[i].want != NULL, is_read);
        char text[PEER_TEXT_BYTES] = "";
        if (is_read) {
            peer_format(&peer, text);
            expect_str(cases[i].name, cases[i].want, str_of(text));
        }
    }
}

static void peer_of_socket_knows_both_families_and_refuses_unix(void **state)
{
    (void)state;
    char text[PEER_TEXT_BYTES];
    struct peer peer;

    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    ipv4.sin_addr.s_addr = htonl(0xc0000207);
    assert_true(peer_of_socket((const struct sockaddr *)&ipv4, &peer));
    peer_format(&peer, text);
    assert_string_equal(text, "192.0.2.7");

    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.7", &ipv6.sin6_addr), 1);
    assert_true(peer_of_socket((const struct sockaddr *)&ipv6, &peer));
    peer_format(&peer, text);
    assert_string_equal(text, "192.0.2.7"); /* the same peer on a dual-stack socket */

    struct sockaddr_un local = {.sun_family = AF_UNIX};
    assert_false(peer_of_socket((const struct sockaddr *)&local, &peer));
}

static void networks_hold_what_their_bits_say(void **state)
{
    (void)state;
    static const struct {
        const char *network;
        const char *peer;
        bool want;
    } cases[] = {
        {"10.0.0.0/8",          "10.255.1.2",       true },
        {"10.0.0.0/8",          "11.0.0.1",         false},
        {"10.0.0.0/9",          "10.127.255.255",   true },
        {"10.0.0.0/9",          "10.128.0.0",       false},
        {"192.0.2.7",           "192.0.2.7",        true },
        {"192.0.2.7",           "192.0.2.6",        false},
        {"192.0.2.7/32",        "192.0.2.6",        false},
        {"0.0.0.0/0",           "203.0.113.1",      true },
        {"0.0.0.0/0",           "2001:db8::1",      false},
        {"::/0",                "2001:db8::1",      true },
        {"2001:db8::/33",       "2001:db8:7fff::1", true },
        {"2001:db8::/33",       "2001:db8:8000::1", false},
        {"10.0.0.0/8",          "::ffff:10.0.0.1",  true },
        {"::ffff:10.0.0.0/104", "10.255.1.2",       true },
        {"::ffff:10.0.0.0/104", "11.0.0.1",         false},
        {"::ffff:10.0.0.0/8",   "::1",              true },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *const texts[] = {cases[i].network, NULL};
        struct networks *networks = NULL;
        struct peer peer;
        assert_true(peer_parse(str_of(cases[i].peer), &peer));
        expect_status(cases[i].network, STATUS_OK,
                      networks_new(texts, &networks, NULL));
        expect_i64(cases[i].peer, cases[i].want, networks_hold(networks, &peer));
        assert_false(networks_hold_unix(networks));
        networks_free(networks);
    }
}

static void networks_new_names_what_it_cannot_read(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",           "proxy",          "10.0.0.0/33", "10.0.0.0/-1",
        "10.0.0.0/x", "2001:db8::/129", "10.0.0.0/",   "unix",
        "[::1]",      "127.0.0.1:80",   " 127.0.0.1",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        const char *const texts[] = {"127.0.0.1", wrong[i], NULL};
        struct networks *networks = NULL;
        struct error err = {0};
        expect_status(wrong[i], STATUS_INVALID, networks_new(texts, &networks, &err));
        assert_non_null(strstr(err.text, wrong[i]));
        assert_null(networks);
    }
}

static void networks_of_none_hold_nobody(void **state)
{
    (void)state;
    struct networks *networks = NULL;
    struct peer peer;
    assert_true(peer_parse(STR("127.0.0.1"), &peer));
    assert_int_equal(networks_new(NULL, &networks, NULL), STATUS_OK);
    assert_false(networks_hold(networks, &peer));
    networks_free(networks);
}

static void networks_may_hold_unix_peers(void **state)
{
    (void)state;
    static const char *const texts[] = {"unix:", "127.0.0.1", NULL};
    struct networks *networks = NULL;
    struct peer peer;
    assert_true(peer_parse(STR("127.0.0.1"), &peer));
    assert_int_equal(networks_new(texts, &networks, NULL), STATUS_OK);
    assert_true(networks_hold_unix(networks));
    assert_true(networks_hold(networks, &peer));
    networks_free(networks);
}

static void peer_counts_stop_each_peer_at_the_limit(void **state)
{
    (void)state;
    struct peer one;
    struct peer two;
    assert_true(peer_parse(STR("192.0.2.1"), &one));
    assert_true(peer_parse(STR("192.0.2.2"), &two));
    struct peer_counts *counts = peer_counts_new(2);
    assert_true(peer_counts_add(counts, &one));
    assert_true(peer_counts_add(counts, &one));
    assert_false(peer_counts_add(counts, &one));
    assert_true(peer_counts_add(counts, &two)); /* others are not concerned */
    peer_counts_remove(counts, &one);
    assert_true(peer_counts_add(counts, &one));
    assert_false(peer_counts_add(counts, &one)); /* the refused one was not counted */
    peer_counts_remove(counts, &two);
    peer_counts_remove(counts, &two); /* never below none */
    peer_counts_free(counts);         /* with some still counted */
}

static void peer_counts_without_limit_count_nothing(void **state)
{
    (void)state;
    struct peer peer;
    assert_true(peer_parse(STR("192.0.2.1"), &peer));
    struct peer_counts *counts = peer_counts_new(0);
    for (int i = 0; i < 100; i++)
        assert_true(peer_counts_add(counts, &peer));
    peer_counts_remove(counts, &peer);
    peer_counts_free(counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peer_parse_reads_addresses_with_and_without_port),
        cmocka_unit_test(peer_of_socket_knows_both_families_and_refuses_unix),
        cmocka_unit_test(networks_hold_what_their_bits_say),
        cmocka_unit_test(networks_new_names_what_it_cannot_read),
        cmocka_unit_test(networks_of_none_hold_nobody),
        cmocka_unit_test(networks_may_hold_unix_peers),
        cmocka_unit_test(peer_counts_stop_each_peer_at_the_limit),
        cmocka_unit_test(peer_counts_without_limit_count_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
