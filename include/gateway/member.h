/*
 * member: optional members of JSON objects, for protocols that promise little: read
 * when they are what they should be, written when there is something to write. Any
 * thread.
 */
#pragma once

#include "gateway/json.h"
#include "gateway/keep.h"

/* A view of the member; empty when it is missing or no string. */
struct str member_text(const struct json *object, const char *name);
/* Keeps a member that is an id as design.md section 2 wants it. False when it is
 * missing, no such id, or does not fit. */
bool member_id(const struct json *object, const char *name, struct keeper *keeper,
               struct str *out_id);

/* The same of an id that is a whole number on the wire: its digits. */
bool member_number_id(const struct json *object, const char *name,
                      struct keeper *keeper, struct str *out_id);

/* Adds nothing when the value is empty. */
void member_add_text(struct json *object, const char *name, struct str value);
