/*
 * attachments: what customers attached, fetched as Genesys does, and what became of it.
 *
 * Front thread. The bytes are kept as files as long as there is room; what is known of
 * them is kept in any case.
 */
#pragma once

#include "fetcher.h"
#include "files.h"
#include "shape.h"

struct emulator;

/* Of one message. */
struct fetched {
    char *name;               /* owned, as all here: what its file is called */
    char *mime;               /* as the message says */
    struct fetch_note *note;  /* without its bytes; NULL: under way */
    char file_id[UUID_BYTES]; /* or "": the bytes are not kept */
};
void fetched_free(void *row);

/* Asks for the attachment of a message. False: too many wait, or a list is full. */
MUST_CHECK bool attachment_fetch(struct emulator *emulator, struct message *message,
                                 const struct json *attachment);
/* Takes what the fetcher has to report. */
void attachments_hear(struct emulator *emulator);

/* The body of a message, an object left open for more members: as it came, with
 * `fetched` in its attachment once it is known. */
void print_body_open(struct buf *out, const char *name, const struct message *message);
