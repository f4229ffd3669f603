/*
 * flood: how many messages one contact sent in the last minute. Front thread; time
 * comes in.
 *
 * Exact over any 60 s. Its memory is bounded: when very many messages of a minute are
 * remembered, the oldest are forgotten early, which lets through rather than refuses.
 */
#pragma once

#include "gateway/text.h"

struct flood;

struct flood *flood_new(void);
void flood_free(struct flood *flood); /* accepts NULL */
/*
 * Whether the contact of the bridge may send one more, being allowed `per_minute`;
 * counts it if so. Else *out_wait_ms says when one may.
 */
bool flood_admits(struct flood *flood, int64_t bridge_row, struct str contact_id,
                  int64_t per_minute, int64_t now_ms, int64_t *out_wait_ms);
