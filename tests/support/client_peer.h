/*
 * client_peer: a small HTTP peer on raw TCP, in a thread of its own, that does what a
 * script says: answer, close, reset, say nothing. Records the requests it has read.
 */
#pragma once

#include "gateway/base.h"

enum client_peer_act {
    PEER_ANSWER,       /* sends the text and keeps the connection */
    PEER_ANSWER_CLOSE, /* sends the text and closes */
    PEER_DRIBBLE,      /* as PEER_ANSWER, every byte in a packet of its own */
    PEER_CLOSE,        /* closes without an answer */
    PEER_RESET,        /* the same with a TCP reset */
    PEER_SILENT,       /* keeps the connection and says nothing */
};

struct client_peer_step {
    enum client_peer_act act;
    const char *text;
    bool at_headers; /* acts when it has the headers, without waiting for the body */
};

struct client_peer;

/* One step for each request, in the order they are read; the last one is repeated. */
struct client_peer *client_peer_new(const struct client_peer_step *steps, size_t count);
void client_peer_free(struct client_peer *peer);

/* "http://127.0.0.1:<port>"; lives as long as the peer. */
const char *client_peer_url(const struct client_peer *peer);
size_t client_peer_connections(struct client_peer *peer);
/* Requests acted upon. */
size_t client_peer_requests(struct client_peer *peer);
/* The raw bytes of the last one, terminated. Valid until the next request. */
const char *client_peer_last(struct client_peer *peer);
/* Blocks until the peer has closed `count` connections in all, or acted on that many
 * requests. */
void client_peer_wait_closes(struct client_peer *peer, size_t count);
void client_peer_wait_requests(struct client_peer *peer, size_t count);
