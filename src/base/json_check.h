/*
 * json_check: are these bytes JSON as json.h promises it, and what would cJSON spoil?
 *
 * One pass over the bytes, no allocation unless the text is odd, has objects of many
 * members or long strings. What cJSON would spoil is listed, with a copy of the bytes
 * that it can digest. Long strings are listed and left out of the copy too: cJSON goes
 * over each of their bytes twice, at twenty instructions a byte.
 */
#pragma once

#include "gateway/status.h"
#include "gateway/text.h"

/* cJSON gives up below its own CJSON_NESTING_LIMIT of 1000. */
#define JSON_CHECK_MAX_DEPTH 1000

/*
 * A value whose node needs a second look: a string that held \u0000 or a lone
 * surrogate; a number that is not a whole one of at most 15 digits, in the copy 0; a
 * long string without escapes, in the copy "".
 */
struct json_oddity {
    uint32_t number; /* of the value, from 0, in the order in which values begin */
    uint32_t at;     /* its first byte; of a long string, the one behind the quote */
    uint32_t len;    /* of a number or a long string; of another 0 */
};

struct json_check {
    struct json_oddity *oddities; /* owned; in document order */
    size_t oddity_count;
    size_t oddity_capacity;
    struct buf copy; /* owned; empty when the bytes serve as they are */
};

/* STATUS_INVALID says what is wrong, at which byte. Release in either case. */
MUST_CHECK enum status json_check(struct str bytes, unsigned max_depth,
                                  struct json_check *check, struct error *err);
void json_check_release(struct json_check *check); /* also for CLEANUP */
