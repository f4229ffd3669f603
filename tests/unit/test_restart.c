#include "commands/restart.h"

#include "support/expect.h"

static void restart_is_needed_for_what_is_read_once(void **state)
{
    static char here[] = "127.0.0.1:1";
    static char there[] = "127.0.0.1:2";
    static char *networks[] = {here, NULL};
    static char *others[] = {there, NULL};
    static const struct {
        const char *name;
        struct config old;
        struct config new;
        const char *want;
    } cases[] = {
        {"nothing changed",           {.database = here},                            {.database = here},     ""          },
        {"taken at once",
         {.limits = {.max_pending = 1}, .retry = {.probe = 1}, .log = {.level = 1}},
         {.limits = {.max_pending = 2}, .retry = {.probe = 2}, .log = {.level = 2}},
         ""                                                                                                              },
        {"drain is read at the end",
         {.timeouts = {.drain = 1}},
         {.timeouts = {.drain = 2}},
         ""                                                                                                              },
        {"a text",                    {.media_dir = here},                           {.media_dir = there},   "media_dir" },
        {"a text that was not given",
         {.egress = {.proxy = NULL}},
         {.egress = {.proxy = there}},
         "egress.proxy"                                                                                                  },
        {"a number",
         {.timeouts = {.idle = 1}},
         {.timeouts = {.idle = 2}},
         "timeouts.idle"                                                                                                 },
        {"a choice",                  {.log = {.format = 1}},                        {.log = {.format = 2}}, "log.format"},
        {"a list of other texts",
         {.trusted_proxies = {networks, 1}},
         {.trusted_proxies = {others, 1}},
         "trusted_proxies"                                                                                               },
        {"a list of the same",
         {.trusted_proxies = {networks, 1}},
         {.trusted_proxies = {networks, 1}},
         ""                                                                                                              },
        {"a longer list",
         {.egress = {.allow = {NULL, 0}}},
         {.egress = {.allow = {networks, 1}}},
         "egress.allow"                                                                                                  },
        {"several",
         {.listen = {.public_address = here}, .limits = {.connections = 1}},
         {.listen = {.public_address = there}, .limits = {.connections = 2}},
         "listen.public, limits.connections"                                                                             },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(buf_release) struct buf names;
        buf_init(&names, 1024);
        restart_needed(&cases[i].old, &cases[i].new, &names);
        expect_str(cases[i].name, cases[i].want, buf_str(&names));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restart_is_needed_for_what_is_read_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
