/*
 * json_check: are these bytes JSON as json.h promises it, and what would cJSON spoil?
 *
 * One pass over the bytes, no allocation unless the text is odd or has objects of many
 * members. What cJSON would spoil is listed, with a copy of the bytes that it can
 * digest.
 */
#pragma once

#include "gateway/status.h"
#include "gateway/text.h"

/* cJSON gives up below its own CJSON_NESTING_LIMIT of 1000. */
#define JSON_CHECK_MAX_DEPTH 1000

/*
 * A value whose node needs a second look: a string that held \u0000 or a lone
 * surrogate, or a number that is not a whole one of at most 15 digits.
 */
struct json_oddity {
    uint32_t number; /* of the value, from 0, in the order in which values begin */
    uint32_t at;     /* its first byte */
};

struct json_check {
    struct json_oddity *oddities; /* owned; in document order */
    size_t oddity_count;
    size_t oddity_capacity;
    char *repaired; /* owned; as long as the bytes; NULL when they serve as they are */
};

/* STATUS_INVALID says what is wrong, at which byte. Release in either case. */
MUST_CHECK enum status json_check(struct str bytes, unsigned max_depth,
                                  struct json_check *check, struct error *err);
void json_check_release(struct json_check *check); /* also for CLEANUP */

/* Length of the number that begins at `at` in text that passed the check. */
size_t json_number_len(struct str bytes, size_t at);
