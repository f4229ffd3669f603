/*
 * form: application/x-www-form-urlencoded, the bodies and queries of browsers and of
 * some services' webhooks.
 *
 * Source: WHATWG URL Standard, section 5, "application/x-www-form-urlencoded"; read
 * 2026-12-01. Pure; any thread.
 */
#pragma once

#include "gateway/arena.h"
#include "gateway/status.h"
#include "gateway/text.h"

struct form_field {
    struct str name;
    struct str value;
};

struct form {
    struct form_field *fields; /* in the order of the text */
    size_t count;
};

/*
 * Decoded names and values live in the arena. A '%' that begins no two hex digits
 * stands for itself; empty pieces between '&' are no fields. Bytes are not looked at:
 * they may be no UTF-8. STATUS_TOO_LARGE  more than `max` fields, or of what the arena
 * holds
 */
MUST_CHECK enum status form_parse(struct str text, size_t max, struct arena *arena,
                                  struct form *out, struct error *err);
/* The first field of that name; empty when there is none. */
struct str form_get(const struct form *form, const char *name);
/* Whether there is a field of that name, be it empty. */
bool form_has(const struct form *form, const char *name);

/* Adds "name=value" encoded, behind a '&' unless it is the first. */
void form_add(struct buf *out, const char *name, struct str value);
/* For one segment of a path, or a value of a query: all but RFC 3986's unreserved
 * characters as %XX. */
void percent_encode(struct buf *out, struct str text);
