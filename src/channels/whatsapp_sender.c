/*
 * whatsapp_sender: agents' messages as calls of the Graph API.
 *
 * Source: channels/whatsapp.md sections 5 and 7; read 2026-12-01.
 */
#include "whatsapp.h"

#include "gateway/choice.h"
#include "gateway/limits.h"
#include "gateway/member.h"
#include "gateway/reply.h"
#include "saying.h"

#define PEER "WhatsApp"

/* Source: section 5, "Limits". *unsure*: the unit; code points are the usual one. */
static const struct manner manner = {
    .peer = PEER,
    .limit = {4096, TEXT_CODE_POINTS},
    .limit_with_options = {1024, TEXT_CODE_POINTS},
    .parts_each_card = true,
};
#define BUTTONS_MAX 3
#define BUTTON_LABEL_MAX 20

/* ---- what is asked ---- */

static struct json *new_body(const struct delivery *delivery, const char *type)
{
    struct json *body = json_new_object();
    struct str to = delivery->event.contact_id;

    json_add_str(body, "messaging_product", STR("whatsapp"));
    json_add_str(body, "recipient_type", STR("individual"));
    json_add_str(body, whatsapp_is_user_id(to) ? "recipient" : "to", to);
    json_add_str(body, "biz_opaque_callback_data", str_of(delivery->public_id));
    json_add_str(body, "type", str_of(type));
    return body;
}

static struct json *text_body(const struct delivery *delivery, struct str text)
{
    struct json *body = new_body(delivery, "text");
    struct json *part = json_add_object(body, "text");

    json_add_str(part, "body", text);
    json_add_bool(part, "preview_url", false);
    return body;
}

static bool fit_buttons(const struct rendering *rendering)
{
    if (rendering->quick_reply_count > BUTTONS_MAX)
        return false;
    for (size_t i = 0; i < rendering->quick_reply_count; i++)
        if (!utf8_fits(rendering->quick_replies[i].label, BUTTON_LABEL_MAX))
            return false;
    return true;
}

static void add_option(struct json *option, const struct delivery *delivery,
                       const struct rendering *rendering, size_t i)
{
    choice_add(option, "id", delivery->message_id, rendering->ordinals[i]);
    json_add_str(option, "title", rendering->quick_replies[i].label);
}

/* Up to three short options are buttons, up to ten are rows of a list. */
static struct json *options_body(const struct delivery *delivery, struct str text,
                                 const struct rendering *rendering)
{
    bool has_buttons = fit_buttons(rendering);
    struct json *body = new_body(delivery, "interactive");
    struct json *part = json_add_object(body, "interactive");

    json_add_str(part, "type", has_buttons ? STR("button") : STR("list"));
    json_add_str(json_add_object(part, "body"), "text", text);
    struct json *action = json_add_object(part, "action");
    struct json *list;
    if (has_buttons) {
        list = json_add_array(action, "buttons");
    } else {
        json_add_str(action, "button", STR("Options"));
        list = json_add_array(json_append_object(json_add_array(action, "sections")),
                              "rows");
    }
    for (size_t i = 0; i < rendering->quick_reply_count; i++) {
        struct json *option = json_append_object(list);
        if (has_buttons) {
            json_add_str(option, "type", STR("reply"));
            option = json_add_object(option, "reply");
        }
        add_option(option, delivery, rendering, i);
    }
    return body;
}

static struct json *part_body(const struct delivery *delivery,
                              const struct saying *saying)
{
    if (saying->file != NULL) {
        struct json *body = new_body(delivery, whatsapp_file_type(saying->form));
        whatsapp_add_file(body, saying);
        return body;
    }
    if (saying->card != NULL) {
        struct json *body = new_body(delivery, whatsapp_card_type(saying->card));
        whatsapp_add_card(body, saying->card, delivery->message_id,
                          saying->card_ordinal);
        return body;
    }
    if (saying->is_last && saying->shown.quick_reply_count > 0)
        return options_body(delivery, saying->text, &saying->shown);
    return text_body(delivery, saying->text);
}

/* Under the contact's last message, which is marked as read with it. */
static enum status say_typing(struct attempt *attempt, struct exchange *out,
                              struct error *err)
{
    const struct whatsapp_settings *own = attempt->bridge->settings;
    CLEANUP(json_freep) struct json *body = json_new_object();

    if (attempt->heard_id.len == 0)
        return fail(err, STATUS_UNSUPPORTED,
                    "no message of the contact is known to show typing under");
    json_add_str(body, "messaging_product", STR("whatsapp"));
    json_add_str(body, "status", STR("read"));
    json_add_str(body, "message_id", attempt->heard_id);
    json_add_str(json_add_object(body, "typing_indicator"), "type", STR("text"));
    return meta_call(attempt, own->phone_number_id, body, out, err);
}

static enum status say_message(struct attempt *attempt, struct exchange *out,
                               struct error *err)
{
    struct capabilities can;

    attempt->bridge->channel->capabilities(attempt->bridge, &can);
    can.cards = whatsapp_fits_cards(&attempt->delivery->event.content);
    const struct whatsapp_settings *own = attempt->bridge->settings;
    const struct delivery *delivery = attempt->delivery;
    CLEANUP(saying_release) struct saying saying;

    enum status status = saying_next(&saying, attempt, &manner, &can, err);
    if (status != STATUS_OK)
        return status;
    CLEANUP(json_freep) struct json *body = part_body(delivery, &saying);
    return meta_call(attempt, own->phone_number_id, body, out, err);
}

/* ---- what is answered ---- */

static const struct reply_rule *find_meaning(const struct json *error)
{
    int64_t code = 0;

    return json_i64(json_get(error, "code"), &code) ? whatsapp_error(code) : NULL;
}

static void read_message_id(const struct attempt *attempt, const struct reply *reply,
                            struct sender_result *out)
{
    CLEANUP(json_freep) struct json *body = reply_read(reply, attempt, out);
    struct keeper keep = {.arena = attempt->arena};

    (void)member_id(json_first(json_get(body, "messages")), "id", &keep,
                    &out->provider_id);
}

static enum sender_step settle(struct attempt *attempt, const struct reply *reply,
                               struct sender_result *out)
{
    meta_judge(attempt, reply, PEER, find_meaning, out);
    if (outcome_is_success(out->outcome) &&
        attempt->delivery->class == DELIVERY_MESSAGE)
        read_message_id(attempt, reply, out);
    return saying_settled(attempt, out);
}

/* ---- the sender ---- */

static enum sender_step whatsapp_next(struct attempt *attempt, const struct reply *last,
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

const struct sender whatsapp_sender = {
    .next = whatsapp_next,
    .credential_next = sender_no_credential,
};
