#include "memory_backend.h"

#include "gateway/memory.h"

static const size_t text_texts[] = {offsetof(struct text_row, text)};
const struct row_shape text_shape = ROW_SHAPE(struct text_row, text_texts);
const struct row_shape number_shape = {.bytes = sizeof(struct number_row)};

static size_t texts_bytes(const struct row_shape *shape, const void *row)
{
    size_t bytes = 0;
    for (size_t i = 0; i < shape->text_count; i++) {
        struct str text;
        memcpy(&text, (const char *)row + shape->texts[i], sizeof(text));
        bytes += text.len + 1;
    }
    return bytes;
}

void row_put(struct table *table, const struct table_key *key,
             const struct row_shape *shape, const void *row)
{
    char *block = mem_new(shape->bytes + texts_bytes(shape, row));
    memcpy(block, row, shape->bytes);
    char *place = block + shape->bytes;
    for (size_t i = 0; i < shape->text_count; i++) {
        struct str text;
        memcpy(&text, block + shape->texts[i], sizeof(text));
        if (text.len > 0)
            memcpy(place, text.ptr, text.len);
        text.ptr = place;
        memcpy(block + shape->texts[i], &text, sizeof(text));
        place += text.len + 1; /* behind it a NUL */
    }
    table_put(table, key, block);
}

void index_set(struct table *table, const struct table_key *key, bool is_there)
{
    bool was_there = table_find(table, key) != NULL;
    if (is_there && !was_there)
        table_put(table, key, NULL);
    if (!is_there && was_there)
        table_delete(table, key);
}

int64_t number_get(const struct table *table, const struct table_key *key)
{
    const struct number_row *row = table_get(table, key);
    return row == NULL ? 0 : row->number;
}

void number_put(struct table *table, const struct table_key *key, int64_t number)
{
    const struct number_row row = {.number = number};
    row_put(table, key, &number_shape, &row);
}

int64_t number_next(struct table *table, enum memory_table of)
{
    struct table_key key = key_1(TABLE_LAST, of);
    int64_t number = number_get(table, &key) + 1;
    number_put(table, &key, number);
    return number;
}

int64_t count_keys(const struct table *table, const struct table_key *prefix)
{
    int64_t count = 0;
    for (const struct table_entry *entry = table_first(table, prefix); entry != NULL;
         entry = table_after(entry, prefix))
        count++;
    return count;
}

void keys_delete(struct table *table, const struct table_key *prefix)
{
    const struct table_entry *entry = table_first(table, prefix);
    while (entry != NULL) {
        const struct table_entry *next = table_after(entry, prefix);
        struct table_key key = entry_key(entry);
        table_delete(table, &key);
        entry = next;
    }
}

void rows_expire(struct table *table, enum memory_table of, row_is_old *is_old,
                 int64_t before_ms)
{
    struct table_key all = key_table(of);
    const struct table_entry *entry = table_first(table, &all);
    while (entry != NULL) {
        const struct table_entry *next = table_after(entry, &all);
        struct table_key key = entry_key(entry);
        if (is_old(entry_row(entry), before_ms))
            table_delete(table, &key);
        entry = next;
    }
}
