#include "sheet.h"

#include "columns.h"

#include "gateway/arena.h"
#include "gateway/json.h"
#include "gateway/memory.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Rows are a page of a list, or what one record says. */
#define SHEET_BYTES (256u * 1024 * 1024)
#define OUTPUT_BYTES (512u * 1024 * 1024)
#define WIDTH_DEFAULT 80
#define CUT_MARK "..."

struct sheet {
    struct arena *arena;
    struct list_cell *cells; /* rows one behind the other */
    struct list_cell names[LIST_COLUMNS_MAX];
    size_t columns;
    size_t rows;
    size_t room;
    struct columns chosen;
    bool is_chosen;
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

void sheet_columns(struct sheet *sheet, const struct list_cell *cells, size_t count)
{
    assert(count <= LIST_COLUMNS_MAX);
    memcpy(sheet->names, cells, count * sizeof(*cells));
    sheet->columns = count;
}

enum exit_code sheet_choose(struct sheet *sheet, const char *names)
{
    sheet->is_chosen = names != NULL;
    if (names == NULL)
        return EXIT_OK;
    return columns_choose(names, sheet->names, sheet->columns, &sheet->chosen);
}

static struct columns columns_of(const struct sheet *sheet)
{
    struct columns columns = sheet->chosen;
    if (!sheet->is_chosen)
        columns_usual(sheet->names, sheet->columns, &columns);
    return columns;
}

bool sheet_shows(const struct sheet *sheet, const char *name)
{
    for (size_t i = 0; sheet->is_chosen && i < sheet->chosen.count; i++)
        if (strcmp(sheet->names[sheet->chosen.at[i]].name, name) == 0)
            return true;
    return !sheet->is_chosen;
}

void sheet_row(const struct list_cell *cells, size_t count, void *context)
{
    struct sheet *sheet = context;
    if (sheet->columns == 0)
        sheet_columns(sheet, cells, count);
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

/* --- tables
 * -----------------------------------------------------------------------------------
 */

/* What an operator looks for among many rows. */
static const char *colour_of(const struct list_cell *cell)
{
    static const struct {
        const char *value;
        const char *colour;
    } marks[] = {
        {"dead",           COLOUR_RED   },
        {"failed",         COLOUR_RED   },
        {"paused",         COLOUR_YELLOW},
        {"not configured", COLOUR_YELLOW},
        {"waiting",        COLOUR_YELLOW},
        {"wrong",          COLOUR_RED   },
        {"misconfigured",  COLOUR_RED   },
        {"unreachable",    COLOUR_YELLOW},
    };
    bool has_mark =
        strcmp(cell->name, "state") == 0 || strcmp(cell->name, "status") == 0;
    for (size_t i = 0; has_mark && i < COUNT_OF(marks); i++)
        if (str_is(cell->text, marks[i].value))
            return marks[i].colour;
    return NULL;
}

/* A table while it is written. */
struct table {
    const struct sheet *sheet;
    const struct sheet_look *look;
    struct columns columns;
    struct columns hidden;
    size_t widths[LIST_COLUMNS_MAX]; /* by cell */
    struct buf *out;
};

/* Into a column; what follows is padded before, so that no line ends in blanks. */
static void add_field(struct table *table, struct str text, size_t width,
                      const char *colour, size_t *blanks)
{
    size_t cells = cells_count(text);
    bool is_cut = cells > width;
    if (is_cut)
        text = str_sub(text, 0, cells_prefix(text, width - strlen(CUT_MARK)));
    for (; text.len > 0 && *blanks > 0; (*blanks)--)
        buf_add_char(table->out, ' ');
    if (colour != NULL && table->look->has_colour)
        buf_add(table->out, str_of(colour));
    buf_add(table->out, text);
    if (is_cut)
        buf_add(table->out, STR(CUT_MARK));
    if (colour != NULL && table->look->has_colour)
        buf_add(table->out, STR(COLOUR_OFF));
    *blanks += COLUMNS_GAP + width - (is_cut ? width : cells);
}

static void measure(struct table *table)
{
    const struct sheet *sheet = table->sheet;
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, OUTPUT_BYTES);
    for (size_t i = 0; i < table->columns.count; i++) {
        size_t c = table->columns.at[i];
        table->widths[c] = strlen(sheet->names[c].name);
        for (size_t r = 0; r < sheet->rows; r++) {
            buf_clear(&text);
            cell_add(cell_at(sheet, r, c), &text);
            size_t cells = cells_count(buf_str(&text));
            if (cells > table->widths[c])
                table->widths[c] = cells;
        }
    }
}

static void add_header(struct table *table)
{
    size_t blanks = 0;
    for (size_t i = 0; i < table->columns.count; i++) {
        size_t c = table->columns.at[i];
        const char *name = table->sheet->names[c].name;
        char upper[64];
        size_t len = 0;
        for (; len < sizeof(upper) && name[len] != '\0'; len++)
            upper[len] = (char)toupper((unsigned char)name[len]);
        add_field(table, str_from(upper, len), table->widths[c], COLOUR_BOLD, &blanks);
    }
    buf_add_char(table->out, '\n');
}

static void add_row(struct table *table, size_t row, struct buf *text)
{
    size_t blanks = 0;
    for (size_t i = 0; i < table->columns.count; i++) {
        size_t c = table->columns.at[i];
        const struct list_cell *cell = cell_at(table->sheet, row, c);
        buf_clear(text);
        cell_add(cell, text);
        add_field(table, buf_str(text), table->widths[c], colour_of(cell), &blanks);
    }
    buf_add_char(table->out, '\n');
}

static void add_hidden(const struct table *table)
{
    for (size_t i = 0; i < table->hidden.count; i++)
        buf_printf(table->out, "%s%s", i == 0 ? "hidden: " : ", ",
                   table->sheet->names[table->hidden.at[i]].name);
    if (table->hidden.count > 0)
        buf_add(table->out, table->look->takes_columns
                                ? STR("; --columns to choose, or pipe for all\n")
                                : STR("; pipe for all\n"));
}

static void add_table(const struct sheet *sheet, const struct sheet_look *look,
                      struct buf *out)
{
    CLEANUP(buf_release) struct buf text;
    struct table table = {.sheet = sheet, .look = look, .out = out};
    buf_init(&text, OUTPUT_BYTES);
    if (sheet->rows == 0) {
        buf_add(out, STR("there are none\n"));
        return;
    }
    table.columns = columns_of(sheet);
    measure(&table);
    if (!sheet->is_chosen)
        columns_fit(sheet->names, table.widths, look->width, &table.columns,
                    &table.hidden);
    add_header(&table);
    for (size_t r = 0; r < sheet->rows; r++)
        add_row(&table, r, &text);
    add_hidden(&table);
}

static void add_tabs(const struct sheet *sheet, struct buf *out)
{
    const struct columns columns = columns_of(sheet);
    for (size_t r = 0; r < sheet->rows; r++) {
        for (size_t i = 0; i < columns.count; i++) {
            if (i > 0)
                buf_add_char(out, '\t');
            cell_add(cell_at(sheet, r, columns.at[i]), out);
        }
        buf_add_char(out, '\n');
    }
}

/* --- JSON
 * -------------------------------------------------------------------------------------
 */

struct json *sheet_json_row(const struct sheet *sheet, size_t row,
                            enum list_depth depth)
{
    struct json *object = json_new_object();
    for (size_t i = 0; sheet->is_chosen && i < sheet->chosen.count; i++)
        cell_add_member(cell_at(sheet, row, sheet->chosen.at[i]), object);
    for (size_t c = 0; !sheet->is_chosen && c < sheet->columns; c++)
        if (cell_at(sheet, row, c)->depth <= depth)
            cell_add_member(cell_at(sheet, row, c), object);
    return object;
}

struct json *sheet_json_rows(const struct sheet *sheet)
{
    struct json *rows = json_new_array();
    for (size_t r = 0; r < sheet->rows; r++)
        json_append(rows, sheet_json_row(sheet, r, LIST_IN_RECORD));
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

static unsigned terminal_width(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return WIDTH_DEFAULT;
}

struct sheet_look sheet_look(const struct invocation *invocation)
{
    struct sheet_look look = {
        .style = isatty(STDOUT_FILENO) != 0 ? SHEET_TABLE : SHEET_TABS,
        .width = terminal_width(),
        .has_colour = colour_is_wanted(invocation->colour, STDOUT_FILENO),
        .takes_columns = command_takes(invocation->command, 'w'),
    };
    if (invocation->as_json)
        look.style = SHEET_JSON;
    return look;
}

static enum exit_code print_buf(const struct buf *out)
{
    if (buf_ok(out))
        return print_text(buf_str(out));
    (void)fputs("omgw: too much to print at once; use --limit\n", stderr);
    return EXIT_TROUBLE;
}

enum exit_code sheet_print(const struct sheet *sheet, const struct sheet_look *look,
                           int64_t next)
{
    CLEANUP(buf_release) struct buf out;
    buf_init(&out, OUTPUT_BYTES);
    if (look->style == SHEET_JSON)
        return print_as_json(sheet, next);
    if (look->style == SHEET_TABLE)
        add_table(sheet, look, &out);
    else
        add_tabs(sheet, &out);
    if (look->style == SHEET_TABLE && next != 0)
        buf_printf(&out, "more: --after %lld\n", (long long)next);
    return print_buf(&out);
}

static enum exit_code print_json_records(const struct sheet *sheet)
{
    CLEANUP(json_freep)
    struct json *whole =
        sheet->rows == 1 ? sheet_json_row(sheet, 0, LIST_IN_SHOW) : json_new_array();
    for (size_t r = 0; r < sheet->rows && sheet->rows > 1; r++)
        json_append(whole, sheet_json_row(sheet, r, LIST_IN_SHOW));
    return print_json(whole);
}

enum exit_code sheet_print_records(const struct sheet *sheet,
                                   const struct sheet_look *look)
{
    CLEANUP(buf_release) struct buf out;
    buf_init(&out, OUTPUT_BYTES);
    if (look->style == SHEET_JSON)
        return print_json_records(sheet);
    for (size_t r = 0; r < sheet->rows; r++) {
        if (r > 0)
            buf_add_char(&out, '\n');
        for (size_t c = 0; c < sheet->columns; c++) {
            const struct list_cell *cell = cell_at(sheet, r, c);
            if (cell->is_empty)
                continue;
            buf_printf(&out, look->style == SHEET_TABLE ? "%-22s " : "%s\t",
                       cell->name);
            cell_add(cell, &out);
            buf_add_char(&out, '\n');
        }
    }
    return print_buf(&out);
}
