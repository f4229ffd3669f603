#include "support/base_json.h"

#include <cjson/cJSON.h>

#include "gateway/memory.h"
#include "support/expect.h"

enum status parse_exactly(struct str bytes, unsigned max_depth, struct json **out_json,
                          struct error *err)
{
    char *copy = malloc(bytes.len == 0 ? 1 : bytes.len);
    assert_non_null(copy);
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    enum status status =
        json_parse(str_from(copy, bytes.len), max_depth, out_json, err);
    free(copy);
    return status;
}

struct json *parsed(const char *text)
{
    struct json *json = NULL;
    struct error err = {.text = ""};
    enum status status = parse_exactly(str_of(text), JSON_DEPTH_DEFAULT, &json, &err);
    if (status != STATUS_OK)
        print_error("%s: %s\n", text, err.text);
    assert_int_equal(status, STATUS_OK);
    return json;
}

/* cJSON's hooks take no argument, so this has to be global. */
static struct {
    unsigned allocations_left;
    bool has_refused;
} failing;

static void *allocate_or_not(size_t size)
{
    if (failing.allocations_left == 0) {
        failing.has_refused = true;
        return NULL;
    }
    failing.allocations_left--;
    return malloc(size);
}

void cjson_fail_from(unsigned nth)
{
    failing.allocations_left = nth;
    failing.has_refused = false;
    cJSON_Hooks hooks = {.malloc_fn = allocate_or_not, .free_fn = free};
    cJSON_InitHooks(&hooks);
}

bool cjson_fail_stop(void)
{
    cJSON_InitHooks(NULL);
    return failing.has_refused;
}
