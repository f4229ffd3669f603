/*
 * parts: how a text too long for the peer is cut into messages, and what each is
 * called.
 *
 * Cut on code-point borders, always the same way, so that an attempt resumes at the
 * first part not done. Pure; any thread.
 */
#pragma once

#include "gateway/arena.h"

/* At least 1: an empty text is one empty part. `max` is in code points, at least 1. */
size_t parts_count(struct str text, size_t max);
/* Part `index`, counted from 0; empty past the end. */
struct str parts_text(struct str text, size_t max, size_t index);

/* "<public id>" of part 0, "<public id>-<index>" of the others.
 * Source: design.md section 2, "Ids". */
struct str part_id(const char *public_id, size_t index, struct arena *arena);
/* The message's id behind a part's: without "-<index>". Ids of other shape stay as is.
 */
struct str part_message_id(struct str id);
/* Whether the id, or the message's behind a part's, has the shape of ours: a UUIDv7 in
 * 32 lower-case hex digits. */
bool part_id_is_ours(struct str id);
