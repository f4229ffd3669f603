#include "json_check.h"

#include <assert.h>
#include <limits.h>

#include "gateway/memory.h"
#include "json_escape.h"
#include "json_keys.h"

/* Doubles hold every whole number of so many digits, and cJSON prints it exactly. */
#define PLAIN_DIGITS 15

struct scan {
    const char *start;
    const char *at; /* next byte to read */
    const char *end;
    unsigned depth_left;
    uint32_t value_count;
    struct json_check *check;
    struct error *err;
    struct keys keys;
};

struct string_token {
    struct str raw; /* between the quotes */
    bool is_escaped;
    bool is_damaged;
};

static bool refuse(struct scan *scan, const char *what, const char *at)
{
    (void)fail(scan->err, STATUS_INVALID, "not valid JSON: %s at byte %zu", what,
               (size_t)(at - scan->start));
    return false;
}

static uint32_t offset_of(const struct scan *scan, const char *at)
{
    /* Fits: json_check refuses more than INT_MAX bytes. */
    return (uint32_t)(at - scan->start);
}

static void skip_blanks(struct scan *scan)
{
    const char *at = scan->at;
    while (at < scan->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    scan->at = at;
}

/* Steps over `byte` if it comes next. */
static bool take(struct scan *scan, char byte)
{
    if (scan->at == scan->end || *scan->at != byte)
        return false;
    scan->at++;
    return true;
}

/* The bytes in a form that cJSON digests; a copy from the first repair on. */
static char *repairable(struct scan *scan, const char *at)
{
    size_t len = (size_t)(scan->end - scan->start);
    if (scan->check->repaired == NULL) {
        scan->check->repaired = mem_new(len);
        memcpy(scan->check->repaired, scan->start, len);
    }
    return scan->check->repaired + (at - scan->start);
}

static void note_oddity(struct scan *scan, uint32_t number, const char *at)
{
    struct json_check *check = scan->check;
    if (check->oddity_count == check->oddity_capacity) {
        check->oddity_capacity = check->oddity_capacity * 2 + 8;
        check->oddities = mem_resize(check->oddities, check->oddity_capacity *
                                                          sizeof(check->oddities[0]));
    }
    check->oddities[check->oddity_count++] = (struct json_oddity){
        .number = number,
        .at = offset_of(scan, at),
    };
}

/* ---- strings ---- */

/* What a string may hold as it is: all but quote, backslash and control characters. */
static const bool is_plain[256] = {
    [' ' ... '!'] = true, ['#' ... '['] = true, [']' ... 255] = true};

/*
 * Steps over plain bytes, eight at a time while none of them is a quote, a backslash or
 * a control character (a byte below 0x20): each test leaves the top bit of a byte that
 * fits it. *seen: all bytes or-ed; its top bit tells of non-ASCII.
 */
static const char *skip_plain(const char *at, const char *end, unsigned char *seen)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = ones * 0x80;
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

/* Reads the string that begins at scan->at (on its quote) and steps behind it. */
static bool scan_string(struct scan *scan, struct string_token *out_token)
{
    const char *first = scan->at + 1;
    const char *at = first;
    const struct str replacement = STR("\\ufffd"); /* as long as what it replaces */
    unsigned char seen = 0;
    *out_token = (struct string_token){.raw = STR_NONE};

    for (;;) {
        at = skip_plain(at, scan->end, &seen);
        if (at == scan->end)
            return refuse(scan, "a string without end", scan->at);
        if (*at == '"')
            break;
        if (*at != '\\')
            return refuse(scan, "a control character in a string", at);

        struct json_escape escape = json_escape_read(at, scan->end);
        if (escape.len == 0)
            return refuse(scan, "an unknown escape", at);
        if (escape.is_damaged) {
            memcpy(repairable(scan, at), replacement.ptr, replacement.len);
            out_token->is_damaged = true;
        }
        out_token->is_escaped = true;
        at += escape.len;
    }
    out_token->raw = str_from(first, (size_t)(at - first));
    if ((seen & 0x80) != 0 && !utf8_is_valid(out_token->raw))
        return refuse(scan, "bad UTF-8 in the string", scan->at);
    scan->at = at + 1;
    return true;
}

static bool scan_key(struct scan *scan)
{
    if (scan->at == scan->end || *scan->at != '"')
        return refuse(scan, "no member name", scan->at);
    const char *quote = scan->at;
    struct string_token token;
    if (!scan_string(scan, &token))
        return false;

    /* Damage counts as U+FFFD here too, so that no two keys become equal by repair. */
    keys_push(&scan->keys, token.raw, token.is_escaped, offset_of(scan, quote));
    return true;
}

/* ---- values ---- */

static bool scan_value(struct scan *scan);

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

static bool scan_fraction_and_exponent(struct scan *scan)
{
    if (take(scan, '.')) {
        const char *digits = scan->at;
        scan->at = skip_digits(digits, scan->end);
        if (scan->at == digits)
            return refuse(scan, "no digit after the point", digits);
    }
    if (take(scan, 'e') || take(scan, 'E')) {
        if (!take(scan, '+'))
            (void)take(scan, '-');
        const char *digits = scan->at;
        scan->at = skip_digits(digits, scan->end);
        if (scan->at == digits)
            return refuse(scan, "no digit in the exponent", digits);
    }
    return true;
}

static bool scan_number(struct scan *scan)
{
    uint32_t number = scan->value_count - 1;
    const char *first = scan->at;
    (void)take(scan, '-');
    const char *digits = scan->at;
    scan->at = skip_digits(digits, scan->end);
    const char *behind_digits = scan->at;
    if (behind_digits == digits)
        return refuse(scan, "no digit", digits);
    if (*digits == '0' && behind_digits - digits > 1)
        return refuse(scan, "a number with a leading zero", first);
    if (!scan_fraction_and_exponent(scan))
        return false;
    if (scan->at == behind_digits && behind_digits - digits <= PLAIN_DIGITS)
        return true;

    /* cJSON would round it, and fails past 63 bytes: give it a zero in its place. */
    char *repair = repairable(scan, first);
    memset(repair, ' ', (size_t)(scan->at - first));
    *repair = '0';
    note_oddity(scan, number, first);
    return true;
}

static bool scan_string_value(struct scan *scan)
{
    uint32_t number = scan->value_count - 1;
    const char *first = scan->at;
    struct string_token token;
    if (!scan_string(scan, &token))
        return false;
    if (token.is_damaged)
        note_oddity(scan, number, first);
    return true;
}

static bool scan_word(struct scan *scan, struct str word)
{
    size_t left = (size_t)(scan->end - scan->at);
    if (left < word.len || memcmp(scan->at, word.ptr, word.len) != 0)
        return refuse(scan, "an unknown word", scan->at);
    scan->at += word.len;
    return true;
}

static bool scan_members(struct scan *scan)
{
    do {
        skip_blanks(scan);
        if (!scan_key(scan))
            return false;
        skip_blanks(scan);
        if (!take(scan, ':'))
            return refuse(scan, "no colon after a member name", scan->at);
        if (!scan_value(scan))
            return false;
        skip_blanks(scan);
    } while (take(scan, ','));
    if (!take(scan, '}'))
        return refuse(scan, "neither a comma nor the end of an object", scan->at);
    return true;
}

static bool scan_elements(struct scan *scan)
{
    do {
        if (!scan_value(scan))
            return false;
        skip_blanks(scan);
    } while (take(scan, ','));
    if (!take(scan, ']'))
        return refuse(scan, "neither a comma nor the end of an array", scan->at);
    return true;
}

static bool scan_object(struct scan *scan)
{
    scan->at++;
    skip_blanks(scan);
    if (take(scan, '}'))
        return true;
    size_t first_key = scan->keys.count;
    if (!scan_members(scan))
        return false;
    uint32_t twice = 0;
    if (!keys_pop_distinct(&scan->keys, first_key, &twice))
        return refuse(scan, "a member named twice", scan->start + twice);
    return true;
}

static bool scan_array(struct scan *scan)
{
    scan->at++;
    skip_blanks(scan);
    if (take(scan, ']'))
        return true;
    return scan_elements(scan);
}

static bool scan_nested(struct scan *scan, bool (*scan_container)(struct scan *))
{
    if (scan->depth_left == 0)
        return refuse(scan, "nested too deeply", scan->at);
    scan->depth_left--;
    bool is_valid = scan_container(scan);
    scan->depth_left++;
    return is_valid;
}

static bool scan_value(struct scan *scan)
{
    skip_blanks(scan);
    if (scan->at == scan->end)
        return refuse(scan, "no value", scan->at);
    scan->value_count++;
    switch (*scan->at) {
    case '"':
        return scan_string_value(scan);
    case '{':
        return scan_nested(scan, scan_object);
    case '[':
        return scan_nested(scan, scan_array);
    case 't':
        return scan_word(scan, STR("true"));
    case 'f':
        return scan_word(scan, STR("false"));
    case 'n':
        return scan_word(scan, STR("null"));
    default:
        if (*scan->at != '-' && !is_digit(*scan->at))
            return refuse(scan, "no value", scan->at);
        return scan_number(scan);
    }
}

static bool scan_document(struct scan *scan)
{
    if (!scan_value(scan))
        return false;
    skip_blanks(scan);
    if (scan->at != scan->end)
        return refuse(scan, "more after the end", scan->at);
    return true;
}

enum status json_check(struct str bytes, unsigned max_depth, struct json_check *check,
                       struct error *err)
{
    assert(max_depth <= JSON_CHECK_MAX_DEPTH);
    *check = (struct json_check){.repaired = NULL};
    if (bytes.len > INT_MAX)
        return fail(err, STATUS_INVALID, "not valid JSON: longer than 2 GiB");

    struct scan scan;
    scan.start = bytes.len == 0 ? "" : bytes.ptr;
    scan.at = scan.start;
    scan.end = scan.start + bytes.len;
    scan.depth_left = max_depth;
    scan.value_count = 0;
    scan.check = check;
    scan.err = err;
    keys_init(&scan.keys);

    bool is_valid = scan_document(&scan);
    keys_release(&scan.keys);
    return is_valid ? STATUS_OK : STATUS_INVALID;
}

void json_check_release(struct json_check *check)
{
    mem_free(check->oddities);
    mem_free(check->repaired);
    *check = (struct json_check){.repaired = NULL};
}

size_t json_number_len(struct str bytes, size_t at)
{
    size_t len = 0;
    while (at + len < bytes.len) {
        char byte = bytes.ptr[at + len];
        if (!is_digit(byte) && byte != '-' && byte != '+' && byte != '.' &&
            byte != 'e' && byte != 'E')
            break;
        len++;
    }
    return len;
}
