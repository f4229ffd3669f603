/*
 * The real channels in the configuration: docs/CONFIGURATION.md says what the tables
 * say. `test_configuration --write` brings the document up to date.
 */
#include "support/expect.h"

#include <errno.h>

#include "config/load.h"
#include "gateway/channels.h"
#include "gateway/config.h"

#define DOCUMENT SOURCE_DIR "/docs/CONFIGURATION.md"

static void read_document(struct buf *out)
{
    FILE *file = fopen(DOCUMENT, "r");
    assert_non_null(file);
    char piece[4096];
    size_t len;
    while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
        buf_add_bytes(out, piece, len);
    assert_int_equal(0, fclose(file));
}

/* The document cut in three; the middle is what is generated. */
static void cut_document(struct str document, struct str *out_before,
                         struct str *out_generated, struct str *out_after)
{
    static const char begin[] = "<!-- settings begin -->\n";
    static const char end[] = "<!-- settings end -->\n";
    const char *from = strstr(document.ptr, begin);
    const char *to = strstr(document.ptr, end);
    assert_non_null(from);
    assert_non_null(to);
    from += sizeof(begin) - 1;
    assert_true(to >= from);
    *out_before = (struct str){document.ptr, (size_t)(from - document.ptr)};
    *out_generated = (struct str){from, (size_t)(to - from)};
    *out_after = (struct str){to, document.len - (size_t)(to - document.ptr)};
}

static void generate(struct buf *out)
{
    buf_add_char(out, '\n');
    config_reference(channels, out);
    buf_add_char(out, '\n');
}

static void the_document_has_every_setting(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf document;
    CLEANUP(buf_release) struct buf want;
    buf_init(&document, SIZE_MAX);
    buf_init(&want, SIZE_MAX);
    read_document(&document);
    generate(&want);
    struct str before;
    struct str generated;
    struct str after;
    cut_document(buf_str(&document), &before, &generated, &after);
    if (!str_equal(buf_str(&want), generated))
        print_error("docs/CONFIGURATION.md is not up to date; run this program with "
                    "--write\n");
    assert_true(str_equal(buf_str(&want), generated));
}

static int write_document(void)
{
    CLEANUP(buf_release) struct buf document;
    CLEANUP(buf_release) struct buf text;
    buf_init(&document, SIZE_MAX);
    buf_init(&text, SIZE_MAX);
    read_document(&document);
    struct str before;
    struct str generated;
    struct str after;
    cut_document(buf_str(&document), &before, &generated, &after);
    buf_add(&text, before);
    generate(&text);
    buf_add(&text, after);

    FILE *file = fopen(DOCUMENT, "w");
    if (file == NULL)
        return 1;
    size_t written = fwrite(text.ptr, 1, text.len, file);
    return fclose(file) == 0 && written == text.len ? 0 : 1;
}

/* Fit for Genesys (longer than 15 characters) and for Standard Webhooks (base64). */
static int read_secret(void *context, const char *path, char *bytes, size_t room,
                       size_t *out_len, bool *out_is_exposed)
{
    (void)context;
    *out_is_exposed = false;
    if (strncmp(path, "/run/secrets/", sizeof("/run/secrets/") - 1) != 0)
        return ENOENT;
    *out_len = (size_t)snprintf(bytes, room,
                                "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n");
    return 0;
}

static void expect_loads(const char *name, struct str text)
{
    struct config_input input = {
        .file = name,
        .text = text,
        .channels = channels,
        .files = {.read = read_secret},
    };
    struct config *config = NULL;
    CLEANUP(buf_release) struct buf problems;
    buf_init(&problems, SIZE_MAX);
    enum status status = config_load_text(&input, &config, &problems);
    expect_str(name, "", buf_str(&problems));
    expect_status(name, STATUS_OK, status);
    expect_i64(name, 1, config->bridge_count);
    config_drop(config);
}

static void the_example_of_config_init_loads(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf example;
    buf_init(&example, SIZE_MAX);
    config_example(channels, &example);
    expect_loads("config init", buf_str(&example));
}

static void the_example_of_the_document_loads(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf document;
    buf_init(&document, SIZE_MAX);
    read_document(&document);
    const char *from = strstr(buf_c_string(&document), "```yaml\n");
    assert_non_null(from);
    from += sizeof("```yaml\n") - 1;
    const char *to = strstr(from, "```");
    assert_non_null(to);
    expect_loads("docs/CONFIGURATION.md", (struct str){from, (size_t)(to - from)});
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--write") == 0)
        return write_document();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_has_every_setting),
        cmocka_unit_test(the_example_of_config_init_loads),
        cmocka_unit_test(the_example_of_the_document_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
