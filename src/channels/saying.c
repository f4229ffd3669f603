#include "saying.h"

#include "gateway/limits.h"

void saying_release(struct saying *saying)
{
    buf_release(&saying->lines);
}

enum status saying_begin_with(struct saying *out, const struct attempt *attempt,
                              const struct capabilities *can, const char *peer,
                              struct error *err)
{
    const struct event *event = &attempt->delivery->event;
    struct keeper keep = {.arena = attempt->arena};

    *out = (struct saying){0};
    buf_init(&out->lines, LIMIT_EXCHANGE_BYTES);
    if (event->kind != EVENT_MESSAGE)
        return fail(err, STATUS_UNSUPPORTED, "%s cannot be told of a %s", peer,
                    event_kind_name(event->kind));
    render(event, can, &out->lines, &keep, &out->shown);
    if (keep.is_full || !buf_ok(&out->lines))
        return fail(err, STATUS_TOO_LARGE, "the message is too large to be shown");
    return STATUS_OK;
}

enum status saying_begin(struct saying *out, const struct attempt *attempt,
                         const char *peer, struct error *err)
{
    struct capabilities can;

    attempt->bridge->channel->capabilities(attempt->bridge, &can);
    return saying_begin_with(out, attempt, &can, peer, err);
}

enum status saying_needs_text(const struct saying *saying, struct error *err)
{
    if (str_trim(saying->shown.text).len > 0 || saying->shown.card_count > 0)
        return STATUS_OK;
    return fail(err, STATUS_UNPROCESSABLE, "the message holds no text");
}

/* `texts` parts of text, and behind them the cards if they are a part. */
static enum status cut(struct saying *saying, struct attempt *attempt,
                       struct text_limit limit, size_t texts, bool has_card_part)
{
    size_t count = texts + has_card_part;

    if (attempt->parts_done >= count)
        return STATUS_DUPLICATE;
    saying->part = attempt->parts_done;
    saying->is_cards = saying->part == texts;
    if (!saying->is_cards)
        saying->text = parts_text(saying->shown.text, limit, saying->part);
    saying->is_last = saying->part + 1 == count;
    attempt->step = (unsigned)count;
    attempt->shows_numbers = saying->shown.shows_numbers;
    return STATUS_OK;
}

enum status saying_cut(struct saying *saying, struct attempt *attempt,
                       struct text_limit limit)
{
    return cut(saying, attempt, limit, parts_count(saying->shown.text, limit), false);
}

enum status saying_cut_cards(struct saying *saying, struct attempt *attempt,
                             struct text_limit limit)
{
    struct str text = saying->shown.text;
    bool has_cards = saying->shown.card_count > 0;
    bool has_text = !has_cards || str_trim(text).len > 0;

    return cut(saying, attempt, limit, has_text ? parts_count(text, limit) : 0,
               has_cards);
}

enum sender_step saying_asked(enum status status, const struct error *err,
                              struct arena *arena, struct sender_result *out)
{
    if (status == STATUS_OK)
        return SENDER_EXCHANGE;
    if (status != STATUS_DUPLICATE)
        return sender_unbuilt(status, err, arena, out);
    out->outcome = OUTCOME_DONE;
    return SENDER_OUTCOME;
}

enum sender_step saying_settled(const struct attempt *attempt,
                                const struct sender_result *out)
{
    bool has_more = attempt->parts_done + 1 < attempt->step;
    return outcome_is_success(out->outcome) && has_more ? SENDER_PROGRESS
                                                        : SENDER_OUTCOME;
}
