/*
 * cell: a value of a row, made where no database gives it, and as people and scripts
 * read it: without control characters, so that nobody outside moves the operator's
 * cursor.
 */
#pragma once

#include "gateway/store.h"

struct json;

struct list_cell cell_text(const char *name, const char *text);
struct list_cell cell_prose(const char *name, struct str text);
struct list_cell cell_number(const char *name, int64_t number);
/* With its importance: see struct list_cell. */
struct list_cell cell_ranked(unsigned rank, struct list_cell cell);
struct list_cell cell_time(const char *name, int64_t unix_ms); /* 0: empty */

/* As a text; nothing when it is empty. */
void cell_add(const struct list_cell *cell, struct buf *out);
/* As a member of its name; none when it is empty. */
void cell_add_member(const struct list_cell *cell, struct json *object);
