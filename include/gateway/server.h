/*
 * server: HTTP/1.1 in, the one door to libmicrohttpd. Knows no path by name.
 *
 * A listener runs on one thread by listener_step, or on its own threads (admin); then
 * handlers run side by side, each request on one thread. A handler answers at once, or
 * suspends the request; whoever got it then calls request_resume from any thread, and
 * the request's thread calls the route's `resumed` to answer. Every ceiling is enforced
 * before the body is buffered. Refusals of our own are problems (RFC 9457); what
 * libmicrohttpd cannot parse it answers by itself with a few words of HTML.
 */
#pragma once

#include "gateway/arena.h"
#include "gateway/clock.h"
#include "gateway/http_message.h"
#include "gateway/status.h"

struct listener;
struct request;

/* 0 in any number means: no limit. */
struct listener_settings {
    const char *address; /* "127.0.0.1:8080", "[::1]:0", "unix:/run/omgw/omgw.sock" */
    int64_t connections; /* beyond it they wait in the kernel */
    /* Of one address; beyond it new ones are closed. Trusted proxies are exempt: of
     * each of their clients as many requests at a time, beyond it 429. */
    int64_t connections_per_peer;
    int64_t bodies_in_memory; /* bytes received over all requests; beyond it 503 */
    /* Answers to strangers (401, and what is refused for its head) in a second, of each
     * thread; beyond it they are held back for half a second, so that a flood of
     * forgeries costs its connections and not our time. */
    int64_t refusals_per_second;

    /* Spans, after which the connection is cut unless it says otherwise. */
    int64_t header_ms; /* connect, or request line, plus this: headers complete */
    int64_t body_ms;   /* headers complete plus this: body complete */
    int64_t stored_ms; /* suspended longer: `resumed` answers, though not done */
    int64_t idle_ms;   /* last answer plus this: next headers complete */
    int64_t answer_ms; /* answering without the peer taking a byte */

    /* Addresses, networks ("10.0.0.0/8"), "unix:" for a unix socket's peers; their
     * X-Forwarded-For is believed. Ends with NULL; may be NULL. */
    const char *const *trusted_proxies;
    unsigned threads;     /* 0: driven by listener_step; else that many own threads */
    unsigned socket_mode; /* of a unix socket, e.g. 0660; 0: 0600 */
};

enum handled {
    HANDLED_ANSWERED,  /* request_respond was called */
    HANDLED_SUSPENDED, /* request_suspend was called */
};

struct route {
    const char *method; /* "POST", or "GET" (also serves HEAD) */
    /* Path with arguments in braces: "/webhooks/channels/{bridge}/{part}"; each takes
     * one segment that is not empty. Of two paths that fit, the first in the table
     * counts. */
    const char *path;
    /* Body ceiling in bytes, asked when the headers are there. NULL: no body. */
    int64_t (*body_max)(const struct request *request, void *context);
    enum handled (*handle)(struct request *request, void *context);
    /* After request_resume, or with timed_out after stored_ms; must respond. NULL for
     * routes that never suspend. */
    void (*resumed)(struct request *request, bool timed_out, void *context);
};

/*
 * `routes` must stay. Unknown path: 404; known path, other method: 405 with Allow.
 * STATUS_INVALID  the address cannot be used (busy, bad); err says which and why
 */
MUST_CHECK enum status listener_open(const struct listener_settings *settings,
                                     const struct route *routes, size_t route_count,
                                     void *context, struct listener **out_listener,
                                     struct error *err);
/* The address really bound, e.g. "127.0.0.1:43211". */
const char *listener_address(const struct listener *listener);
/* Works until `timeout_ms` went by or something happened; without own threads only. */
void listener_step(struct listener *listener, int64_t timeout_ms);
/* Makes a running listener_step return, or the next one not wait. Any thread. */
void listener_wake(struct listener *listener);
/*
 * The next step (own threads: at once) closes the listening socket; what is open goes
 * on, but each answer ends its connection. Any thread.
 */
void listener_quiesce(struct listener *listener);
/* Requests somebody still needs: not answered, held, or not resumed. Any thread. */
size_t listener_requests(const struct listener *listener);
/*
 * Cuts what is open. Resumes nothing: all suspended requests must have been resumed,
 * and request_resume returned; nobody may hold one. Accepts NULL.
 */
void listener_close(struct listener *listener);

/* --- one request ---------------------------------------------------------- */

struct str request_method(const struct request *request);
struct str request_path(const struct request *request); /* as sent, not decoded */
/* Argument in braces by name, percent-decoded ("%2F" is part of it; a bad escape was
 * answered 400); empty when the route has none. */
struct str request_argument(const struct request *request, const char *name);
/* First query parameter of that name, decoded (a bad escape stays); or empty. */
struct str request_query(const struct request *request, const char *name);
struct str request_raw_query(const struct request *request);
struct str request_header(const struct request *request, const char *name); /* first */
struct str request_body(const struct request *request);
/* Headers and all as values, in the request's arena. `part` is empty. */
const struct http_message *request_message(struct request *request);
struct arena *request_arena(struct request *request);
/* Peer address: the socket's, or the last untrusted one of X-Forwarded-For; "unix"
 * where there is none. For limits and logs (masked). */
struct str request_peer(const struct request *request);
/* Which user of this machine asks, over a unix socket; false elsewhere. */
MUST_CHECK bool request_peer_uid(const struct request *request, uint32_t *out_uid);
/* Mono ms when the request line was complete (libmicrohttpd tells no earlier). */
int64_t request_started_ms(const struct request *request);
/* UUIDv7 in 32 hex digits, made when first asked for: `instance` of its problems. */
struct str request_id(struct request *request);
/* One pointer of the handler's, kept with the request. */
void request_set_data(struct request *request, void *data);
void *request_data(const struct request *request);

/*
 * One reference more, so that the request and its arena outlive the connection until
 * request_drop; both on the listener's thread, except that the work that suspended it
 * may drop through request_resume.
 */
void request_hold(struct request *request);
void request_drop(struct request *request);

/* Listener's thread, from handle. Takes a reference that request_resume gives back. */
void request_suspend(struct request *request);
/* Any thread, once per suspend: hands the request back in a batch (one eventfd). When
 * the client is gone or was answered meanwhile, only the reference is given back. */
void request_resume(struct request *request);

/*
 * Body is copied. Exactly once per request. `content_type` may be NULL. Adds nosniff,
 * and Cache-Control: no-store unless the headers have one; repeats an X-Request-Id. A
 * header that cannot be sent (a line end in it) cuts the connection instead.
 */
void request_respond(struct request *request, int status, const char *content_type,
                     struct str body, const struct http_header *headers,
                     size_t header_count);
/*
 * A file, open for reading: takes the descriptor over. Answers GET and HEAD, one range
 * (206, or 416), and If-None-Match with 304. `etag` in quotes.
 */
void request_respond_file(struct request *request, int descriptor, int64_t size,
                          struct str etag, const char *content_type,
                          const struct http_header *headers, size_t header_count);
/*
 * An answer (200) that goes on: what request_stream_write adds is sent as it comes,
 * e.g. server-sent events. Holds the request until request_stream_end, which must come
 * before listener_close. All three on the listener's thread. That the peer has left
 * shows only when something is sent: write a comment now and then.
 */
void request_stream(struct request *request, const char *content_type,
                    const struct http_header *headers, size_t header_count);
/* False: the peer has left, or lets too much wait; end the stream. */
MUST_CHECK bool request_stream_write(struct request *request, struct str bytes);
/* What waits is still sent; the caller's request is gone. */
void request_stream_end(struct request *request);
/*
 * application/problem+json from a status (RFC 9457): type, title, status, detail,
 * instance (request_id), and errors with the JSON Pointer when err has one. `detail` is
 * err's text; never with 401 and 500. Retry-After with 429 and 503. `err` may be NULL.
 */
void request_respond_problem(struct request *request, enum status status,
                             const struct error *err);
/* The same with one header more, which may be NULL; a Retry-After replaces its own. */
void request_respond_problem_with(struct request *request, enum status status,
                                  const struct error *err,
                                  const struct http_header *header);
/*
 * In place of an answer: closes the connection. `is_reset`: with a TCP reset, at once,
 * so that the client sees an error and not an end. For emulating a broken peer.
 */
void request_abort(struct request *request, bool is_reset);
/* The HTTP status of a status: the only such map. */
int http_status_of(enum status status);
/* Stable problem type of a status, e.g. "urn:omgw:problem:signature". */
const char *problem_type_of(enum status status);
