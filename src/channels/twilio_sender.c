/*
 * twilio_sender: agents' messages as calls of the Messages resource.
 *
 * Source: channels/twilio.md sections 5 and 7; read 2026-12-01.
 */
#include "twilio.h"

#include "gateway/limits.h"
#include "gateway/member.h"
#include "saying.h"

#define PEER "Twilio"

/* *unsure*: the unit. Segments of a text message count UTF-16, the smaller reading. */
static const struct manner manner = {
    .peer = PEER, .limit = {TWILIO_TEXT_MAX, TEXT_UTF16}
};

/* ---- what is asked ---- */

/* A number that is a sender of text messages may be one on WhatsApp as well. */
static void add_sender(const struct twilio_settings *own, struct str to,
                       struct buf *form, struct arena *arena)
{
    if (own->from != NULL && own->from[0] == '+' && str_starts(to, TWILIO_WHATSAPP))
        form_add(form, "From",
                 arena_printf(arena, "%.*s%s", STR_ARG(TWILIO_WHATSAPP), own->from));
    else if (own->from != NULL)
        form_add(form, "From", str_of(own->from));
    if (own->messaging_service_sid != NULL)
        form_add(form, "MessagingServiceSid", str_of(own->messaging_service_sid));
}

static struct str status_url(const struct attempt *attempt)
{
    const struct twilio_settings *own = attempt->bridge->settings;
    struct str url = bridge_webhook_url(attempt->bridge, STR("status"), attempt->arena);

    if (own->connection_overrides == NULL)
        return url;
    return arena_printf(attempt->arena, "%.*s#%s", STR_ARG(url),
                        own->connection_overrides);
}

static enum status call(const struct attempt *attempt, const struct buf *form,
                        struct exchange *out, struct error *err)
{
    const struct twilio_settings *own = attempt->bridge->settings;
    struct arena *arena = attempt->arena;
    struct str url = arena_printf(arena, "%s/2010-04-01/Accounts/%s/Messages.json",
                                  own->api_url, own->account_sid);

    *out = (struct exchange){.method = "POST", .url = url.ptr};
    enum status status = exchange_form(out, form, arena, err);
    if (status == STATUS_OK)
        twilio_credentials(own, out, arena);
    return status;
}

static enum status say_message(struct attempt *attempt, struct exchange *out,
                               struct error *err)
{
    const struct twilio_settings *own = attempt->bridge->settings;
    struct str to = attempt->delivery->event.contact_id;
    struct capabilities can;
    CLEANUP(saying_release) struct saying saying;
    CLEANUP(buf_release) struct buf form;

    buf_init(&form, LIMIT_EXCHANGE_BYTES);
    attempt->bridge->channel->capabilities(attempt->bridge, &can);
    twilio_file_forms(own, to, &can);
    enum status status = saying_next(&saying, attempt, &manner, &can, err);
    if (status != STATUS_OK)
        return status;
    form_add(&form, "To", to);
    add_sender(own, to, &form, attempt->arena);
    if (saying.file != NULL)
        form_add(&form, "MediaUrl", saying.file->link);
    struct str text = saying.file != NULL ? saying.caption : saying.text;
    if (text.len > 0)
        form_add(&form, "Body", text);
    form_add(&form, "StatusCallback", status_url(attempt));
    return call(attempt, &form, out, err);
}

/* ---- what is answered ---- */

static void read_message_id(const struct attempt *attempt, const struct reply *reply,
                            struct sender_result *out)
{
    CLEANUP(json_freep) struct json *body = reply_read(reply, attempt, out);
    struct keeper keep = {.arena = attempt->arena};

    (void)member_id(body, "sid", &keep, &out->provider_id);
}

static void read_refusal(const struct attempt *attempt, const struct reply *reply,
                         struct sender_result *out)
{
    CLEANUP(json_freep) struct json *refusal = reply_read_refusal(reply);
    int64_t code = 0;

    if (json_i64(json_get(refusal, "code"), &code))
        code_rule_apply(twilio_error(code), code, member_text(refusal, "message"),
                        attempt->arena, out);
}

static enum sender_step settle(struct attempt *attempt, const struct reply *reply,
                               struct sender_result *out)
{
    reply_judge(reply, status_rule_find(reply->status), PEER, attempt->arena, out);
    if (outcome_is_success(out->outcome))
        read_message_id(attempt, reply, out);
    else
        read_refusal(attempt, reply, out);
    return saying_settled(attempt, out);
}

/* ---- the sender ---- */

static enum sender_step twilio_next(struct attempt *attempt, const struct reply *last,
                                    struct now now, struct sender_result *out)
{
    static const struct speaker speaker = {
        .peer = PEER, .say = {[DELIVERY_MESSAGE] = say_message}, .settle = settle};

    (void)now;
    return saying_speak(&speaker, attempt, last, out);
}

const struct sender twilio_sender = {
    .next = twilio_next,
    .credential_next = sender_no_credential,
};
