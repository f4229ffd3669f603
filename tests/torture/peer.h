/*
 * peer: Genesys and the partner in one HTTP server without a thread, which answers as a
 * scenario says and keeps what it was told. Everything of it is exempt from injection.
 */
#pragma once

#include "gateway/text.h"

enum peer_target {
    PEER_TOKEN,   /* POST /oauth/token */
    PEER_GENESYS, /* below /api/ */
    PEER_PARTNER, /* everything else */
    PEER_TARGETS,
};

enum peer_manner {
    PEER_DEFAULT, /* a good answer of that target */
    PEER_ANSWERS, /* with the act's status, headers and body */
    PEER_RESETS,  /* reads the request, then cuts the connection */
    PEER_STOPS,   /* in the middle of the answer */
};
struct peer_act {
    enum peer_manner manner;
    bool is_lasting; /* whoever asks the same again hears the same */
    int status;
    const char *headers; /* whole lines, or NULL */
    const char *body;    /* NULL: none */
};
#define PEER_ACTS_MAX 6

struct peer;

struct peer *peer_new(void);
void peer_free(struct peer *peer);
unsigned peer_port(const struct peer *peer);

/* From now on: the acts in order, defaults after them. Requests with "zz-" in them are
 * somebody else's: they get the default. */
void peer_script(struct peer *peer, enum peer_target target,
                 const struct peer_act acts[PEER_ACTS_MAX]);
/* Defaults only; forgets what it was told and cuts what is open. */
void peer_begin(struct peer *peer);

/* Where it is in its script, and what it was told: to go on from there in another life.
 */
struct peer_memory;
struct peer_memory *peer_remember(const struct peer *peer);
void peer_recall(struct peer *peer, const struct peer_memory *memory);
void peer_memory_free(struct peer_memory *memory); /* accepts NULL */

/* Whatever can be done at once. True: something was. */
bool peer_step(struct peer *peer);

/* What it was told, each request as "TARGET PATH BODY" with what differs between runs
 * (ids, times, numbers) as #, sorted, each once; typing and tokens are left out. */
void peer_told(const struct peer *peer, struct buf *out);
/* Requests of any kind so far. */
size_t peer_count(const struct peer *peer);
