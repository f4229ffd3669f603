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

static void expect_look(const char *name, const struct sheet *sheet,
                        const struct sheet_look *look, int64_t next, const char *want)
{
    struct capture capture;
    capture_start(&capture);
    enum exit_code code = sheet_print(sheet, look, next);
    expect_str(name, want, str_of(capture_end(&capture)));
    expect_i64(name, EXIT_OK, code);
}

static void expect_page(const char *name, const struct sheet *sheet,
                        enum sheet_style style, unsigned width, int64_t next,
                        const char *want)
{
    const struct sheet_look look = {
        .style = style, .width = width, .takes_columns = true};
    expect_look(name, sheet, &look, next, want);
}

static void table_is_aligned(void **state)
{
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    (void)state;
    add_row(sheet, 12, "Zo\xc3\xab", "hidden");
    add_row(sheet, 7, "", "hidden");
    expect_page("whole", sheet, SHEET_TABLE, 80, 0,
                "NUMBER  NAME  CREATED\n"
                "12      Zo\xc3\xab   2026-02-03T09:15:40.250Z\n"
                "7             2026-02-03T09:15:40.250Z\n");
}

static void wide_characters_take_two_cells(void **state)
{
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    (void)state;
    add_row(sheet, 1, "\xe6\x9d\x8e\xe9\x9b\xb7", "");
    add_row(sheet, 2, "Zoe\xcc\x88", ""); /* a letter and its mark */
    expect_page("aligned", sheet, SHEET_TABLE, 80, 0,
                "NUMBER  NAME  CREATED\n"
                "1       \xe6\x9d\x8e\xe9\x9b\xb7  2026-02-03T09:15:40.250Z\n"
                "2       Zoe\xcc\x88   2026-02-03T09:15:40.250Z\n");
}

/* As wide as it comes: 6 + 8 + 30 + 4 with 2 between. */
static struct sheet *make_wide(void)
{
    struct sheet *sheet = sheet_new();
    const struct list_cell cells[] = {
        cell_ranked(1, cell_number("number", 17)),
        cell_ranked(3, cell_text("contact", "anna-123")),
        cell_ranked(2, cell_prose("reason", STR("the partner answered 422 twice"))),
        cell_ranked(4, cell_text("kind", "text")),
    };
    sheet_row(cells, COUNT_OF(cells), sheet);
    return sheet;
}

static void narrow_table_keeps_what_says_most(void **state)
{
    static const struct {
        const char *name;
        unsigned width;
        const char *want;
    } cases[] = {
        {"all fit",                                                54,
         "NUMBER  CONTACT   REASON                          KIND\n"
         "17      anna-123  the partner answered 422 twice  text\n"             },
        {"prose is shortened first",                               53,
         "NUMBER  CONTACT   REASON                         KIND\n"
         "17      anna-123  the partner answered 422 t...  text\n"              },
        {"not below what can be read",                             44,
         "NUMBER  CONTACT   REASON                KIND\n"
         "17      anna-123  the partner answe...  text\n"                       },
        {"then the least important goes, and prose gets its room", 43,
         "NUMBER  CONTACT   REASON\n"
         "17      anna-123  the partner answered 4...\n"
         "hidden: kind; --columns to choose, or pipe for all\n"                 },
        {"a narrow one stays where a wider one does not fit",      34,
         "NUMBER  REASON                KIND\n"
         "17      the partner answe...  text\n"
         "hidden: contact; --columns to choose, or pipe for all\n"              },
        {"the first stays whatever the width",                     3,
         "NUMBER\n"
         "17\n"
         "hidden: contact, reason, kind; --columns to choose, or pipe for all\n"},
    };
    CLEANUP(sheet_freep) struct sheet *sheet = make_wide();
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_page(cases[i].name, sheet, SHEET_TABLE, cases[i].width, 0,
                    cases[i].want);
    const struct sheet_look fixed = {.style = SHEET_TABLE, .width = 3};
    expect_look("no option is named that there is not", sheet, &fixed, 0,
                "NUMBER\n17\nhidden: contact, reason, kind; pipe for all\n");
    expect_page("tabs have all", sheet, SHEET_TABS, 3, 0,
                "17\tanna-123\tthe partner answered 422 twice\ttext\n");
}

static void chosen_columns_are_whole_and_in_that_order(void **state)
{
    CLEANUP(sheet_freep) struct sheet *sheet = make_wide();
    (void)state;
    expect_i64("chosen", EXIT_OK, sheet_choose(sheet, "reason, number"));
    expect_page("table", sheet, SHEET_TABLE, 10, 7,
                "REASON                          NUMBER\n"
                "the partner answered 422 twice  17\nmore: --after 7\n");
    expect_page("tabs", sheet, SHEET_TABS, 10, 7,
                "the partner answered 422 twice\t17\n");
    expect_page("JSON", sheet, SHEET_JSON, 10, 0,
                "{\"rows\":[{\"reason\":\"the partner answered 422 twice\","
                "\"number\":17}]}\n");
    expect_true("shown", sheet_shows(sheet, "reason"));
    expect_true("not shown", !sheet_shows(sheet, "kind"));
}

static void only_columns_that_there_are_can_be_chosen(void **state)
{
    static const char *const wrong[] = {"", "number,", "numbr", "number,number",
                                        "number,text"};
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    (void)state;
    add_row(sheet, 12, "Ana", "said by a person");
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        expect_i64(wrong[i], EXIT_WRONG_USE, sheet_choose(sheet, wrong[i]));
    expect_i64("none", EXIT_OK, sheet_choose(sheet, NULL));
}

static void colours_mark_the_heading_and_what_needs_somebody(void **state)
{
    const struct list_cell rows[][2] = {
        {cell_number("number", 1), cell_text("state", "dead")   },
        {cell_number("number", 2), cell_text("state", "waiting")},
        {cell_number("number", 3), cell_text("state", "done")   },
    };
    const struct sheet_look look = {.width = 80, .has_colour = true};
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        sheet_row(rows[i], 2, sheet);
    expect_look("table", sheet, &look, 0,
                "\033[1mNUMBER\033[0m  \033[1mSTATE\033[0m\n"
                "1       \033[31mdead\033[0m\n"
                "2       \033[33mwaiting\033[0m\n"
                "3       done\n");
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
    const struct sheet_look tabs = {.style = SHEET_TABS};
    const struct sheet_look as_json = {.style = SHEET_JSON};
    (void)state;
    add_row(sheet, 12, "", "said by a person");
    capture_start(&capture);
    expect_i64("printed", EXIT_OK, sheet_print_records(sheet, &tabs));
    expect_str(
        "without what is empty",
        "number\t12\ncreated\t2026-02-03T09:15:40.250Z\ntext\tsaid by a person\n",
        str_of(capture_end(&capture)));
    capture_start(&capture);
    expect_i64("printed", EXIT_OK, sheet_print_records(sheet, &as_json));
    expect_str(
        "JSON",
        "{\"number\":12,\"created\":\"2026-02-03T09:15:40.250Z\",\"text\":\"said "
        "by a person\"}\n",
        str_of(capture_end(&capture)));
}

static void empty_sheet_says_so_to_people_only(void **state)
{
    CLEANUP(sheet_freep) struct sheet *sheet = sheet_new();
    (void)state;
    expect_page("table", sheet, SHEET_TABLE, 80, 0, "there are none\n");
    expect_page("tabs", sheet, SHEET_TABS, 80, 0, "");
    expect_i64("no last row", 0, sheet_last(sheet));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_aligned),
        cmocka_unit_test(wide_characters_take_two_cells),
        cmocka_unit_test(narrow_table_keeps_what_says_most),
        cmocka_unit_test(chosen_columns_are_whole_and_in_that_order),
        cmocka_unit_test(only_columns_that_there_are_can_be_chosen),
        cmocka_unit_test(colours_mark_the_heading_and_what_needs_somebody),
        cmocka_unit_test(piped_rows_are_tab_separated_without_a_header),
        cmocka_unit_test(nobody_outside_moves_the_cursor),
        cmocka_unit_test(json_has_records_and_the_next_page),
        cmocka_unit_test(record_shows_what_lists_do_not),
        cmocka_unit_test(empty_sheet_says_so_to_people_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
