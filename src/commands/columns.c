#include "columns.h"

#include "gateway/nearest.h"

#define PROSE_LEAST 20 /* of which a reader still guesses the rest */
#define NAMES_BYTES 1024

static void add(struct columns *columns, size_t at)
{
    columns->at[columns->count++] = at;
}

static bool has(const struct columns *columns, size_t at)
{
    for (size_t i = 0; i < columns->count; i++)
        if (columns->at[i] == at)
            return true;
    return false;
}

void columns_usual(const struct list_cell *cells, size_t count, struct columns *out)
{
    out->count = 0;
    for (size_t i = 0; i < count; i++)
        if (cells[i].depth == LIST_IN_TABLE)
            add(out, i);
}

/* --- chosen ------------------------------------------------------------------------
 */

/* What people said is in no list, whoever asks. */
static bool may_choose(const struct list_cell *cell)
{
    return cell->depth <= LIST_IN_RECORD;
}

static enum exit_code say_no_column(struct str name, const struct list_cell *cells,
                                    size_t count)
{
    CLEANUP(buf_release) struct buf all;
    struct nearest nearest;
    buf_init(&all, NAMES_BYTES);
    nearest_start(&nearest, name);
    for (size_t i = 0; i < count; i++) {
        if (!may_choose(&cells[i]))
            continue;
        nearest_offer(&nearest, str_of(cells[i].name));
        buf_printf(&all, "%s%s", all.len == 0 ? "" : ",", cells[i].name);
    }
    (void)fprintf(stderr, "omgw: there is no column \"%.*s\"; ", STR_ARG(name));
    if (nearest_name(&nearest) != NULL)
        (void)fprintf(stderr, "did you mean \"%s\"? ", nearest_name(&nearest));
    (void)fprintf(stderr, "All there are: --columns %s\n", buf_c_string(&all));
    return EXIT_WRONG_USE;
}

static enum exit_code choose(struct str name, const struct list_cell *cells,
                             size_t count, struct columns *out)
{
    size_t at = 0;
    while (at < count && !(may_choose(&cells[at]) && str_is(name, cells[at].name)))
        at++;
    if (at == count)
        return say_no_column(name, cells, count);
    if (!has(out, at)) {
        add(out, at);
        return EXIT_OK;
    }
    (void)fprintf(stderr, "omgw: --columns has \"%.*s\" twice\n", STR_ARG(name));
    return EXIT_WRONG_USE;
}

enum exit_code columns_choose(const char *names, const struct list_cell *cells,
                              size_t count, struct columns *out)
{
    enum exit_code code = EXIT_OK;
    struct str rest = str_of(names);
    bool has_more = true;
    out->count = 0;
    while (has_more && code == EXIT_OK) {
        has_more = str_find_byte(rest, ',') >= 0;
        code = choose(str_trim(str_cut(&rest, ',')), cells, count, out);
    }
    return code;
}

/* --- fitted ------------------------------------------------------------------------
 */

static size_t least_width(const struct list_cell *cell, size_t width)
{
    if (cell->form != LIST_PROSE || width <= PROSE_LEAST)
        return width;
    size_t name = strlen(cell->name);
    return name > PROSE_LEAST ? name : PROSE_LEAST;
}

/* Of those not looked at, which says most; the first of equals. */
static size_t most_important(const struct list_cell *cells,
                             const struct columns *columns, const bool *is_seen)
{
    size_t best = columns->count;
    for (size_t i = 0; i < columns->count; i++)
        if (!is_seen[i] && (best == columns->count ||
                            cells[columns->at[i]].rank < cells[columns->at[best]].rank))
            best = i;
    return best;
}

/* Prose takes what room is left, the leftmost first. */
static void widen(const struct columns *columns, const size_t *natural, size_t *widths,
                  size_t room)
{
    for (size_t i = 0; i < columns->count; i++) {
        size_t at = columns->at[i];
        size_t more = natural[at] - widths[at];
        more = more < room ? more : room;
        widths[at] += more;
        room -= more;
    }
}

void columns_fit(const struct list_cell *cells, size_t *widths, size_t width,
                 struct columns *columns, struct columns *out_hidden)
{
    const struct columns all = *columns;
    size_t natural[LIST_COLUMNS_MAX];
    bool is_seen[LIST_COLUMNS_MAX] = {true};
    bool is_shown[LIST_COLUMNS_MAX] = {true};
    for (size_t i = 0; i < all.count; i++) {
        size_t at = all.at[i];
        natural[at] = widths[at];
        widths[at] = least_width(&cells[at], widths[at]);
    }
    size_t used = widths[all.at[0]];
    for (size_t n = 1; n < all.count; n++) {
        size_t next = most_important(cells, &all, is_seen);
        size_t more = COLUMNS_GAP + widths[all.at[next]];
        is_seen[next] = true;
        is_shown[next] = used + more <= width;
        used += is_shown[next] ? more : 0;
    }
    columns->count = 0;
    out_hidden->count = 0;
    for (size_t i = 0; i < all.count; i++)
        add(is_shown[i] ? columns : out_hidden, all.at[i]);
    widen(columns, natural, widths, used < width ? width - used : 0);
}
