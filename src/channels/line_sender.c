/*
 * line_sender: agents' messages, typing and what was read as calls of the Messaging
 * API.
 *
 * Messages are pushed. A reply to a webhook would cost nothing, but its token dies
 * after about a minute, before most agents answer, and knows no key: repeated after a
 * lost answer, the customer would read it twice. Source: channels/line.md sections 5
 * and 7; read 2026-12-01.
 */
#include "line.h"

#include "codes.h"
#include "gateway/crypto.h"
#include "gateway/member.h"
#include "saying.h"

#define PEER "LINE"

/* Source: section 5, "Limits". */
static const struct manner manner = {
    .peer = PEER, .limit = {5000, TEXT_UTF16}
};
#define ICON_URL_MAX 2000
/* Source: section 5, "Loading": whole steps of five seconds. */
#define TYPING_STEP_S 5
#define TYPING_MAX_S 60

/* ---- what is asked ---- */

static enum status call(const struct attempt *attempt, const char *path,
                        const struct json *body, struct exchange *out,
                        struct error *err)
{
    const struct line_settings *own = attempt->bridge->settings;
    struct arena *arena = attempt->arena;
    struct str url = arena_printf(arena, "%s/v2/bot/%s", own->api_url, path);

    enum status status = exchange_post(out, url, body, arena, err);
    if (status == STATUS_OK)
        exchange_bearer(out, str_of(own->access_token), arena);
    return status;
}

/*
 * A UUID out of the part's id, so that each repeat has the same, also after a restart.
 * Source: section 5, "Idempotency"; RFC 9562, section 5.8.
 */
static enum status add_retry_key(const struct attempt *attempt, size_t part,
                                 struct exchange *out, struct error *err)
{
    struct str id = part_id(attempt->delivery->public_id, part, attempt->arena);
    uint8_t sum[SHA256_BYTES];
    char hex[2 * HASH16_BYTES + 1];

    enum status status = sha256(id, sum, err);
    if (status != STATUS_OK)
        return status;
    sum[6] = (uint8_t)(0x80 | (sum[6] & 0x0f)); /* version 8 */
    sum[8] = (uint8_t)(0x80 | (sum[8] & 0x3f)); /* variant 10 */
    hex_encode(sum, HASH16_BYTES, hex);
    exchange_header(out, STR("X-Line-Retry-Key"),
                    arena_printf(attempt->arena, "%.8s-%.4s-%.4s-%.4s-%s", hex, hex + 8,
                                 hex + 12, hex + 16, hex + 20));
    return STATUS_OK;
}

static struct json *add_text(struct json *messages, struct str text)
{
    struct json *message = json_append_object(messages);

    json_add_str(message, "type", STR("text"));
    json_add_str(message, "text", text);
    return message;
}

/* Both links lead to the same picture: see file_forms. */
static struct json *add_image(struct json *messages, const struct file *file)
{
    struct json *message = json_append_object(messages);

    json_add_str(message, "type", STR("image"));
    json_add_str(message, "originalContentUrl", file->link);
    json_add_str(message, "previewImageUrl", file->link);
    return message;
}

/* Shown below the message until the next one comes. */
static void add_quick_replies(struct json *message, const struct delivery *delivery,
                              const struct rendering *shown)
{
    if (shown->quick_reply_count == 0)
        return;
    struct json *items =
        json_add_array(json_add_object(message, "quickReply"), "items");
    for (size_t i = 0; i < shown->quick_reply_count; i++) {
        const struct choice *reply = &shown->quick_replies[i];
        struct json *item = json_append_object(items);
        json_add_str(item, "type", STR("action"));
        if (str_starts(reply->image, STR("https://")) &&
            reply->image.len <= ICON_URL_MAX)
            json_add_str(item, "imageUrl", reply->image);
        json_add(
            item, "action",
            line_new_postback(delivery->message_id, shown->ordinals[i], reply->label));
    }
}

static bool fit_labels(const struct choice *choices, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (choices[i].kind != CHOICE_LINK && !line_fits_label(choices[i].label))
            return false;
    return true;
}

/* Of this message: what a card holds depends on its siblings, and labels are counted in
 * UTF-16. */
static void find_capabilities(const struct attempt *attempt, struct capabilities *out)
{
    const struct content *content = &attempt->delivery->event.content;

    attempt->bridge->channel->capabilities(attempt->bridge, out);
    out->cards = line_fits_cards(content);
    bool fit = fit_labels(content->quick_replies, content->quick_reply_count);
    for (size_t i = 0; !out->cards && i < content->card_count; i++)
        fit = fit &&
              fit_labels(content->cards[i].choices, content->cards[i].choice_count);
    if (!fit)
        out->quick_replies_max = 0;
}

/* Quick replies go below the last message of all, for they end with the next. */
static struct json *message_body(const struct attempt *attempt,
                                 const struct saying *saying)
{
    const struct delivery *delivery = attempt->delivery;
    const struct rendering *shown = &saying->shown;
    struct json *body = json_new_object();
    bool has_cards = saying->is_last && shown->card_count > 0;
    struct json *last = NULL;

    json_add_str(body, "to", delivery->event.contact_id);
    struct json *messages = json_add_array(body, "messages");
    if (saying->file != NULL)
        last = add_image(messages, saying->file);
    else if (!has_cards || str_trim(saying->text).len > 0)
        last = add_text(messages, saying->text);
    if (has_cards)
        last = line_add_cards(messages, delivery->message_id, shown);
    if (saying->part + 1 == attempt->step)
        add_quick_replies(last, delivery, shown);
    return body;
}

static enum status say_message(struct attempt *attempt, struct exchange *out,
                               struct error *err)
{
    struct capabilities can;
    CLEANUP(saying_release) struct saying saying;

    find_capabilities(attempt, &can);
    enum status status = saying_next(&saying, attempt, &manner, &can, err);
    if (status != STATUS_OK)
        return status;
    CLEANUP(json_freep) struct json *body = message_body(attempt, &saying);
    status = call(attempt, "message/push", body, out, err);
    return status == STATUS_OK ? add_retry_key(attempt, saying.part, out, err) : status;
}

/* Ends by itself, or with the next message. */
static enum status say_typing(struct attempt *attempt, struct exchange *out,
                              struct error *err)
{
    const struct event *event = &attempt->delivery->event;
    CLEANUP(json_freep) struct json *body = json_new_object();
    int64_t seconds = (event->typing_ms + 999) / 1000;

    seconds = (seconds + TYPING_STEP_S - 1) / TYPING_STEP_S * TYPING_STEP_S;
    if (seconds < TYPING_STEP_S)
        seconds = TYPING_STEP_S;
    if (seconds > TYPING_MAX_S)
        seconds = TYPING_MAX_S;
    json_add_str(body, "chatId", event->contact_id);
    json_add_i64(body, "loadingSeconds", seconds);
    return call(attempt, "chat/loading/start", body, out, err);
}

/* Of what has no token, as a button's press, nothing is shown as read: DUPLICATE. */
static enum status say_read(struct attempt *attempt, struct exchange *out,
                            struct error *err)
{
    struct str token = attempt->delivery->target_peer_id;
    CLEANUP(json_freep) struct json *body = json_new_object();

    (void)str_cut(&token, LINE_READ_SEPARATOR);
    if (token.len == 0)
        return STATUS_DUPLICATE;
    json_add_str(body, "markAsReadToken", token);
    return call(attempt, "chat/markAsRead", body, out, err);
}

/* ---- what is answered ---- */

#define NO_CONTACT RULE(400, 400, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION)

/*
 * Source: section 7. The month's messages used up is the account's trouble, for a
 * person to mend: it pauses the bridge as a bad token does.
 */
static const struct reply_words_rule message_rules[] = {
    RULE_WORDS("failed to send", NO_CONTACT),
    RULE_WORDS("'to'", NO_CONTACT),
    RULE_WORDS(NULL, RULE(400, 400, OUTCOME_REFUSED_MESSAGE,
                          REASON_INVALID_MESSAGE_STRUCTURE)),
    RULE_WORDS(NULL, RULE_OUTCOME(409, 409, OUTCOME_ACCEPTED_DUPLICATE)),
    RULE_WORDS(NULL, RULE_BREAKS(410, 410, PAUSE_BRIDGE_TO_CHANNEL)),
    RULE_WORDS("monthly limit", RULE_BREAKS(429, 429, PAUSE_BRIDGE_TO_CHANNEL)),
    RULE_WORDS(NULL, RULE_MAYBE(500, 599)),
};

/* Typing and what was read: but for a bad token, a trouble of theirs is none of the
 * messages'. */
static const struct reply_words_rule sign_rules[] = {
    RULE_WORDS(NULL, RULE_OUTCOME(400, 400, OUTCOME_REFUSED_MESSAGE)),
    RULE_WORDS(NULL, RULE_OUTCOME(402, 499, OUTCOME_REFUSED_MESSAGE)),
};

/* "The request body has 1 error(s): May not be empty: messages[0].text". The receiver
 * as the odd property reads as where LINE says it in one sentence. */
static struct str what_is_said(const struct json *refusal, struct arena *arena)
{
    const struct json *detail = json_first(json_get(refusal, "details"));
    struct str message = member_text(refusal, "message");
    struct str property = member_text(detail, "property");

    if (detail == NULL)
        return message;
    if (str_is(property, "to"))
        property = STR("'to'");
    return arena_printf(arena, "%.*s: %.*s: %.*s", STR_ARG(message),
                        STR_ARG(member_text(detail, "message")), STR_ARG(property));
}

/* The first of the messages of the push; also of one that LINE had before. */
static void read_message_id(const struct attempt *attempt, const struct json *body,
                            struct sender_result *out)
{
    struct keeper keep = {.arena = attempt->arena};

    (void)member_id(json_first(json_get(body, "sentMessages")), "id", &keep,
                    &out->provider_id);
}

static void settle_message(const struct attempt *attempt, const struct reply *reply,
                           struct sender_result *out)
{
    CLEANUP(json_freep) struct json *refusal = reply_read_refusal(reply);
    struct str said = what_is_said(refusal, attempt->arena);

    reply_judge(reply,
                status_rule_find_own(message_rules, COUNT_OF(message_rules),
                                     reply->status, said),
                PEER, attempt->arena, out);
    reply_explain(out, said, attempt->arena);
    if (!outcome_is_success(out->outcome))
        return;
    if (!reply_is_success(reply)) {
        read_message_id(attempt, refusal, out);
        return;
    }
    CLEANUP(json_freep) struct json *body = reply_read(reply, attempt, out);
    read_message_id(attempt, body, out);
}

static enum sender_step settle(struct attempt *attempt, const struct reply *reply,
                               struct sender_result *out)
{
    if (attempt->delivery->class == DELIVERY_MESSAGE) {
        settle_message(attempt, reply, out);
        return saying_settled(attempt, out);
    }
    reply_judge(
        reply,
        status_rule_find_own(sign_rules, COUNT_OF(sign_rules), reply->status, STR_NONE),
        PEER, attempt->arena, out);
    return SENDER_OUTCOME;
}

/* ---- the sender ---- */

static enum sender_step line_next(struct attempt *attempt, const struct reply *last,
                                  struct now now, struct sender_result *out)
{
    static const struct speaker speaker = {
        .peer = PEER,
        .say = {[DELIVERY_MESSAGE] = say_message,
                [DELIVERY_RECEIPT] = say_read,
                [DELIVERY_TYPING] = say_typing},
        .settle = settle,
    };

    (void)now;
    return saying_speak(&speaker, attempt, last, out);
}

const struct sender line_sender = {
    .next = line_next,
    .credential_next = sender_no_credential,
};
