/*
 * messenger_sender: agents' messages and typing as calls of the Send API.
 *
 * Source: channels/meta-messenger.md sections 4 and 6; read 2026-12-01.
 */
#include "gateway/choice.h"
#include "gateway/member.h"
#include "gateway/reply.h"
#include "messenger.h"
#include "saying.h"

/* ---- what is asked ---- */

static struct json *new_body(const struct delivery *delivery)
{
    struct json *body = json_new_object();

    json_add_str(json_add_object(body, "recipient"), "id", delivery->event.contact_id);
    return body;
}

static enum status call(const struct attempt *attempt, const struct json *body,
                        struct exchange *out, struct error *err)
{
    const struct messenger_settings *own = attempt->bridge->settings;
    return meta_call(attempt, own->sender_id == NULL ? own->account_id : own->sender_id,
                     body, out, err);
}

/* The tag is for people's answers; a bot's are held to a day by Meta. */
static void add_type(struct json *body, const struct attempt *attempt)
{
    const struct messenger_settings *own = attempt->bridge->settings;
    bool is_tagged = own->human_agent && !attempt->delivery->event.is_bot;

    json_add_str(body, "messaging_type",
                 is_tagged ? STR("MESSAGE_TAG") : STR("RESPONSE"));
    if (is_tagged)
        json_add_str(body, "tag", STR("HUMAN_AGENT"));
}

static void add_quick_replies(struct json *message, const struct delivery *delivery,
                              const struct rendering *shown)
{
    if (shown->quick_reply_count == 0)
        return;
    struct json *list = json_add_array(message, "quick_replies");
    for (size_t i = 0; i < shown->quick_reply_count; i++) {
        struct json *reply = json_append_object(list);
        json_add_str(reply, "content_type", STR("text"));
        json_add_str(reply, "title", shown->quick_replies[i].label);
        choice_add(reply, "payload", delivery->message_id, shown->ordinals[i]);
    }
}

static void add_button(struct json *list, const struct delivery *delivery,
                       const struct choice *choice, unsigned ordinal)
{
    bool is_link = choice->kind == CHOICE_LINK;
    struct json *button = json_append_object(list);

    json_add_str(button, "type", is_link ? STR("web_url") : STR("postback"));
    json_add_str(button, "title", choice->label);
    if (is_link)
        json_add_str(button, "url", choice->payload);
    else
        choice_add(button, "payload", delivery->message_id, ordinal);
}

static void add_card(struct json *elements, const struct delivery *delivery,
                     const struct card *card, unsigned *ordinal)
{
    struct json *element = json_append_object(elements);

    json_add_str(element, "title", card->title);
    member_add_text(element, "subtitle", card->description);
    member_add_text(element, "image_url", card->image);
    if (card->choice_count == 0)
        return;
    struct json *buttons = json_add_array(element, "buttons");
    for (size_t i = 0; i < card->choice_count; i++)
        add_button(buttons, delivery, &card->choices[i], (*ordinal)++);
}

/* One card and a carousel are the same thing here. */
static void add_cards(struct json *message, const struct delivery *delivery,
                      const struct rendering *shown)
{
    struct json *attachment = json_add_object(message, "attachment");
    unsigned ordinal = shown->card_ordinal;

    json_add_str(attachment, "type", STR("template"));
    struct json *payload = json_add_object(attachment, "payload");
    json_add_str(payload, "template_type", STR("generic"));
    struct json *elements = json_add_array(payload, "elements");
    for (size_t i = 0; i < shown->card_count; i++)
        add_card(elements, delivery, &shown->cards[i], &ordinal);
}

/* By link: Meta gets a copy before it answers, of a video within 75 s. */
static void add_file(struct json *message, const struct saying *saying)
{
    static const char *const types[] = {
        [MEDIA_IMAGE] = "image",
        [MEDIA_VIDEO] = "video",
        [MEDIA_AUDIO] = "audio",
        [MEDIA_OTHER] = "file",
    };
    struct json *attachment = json_add_object(message, "attachment");

    json_add_str(attachment, "type", str_of(types[saying->form]));
    json_add_str(json_add_object(attachment, "payload"), "url", saying->file->link);
}

/* A card needs a title, and something beside it. */
static bool is_card(const struct card *card)
{
    return str_trim(card->title).len > 0 &&
           (card->description.len > 0 || card->image.len > 0 || card->choice_count > 0);
}

static void find_capabilities(const struct attempt *attempt, struct capabilities *out)
{
    const struct content *content = &attempt->delivery->event.content;

    attempt->bridge->channel->capabilities(attempt->bridge, out);
    for (size_t i = 0; i < content->card_count; i++)
        out->cards &= is_card(&content->cards[i]);
}

/* They vanish with the next message, so that the last one has them, a file or not. */
static bool has_quick_replies(const struct attempt *attempt,
                              const struct saying *saying)
{
    return saying->part + 1 == attempt->step;
}

static struct json *message_body(const struct attempt *attempt,
                                 const struct messenger_service *service,
                                 const struct saying *saying)
{
    const struct delivery *delivery = attempt->delivery;
    struct json *body = new_body(delivery);

    add_type(body, attempt);
    struct json *message = json_add_object(body, "message");
    if (saying->is_cards)
        add_cards(message, delivery, &saying->shown);
    else if (saying->file != NULL)
        add_file(message, saying);
    else
        json_add_str(message, "text", saying->text);
    if (has_quick_replies(attempt, saying))
        add_quick_replies(message, delivery, &saying->shown);
    if (service->has_metadata)
        json_add_str(message, "metadata", str_of(delivery->public_id));
    return body;
}

static enum status say_message(struct attempt *attempt, struct exchange *out,
                               struct error *err)
{
    const struct messenger_service *service = messenger_service_of(attempt->bridge);
    const struct manner manner = {
        .peer = service->peer, .limit = service->text_limit, .parts_cards = true};
    struct capabilities can;
    CLEANUP(saying_release) struct saying saying;

    find_capabilities(attempt, &can);
    enum status status = saying_next(&saying, attempt, &manner, &can, err);
    if (status != STATUS_OK)
        return status;
    CLEANUP(json_freep) struct json *body = message_body(attempt, service, &saying);
    status = call(attempt, body, out, err);
    out->has_file_link = saying.file != NULL;
    return status;
}

static enum status say_action(const struct attempt *attempt, struct str action,
                              struct exchange *out, struct error *err)
{
    CLEANUP(json_freep) struct json *body = new_body(attempt->delivery);

    json_add_str(body, "sender_action", action);
    return call(attempt, body, out, err);
}

/* One action a request; `step` counts them. It lasts about 20 s, or until a message. */
static enum status say_typing(struct attempt *attempt, struct exchange *out,
                              struct error *err)
{
    const struct messenger_settings *own = attempt->bridge->settings;
    bool is_seen = !own->mark_seen || attempt->step > 0;

    attempt->step++;
    return say_action(attempt, is_seen ? STR("typing_on") : STR("mark_seen"), out, err);
}

/* ---- what is answered ---- */

/* Codes mean several things; these subcodes one each. Source: section 6. */
static const struct reply_rule subcodes[] = {
    RULE(2018278, 2018278, OUTCOME_WINDOW_CLOSED, REASON_MESSAGE_NOT_ALLOWED),
    RULE(2534022, 2534022, OUTCOME_WINDOW_CLOSED, REASON_MESSAGE_NOT_ALLOWED),
    RULE(2018001, 2018001, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE(1545041, 1545041, OUTCOME_REFUSED_CONTACT, REASON_RECIPIENT_OPTED_OUT),
    RULE_BREAKS(33, 33, PAUSE_BRIDGE_TO_CHANNEL),
};

/* Source: section 6. */
static const struct reply_rule codes[] = {
    RULE(551, 551, OUTCOME_REFUSED_CONTACT, REASON_RECIPIENT_OPTED_OUT),
    RULE(230, 230, OUTCOME_REFUSED_CONTACT, REASON_RECIPIENT_OPTED_OUT),
    RULE(4, 4, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE(17, 17, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE(32, 32, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE(613, 613, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE(80004, 80004, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE(80006, 80006, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE_OUTCOME(1, 2, OUTCOME_RETRY),
    RULE_OUTCOME(1200, 1200, OUTCOME_RETRY),
    RULE_BREAKS(10, 10, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(190, 190, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(200, 299, PAUSE_BRIDGE_TO_CHANNEL),
    RULE(100, 100, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
};
static const struct reply_rule transient = RULE_OUTCOME(0, 0, OUTCOME_RETRY);
/* A permission's code, but told of one person: only its words say so. */
static const struct reply_rule blocked =
    RULE(200, 200, OUTCOME_REFUSED_CONTACT, REASON_RECIPIENT_OPTED_OUT);
#define BLOCKED_WORDS STR("receiving messages")

static const struct reply_rule *find_meaning(const struct json *error)
{
    int64_t code = 0;
    int64_t subcode = 0;
    bool is_transient = false;

    (void)json_i64(json_get(error, "code"), &code);
    (void)json_i64(json_get(error, "error_subcode"), &subcode);
    (void)json_bool(json_get(error, "is_transient"), &is_transient);
    const struct reply_rule *rule =
        reply_rule_find(subcodes, COUNT_OF(subcodes), subcode);
    if (rule == NULL && code == blocked.first &&
        str_holds_nocase(member_text(error, "message"), BLOCKED_WORDS))
        rule = &blocked;
    if (rule == NULL)
        rule = reply_rule_find(codes, COUNT_OF(codes), code);
    return rule == NULL && is_transient ? &transient : rule;
}

static void read_message_id(const struct attempt *attempt, const struct reply *reply,
                            struct sender_result *out)
{
    CLEANUP(json_freep) struct json *body = reply_read(reply, attempt, out);
    struct keeper keep = {.arena = attempt->arena};

    (void)member_id(body, "message_id", &keep, &out->provider_id);
}

/* What the customer wrote was shown as seen: now the typing. */
static bool has_more_to_show(const struct attempt *attempt)
{
    const struct messenger_settings *own = attempt->bridge->settings;
    return own->mark_seen && attempt->step == 1;
}

static enum sender_step settle_typing(struct attempt *attempt,
                                      struct sender_result *out)
{
    struct error err;

    if (!outcome_is_success(out->outcome) || !has_more_to_show(attempt))
        return SENDER_OUTCOME;
    *out = (struct sender_result){.retry_after_ms = -1};
    enum status status = say_typing(attempt, &out->exchange, &err);
    return saying_asked(status, &err, attempt->arena, out);
}

static enum sender_step settle(struct attempt *attempt, const struct reply *reply,
                               struct sender_result *out)
{
    meta_judge(attempt, reply, messenger_service_of(attempt->bridge)->peer,
               find_meaning, out);
    if (attempt->delivery->class != DELIVERY_MESSAGE)
        return settle_typing(attempt, out);
    if (outcome_is_success(out->outcome))
        read_message_id(attempt, reply, out);
    return saying_settled(attempt, out);
}

/* ---- the sender ---- */

static enum sender_step messenger_next(struct attempt *attempt,
                                       const struct reply *last, struct now now,
                                       struct sender_result *out)
{
    static const struct speaker speaker = {
        .peer = "the channel",
        .say = {[DELIVERY_MESSAGE] = say_message, [DELIVERY_TYPING] = say_typing},
        .settle = settle,
    };

    (void)now;
    return saying_speak(&speaker, attempt, last, out);
}

const struct sender messenger_sender = {
    .next = messenger_next,
    .credential_next = sender_no_credential,
};
