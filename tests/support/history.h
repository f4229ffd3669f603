/*
 * history: what senders, gateway and peers saw of each message, in order, and which
 * promises it breaks. The one checker of simulation, crash loops and power loss; other
 * languages give it lines of JSON (history_json.h, the program history_check).
 *
 * A lane is one contact in one direction, "CONTACT>inbound" or "CONTACT>outbound";
 * CONTACT is unique over all bridges. `seq` counts a lane's messages from 0 in the
 * order in which their sender first tried them. One thread.
 *
 * The rules, by the word that a violation starts with:
 *   loss        accepted or stored, and neither arrived nor a dead letter; accepted,
 * and not stored phantom     arrived or stored, and never sent doubled     stored
 * twice: one event had two effects cross-talk  arrived for another contact, or in
 * another contact's conversation order       arrived behind one that was sent after it
 * had been accepted repeat      a copy that neither a lost answer nor a death explains
 *   key         a copy under another idempotency key, or two messages under one
 *   window      a conversation joined too late, or left too early
 *   status      the sender was told something untrue, or something back
 *   untold      a dead letter whose sender was not told
 */
#pragma once

#include "gateway/text.h"

enum history_kind {
    HISTORY_SENT,        /* its sender tries to hand it over; also again */
    HISTORY_ACCEPTED,    /* its sender saw a 2xx */
    HISTORY_STORED,      /* found in the database */
    HISTORY_ARRIVED,     /* the peer took a copy */
    HISTORY_ANSWER_LOST, /* the gateway did not get the answer to the last copy */
    HISTORY_DIED,        /* the gateway, with everything in its memory */
    HISTORY_DEAD,        /* it became a dead letter */
    HISTORY_REPLAYED,    /* an operator sent the dead letter again */
    HISTORY_REPORTED,    /* the peer that got it reported a status */
    HISTORY_TOLD,        /* its sender was told a status */
};
#define HISTORY_KINDS (HISTORY_TOLD + 1)

enum history_status {
    HISTORY_STATUS_NONE,
    HISTORY_STATUS_ACCEPTED, /* the peer took it */
    HISTORY_STATUS_DELIVERED,
    HISTORY_STATUS_READ,
    HISTORY_STATUS_FAILED,
};

/* All but `kind`, and for DIED the lane, may stay away where they are not known. */
struct history_event {
    enum history_kind kind;
    struct str lane;
    int64_t seq;
    unsigned parts;             /* SENT: in how many it must arrive; 0 stands for 1 */
    unsigned part;              /* ARRIVED, ANSWER_LOST: which of them */
    enum history_status status; /* REPORTED, TOLD */
    bool must_be_told;          /* DEAD: its sender has to hear of it */
    bool must_be_reported;      /* TOLD: the peer says itself what it delivered */

    /* ARRIVED */
    struct str key;     /* idempotency key of this part */
    struct str contact; /* whom the peer saw it for */
    /* Deaths before it was sent, when some fell while it was on its way. */
    int64_t life;
    bool has_life;
    bool is_late; /* the process that sent it has ended since */

    /* STORED */
    int64_t row; /* orders what one lane and one contact accepted */
    int64_t at_ms;
    int64_t conversation;
    int64_t window_ms; /* 0: conversations are not checked */
    bool is_activity;  /* moves the window */
};

struct history_options {
    /* A death explains a copy wherever it stands: for histories put together from
     * several processes. Still one a lane and death. */
    bool deaths_are_loose;
};

struct history;
struct history *history_new(void);
void history_free(struct history *history);
/* Copies what it needs. */
void history_add(struct history *history, const struct history_event *event);
size_t history_count(const struct history *history);

const char *history_kind_name(enum history_kind kind);       /* "sent", ... */
const char *history_status_name(enum history_status status); /* "accepted", ... */

/* Adds a line for each violation, "RULE: what", to `out`; returns how many. */
size_t history_check(const struct history *history,
                     const struct history_options *options, struct buf *out);
