/*
 * print_json: the emulator's JSON writer, straight into a buf.
 *
 * No tree is built, because lists of a million rows are printed and received values are
 * repeated exactly as they came. Commas are put where the text so far needs one. Any
 * thread; one buf belongs to one thread.
 */
#pragma once

#include "gateway/json.h"

/* Starts an object or array as the next element, or as the member `name` (NULL: none).
 */
void print_object(struct buf *out, const char *name);
void print_array(struct buf *out, const char *name);
void print_end_object(struct buf *out);
void print_end_array(struct buf *out);

void print_str(struct buf *out, const char *name, struct str value);
void print_text(struct buf *out, const char *name, const char *value);
void print_i64(struct buf *out, const char *name, int64_t value);
void print_bool(struct buf *out, const char *name, bool value);
/* A time as Genesys writes it; nothing when it is 0 (not yet). */
void print_time(struct buf *out, const char *name, int64_t unix_ms);
/* Text that is JSON already; nothing when it is empty. */
void print_raw(struct buf *out, const char *name, struct str json);
/* An object in text, left open for more members. */
void print_raw_open(struct buf *out, const char *name, struct str json);
/* A received value again; nothing when it is NULL. */
void print_node(struct buf *out, const char *name, const struct json *node);
/* A received member again, under its own name. */
void print_member(struct buf *out, const struct json *member);
