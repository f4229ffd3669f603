/*
 * json_node: what a node is to the two halves of json.h, reading (json.c) and building
 * (json_build.c).
 *
 * A node is a cJSON item, with four conventions of our own:
 *   - JSON_QUOTED marks a cJSON_Raw that is a string, with its quotes: one that was
 *     built and needs no escapes;
 *   - a parsed number that is not a whole one of at most 15 digits is a cJSON_Raw with
 * its text, so that it is read exactly and printed as it came;
 *   - JSON_DAMAGED marks a string (cJSON looks at the low byte of the type only);
 *   - a container that lost a child to a failed allocation becomes cJSON_Invalid, which
 *     cJSON_Delete frees like any other and no print function accepts.
 */
#pragma once

#include <cjson/cJSON.h>

#include "gateway/json.h"

struct json {
    cJSON item;
};

#define JSON_DAMAGED (1 << 16)
#define JSON_QUOTED (1 << 17)
#define JSON_TYPE_MASK 0xff

static inline struct json *json_of(cJSON *item)
{
    return (struct json *)(void *)item;
}

static inline int json_type(const struct json *json)
{
    if (json == NULL)
        return cJSON_NULL;
    return (json->item.type & JSON_QUOTED) != 0 ? cJSON_String
                                                : json->item.type & JSON_TYPE_MASK;
}

/* A copy that cJSON will free, terminated; NULL when there is no memory. */
char *json_copy_text(struct str text);
