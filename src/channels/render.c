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

/* ---- what fits ---- */

static bool fits(struct str text, size_t max)
{
    return max == 0 || utf8_fits(text, max);
}

static bool fits_card(const struct card *card, const struct card_limits *limits)
{
    if ((limits->choices > 0 && card->choice_count > limits->choices) ||
        !fits(card->title, limits->title) ||
        !fits(card->description, limits->description))
        return false;
    for (size_t i = 0; i < card->choice_count; i++)
        if (!fits(card->choices[i].label, limits->label))
            return false;
    return true;
}

static bool fit_cards(const struct content *content, const struct capabilities *can)
{
    size_t max = can->card_limits.cards;

    if (!can->cards || (max > 0 && content->card_count > max))
        return false;
    for (size_t i = 0; i < content->card_count; i++)
        if (!fits_card(&content->cards[i], &can->card_limits))
            return false;
    return true;
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

static bool labels_fit(const struct choice *choices, size_t count, size_t max)
{
    for (size_t i = 0; i < count; i++)
        if (choices[i].kind != CHOICE_LINK && !fits(choices[i].label, max))
            return false;
    return true;
}

/* Whether all options can be buttons. */
static bool fit_buttons(const struct content *content, bool with_cards,
                        const struct capabilities *can)
{
    if (count_replies(content, with_cards) > can->quick_replies_max)
        return false;
    if (!labels_fit(content->quick_replies, content->quick_reply_count, can->label_max))
        return false;
    for (size_t c = 0; with_cards && c < content->card_count; c++)
        if (!labels_fit(content->cards[c].choices, content->cards[c].choice_count,
                        can->label_max))
            return false;
    return true;
}

struct gathering {
    struct choice *replies;
    unsigned *ordinals;
    size_t count;
    unsigned ordinal; /* of the next option of the message */
};

static void gather(struct gathering *gathering, const struct choice *choices,
                   size_t count)
{
    for (size_t i = 0; i < count; i++, gathering->ordinal++) {
        if (choices[i].kind == CHOICE_LINK)
            continue;
        gathering->replies[gathering->count] = choices[i];
        gathering->ordinals[gathering->count++] = gathering->ordinal;
    }
}

/* The order is that in which accept stores them: quick replies, then card by card. */
static void gather_replies(const struct content *content, bool with_cards,
                           struct keeper *keep, struct rendering *out)
{
    size_t count = count_replies(content, with_cards);
    struct gathering gathering = {
        .replies = keep_array(keep, count, sizeof(*gathering.replies)),
        .ordinals = keep_array(keep, count, sizeof(*gathering.ordinals)),
    };

    if (gathering.replies == NULL || gathering.ordinals == NULL)
        return;
    gather(&gathering, content->quick_replies, content->quick_reply_count);
    for (size_t c = 0; with_cards && c < content->card_count; c++)
        gather(&gathering, content->cards[c].choices, content->cards[c].choice_count);
    out->quick_replies = gathering.replies;
    out->ordinals = gathering.ordinals;
    out->quick_reply_count = gathering.count;
}

void render(const struct event *event, const struct capabilities *can, bool names_files,
            struct buf *lines, struct keeper *keep, struct rendering *out)
{
    const struct content *content = &event->content;

    *out = (struct rendering){.text = event->text};
    if (content_is_empty(content))
        return; /* the usual case: nothing is copied */

    bool breaks_cards = !fit_cards(content, can);
    bool has_buttons = fit_buttons(content, breaks_cards, can);
    struct writing writing = {.lines = lines, .is_numbered = !has_buttons};
    readable_line(lines, event->text);
    if (names_files)
        readable_content(lines, content);
    else
        readable_fallback(lines, content);
    write_choices(&writing, content->quick_replies, content->quick_reply_count);
    for (size_t i = 0; breaks_cards && i < content->card_count; i++)
        write_card(&writing, &content->cards[i]);
    out->text = buf_str(lines);
    out->shows_numbers = !has_buttons && writing.number > 0;
    if (!breaks_cards) {
        out->cards = content->cards;
        out->card_count = content->card_count;
        out->card_ordinal = (unsigned)content->quick_reply_count;
    }
    if (has_buttons)
        gather_replies(content, breaks_cards, keep, out);
}
