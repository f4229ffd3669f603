/*
 * Grapheme clusters, a part of text.h: the one door to utf8proc, which carries
 * Unicode's tables.
 */
#include "gateway/text.h"

#include <utf8proc.h>

/* One code point; a byte that begins none stands alone. */
static size_t read_point(struct str s, utf8proc_int32_t *out_point)
{
    utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)s.ptr,
                                            (utf8proc_ssize_t)s.len, out_point);
    return len > 0 ? (size_t)len : 1;
}

size_t grapheme_first(struct str s)
{
    utf8proc_int32_t before = 0;
    utf8proc_int32_t state = 0;
    size_t at;

    if (s.len == 0)
        return 0;
    for (at = read_point(s, &before); at < s.len;) {
        utf8proc_int32_t next = 0;
        size_t len = read_point(str_sub(s, at, s.len), &next);
        if (utf8proc_grapheme_break_stateful(before, next, &state))
            break;
        before = next;
        at += len;
    }
    return at;
}
