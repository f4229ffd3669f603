#include "support/expect.h"

#include "gateway/loopback.h"

static void loopback_is_known_by_its_address(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool want;
    } cases[] = {
        {"127.0.0.1:9090",                                    true },
        {"127.255.0.9:0",                                     true },
        {"[::1]:9090",                                        true },
        {"localhost:9090",                                    true },
        {"unix:/run/omgw/admin.sock",                         true },
        {"0.0.0.0:9090",                                      false},
        {"[::]:9090",                                         false},
        {"[::ffff:127.0.0.1]:9090",                           false},
        {"128.0.0.1:9090",                                    false},
        {"10.0.0.1:9090",                                     false},
        {"localhost.example.com:9090",                        false},
        {"127.0.0.1.example.com:9090",                        false},
        {"a-name-longer-than-any-ipv4-address.example.com:1", false},
        {"127.1:9090",                                        false},
        {"",                                                  false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_i64(cases[i].address, cases[i].want,
                   address_is_loopback(str_of(cases[i].address)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_is_known_by_its_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
