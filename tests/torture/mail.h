/*
 * mail: webhooks as the partner and Genesys sign and send them, and the answers.
 */
#pragma once

#include "gateway/text.h"

enum mail_side { MAIL_END, MAIL_PARTNER, MAIL_GENESYS, MAIL_ADMIN };

/* What is wrong with it, or asked of it, beside its body. */
enum mail_twist {
    MAIL_PLAIN,
    MAIL_BAD_SIGNATURE,
    MAIL_OLD, /* signed an hour ago */
    MAIL_UNKNOWN_BRIDGE,
    MAIL_WRONG_METHOD,
    MAIL_WRONG_PATH,
    MAIL_TOO_LARGE,
    MAIL_NO_TYPE, /* another content type */
};

struct mail {
    enum mail_side side; /* MAIL_END: no more */
    int status; /* of the answer when nothing fails; 0: whatever the first run says */
    enum mail_twist twist;
    const char *id;      /* partner: webhook-id; admin: the path */
    const char *body;    /* or */
    const char *fixture; /* a file below tests/fixtures, whose "body" it is */
};

/* Ids that only the gateway knows: "$IN$" and "$OUT$" in a body stand for them. */
struct mail_ids {
    char in[40];  /* of the customers' last message */
    char out[40]; /* of the agents' */
};
/* The whole request. `now_ms` is the gateway's wall clock. */
void mail_write(const struct mail *mail, const struct mail_ids *ids, int64_t now_ms,
                struct buf *out);

#define MAIL_PARTNER_SECRET "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define MAIL_GENESYS_SECRET "a-secret-of-the-tests"
#define MAIL_INTEGRATION "5a1d3a52-0000-4000-8000-000000000002"

/* --- a client without a thread --------------------------------------------------- */

struct mail_call;
/* `address` of a listener: "127.0.0.1:1234". Takes the request's bytes. */
struct mail_call *mail_call_new(const char *address, struct buf *request);
void mail_call_free(struct mail_call *call);
/* True: something was done. */
bool mail_call_step(struct mail_call *call);
/* Until something comes, in the machine's time. */
void mail_call_wait(const struct mail_call *call, int timeout_ms);
/* The answer is there, or the connection is gone. */
bool mail_call_is_over(const struct mail_call *call);
/* 0: none came. */
int mail_call_status(const struct mail_call *call);
