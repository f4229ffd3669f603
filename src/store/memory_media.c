/* Copies of attachments in memory. A model: it looks at all there is. */
#include "memory_backend.h"

static const size_t media_texts[] = {
    offsetof(struct media_row, stored.file),
    offsetof(struct media_row, stored.mime),
    offsetof(struct media_row, stored.name),
    offsetof(struct media_row, stored.sha256),
};
static const struct row_shape media_shape = ROW_SHAPE(struct media_row, media_texts);

static const struct media_row *find_of(const struct table *table, int64_t message,
                                       unsigned ordinal)
{
    struct table_key all = key_table(TABLE_MEDIA);
    for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
         entry = table_after(entry, &all)) {
        const struct media_row *row = entry_row(entry);
        if (row->message == message && row->stored.ordinal == ordinal)
            return row;
    }
    return NULL;
}

static const struct media_row *find_like(const struct table *table,
                                         const struct stored_media *media)
{
    struct table_key all = key_table(TABLE_MEDIA);
    for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
         entry = table_after(entry, &all)) {
        const struct media_row *row = entry_row(entry);
        if (str_equal(row->stored.sha256, media->sha256) &&
            row->stored.size == media->size)
            return row;
    }
    return NULL;
}

enum status memory_media_add(struct store *store, int64_t message,
                             const struct stored_media *media, int64_t now_ms,
                             struct arena *arena, struct str *out_file,
                             struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table *table = memory_rows(store);
    const struct media_row *known = find_of(table, message, media->ordinal);
    if (known != NULL) {
        *out_file = arena_copy(arena, known->stored.file);
        return STATUS_OK;
    }
    struct media_row row = {.message = message, .created_ms = now_ms, .stored = *media};
    const struct media_row *like = find_like(table, media);
    if (like != NULL)
        row.stored.file = like->stored.file;
    *out_file = arena_copy(arena, row.stored.file);
    struct table_key key = key_1(TABLE_MEDIA, number_next(table, TABLE_MEDIA));
    row.stored.file = *out_file; /* the other row may move */
    row_put(table, &key, &media_shape, &row);
    return STATUS_OK;
}

enum status memory_media_get(struct store *store, int64_t message, unsigned ordinal,
                             struct arena *arena, struct stored_media *out,
                             struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct media_row *row = find_of(memory_rows(store), message, ordinal);
    if (row == NULL)
        return fail(err, STATUS_NOT_FOUND, "there is no copy of the attachment");
    *out = row->stored;
    out->file = arena_copy(arena, row->stored.file);
    out->mime = arena_copy(arena, row->stored.mime);
    out->name = arena_copy(arena, row->stored.name);
    out->sha256 = arena_copy(arena, row->stored.sha256);
    return STATUS_OK;
}

enum status memory_media_is_needed(struct store *store, struct str file, bool *out_is,
                                   struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct table *table = memory_rows(store);
    struct table_key all = key_table(TABLE_MEDIA);
    *out_is = false;
    for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
         entry = table_after(entry, &all)) {
        const struct media_row *row = entry_row(entry);
        *out_is |= str_equal(row->stored.file, file);
    }
    return STATUS_OK;
}
