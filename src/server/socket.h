/*
 * socket: the listening socket of an address, TCP or unix.
 */
#pragma once

#include <sys/types.h>

#include "gateway/status.h"

#define LISTEN_ADDRESS_BYTES 128

struct listening {
    int fd;                             /* -1 once closed */
    char address[LISTEN_ADDRESS_BYTES]; /* as bound */
    bool is_unix;
    dev_t device; /* of the unix socket's file, to know it again */
    ino_t inode;
};

/*
 * Non-blocking and listening. `mode` is for a unix socket's file. A file left behind by
 * a dead process is replaced; one that somebody listens on is not.
 */
MUST_CHECK enum status listening_open(const char *address, unsigned mode,
                                      struct listening *out, struct error *err);
/* Removes the unix socket's file, if it is still ours. */
void listening_close(struct listening *listening);
