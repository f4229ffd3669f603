/*
 * text: views (struct str), growing bytes with a ceiling (struct buf), strict number
 * and time formats.
 *
 * A str borrows its bytes and is not terminated; print it with "%.*s", STR_ARG(s). A C
 * string exists only at a library's border. Any thread; one buf belongs to one thread.
 */
#pragma once

#include "gateway/base.h"

struct str {
    const char *ptr; /* borrowed; may be NULL when len is 0 */
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
#define STR_ARG(s) (int)(s).len, (s).ptr == NULL ? "" : (s).ptr

struct str str_of(const char *c_string); /* NULL gives an empty view */
struct str str_from(const void *bytes, size_t len);
bool str_equal(struct str a, struct str b);
bool str_is(struct str s, const char *c_string);
bool str_equal_nocase(struct str a, struct str b); /* ASCII only */
/* Whether `part` is somewhere in `s`; compared as by str_equal_nocase. */
bool str_holds_nocase(struct str s, struct str part);
bool str_starts(struct str s, struct str prefix);
/* Position of the byte or -1. */
int64_t str_find_byte(struct str s, char byte);
struct str str_sub(struct str s, size_t from, size_t len); /* clamped to s */
struct str str_trim(struct str s);                         /* ASCII space and tab */
/*
 * Cuts *rest at the first `separator`: returns what stands before it and leaves what
 * stands after it (empty at the end).
 */
struct str str_cut(struct str *rest, char separator);

/* Whole string, decimal, optional leading '-', no sign '+', no blanks, no overflow. */
MUST_CHECK bool str_to_i64(struct str s, int64_t *out_value);

/* Exactly 2 * len hex digits, either case. */
MUST_CHECK bool hex_decode(struct str hex, uint8_t *out_bytes, size_t len);
/* Writes 2 * len lower-case digits and a terminator. */
void hex_encode(const uint8_t *bytes, size_t len, char *out_text);

/* Valid UTF-8 (RFC 3629: no surrogates, nothing overlong, at most U+10FFFF). */
bool utf8_is_valid(struct str s);
/* Bytes of the first code point; 0 when s is empty or does not start with a valid one.
 */
size_t utf8_first(struct str s);
/* Code points in valid UTF-8. */
size_t utf8_count(struct str s);
/* Whether valid UTF-8 has at most `count` code points; short texts cost nothing. */
bool utf8_fits(struct str s, size_t count);
/* Bytes of the first `count` code points of valid UTF-8 (all if there are fewer). */
size_t utf8_prefix(struct str s, size_t count);

/* Writes a code point as 1 to 4 bytes and returns how many. What is none, such as a
 * surrogate, gives what utf8_is_valid refuses. */
size_t utf8_encode(uint32_t code, char *out_bytes);

/* Bytes of the first grapheme cluster of valid UTF-8, which a reader sees as one
 * character; 0 when s is empty. Source: Unicode Standard Annex 29, section 3. */
size_t grapheme_first(struct str s);

/* Cells that a terminal shows of valid UTF-8: two for a wide character, none for a mark
 * that stands on another. */
size_t cells_count(struct str s);
/* Bytes of the whole characters that `cells` of them show. */
size_t cells_prefix(struct str s, size_t cells);

/* An id as design.md section 2 wants it: 1-255 bytes, valid UTF-8, no control
 * character. */
bool id_is_valid(struct str id);

struct buf;
/* Adds a text from outside as one that may be stored and said: NUL, and every byte that
 * is no UTF-8, become U+FFFD. At most so many times as long. */
#define UTF8_REPAIR_GROWTH 3
void utf8_repair(struct str s, struct buf *out);

/* A growing buffer. Overflow of the ceiling is sticky; check buf_ok once at the end. */
struct buf {
    char *ptr; /* owned; always terminated by one extra NUL once not NULL */
    size_t len;
    size_t capacity;
    size_t ceiling;
    bool overflowed;
};

void buf_init(struct buf *buf, size_t ceiling);
void buf_release(struct buf *buf); /* also for CLEANUP */
void buf_clear(struct buf *buf);   /* keeps the memory */
void buf_add(struct buf *buf, struct str s);
void buf_add_bytes(struct buf *buf, const void *bytes, size_t len);
void buf_add_char(struct buf *buf, char c);
void buf_add_i64(struct buf *buf, int64_t value);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
/* Makes room for `len` more bytes and returns where they go; NULL past the ceiling.
 * The caller then adds what it wrote to buf->len. */
char *buf_room(struct buf *buf, size_t len);
bool buf_ok(const struct buf *buf);
struct str buf_str(const struct buf *buf);
const char *buf_c_string(struct buf *buf); /* "" when empty */
/* Hands the bytes on (terminated; the caller frees) and leaves the buf empty. */
char *buf_take(struct buf *buf);

/* 2026-02-03T09:15:40.250Z: always UTC, always three decimals. */
#define TIME_TEXT_BYTES 25
void time_format(int64_t unix_ms, char out_text[TIME_TEXT_BYTES]);
/*
 * RFC 3339 with any offset and 0-9 decimals, to milliseconds (cut, not rounded).
 * Leap seconds count as the second before. Years 1970-9999.
 */
MUST_CHECK bool time_parse(struct str text, int64_t *out_unix_ms);

/* "1500ms", "10s", "5m", "72h", "8d": a number and a unit, nothing else. */
MUST_CHECK bool duration_parse(struct str text, int64_t *out_ms);
/* "512", "64KiB", "1MiB", "2GiB". */
MUST_CHECK bool size_parse(struct str text, int64_t *out_bytes);

/* The last four characters (fewer if they are wide) behind "****"; only stars when the
 * text has fewer than nine. */
void mask(struct str secret, char out_text[16]);
