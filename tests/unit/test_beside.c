/*
 * A relative path in a configuration is one from the folder of the file.
 */
#include "config/beside.h"

#include "support/expect.h"

static void relative_path_is_from_the_folder_of_the_file(void **state)
{
    static const struct {
        const char *name;
        const char *file;
        const char *path;
        const char *want;
    } cases[] = {
        {"relative",              "/etc/omgw/omgw.yaml", "secret",         "/etc/omgw/secret"     },
        {"a folder up",           "/etc/omgw/omgw.yaml", "../x/secret",    "/etc/omgw/../x/secret"},
        {"a database",            "/etc/omgw/omgw.yaml", "sqlite:omgw.db",
         "sqlite:/etc/omgw/omgw.db"                                                               },
        {"absolute",              "/etc/omgw/omgw.yaml", "/run/secret",    "/run/secret"          },
        {"an absolute database",  "/etc/omgw.yaml",      "sqlite:/v/o.db", "sqlite:/v/o.db"       },
        {"no path behind sqlite", "/etc/omgw.yaml",      "sqlite:",        "sqlite:"              },
        {"another database",      "/etc/omgw.yaml",      "postgres:x",     "postgres:x"           },
        {"nothing",               "/etc/omgw.yaml",      "",               ""                     },
        {"a file of this folder", "omgw.yaml",           "sqlite:omgw.db", "sqlite:omgw.db"       },
        {"a file of a folder",    "conf/omgw.yaml",      "omgw.db",        "conf/omgw.db"         },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(buf_release) struct buf room;
        buf_init(&room, 4096);
        expect_str(cases[i].name, cases[i].want,
                   path_beside(cases[i].file, str_of(cases[i].path), &room));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relative_path_is_from_the_folder_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
