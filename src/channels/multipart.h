/*
 * multipart: multipart/form-data, for services that take a file as an upload.
 *
 * Source: RFC 7578, sections 4.1 to 4.3; WHATWG HTML, "Multipart form data"; read
 * 2026-12-01.
 */
#pragma once

#include "gateway/arena.h"
#include "gateway/exchange.h"
#include "gateway/file.h"

struct multipart {
    struct buf head; /* all before the file's bytes */
    struct str boundary;
};

/* The boundary is made of the file's own sum: no file can hold it. */
void multipart_begin(struct multipart *multipart, const struct file *file,
                     struct arena *arena);
void multipart_field(struct multipart *multipart, const char *name, struct str value);
/*
 * The file as the field of that name, and the end: fills body, file and Content-Type.
 * STATUS_TOO_LARGE  the fields do not fit into a request
 */
MUST_CHECK enum status multipart_file(struct multipart *multipart, const char *name,
                                      const struct file *file, struct arena *arena,
                                      struct exchange *out, struct error *err);
void multipart_release(struct multipart *multipart); /* for CLEANUP */
