/*
 * outline: the dotted names of rows as nested maps, for everything that writes YAML:
 * the lines that open a map come before the first row inside it.
 */
#pragma once

#include "gateway/text.h"

struct outline {
    struct str key;  /* of the current line */
    size_t depth;    /* of the current line, below the section */
    struct str rest; /* what follows `key` in the name */
    bool is_started;
};

/* Rows of one map follow each other; `previous` is "" before the first. */
struct outline outline_of(const char *previous, const char *name);
/* True: the line opens the map `key`. False: it is the row's own, with its last key. */
bool outline_next(struct outline *outline);

/*
 * Starts a line: indentation, then "- " in place of its last two spaces when the line
 * is the first of a list's entry.
 */
void outline_indent(struct buf *out, size_t depth, bool is_commented, bool is_entry);
/* A scalar, in quotes where YAML would read something else. */
void outline_scalar(struct buf *out, struct str text);
