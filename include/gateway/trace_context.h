/*
 * trace_context: the header traceparent of W3C Trace Context, kept with a message and
 * handed on with every request that is made because of it. Pure; any thread.
 *
 * tracestate is not carried: it is the business of one side's tools.
 */
#pragma once

#include "gateway/random.h"
#include "gateway/text.h"

/* "00-" trace id (32) "-" span id (16) "-" flags (2), all lower-case hex. */
#define TRACEPARENT_BYTES 55

/*
 * The part of a header's value that is kept, a view of TRACEPARENT_BYTES; empty when
 * the value is not valid. Of a later version what this one knows is kept.
 */
struct str traceparent_read(struct str value);

/*
 * The value for a request of ours: a new span within the trace of `parent`, as given by
 * traceparent_read. Where that is empty the trace is named `public_id` (a message's, 32
 * hex digits) and not sampled; where that is empty too, by chance.
 */
void traceparent_make(struct str parent, struct str public_id, struct random *random,
                      char out_text[TRACEPARENT_BYTES + 1]);
