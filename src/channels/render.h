/*
 * render: structured content down to what a channel can show, driven by its
 * capabilities: cards that fit, else quick replies, else numbered text.
 */
#pragma once

#include "gateway/channel.h"
#include "gateway/keep.h"

struct rendering {
    struct str text;                    /* may be empty */
    const struct choice *quick_replies; /* to show as such */
    const unsigned *ordinals;           /* under which each is stored: choice.h */
    size_t quick_reply_count;
    const struct card *cards; /* to show as such */
    size_t card_count;
    unsigned card_ordinal; /* of the first card's first choice; the others count on */
    bool shows_numbers;    /* options stand in the text, under their numbers */
};

/*
 * `names_files`: a line for each, as they do not go by themselves. Views borrow from
 * the event, from `lines` (initialised by the caller, who releases it) and from the
 * keeper's arena. Overflows of either are sticky there.
 */
void render(const struct event *event, const struct capabilities *can, bool names_files,
            struct buf *lines, struct keeper *keep, struct rendering *out);
