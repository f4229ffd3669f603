/* plain: texts without what differs between two runs. */
#pragma once

#include "gateway/text.h"

/* Each run of hex digits and dashes that has a decimal digit becomes #. */
void plain_add(struct buf *out, struct str text);
