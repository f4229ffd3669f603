/*
 * attack: hostile clients of a listener, one table row a kind. Shared by its two files.
 *
 * A kind says what its clients send first, what they go on sending, and which deadline
 * of the server has to end them; attack.c connects, keeps the time and counts.
 */
#pragma once

#include "gateway/text.h"

/* Which of the server's deadlines must close the connection, and from when. */
enum clock {
    CLOCK_NONE,    /* it lives as long as the client likes */
    CLOCK_AT_ONCE, /* refused: from the last byte sent */
    CLOCK_HEADER,  /* connected */
    CLOCK_BODY,    /* first bytes sent: they end the headers */
    CLOCK_IDLE,    /* last answer */
    CLOCK_ANSWER,  /* our buffer last took a byte of an answer */
    CLOCKS,
};

/* What the first bytes are made of. */
struct target {
    const char *path; /* of a webhook */
    int64_t body_max; /* the server's ceiling */
};

struct kind {
    const char *name;
    unsigned share; /* of 100 */
    enum clock clock;
    /* `turn` counts the connections of a client, for kinds with several forms. */
    void (*first)(const struct target *target, unsigned turn, struct buf *out);
    const char *then;    /* sent once the first answer is there */
    const char *drip;    /* and then every now and then */
    unsigned drip_times; /* that often each time; 0: once */
    bool is_deaf;        /* never reads */
    bool is_greedy;      /* deaf, and asks again as long as the socket takes it */
    bool floods;         /* `first` again after each answer */
    unsigned answers;    /* to `first`; 0: one */
    bool half_closes;    /* behind `first` */
    bool resets;         /* hangs up, hard, after a moment */
    bool is_one_address; /* all from the same one */
};

extern const struct kind kinds[];
extern const size_t kind_count;
