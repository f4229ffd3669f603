#include "json_escape.h"

#define REPLACEMENT 0xfffdu

static bool read_hex4(const char *at, const char *end, uint32_t *out_unit)
{
    uint8_t bytes[2];
    if (end - at < 4 || !hex_decode(str_from(at, 4), bytes, sizeof(bytes)))
        return false;
    *out_unit = (uint32_t)bytes[0] << 8 | bytes[1];
    return true;
}

static bool is_high_surrogate(uint32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(uint32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* `at` stands on the backslash of \uXXXX. */
static struct json_escape read_unicode_escape(const char *at, const char *end)
{
    uint32_t unit;
    if (!read_hex4(at + 2, end, &unit))
        return (struct json_escape){.len = 0};

    uint32_t low;
    if (is_high_surrogate(unit) && end - at >= 12 && at[6] == '\\' && at[7] == 'u' &&
        read_hex4(at + 8, end, &low) && is_low_surrogate(low))
        return (struct json_escape){
            .len = 12,
            .code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00),
        };
    if (unit == 0 || is_high_surrogate(unit) || is_low_surrogate(unit))
        return (struct json_escape){.len = 6, .code = REPLACEMENT, .is_damaged = true};
    return (struct json_escape){.len = 6, .code = unit};
}

struct json_escape json_escape_read(const char *at, const char *end)
{
    static const char values[256] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    if (end - at < 2)
        return (struct json_escape){.len = 0};
    if (at[1] == 'u')
        return read_unicode_escape(at, end);
    char value = values[(unsigned char)at[1]];
    return (struct json_escape){.len = value == '\0' ? 0 : 2,
                                .code = (unsigned char)value};
}

struct str json_unescape(struct str raw, struct arena *arena)
{
    char *text = arena_alloc(arena, raw.len);
    size_t len = 0;

    const char *end = raw.ptr + raw.len;
    for (const char *at = raw.ptr; at < end;) {
        if (*at != '\\') {
            text[len++] = *at++;
            continue;
        }
        struct json_escape escape = json_escape_read(at, end);
        len += utf8_encode(escape.code, text + len); /* never longer than its escape */
        at += escape.len;
    }
    return str_from(text, len);
}

/* What a string may hold as it is: all but quote, backslash and control characters. */
static const bool is_plain[256] = {
    [' ' ... '!'] = true, ['#' ... '['] = true, [']' ... 255] = true};

/* Sixteen bytes at once, which every processor we run on can compare. */
typedef uint8_t block __attribute__((vector_size(16)));

static bool has_odd(block bytes)
{
    const block odd =
        (block)((bytes == '"') | (bytes == '\\') | (bytes < (uint8_t)' '));
    uint64_t words[2];
    memcpy(words, &odd, sizeof(words));
    return (words[0] | words[1]) != 0;
}

static bool has_top(block bytes)
{
    uint64_t words[2];
    memcpy(words, &bytes, sizeof(words));
    return ((words[0] | words[1]) & UINT64_C(0x8080808080808080)) != 0;
}

static const char *skip_blocks(const char *at, const char *end, unsigned char *seen)
{
    block all = {0};
    while (end - at >= (ptrdiff_t)sizeof(block)) {
        block bytes;
        memcpy(&bytes, at, sizeof(bytes));
        if (has_odd(bytes))
            break;
        all |= bytes;
        at += sizeof(bytes);
    }
    if (has_top(all))
        *seen |= 0x80;
    return at;
}

/* Each test leaves the top bit of a byte that fits it. */
const char *json_skip_plain(const char *at, const char *end, unsigned char *seen)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = ones * 0x80;
    at = skip_blocks(at, end, seen);
    while (end - at >= (ptrdiff_t)sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, at, sizeof(word));
        uint64_t quote = word ^ ones * '"';
        uint64_t slash = word ^ ones * '\\';
        if ((((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
             ((word - ones * ' ') & ~word)) &
            tops)
            break;
        if ((word & tops) != 0)
            *seen |= 0x80;
        at += sizeof(word);
    }
    while (at < end && is_plain[(unsigned char)*at])
        *seen |= (unsigned char)*at++;
    return at;
}
