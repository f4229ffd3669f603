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
    bool is_last;  /* before the files: what can be pressed goes with it */
    bool is_cards; /* it is the cards, and has no text: saying_cut_cards */
    const struct file *file;
    const struct attachment *attachment;
    int form; /* of struct file_form */

    struct capabilities can;
    size_t files; /* that are parts of their own, behind the text */
    struct buf lines;
};

/* Also after a failure of saying_begin. */
void saying_release(struct saying *saying);
/*
 * What the channel can show of the delivery's message. UNSUPPORTED: it is no message;
 * TOO_LARGE. The error names the peer.
 */
MUST_CHECK enum status saying_begin(struct saying *out, const struct attempt *attempt,
                                    const char *peer, struct error *err);
/* The same where what can be shown depends on more of this message than the channel's
 * record can say. */
MUST_CHECK enum status saying_begin_with(struct saying *out,
                                         const struct attempt *attempt,
                                         const struct capabilities *can,
                                         const char *peer, struct error *err);
/* For a service that takes no message without a text, cards and files apart. */
MUST_CHECK enum status saying_needs_text(const struct saying *saying,
                                         struct error *err);
/*
 * The attempt's next part; attempt->step keeps how many there are. First the text, cut
 * as it must be, then the files one by one. One that is missing, or that the channel
 * takes in no form, is a text in its place: why, or a link. DUPLICATE: none is
 * left, as another version, or another setting, cut it into fewer.
 */
MUST_CHECK enum status saying_cut(struct saying *saying, struct attempt *attempt,
                                  struct text_limit limit);
/* The same for a service that shows cards in a message of their own: the last part,
 * behind those of the text. */
MUST_CHECK enum status saying_cut_cards(struct saying *saying, struct attempt *attempt,
                                        struct text_limit limit);

/* After an exchange was asked for, with that status: DUPLICATE is a delivery done. */
enum sender_step saying_asked(enum status status, const struct error *err,
                              struct arena *arena, struct sender_result *out);
/* After a reply was judged: on to the message's next part when this one is done. */
enum sender_step saying_settled(const struct attempt *attempt,
                                const struct sender_result *out);
