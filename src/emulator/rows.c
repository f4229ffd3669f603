#include "rows.h"

#include "gateway/memory.h"

#define ROWS_FIRST 64

void rows_init(struct rows *rows, size_t ceiling, row_free *free_row)
{
    *rows = (struct rows){.ceiling = ceiling, .free = free_row};
}

void rows_clear(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        rows->free(rows->items[i]);
    mem_free(rows->items);
    rows_init(rows, rows->ceiling, rows->free);
}

bool rows_are_full(const struct rows *rows)
{
    return rows->count >= rows->ceiling;
}

bool rows_add(struct rows *rows, void *row)
{
    if (rows_are_full(rows)) {
        rows->is_cut = true;
        rows->free(row);
        return false;
    }
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity == 0 ? ROWS_FIRST : rows->capacity * 2;
        rows->items = mem_resize(rows->items, rows->capacity * sizeof(*rows->items));
    }
    rows->items[rows->count++] = row;
    return true;
}
