#include "shape.h"

#include <stdarg.h>

/* Where in the document a value stands: the names on the way to it. */
struct place {
    const struct place *parent;
    const char *name;
    size_t index; /* in an array, from 1; 0: not in one */
    const char *model;
};

const struct json *member_of(const struct json *object, const char *name)
{
    const struct json *member = json_get(object, name);
    if (member == NULL || json_kind_of(member) == JSON_NULL)
        return NULL;
    return member;
}

struct str text_of(const struct json *object, const char *name)
{
    struct str text = STR_NONE;
    (void)json_str(json_get(object, name), &text);
    return text;
}

int64_t name_index(const char *const *names, struct str name)
{
    for (int64_t i = 0; names[i] != NULL; i++) {
        if (str_is(name, names[i]))
            return i;
    }
    return -1;
}

static void print_place(struct buf *out, const struct place *place)
{
    if (place->parent != NULL)
        print_place(out, place->parent);
    if (place->name == NULL)
        return;
    buf_printf(out, out->len == 0 ? "%s" : ".%s", place->name);
    if (place->index > 0)
        buf_printf(out, "[%zu]", place->index - 1);
}

static bool misfit(struct misfit *out, const struct place *place, const char *code,
                   const char *format, ...) PRINTF_LIKE(4, 5);

/* Says what is wrong; always false. */
static bool misfit(struct misfit *out, const struct place *place, const char *code,
                   const char *format, ...)
{
    CLEANUP(buf_release) struct buf path;
    buf_init(&path, sizeof(out->field) - 1);
    print_place(&path, place);

    out->code = code;
    (void)snprintf(out->field, sizeof(out->field), "%s", buf_c_string(&path));
    va_list args;
    va_start(args, format);
    (void)vsnprintf(out->text, sizeof(out->text), format, args);
    va_end(args);
    return false;
}

/* What of a refused value is repeated in the answer. */
static struct str beginning(struct str text)
{
    return str_sub(text, 0, utf8_prefix(text, 32));
}

static bool wrong_kind(struct misfit *out, const struct place *place,
                       const char *wanted)
{
    return misfit(out, place, "bad.request", "Field [%s] of [%s] must be %s",
                  place->name, place->model, wanted);
}

static bool text_fits(const struct json *value, const struct place *place,
                      struct misfit *out)
{
    struct str text;
    return json_str(value, &text) || wrong_kind(out, place, "a string");
}

static bool id_fits(const struct json *value, const struct place *place,
                    struct misfit *out)
{
    struct str text = STR_NONE;
    if (!json_str(value, &text) || text.len == 0 || json_str_is_damaged(value))
        return wrong_kind(out, place, "a string that is not empty");
    return true;
}

/* Only the form the API names, although time_parse reads more. */
static bool time_fits(const struct json *value, const struct place *place,
                      struct misfit *out)
{
    struct str text = STR_NONE;
    int64_t unix_ms;
    if (!json_str(value, &text))
        return wrong_kind(out, place, "a string");
    if (text.len < 20 || text.ptr[10] != 'T' || text.ptr[text.len - 1] != 'Z' ||
        !time_parse(text, &unix_ms))
        return misfit(
            out, place, "invalid.date",
            "Value [%.*s] is not a date of the form yyyy-MM-ddTHH:mm:ss[.mmm]Z",
            STR_ARG(beginning(text)));
    return true;
}

static bool is_one_of(struct str text, const char *const *values, bool ignores_case)
{
    for (; *values != NULL; values++) {
        if (str_is(text, *values) ||
            (ignores_case && str_equal_nocase(text, str_of(*values))))
            return true;
    }
    return false;
}

static bool enum_fits(const struct json *value, const struct member *member,
                      const struct place *place, struct misfit *out)
{
    struct str text = STR_NONE;
    if (!json_str(value, &text))
        return wrong_kind(out, place, "a string");
    if (is_one_of(text, member->values, member->kind == MEMBER_ENUM_NOCASE))
        return true;

    CLEANUP(buf_release) struct buf allowed;
    buf_init(&allowed, 256);
    for (const char *const *name = member->values; *name != NULL; name++)
        buf_printf(&allowed, allowed.len == 0 ? "%s" : ", %s", *name);
    return misfit(out, place, "invalid.value",
                  "Value [%.*s] is not valid for field type [%s.%s]. Allowable values "
                  "are: %s",
                  STR_ARG(beginning(text)), place->model, place->name,
                  buf_c_string(&allowed));
}

static bool texts_fit(const struct json *value, const struct place *place,
                      struct misfit *out)
{
    if (json_kind_of(value) != JSON_ARRAY)
        return wrong_kind(out, place, "an array");
    struct place element = *place;
    for (const struct json *item = json_first(value); item != NULL;
         item = json_next(item)) {
        element.index++;
        if (!id_fits(item, &element, out))
            return false;
    }
    return true;
}

static bool map_fits(const struct json *value, const struct place *place,
                     struct misfit *out)
{
    if (json_kind_of(value) != JSON_OBJECT)
        return wrong_kind(out, place, "an object");
    for (const struct json *entry = json_first(value); entry != NULL;
         entry = json_next(entry)) {
        if (json_kind_of(entry) != JSON_STRING)
            return wrong_kind(out, place, "a flat map of strings");
    }
    return true;
}

static bool object_fits(const struct json *value, const struct shape *shape,
                        const struct place *place, struct misfit *out);

static bool array_fits(const struct json *value, const struct shape *shape,
                       const struct place *place, struct misfit *out)
{
    if (json_kind_of(value) != JSON_ARRAY)
        return wrong_kind(out, place, "an array");
    struct place element = *place;
    for (const struct json *item = json_first(value); item != NULL;
         item = json_next(item)) {
        element.index++;
        if (!object_fits(item, shape, &element, out))
            return false;
    }
    return true;
}

static bool member_fits(const struct json *value, const struct member *member,
                        const struct place *place, struct misfit *out)
{
    bool yes;
    int64_t number;
    switch (member->kind) {
    case MEMBER_TEXT:
        return text_fits(value, place, out);
    case MEMBER_ID:
        return id_fits(value, place, out);
    case MEMBER_TIME:
        return time_fits(value, place, out);
    case MEMBER_ENUM:
    case MEMBER_ENUM_NOCASE:
        return enum_fits(value, member, place, out);
    case MEMBER_BOOL:
        return json_bool(value, &yes) || wrong_kind(out, place, "true or false");
    case MEMBER_INTEGER:
        return json_i64(value, &number) || wrong_kind(out, place, "an integer");
    case MEMBER_NUMBER:
        return json_kind_of(value) == JSON_NUMBER || wrong_kind(out, place, "a number");
    case MEMBER_TEXTS:
        return texts_fit(value, place, out);
    case MEMBER_MAP:
        return map_fits(value, place, out);
    case MEMBER_OBJECT:
        return object_fits(value, member->shape, place, out);
    case MEMBER_ARRAY:
        return array_fits(value, member->shape, place, out);
    }
    return false;
}

static bool object_fits(const struct json *value, const struct shape *shape,
                        const struct place *place, struct misfit *out)
{
    if (json_kind_of(value) != JSON_OBJECT)
        return wrong_kind(out, place, "an object");
    for (size_t i = 0; shape != NULL && i < shape->count; i++) {
        const struct member *member = &shape->members[i];
        struct place here = {place, member->name, 0, shape->model};
        const struct json *found = member_of(value, member->name);
        if (found == NULL && member->is_required)
            return misfit(out, &here, "bad.request",
                          "Missing required field [%s] of [%s]", member->name,
                          shape->model);
        if (found != NULL && !member_fits(found, member, &here, out))
            return false;
    }
    return true;
}

bool shape_fits(const struct json *value, const struct shape *shape,
                struct misfit *out_misfit)
{
    struct place root = {.model = shape->model};
    if (json_kind_of(value) != JSON_OBJECT)
        return misfit(out_misfit, &root, "bad.request",
                      "The request body must be an object [%s]", shape->model);
    return object_fits(value, shape, &root, out_misfit);
}
