/*
 * peer: what the simulated Genesys Cloud and the simulated partners share.
 */
#pragma once

#include "sim.h"

#include <uthash.h>

/* Which message of a lane a text is. */
struct peer_mark {
    struct person *person;
    enum direction direction;
    int64_t seq;
};

/* An id of ours that a peer has seen, and what it stands for there. */
struct peer_id {
    struct str id;
    struct peer_mark mark;
    struct str own_id; /* what the peer calls it */
    unsigned copies;
    UT_hash_handle hh;
};
struct peer_id *peer_id_find(struct peer_id *ids, struct str id);
struct peer_id *peer_id_add(struct sim *sim, struct peer_id **ids, struct str id);

/* A request as it arrived. */
struct peer_request {
    const char *method;
    struct str url;
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    uint64_t life; /* deaths of the gateway before it was sent */
    bool is_late;  /* the process that sent it has ended */
    bool is_cut;   /* in good order, without hearing the answer */
};

/* What a peer says to it. */
struct peer_answer {
    int status;
    struct str body;
    int64_t retry_after_ms; /* -1: not said */
    struct str location;    /* of a redirect */
    bool is_taken;          /* a message of a lane, or a part of one */
    struct person *person;
    enum direction direction;
    int64_t seq;
    unsigned part;
};

void genesys_handle(struct sim *sim, const struct peer_request *request,
                    struct peer_answer *out);
void partner_handle(struct sim *sim, const struct peer_request *request,
                    struct peer_answer *out);

/* Where the words begin, counted from 1; 0: nowhere. */
size_t peer_find(struct str text, struct str words);
/* Empty where there is no such text. */
struct str peer_text(const struct json *object, const char *name);
bool peer_header(const struct peer_request *request, const char *name,
                 struct str *out_value);
/* The mark as the trace id of a webhook. */
#define TRACE_BYTES 56
void peer_write_trace(const struct person *person, enum direction direction,
                      int64_t seq, char out[TRACE_BYTES]);
bool peer_read_trace(struct sim *sim, struct str trace, struct peer_mark *out);
/* Number of the part whose id it is. */
unsigned peer_part(struct str message_id);
void peer_write_mark(struct buf *out, const struct person *person,
                     enum direction direction, int64_t seq);
/* Every text carries ~PERSON.DIRECTION.SEQ~. */
bool peer_find_mark(struct sim *sim, struct str text, struct peer_mark *out);

/* The peer has it. `addressee` is who it takes it for. */
void peer_take(struct sim *sim, const struct peer_request *request,
               const struct peer_mark *mark, unsigned part, struct str key,
               const struct person *addressee, struct peer_answer *out);
void peer_told(struct sim *sim, const struct peer_mark *mark,
               enum history_status status, bool must_be_reported);
void peer_reports(struct sim *sim, const struct peer_mark *mark,
                  enum history_status status);
/* Sometimes a peer answers 429 or 5xx, and takes nothing. */
bool peer_fails(struct sim *sim, struct peer_answer *out);
