#include "support/expect.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include "client/address_guard.h"
#include "gateway/http_client.h"

static bool is_allowed(const char *text, const char *const *allow)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return address_is_allowed((const struct sockaddr *)&v4, sizeof(v4), allow);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return address_is_allowed((const struct sockaddr *)&v6, sizeof(v6), allow);
}

struct row {
    const char *address;
    bool want;
};

static void check(const struct row *rows, size_t count, const char *const *allow)
{
    for (size_t i = 0; i < count; i++)
        expect_i64(rows[i].address, rows[i].want, is_allowed(rows[i].address, allow));
}

static void guard_lets_public_v4_through_only(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"0.0.0.0",         false},
        {"0.255.255.255",   false},
        {"1.0.0.0",         true },
        {"9.255.255.255",   true },
        {"10.0.0.0",        false},
        {"10.255.255.255",  false},
        {"11.0.0.0",        true },
        {"100.63.255.255",  true },
        {"100.64.0.0",      false},
        {"100.127.255.255", false},
        {"100.128.0.0",     true },
        {"126.255.255.255", true },
        {"127.0.0.1",       false},
        {"127.255.255.255", false},
        {"128.0.0.0",       true },
        {"169.253.255.255", true },
        {"169.254.169.254", false},
        {"169.255.0.0",     true },
        {"172.15.255.255",  true },
        {"172.16.0.0",      false},
        {"172.31.255.255",  false},
        {"172.32.0.0",      true },
        {"192.0.0.8",       false},
        {"192.0.1.0",       true },
        {"192.0.2.1",       false},
        {"192.0.3.0",       true },
        {"192.88.99.1",     false},
        {"192.167.255.255", true },
        {"192.168.0.1",     false},
        {"192.169.0.0",     true },
        {"198.17.255.255",  true },
        {"198.18.0.0",      false},
        {"198.19.255.255",  false},
        {"198.20.0.0",      true },
        {"198.51.100.7",    false},
        {"198.51.101.0",    true },
        {"203.0.112.255",   true },
        {"203.0.113.0",     false},
        {"203.0.114.0",     true },
        {"223.255.255.255", true },
        {"224.0.0.1",       false},
        {"239.255.255.255", false},
        {"240.0.0.1",       false},
        {"255.255.255.255", false},
        {"8.8.8.8",         true },
    };
    check(rows, COUNT_OF(rows), NULL);
}

static void guard_lets_public_v6_through_only(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"::",                false},
        {"::1",               false},
        {"100::1",            false}, /* discard */
        {"1fff:ffff::1",      false}, /* before the public block */
        {"2000::1",           true },
        {"2001::1",           false}, /* Teredo */
        {"2001:10::1",        false}, /* ORCHID */
        {"2001:1ff:ffff::",   false},
        {"2001:200::1",       true },
        {"2001:db7::1",       true },
        {"2001:db8::1",       false}, /* documentation */
        {"2001:db9::1",       true },
        {"2606:4700::1111",   true },
        {"2a00:1450:4001::1", true },
        {"3ffe::1",           true },
        {"3fff::1",           false}, /* documentation */
        {"3fff:fff:ffff::1",  false},
        {"3fff:1000::1",      true },
        {"4000::1",           false}, /* behind the public block */
        {"5f00::1",           false},
        {"64:ff9b:1::1",      false}, /* local NAT64 */
        {"fc00::1",           false}, /* unique local */
        {"fd00:ec2::254",     false}, /* metadata */
        {"fe80::1",           false}, /* link-local */
        {"fec0::1",           false}, /* site-local */
        {"ff02::1",           false}, /* multicast */
    };
    check(rows, COUNT_OF(rows), NULL);
}

static void guard_sees_through_embedded_v4(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"::ffff:127.0.0.1",       false},
        {"::ffff:169.254.169.254", false},
        {"::ffff:8.8.8.8",         true },
        {"::10.0.0.1",             false},
        {"::ffff:0:10.0.0.1",      false}, /* translated, never public */
        {"::ffff:0:8.8.8.8",       false},
        {"64:ff9b::192.168.1.1",   false},
        {"64:ff9b::8.8.8.8",       true },
        {"2002:7f00:1::1",         false}, /* 6to4 of 127.0.0.1 */
        {"2002:a9fe:a9fe::",       false}, /* 6to4 of 169.254.169.254 */
        {"2002:808:808::1",        true },
    };
    check(rows, COUNT_OF(rows), NULL);
}

static void guard_obeys_the_allow_list(void **state)
{
    (void)state;
    static const char *const allow[] = {"10.1.0.0/16", "192.168.7.9",   "fd00:1::/32",
                                        "no network",  "100.64.0.0/11", NULL};
    static const struct row rows[] = {
        {"10.1.0.0",          true },
        {"10.1.255.255",      true },
        {"10.0.255.255",      false},
        {"10.2.0.0",          false},
        {"192.168.7.9",       true },
        {"192.168.7.8",       false},
        {"100.95.255.255",    true },
        {"100.96.0.0",        false},
        {"::ffff:10.1.2.3",   true },
        {"64:ff9b::10.1.2.3", true },
        {"::ffff:10.2.0.0",   false},
        {"fd00:1:ffff::1",    true },
        {"fd00:2::1",         false},
        {"8.8.8.8",           true },
        {"127.0.0.1",         false},
    };
    check(rows, COUNT_OF(rows), allow);

    static const char *const everything[] = {"0.0.0.0/0", "::/0", NULL};
    assert_true(is_allowed("127.0.0.1", everything));
    assert_true(is_allowed("::1", everything));
    static const char *const nothing[] = {NULL};
    assert_false(is_allowed("127.0.0.1", nothing));
}

static void guard_refuses_other_families(void **state)
{
    (void)state;
    static const char *const everything[] = {"0.0.0.0/0", "::/0", NULL};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    assert_false(
        address_is_allowed((const struct sockaddr *)&local, sizeof(local), everything));
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    assert_false(address_is_allowed((const struct sockaddr *)&v4, 4, everything));
}

static void networks_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool want;
    } rows[] = {
        {"10.0.0.0/8",                                          true },
        {"10.0.0.1",                                            true },
        {"0.0.0.0/0",                                           true },
        {"10.0.0.0/32",                                         true },
        {"fd00::/8",                                            true },
        {"::1/128",                                             true },
        {"10.0.0.0/33",                                         false},
        {"::/129",                                              false},
        {"10.0.0.0/-1",                                         false},
        {"10.0.0.0/",                                           false},
        {"10.0.0.0/8/8",                                        false},
        {"10.0.0/8",                                            false},
        {"010.0.0.0/8",                                         false},
        {"fd00::%eth0/8",                                       false},
        {"localhost",                                           false},
        {"/8",                                                  false},
        {"",                                                    false},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa/8", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect_i64(rows[i].text, rows[i].want, network_is_valid(rows[i].text));
}

static void hosts_behind_a_proxy_are_judged_by_name(void **state)
{
    (void)state;
    static const char *const allow[] = {"10.0.0.0/8", NULL};
    static const struct {
        const char *url;
        bool want;
    } rows[] = {
        {"https://media.example.com/a.png",  true },
        {"http://8.8.8.8/",                  true },
        {"http://10.1.2.3:8080/",            true }, /* in the list */
        {"http://[2606:4700::1111]/",        true },
        {"http://127.0.0.1/",                false},
        {"http://127.0.0.1./",               false},
        {"http://user@127.0.0.1/",           false},
        {"http://127.1/",                    false},
        {"http://0x7f000001/",               false},
        {"http://2130706433/",               false},
        {"http://0177.0.0.1/",               false},
        {"http://[::1]/",                    false},
        {"http://[::ffff:169.254.169.254]/", false},
        {"http://localhost:9090/",           false},
        {"http://LOCALHOST./",               false},
        {"http://a.localhost/",              false},
        {"no url at all",                    false},
        {"",                                 false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect_i64(rows[i].url, rows[i].want, host_is_allowed(rows[i].url, allow));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guard_lets_public_v4_through_only),
        cmocka_unit_test(guard_lets_public_v6_through_only),
        cmocka_unit_test(guard_sees_through_embedded_v4),
        cmocka_unit_test(guard_obeys_the_allow_list),
        cmocka_unit_test(guard_refuses_other_families),
        cmocka_unit_test(networks_are_read_strictly),
        cmocka_unit_test(hosts_behind_a_proxy_are_judged_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
