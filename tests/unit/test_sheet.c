/*
 * Rows as people and scripts get them: tables, tabs, records, JSON.
 */
#include "commands/sheet.h"

#include <unistd.h>

#include "gateway/memory.h"
#include "support/expect.h"

#define OUTPUT_BYTES 4096

/* What a function of the sheet writes to stdout. */
struct capture {
    int saved;
    FILE *file;
    char text[OUTPUT_BYTES];
};

static void capture_start(struct capture *capture)
{
    (void)fflush(stdout);
    capture->saved = dup(STDOUT_FILENO);
    capture->file = tmpfile();
    assert_non_null(capture->file);
    assert_true(dup2(fileno(capture->file), STDOUT_FILENO) >= 0);
}

static const char *capture_end(struct capture *capture)
{
    (void)fflush(stdout);
    assert_true(dup2(capture->saved, STDOUT_FILENO) >= 0);
    (void)close(capture->saved);
    rewind(capture->file);
    size_t len = fread(capture->text, 1, sizeof(capture->text) - 1, capture->file);
    capture->text[len] = '\0';
    (void)fclose(capture->file);
    return capture->text;
}

static void add_row(struct sheet *sheet, int64_t number, const char *name,
                    const char *secret)
{
    struct list_cell cells[] = {
        cell_number("number", number),
        cell_text("name", name),
        cell_time("created", INT64_C(1770110140250)),
        cell_text("text", secret),
    };
    cells[3].depth = LIST_IN_SHOW;
    sheet_row(cells, COUNT_OF(cells), sheet);
}

static void expect_page(const char *name, const struct sheet *sheet,
                        enum sheet_style style, unsigned width, int64_t next,
                        const char *want)
{
    struct capture capture;
    capture_start(&capture);
    enum exit_code code = sheet_print(sheet, style, width, next);
    expect_str(name, want, str_of(capture_end(&capture)));
    expect_i64(name, EXIT_OK, code);
}

static void table_is_aligned_and_cut_to_the_width(void **state)
{
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    (void)state;
    add_row(sheet, 12, "Zo\xc3\xab", "hidden");
    add_row(sheet, 7, "", "hidden");
    expect_page("whole", sheet, SHEET_TABLE, 80, 0,
                "NUMBER  NAME  CREATED\n"
                "12      Zo\xc3\xab   2026-02-03T09:15:40.250Z\n"
                "7             2026-02-03T09:15:40.250Z\n");
    expect_page("cut between characters", sheet, SHEET_TABLE, 11, 7,
                "NUMBER  NAM\n12      Zo\xc3\xab\n7\nmore: --after 7\n");
}

static void piped_rows_are_tab_separated_without_a_header(void **state)
{
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    (void)state;
    add_row(sheet, 12, "Ana", "hidden");
    add_row(sheet, 7, "", "hidden");
    expect_page("tabs", sheet, SHEET_TABS, 10, 7,
                "12\tAna\t2026-02-03T09:15:40.250Z\n"
                "7\t\t2026-02-03T09:15:40.250Z\n");
}

static void nobody_outside_moves_the_cursor(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        const char *want;
    } cases[] = {
        {"escape",             "a\033[2Jb", "1\ta [2Jb\t2026-02-03T09:15:40.250Z\n"  },
        {"tab and line",       "a\tb\nc",   "1\ta b c\t2026-02-03T09:15:40.250Z\n"   },
        {"a C1 control",
         "a\xc2\x9b"
         "b",                               "1\ta b\t2026-02-03T09:15:40.250Z\n"     },
        {"what is no UTF-8",
         "a\xff"
         "b",                               "1\ta?b\t2026-02-03T09:15:40.250Z\n"     },
        {"an ordinary letter", "\xc3\xa9",  "1\t\xc3\xa9\t2026-02-03T09:15:40.250Z\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
        add_row(sheet, 1, cases[i].text, "");
        expect_page(cases[i].name, sheet, SHEET_TABS, 80, 0, cases[i].want);
    }
}

static void json_has_records_and_the_next_page(void **state)
{
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    (void)state;
    expect_page("none", sheet, SHEET_JSON, 80, 0, "{\"rows\":[]}\n");
    add_row(sheet, 12, "Ana", "hidden");
    add_row(sheet, 7, "", "hidden");
    expect_page("two", sheet, SHEET_JSON, 80, 7,
                "{\"rows\":[{\"number\":12,\"name\":\"Ana\",\"created\":"
                "\"2026-02-03T09:15:40.250Z\"},{\"number\":7,\"created\":"
                "\"2026-02-03T09:15:40.250Z\"}],\"next\":7}\n");
    expect_i64("the page ends with", 7, sheet_last(sheet));
}

static void record_shows_what_lists_do_not(void **state)
{
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    struct capture capture;
    (void)state;
    add_row(sheet, 12, "", "said by a person");
    capture_start(&capture);
    expect_i64("printed", EXIT_OK, sheet_print_records(sheet, SHEET_TABS));
    expect_str(
        "without what is empty",
        "number\t12\ncreated\t2026-02-03T09:15:40.250Z\ntext\tsaid by a person\n",
        str_of(capture_end(&capture)));
    capture_start(&capture);
    expect_i64("printed", EXIT_OK, sheet_print_records(sheet, SHEET_JSON));
    expect_str(
        "JSON",
        "{\"number\":12,\"created\":\"2026-02-03T09:15:40.250Z\",\"text\":\"said "
        "by a person\"}\n",
        str_of(capture_end(&capture)));
}

static void empty_sheet_prints_nothing(void **state)
{
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    (void)state;
    expect_page("table", sheet, SHEET_TABLE, 80, 0, "");
    expect_page("tabs", sheet, SHEET_TABS, 80, 0, "");
    expect_i64("no last row", 0, sheet_last(sheet));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_aligned_and_cut_to_the_width),
        cmocka_unit_test(piped_rows_are_tab_separated_without_a_header),
        cmocka_unit_test(nobody_outside_moves_the_cursor),
        cmocka_unit_test(json_has_records_and_the_next_page),
        cmocka_unit_test(record_shows_what_lists_do_not),
        cmocka_unit_test(empty_sheet_prints_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
