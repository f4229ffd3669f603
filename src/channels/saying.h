/*
 * saying: how a message becomes what a service shows, part by part, and what becomes of
 * an attempt after each; for every channel. The counterpart of reading.
 */
#pragma once

#include "gateway/parts.h"
#include "gateway/sender.h"
#include "render.h"

/* The part of a message that is said next. */
struct saying {
    struct rendering shown;
    size_t part; /* from 0 */
    /* Either a text, which borrows from the attempt's delivery, its arena and `lines`,
     * or a file in the form that the channel takes it in. */
    struct str text;
    bool is_last;            /* before the files: what can be pressed goes with it */
    bool is_cards;           /* it is the cards, and has no text: parts_cards */
    const struct card *card; /* it is this one: parts_each_card */
    unsigned card_ordinal;   /* of its first choice */
    bool is_file;            /* the part of one, also where a text is in its place */
    const struct file *file;
    int form;           /* of struct file_form */
    struct str caption; /* that goes with the file; the form takes it */

    struct capabilities can;
    size_t files; /* that are parts of their own, behind the text */
    struct buf lines;
};

/* How a service takes messages. */
struct manner {
    const char *peer;        /* for people */
    struct text_limit limit; /* of a text in one message */
    /* Of one under which something can be pressed; 0: the same. */
    struct text_limit limit_with_options;
    bool takes_no_text;   /* a message may hold none, and nothing else either */
    bool parts_cards;     /* cards are a message of their own, behind the text */
    bool parts_each_card; /* each of them is one */
};

/* Also after a failure of saying_next. */
void saying_release(struct saying *saying);
/*
 * The attempt's next part, as the channel can show the delivery's message;
 * attempt->step keeps how many there are. First the text, cut as it must be, and the
 * cards, then the files one by one, each with its caption: where the form takes none,
 * or none so long, that is a line of the text. A file that is missing, or that the
 * channel takes in no form, is a text in its place: why, or a link. The error names the
 * peer. `can` NULL: what the channel's record says; else what this message lets it be.
 * STATUS_DUPLICATE      none is left, as another version, or another setting, cut it
 *                       into fewer
 * STATUS_UNSUPPORTED    it is no message
 * STATUS_UNPROCESSABLE  there is no text, and nothing else that goes without
 * STATUS_TOO_LARGE
 */
MUST_CHECK enum status saying_next(struct saying *out, struct attempt *attempt,
                                   const struct manner *manner,
                                   const struct capabilities *can, struct error *err);

/* How a sender goes through an attempt: what it asks, and what it makes of an answer.
 */
struct speaker {
    const char *peer; /* for people */
    /* By class of delivery; NULL: the service has no such thing. */
    enum status (*say[3])(struct attempt *attempt, struct exchange *out,
                          struct error *err);
    enum sender_step (*settle)(struct attempt *attempt, const struct reply *reply,
                               struct sender_result *out);
};
/* The member `next` of a sender. A part whose file is refused, as this message and not
 * as its contact, is said once more in the same attempt: a link in place of the file.
 */
enum sender_step saying_speak(const struct speaker *speaker, struct attempt *attempt,
                              const struct reply *last, struct sender_result *out);

/* After an exchange was asked for, with that status: DUPLICATE is a delivery done. */
enum sender_step saying_asked(enum status status, const struct error *err,
                              struct arena *arena, struct sender_result *out);
/* After a reply was judged: on to the message's next part when this one is done. */
enum sender_step saying_settled(const struct attempt *attempt,
                                const struct sender_result *out);
