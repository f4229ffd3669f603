#include "support/config_fixture.h"

#include "gateway/config.h"

/*
 * libyaml allocates through these exported functions of its own; here they fail from
 * the call number `fail_from` on.
 */
void *yaml_malloc(size_t size);
void *yaml_realloc(void *memory, size_t size);
unsigned char *yaml_strdup(const unsigned char *text);

static size_t call_count;
static size_t fail_from = SIZE_MAX;

static bool has_memory(void)
{
    return call_count++ < fail_from;
}

void *yaml_malloc(size_t size)
{
    return has_memory() ? malloc(size == 0 ? 1 : size) : NULL;
}

void *yaml_realloc(void *memory, size_t size)
{
    return has_memory() ? realloc(memory, size == 0 ? 1 : size) : NULL;
}

unsigned char *yaml_strdup(const unsigned char *text)
{
    if (text == NULL || !has_memory())
        return NULL;
    return (unsigned char *)strdup((const char *)text);
}

/* Without memory from the n-th allocation on. */
static enum status load_without_memory(size_t n, struct buf *problems)
{
    struct config *config = NULL;
    call_count = 0;
    fail_from = n;
    enum status status = load_bytes(STR(GOOD_TEXT), NULL, &config, problems);
    fail_from = SIZE_MAX;
    config_drop(config);
    return status;
}

static void memory_that_runs_out_inside_libyaml_is_an_error(void **state)
{
    (void)state;
    enum status status = STATUS_INVALID;
    size_t n = 0;
    while (status != STATUS_OK) {
        CLEANUP(buf_release) struct buf problems;
        buf_init(&problems, SIZE_MAX);
        status = load_without_memory(n, &problems);
        expect_str("said",
                   status == STATUS_OK
                       ? ""
                       : "omgw.yaml: there is no memory to read it; try again\n",
                   buf_str(&problems));
        n++;
    }
    expect_true("many calls have failed", n > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_runs_out_inside_libyaml_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
