/*
 * media_types: which media types go through, as a supported content profile says.
 *
 * Until something is ordered, all do. Belongs to the front thread.
 * Source: open-messaging.md, section 2.3; read 2026-11-21.
 */
#pragma once

#include "shape.h"

/* Attachments are up to 25 MB, in both directions. */
#define MEDIA_BYTES_MAX (INT64_C(25) * 1024 * 1024)

/* "image/png", "text/plain; charset=utf-8", up to 127 bytes: what a header can carry.
 */
bool media_type_is_valid(struct str type);

struct media_types {
    struct json
        *order; /* owned: lists `inbound` and `outbound`; NULL: all go through */
};

void media_types_clear(struct media_types *types);
/* Takes the order over; false when one of its types is none, *out_misfit says which. A
 * side that is left out lets all through. */
MUST_CHECK bool media_types_set(struct media_types *types, struct json *order,
                                struct misfit *out_misfit);
/* Whether a file of that type may go in that direction, "inbound" or "outbound". */
bool media_types_allow(const struct media_types *types, const char *direction,
                       struct str mime);
/* As an order. */
void media_types_print(const struct media_types *types, struct buf *out);
