/*
 * content: what an agent or a bot shows, as an order brings it: short forms are written
 * out, and all is held against the models and the rules that stand beside them.
 */
#pragma once

#include "shape.h"

/*
 * The content of an order as Genesys sends it, in an object of the caller's that has it
 * as `content`; NULL when the order brings none. `attachment` is the JSON of the file
 * that the order names, or empty.
 *
 * STATUS_INVALID  *out_misfit says what is wrong
 * STATUS_RETRY    no memory
 */
MUST_CHECK enum status content_read(const struct json *order, struct str attachment,
                                    struct json **out_content,
                                    struct misfit *out_misfit);
