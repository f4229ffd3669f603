/*
 * columns: which columns of rows are shown, in which order and how wide: those that
 * were asked for, or the most important that a terminal has room for.
 */
#pragma once

#include "command.h"

#include "gateway/store.h"

#define COLUMNS_GAP 2 /* blanks between two */

struct columns {
    size_t at[LIST_COLUMNS_MAX]; /* which cells of a row, in the order shown */
    size_t count;
};

/* Those of a table. `cells`: a row, or only its names. */
void columns_usual(const struct list_cell *cells, size_t count, struct columns *out);
/* `names`: as --columns has them, with commas. Says on stderr which there is not. */
MUST_CHECK enum exit_code columns_choose(const char *names,
                                         const struct list_cell *cells, size_t count,
                                         struct columns *out);
/*
 * Leaves in `columns` the first and, by importance, those that fit into `width`; the
 * others go to `out_hidden`. `widths`, by cell: of the widest values; prose becomes as
 * narrow as it must.
 */
void columns_fit(const struct list_cell *cells, size_t *widths, size_t width,
                 struct columns *columns, struct columns *out_hidden);
