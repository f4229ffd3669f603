/*
 * structured: what a message of Genesys Cloud carries beside its text, in our words.
 */
#pragma once

#include "gateway/event.h"
#include "gateway/json.h"
#include "gateway/keep.h"

/*
 * Reads a `content` array. What is only text here (date picker, list, template), or not
 * understood at all, becomes lines of the fallback, so that nothing is lost silently.
 * A full arena shows in the keeper.
 */
void genesys_read_content(struct keeper *keep, const struct json *list,
                          struct content *out);
