/*
 * exchange: one HTTP request to a peer and its reply, as values. No I/O.
 *
 * All views borrow from the attempt's arena and must stay until the reply is there.
 */
#pragma once

#include "gateway/http_message.h"

struct arena;
struct file;
struct json;

/* Where the body of a successful answer goes in place of reply.body. */
struct sink {
    /* False: no more is taken; the exchange ends as UNKNOWN. */
    bool (*take)(struct sink *sink, const void *bytes, size_t len);
};

#define EXCHANGE_HEADERS_MAX 24

struct exchange {
    const char *method;
    const char *url;
    struct http_header headers[EXCHANGE_HEADERS_MAX];
    size_t header_count;
    struct str body;
    const struct file *file; /* its bytes follow the body; or NULL */
    struct str body_end;     /* behind the file */
    struct sink *sink;       /* or NULL */
    bool has_file_link;  /* in the body: the peer gets that file before it answers */
    int64_t timeout_ms;  /* connect to last byte; a delivery's is the engine's */
    int64_t connect_ms;  /* of it until the connection stands; 0: all */
    unsigned slow_s;     /* ends once slower than LIMIT_FETCH_BYTES_PER_S for so long,
                            the wait for the first byte too; 0: however slow */
    bool is_outside_url; /* the URL came from outside: the address guard decides */
};

void exchange_header(struct exchange *exchange, struct str name, struct str value);
/*
 * Sets the body to the JSON text, with its Content-Type. `arena` is the attempt's.
 * STATUS_TOO_LARGE  past LIMIT_EXCHANGE_BYTES, or of what the attempt may hold
 * STATUS_RETRY      no memory to print it
 */
MUST_CHECK enum status exchange_json(struct exchange *exchange, const struct json *json,
                                     struct arena *arena, struct error *err);
/* The same with a form that form_add wrote; TOO_LARGE also when its buf overflowed. */
MUST_CHECK enum status exchange_form(struct exchange *exchange, const struct buf *form,
                                     struct arena *arena, struct error *err);
/* POST of the JSON text to the URL, as exchange_json: all but further headers. */
MUST_CHECK enum status exchange_post(struct exchange *out, struct str url,
                                     const struct json *json, struct arena *arena,
                                     struct error *err);
/* Adds the Authorization of RFC 6750: a token. */
void exchange_bearer(struct exchange *exchange, struct str token, struct arena *arena);
/* Adds the Authorization of RFC 7617: who is asking, and a secret. */
void exchange_basic(struct exchange *exchange, const char *user, const char *secret,
                    struct arena *arena);

enum reply_kind {
    REPLY_ANSWER,    /* status, headers and body are there */
    REPLY_NOT_SENT,  /* the peer got no byte of the request: safe to repeat */
    REPLY_UNKNOWN,   /* sent, at least in part; no complete answer */
    REPLY_CANCELLED, /* by transport_cancel */
};

struct reply {
    enum reply_kind kind;
    int status;                /* HTTP, of an ANSWER */
    struct str body;           /* cut at LIMIT_REPLY_BYTES */
    int64_t retry_after_ms;    /* -1: not said; an HTTP date is turned into a span */
    struct str correlation_id; /* ININ-Correlation-Id or X-Request-Id, may be empty */
    const char *why;           /* what went wrong, without address or secret; or "" */
    bool is_forbidden;         /* NOT_SENT: the address guard lets nobody go there */
    bool is_unreadable;        /* NOT_SENT: it is no URL of http or https */

    /* Of an answer to an exchange with a sink; else empty. */
    struct str content_type;
    struct str location; /* where a redirect leads, as a whole URL */
};
