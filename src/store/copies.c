/*
 * Copies of the database: which backend does it.
 */
#include "gateway/store_copy.h"

#include <assert.h>

#include "copier.h"
#include "internal.h"

enum status store_backup_begin(struct store *store,
                               const struct backup_options *options,
                               struct store_backup **out_backup, struct error *err)
{
    assert(store->mode != STORE_READER);
    return store->backend->copier->backup_begin(store, options, out_backup, err);
}

enum status store_backup_step(struct store_backup *backup, struct backup_figures *out,
                              struct error *err)
{
    return backup->copier->backup_step(backup, out, err);
}

enum status store_backup_settle(struct store_backup *backup, struct error *err)
{
    return backup->copier->backup_settle(backup, err);
}

void store_backup_close(struct store_backup *backup)
{
    if (backup != NULL)
        backup->copier->backup_close(backup);
}

enum status store_verify(struct store *store, const struct store_watch *watch,
                         struct verify_result *out, struct error *err)
{
    assert(store->mode == STORE_OFFLINE || store->mode == STORE_COPY);
    return store->backend->copier->verify(store, watch, out, err);
}

enum status store_restore(const char *url, const struct restore_options *options,
                          const struct store_watch *watch, struct arena *arena,
                          struct restore_result *out, struct error *err)
{
    const struct store_backend *backend = NULL;
    struct str place;
    enum status status = store_find_backend(str_of(url), &backend, &place, err);
    if (status != STATUS_OK)
        return status;
    return backend->copier->restore(place.ptr, options, watch, arena, out, err);
}
