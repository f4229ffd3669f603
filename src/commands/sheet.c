#include "sheet.h"

#include "gateway/arena.h"
#include "gateway/json.h"
#include "gateway/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Rows are a page of a list, or what one record says. */
#define SHEET_BYTES (256u * 1024 * 1024)
#define OUTPUT_BYTES (512u * 1024 * 1024)
#define WIDTH_DEFAULT 80
#define GAP 2 /* between columns */

struct sheet {
    struct arena *arena;
    struct list_cell *cells; /* rows one behind the other */
    size_t columns;
    size_t rows;
    size_t room;
};

/* --- collecting
 * ------------------------------------------------------------------------------- */

struct sheet *sheet_new(void)
{
    struct sheet *sheet = mem_new(sizeof(*sheet));
    sheet->arena = arena_new(SHEET_BYTES);
    return sheet;
}

void sheet_freep(struct sheet **sheet)
{
    if (*sheet == NULL)
        return;
    arena_free((*sheet)->arena);
    mem_free((*sheet)->cells);
    mem_free(*sheet);
}

void sheet_row(const struct list_cell *cells, size_t count, void *context)
{
    struct sheet *sheet = context;
    sheet->columns = count;
    if (sheet->rows == sheet->room) {
        sheet->room = sheet->room == 0 ? 64 : sheet->room * 2;
        sheet->cells =
            mem_resize(sheet->cells, sheet->room * count * sizeof(*sheet->cells));
    }
    for (size_t i = 0; i < count; i++) {
        struct list_cell *cell = &sheet->cells[sheet->rows * count + i];
        *cell = cells[i];
        cell->text = arena_copy(sheet->arena, cells[i].text);
    }
    sheet->rows++;
}

size_t sheet_rows(const struct sheet *sheet)
{
    return sheet->rows;
}

static const struct list_cell *cell_at(const struct sheet *sheet, size_t row,
                                       size_t column)
{
    return &sheet->cells[row * sheet->columns + column];
}

int64_t sheet_last(const struct sheet *sheet)
{
    return sheet->rows == 0 ? 0 : cell_at(sheet, sheet->rows - 1, 0)->number;
}

struct list_cell cell_text(const char *name, const char *text)
{
    struct str value = str_of(text);
    return (struct list_cell){
        .name = name, .form = LIST_TEXT, .text = value, .is_empty = value.len == 0};
}

struct list_cell cell_number(const char *name, int64_t number)
{
    return (struct list_cell){.name = name, .form = LIST_NUMBER, .number = number};
}

struct list_cell cell_time(const char *name, int64_t unix_ms)
{
    return (struct list_cell){
        .name = name, .form = LIST_TIME, .number = unix_ms, .is_empty = unix_ms == 0};
}

/* --- a cell as text
 * --------------------------------------------------------------------------- */

/* C0, DEL, and C1 as UTF-8 writes it: terminals obey all of them. */
static bool is_control(const unsigned char *bytes, size_t len)
{
    return bytes[0] < 0x20 || bytes[0] == 0x7f ||
           (len == 2 && bytes[0] == 0xc2 && bytes[1] < 0xa0);
}

static void add_plain(struct buf *out, struct str text)
{
    while (text.len > 0) {
        size_t len = utf8_first(text);
        if (len == 0 || is_control((const unsigned char *)text.ptr, len))
            buf_add_char(out, len == 0 ? '?' : ' ');
        else
            buf_add_bytes(out, text.ptr, len);
        text = str_sub(text, len == 0 ? 1 : len, text.len);
    }
}

static void add_cell(struct buf *out, const struct list_cell *cell)
{
    char time[TIME_TEXT_BYTES];
    if (cell->is_empty)
        return;
    switch (cell->form) {
    case LIST_TEXT:
        add_plain(out, cell->text);
        break;
    case LIST_NUMBER:
        buf_add_i64(out, cell->number);
        break;
    case LIST_TIME:
        time_format(cell->number, time);
        buf_add(out, str_of(time));
        break;
    case LIST_FLAG:
        buf_add(out, cell->number != 0 ? STR("yes") : STR("no"));
        break;
    }
}

/* --- tables
 * -----------------------------------------------------------------------------------
 */

static bool is_shown(const struct sheet *sheet, size_t column)
{
    return cell_at(sheet, 0, column)->depth == LIST_IN_TABLE;
}

/* A line cut to the width, on the border of a character, without blanks at its end. */
static void add_line(struct buf *out, struct str line, size_t width)
{
    if (!utf8_fits(line, width))
        line = str_sub(line, 0, utf8_prefix(line, width));
    while (line.len > 0 && line.ptr[line.len - 1] == ' ')
        line.len--;
    buf_add(out, line);
    buf_add_char(out, '\n');
}

static void pad(struct buf *line, size_t used, size_t width)
{
    for (size_t i = used; i < width + GAP; i++)
        buf_add_char(line, ' ');
}

/* One pass to measure the columns, one to write them. */
static void measure(const struct sheet *sheet, size_t *widths)
{
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, OUTPUT_BYTES);
    for (size_t c = 0; c < sheet->columns; c++) {
        widths[c] = strlen(cell_at(sheet, 0, c)->name);
        for (size_t r = 0; r < sheet->rows; r++) {
            buf_clear(&text);
            add_cell(&text, cell_at(sheet, r, c));
            size_t count = utf8_count(buf_str(&text));
            if (count > widths[c])
                widths[c] = count;
        }
    }
}

static void add_header(const struct sheet *sheet, const size_t *widths, size_t width,
                       struct buf *out)
{
    CLEANUP(buf_release) struct buf line;
    buf_init(&line, OUTPUT_BYTES);
    for (size_t c = 0; c < sheet->columns; c++) {
        const char *name = cell_at(sheet, 0, c)->name;
        if (!is_shown(sheet, c))
            continue;
        for (const char *p = name; *p != '\0'; p++)
            buf_add_char(&line, (char)toupper((unsigned char)*p));
        pad(&line, strlen(name), widths[c]);
    }
    add_line(out, buf_str(&line), width);
}

static void add_table(const struct sheet *sheet, size_t width, struct buf *out)
{
    CLEANUP(buf_release) struct buf line;
    CLEANUP(buf_release) struct buf text;
    size_t widths[64];
    buf_init(&line, OUTPUT_BYTES);
    buf_init(&text, OUTPUT_BYTES);
    if (sheet->rows == 0)
        return;
    measure(sheet, widths);
    add_header(sheet, widths, width, out);
    for (size_t r = 0; r < sheet->rows; r++) {
        buf_clear(&line);
        for (size_t c = 0; c < sheet->columns; c++) {
            if (!is_shown(sheet, c))
                continue;
            buf_clear(&text);
            add_cell(&text, cell_at(sheet, r, c));
            buf_add(&line, buf_str(&text));
            pad(&line, utf8_count(buf_str(&text)), widths[c]);
        }
        add_line(out, buf_str(&line), width);
    }
}

static void add_tabs(const struct sheet *sheet, struct buf *out)
{
    for (size_t r = 0; r < sheet->rows; r++) {
        bool is_first = true;
        for (size_t c = 0; c < sheet->columns; c++) {
            if (!is_shown(sheet, c))
                continue;
            if (!is_first)
                buf_add_char(out, '\t');
            is_first = false;
            add_cell(out, cell_at(sheet, r, c));
        }
        buf_add_char(out, '\n');
    }
}

/* --- JSON
 * -------------------------------------------------------------------------------------
 */

static void add_member(struct json *object, const struct list_cell *cell)
{
    char time[TIME_TEXT_BYTES];
    if (cell->is_empty)
        return;
    switch (cell->form) {
    case LIST_TEXT:
        json_add_str(object, cell->name, cell->text);
        break;
    case LIST_NUMBER:
        json_add_i64(object, cell->name, cell->number);
        break;
    case LIST_TIME:
        time_format(cell->number, time);
        json_add_str(object, cell->name, str_of(time));
        break;
    case LIST_FLAG:
        json_add_bool(object, cell->name, cell->number != 0);
        break;
    }
}

static struct json *json_of_row(const struct sheet *sheet, size_t row,
                                enum list_depth depth)
{
    struct json *object = json_new_object();
    for (size_t c = 0; c < sheet->columns; c++)
        if (cell_at(sheet, row, c)->depth <= depth)
            add_member(object, cell_at(sheet, row, c));
    return object;
}

struct json *sheet_json_rows(const struct sheet *sheet)
{
    struct json *rows = json_new_array();
    for (size_t r = 0; r < sheet->rows; r++)
        json_append(rows, json_of_row(sheet, r, LIST_IN_RECORD));
    return rows;
}

static enum exit_code print_as_json(const struct sheet *sheet, int64_t next)
{
    CLEANUP(json_freep) struct json *page = json_new_object();
    json_add(page, "rows", sheet_json_rows(sheet));
    if (next != 0)
        json_add_i64(page, "next", next);
    return print_json(page);
}

/* --- printing
 * --------------------------------------------------------------------------------- */

enum sheet_style sheet_style(bool as_json)
{
    if (as_json)
        return SHEET_JSON;
    return isatty(STDOUT_FILENO) != 0 ? SHEET_TABLE : SHEET_TABS;
}

unsigned sheet_width(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return WIDTH_DEFAULT;
}

static enum exit_code print_buf(const struct buf *out)
{
    if (buf_ok(out))
        return print_text(buf_str(out));
    (void)fputs("omgw: too much to print at once; use --limit\n", stderr);
    return EXIT_TROUBLE;
}

enum exit_code sheet_print(const struct sheet *sheet, enum sheet_style style,
                           unsigned width, int64_t next)
{
    CLEANUP(buf_release) struct buf out;
    buf_init(&out, OUTPUT_BYTES);
    if (style == SHEET_JSON)
        return print_as_json(sheet, next);
    if (style == SHEET_TABLE)
        add_table(sheet, width, &out);
    else
        add_tabs(sheet, &out);
    if (style == SHEET_TABLE && next != 0)
        buf_printf(&out, "more: --after %lld\n", (long long)next);
    return print_buf(&out);
}

static enum exit_code print_json_records(const struct sheet *sheet)
{
    CLEANUP(json_freep)
    struct json *whole =
        sheet->rows == 1 ? json_of_row(sheet, 0, LIST_IN_SHOW) : json_new_array();
    for (size_t r = 0; r < sheet->rows && sheet->rows > 1; r++)
        json_append(whole, json_of_row(sheet, r, LIST_IN_SHOW));
    return print_json(whole);
}

enum exit_code sheet_print_records(const struct sheet *sheet, enum sheet_style style)
{
    CLEANUP(buf_release) struct buf out;
    buf_init(&out, OUTPUT_BYTES);
    if (style == SHEET_JSON)
        return print_json_records(sheet);
    for (size_t r = 0; r < sheet->rows; r++) {
        if (r > 0)
            buf_add_char(&out, '\n');
        for (size_t c = 0; c < sheet->columns; c++) {
            const struct list_cell *cell = cell_at(sheet, r, c);
            if (cell->is_empty)
                continue;
            buf_printf(&out, style == SHEET_TABLE ? "%-22s " : "%s\t", cell->name);
            add_cell(&out, cell);
            buf_add_char(&out, '\n');
        }
    }
    return print_buf(&out);
}
