#include "saying.h"

#include "gateway/limits.h"
#include "gateway/readable.h"

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
    out->can = *can;
    if (attempt->files != NULL && !can->files_with_text)
        out->files = event->content.attachment_count;
    render(event, can, attempt->files == NULL, &out->lines, &keep, &out->shown);
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

/* Whether there is something that only goes with a text. */
static bool wants_text(const struct saying *saying)
{
    return saying->files == 0 || saying->shown.text.len > 0 ||
           saying->shown.quick_reply_count > 0 || saying->shown.card_count > 0;
}

enum status saying_needs_text(const struct saying *saying, struct error *err)
{
    if (!wants_text(saying) || str_trim(saying->shown.text).len > 0 ||
        saying->shown.card_count > 0)
        return STATUS_OK;
    return fail(err, STATUS_UNPROCESSABLE, "the message holds no text");
}

static const struct file_form *form_of(const struct capabilities *can,
                                       const struct file *file)
{
    for (size_t i = 0; i < can->file_form_count; i++) {
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

static void write_in_place(struct saying *saying, const struct attempt *attempt,
                           const struct file *file)
{
    CLEANUP(buf_release) struct buf line;

    buf_init(&line, LIMIT_EXCHANGE_BYTES);
    if (file->missing.len > 0)
        readable_missing(&line, saying->attachment, file);
    else
        readable_link(&line, file);
    saying->text = arena_copy(attempt->arena, buf_str(&line));
}

static void say_file(struct saying *saying, const struct attempt *attempt, size_t index)
{
    const struct file *file = &attempt->files[index];
    const struct file_form *form =
        file->missing.len > 0 ? NULL : form_of(&saying->can, file);

    saying->attachment = &attempt->delivery->event.content.attachments[index];
    if (form == NULL) {
        write_in_place(saying, attempt, file);
        return;
    }
    saying->file = file;
    saying->form = form->form;
}

/* `texts` parts of text, behind them the cards if they are a part, then the files. */
static enum status cut(struct saying *saying, struct attempt *attempt,
                       struct text_limit limit, size_t texts, bool has_card_part)
{
    size_t files_from = texts + has_card_part;
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
    saying->is_cards = part == texts;
    saying->is_last = part + 1 == files_from;
    if (!saying->is_cards)
        saying->text = parts_text(saying->shown.text, limit, part);
    return STATUS_OK;
}

enum status saying_cut(struct saying *saying, struct attempt *attempt,
                       struct text_limit limit)
{
    size_t texts = wants_text(saying) ? parts_count(saying->shown.text, limit) : 0;

    return cut(saying, attempt, limit, texts, false);
}

enum status saying_cut_cards(struct saying *saying, struct attempt *attempt,
                             struct text_limit limit)
{
    struct str text = saying->shown.text;
    bool has_cards = saying->shown.card_count > 0;
    bool has_text = has_cards ? str_trim(text).len > 0 : wants_text(saying);

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
