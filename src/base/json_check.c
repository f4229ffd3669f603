#include "json_check.h"

#include <assert.h>
#include <limits.h>

#include "gateway/memory.h"
#include "json_escape.h"
#include "json_keys.h"

/* Doubles hold every whole number of so many digits, and cJSON prints it exactly. */
#define PLAIN_DIGITS 15
/* Shorter strings cost cJSON no more than leaving them out. */
#define LONG_STRING 24

struct scan {
    const char *start;
    const char *at; /* next byte to read */
    const char *end;
    unsigned depth_left;
    uint32_t value_count;
    const char *copied; /* what stands before it is in check->copy */
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

/* The copy for cJSON has `instead` in the place of these bytes. */
static void replace(struct scan *scan, const char *from, const char *end,
                    struct str instead)
{
    buf_add_bytes(&scan->check->copy, scan->copied, (size_t)(from - scan->copied));
    buf_add(&scan->check->copy, instead);
    scan->copied = end;
}

static void note_oddity(struct scan *scan, uint32_t number, const char *at, size_t len)
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
        .len = (uint32_t)len, /* as offset_of */
    };
}

/* ---- strings ---- */

/* Reads the string that begins at scan->at (on its quote) and steps behind it. */
static bool scan_string(struct scan *scan, struct string_token *out_token)
{
    const char *first = scan->at + 1;
    const char *at = first;
    unsigned char seen = 0;
    *out_token = (struct string_token){.raw = STR_NONE};

    for (;;) {
        at = json_skip_plain(at, scan->end, &seen);
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
            replace(scan, at, at + escape.len, STR("\\ufffd"));
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
    replace(scan, first, scan->at, STR("0"));
    note_oddity(scan, number, first, (size_t)(scan->at - first));
    return true;
}

static bool scan_string_value(struct scan *scan)
{
    uint32_t number = scan->value_count - 1;
    const char *first = scan->at;
    struct string_token token;
    if (!scan_string(scan, &token))
        return false;
    if (token.is_damaged) {
        note_oddity(scan, number, first, 0);
    } else if (!token.is_escaped && token.raw.len >= LONG_STRING) {
        replace(scan, token.raw.ptr, token.raw.ptr + token.raw.len, STR_NONE);
        note_oddity(scan, number, token.raw.ptr, token.raw.len);
    }
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
    if (scan->copied != scan->start)
        replace(scan, scan->end, scan->end, STR_NONE);
    return true;
}

enum status json_check(struct str bytes, unsigned max_depth, struct json_check *check,
                       struct error *err)
{
    assert(max_depth <= JSON_CHECK_MAX_DEPTH);
    *check = (struct json_check){.oddities = NULL};
    buf_init(&check->copy, bytes.len);
    if (bytes.len > INT_MAX)
        return fail(err, STATUS_INVALID, "not valid JSON: longer than 2 GiB");

    struct scan scan;
    scan.start = bytes.len == 0 ? "" : bytes.ptr;
    scan.at = scan.start;
    scan.end = scan.start + bytes.len;
    scan.copied = scan.start;
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
    buf_release(&check->copy);
    *check = (struct json_check){.oddities = NULL};
}
