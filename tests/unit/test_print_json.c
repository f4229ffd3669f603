/* The emulator's JSON writer, read back with the strict reader. */
#include "support/expect.h"

#include "emulator/print_json.h"

static void print_puts_commas_where_they_belong(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out;
    buf_init(&out, 4096);
    print_object(&out, NULL);
    print_array(&out, "empty");
    print_end_array(&out);
    print_array(&out, "list");
    print_i64(&out, NULL, 1);
    print_text(&out, NULL, "{");
    print_text(&out, NULL, "[");
    print_object(&out, NULL);
    print_end_object(&out);
    print_object(&out, NULL);
    print_bool(&out, "yes", true);
    print_bool(&out, "no", false);
    print_end_object(&out);
    print_end_array(&out);
    print_text(&out, "colon:", ":");
    print_time(&out, "then", 1770110140250);
    print_time(&out, "never", 0);
    print_raw(&out, "raw", STR("{\"a\":1}"));
    print_raw(&out, "none", STR_NONE);
    print_node(&out, "nothing", NULL);
    print_end_object(&out);
    expect_str(
        "text",
        "{\"empty\":[],\"list\":[1,\"{\",\"[\",{},{\"yes\":true,\"no\":false}],"
        "\"colon:\":\":\",\"then\":\"2026-02-03T09:15:40.250Z\",\"raw\":{\"a\":1}}",
        buf_str(&out));
}

static void print_escapes_every_character_that_needs_it(void **state)
{
    (void)state;
    char every[0x7f + 4];
    for (char c = 1; c < 0x7f; c++)
        every[c - 1] = c;
    struct str wanted = str_from(every, 0x7e);

    CLEANUP(buf_release) struct buf out;
    buf_init(&out, 4096);
    print_object(&out, NULL);
    print_str(&out, "text", wanted);
    print_end_object(&out);

    struct json *json = NULL;
    struct error err;
    expect_status("reads", STATUS_OK, json_parse(buf_str(&out), 2, &json, &err));
    struct str got = STR_NONE;
    expect_true("is text", json_str(json_get(json, "text"), &got));
    assert_true(str_equal(wanted, got));
    json_free(json);
}

static void print_repeats_a_received_value(void **state)
{
    static const char text[] = "{\"a\":[1,-2.5,12345678901234567890,\"\xc3\xa9\",null,"
                               "true,{\"b\":{}}]}";
    (void)state;
    struct json *json = NULL;
    struct error err;
    expect_status("reads", STATUS_OK, json_parse(str_of(text), 8, &json, &err));
    CLEANUP(buf_release) struct buf out;
    buf_init(&out, 4096);
    print_node(&out, NULL, json);
    expect_str("whole", text, buf_str(&out));

    buf_clear(&out);
    print_object(&out, NULL);
    print_node(&out, "part", json_get(json, "a"));
    print_end_object(&out);
    expect_true("part", str_starts(buf_str(&out), STR("{\"part\":[1,-2.5,")));
    json_free(json);
}

static void print_past_the_ceiling_is_seen_at_the_end(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf out;
    buf_init(&out, 8);
    print_object(&out, NULL);
    print_text(&out, "text", "too long for eight");
    print_end_object(&out);
    expect_false("ok", buf_ok(&out));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(print_puts_commas_where_they_belong),
        cmocka_unit_test(print_escapes_every_character_that_needs_it),
        cmocka_unit_test(print_repeats_a_received_value),
        cmocka_unit_test(print_past_the_ceiling_is_seen_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
