/*
 * The model in memory has nothing that could be copied, checked or put back.
 */
#include "copier.h"

static enum status fail_memory(struct error *err)
{
    return fail(err, STATUS_UNSUPPORTED, "a database in memory has no files");
}

static enum status memory_backup_begin(struct store *store,
                                       const struct backup_options *options,
                                       struct store_backup **out_backup,
                                       struct error *err)
{
    (void)store;
    (void)options;
    (void)out_backup;
    return fail_memory(err);
}

static enum status memory_backup_step(struct store_backup *backup,
                                      struct backup_figures *out, struct error *err)
{
    (void)backup;
    (void)out;
    return fail_memory(err);
}

static enum status memory_backup_settle(struct store_backup *backup, struct error *err)
{
    (void)backup;
    return fail_memory(err);
}

static void memory_backup_close(struct store_backup *backup)
{
    (void)backup; /* none was ever begun */
}

static enum status memory_verify(struct store *store, const struct store_watch *watch,
                                 struct verify_result *out, struct error *err)
{
    (void)store;
    (void)out;
    (void)watch;
    return fail_memory(err);
}

static enum status memory_restore(const char *place,
                                  const struct restore_options *options,
                                  const struct store_watch *watch, struct arena *arena,
                                  struct restore_result *out, struct error *err)
{
    (void)place;
    (void)options;
    (void)watch;
    (void)arena;
    (void)out;
    return fail_memory(err);
}

const struct store_copier memory_copier = {
    .backup_begin = memory_backup_begin,
    .backup_step = memory_backup_step,
    .backup_settle = memory_backup_settle,
    .backup_close = memory_backup_close,
    .verify = memory_verify,
    .restore = memory_restore,
};
