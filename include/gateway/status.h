/*
 * status: what a caller should do next; struct error says what happened.
 *
 * The code serves two readers: the function above, and server/respond, which turns it
 * into an HTTP status. Lower rooms fill the error and return; only the top logs. Any
 * thread.
 */
#pragma once

#include "gateway/base.h"

enum status {
    STATUS_OK,            /* 2xx */
    STATUS_DUPLICATE,     /* known before; 2xx */
    STATUS_INVALID,       /* 400: the bytes are not what the contract says */
    STATUS_DENIED,        /* 401: signature, time or unknown bridge, all alike */
    STATUS_FORBIDDEN,     /* 403: authentic, but for somebody else */
    STATUS_NOT_FOUND,     /* 404 */
    STATUS_BAD_METHOD,    /* 405 */
    STATUS_CONFLICT,      /* 409: same id, other contact */
    STATUS_TOO_LARGE,     /* 413 */
    STATUS_UNSUPPORTED,   /* 415: content type */
    STATUS_UNPROCESSABLE, /* 422: understood, but can never be relayed */
    STATUS_SLOW_DOWN,     /* 429 + Retry-After */
    STATUS_RETRY,         /* 503 + Retry-After: not stored, come again */
    STATUS_FAILED,        /* 500: our own bug or a broken machine */
};

#define ERROR_TEXT_BYTES 384
#define ERROR_POINTER_BYTES 128

/*
 * What happened, for a person: lower case, no full stop, never a secret or a message
 * text. `pointer` is a JSON Pointer (RFC 6901) to the part of the input that is wrong,
 * or empty.
 */
struct error {
    char text[ERROR_TEXT_BYTES];
    char pointer[ERROR_POINTER_BYTES];
};

/* Fills *err (if not NULL; clears the pointer) and returns `status`. */
enum status fail(struct error *err, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* As fail, and says where in a JSON document. */
enum status fail_at(struct error *err, enum status status, const char *pointer,
                    const char *format, ...) PRINTF_LIKE(4, 5);

/* Stable lower-case name: "ok", "retry", ... */
const char *status_name(enum status status);
