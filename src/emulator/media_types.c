#include "media_types.h"

#include "print_json.h"

#define TYPE_BYTES_MAX 127

static const char *const directions[] = {"inbound", "outbound"};

/* Source: RFC 9110, section 5.6.2 "Tokens"; read 2026-12-01. */
static bool is_token(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= 0x20 || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c) != NULL)
            return false;
    }
    return text.len > 0;
}

static bool is_printable(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c >= 0x7f)
            return false;
    }
    return true;
}

bool media_type_is_valid(struct str type)
{
    struct str rest = type;
    struct str essence = str_trim(str_cut(&rest, ';'));
    struct str kind = str_cut(&essence, '/');
    return type.len <= TYPE_BYTES_MAX && is_token(kind) && is_token(essence) &&
           is_printable(rest);
}

void media_types_clear(struct media_types *types)
{
    json_free(types->order);
    types->order = NULL;
}

static bool list_fits(const struct json *list, const char *direction,
                      struct misfit *out_misfit)
{
    size_t index = 0;
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        struct str type = STR_NONE;
        (void)json_str(item, &type);
        if (media_type_is_valid(type) && str_find_byte(type, ';') < 0) {
            index++;
            continue;
        }
        out_misfit->code = "invalid.value";
        (void)snprintf(out_misfit->field, sizeof(out_misfit->field), "%s[%zu]",
                       direction, index);
        (void)snprintf(out_misfit->text, sizeof(out_misfit->text),
                       "Value [%.*s] is not a media type such as image/png or image/*",
                       STR_ARG(str_sub(type, 0, utf8_prefix(type, 64))));
        return false;
    }
    return true;
}

bool media_types_set(struct media_types *types, struct json *order,
                     struct misfit *out_misfit)
{
    for (size_t i = 0; i < COUNT_OF(directions); i++) {
        if (!list_fits(json_get(order, directions[i]), directions[i], out_misfit)) {
            json_free(order);
            return false;
        }
    }
    media_types_clear(types);
    types->order = order;
    return true;
}

/* "*" stands for any that there is. */
static bool half_fits(struct str wanted, struct str half)
{
    return half.len > 0 && (str_is(wanted, "*") || str_equal_nocase(wanted, half));
}

static bool type_fits(struct str wanted, struct str type)
{
    if (str_is(wanted, "*/*"))
        return true;
    struct str kind = str_cut(&type, '/');
    struct str wanted_kind = str_cut(&wanted, '/');
    return half_fits(wanted_kind, kind) && half_fits(wanted, type);
}

bool media_types_allow(const struct media_types *types, const char *direction,
                       struct str mime)
{
    const struct json *list = member_of(types->order, direction);
    struct str rest = mime;
    struct str type = str_trim(str_cut(&rest, ';'));
    if (list == NULL)
        return true;
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        struct str wanted = STR_NONE;
        if (json_str(item, &wanted) && type_fits(wanted, type))
            return true;
    }
    return false;
}

void media_types_print(const struct media_types *types, struct buf *out)
{
    print_object(out, NULL);
    for (size_t i = 0; i < COUNT_OF(directions); i++) {
        const struct json *list = member_of(types->order, directions[i]);
        if (list == NULL)
            print_raw(out, directions[i], STR("[\"*/*\"]"));
        else
            print_node(out, directions[i], list);
    }
    print_end_object(out);
}
