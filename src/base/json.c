#include "gateway/json.h"

#include <assert.h>

#include "json_check.h"
#include "json_node.h"

_Static_assert(JSON_CHECK_MAX_DEPTH <= CJSON_NESTING_LIMIT,
               "cJSON must take what we do");

/* ---- parsing ---- */

/* Where mark_oddities stands: values are counted as json_check counted them. */
struct marking {
    struct str bytes;
    const struct json_oddity *next;
    size_t count; /* from next on */
    uint32_t number;
};

char *json_copy_text(struct str text)
{
    char *copy = cJSON_malloc(text.len + 1);
    if (copy == NULL)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return copy;
}

/* False when there is no memory for a text. */
static bool mark_oddity(struct marking *marking, cJSON *item)
{
    const struct json_oddity *oddity = marking->next++;
    marking->count--;
    if (oddity->len == 0) {
        item->type |= JSON_DAMAGED;
        return true;
    }
    cJSON_free(item->valuestring); /* of a number NULL */
    item->valuestring =
        json_copy_text(str_from(marking->bytes.ptr + oddity->at, oddity->len));
    if ((item->type & JSON_TYPE_MASK) == cJSON_Number)
        item->type = cJSON_Raw;
    return item->valuestring != NULL;
}

static bool mark_oddities(struct marking *marking, cJSON *item)
{
    for (; item != NULL && marking->count > 0; item = item->next) {
        if (marking->number++ == marking->next->number && !mark_oddity(marking, item))
            return false;
        if (!mark_oddities(marking, item->child))
            return false;
    }
    return true;
}

enum status json_parse(struct str bytes, unsigned max_depth, struct json **out_json,
                       struct error *err)
{
    CLEANUP(json_check_release) struct json_check check;
    enum status status = json_check(bytes, max_depth, &check, err);
    if (status != STATUS_OK)
        return status;

    struct str text = check.copy.len > 0 ? buf_str(&check.copy) : bytes;
    CLEANUP(json_freep)
    struct json *json = json_of(cJSON_ParseWithLength(text.ptr, text.len));
    struct marking marking = {
        .bytes = bytes,
        .next = check.oddities,
        .count = check.oddity_count,
    };
    if (json == NULL || !mark_oddities(&marking, &json->item))
        return fail(err, STATUS_RETRY, "no memory for a JSON text of %zu bytes",
                    bytes.len);
    *out_json = TAKE(json);
    return STATUS_OK;
}

void json_free(struct json *json)
{
    if (json != NULL)
        cJSON_Delete(&json->item);
}

void json_freep(struct json **json)
{
    json_free(*json);
}

/* ---- reading ---- */

const struct json *json_get(const struct json *object, const char *name)
{
    if (json_type(object) != cJSON_Object)
        return NULL;
    return json_of(cJSON_GetObjectItemCaseSensitive(&object->item, name));
}

enum json_kind json_kind_of(const struct json *json)
{
    switch (json_type(json)) {
    case cJSON_False:
    case cJSON_True:
        return JSON_BOOL;
    case cJSON_Number:
    case cJSON_Raw:
        return JSON_NUMBER;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_Object:
        return JSON_OBJECT;
    default:
        return JSON_NULL;
    }
}

const struct json *json_first(const struct json *json)
{
    return json == NULL ? NULL : json_of(json->item.child);
}

const struct json *json_next(const struct json *json)
{
    return json == NULL ? NULL : json_of(json->item.next);
}

size_t json_count(const struct json *json)
{
    size_t count = 0;
    for (const struct json *child = json_first(json); child; child = json_next(child))
        count++;
    return count;
}

struct str json_name(const struct json *json)
{
    return json == NULL ? STR_NONE : str_of(json->item.string);
}

bool json_str(const struct json *json, struct str *out_value)
{
    if (json_type(json) != cJSON_String)
        return false;
    *out_value = str_of(json->item.valuestring);
    if ((json->item.type & JSON_QUOTED) != 0)
        *out_value = str_sub(*out_value, 1, out_value->len - 2);
    return true;
}

/* Digits, and perhaps a fraction of zeros: 12.0 is as whole as 12. */
static bool whole_of_text(struct str text, int64_t *out_value)
{
    struct str digits = str_cut(&text, '.');
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '0')
            return false;
    return str_to_i64(digits, out_value);
}

bool json_i64(const struct json *json, int64_t *out_value)
{
    if (json_type(json) == cJSON_Raw)
        return whole_of_text(str_of(json->item.valuestring), out_value);
    if (json_type(json) != cJSON_Number)
        return false;
    *out_value = (int64_t)json->item.valuedouble; /* whole, at most 15 digits */
    return true;
}

bool json_digits(const struct json *json, struct arena *arena, struct str *out_text)
{
    char digits[24] = "";
    struct str text = str_of(digits);

    if (json_kind_of(json) != JSON_NUMBER)
        return false;
    if (json_type(json) == cJSON_Raw) {
        text = str_of(json->item.valuestring);
    } else {
        long long whole = (long long)json->item.valuedouble;
        text.len = (size_t)snprintf(digits, sizeof(digits), "%lld", whole);
    }
    char *copy = arena_try_alloc(arena, text.len);
    *out_text =
        copy == NULL ? STR_NONE : str_from(memcpy(copy, text.ptr, text.len), text.len);
    return true;
}

bool json_bool(const struct json *json, bool *out_value)
{
    if (json_kind_of(json) != JSON_BOOL)
        return false;
    *out_value = json_type(json) == cJSON_True;
    return true;
}

bool json_str_is_damaged(const struct json *json)
{
    return json != NULL && (json->item.type & JSON_DAMAGED) != 0;
}

/* ---- reading by table ---- */

static enum status misfit(const char *base, const char *name, const char *want,
                          struct error *err)
{
    char pointer[ERROR_POINTER_BYTES];
    (void)snprintf(pointer, sizeof(pointer), "%s/%s", base, name);
    return fail_at(err, STATUS_INVALID, pointer, "%s", want);
}

/* What a member has to be, for the error text. */
static const char *field_wish(const struct json_field *field)
{
    static const char *const wishes[] = {
        [JSON_NULL] = "must be null",
        [JSON_BOOL] = "must be true or false",
        [JSON_NUMBER] = "must be a whole number",
        [JSON_STRING] = "must be a string",
        [JSON_ARRAY] = "must be an array",
        [JSON_OBJECT] = "must be an object",
    };
    if (field->form == JSON_ID)
        return "must be an id: 1 to 255 bytes without control characters";
    return wishes[field->kind];
}

static bool read_string(const struct json *member, enum json_form form,
                        struct str *out_value)
{
    struct str value;
    if (!json_str(member, &value))
        return false;
    if (form == JSON_ID && (json_str_is_damaged(member) || !id_is_valid(value)))
        return false;
    *out_value = value;
    return true;
}

static bool read_field(const struct json *member, const struct json_field *field,
                       void *out)
{
    void *place = (char *)out + field->offset;
    switch (field->kind) {
    case JSON_STRING:
        return read_string(member, field->form, place);
    case JSON_NUMBER:
        return json_i64(member, place);
    case JSON_BOOL:
        return json_bool(member, place);
    case JSON_ARRAY:
    case JSON_OBJECT:
        if (json_kind_of(member) != field->kind)
            return false;
        *(const struct json **)place = member;
        return true;
    case JSON_NULL:
    default:
        assert(false); /* a field of kind null has no value to read */
        return false;
    }
}

enum status json_read(const struct json *object, const struct json_field *fields,
                      size_t count, const char *base, void *out, struct error *err)
{
    if (json_kind_of(object) != JSON_OBJECT)
        return fail_at(err, STATUS_INVALID, base, "must be an object");
    for (size_t i = 0; i < count; i++) {
        const struct json_field *field = &fields[i];
        const struct json *member = json_get(object, field->name);
        if (json_kind_of(member) == JSON_NULL) {
            if (field->need == JSON_REQUIRED)
                return misfit(base, field->name, "is missing", err);
            continue;
        }
        if (!read_field(member, field, out))
            return misfit(base, field->name, field_wish(field), err);
    }
    return STATUS_OK;
}
