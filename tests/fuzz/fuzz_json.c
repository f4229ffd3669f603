/*
 * fuzz_json: the JSON door against Jansson as the reference, and against itself.
 *
 * What one accepts the other accepts with the same values, but for the known
 * differences that is_known_difference lists. What the door prints it parses again to
 * the same text.
 */
/* Both sides name their kinds alike; the macros of Jansson that use these are avoided.
 */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_NULL JANSSON_NULL
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_NULL

#include "fuzz.h"

#include "gateway/json.h"
#include "gateway/memory.h"

#define DEPTH 1000

static void print(const struct json *json, struct buf *out)
{
    struct error err;
    buf_init(out, SIZE_MAX);
    demand(json_print(json, out, &err) == STATUS_OK, "a parsed tree is not printed");
}

/* ---- values ---- */

static void compare(const struct json *ours, const json_t *theirs);

static void compare_number(const struct json *ours, const json_t *theirs)
{
    CLEANUP(buf_release) struct buf text;
    print(ours, &text);
    int64_t value = 0;
    bool is_whole = json_i64(ours, &value);
    if (json_is_integer(theirs))
        demand(is_whole && value == json_integer_value(theirs), "another integer");
    else
        demand(strtod(buf_c_string(&text), NULL) == json_real_value(theirs),
               "another real");
}

static void compare_object(const struct json *ours, const json_t *theirs)
{
    demand(json_count(ours) == json_object_size(theirs), "other members");
    for (const struct json *child = json_first(ours); child; child = json_next(child)) {
        /* Names end in NUL and hold none: neither side accepts one that does. */
        const char *name = json_name(child).ptr;
        demand(json_get(ours, name) == child, "a member that is not found by its name");
        compare(child, json_object_get(theirs, name));
    }
}

static void compare_array(const struct json *ours, const json_t *theirs)
{
    demand(json_count(ours) == json_array_size(theirs), "other elements");
    size_t i = 0;
    for (const struct json *child = json_first(ours); child; child = json_next(child))
        compare(child, json_array_get(theirs, i++));
}

static void compare_string(const struct json *ours, const json_t *theirs)
{
    struct str value = STR_NONE;
    demand(json_str(ours, &value) &&
               str_equal(value, str_from(json_string_value(theirs),
                                         json_string_length(theirs))),
           "another string");
}

static void compare(const struct json *ours, const json_t *theirs)
{
    demand(ours != NULL && theirs != NULL, "a value that one side lacks");
    bool flag = false;
    switch (json_kind_of(ours)) {
    case JSON_NULL:
        demand(json_typeof(theirs) == JANSSON_NULL, "another kind than null");
        return;
    case JSON_BOOL:
        demand(json_is_boolean(theirs), "another kind than bool");
        demand(json_bool(ours, &flag) && flag == json_is_true(theirs), "another bool");
        return;
    case JSON_NUMBER:
        demand(json_is_number(theirs), "another kind than number");
        compare_number(ours, theirs);
        return;
    case JSON_STRING:
        demand(json_typeof(theirs) == JANSSON_STRING, "another kind than string");
        compare_string(ours, theirs);
        return;
    case JSON_ARRAY:
        demand(json_typeof(theirs) == JANSSON_ARRAY, "another kind than array");
        compare_array(ours, theirs);
        return;
    case JSON_OBJECT:
        demand(json_typeof(theirs) == JANSSON_OBJECT, "another kind than object");
        compare_object(ours, theirs);
        return;
    default:
        complain("no kind at all");
    }
}

/* ---- verdicts ---- */

static bool has_replacement(struct str text)
{
    for (size_t i = 0; i + 3 <= text.len; i++)
        if (str_is(str_sub(text, i, 3), "\xef\xbf\xbd"))
            return true;
    return false;
}

/* Some string or name was repaired, as far as one can tell from the tree. */
static bool is_repaired(const struct json *json)
{
    if (json_str_is_damaged(json) || has_replacement(json_name(json)))
        return true;
    for (const struct json *child = json_first(json); child; child = json_next(child))
        if (is_repaired(child))
            return true;
    return false;
}

/* What the door accepts although Jansson does not. */
static bool is_known_difference(const struct json *ours, const json_error_t *why)
{
    enum json_error_code code = json_error_code(why);
    if (code == json_error_numeric_overflow)
        return true; /* the door keeps numbers as text, whatever their size */
    if (code == json_error_null_character || code == json_error_null_byte_in_key)
        return is_repaired(ours); /* \u0000 becomes U+FFFD */
    /* So does a lone surrogate. */
    return strstr(why->text, "invalid Unicode") != NULL && is_repaired(ours);
}

/* What Jansson accepts although the door does not. */
static bool is_jansson_laxer(struct str bytes, const struct error *our_why)
{
    /* Jansson takes 2048 levels, and loses a NUL byte that it has to put back. */
    return strstr(our_why->text, "nested too deeply") != NULL ||
           str_find_byte(bytes, '\0') >= 0;
}

static void compare_with_jansson(struct str bytes, const struct json *ours,
                                 const struct error *our_why)
{
    json_error_t why;
    json_t *theirs = json_loadb(bytes.ptr, bytes.len,
                                JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (ours != NULL && theirs != NULL)
        compare(ours, theirs);
    else if (ours != NULL)
        demand(is_known_difference(ours, &why), "accepted, and Jansson refuses");
    else if (theirs != NULL)
        demand(is_jansson_laxer(bytes, our_why), "refused, and Jansson accepts");
    json_decref(theirs);
}

static void expect_same_after_printing(const struct json *json)
{
    CLEANUP(buf_release) struct buf first;
    CLEANUP(buf_release) struct buf second;
    CLEANUP(json_freep) struct json *again = NULL;
    struct error err;
    print(json, &first);
    demand(json_parse(buf_str(&first), DEPTH, &again, &err) == STATUS_OK,
           "a printed text is refused");
    print(again, &second);
    demand(str_equal(buf_str(&first), buf_str(&second)),
           "another text when printed again");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = str_from(data, size);
    CLEANUP(json_freep) struct json *json = NULL;
    struct error err = {.text = ""};
    enum status status = json_parse(bytes, DEPTH, &json, &err);
    demand((status == STATUS_OK) == (json != NULL), "a status that fits no tree");
    demand(status == STATUS_OK || status == STATUS_INVALID, "an odd status");
    compare_with_jansson(bytes, json, &err);
    if (json != NULL)
        expect_same_after_printing(json);
    return 0;
}
