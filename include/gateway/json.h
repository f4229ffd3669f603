/*
 * json: the one door to cJSON.
 *
 * The bytes are checked before cJSON sees them: RFC 8259 grammar, UTF-8, depth, no
 * duplicate keys (after unescaping), nothing but white space after the end. Two things
 * survive that cJSON alone would lose:
 *   - \u0000 and lone surrogates in strings become U+FFFD and the string is marked, so
 * that ids can be refused and texts kept (json_str_is_damaged);
 *   - numbers keep their digits: json_i64 reads every int64 exactly, json_print writes
 *     what came.
 * Names are compared with case. A parsed tree belongs to its caller; nodes and strings
 * borrowed from it live as long as it does. Any thread; a tree belongs to one thread.
 */
#pragma once

#include "gateway/arena.h"
#include "gateway/status.h"

struct json;

enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

#define JSON_DEPTH_DEFAULT 32

/*
 * STATUS_INVALID  not JSON as above; err says what and at which byte
 * STATUS_RETRY    cJSON found no memory
 */
MUST_CHECK enum status json_parse(struct str bytes, unsigned max_depth,
                                  struct json **out_json, struct error *err);
void json_free(struct json *json);
void json_freep(struct json **json);

/* NULL when `object` is NULL, not an object, or has no such member. */
const struct json *json_get(const struct json *object, const char *name);
enum json_kind json_kind_of(const struct json *json);
/* First child of an array or object, next sibling; NULL at the end (and for NULL). */
const struct json *json_first(const struct json *json);
const struct json *json_next(const struct json *json);
size_t json_count(const struct json *json);
/* Member name; empty for array elements. */
struct str json_name(const struct json *json);

/* These set *out only when the node is there and of that kind. */
bool json_str(const struct json *json, struct str *out_value);
/* Whole numbers only, written without an exponent; 12.0 is one. */
bool json_i64(const struct json *json, int64_t *out_value);
bool json_bool(const struct json *json, bool *out_value);
/* Any number, as it was written; the text lives in the arena, or is NULL where that has
 * no room. */
bool json_digits(const struct json *json, struct arena *arena, struct str *out_text);
/* The string held \u0000 or a lone surrogate (now U+FFFD): not usable as an id. */
bool json_str_is_damaged(const struct json *json);

/*
 * Reading by table: one row a member. `offset` is where the value goes in *out: struct
 * str for JSON_STRING, int64_t for JSON_NUMBER, bool for JSON_BOOL, const struct json *
 * for JSON_ARRAY and JSON_OBJECT. An absent or null optional member leaves its place
 * untouched.
 */
enum json_need { JSON_OPTIONAL, JSON_REQUIRED };
enum json_form {
    JSON_ANY, /* any value of the kind */
    JSON_ID,  /* a string that id_is_valid accepts and that is not damaged */
};
struct json_field {
    const char *name;
    enum json_kind kind;
    enum json_need need;
    enum json_form form;
    size_t offset;
};
/* STATUS_INVALID with the JSON Pointer `base`/name of the first member that does not
 * fit. */
MUST_CHECK enum status json_read(const struct json *object,
                                 const struct json_field *fields, size_t count,
                                 const char *base, void *out, struct error *err);

/*
 * Building. A failing allocation inside cJSON is sticky: the tree is marked and
 * json_print answers STATUS_RETRY, so builders need no check per call. Children given
 * to json_add and json_append belong to the parent from then on (also when it fails).
 */
struct json *json_new_object(void);
struct json *json_new_array(void);
/* Bytes that JSON cannot carry (NUL, bad UTF-8) become U+FFFD. */
struct json *json_new_str(struct str value);
struct json *json_new_i64(int64_t value);
void json_add(struct json *object, const char *name, struct json *child);
void json_add_str(struct json *object, const char *name, struct str value);
void json_add_i64(struct json *object, const char *name, int64_t value);
void json_add_bool(struct json *object, const char *name, bool value);
struct json *json_add_object(struct json *object, const char *name); /* borrowed */
struct json *json_add_array(struct json *object, const char *name);  /* borrowed */
void json_append(struct json *array, struct json *child);
struct json *json_append_object(struct json *array); /* borrowed */

/*
 * Compact text, which json_parse accepts.
 *
 * STATUS_RETRY      memory ran out while building or printing
 * STATUS_TOO_LARGE  the text does not fit under the ceiling of `out` or `arena`
 */
MUST_CHECK enum status json_print(const struct json *json, struct buf *out,
                                  struct error *err);
MUST_CHECK enum status json_print_arena(const struct json *json, struct arena *arena,
                                        struct str *out, struct error *err);
