#include "sqlite_copy.h"

#include "gateway/memory.h"

/* Nobody reads it yet, and it is synced once, in the end. */
static const char target_settings[] = "PRAGMA locking_mode = EXCLUSIVE;"
                                      "PRAGMA journal_mode = OFF;"
                                      "PRAGMA synchronous = OFF;"
                                      "PRAGMA cache_size = -2048;";

int page_copy_begin(struct page_copy *copy, const char *file, sqlite3 *source)
{
    int rc = sqlite3_open_v2(file, &copy->target,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(copy->target, target_settings, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return rc;
    copy->pages = sqlite3_backup_init(copy->target, "main", source, "main");
    return copy->pages != NULL ? SQLITE_OK : sqlite3_extended_errcode(copy->target);
}

/* As one file: the copy has the database's mode, which keeps a log beside it. */
int page_copy_end(struct page_copy *copy)
{
    int rc = sqlite3_backup_finish(TAKE(copy->pages));
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(copy->target, "PRAGMA journal_mode = DELETE", NULL, NULL,
                          NULL);
    int closed = sqlite3_close(TAKE(copy->target));
    return rc == SQLITE_OK ? closed : rc;
}

void page_copy_release(struct page_copy *copy)
{
    (void)sqlite3_backup_finish(TAKE(copy->pages));
    (void)sqlite3_close(TAKE(copy->target));
}
