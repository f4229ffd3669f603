/*
 * sheet: rows for a person or a script. A table as wide as the terminal, tab-separated
 * lines when piped, one JSON document where asked for; one row alone as lines of name
 * and value.
 *
 * What people wrote is shown without control characters: nobody outside moves the
 * operator's cursor.
 */
#pragma once

#include "command.h"

#include "gateway/store.h"

enum sheet_style { SHEET_TABLE, SHEET_TABS, SHEET_JSON };

struct sheet;

/* As stdout is, unless JSON is asked for. */
enum sheet_style sheet_style(bool as_json);
struct sheet *sheet_new(void);
void sheet_freep(struct sheet **sheet);
/* A store_row_seen with a struct sheet as context; all rows have the same columns. */
void sheet_row(const struct list_cell *cells, size_t count, void *context);
size_t sheet_rows(const struct sheet *sheet);
/* First cell of the last row: what the next page is asked for by. 0: no row. */
int64_t sheet_last(const struct sheet *sheet);

/* All rows. `next`: the number to go on behind; 0: there is no further page. */
enum exit_code sheet_print(const struct sheet *sheet, enum sheet_style style,
                           unsigned width, int64_t next);
/* Each row with all its columns, one a line; JSON: the row, or a list of several. */
enum exit_code sheet_print_records(const struct sheet *sheet, enum sheet_style style);
struct json;
/* The rows as a JSON array, for a document that holds more. */
struct json *sheet_json_rows(const struct sheet *sheet);
/* Columns of the terminal; 80 when it does not say. */
unsigned sheet_width(void);

/* For rows that no database gives. */
struct list_cell cell_text(const char *name, const char *text);
struct list_cell cell_number(const char *name, int64_t number);
struct list_cell cell_time(const char *name, int64_t unix_ms); /* 0: empty */
