#include "gateway/text.h"

#include "gateway/limits.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

struct form {
    uint8_t lead_low;
    uint8_t lead_high;
    uint8_t second_low;
    uint8_t second_high;
    uint8_t len;
};

/* Source: RFC 3629, section 4 "Syntax of UTF-8 Byte Sequences"; read 2026-11-21. */
static const struct form forms[] = {
    {0xC2, 0xDF, 0x80, 0xBF, 2},
    {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3},
    {0xED, 0xED, 0x80, 0x9F, 3},
    {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4},
    {0xF1, 0xF3, 0x80, 0xBF, 4},
    {0xF4, 0xF4, 0x80, 0x8F, 4},
};

static uint8_t byte_at(struct str s, size_t i)
{
    return (uint8_t)s.ptr[i];
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

static const struct form *form_of(uint8_t lead)
{
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if (lead >= forms[i].lead_low && lead <= forms[i].lead_high)
            return &forms[i];
    }
    return NULL;
}

size_t utf8_first(struct str s)
{
    if (s.len == 0)
        return 0;
    if (byte_at(s, 0) < 0x80)
        return 1;
    const struct form *form = form_of(byte_at(s, 0));
    if (form == NULL || s.len < form->len)
        return 0;
    if (byte_at(s, 1) < form->second_low || byte_at(s, 1) > form->second_high)
        return 0;
    for (size_t i = 2; i < form->len; i++) {
        if (!is_continuation(byte_at(s, i)))
            return 0;
    }
    return form->len;
}

/* Most text is ASCII: eight bytes a step. */
static size_t ascii_words(struct str s, size_t from)
{
    uint64_t word;
    while (s.len - from >= sizeof(word)) {
        memcpy(&word, s.ptr + from, sizeof(word));
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
        from += sizeof(word);
    }
    return from;
}

bool utf8_is_valid(struct str s)
{
    size_t at = 0;
    while (at < s.len) {
        at = ascii_words(s, at);
        if (at == s.len)
            break;
        size_t len = utf8_first(str_sub(s, at, s.len));
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

size_t utf8_count(struct str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_continuation(byte_at(s, i)))
            count++;
    }
    return count;
}

bool utf8_fits(struct str s, size_t count)
{
    return s.len <= count || utf8_count(s) <= count;
}

size_t utf8_prefix(struct str s, size_t count)
{
    size_t at = 0;
    if (s.len <= count)
        return s.len;
    for (; at < s.len; at++) {
        if (is_continuation(byte_at(s, at)))
            continue;
        if (count == 0)
            break;
        count--;
    }
    return at;
}

/* C0, DEL, and C1 (U+0080 to U+009F, in UTF-8 C2 80 to C2 9F). */
static bool is_control(struct str s, size_t at)
{
    uint8_t byte = byte_at(s, at);
    if (byte < 0x20 || byte == 0x7F)
        return true;
    return byte == 0xC2 && at + 1 < s.len && byte_at(s, at + 1) < 0xA0;
}

bool id_is_valid(struct str id)
{
    if (id.len == 0 || id.len > LIMIT_ID_BYTES || !utf8_is_valid(id))
        return false;
    for (size_t i = 0; i < id.len; i++) {
        if (is_control(id, i))
            return false;
    }
    return true;
}

size_t utf8_encode(uint32_t code, char *out_bytes)
{
    if (code < 0x80) {
        out_bytes[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out_bytes[0] = (char)(0xc0 | code >> 6);
        out_bytes[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out_bytes[0] = (char)(0xe0 | code >> 12);
        out_bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out_bytes[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out_bytes[0] = (char)(0xf0 | code >> 18);
    out_bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out_bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out_bytes[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

void utf8_repair(struct str s, struct buf *out)
{
    while (s.len > 0) {
        size_t len = utf8_first(s);
        bool is_kept = len > 0 && s.ptr[0] != '\0';
        buf_add(out, is_kept ? str_sub(s, 0, len) : STR(REPLACEMENT));
        s = str_sub(s, is_kept ? len : 1, s.len);
    }
}
