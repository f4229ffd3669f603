/*
 * twilio_setup: whether the account takes our credentials, and where messages go: a
 * number is told, for a service or a sender of another kind a person enters it.
 *
 * Source: channels/twilio.md sections 1 and 7; Twilio's OpenAPI, "IncomingPhoneNumber";
 * read 2026-12-01.
 */
#include "twilio.h"

#include "gateway/json.h"
#include "gateway/limits.h"
#include "gateway/member.h"
#include "gateway/reply.h"

#define PEER "Twilio"

/* A service has an address of its own, in front of its numbers'. */
static bool has_number(const struct twilio_settings *own)
{
    return own->messaging_service_sid == NULL && own->from[0] == '+';
}

static struct str message_url(const struct setup *setup)
{
    const struct twilio_settings *own = setup->bridge->settings;
    struct str url = bridge_webhook_url(setup->bridge, STR_NONE, setup->arena);

    if (own->connection_overrides == NULL)
        return url;
    return arena_printf(setup->arena, "%.*s#%s", STR_ARG(url),
                        own->connection_overrides);
}

static void values(struct setup *setup)
{
    if (has_number(setup->bridge->settings))
        return;
    setup->where = "the Twilio console, the messaging service's Integration or the "
                   "sender's messaging configuration";
    setup_enter(setup, "Webhook URL for incoming messages", message_url(setup));
    setup_enter(setup, "Webhook method", STR("HTTP POST"));
}

/* ---- the account ---- */

/* What every key may ask that can send. */
static void ask_list(struct setup *setup)
{
    const struct twilio_settings *own = setup->bridge->settings;
    CLEANUP(buf_release) struct buf query;

    buf_init(&query, LIMIT_EXCHANGE_EXTRA_BYTES);
    if (has_number(own))
        form_add(&query, "PhoneNumber", str_of(own->from));
    form_add(&query, "PageSize", STR("1"));
    setup_ask(setup, "GET",
              arena_printf(setup->arena, "%s/2010-04-01/Accounts/%s/%s.json?%.*s",
                           own->api_url, own->account_sid,
                           has_number(own) ? "IncomingPhoneNumbers" : "Messages",
                           STR_ARG(buf_str(&query))));
    twilio_credentials(own, &setup->exchange, setup->arena);
}

static enum status ask_account(struct setup *setup, struct error *err)
{
    (void)err;
    ask_list(setup);
    return STATUS_OK;
}

/* Its sid is kept, to tell it where messages go. */
static bool judge_number(struct setup *setup, const struct json *number)
{
    const struct twilio_settings *own = setup->bridge->settings;
    const struct json *can = json_get(number, "capabilities");
    struct keeper keep = {.arena = setup->arena};
    struct str *sid = arena_alloc(setup->arena, sizeof(*sid));
    bool is_there = true;

    if (number == NULL || !member_id(number, "sid", &keep, sid)) {
        setup_find(setup, SETUP_MISCONFIGURED, "from is no number of the account");
        return false;
    }
    if (json_bool(json_get(can, "sms"), &is_there) && !is_there)
        setup_find(setup, SETUP_MISCONFIGURED, "from cannot send text messages");
    is_there = true;
    if (own->mms && json_bool(json_get(can, "mms"), &is_there) && !is_there)
        setup_find(setup, SETUP_MISCONFIGURED, "mms is on, but from cannot MMS");
    setup->kept = sid;
    return true;
}

static bool told_account(struct setup *setup, const struct reply *reply,
                         const struct json *body)
{
    const struct twilio_settings *own = setup->bridge->settings;
    const struct json *list =
        json_get(body, has_number(own) ? "incoming_phone_numbers" : "messages");

    if (!reply_is_success(reply))
        return setup_refused(setup, reply, member_text(body, "message"));
    if (list == NULL || json_kind_of(list) != JSON_ARRAY) {
        setup_find(setup, SETUP_MISCONFIGURED,
                   "what answered %d at twilio.api_url is no REST API", reply->status);
        return false;
    }
    setup_find(setup, SETUP_WELL, "it takes the %s",
               own->api_key != NULL ? "API key" : "first of auth_tokens");
    return !has_number(own) || judge_number(setup, json_first(list));
}

/* ---- telling a number ---- */

static enum status ask_registration(struct setup *setup, struct error *err)
{
    const struct twilio_settings *own = setup->bridge->settings;
    const struct str *number = setup->kept;
    CLEANUP(buf_release) struct buf form;
    CLEANUP(buf_release) struct buf segment;

    buf_init(&form, LIMIT_EXCHANGE_BYTES);
    buf_init(&segment, LIMIT_EXCHANGE_EXTRA_BYTES);
    if (number == NULL)
        return STATUS_DUPLICATE;
    percent_encode(&segment, *number);
    setup_ask(setup, "POST",
              arena_printf(setup->arena,
                           "%s/2010-04-01/Accounts/%s/IncomingPhoneNumbers/%.*s.json",
                           own->api_url, own->account_sid, STR_ARG(buf_str(&segment))));
    form_add(&form, "SmsUrl", message_url(setup));
    form_add(&form, "SmsMethod", STR("POST"));
    enum status status = exchange_form(&setup->exchange, &form, setup->arena, err);
    if (status == STATUS_OK)
        twilio_credentials(own, &setup->exchange, setup->arena);
    return status;
}

static bool told_registration(struct setup *setup, const struct reply *reply,
                              const struct json *body)
{
    if (!reply_is_success(reply))
        return setup_refused(setup, reply, member_text(body, "message"));
    setup_find(setup, SETUP_WELL, "registered");
    return true;
}

/* ---- looking ---- */

static enum status ask_webhook(struct setup *setup, struct error *err)
{
    if (!has_number(setup->bridge->settings))
        return setup->goal == SETUP_CHECK ? setup_ask_untold(setup, err)
                                          : STATUS_DUPLICATE;
    ask_list(setup);
    return STATUS_OK;
}

/* Behind '#' stands how it is tried again. */
static bool told_webhook(struct setup *setup, const struct reply *reply,
                         const struct json *body)
{
    const struct json *number = json_first(json_get(body, "incoming_phone_numbers"));
    struct str url = member_text(number, "sms_url");

    if (!reply_is_success(reply))
        return setup_refused(setup, reply, member_text(body, "message"));
    if (member_text(number, "sms_application_sid").len > 0) {
        setup_find(setup, SETUP_WRONG,
                   "the number belongs to a TwiML app, which says where messages go");
        return false;
    }
    return setup_judge_url(setup, str_cut(&url, '#'));
}

static const struct setup_stage stages[] = {
    {SETUP_ALWAYS,  "account", ask_account,      told_account     },
    {SETUP_CONNECT, "webhook", ask_registration, told_registration},
    {SETUP_ALWAYS,  "webhook", ask_webhook,      told_webhook     },
};

const struct setup_plan twilio_setup = {
    .peer = PEER,
    .values = values,
    .stages = stages,
    .stage_count = COUNT_OF(stages),
};
