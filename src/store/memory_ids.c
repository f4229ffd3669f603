/*
 * memory_ids: the id index of the model, without partitions: every key is one row.
 */
#include "memory_backend.h"

struct id_row {
    struct id_entry entry;
    int64_t added_ms;
};
static const struct row_shape id_shape = {.bytes = sizeof(struct id_row)};

enum status memory_id_find(struct store *store, const uint8_t key[HASH16_BYTES],
                           struct id_entry *out, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key id = key_bytes(TABLE_IDS, key, HASH16_BYTES);
    const struct id_row *row = table_get(memory_rows(store), &id);
    if (row == NULL)
        return fail(err, STATUS_NOT_FOUND, "the id is not known");
    *out = row->entry;
    return STATUS_OK;
}

enum status memory_id_add(struct store *store, const uint8_t key[HASH16_BYTES],
                          int64_t now_ms, struct id_entry *entry, struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key id = key_bytes(TABLE_IDS, key, HASH16_BYTES);
    const struct id_row *known = table_get(memory_rows(store), &id);
    if (known != NULL) {
        *entry = known->entry;
        return STATUS_DUPLICATE;
    }
    const struct id_row row = {.entry = *entry, .added_ms = now_ms};
    row_put(memory_rows(store), &id, &id_shape, &row);
    return STATUS_OK;
}

static bool is_old_id(const void *row, int64_t before_ms)
{
    const struct id_row *id = row;
    return id->added_ms < before_ms;
}

enum status memory_ids_expire(struct store *store, int64_t before_ms, bool *out_more,
                              struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    rows_expire(memory_rows(store), TABLE_IDS, is_old_id, before_ms);
    *out_more = false;
    return STATUS_OK;
}
