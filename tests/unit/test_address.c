#include "support/expect.h"

#include "config/address.h"

struct address_case {
    const char *text;
    const char *want; /* NULL: nothing is wrong with it */
};

static void expect_faults(const char *(*fault)(struct str),
                          const struct address_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = fault(str_of(cases[i].text));
        expect_str(cases[i].text, cases[i].want == NULL ? "" : cases[i].want,
                   str_of(got));
    }
}

static void urls_are_http_with_a_host_and_no_password(void **state)
{
    (void)state;
    static const char scheme[] = "does not start with https:// or http://";
    static const char host[] = "has no host";
    static const char port[] = "has a port that is not a number from 1 to 65535";
    static const char user[] = "has a user name or password";
    static const char encode[] = "has a character that must be percent-encoded";
    const struct address_case cases[] = {
        {"https://example.com",                NULL                },
        {"http://example.com/",                NULL                },
        {"https://example.com:8443/a/b?c=d@e", NULL                },
        {"https://example.com?x",              NULL                },
        {"http://127.0.0.1:1",                 NULL                },
        {"http://[::1]:65535/x",               NULL                },
        {"http://[::1]",                       NULL                },
        {"",                                   scheme              },
        {"example.com",                        scheme              },
        {"ftp://example.com",                  scheme              },
        {"https:/example.com",                 scheme              },
        {"https://",                           host                },
        {"https:///x",                         host                },
        {"https://:80",                        host                },
        {"https://[]",                         host                },
        {"https://[::1",                       host                },
        {"https://example.com:",               port                },
        {"https://example.com:0",              port                },
        {"https://example.com:65536",          port                },
        {"https://example.com:80x",            port                },
        {"https://[::1]x",                     port                },
        {"https://me@example.com",             user                },
        {"https://me:pass@example.com:80/",    user                },
        {"https://example.com/#x",             "has a fragment (#)"},
        {"https://example.com/a b",            encode              },
        {"https://example.com/\xc3\xa4",       encode              },
        {"https://example.com/\\",             encode              },
        {"https://example.com/\x7f",           encode              },
    };
    expect_faults(url_fault, cases, COUNT_OF(cases));
}

static void listeners_have_a_host_and_a_port_or_a_path(void **state)
{
    (void)state;
    static const char host[] = "has no host";
    static const char port[] = "has no port from 0 to 65535";
    static const char path[] = "has no absolute path behind unix:";
    const struct address_case cases[] = {
        {"0.0.0.0:8080",  NULL},
        {"localhost:0",   NULL},
        {"[::]:65535",    NULL},
        {"unix:/run/x",   NULL},
        {"",              host},
        {":8080",         host},
        {"[]:8080",       host},
        {"[::1:8080",     host},
        {"0.0.0.0",       port},
        {"0.0.0.0:",      port},
        {"0.0.0.0:-1",    port},
        {"0.0.0.0:65536", port},
        {"[::1]8080",     port},
        {"::1:8080",      host},
        {"unix:",         path},
        {"unix:x",        path},
    };
    expect_faults(listen_fault, cases, COUNT_OF(cases));
}

static void networks_are_addresses_with_or_without_bits(void **state)
{
    (void)state;
    static const char address[] = "is not an IP address";
    static const char bits_v4[] = "has a number of bits that is not 0 to 32";
    static const char bits_v6[] = "has a number of bits that is not 0 to 128";
    const struct address_case cases[] = {
        {"10.0.0.1",                                       NULL   },
        {"10.0.0.0/8",                                     NULL   },
        {"0.0.0.0/0",                                      NULL   },
        {"::1",                                            NULL   },
        {"fd00::/128",                                     NULL   },
        {"",                                               address},
        {"/8",                                             address},
        {"10.0.0",                                         address},
        {"10.0.0.0.0/8",                                   address},
        {"proxy.example.com",                              address},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555", address},
        {"10.0.0.0/",                                      bits_v4},
        {"10.0.0.0/33",                                    bits_v4},
        {"10.0.0.0/-1",                                    bits_v4},
        {"10.0.0.0/8/8",                                   bits_v4},
        {"fd00::/129",                                     bits_v6},
    };
    expect_faults(network_fault, cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_http_with_a_host_and_no_password),
        cmocka_unit_test(listeners_have_a_host_and_a_port_or_a_path),
        cmocka_unit_test(networks_are_addresses_with_or_without_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
