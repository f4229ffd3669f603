/*
 * sheet: rows for a person or a script. A table as wide as the terminal, tab-separated
 * lines when piped, one JSON document where asked for; one row alone as lines of name
 * and value.
 *
 * What people wrote is shown without control characters: nobody outside moves the
 * operator's cursor.
 */
#pragma once

#include "cell.h"
#include "command.h"

enum sheet_style { SHEET_TABLE, SHEET_TABS, SHEET_JSON };

struct sheet;

struct sheet_look {
    enum sheet_style style;
    unsigned width; /* of the terminal, in characters */
    bool has_colour;
    bool takes_columns; /* the command has --columns */
};

/* As stdout is, and as the options want it. */
struct sheet_look sheet_look(const struct invocation *invocation);
struct sheet *sheet_new(void);
void sheet_freep(struct sheet **sheet);
/* Which columns the rows will have, from cells without values; else the first row says
 * it. */
void sheet_columns(struct sheet *sheet, const struct list_cell *cells, size_t count);
/* Shows those columns only, in that order, whatever the width: --columns; NULL: as
 * usual. The columns are known. Says on stderr what is wrong. */
MUST_CHECK enum exit_code sheet_choose(struct sheet *sheet, const char *names);
/* Whether the column was chosen, or none was. */
bool sheet_shows(const struct sheet *sheet, const char *name);
/* A store_row_seen with a struct sheet as context; all rows have the same columns. */
void sheet_row(const struct list_cell *cells, size_t count, void *context);
size_t sheet_rows(const struct sheet *sheet);
/* First cell of the last row: what the next page is asked for by. 0: no row. */
int64_t sheet_last(const struct sheet *sheet);

/* All rows. `next`: the number to go on behind; 0: there is no further page. */
enum exit_code sheet_print(const struct sheet *sheet, const struct sheet_look *look,
                           int64_t next);
/* Each row with all its columns, one a line; JSON: the row, or a list of several. */
enum exit_code sheet_print_records(const struct sheet *sheet,
                                   const struct sheet_look *look);
/* The rows as a JSON array, for a document that holds more. */
struct json *sheet_json_rows(const struct sheet *sheet);
/* One of them, with what is not beyond that depth. */
struct json *sheet_json_row(const struct sheet *sheet, size_t row,
                            enum list_depth depth);
