/*
 * telegram_sender: agents' messages and typing as calls of the Bot API.
 *
 * Source: channels/telegram.md sections 6 and 8; read 2026-12-01.
 */
#include "telegram.h"

#include "codes.h"
#include "gateway/choice.h"
#include "gateway/limits.h"
#include "gateway/member.h"
#include "gateway/readable.h"
#include "saying.h"

#define PEER "Telegram"
/* The unit of the limit is not said; UTF-16 is the one its entities count in. */
static const struct manner manner = {
    .peer = PEER, .limit = {4096, TEXT_UTF16},
         .parts_each_card = true
};

/* ---- what is asked ---- */

static enum status call(const struct attempt *attempt, const char *method,
                        const struct json *body, struct exchange *out,
                        struct error *err)
{
    const struct telegram_settings *own = attempt->bridge->settings;

    return exchange_post(out, telegram_url(own, method, attempt->arena), body,
                         attempt->arena, err);
}

/* Numbers, but for the name of a channel. */
static void add_chat(struct json *body, struct str chat)
{
    int64_t number = 0;

    if (str_to_i64(chat, &number))
        json_add_i64(body, "chat_id", number);
    else
        json_add_str(body, "chat_id", chat);
}

/* A row each: labels may be long. The button holds a token, the store the payload. */
static void add_buttons(struct json *body, const struct delivery *delivery,
                        const struct rendering *rendering)
{
    if (rendering->quick_reply_count == 0)
        return;
    struct json *rows =
        json_add_array(json_add_object(body, "reply_markup"), "inline_keyboard");
    for (size_t i = 0; i < rendering->quick_reply_count; i++) {
        struct json *row = json_new_array();
        struct json *button = json_append_object(row);
        json_add_str(button, "text", rendering->quick_replies[i].label);
        choice_add(button, "callback_data", delivery->message_id,
                   rendering->ordinals[i]);
        json_append(rows, row);
    }
}

/* Links open, the others are pressed; a row each. */
static void add_card_buttons(struct json *body, const struct delivery *delivery,
                             const struct saying *saying)
{
    const struct card *card = saying->card;

    if (card->choice_count == 0)
        return;
    struct json *rows =
        json_add_array(json_add_object(body, "reply_markup"), "inline_keyboard");
    for (size_t i = 0; i < card->choice_count; i++) {
        const struct choice *choice = &card->choices[i];
        struct json *row = json_new_array();
        struct json *button = json_append_object(row);
        json_add_str(button, "text", choice->label);
        if (choice->kind == CHOICE_LINK)
            json_add_str(button, "url", choice->payload);
        else
            choice_add(button, "callback_data", delivery->message_id,
                       saying->card_ordinal + (unsigned)i);
        json_append(rows, row);
    }
}

/* A photo with a caption, or a text where there is none, or where the service could not
 * get it: attempt->kept says so. Source: section 6, "Card". */
static enum status say_card(struct attempt *attempt, const struct saying *saying,
                            struct exchange *out, struct error *err)
{
    const struct card *card = saying->card;
    bool has_photo = card->image.len > 0 && attempt->kept == NULL;
    CLEANUP(json_freep) struct json *body = json_new_object();
    CLEANUP(buf_release) struct buf text;

    buf_init(&text, LIMIT_EXCHANGE_BYTES);
    readable_line(&text, card->title);
    readable_line(&text, card->description);
    if (text.len == 0 && !has_photo)
        buf_add(&text, card->image);
    add_chat(body, attempt->delivery->event.contact_id);
    if (has_photo)
        json_add_str(body, "photo", card->image);
    member_add_text(body, has_photo ? "caption" : "text", buf_str(&text));
    add_card_buttons(body, attempt->delivery, saying);
    return call(attempt, has_photo ? "sendPhoto" : "sendMessage", body, out, err);
}

static enum status say_message(struct attempt *attempt, struct exchange *out,
                               struct error *err)
{
    const struct delivery *delivery = attempt->delivery;
    CLEANUP(saying_release) struct saying saying;

    enum status status = saying_next(&saying, attempt, &manner, NULL, err);
    if (status != STATUS_OK)
        return status;
    if (saying.file != NULL)
        return telegram_say_file(attempt, &saying, out, err);
    if (saying.card != NULL)
        return say_card(attempt, &saying, out, err);
    CLEANUP(json_freep) struct json *body = json_new_object();
    add_chat(body, delivery->event.contact_id);
    json_add_str(body, "text", saying.text);
    if (saying.is_last)
        add_buttons(body, delivery, &saying.shown);
    return call(attempt, "sendMessage", body, out, err);
}

/* Shown for at most five seconds; Genesys says it again as long as the agent types. */
static enum status say_typing(struct attempt *attempt, struct exchange *out,
                              struct error *err)
{
    CLEANUP(json_freep) struct json *body = json_new_object();

    add_chat(body, attempt->delivery->event.contact_id);
    json_add_str(body, "action", STR("typing"));
    return call(attempt, "sendChatAction", body, out, err);
}

/* ---- what is answered ---- */

#define NO_CONTACT(status)                                                             \
    RULE(status, status, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION)

/* The code decides, then words of the description. */
static const struct reply_words_rule rules[] = {
    RULE_WORDS("not modified", RULE_OUTCOME(400, 400, OUTCOME_DONE)),
    RULE_WORDS("chat not found", NO_CONTACT(400)),
    RULE_WORDS("peer_id_invalid", NO_CONTACT(400)),
    RULE_WORDS(NULL, RULE(400, 400, OUTCOME_REFUSED_MESSAGE,
                          REASON_INVALID_MESSAGE_STRUCTURE)),
    RULE_WORDS("blocked",
               RULE(403, 403, OUTCOME_REFUSED_CONTACT, REASON_RECIPIENT_OPTED_OUT)),
    RULE_WORDS(NULL, NO_CONTACT(403)),
    RULE_WORDS(NULL, RULE_BREAKS(409, 409, PAUSE_BRIDGE_TO_CHANNEL)),
};

/* A 429 does not say whether it means the chat or the bot: the chat, until a second one
 * hears it. */
static void read_wait(const struct json *body, struct sender_result *out)
{
    int64_t seconds = 0;

    if (json_i64(json_get(json_get(body, "parameters"), "retry_after"), &seconds) &&
        seconds >= 0 && seconds <= INT32_MAX)
        out->retry_after_ms = seconds * 1000;
    out->holds = HOLD_PERHAPS_CONTACT;
}

static void read_message_id(const struct attempt *attempt, const struct reply *reply,
                            struct sender_result *out)
{
    CLEANUP(json_freep) struct json *body = reply_read(reply, attempt, out);
    int64_t number = 0;

    if (json_i64(json_get(json_get(body, "result"), "message_id"), &number))
        out->provider_id = arena_printf(attempt->arena, TELEGRAM_MESSAGE_ID,
                                        STR_ARG(attempt->delivery->event.contact_id),
                                        (long long)number);
}

/* What the service says of a photo that it should have fetched. */
static bool lost_photo(const struct reply *reply, struct str description)
{
    static const char *const words[] = {"http url", "web page content",
                                        "wrong file identifier",
                                        "image_process_failed"};

    for (size_t i = 0; i < COUNT_OF(words) && reply->status == 400; i++)
        if (str_holds_nocase(description, str_of(words[i])))
            return true;
    return false;
}

/* The same part again, without its photo. */
static enum sender_step say_without_photo(struct attempt *attempt,
                                          struct sender_result *out)
{
    struct error err;

    attempt->kept = attempt;
    enum status status = say_message(attempt, &out->exchange, &err);
    return saying_asked(status, &err, attempt->arena, out);
}

static enum sender_step settle(struct attempt *attempt, const struct reply *reply,
                               struct sender_result *out)
{
    CLEANUP(json_freep) struct json *refusal = reply_read_refusal(reply);
    struct str description = member_text(refusal, "description");

    if (attempt->kept == NULL && attempt->file_way == FILE_NONE &&
        lost_photo(reply, description))
        return say_without_photo(attempt, out);
    reply_judge(
        reply, status_rule_find_own(rules, COUNT_OF(rules), reply->status, description),
        PEER, attempt->arena, out);
    reply_explain(out, description, attempt->arena);
    if (out->outcome == OUTCOME_SLOW_DOWN)
        read_wait(refusal, out);
    if (outcome_is_success(out->outcome) &&
        attempt->delivery->class == DELIVERY_MESSAGE && reply_is_success(reply))
        read_message_id(attempt, reply, out);
    return saying_settled(attempt, out);
}

/* ---- the sender ---- */

static enum sender_step telegram_next(struct attempt *attempt, const struct reply *last,
                                      struct now now, struct sender_result *out)
{
    static const struct speaker speaker = {
        .peer = PEER,
        .say = {[DELIVERY_MESSAGE] = say_message, [DELIVERY_TYPING] = say_typing},
        .settle = settle,
    };

    (void)now;
    return saying_speak(&speaker, attempt, last, out);
}

const struct sender telegram_sender = {
    .next = telegram_next,
    .credential_next = sender_no_credential,
};
