/*
 * rows: a list that only grows, to a ceiling: row 1 is the oldest.
 *
 * The list owns its rows. A full list refuses, because what a test reads back must
 * never be a part without saying so. Belongs to the front thread.
 */
#pragma once

#include "gateway/base.h"

typedef void row_free(void *row);

struct rows {
    void **items; /* owned, each of them too */
    size_t count;
    size_t capacity;
    size_t ceiling;
    row_free *free;
    bool is_cut; /* a row was refused since the last clear */
};

void rows_init(struct rows *rows, size_t ceiling, row_free *free_row);
/* Frees every row. */
void rows_clear(struct rows *rows);
bool rows_are_full(const struct rows *rows);
/* Takes the row over, also when it is refused: then it is freed and is_cut is set. */
bool rows_add(struct rows *rows, void *row);
