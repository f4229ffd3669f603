#include "saying.h"

#include "gateway/limits.h"
#include "gateway/readable.h"

void saying_release(struct saying *saying)
{
    buf_release(&saying->lines);
}

/* ---- files ---- */

static const struct file_form *form_of(const struct capabilities *can,
                                       const struct file *file)
{
    for (size_t i = 0; file->missing.len == 0 && i < can->file_form_count; i++) {
        const struct file_form *form = &can->file_forms[i];
        size_t len = strlen(form->mime);
        bool is_kind = len == 0 || form->mime[len - 1] == '/';
        bool fits = is_kind ? str_starts(file->mime, str_of(form->mime))
                            : str_is(file->mime, form->mime);
        if (fits && (form->max_bytes == 0 || file->size <= form->max_bytes))
            return form;
    }
    return NULL;
}

/* UTF-16 is the smallest reading of limits whose unit is not said. */
static bool takes_caption(const struct file_form *form, struct str caption)
{
    return text_fits(caption, (struct text_limit){form->caption_max, TEXT_UTF16});
}

/* What is in place of a file has its caption with it. */
static bool is_left_behind(const struct capabilities *can, const struct file *file,
                           struct str caption)
{
    const struct file_form *form = form_of(can, file);

    if (can->files_with_text)
        return file->missing.len == 0;
    return form != NULL && !takes_caption(form, caption);
}

static void write_captions(struct saying *saying, const struct attempt *attempt)
{
    const struct content *content = &attempt->delivery->event.content;

    if (attempt->files == NULL || content->attachment_count == 0)
        return;
    for (size_t i = 0; i < content->attachment_count; i++) {
        struct str caption = content->attachments[i].text;
        if (is_left_behind(&saying->can, &attempt->files[i], caption))
            readable_line(&saying->lines, caption);
    }
    saying->shown.text = buf_str(&saying->lines);
}

static void write_in_place(struct saying *saying, const struct attempt *attempt,
                           const struct attachment *attachment, const struct file *file)
{
    CLEANUP(buf_release) struct buf line;
    bool is_left = is_left_behind(&saying->can, file, attachment->text);

    buf_init(&line, LIMIT_EXCHANGE_BYTES);
    if (file->missing.len > 0)
        readable_missing(&line, attachment, file);
    else
        readable_link(&line, is_left ? STR_NONE : attachment->text, file);
    saying->text = arena_copy(attempt->arena, buf_str(&line));
}

static void say_file(struct saying *saying, struct attempt *attempt, size_t index)
{
    const struct attachment *attachment =
        &attempt->delivery->event.content.attachments[index];
    const struct file *file = &attempt->files[index];
    const struct file_form *form = form_of(&saying->can, file);

    saying->is_file = true;
    if (form == NULL || attempt->file_way == FILE_AS_LINK) {
        write_in_place(saying, attempt, attachment, file);
        return;
    }
    attempt->file_way = FILE_SAID;
    saying->file = file;
    saying->form = form->form;
    if (takes_caption(form, attachment->text))
        saying->caption = attachment->text;
}

/* ---- the next part ---- */

static enum status begin(struct saying *out, const struct attempt *attempt,
                         const struct manner *manner, const struct capabilities *can,
                         struct error *err)
{
    const struct event *event = &attempt->delivery->event;
    struct keeper keep = {.arena = attempt->arena};

    if (event->kind != EVENT_MESSAGE)
        return fail(err, STATUS_UNSUPPORTED, "%s cannot be told of a %s", manner->peer,
                    event_kind_name(event->kind));
    if (can != NULL)
        out->can = *can;
    else
        attempt->bridge->channel->capabilities(attempt->bridge, &out->can);
    if (manner->parts_each_card && event->content.quick_reply_count > 0)
        out->can.cards = false; /* what can be pressed stands in one place */
    if (attempt->files != NULL && !out->can.files_with_text)
        out->files = event->content.attachment_count;
    render(event, &out->can, attempt->files == NULL, &out->lines, &keep, &out->shown);
    write_captions(out, attempt);
    if (keep.is_full || !buf_ok(&out->lines))
        return fail(err, STATUS_TOO_LARGE, "the message is too large to be shown");
    return STATUS_OK;
}

/* Whether there is something that only goes with a text. */
static bool wants_text(const struct saying *saying)
{
    return saying->files == 0 || saying->shown.text.len > 0 ||
           saying->shown.quick_reply_count > 0 || saying->shown.card_count > 0;
}

/* Most services take no message without a text, cards and files apart. */
static enum status check_text(const struct saying *saying, struct error *err)
{
    if (!wants_text(saying) || str_trim(saying->shown.text).len > 0 ||
        saying->shown.card_count > 0)
        return STATUS_OK;
    return fail(err, STATUS_UNPROCESSABLE, "the message holds no text");
}

static void say_card(struct saying *saying, size_t index)
{
    const struct rendering *shown = &saying->shown;

    saying->card = &shown->cards[index];
    saying->card_ordinal = shown->card_ordinal;
    for (size_t i = 0; i < index; i++)
        saying->card_ordinal += (unsigned)shown->cards[i].choice_count;
}

/* `texts` parts of text, behind them the cards as so many parts, then the files. */
static enum status cut(struct saying *saying, struct attempt *attempt,
                       const struct manner *manner, struct text_limit limit,
                       size_t texts, size_t cards)
{
    size_t files_from = texts + cards;
    size_t part = attempt->parts_done;

    if (part >= files_from + saying->files)
        return STATUS_DUPLICATE;
    saying->part = part;
    attempt->step = (unsigned)(files_from + saying->files);
    attempt->shows_numbers = saying->shown.shows_numbers;
    if (part >= files_from) {
        say_file(saying, attempt, part - files_from);
        return STATUS_OK;
    }
    saying->is_last = part + 1 == (manner->parts_each_card ? texts : files_from);
    if (part < texts)
        saying->text = parts_text(saying->shown.text, limit, part);
    else if (manner->parts_each_card)
        say_card(saying, part - texts);
    else
        saying->is_cards = true;
    return STATUS_OK;
}

static size_t card_parts(const struct manner *manner, const struct rendering *shown)
{
    if (manner->parts_each_card)
        return shown->card_count;
    return manner->parts_cards && shown->card_count > 0;
}

static enum status cut_by(struct saying *saying, struct attempt *attempt,
                          const struct manner *manner)
{
    const struct rendering *shown = &saying->shown;
    bool has_options = shown->quick_reply_count > 0 || shown->card_count > 0;
    size_t cards = card_parts(manner, shown);
    bool has_text = cards > 0 ? str_trim(shown->text).len > 0 : wants_text(saying);
    struct text_limit limit = has_options && manner->limit_with_options.max > 0
                                  ? manner->limit_with_options
                                  : manner->limit;

    return cut(saying, attempt, manner, limit,
               has_text ? parts_count(shown->text, limit) : 0, cards);
}

enum status saying_next(struct saying *out, struct attempt *attempt,
                        const struct manner *manner, const struct capabilities *can,
                        struct error *err)
{
    *out = (struct saying){0};
    buf_init(&out->lines, LIMIT_EXCHANGE_BYTES);
    enum status status = begin(out, attempt, manner, can, err);
    if (status == STATUS_OK && !manner->takes_no_text)
        status = check_text(out, err);
    return status == STATUS_OK ? cut_by(out, attempt, manner) : status;
}

/* ---- an attempt ---- */

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

static enum status say(const struct speaker *speaker, struct attempt *attempt,
                       struct exchange *out, struct error *err)
{
    static const char *const names[] = {
        [DELIVERY_MESSAGE] = "messages",
        [DELIVERY_RECEIPT] = "receipts",
        [DELIVERY_TYPING] = "typing",
    };
    enum delivery_class class = attempt->delivery->class;

    return speaker->say[class] == NULL
               ? fail(err, STATUS_UNSUPPORTED, "%s is not told of %s", speaker->peer,
                      names[class])
               : speaker->say[class](attempt, out, err);
}

static enum sender_step ask(const struct speaker *speaker, struct attempt *attempt,
                            struct sender_result *out)
{
    struct error err;

    *out = (struct sender_result){.retry_after_ms = -1};
    enum status status = say(speaker, attempt, &out->exchange, &err);
    return saying_asked(status, &err, attempt->arena, out);
}

/* What the service refused for its file, it may take without. */
static bool wants_link(const struct attempt *attempt, enum sender_step step,
                       const struct sender_result *out)
{
    return step == SENDER_OUTCOME && out->outcome == OUTCOME_REFUSED_MESSAGE &&
           attempt->file_way == FILE_SAID;
}

enum sender_step saying_speak(const struct speaker *speaker, struct attempt *attempt,
                              const struct reply *last, struct sender_result *out)
{
    if (last == NULL) {
        attempt->file_way = FILE_NONE;
        return ask(speaker, attempt, out);
    }
    *out = (struct sender_result){.retry_after_ms = -1};
    enum sender_step step = speaker->settle(attempt, last, out);
    if (!wants_link(attempt, step, out))
        return step;
    attempt->file_way = FILE_AS_LINK;
    attempt->kept = NULL;
    return ask(speaker, attempt, out);
}
