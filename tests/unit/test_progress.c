#include "commands/progress.h"

#include "support/expect.h"

/* What is written when work is asked about at these times. */
static void expect_lines(const char *name, bool is_terminal, const int64_t *at_ms,
                         const char *const *want, size_t count)
{
    struct progress progress = {
        .is_terminal = is_terminal, .started_ms = 1000, .said_ms = 1000};
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buf_release) struct buf line;
        buf_init(&line, 1024);
        progress_line(&progress, "copying", at_ms[i], 100000, 1000 + at_ms[i], &line);
        expect_str(name, want[i], buf_str(&line));
    }
}

static void terminal_gets_a_bar_after_a_second(void **state)
{
    static const int64_t at_ms[] = {0, 500, 999, 1000, 1050, 1100, 50000, 100000};
    static const char *const want[] = {
        "",
        "",
        "",
        "\rcopying [>                                       ]   1 %",
        "",
        "\rcopying [>                                       ]   1 %",
        "\rcopying [====================>                   ]  50 %",
        "\rcopying [========================================] 100 %",
    };
    (void)state;
    expect_lines("bar", true, at_ms, want, COUNT_OF(at_ms));
}

static void elsewhere_a_line_comes_every_ten_seconds(void **state)
{
    static const int64_t at_ms[] = {0, 1000, 9999, 10000, 10100, 19999, 20000, 65000};
    static const char *const want[] = {
        "",
        "",
        "",
        "omgw: copying: 10 %\n",
        "",
        "",
        "omgw: copying: 20 %\n",
        "omgw: copying: 65 %\n",
    };
    (void)state;
    expect_lines("line", false, at_ms, want, COUNT_OF(at_ms));
}

static void percent_is_whole_whatever_the_numbers(void **state)
{
    static const struct {
        const char *name;
        int64_t done;
        int64_t all;
        const char *want;
    } cases[] = {
        {"nothing of nothing", 0,             0,         "omgw: w: 0 %\n"  },
        {"more than all",      7,             5,         "omgw: w: 100 %\n"},
        {"less than nothing",  -1,            5,         "omgw: w: 0 %\n"  },
        {"not quite",          999,           1000,      "omgw: w: 99 %\n" },
        {"very much",          INT64_MAX / 2, INT64_MAX, "omgw: w: 50 %\n" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct progress progress = {.is_terminal = false};
        CLEANUP(buf_release) struct buf line;
        buf_init(&line, 256);
        progress_line(&progress, "w", cases[i].done, cases[i].all, 10000, &line);
        expect_str(cases[i].name, cases[i].want, buf_str(&line));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terminal_gets_a_bar_after_a_second),
        cmocka_unit_test(elsewhere_a_line_comes_every_ten_seconds),
        cmocka_unit_test(percent_is_whole_whatever_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
