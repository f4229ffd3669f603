#include "render.h"

#include "gateway/readable.h"

/*
 * Options as text. Every one has the number under which the message's choices are
 * stored, links included, so that a number typed by the customer names exactly one of
 * them.
 */
struct writing {
    struct buf *lines;
    bool is_numbered; /* else only links are written: the others become quick replies */
    unsigned number;
};

static void write_choice(struct writing *writing, const struct choice *choice)
{
    bool is_link = choice->kind == CHOICE_LINK;

    writing->number++;
    if (!writing->is_numbered && !is_link)
        return;
    readable_begin(writing->lines);
    if (writing->is_numbered)
        buf_printf(writing->lines, "%u. ", writing->number);
    buf_add(writing->lines, choice->label);
    if (is_link)
        buf_printf(writing->lines, ": %.*s", STR_ARG(choice->payload));
}

static void write_choices(struct writing *writing, const struct choice *choices,
                          size_t count)
{
    for (size_t i = 0; i < count; i++)
        write_choice(writing, &choices[i]);
}

static void write_card(struct writing *writing, const struct card *card)
{
    readable_line(writing->lines, card->title);
    readable_line(writing->lines, card->description);
    write_choices(writing, card->choices, card->choice_count);
}

/* Options that would have to become quick replies. */
static size_t count_replies(const struct content *content, bool with_cards)
{
    size_t count = content->quick_reply_count;

    for (size_t c = 0; with_cards && c < content->card_count; c++)
        for (size_t i = 0; i < content->cards[c].choice_count; i++)
            count += content->cards[c].choices[i].kind != CHOICE_LINK;
    return count;
}

static void gather_replies(const struct content *content, struct keeper *keep,
                           struct rendering *out)
{
    size_t count = count_replies(content, true);
    struct choice *gathered = keep_array(keep, count, sizeof(*gathered));
    size_t filled = 0;

    if (gathered == NULL)
        return;
    for (size_t i = 0; i < content->quick_reply_count; i++)
        gathered[filled++] = content->quick_replies[i];
    for (size_t c = 0; c < content->card_count; c++)
        for (size_t i = 0; i < content->cards[c].choice_count; i++)
            if (content->cards[c].choices[i].kind != CHOICE_LINK)
                gathered[filled++] = content->cards[c].choices[i];
    out->quick_replies = gathered;
    out->quick_reply_count = filled;
}

void render(const struct event *event, const struct capabilities *can,
            struct buf *lines, struct keeper *keep, struct rendering *out)
{
    const struct content *content = &event->content;
    bool breaks_cards = !can->cards;
    bool has_buttons = count_replies(content, breaks_cards) <= can->quick_replies_max;
    struct writing writing = {.lines = lines, .is_numbered = !has_buttons};

    *out = (struct rendering){.text = event->text};
    if (content_is_empty(content))
        return; /* the usual case: nothing is copied */

    readable_line(lines, event->text);
    readable_content(lines, content);
    write_choices(&writing, content->quick_replies, content->quick_reply_count);
    for (size_t i = 0; breaks_cards && i < content->card_count; i++)
        write_card(&writing, &content->cards[i]);
    out->text = buf_str(lines);
    out->shows_numbers = !has_buttons && writing.number > 0;
    if (!breaks_cards) {
        out->cards = content->cards;
        out->card_count = content->card_count;
    }
    if (has_buttons && breaks_cards) {
        gather_replies(content, keep, out);
    } else if (has_buttons) {
        out->quick_replies = content->quick_replies;
        out->quick_reply_count = content->quick_reply_count;
    }
}
