/*
 * nearest: the valid name a mistyped one was probably meant to be. Any thread.
 */
#pragma once

#include "gateway/text.h"

#define NEAREST_NAME_BYTES 192 /* longer ones have no neighbours */

struct nearest {
    struct str wanted; /* borrowed: as it was typed */
    size_t distance;   /* edits from `wanted` to `best` */
    char best[NEAREST_NAME_BYTES + 1];
};

void nearest_start(struct nearest *nearest, struct str wanted);
void nearest_offer(struct nearest *nearest, struct str name);
/* Of the names offered, the first with the fewest edits; NULL when none is near enough.
 */
const char *nearest_name(const struct nearest *nearest);
/* " did you mean "name"?", for the end of a message; `otherwise` when none is near. */
void nearest_print(const struct nearest *nearest, const char *otherwise, char *out,
                   size_t room);
