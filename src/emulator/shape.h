/*
 * shape: whether a received value has the shape that an API model asks for.
 *
 * A model is a table, one row a member; unknown members are accepted. What does not fit
 * is said the way Genesys says it: an error code, a sentence, the field's path. Any
 * thread. Source: schemas.json (SDK 262.0.0); read 2026-11-21.
 */
#pragma once

#include "gateway/json.h"

enum member_kind {
    MEMBER_TEXT,
    MEMBER_ID,   /* a text that is not empty and lost nothing in reading */
    MEMBER_TIME, /* yyyy-MM-ddTHH:mm:ss[.mmm]Z */
    MEMBER_ENUM,
    MEMBER_ENUM_NOCASE,
    MEMBER_BOOL,
    MEMBER_INTEGER,
    MEMBER_NUMBER,
    MEMBER_TEXTS,  /* an array of texts that are not empty */
    MEMBER_MAP,    /* an object of texts */
    MEMBER_OBJECT, /* of `shape`; NULL: any object */
    MEMBER_ARRAY,  /* of objects of `shape` */
};

struct shape;
struct member {
    const char *name;
    enum member_kind kind;
    bool is_required;
    const char *const *values; /* of an enum, ends with NULL */
    const struct shape *shape; /* of an object, or of an array's elements */
};
struct shape {
    const char *model; /* name in the API definition */
    const struct member *members;
    size_t count;
};

#define SHAPE(model, members)                                                          \
    {                                                                                  \
        (model), (members), COUNT_OF(members)                                          \
    }

struct misfit {
    const char *code; /* "bad.request", "invalid.value", "invalid.date" */
    char field[160];  /* "channel.from.id" */
    char text[400];
};

/* False and *out_misfit at the first member that does not fit. */
MUST_CHECK bool shape_fits(const struct json *value, const struct shape *shape,
                           struct misfit *out_misfit);

/* The member's text; empty when it is missing. */
struct str text_of(const struct json *object, const char *name);
/* The member, unless it is missing or null. */
const struct json *member_of(const struct json *object, const char *name);
/* Position in a list that ends with NULL, or -1. */
int64_t name_index(const char *const *names, struct str name);
