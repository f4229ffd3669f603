#include "gateway/parts.h"

#include <assert.h>

#define PUBLIC_ID_DIGITS 32
/* Where a UUID says its version and variant.
 * Source: RFC 9562, sections 4.1, 4.2 and 5.7; read 2026-11-21. */
#define UUID_VERSION_AT 12
#define UUID_VARIANT_AT 16

size_t parts_count(struct str text, size_t max)
{
    assert(max > 0);
    return utf8_fits(text, max) ? 1 : (utf8_count(text) + max - 1) / max;
}

struct str parts_text(struct str text, size_t max, size_t index)
{
    for (size_t i = 0; i < index; i++)
        text = str_sub(text, utf8_prefix(text, max), text.len);
    return str_sub(text, 0, utf8_prefix(text, max));
}

struct str part_id(const char *public_id, size_t index, struct arena *arena)
{
    if (index == 0)
        return arena_printf(arena, "%s", public_id);
    return arena_printf(arena, "%s-%zu", public_id, index);
}

struct str part_message_id(struct str id)
{
    int64_t index;

    if (id.len <= PUBLIC_ID_DIGITS || id.ptr[PUBLIC_ID_DIGITS] != '-')
        return id;
    struct str digits = str_sub(id, PUBLIC_ID_DIGITS + 1, id.len);
    if (digits.len == 0 || digits.ptr[0] < '1' || digits.ptr[0] > '9' ||
        !str_to_i64(digits, &index))
        return id;
    return str_sub(id, 0, PUBLIC_ID_DIGITS);
}

bool part_id_is_ours(struct str id)
{
    id = part_message_id(id);
    if (id.len != PUBLIC_ID_DIGITS || id.ptr[UUID_VERSION_AT] != '7' ||
        strchr("89ab", id.ptr[UUID_VARIANT_AT]) == NULL)
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (strchr("0123456789abcdef", id.ptr[i]) == NULL || id.ptr[i] == '\0')
            return false;
    return true;
}
