#include "gateway/parts.h"

#include <assert.h>

#define PUBLIC_ID_DIGITS 32
/* Where a UUID says its version and variant.
 * Source: RFC 9562, sections 4.1, 4.2 and 5.7; read 2026-11-21. */
#define UUID_VERSION_AT 12
#define UUID_VARIANT_AT 16

/* A word border is taken only in the last half of a part, so that parts stay few. */
#define WORD_BORDER_SHARE 2

/* ---- lengths ---- */

/* Code points beyond U+FFFF are two units, and the only ones of four bytes. */
static size_t utf16_length(struct str text)
{
    size_t count = utf8_count(text);

    for (size_t i = 0; i < text.len; i++)
        count += (uint8_t)text.ptr[i] >= 0xF0;
    return count;
}

size_t text_length(struct str text, enum text_unit unit)
{
    switch (unit) {
    case TEXT_CODE_POINTS:
        return utf8_count(text);
    case TEXT_UTF16:
        return utf16_length(text);
    case TEXT_BYTES:
        break;
    }
    return text.len;
}

/* No unit is smaller than a byte: short texts cost nothing. */
bool text_fits(struct str text, struct text_limit limit)
{
    return text.len <= limit.max || text_length(text, limit.unit) <= limit.max;
}

/* ---- cutting ---- */

static bool is_blank(struct str character)
{
    return character.len == 1 && (character.ptr[0] == ' ' || character.ptr[0] == '\n');
}

/* One character that is longer than a message, of a few letters under a tower of marks:
 * cut between its code points. At least one goes, for nothing can be smaller. */
static size_t cut_character(struct str text, struct text_limit limit)
{
    size_t at = utf8_first(text);
    if (at == 0)
        return 1; /* no text of ours: it must end all the same */
    size_t next = at + utf8_first(str_sub(text, at, text.len));

    while (next > at && text_fits(str_sub(text, 0, next), limit)) {
        at = next;
        next = at + utf8_first(str_sub(text, at, text.len));
    }
    return at;
}

/* Where the text is cut: behind its last character that fits, or its last word. */
static size_t cut(struct str text, struct text_limit limit, bool behind_words)
{
    size_t at = 0;
    size_t used = 0;
    size_t border = 0;

    assert(limit.max > 0);
    while (at < text.len) {
        struct str rest = str_sub(text, at, text.len);
        struct str character = str_sub(rest, 0, grapheme_first(rest));
        size_t length = text_length(character, limit.unit);
        if (used + length > limit.max)
            return border > 0 ? border : at > 0 ? at : cut_character(text, limit);
        at += character.len;
        used += length;
        if (behind_words && is_blank(character) &&
            used * WORD_BORDER_SHARE >= limit.max)
            border = at;
    }
    return at;
}

size_t text_prefix(struct str text, struct text_limit limit)
{
    return text_fits(text, limit) ? text.len : cut(text, limit, false);
}

/* Bytes of the first part. */
static size_t first_part(struct str text, struct text_limit limit)
{
    return text_fits(text, limit) ? text.len : cut(text, limit, true);
}

size_t parts_count(struct str text, struct text_limit limit)
{
    size_t count = 1;

    for (size_t len = first_part(text, limit); len < text.len;
         len = first_part(text, limit)) {
        text = str_sub(text, len, text.len);
        count++;
    }
    return count;
}

struct str parts_text(struct str text, struct text_limit limit, size_t index)
{
    for (size_t i = 0; i < index; i++)
        text = str_sub(text, first_part(text, limit), text.len);
    return str_sub(text, 0, first_part(text, limit));
}

/* ---- names ---- */

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
