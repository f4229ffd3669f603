#include "support/expect.h"
#include "support/stderr_capture.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <unistd.h>

#include "gateway/log.h"

static int start_capture(void **state)
{
    static struct stderr_capture capture;

    *state = &capture;
    return stderr_capture_start(&capture) ? 0 : -1;
}

static int stop_capture(void **state)
{
    return stderr_capture_stop(*state) ? 0 : -1;
}

/* The one line that was written, which must be one JSON object; the caller frees. */
static json_t *captured_json(struct stderr_capture *capture)
{
    const char *text = stderr_captured(capture);
    const char *end = strchr(text, '\n');
    assert_non_null(end);
    assert_int_equal(end[1], '\0');
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (line == NULL)
        print_error("not JSON: %s\n", text);
    assert_non_null(line);
    return line;
}

static const char *member(const json_t *line, const char *name)
{
    const char *value = json_string_value(json_object_get(line, name));
    assert_non_null(value);
    return value;
}

static void log_line_has_time_level_event_and_fields(void **state)
{
    log_init(LOG_INFO, LOG_JSON, COLOUR_AUTO);
    log_warn("delivery.delayed", F_I64("delivery", 1234567890123456789),
             F_TEXT("bridge", "acme"), F_BOOL("is_first", true), F_MS("took", -5),
             F_MASK("contact", STR("+4915112345678")));
    json_t *line = captured_json(*state);
    int64_t ms = 0;
    assert_true(time_parse(str_of(member(line, "ts")), &ms));
    assert_true(ms > 0);
    assert_string_equal(member(line, "level"), "warn");
    assert_string_equal(member(line, "event"), "delivery.delayed");
    assert_int_equal(json_integer_value(json_object_get(line, "delivery")),
                     1234567890123456789);
    assert_string_equal(member(line, "bridge"), "acme");
    assert_true(json_is_true(json_object_get(line, "is_first")));
    assert_int_equal(json_integer_value(json_object_get(line, "took_ms")), -5);
    assert_string_equal(member(line, "contact"), "****5678");
    assert_int_equal(json_object_size(line), 8);
    json_decref(line);
}

static void log_keys_come_in_order(void **state)
{
    log_init(LOG_INFO, LOG_JSON, COLOUR_AUTO);
    log_write(LOG_INFO, "a.b", NULL, 0);
    const char *text = stderr_captured(*state);
    assert_memory_equal(text, "{\"ts\":\"", 7);
    assert_string_equal(text + 7 + TIME_TEXT_BYTES - 1,
                        "\",\"level\":\"info\",\"event\":\"a.b\"}\n");
}

static void log_escapes_any_bytes(void **state)
{
    static const struct {
        const char *name;
        struct str text;
        struct str want;
    } cases[] = {
        {"quote and backslash", {"\"\\/", 3},                    {"\"\\/", 3}                               },
        {"short escapes",       {"\b\f\n\r\t", 5},               {"\b\f\n\r\t", 5}                          },
        {"controls",            {"\x01\x1b[31m", 6},             {"\x01\x1b[31m", 6}                        },
        {"NUL",                 {"a\0b", 3},                     {"a\0b", 3}                                },
        {"DEL and C1",          {"\x7f\xC2\x9b", 3},             {"\x7f\xC2\x9b", 3}                        },
        {"UTF-8",               {"\xC3\xA9\xF0\x9F\x98\x80", 6}, {"\xC3\xA9\xF0\x9F\x98\x80", 6}            },
        {"one bad byte",        {"a\xFFz", 3},                   {"a\xEF\xBF\xBDz", 5}                      },
        {"cut character",       {"a\xE2\x82", 3},                {"a\xEF\xBF\xBD\xEF\xBF\xBD", 7}           },
        {"surrogate",           {"\xED\xA0\x80", 3},             {"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 9}},
        {"empty",               {NULL, 0},                       {"", 0}                                    },
    };
    log_init(LOG_INFO, LOG_JSON, COLOUR_AUTO);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        log_info("test.ran", F_STR("text", cases[i].text));
        json_t *line = captured_json(*state);
        const json_t *value = json_object_get(line, "text");
        struct str got = str_from(json_string_value(value), json_string_length(value));
        expect_i64(cases[i].name, cases[i].want.len, got.len);
        assert_memory_equal(cases[i].want.ptr, got.ptr, got.len);
        json_decref(line);
    }
}

static void log_never_writes_bytes_that_steer_a_terminal(void **state)
{
    char all[256];
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (char)i;
    static const enum log_format formats[] = {LOG_JSON, LOG_TEXT};
    for (size_t f = 0; f < COUNT_OF(formats); f++) {
        log_init(LOG_INFO, formats[f], COLOUR_AUTO);
        log_info("test.ran", F_STR("all", str_from(all, sizeof(all))),
                 F_TEXT("c1", "\xC2\x9b"));
        const char *text = stderr_captured(*state);
        struct str line = str_of(text);
        assert_true(utf8_is_valid(line));
        for (size_t i = 0; i + 1 < line.len; i++) {
            assert_true((unsigned char)text[i] >= 0x20);
            assert_true(text[i] != 0x7F);
        }
        assert_null(strstr(text, "\xC2\x9b"));
    }
}

static void log_lines_are_bounded_and_stay_json(void **state)
{
    log_init(LOG_INFO, LOG_JSON, COLOUR_AUTO);
    static char huge[100000];
    /* An escape of six bytes at every place of the border. */
    for (size_t shift = 0; shift < 8; shift++) {
        memset(huge, 'x', sizeof(huge));
        for (size_t i = shift; i < sizeof(huge); i += 8)
            huge[i] = '\x01';
        struct str text = str_from(huge, sizeof(huge));
        log_info("test.ran", F_STR("a", text), F_STR("b", text), F_STR("c", text),
                 F_STR("d", text), F_I64("small", 7));
        json_t *line = captured_json(*state);
        assert_true(strlen(((struct stderr_capture *)*state)->text) <= 4096);
        const char *value = member(line, "a");
        assert_string_equal(value + strlen(value) - 3, "...");
        assert_true(json_is_true(json_object_get(line, "cut")));
        assert_null(json_object_get(line, "d"));
        assert_int_equal(json_integer_value(json_object_get(line, "small")), 7);
        json_decref(line);
    }
}

static void log_cuts_between_characters(void **state)
{
    log_init(LOG_INFO, LOG_JSON, COLOUR_AUTO);
    CLEANUP(buf_release) struct buf emoji;
    buf_init(&emoji, 10000);
    for (int i = 0; i < 1000; i++)
        buf_add(&emoji, STR("\xF0\x9F\x98\x80"));
    log_info("test.ran", F_STR("text", buf_str(&emoji)));
    json_t *line = captured_json(*state);
    assert_null(strstr(member(line, "text"), "\xEF\xBF\xBD"));
    assert_null(json_object_get(line, "cut"));
    json_decref(line);
}

static void log_level_decides_what_is_written(void **state)
{
    static const struct {
        enum log_level level;
        bool want[4]; /* error, warn, info, debug */
    } cases[] = {
        {LOG_ERROR, {true, false, false, false}},
        {LOG_WARN,  {true, true, false, false} },
        {LOG_INFO,  {true, true, true, false}  },
        {LOG_DEBUG, {true, true, true, true}   },
    };
    log_init(LOG_INFO, LOG_JSON, COLOUR_AUTO);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        log_set_level(cases[i].level);
        for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
            log_write((enum log_level)level, "test.ran", NULL, 0);
            assert_int_equal(log_wants((enum log_level)level), cases[i].want[level]);
            assert_int_equal(stderr_captured(*state)[0] != '\0', cases[i].want[level]);
        }
    }
}

static void log_does_not_evaluate_unwanted_fields(void **state)
{
    log_init(LOG_ERROR, LOG_JSON, COLOUR_AUTO);
    int calls = 0;
    log_debug("test.ran", F_I64("calls", ++calls));
    assert_int_equal(calls, 0);
    assert_string_equal(stderr_captured(*state), "");
}

static void log_level_names_are_read(void **state)
{
    (void)state;
    enum log_level level = LOG_ERROR;
    assert_true(log_level_parse(STR("debug"), &level));
    assert_int_equal(level, LOG_DEBUG);
    assert_true(log_level_parse(STR("error"), &level));
    assert_int_equal(level, LOG_ERROR);
    assert_false(log_level_parse(STR("Warn"), &level));
    assert_false(log_level_parse(STR(""), &level));
    assert_int_equal(level, LOG_ERROR);
}

static void log_text_quotes_only_where_needed(void **state)
{
    log_init(LOG_INFO, LOG_TEXT, COLOUR_AUTO);
    log_info("delivery.sent", F_I64("delivery", 5), F_TEXT("bridge", "acme"),
             F_TEXT("why", "a b"), F_TEXT("none", ""), F_TEXT("pair", "x=y"),
             F_BOOL("is_last", false));
    assert_string_equal(
        stderr_captured(*state) + TIME_TEXT_BYTES,
        "info  delivery.sent delivery=5 bridge=acme why=\"a b\" none=\"\" "
        "pair=\"x=y\" is_last=false\n");
    log_error("config.refused", F_TEXT("why", "\xC3\xA9\n"));
    assert_string_equal(stderr_captured(*state) + TIME_TEXT_BYTES,
                        "error config.refused why=\"\xC3\xA9\\n\"\n");
}

static void set_variable(const char *name, const char *value)
{
    assert_int_equal(value == NULL ? unsetenv(name) : setenv(name, value, 1), 0);
}

/* One line as a terminal gets it. */
static void read_from_terminal(char *out, size_t room, enum colour_use use)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    assert_int_equal(grantpt(terminal), 0);
    assert_int_equal(unlockpt(terminal), 0);
    int user_end = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    assert_true(user_end >= 0);
    int saved = dup(STDERR_FILENO);
    assert_true(dup2(user_end, STDERR_FILENO) >= 0);
    log_init(LOG_INFO, LOG_TEXT, use);
    log_warn("test.ran", F_I64("n", 1));
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    ssize_t len = read(terminal, out, room - 1);
    out[len > 0 ? len : 0] = '\0';
    (void)close(user_end);
    (void)close(terminal);
}

static void log_colours_terminals_unless_told_not_to(void **state)
{
    static const struct {
        const char *name;
        const char *no_color;
        const char *term;
        enum colour_use use;
        bool wants;
    } cases[] = {
        {"a terminal has colours",            NULL, "xterm", COLOUR_AUTO,   true },
        {"so has one of no name",             NULL, NULL,    COLOUR_AUTO,   true },
        {"an empty NO_COLOR counts as unset", "",   "xterm", COLOUR_AUTO,   true },
        {"NO_COLOR refuses them",             "1",  "xterm", COLOUR_AUTO,   false},
        {"a dumb terminal has none",          NULL, "dumb",  COLOUR_AUTO,   false},
        {"never is never",                    NULL, "xterm", COLOUR_NEVER,  false},
        {"always is also against NO_COLOR",   "1",  "dumb",  COLOUR_ALWAYS, true },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[512];
        set_variable("NO_COLOR", cases[i].no_color);
        set_variable("TERM", cases[i].term);
        read_from_terminal(text, sizeof(text), cases[i].use);
        expect_true(cases[i].name, (strstr(text, "\033[33mwarn\033[0m  test.ran n=1") !=
                                    NULL) == cases[i].wants);
        expect_true(cases[i].name, (strchr(text, '\033') != NULL) == cases[i].wants);
    }
    set_variable("NO_COLOR", NULL);
}

static void log_survives_a_broken_stderr(void **state)
{
    (void)state;
    log_init(LOG_INFO, LOG_JSON, COLOUR_AUTO);
    int read_only = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(dup2(read_only, STDERR_FILENO) >= 0);
    (void)close(read_only);
    errno = ENOENT;
    log_info("test.ran", F_I64("n", 1));
    assert_int_equal(errno, ENOENT); /* callers log before they look at it */
}

#define WRITERS 4
#define LINES_EACH 100

static void *write_lines(void *context)
{
    struct str filling = *(const struct str *)context;
    for (int i = 0; i < LINES_EACH; i++)
        log_info("test.ran", F_I64("n", i), F_STR("filling", filling));
    return NULL;
}

static void log_lines_of_threads_do_not_mix(void **state)
{
    struct stderr_capture *capture = *state;
    log_init(LOG_INFO, LOG_JSON, COLOUR_AUTO);
    assert_int_equal(fcntl(STDERR_FILENO, F_SETFL, O_APPEND), 0);
    char filling[400];
    memset(filling, 'x', sizeof(filling));
    struct str text = str_from(filling, sizeof(filling));
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &text), 0);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);

    struct str rest = str_of(stderr_captured(capture));
    int count = 0;
    for (; rest.len > 0; count++) {
        struct str line = str_cut(&rest, '\n');
        json_t *json = json_loadb(line.ptr, line.len, 0, NULL);
        assert_non_null(json);
        json_decref(json);
    }
    assert_int_equal(count, WRITERS * LINES_EACH);
}

#define captured_test(function)                                                        \
    cmocka_unit_test_setup_teardown(function, start_capture, stop_capture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        captured_test(log_line_has_time_level_event_and_fields),
        captured_test(log_keys_come_in_order),
        captured_test(log_escapes_any_bytes),
        captured_test(log_never_writes_bytes_that_steer_a_terminal),
        captured_test(log_lines_are_bounded_and_stay_json),
        captured_test(log_cuts_between_characters),
        captured_test(log_level_decides_what_is_written),
        captured_test(log_does_not_evaluate_unwanted_fields),
        cmocka_unit_test(log_level_names_are_read),
        captured_test(log_text_quotes_only_where_needed),
        captured_test(log_colours_terminals_unless_told_not_to),
        captured_test(log_survives_a_broken_stderr),
        captured_test(log_lines_of_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
