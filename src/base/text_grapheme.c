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

/* Of a character as a reader sees it: its widest code point's. */
static size_t cells_of(struct str character)
{
    size_t cells = 0;
    for (size_t at = 0; at < character.len;) {
        utf8proc_int32_t point = 0;
        at += read_point(str_sub(character, at, character.len), &point);
        int width = utf8proc_charwidth(point);
        if (width > 0 && (size_t)width > cells)
            cells = (size_t)width;
    }
    return cells;
}

size_t cells_prefix(struct str s, size_t cells)
{
    size_t at = 0;
    while (at < s.len) {
        struct str rest = str_sub(s, at, s.len);
        struct str character = str_sub(rest, 0, grapheme_first(rest));
        size_t more = cells_of(character);
        if (more > cells)
            break;
        cells -= more;
        at += character.len;
    }
    return at;
}

size_t cells_count(struct str s)
{
    size_t cells = 0;
    while (s.len > 0) {
        size_t len = grapheme_first(s);
        cells += cells_of(str_sub(s, 0, len));
        s = str_sub(s, len, s.len);
    }
    return cells;
}
