#include "gateway/member.h"

struct str member_text(const struct json *object, const char *name)
{
    struct str value = STR_NONE;

    (void)json_str(json_get(object, name), &value);
    return value;
}

bool member_id(const struct json *object, const char *name, struct keeper *keeper,
               struct str *out_id)
{
    struct str id = member_text(object, name);

    if (json_str_is_damaged(json_get(object, name)) || !id_is_valid(id))
        return false;
    id = keep_str(keeper, id);
    if (id.len == 0)
        return false;
    *out_id = id;
    return true;
}

bool member_number_id(const struct json *object, const char *name,
                      struct keeper *keeper, struct str *out_id)
{
    int64_t number = 0;
    char digits[24];

    if (!json_i64(json_get(object, name), &number))
        return false;
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)number);
    struct str id = keep_str(keeper, str_from(digits, (size_t)len));
    if (id.len == 0)
        return false;
    *out_id = id;
    return true;
}

void member_add_text(struct json *object, const char *name, struct str value)
{
    if (value.len > 0)
        json_add_str(object, name, value);
}
