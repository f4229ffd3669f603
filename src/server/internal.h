/*
 * internal: what the files of this room share.
 *
 * A loop is one thread's share of a listener: one daemon of libmicrohttpd without
 * threads, driven by our own epoll. A listener has one loop, stepped by its owner, or
 * several with a thread each; they share the listening socket and a few counters. All
 * else in a loop, its connections and their requests belongs to the loop's thread.
 */
#pragma once

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "deadlines.h"
#include "gateway/random.h"
#include "gateway/server.h"
#include "peers.h"
#include "route.h"
#include "socket.h"

struct loop;

/* Classes of the sizes of bodies that are coming, each twice the one before. */
#define BODY_CLASSES 20
#define BODY_CLASS_BYTES 1024
/* A larger body buffer is freed with its request. */
#define POOLED_BODY_BYTES (16 * 1024)

/* What epoll tells a loop about: `ready` is called when its descriptor is. */
struct watch {
    void (*ready)(struct watch *watch, struct loop *loop);
};

struct loop {
    struct listener *listener;
    struct MHD_Daemon *daemon;
    int epoll_fd;
    int wake_fd; /* eventfd */
    pthread_t thread;
    bool has_thread;
    struct watch daemon_watch;
    struct watch wake_watch;
    struct watch accept_watch;
    bool is_accepting;       /* the listening socket is in epoll_fd */
    int64_t accept_again_ms; /* after running out of descriptors */
    bool is_quiesced;
    bool has_woken; /* a stream, since libmicrohttpd ran: it does not say so itself */

    struct deadlines deadlines;
    struct request *coming[BODY_CLASSES]; /* lists: bodies not yet complete */
    struct connection *arriving;          /* on its way through MHD_add_connection */
    size_t linger_count;
    int64_t refusals_second; /* which one the next counts */
    int64_t refusals;        /* answers to strangers in it */
    struct request *free_requests;
    size_t free_count;
    struct random random; /* of request ids */
    _Atomic(struct request *)
        resumed_latest; /* any thread pushes; a list, latest first */
};

struct listener {
    struct listener_settings
        settings;               /* the pointers in it are borrowed until open ends */
    const struct route *routes; /* borrowed */
    size_t route_count;
    void *context; /* borrowed; of the routes */
    struct networks *trusted;
    struct peer_counts *peers;
    struct listening listening;
    atomic_bool is_quiescing;
    atomic_bool is_closing;
    atomic_size_t accepting_loops; /* the last one closes the listening socket */
    atomic_size_t requests;
    _Atomic int64_t connections;
    _Atomic int64_t body_bytes;
    size_t loop_count;
    struct loop loops[];
};

/* One client's socket; from accept until libmicrohttpd has closed it. */
struct connection {
    struct loop *loop;
    struct MHD_Connection *mhd;
    int fd;
    bool has_peer; /* false: unix */
    bool is_counted;
    bool is_trusted; /* what it says of its client in X-Forwarded-For counts */
    bool is_refused; /* answered although the peer may still be sending a body */
    struct peer peer;
    char peer_text[PEER_TEXT_BYTES]; /* "unix" without a peer */
    struct deadline deadline;
    uint64_t sent_mark;      /* as it was last seen: see answer_progress */
    int64_t moved_ms;        /* when it was last seen to change, or the answer began */
    struct request *request; /* under way, or NULL */
};

enum stage {
    STAGE_HEAD,     /* the request line is there */
    STAGE_BODY,     /* headers are complete */
    STAGE_HANDLING, /* with the route's handler */
    STAGE_SUSPENDED,
    STAGE_ANSWERED,
    STAGE_BROKEN, /* no answer can or shall be made: the connection is closed */
};

struct request {
    struct request *next; /* among the free, or the resumed */
    struct loop *loop;
    struct connection
        *connection; /* NULL once libmicrohttpd is done with the request */
    struct arena *arena;
    struct buf body;
    struct {
        struct request *prev, *next; /* NULL prev: not in a list */
        size_t class;
    } coming; /* in the loop's list of that class, until the body is complete */
    unsigned references;
    enum stage stage;
    int64_t started_ms;

    struct str method;
    struct str path;
    struct str query;
    struct http_header *headers;
    size_t header_count;
    struct http_message message;
    struct route_match match; /* values decoded */
    struct peer peer;
    struct str peer_text;
    bool is_peer_counted; /* a proxy's client */

    /* Not STATUS_OK: the handler will not see it; this is the answer, once the body
     * (which is dropped) is complete. */
    enum status refusal;
    struct error refusal_error;

    char id[PUBLIC_ID_BYTES]; /* made when first asked for */
    void *data;               /* the handler's */
    struct stream *stream;    /* owned; of an answer that goes on, else NULL */
};

int64_t server_now_ms(void);

/* --- loop.c --------------------------------------------------------------- */

MUST_CHECK enum status loop_open(struct loop *loop, struct listener *listener,
                                 struct error *err);
/* As listener_step. */
void loop_step(struct loop *loop, int64_t timeout_ms);
void loop_wake(struct loop *loop);
void loop_close(struct loop *loop);
/* As loop_expect_taking, of an answer to somebody we know nothing of; in a flood of
 * them it is held back, with its connection suspended. */
void loop_answer_stranger(struct connection *connection, bool is_flood);
/* An answer begins, or goes on: it has the span of one to be taken. */
void loop_expect_taking(struct connection *connection);
MUST_CHECK bool loop_watch(const struct loop *loop, int fd, uint32_t events,
                           struct watch *watch);

/* --- arrivals.c: connections ---------------------------------------------- */

/* Takes what waits at the listening socket, up to a batch and the limits. */
void arrivals_accept(struct loop *loop);
/* Looks again, after a connection was closed or time went by, whether to accept. */
void arrivals_review(struct loop *loop);
/* No more, ever. */
void arrivals_stop(struct loop *loop);
/* libmicrohttpd tells of a connection's start and end; context is its loop. */
void connection_notify(void *context, struct MHD_Connection *mhd, void **socket_context,
                       enum MHD_ConnectionNotificationCode code);
struct connection *connection_of(struct MHD_Connection *mhd);

/* --- linger.c ------------------------------------------------------------- */

/*
 * Keeps the socket of a refused request open behind libmicrohttpd's back, reading and
 * dropping, until the peer stops or a moment has passed: closing at once, with input
 * unread, would reset the connection and could take the answer from the peer.
 */
void linger_start(struct loop *loop, int fd);
/* Of a deadline of DEADLINE_LINGER. */
void linger_expire(struct loop *loop, struct deadline *deadline);
void linger_close_all(struct loop *loop);

/* --- wire.c: libmicrohttpd's callbacks of one request --------------------- */

/* `context` is the loop. */
void *wire_begin(void *context, const char *target, struct MHD_Connection *mhd);
enum MHD_Result wire_advance(void *context, struct MHD_Connection *mhd, const char *url,
                             const char *method, const char *version, const char *data,
                             size_t *size, void **request_slot);
void wire_end(void *context, struct MHD_Connection *mhd, void **request_slot,
              enum MHD_RequestTerminationCode code);

/* --- head.c --------------------------------------------------------------- */

/* "/path?query", or with scheme and host before it. */
void head_set_target(struct request *request, const char *target);
/*
 * Everything the headers decide: framing, peer, route, ceilings. A refusal is left in
 * the request. True when it must be answered at once, before the body.
 */
MUST_CHECK bool head_read(struct request *request, const char *method,
                          const char *version);

/* --- request.c ------------------------------------------------------------ */

/* With one reference: libmicrohttpd's, given back by wire_end. */
struct request *request_new(struct loop *loop);
void request_free_pool(struct loop *loop);
/* Counts what no handler sees; 0: a connection that is closed unanswered. Any thread.
 */
void refusal_count(int http_status);
/* The answer will be this; the body is not kept. */
void request_refuse(struct request *request, enum status status, const char *why);
/* Has a suspended request answered by its route and hands it back to libmicrohttpd. */
void request_finish(struct request *request, bool timed_out);
/* Answers what request_resume handed back. */
void request_take_resumed(struct loop *loop);

/* --- bodies.c ------------------------------------------------------------- */

/* Whether a body of that length may come: it fits, or a larger one would give way. */
MUST_CHECK bool bodies_expect(const struct request *request, int64_t len);
/* Keeps a piece. The request, or larger ones, are refused when there is no room. */
void bodies_take(struct request *request, struct str bytes);
/* It is there: from now on it gives way to nobody. */
void bodies_complete(struct request *request);
/* Lets go of it. */
void bodies_forget(struct request *request);

/* --- stream.c ------------------------------------------------------------- */

/* Accepts NULL. */
void stream_free(struct stream *stream);

/* --- respond.c ------------------------------------------------------------ */

/* Queues the answer with our own headers; takes the response over. NULL, or a header
 * that cannot be sent: false, and the connection is closed instead. */
bool respond_with(struct request *request, int status, const char *content_type,
                  struct MHD_Response *response, const struct http_header *headers,
                  size_t header_count);
/* As request_respond_problem, with the refusal, and Allow with 405. */
void respond_refusal(struct request *request);
