#include "gateway/text.h"

#include <strings.h>

struct str str_of(const char *c_string)
{
    return c_string == NULL ? STR_NONE : (struct str){c_string, strlen(c_string)};
}

struct str str_from(const void *bytes, size_t len)
{
    return (struct str){bytes, len};
}

bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_is(struct str s, const char *c_string)
{
    return str_equal(s, str_of(c_string));
}

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c;
}

bool str_equal_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

bool str_holds_nocase(struct str s, struct str part)
{
    for (size_t at = 0; at + part.len <= s.len; at++) {
        if (str_equal_nocase(str_sub(s, at, part.len), part))
            return true;
    }
    return false;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_equal(str_sub(s, 0, prefix.len), prefix);
}

int64_t str_find_byte(struct str s, char byte)
{
    if (s.len == 0)
        return -1;
    const char *found = memchr(s.ptr, byte, s.len);
    return found == NULL ? -1 : (int64_t)(found - s.ptr);
}

struct str str_sub(struct str s, size_t from, size_t len)
{
    if (from >= s.len)
        return STR_NONE;
    size_t left = s.len - from;
    return (struct str){s.ptr + from, len < left ? len : left};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && is_blank(s.ptr[0]))
        s = (struct str){s.ptr + 1, s.len - 1};
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

struct str str_cut(struct str *rest, char separator)
{
    struct str whole = *rest;
    int64_t at = str_find_byte(whole, separator);
    if (at < 0) {
        *rest = STR_NONE;
        return whole;
    }
    *rest = str_sub(whole, (size_t)at + 1, whole.len);
    return str_sub(whole, 0, (size_t)at);
}

bool str_to_i64(struct str s, int64_t *out_value)
{
    bool is_negative = s.len > 0 && s.ptr[0] == '-';
    size_t i = is_negative ? 1 : 0;
    if (i == s.len)
        return false;
    /* Counted downwards, because INT64_MIN has no positive counterpart. */
    int64_t value = 0;
    for (; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_sub_overflow(value, (int64_t)(s.ptr[i] - '0'), &value))
            return false;
    }
    if (!is_negative && __builtin_sub_overflow((int64_t)0, value, &value))
        return false;
    *out_value = value;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char small = lower(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

bool hex_decode(struct str hex, uint8_t *out_bytes, size_t len)
{
    if (hex.len % 2 != 0 || hex.len / 2 != len)
        return false;
    for (size_t i = 0; i < hex.len; i++) {
        if (hex_digit(hex.ptr[i]) < 0)
            return false;
    }
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(hex.ptr[2 * i]);
        int low = hex_digit(hex.ptr[2 * i + 1]);
        out_bytes[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

void hex_encode(const uint8_t *bytes, size_t len, char *out_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out_text[2 * i] = digits[bytes[i] >> 4];
        out_text[2 * i + 1] = digits[bytes[i] & 15];
    }
    out_text[2 * len] = '\0';
}

#define MASK_STARS "****"
#define MASK_SHOWN 4    /* characters */
#define MASK_SHORTEST 9 /* below it, four characters would give too much away */

void mask(struct str secret, char out_text[16])
{
    size_t room = 16 - sizeof(MASK_STARS);
    struct str shown = STR_NONE;
    if (utf8_is_valid(secret) && utf8_count(secret) >= MASK_SHORTEST) {
        size_t hidden = utf8_count(secret) - MASK_SHOWN;
        shown = str_sub(secret, utf8_prefix(secret, hidden), secret.len);
    }
    while (shown.len > room)
        shown = str_sub(shown, utf8_first(shown), shown.len);
    (void)snprintf(out_text, 16, MASK_STARS "%.*s", STR_ARG(shown));
}
