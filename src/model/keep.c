#include "gateway/keep.h"

void *keep_array(struct keeper *keeper, size_t count, size_t size)
{
    if (count == 0)
        return NULL;
    void *room = NULL;
    if (count <= SIZE_MAX / size)
        room = arena_try_alloc(keeper->arena, count * size);
    if (room == NULL)
        keeper->is_full = true;
    return room;
}

struct str keep_str(struct keeper *keeper, struct str s)
{
    char *copy = keep_array(keeper, s.len, 1);

    if (copy == NULL)
        return STR_NONE;
    memcpy(copy, s.ptr, s.len);
    return str_from(copy, s.len);
}

struct str keep_text(struct keeper *keeper, struct str s)
{
    if (utf8_is_valid(s) && str_find_byte(s, '\0') < 0)
        return keep_str(keeper, s);
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, UTF8_REPAIR_GROWTH * s.len);
    utf8_repair(s, &text);
    return keep_str(keeper, buf_str(&text));
}
