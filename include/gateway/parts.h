/*
 * parts: how a text too long for the peer is cut into messages, and what each is
 * called.
 *
 * Cut behind a word where there is one, else between what a reader sees as characters;
 * always the same way, so that an attempt resumes at the first part not done. The parts
 * together are the text. Pure; any thread.
 */
#pragma once

#include "gateway/arena.h"

/* What a peer counts a text in. */
enum text_unit { TEXT_CODE_POINTS, TEXT_UTF16, TEXT_BYTES };
size_t text_length(struct str text, enum text_unit unit);

/* The most that one message of a peer holds. */
struct text_limit {
    size_t max; /* at least 1; a code point longer than that goes alone all the same */
    enum text_unit unit;
};
bool text_fits(struct str text, struct text_limit limit);
/* Bytes of the longest beginning that fits and ends between two characters. */
size_t text_prefix(struct str text, struct text_limit limit);

/* At least 1: an empty text is one empty part. */
size_t parts_count(struct str text, struct text_limit limit);
/* Part `index`, counted from 0; empty past the end. */
struct str parts_text(struct str text, struct text_limit limit, size_t index);

/* "<public id>" of part 0, "<public id>-<index>" of the others.
 * Source: design.md section 2, "Ids". */
struct str part_id(const char *public_id, size_t index, struct arena *arena);
/* The message's id behind a part's: without "-<index>". Ids of other shape stay as is.
 */
struct str part_message_id(struct str id);
/* Whether the id, or the message's behind a part's, has the shape of ours: a UUIDv7 in
 * 32 lower-case hex digits. */
bool part_id_is_ours(struct str id);
