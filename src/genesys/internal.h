/*
 * internal: what the files that speak to Genesys Cloud share.
 */
#pragma once

#include "gateway/json.h"
#include "gateway/reply.h"
#include "gateway/sender.h"

#define GENESYS_PEER "Genesys Cloud"
/* Longest we wait for an answer: the platform gives up on itself (504) before that. */
#define GENESYS_TIMEOUT_MS 30000

/*
 * Adds the error's code to out->reason, and for what a person must mend also its text
 * and the correlation id. Not for other errors: there the text may quote the message.
 */
void genesys_explain(const struct reply *reply, struct arena *arena,
                     struct sender_result *out);

/* token.c */
enum sender_step genesys_credential_next(const struct bridge *bridge,
                                         struct arena *arena, const struct reply *last,
                                         struct now now, struct sender_result *out);

/* inbound_reply.c */

/* Kept in attempt->step. */
enum inbound_step {
    STEP_TOKEN_REFUSED = 1, /* a 401 has already cost this attempt one token */
    STEP_GOES_AS_TEXT = 2,  /* the special call was refused */
    STEP_GOES_AS_LINK = 4,  /* the file of this part was refused */
};

/* One kind of request and how its answers are read. */
struct inbound_call {
    const struct reply_rule *rules; /* before the shared ones; may be NULL */
    size_t rule_count;
    int gives_way[4];      /* statuses after which it goes on as text; 0: none */
    enum inbound_step way; /* how */
    void (*take)(const struct attempt *attempt, const struct reply *reply,
                 struct sender_result *out);
};
extern const struct inbound_call inbound_text_call;
extern const struct inbound_call inbound_file_call;
extern const struct inbound_call inbound_answer_call;
extern const struct inbound_call inbound_disconnect_call;
extern const struct inbound_call inbound_receipt_call;
extern const struct inbound_call inbound_typing_call;
/* What the answer comes to, with the ids it brings. */
void inbound_judge(const struct inbound_call *call, const struct attempt *attempt,
                   const struct reply *reply, struct sender_result *out);
/* Whether it goes on in another way after it. */
bool inbound_gives_way(const struct inbound_call *call, const struct reply *reply);

/* inbound_body.c: each fills method, URL and body of the exchange. */

/* What a part of a message says. */
struct inbound_part {
    size_t index;
    struct str text;
    const struct file *file; /* or NULL; the text may be empty then */
    struct str caption;      /* of the file; may be empty */
};
MUST_CHECK enum status genesys_say_part(const struct attempt *attempt,
                                        const struct inbound_part *part,
                                        struct exchange *out, struct error *err);
/* The answer to a structured message of Genesys Cloud. */
MUST_CHECK enum status genesys_say_answer(const struct attempt *attempt,
                                          struct exchange *out, struct error *err);
MUST_CHECK enum status genesys_say_receipt(const struct attempt *attempt,
                                           struct exchange *out, struct error *err);
MUST_CHECK enum status genesys_say_typing(const struct attempt *attempt,
                                          struct exchange *out, struct error *err);
/* Ends the Genesys conversation for all. */
MUST_CHECK enum status genesys_say_disconnect(const struct attempt *attempt,
                                              struct exchange *out, struct error *err);

/* attributes.c: customAttributes of the channel's metadata; none: nothing is added. */
void genesys_add_attributes(const struct delivery *delivery, struct json *channel);
