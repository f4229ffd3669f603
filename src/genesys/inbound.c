/*
 * inbound: says a delivery to Genesys Cloud through the Open Messaging API.
 *
 * What the platform has no call for (edits, deletions, reactions, "left") goes as
 * readable text; an answer that fits nothing there goes on as text in the same attempt.
 */
#include "gateway/genesys.h"

#include "gateway/limits.h"
#include "gateway/parts.h"
#include "gateway/readable.h"
#include "internal.h"

/* Source: genesys/open-messaging.md section 3.1; its unit is not said. */
static const struct text_limit genesys_text = {LIMIT_GENESYS_TEXT, TEXT_CODE_POINTS};
/* With files there must be room for a line about one. */
#define FILE_LINE_MAX 600
static const struct text_limit text_with_files = {LIMIT_GENESYS_TEXT - FILE_LINE_MAX,
                                                  TEXT_CODE_POINTS};

/* ---- what is said ---- */

/*
 * A delivery as its parts: perhaps an answer, then the text. The answer is a part of
 * its own also when it goes as text, so that an attempt resumes at the same place.
 */
struct plan {
    bool has_answer;
    bool disconnects;
    struct str text;
    struct text_limit limit;
    size_t texts; /* parts of the text */
    size_t files; /* 0: they are named in the text */
    size_t count;
};

static bool is_plain_id(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return id.len > 0;
}

static bool can_disconnect(const struct attempt *attempt)
{
    return attempt->delivery->event.kind == EVENT_LEFT &&
           attempt->bridge->end_on_left && (attempt->step & STEP_GOES_AS_TEXT) == 0 &&
           is_plain_id(attempt->delivery->target_genesys_conversation);
}

static bool can_answer(const struct delivery *delivery)
{
    return delivery->event.kind == EVENT_ANSWER && delivery->target_peer_id.len > 0 &&
           delivery->event.answer_kind != CHOICE_ITEM &&
           utf8_fits(delivery->event.text, LIMIT_GENESYS_TEXT);
}

static void add_reaction(struct buf *lines, struct str emoji)
{
    if (emoji.len > 0)
        buf_printf(lines, "[reacted with %.*s]", STR_ARG(emoji));
    else
        buf_add(lines, STR("[took a reaction back]"));
}

static void add_left(struct buf *lines, struct str reason)
{
    buf_add(lines, STR("[left the conversation"));
    if (reason.len > 0)
        buf_printf(lines, ": %.*s", STR_ARG(reason));
    buf_add_char(lines, ']');
}

/* A button that was pressed: its label, or what it stands for. */
static struct str answer_text(const struct event *event)
{
    return event->text.len > 0 ? event->text : event->answer_payload;
}

/* What comes beside the text, unless it goes by itself. */
static void write_content(const struct attempt *attempt, struct buf *lines)
{
    const struct content *content = &attempt->delivery->event.content;

    if (attempt->files != NULL)
        readable_fallback(lines, content);
    else
        readable_content(lines, content);
}

/* What an agent reads. STATUS_UNSUPPORTED: there is nothing to say about such an event.
 */
static enum status write_text(const struct attempt *attempt, bool without_answer,
                              struct buf *lines, struct error *err)
{
    const struct event *event = &attempt->delivery->event;

    switch (event->kind) {
    case EVENT_MESSAGE:
        readable_line(lines, event->text);
        write_content(attempt, lines);
        return STATUS_OK;
    case EVENT_ANSWER:
        if (!without_answer)
            readable_line(lines, answer_text(event));
        write_content(attempt, lines);
        return STATUS_OK;
    case EVENT_EDIT:
        buf_printf(lines, "[edited] %.*s", STR_ARG(event->text));
        return STATUS_OK;
    case EVENT_DELETION:
        buf_add(lines, STR("[deleted a message]"));
        return STATUS_OK;
    case EVENT_REACTION:
        add_reaction(lines, event->text);
        return STATUS_OK;
    case EVENT_LEFT:
        add_left(lines, event->text);
        return STATUS_OK;
    case EVENT_RECEIPT:
    case EVENT_TYPING:
    case EVENT_IDENTITY:
    case EVENT_UNREADABLE:
        break;
    }
    return fail(err, STATUS_UNSUPPORTED, "Genesys Cloud cannot be told of: %s",
                event_kind_name(event->kind));
}

/*
 * One file a message, the text with the first of them; the count depends on nothing
 * that may be otherwise at the next attempt. Source: section 3.7.
 */
static void count_parts(const struct attempt *attempt, struct plan *plan)
{
    if (attempt->files != NULL)
        plan->files = attempt->delivery->event.content.attachment_count;
    plan->limit = plan->files > 0 ? text_with_files : genesys_text;
    plan->texts = plan->text.len > 0 ? parts_count(plan->text, plan->limit) : 0;
    plan->count = plan->texts + plan->files;
    if (plan->texts > 0 && plan->files > 0)
        plan->count--;
    if (plan->has_answer || plan->count == 0)
        plan->count++;
    if (plan->disconnects)
        plan->count = 1;
}

static enum status plan_message(const struct attempt *attempt, struct buf *lines,
                                struct plan *out, struct error *err)
{
    const struct event *event = &attempt->delivery->event;

    out->disconnects = can_disconnect(attempt);
    out->has_answer = can_answer(attempt->delivery);
    out->text = event->text;
    if (event->kind != EVENT_MESSAGE || !content_is_empty(&event->content)) {
        enum status status = write_text(attempt, out->has_answer, lines, err);
        if (status != STATUS_OK)
            return status;
        out->text = buf_str(lines);
    }
    if (!buf_ok(lines))
        return fail(err, STATUS_TOO_LARGE, "the message is too large to be written");
    count_parts(attempt, out);
    return STATUS_OK;
}

static enum status plan_delivery(const struct attempt *attempt, struct buf *lines,
                                 struct plan *out, struct error *err)
{
    *out = (struct plan){.count = 1};
    if (attempt->delivery->class == DELIVERY_MESSAGE)
        return plan_message(attempt, lines, out, err);
    if (attempt->delivery->class == DELIVERY_RECEIPT &&
        attempt->delivery->target_peer_id.len == 0)
        return fail(err, STATUS_NOT_FOUND,
                    "Genesys Cloud's id of the message is unknown");
    return STATUS_OK;
}

static bool is_answer_part(const struct attempt *attempt, const struct plan *plan)
{
    return plan->has_answer && attempt->parts_done == 0;
}

/* Of the part's place in the message, the answer apart. */
static size_t place_of(const struct attempt *attempt, const struct plan *plan)
{
    return attempt->parts_done - (plan->has_answer ? 1 : 0);
}

/* The file that goes with the part; plan->files: none. */
static size_t file_of(const struct attempt *attempt, const struct plan *plan)
{
    size_t before = plan->texts > 0 ? plan->texts - 1 : 0;

    if (plan->files == 0 || is_answer_part(attempt, plan) ||
        place_of(attempt, plan) < before)
        return plan->files;
    return place_of(attempt, plan) - before;
}

static bool has_file(const struct attempt *attempt, const struct plan *plan)
{
    size_t file = file_of(attempt, plan);

    return file < plan->files && attempt->files[file].missing.len == 0 &&
           (attempt->step & STEP_GOES_AS_LINK) == 0;
}

static const struct inbound_call *call_of(const struct attempt *attempt,
                                          const struct plan *plan)
{
    bool goes_as_text = (attempt->step & STEP_GOES_AS_TEXT) != 0;

    switch (attempt->delivery->class) {
    case DELIVERY_RECEIPT:
        return &inbound_receipt_call;
    case DELIVERY_TYPING:
        return &inbound_typing_call;
    case DELIVERY_MESSAGE:
        break;
    }
    if (plan->disconnects)
        return &inbound_disconnect_call;
    if (is_answer_part(attempt, plan) && !goes_as_text)
        return &inbound_answer_call;
    return has_file(attempt, plan) ? &inbound_file_call : &inbound_text_call;
}

static struct str text_of(const struct attempt *attempt, const struct plan *plan)
{
    if (is_answer_part(attempt, plan))
        return answer_text(&attempt->delivery->event);
    return place_of(attempt, plan) < plan->texts
               ? parts_text(plan->text, plan->limit, place_of(attempt, plan))
               : STR_NONE;
}

/* What stands in place of a file that does not go by itself. */
static struct str text_about(const struct attempt *attempt, size_t file,
                             struct str text)
{
    const struct attachment *attachment =
        &attempt->delivery->event.content.attachments[file];
    CLEANUP(buf_release) struct buf lines;

    buf_init(&lines, LIMIT_EXCHANGE_BYTES);
    readable_line(&lines, text);
    if (attempt->files[file].missing.len > 0)
        readable_missing(&lines, attachment, &attempt->files[file]);
    else
        readable_link(&lines, attachment->text, &attempt->files[file]);
    return arena_copy(attempt->arena, buf_str(&lines));
}

static enum status say_part(const struct attempt *attempt, const struct plan *plan,
                            struct exchange *out, struct error *err)
{
    struct inbound_part part = {.index = attempt->parts_done,
                                .text = text_of(attempt, plan)};
    size_t file = file_of(attempt, plan);

    if (has_file(attempt, plan)) {
        part.file = &attempt->files[file];
        part.caption = attempt->delivery->event.content.attachments[file].text;
    } else if (file < plan->files) {
        part.text = text_about(attempt, file, part.text);
    }
    return genesys_say_part(attempt, &part, out, err);
}

static enum status say(const struct attempt *attempt, const struct plan *plan,
                       struct exchange *out, struct error *err)
{
    const struct inbound_call *call = call_of(attempt, plan);

    if (call == &inbound_receipt_call)
        return genesys_say_receipt(attempt, out, err);
    if (call == &inbound_typing_call)
        return genesys_say_typing(attempt, out, err);
    if (call == &inbound_disconnect_call)
        return genesys_say_disconnect(attempt, out, err);
    if (call == &inbound_answer_call)
        return genesys_say_answer(attempt, out, err);
    return say_part(attempt, plan, out, err);
}

/* ---- the sender ---- */

static bool is_usable(const struct credential *credential, struct now now)
{
    return credential->token.len > 0 &&
           now.mono_ms - credential->fetched_ms < credential->lifetime_ms;
}

static enum sender_step ask(struct attempt *attempt, const struct plan *plan,
                            struct now now, struct sender_result *out)
{
    struct error err;

    if (attempt->parts_done >= plan->count) {
        out->outcome = OUTCOME_DONE;
        return SENDER_OUTCOME;
    }
    attempt->credential_used = attempt->credential->generation;
    if (!is_usable(attempt->credential, now))
        return SENDER_NEED_CREDENTIAL;
    enum status status = say(attempt, plan, &out->exchange, &err);
    if (status != STATUS_OK)
        return sender_unbuilt(status, &err, attempt->arena, out);
    return SENDER_EXCHANGE;
}

static enum sender_step settle(const struct attempt *attempt, const struct plan *plan,
                               const struct reply *reply, struct sender_result *out)
{
    inbound_judge(call_of(attempt, plan), attempt, reply, out);
    if (!outcome_is_success(out->outcome))
        return SENDER_OUTCOME;
    return attempt->parts_done + 1 < plan->count ? SENDER_PROGRESS : SENDER_OUTCOME;
}

static enum sender_step inbound_next(struct attempt *attempt, const struct reply *last,
                                     struct now now, struct sender_result *out);

/* A 401 counts only against the credential it was sent with, and only the second one of
 * an attempt counts for good. */
static enum sender_step hear(struct attempt *attempt, const struct plan *plan,
                             const struct reply *reply, struct now now,
                             struct sender_result *out)
{
    bool is_denied = reply->kind == REPLY_ANSWER && reply->status == 401;

    if (is_denied && attempt->credential_used < attempt->credential->generation)
        return ask(attempt, plan, now, out);
    if (is_denied && (attempt->step & STEP_TOKEN_REFUSED) == 0) {
        attempt->step |= STEP_TOKEN_REFUSED;
        return SENDER_NEED_CREDENTIAL;
    }
    const struct inbound_call *call = call_of(attempt, plan);
    if (inbound_gives_way(call, reply)) {
        attempt->step |= call->way;
        return inbound_next(attempt, NULL, now, out);
    }
    enum sender_step step = settle(attempt, plan, reply, out);
    if (step == SENDER_PROGRESS)
        attempt->step &= ~(unsigned)STEP_GOES_AS_LINK; /* of that part's file only */
    return step;
}

static enum sender_step inbound_next(struct attempt *attempt, const struct reply *last,
                                     struct now now, struct sender_result *out)
{
    CLEANUP(buf_release) struct buf lines;
    struct plan plan;
    struct error err;

    *out = (struct sender_result){.retry_after_ms = -1};
    buf_init(&lines, LIMIT_EXCHANGE_BYTES);
    enum status status = plan_delivery(attempt, &lines, &plan, &err);
    if (status != STATUS_OK)
        return sender_unbuilt(status, &err, attempt->arena, out);
    if (last == NULL)
        return ask(attempt, &plan, now, out);
    return hear(attempt, &plan, last, now, out);
}

const struct sender genesys_sender = {
    .next = inbound_next,
    .credential_next = genesys_credential_next,
};
