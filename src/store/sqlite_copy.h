/*
 * sqlite_copy: the pages of one database into another file, step by step: what backup
 * and restore do alike.
 */
#pragma once

#include "sqlite.h"

struct page_copy {
    sqlite3 *target; /* NULL before the begin and after the end */
    sqlite3_backup *pages;
};

/* `file` is there and empty, and nobody reads it. SQLite's result code. */
MUST_CHECK int page_copy_begin(struct page_copy *copy, const char *file,
                               sqlite3 *source);
/* After SQLITE_DONE: closes the file, which is not synced. */
MUST_CHECK int page_copy_end(struct page_copy *copy);
/* Gives up what was begun, if anything was. */
void page_copy_release(struct page_copy *copy);
