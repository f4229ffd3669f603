/*
 * db_verify: what a verification finds, gathered and shown.
 */
#pragma once

#include "command.h"
#include "progress.h"
#include "sheet.h"

#include "gateway/store_copy.h"

/* EXIT_OK: this user may read it. Else it was said why not. */
MUST_CHECK enum exit_code check_readable(const char *file);

struct verdict {
    struct progress progress;
    struct sheet *sheet; /* a row a finding */
    struct verify_result result;
};
void verdict_start(struct verdict *verdict);
void verdict_release(struct verdict *verdict); /* also for CLEANUP */
/* For store_verify and store_restore. */
struct store_watch verdict_watch(struct verdict *verdict);
/* Each finding, or that there is none. EXIT_BAD_DATA: there are. */
MUST_CHECK enum exit_code verdict_print(const struct verdict *verdict,
                                        const char *database,
                                        const struct invocation *invocation);
