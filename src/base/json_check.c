#include "json_check.h"

#include <assert.h>
#include <limits.h>

#include "gateway/arena.h"
#include "gateway/memory.h"

/* Doubles hold every whole number of so many digits, and cJSON prints it exactly. */
#define PLAIN_DIGITS 15
/* Objects up to this size are searched for duplicates pair by pair, larger ones sorted.
 */
#define PAIRWISE_KEYS 16
#define OWN_KEYS 48

struct key {
    struct str text; /* unescaped: in the bytes, or in scan->unescaped */
    uint32_t at;     /* of its opening quote */
    uint32_t hash;
};

struct scan {
    const char *start;
    const char *at; /* next byte to read */
    const char *end;
    unsigned depth_left;
    uint32_t value_count;
    struct json_check *check;
    struct error *err;
    /* Members of all objects that are still open, innermost last. */
    struct key *keys; /* own_keys, or on the heap */
    size_t key_count;
    size_t key_capacity;
    struct arena *unescaped; /* NULL until a key with an escape comes */
    struct key own_keys[OWN_KEYS];
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
    return (uint32_t)(at -
                      scan->start); /* json_check refuses more than INT_MAX bytes */
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

struct escape {
    size_t len;    /* from the backslash on; 0: malformed */
    uint32_t code; /* U+FFFD when damaged */
    bool is_damaged;
};

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
static struct escape read_unicode_escape(const char *at, const char *end)
{
    uint32_t unit;
    if (!read_hex4(at + 2, end, &unit))
        return (struct escape){.len = 0};

    uint32_t low;
    if (is_high_surrogate(unit) && end - at >= 12 && at[6] == '\\' && at[7] == 'u' &&
        read_hex4(at + 8, end, &low) && is_low_surrogate(low))
        return (struct escape){
            .len = 12,
            .code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00),
        };
    if (unit == 0 || is_high_surrogate(unit) || is_low_surrogate(unit))
        return (struct escape){.len = 6, .code = REPLACEMENT, .is_damaged = true};
    return (struct escape){.len = 6, .code = unit};
}

/* `at` stands on the backslash. */
static struct escape read_escape(const char *at, const char *end)
{
    static const char values[256] = {
        ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
        ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
    };
    if (end - at < 2)
        return (struct escape){.len = 0};
    if (at[1] == 'u')
        return read_unicode_escape(at, end);
    char value = values[(unsigned char)at[1]];
    return (struct escape){.len = value == '\0' ? 0 : 2, .code = (unsigned char)value};
}

/* Reads the string that begins at scan->at (on its quote) and steps behind it. */
static bool scan_string(struct scan *scan, struct string_token *out_token)
{
    const char *first = scan->at + 1;
    const char *at = first;
    unsigned char seen = 0; /* all plain bytes or-ed: its top bit tells of non-ASCII */
    *out_token = (struct string_token){.raw = STR_NONE};

    for (;;) {
        while (at < scan->end && is_plain[(unsigned char)*at])
            seen |= (unsigned char)*at++;
        if (at == scan->end)
            return refuse(scan, "a string without end", scan->at);
        if (*at == '"')
            break;
        if (*at != '\\')
            return refuse(scan, "a control character in a string", at);

        struct escape escape = read_escape(at, scan->end);
        if (escape.len == 0)
            return refuse(scan, "an unknown escape", at);
        if (escape.is_damaged) {
            memcpy(repairable(scan, at), "\\ufffd", 6);
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

/* ---- keys ---- */

static size_t utf8_encode(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* `raw` is the inside of a string that was scanned before. */
static struct str unescape(struct scan *scan, struct str raw)
{
    if (scan->unescaped == NULL)
        scan->unescaped =
            arena_new(SIZE_MAX); /* filled with no more than the bytes hold */
    char *text = arena_alloc(scan->unescaped, raw.len);
    size_t len = 0;

    const char *end = raw.ptr + raw.len;
    for (const char *at = raw.ptr; at < end;) {
        if (*at != '\\') {
            text[len++] = *at++;
            continue;
        }
        struct escape escape = read_escape(at, end);
        len += utf8_encode(escape.code, text + len); /* never longer than its escape */
        at += escape.len;
    }
    return str_from(text, len);
}

static uint64_t load64(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static uint64_t load32(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/*
 * Looks at both ends of the key only: equal hashes are compared byte by byte, and large
 * objects are sorted, so chosen collisions gain nothing.
 */
static uint32_t key_hash(struct str key)
{
    uint64_t head = 0;
    uint64_t tail = 0;
    if (key.len >= 8) {
        head = load64(key.ptr);
        tail = load64(key.ptr + key.len - 8);
    } else if (key.len >= 4) {
        head = load32(key.ptr);
        tail = load32(key.ptr + key.len - 4);
    } else if (key.len > 0) {
        head = (unsigned char)key.ptr[0];
        tail = (uint64_t)(unsigned char)key.ptr[key.len / 2] << 8 |
               (unsigned char)key.ptr[key.len - 1];
    }
    uint64_t mixed =
        (head ^ key.len) * 0x9e3779b97f4a7c15u + tail * 0xc2b2ae3d27d4eb4fu;
    return (uint32_t)(mixed >> 32);
}

/* A total order in which equal texts stand together. */
static int key_compare(const struct key *a, const struct key *b)
{
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    if (a->text.len != b->text.len)
        return a->text.len < b->text.len ? -1 : 1;
    return a->text.len == 0 ? 0 : memcmp(a->text.ptr, b->text.ptr, a->text.len);
}

static int key_sort_order(const void *a, const void *b)
{
    const struct key *left = a;
    const struct key *right = b;
    int order = key_compare(left, right);
    if (order != 0)
        return order;
    return left->at < right->at ? -1 : 1;
}

static bool refuse_duplicate(struct scan *scan, const struct key *later)
{
    return refuse(scan, "a member named twice", scan->start + later->at);
}

/* The members of the innermost object, which is complete, begin at `first`. */
static bool keys_are_distinct(struct scan *scan, size_t first)
{
    struct key *keys = scan->keys + first;
    size_t count = scan->key_count - first;
    if (count <= PAIRWISE_KEYS) {
        for (size_t later = 1; later < count; later++)
            for (size_t i = 0; i < later; i++)
                if (key_compare(&keys[i], &keys[later]) == 0)
                    return refuse_duplicate(scan, &keys[later]);
        return true;
    }
    qsort(keys, count, sizeof(keys[0]), key_sort_order);
    for (size_t i = 1; i < count; i++)
        if (key_compare(&keys[i - 1], &keys[i]) == 0)
            return refuse_duplicate(scan, &keys[i]);
    return true;
}

static struct key *push_key(struct scan *scan)
{
    if (scan->key_count == scan->key_capacity) {
        bool is_own = scan->keys == scan->own_keys;
        scan->key_capacity *= 2;
        scan->keys = mem_resize(is_own ? NULL : scan->keys,
                                scan->key_capacity * sizeof(scan->keys[0]));
        if (is_own)
            memcpy(scan->keys, scan->own_keys, sizeof(scan->own_keys));
    }
    return &scan->keys[scan->key_count++];
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
    struct key *key = push_key(scan);
    key->text = token.is_escaped ? unescape(scan, token.raw) : token.raw;
    key->at = offset_of(scan, quote);
    key->hash = key_hash(key->text);
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
    size_t first_key = scan->key_count;
    if (!scan_members(scan) || !keys_are_distinct(scan, first_key))
        return false;
    scan->key_count = first_key;
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

    struct scan scan; /* own_keys stay as they are: only what was pushed is read */
    scan.start = bytes.len == 0 ? "" : bytes.ptr;
    scan.at = scan.start;
    scan.end = scan.start + bytes.len;
    scan.depth_left = max_depth;
    scan.value_count = 0;
    scan.check = check;
    scan.err = err;
    scan.keys = scan.own_keys;
    scan.key_count = 0;
    scan.key_capacity = OWN_KEYS;
    scan.unescaped = NULL;

    bool is_valid = scan_document(&scan);
    if (scan.keys != scan.own_keys)
        mem_free(scan.keys);
    arena_free(scan.unescaped);
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
