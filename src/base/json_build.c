#include <assert.h>

#include "json_escape.h"
#include "json_node.h"

/* First guess at the size of a text, so that most are printed without growing. */
#define PRINT_FIRST_BYTES 2048

struct json *json_new_object(void)
{
    return json_of(cJSON_CreateObject());
}

struct json *json_new_array(void)
{
    return json_of(cJSON_CreateArray());
}

/* Each byte that JSON cannot carry becomes U+FFFD. */
static char *repaired_copy(struct str value)
{
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, UTF8_REPAIR_GROWTH * value.len);
    utf8_repair(value, &text);
    return json_copy_text(buf_str(&text));
}

/* Whether it is written as it is: valid UTF-8 without anything to escape. */
static bool is_plain(struct str value)
{
    unsigned char seen = 0;
    const char *end = value.ptr + value.len;
    if (value.len > 0 && json_skip_plain(value.ptr, end, &seen) != end)
        return false;
    return (seen & 0x80) == 0 || utf8_is_valid(value);
}

static char *quoted_copy(struct str value)
{
    char *copy = cJSON_malloc(value.len + sizeof("\"\""));
    if (copy == NULL)
        return NULL;
    copy[0] = '"';
    if (value.len > 0)
        memcpy(copy + 1, value.ptr, value.len);
    copy[value.len + 1] = '"';
    copy[value.len + 2] = '\0';
    return copy;
}

static char *clean_copy(struct str value)
{
    bool is_clean = utf8_is_valid(value) && str_find_byte(value, '\0') < 0;
    return is_clean ? json_copy_text(value) : repaired_copy(value);
}

/*
 * Most are plain, and then cJSON prints them as they are; it would go over each byte
 * twice, at ten instructions a byte.
 */
struct json *json_new_str(struct str value)
{
    cJSON *item = cJSON_CreateNull();
    if (item == NULL)
        return NULL;
    bool is_quoted = is_plain(value);
    item->type = is_quoted ? cJSON_Raw | JSON_QUOTED : cJSON_String;
    item->valuestring = is_quoted ? quoted_copy(value) : clean_copy(value);
    if (item->valuestring == NULL) {
        cJSON_Delete(item);
        return NULL;
    }
    return json_of(item);
}

/* As text: exact, and printed at a tenth of the cost of a double. */
struct json *json_new_i64(int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%lld", (long long)value);
    return json_of(cJSON_CreateRaw(text));
}

/* No print function accepts it from now on; see json_node.h. */
static void mark_broken(struct json *container)
{
    container->item.type = cJSON_Invalid;
}

/* Never made, or lost a child: what is built on it comes to nothing. */
static bool is_broken(const struct json *container)
{
    return container == NULL || json_type(container) == cJSON_Invalid;
}

void json_add(struct json *object, const char *name, struct json *child)
{
    assert(json_type(object) == cJSON_Object || is_broken(object));
    if (object != NULL && child != NULL &&
        cJSON_AddItemToObject(&object->item, name, &child->item))
        return;
    json_free(child);
    if (object != NULL)
        mark_broken(object);
}

void json_append(struct json *array, struct json *child)
{
    assert(json_type(array) == cJSON_Array || is_broken(array));
    if (array != NULL && child != NULL &&
        cJSON_AddItemToArray(&array->item, &child->item))
        return;
    json_free(child);
    if (array != NULL)
        mark_broken(array);
}

void json_add_str(struct json *object, const char *name, struct str value)
{
    json_add(object, name, json_new_str(value));
}

void json_add_i64(struct json *object, const char *name, int64_t value)
{
    json_add(object, name, json_new_i64(value));
}

void json_add_bool(struct json *object, const char *name, bool value)
{
    json_add(object, name, json_of(cJSON_CreateBool(value)));
}

/* The child, unless it was freed because the container could not take it. */
static struct json *lend(const struct json *container, struct json *child)
{
    return is_broken(container) ? NULL : child;
}

struct json *json_add_object(struct json *object, const char *name)
{
    struct json *child = json_new_object();
    json_add(object, name, child);
    return lend(object, child);
}

struct json *json_add_array(struct json *object, const char *name)
{
    struct json *child = json_new_array();
    json_add(object, name, child);
    return lend(object, child);
}

struct json *json_append_object(struct json *array)
{
    struct json *child = json_new_object();
    json_append(array, child);
    return lend(array, child);
}

static char *print(const struct json *json)
{
    if (json == NULL)
        return NULL;
    return cJSON_PrintBuffered(&json->item, PRINT_FIRST_BYTES, false);
}

static void free_printed(char **text)
{
    cJSON_free(*text);
}

static enum status not_printed(struct error *err)
{
    return fail(err, STATUS_RETRY, "no memory to build a JSON text");
}

enum status json_print(const struct json *json, struct buf *out, struct error *err)
{
    CLEANUP(free_printed) char *text = print(json);
    if (text == NULL)
        return not_printed(err);
    buf_add(out, str_of(text));
    if (!buf_ok(out))
        return fail(err, STATUS_TOO_LARGE, "a JSON text is longer than its %zu bytes",
                    out->ceiling);
    return STATUS_OK;
}

enum status json_print_arena(const struct json *json, struct arena *arena,
                             struct str *out, struct error *err)
{
    CLEANUP(free_printed) char *text = print(json);
    if (text == NULL)
        return not_printed(err);
    size_t len = strlen(text);
    char *copy = arena_try_alloc(arena, len + 1);
    if (copy == NULL)
        return fail(err, STATUS_TOO_LARGE, "no room left for a JSON text of %zu bytes",
                    len);
    memcpy(copy, text, len + 1);
    *out = str_from(copy, len);
    return STATUS_OK;
}
