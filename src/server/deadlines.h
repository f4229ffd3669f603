/*
 * deadlines: absolute deadlines of many connections, cheap to set and to clear.
 *
 * libmicrohttpd counts only idle time and never ends a suspended connection, so a slow
 * drip would live for ever. Each kind has one constant span, so its list is sorted by
 * appending: no heap. Belongs to one thread.
 */
#pragma once

#include "gateway/base.h"

enum deadline_kind {
    DEADLINE_HEADERS, /* connected, or request line there: headers complete */
    DEADLINE_IDLE,    /* last answer sent: next headers complete */
    DEADLINE_BODY,    /* headers complete: body complete */
    DEADLINE_STORED,  /* suspended: resumed */
    DEADLINE_ANSWER,  /* answer queued, or looked at: to be looked at again */
    DEADLINE_HELD,    /* answer held back: given */
    DEADLINE_LINGER,  /* answered and shut down: peer has stopped sending */
    DEADLINE_KINDS,
};

struct deadline {
    struct deadline *prev, *next; /* of its kind; NULL prev: not set */
    int64_t due_ms;
    enum deadline_kind kind;
};

struct deadlines {
    struct deadline *first[DEADLINE_KINDS];
    int64_t span_ms[DEADLINE_KINDS]; /* 0: never due */
};

/* Replaces what was set. */
void deadline_set(struct deadlines *deadlines, struct deadline *deadline,
                  enum deadline_kind kind, int64_t now_ms);
/* As deadline_set, unless what is set is due no later. */
void deadline_tighten(struct deadlines *deadlines, struct deadline *deadline,
                      enum deadline_kind kind, int64_t now_ms);
void deadline_clear(struct deadlines *deadlines, struct deadline *deadline);
/* One that is due, now cleared; its kind stays readable. NULL when there is none. */
struct deadline *deadlines_take_due(struct deadlines *deadlines, int64_t now_ms);
/* When the next one is due; INT64_MAX when none is set. */
int64_t deadlines_next_ms(const struct deadlines *deadlines);
