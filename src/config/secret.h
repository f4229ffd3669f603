/*
 * secret: what a secret file holds, in memory that is wiped when it is given back.
 */
#pragma once

#include "gateway/status.h"
#include "load.h"

struct secret {
    char *bytes; /* owned */
    size_t len;
    bool is_exposed; /* every user of the machine may read the file */
};

/* Without the newline at its end. STATUS_INVALID: err says what is wrong with the file.
 */
MUST_CHECK enum status secret_read(const struct config_files *files, struct str path,
                                   struct secret *out_secret, struct error *err);
void secret_release(struct secret *secret); /* also for CLEANUP */
