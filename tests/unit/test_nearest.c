#include "support/expect.h"

#include "gateway/nearest.h"

static const char *nearest_of(const char *wanted, const char *const *names)
{
    static struct nearest nearest;
    nearest_start(&nearest, str_of(wanted));
    for (size_t i = 0; names[i] != NULL; i++)
        nearest_offer(&nearest, str_of(names[i]));
    return nearest_name(&nearest);
}

static void the_nearest_name_is_found(void **state)
{
    (void)state;
    static const char *const names[] = {"database", "media_dir", "migrate", "log",
                                        "listen",   "limits",    NULL};
    static const struct {
        const char *name;
        const char *wanted;
        const char *want; /* NULL: none is near */
    } cases[] = {
        {"the same",                    "log",         "log"     },
        {"letter case",                 "LOG",         "log"     },
        {"one letter missing",          "databse",     "database"},
        {"one too many",                "databasee",   "database"},
        {"another one",                 "listem",      "listen"  },
        {"two neighbours swapped",      "lgo",         "log"     },
        {"three edits in eight",        "databxyz",    "database"},
        {"four are too many",           "dataxxxx",    NULL      },
        {"three edits in six",          "lixxxs",      NULL      },
        {"a short word has one chance", "lag",         "log"     },
        {"not two",                     "lga",         NULL      },
        {"as many edits as letters",    "x",           NULL      },
        {"nothing",                     "",            NULL      },
        {"nothing like it",             "certificate", NULL      },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *got = nearest_of(cases[i].wanted, names);
        if (cases[i].want == NULL)
            expect_true(cases[i].name, got == NULL);
        else
            expect_str(cases[i].name, cases[i].want, str_of(got));
    }
}

static void the_first_of_equally_near_names_is_taken(void **state)
{
    (void)state;
    static const char *const names[] = {"hosta", "hostb", NULL};
    expect_str("first", "hosta", str_of(nearest_of("hostc", names)));
}

static void names_beyond_the_ceiling_have_no_neighbours(void **state)
{
    (void)state;
    char name[NEAREST_NAME_BYTES + 2];
    memset(name, 'x', sizeof(name));
    struct nearest nearest;

    nearest_start(&nearest, (struct str){name, NEAREST_NAME_BYTES});
    nearest_offer(&nearest, (struct str){name, NEAREST_NAME_BYTES + 1});
    expect_true("a longer name is passed over", nearest_name(&nearest) == NULL);
    nearest_offer(&nearest, (struct str){name, NEAREST_NAME_BYTES});
    expect_i64("the longest fits", NEAREST_NAME_BYTES, strlen(nearest_name(&nearest)));

    nearest_start(&nearest, (struct str){name, NEAREST_NAME_BYTES + 1});
    nearest_offer(&nearest, (struct str){name, NEAREST_NAME_BYTES});
    expect_true("nothing is near a longer one", nearest_name(&nearest) == NULL);
}

static void the_advice_falls_back(void **state)
{
    (void)state;
    struct nearest nearest;
    char advice[64];
    nearest_start(&nearest, STR("refus"));
    nearest_print(&nearest, "write something else", advice, sizeof(advice));
    expect_str("none", "write something else", str_of(advice));
    nearest_offer(&nearest, STR("refuse"));
    nearest_print(&nearest, "write something else", advice, sizeof(advice));
    expect_str("one", "did you mean \"refuse\"?", str_of(advice));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_name_is_found),
        cmocka_unit_test(the_first_of_equally_near_names_is_taken),
        cmocka_unit_test(names_beyond_the_ceiling_have_no_neighbours),
        cmocka_unit_test(the_advice_falls_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
