/*
 * content_rules: what content has to keep to beyond its models.
 * Sources: open-messaging.md, sections 2.3 and 4.4; schemas.json; read 2026-11-21.
 */
#pragma once

#include "shape.h"

struct checking;

/* A content type and the member that holds what it shows. */
struct content_kind {
    const char *type;
    const char *member;
    /* The model was checked; false after saying what is wrong. */
    bool (*fits)(struct checking *checking, const struct json *value);
};

extern const struct content_kind content_kinds[]; /* ends with NULLs */

/* Each element fits its kind, and there is at most one attachment. */
MUST_CHECK bool content_follows_rules(const struct json *content,
                                      struct misfit *out_misfit);
