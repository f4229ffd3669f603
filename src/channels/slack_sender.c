/*
 * slack_sender: agents' messages, part by part.
 *
 * Source: channels/slack.md section 5; read 2026-12-01.
 */
#include "slack.h"

#include "gateway/limits.h"
#include "gateway/member.h"
#include "gateway/reply.h"
#include "saying.h"

#define PEER "Slack"

/* Counted before escaping: what is sent stays below the 40,000 where Slack cuts. Above
 * what can be pressed stands a text object. */
static const struct manner manner = {
    .peer = PEER,
    .limit = {SLACK_TEXT_MAX, TEXT_CODE_POINTS},
    .limit_with_options = {3000,           TEXT_CODE_POINTS},
};
/* Instead of the count of parts: say_plainly was here. */
#define PLAIN_STEP 0

/* ---- what is asked ---- */

static enum status post(const struct attempt *attempt, const struct saying *saying,
                        bool has_blocks, struct exchange *out, struct error *err)
{
    struct str text = saying->text;

    if (str_trim(text).len == 0 && saying->shown.card_count > 0)
        text = saying->shown.cards[0].title;
    CLEANUP(json_freep) struct json *body = slack_message(attempt->delivery, text);
    if (has_blocks && saying->is_last)
        slack_add_blocks(body, attempt->delivery, saying);
    return slack_call(attempt, "chat.postMessage", body, out, err);
}

static enum status say_message(struct attempt *attempt, struct exchange *out,
                               struct error *err)
{
    CLEANUP(saying_release) struct saying saying;

    enum status status = saying_next(&saying, attempt, &manner, NULL, err);
    if (status != STATUS_OK)
        return status;
    bool has_blocks = saying.shown.card_count > 0 || saying.shown.quick_reply_count > 0;
    if (saying.file != NULL)
        return slack_upload(attempt, &saying, out, err);
    return post(attempt, &saying, has_blocks, out, err);
}

/*
 * A picture that Slack cannot fetch is enough for it to refuse all blocks, and no
 * reason to lose what was said: it goes on in the same attempt, as text with numbers.
 * False: there is no such way.
 */
static bool say_plainly(struct attempt *attempt, struct sender_result *out)
{
    const struct content *content = &attempt->delivery->event.content;
    struct capabilities can;
    struct error err;

    if (attempt->step != 1 || content->card_count + content->quick_reply_count == 0)
        return false;
    attempt->bridge->channel->capabilities(attempt->bridge, &can);
    can.cards = false;
    can.quick_replies_max = 0;
    CLEANUP(saying_release) struct saying saying;
    enum status status = saying_next(&saying, attempt, &manner, &can, &err);
    bool is_one_part = attempt->step == 1;
    attempt->step = PLAIN_STEP;
    if (status != STATUS_OK || !is_one_part)
        return false;
    struct exchange exchange;
    if (post(attempt, &saying, false, &exchange, &err) != STATUS_OK)
        return false;
    *out = (struct sender_result){.exchange = exchange, .retry_after_ms = -1};
    return true;
}

/* ---- what is answered ---- */

static bool refuses_blocks(struct str error)
{
    return str_is(error, "invalid_blocks") || str_is(error, "invalid_blocks_format") ||
           str_is(error, "msg_blocks_too_long");
}

static enum sender_step settle(struct attempt *attempt, const struct reply *reply,
                               struct sender_result *out)
{
    if (attempt->kept != NULL) {
        enum sender_step step = slack_uploaded(attempt, reply, out);
        return step == SENDER_OUTCOME ? saying_settled(attempt, out) : step;
    }
    CLEANUP(json_freep) struct json *body = slack_judge(attempt, reply, out);
    if (outcome_is_success(out->outcome))
        slack_message_posted(body, attempt->arena, out);
    else if (refuses_blocks(member_text(body, "error")) && say_plainly(attempt, out))
        return SENDER_EXCHANGE;
    return saying_settled(attempt, out);
}

/* ---- the sender ---- */

static enum sender_step slack_next(struct attempt *attempt, const struct reply *last,
                                   struct now now, struct sender_result *out)
{
    static const struct speaker speaker = {
        .peer = PEER, .say = {[DELIVERY_MESSAGE] = say_message}, .settle = settle};

    (void)now;
    return saying_speak(&speaker, attempt, last, out);
}

const struct sender slack_sender = {
    .next = slack_next,
    .credential_next = sender_no_credential,
};
