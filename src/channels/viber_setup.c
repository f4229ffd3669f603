/*
 * viber_setup: registers the webhook, during which Viber asks it for a sign of life,
 * and tells how the account stands.
 *
 * Source: channels/viber.md sections 1 and 7; Viber, "Retrieve Your Application Info";
 * read 2026-12-01.
 */
#include "viber.h"

#include "gateway/member.h"
#include "gateway/reply.h"

#define PEER "Viber"
/* Of the codes. */
#define CODE_OK 0
#define CODE_URL 1
#define CODE_TOKEN 2
#define CODE_TOO_MANY 12

/* Beside messages, which always come. */
static const char *const events[] = {"delivered", "seen", "failed", "unsubscribed",
                                     "conversation_started"};

static enum status call(struct setup *setup, const char *method,
                        const struct json *body, struct error *err)
{
    const struct viber_settings *own = setup->bridge->settings;

    setup_ask(setup, "POST", arena_printf(setup->arena, "%s/%s", own->api_url, method));
    exchange_header(&setup->exchange, STR("X-Viber-Auth-Token"),
                    str_of(own->auth_tokens.items[0]));
    return exchange_json(&setup->exchange, body, setup->arena, err);
}

/* Errors are answered 200: only the status in the body tells. */
static bool is_well(struct setup *setup, const struct reply *reply,
                    const struct json *body)
{
    struct str said = member_text(body, "status_message");
    int64_t code = 0;

    if (!reply_is_success(reply) || !json_i64(json_get(body, "status"), &code)) {
        (void)setup_refused(setup, reply, STR("that is no answer of the REST API"));
        return false;
    }
    if (code == CODE_TOKEN)
        setup_find(setup, SETUP_MISCONFIGURED,
                   PEER " knows no bot with the first of auth_tokens: %.*s",
                   STR_ARG(said));
    else if (code == CODE_TOO_MANY)
        setup_find(setup, SETUP_UNREACHABLE, PEER " is asked too much: %.*s",
                   STR_ARG(said));
    else if (code == CODE_URL)
        setup_find(setup, SETUP_WRONG,
                   PEER " called public_url, and was not answered as it wants: %.*s",
                   STR_ARG(said));
    else if (code != CODE_OK)
        setup_find(setup, SETUP_WRONG, PEER " answered status %lld: %.*s",
                   (long long)code, STR_ARG(said));
    return code == CODE_OK;
}

/* ---- registering ---- */

static enum status ask_registration(struct setup *setup, struct error *err)
{
    CLEANUP(json_freep) struct json *body = json_new_object();

    json_add_str(body, "url",
                 bridge_webhook_url(setup->bridge, STR_NONE, setup->arena));
    struct json *list = json_add_array(body, "event_types");
    for (size_t i = 0; i < COUNT_OF(events); i++)
        json_append(list, json_new_str(str_of(events[i])));
    json_add_bool(body, "send_name", true);
    return call(setup, "set_webhook", body, err);
}

static bool told_registration(struct setup *setup, const struct reply *reply,
                              const struct json *body)
{
    if (!is_well(setup, reply, body))
        return false;
    setup_find(setup, SETUP_WELL, "registered: Viber called it, and was answered");
    return true;
}

/* ---- looking ---- */

static enum status ask_account(struct setup *setup, struct error *err)
{
    CLEANUP(json_freep) struct json *body = json_new_object();
    return call(setup, "get_account_info", body, err);
}

static void judge_events(struct setup *setup, const struct json *list)
{
    for (size_t i = 0; json_count(list) > 0 && i < COUNT_OF(events); i++)
        if (!setup_is_listed(list, events[i]))
            setup_find(setup, SETUP_WRONG,
                       "%s is not among its event_types: \"omgw bridges connect %s\" "
                       "sets them",
                       events[i], setup->bridge->name);
}

static bool told_account(struct setup *setup, const struct reply *reply,
                         const struct json *body)
{
    struct str name = member_text(body, "name");

    if (!is_well(setup, reply, body))
        return false;
    setup_say(setup, SETUP_WELL, "token", "the first of auth_tokens is that of %.*s",
              STR_ARG(name));
    if (setup_judge_url(setup, member_text(body, "webhook")))
        judge_events(setup, json_get(body, "event_types"));
    return true;
}

static const struct setup_stage stages[] = {
    {SETUP_CONNECT, "webhook", ask_registration, told_registration},
    {SETUP_ALWAYS,  "webhook", ask_account,      told_account     },
};

const struct setup_plan viber_setup = {
    .peer = PEER,
    .values = setup_no_values,
    .stages = stages,
    .stage_count = COUNT_OF(stages),
};
