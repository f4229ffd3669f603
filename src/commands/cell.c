#include "cell.h"

#include "gateway/json.h"

struct list_cell cell_text(const char *name, const char *text)
{
    struct str value = str_of(text);
    return (struct list_cell){
        .name = name, .form = LIST_TEXT, .text = value, .is_empty = value.len == 0};
}

struct list_cell cell_prose(const char *name, struct str text)
{
    return (struct list_cell){
        .name = name, .form = LIST_PROSE, .text = text, .is_empty = text.len == 0};
}

struct list_cell cell_number(const char *name, int64_t number)
{
    return (struct list_cell){.name = name, .form = LIST_NUMBER, .number = number};
}

struct list_cell cell_ranked(unsigned rank, struct list_cell cell)
{
    cell.rank = rank;
    return cell;
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

void cell_add(const struct list_cell *cell, struct buf *out)
{
    char time[TIME_TEXT_BYTES];
    if (cell->is_empty)
        return;
    switch (cell->form) {
    case LIST_TEXT:
    case LIST_PROSE:
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

void cell_add_member(const struct list_cell *cell, struct json *object)
{
    char time[TIME_TEXT_BYTES];
    if (cell->is_empty)
        return;
    switch (cell->form) {
    case LIST_TEXT:
    case LIST_PROSE:
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
