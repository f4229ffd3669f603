/*
 * line_setup: sets the webhook's address, and lets LINE call it.
 *
 * Source: channels/line.md section 1; LINE's messaging-api.yml, "Bot" and "Webhook";
 * read 2026-12-01.
 */
#include "line.h"

#include "gateway/member.h"
#include "gateway/reply.h"

#define PEER "LINE"
#define ENDPOINT "/v2/bot/channel/webhook/endpoint"

/* No call turns these on. */
static void values(struct setup *setup)
{
    setup->where = "developers.line.biz, the channel, Messaging API, Webhook settings";
    setup_enter(setup, "Use webhook", STR("on"));
    setup_enter(setup, "Webhook redelivery", STR("on"));
}

static void call(struct setup *setup, const char *method, const char *path)
{
    const struct line_settings *own = setup->bridge->settings;

    setup_ask(setup, method, arena_printf(setup->arena, "%s%s", own->api_url, path));
    setup_bearer(setup, str_of(own->access_token));
}

static bool refused(struct setup *setup, const struct reply *reply,
                    const struct json *body)
{
    return setup_refused(setup, reply, member_text(body, "message"));
}

/* ---- the account ---- */

static enum status ask_bot(struct setup *setup, struct error *err)
{
    (void)err;
    call(setup, "GET", "/v2/bot/info");
    return STATUS_OK;
}

static bool told_bot(struct setup *setup, const struct reply *reply,
                     const struct json *body)
{
    struct str name = member_text(body, "displayName");
    struct str id = member_text(body, "basicId");

    if (!reply_is_success(reply))
        return refused(setup, reply, body);
    if (member_text(body, "userId").len == 0) {
        setup_find(setup, SETUP_MISCONFIGURED,
                   "what answered %d at line.api_url is no Messaging API",
                   reply->status);
        return false;
    }
    setup_find(setup, SETUP_WELL, "access_token is that of %.*s%s%.*s", STR_ARG(name),
               id.len > 0 ? ", " : "", STR_ARG(id));
    return true;
}

/* ---- registering ---- */

static enum status ask_registration(struct setup *setup, struct error *err)
{
    CLEANUP(json_freep) struct json *body = json_new_object();

    json_add_str(body, "endpoint",
                 bridge_webhook_url(setup->bridge, STR_NONE, setup->arena));
    call(setup, "PUT", ENDPOINT);
    return exchange_json(&setup->exchange, body, setup->arena, err);
}

static bool told_registration(struct setup *setup, const struct reply *reply,
                              const struct json *body)
{
    if (!reply_is_success(reply))
        return refused(setup, reply, body);
    setup_find(setup, SETUP_WELL, "registered");
    return true;
}

/* ---- looking ---- */

static enum status ask_endpoint(struct setup *setup, struct error *err)
{
    (void)err;
    call(setup, "GET", ENDPOINT);
    return STATUS_OK;
}

static bool told_endpoint(struct setup *setup, const struct reply *reply,
                          const struct json *body)
{
    bool is_active = true;

    /* *unsure*: 404 where none was ever set. */
    if (!reply_is_success(reply) && reply->status != 404)
        return refused(setup, reply, body);
    if (!setup_judge_url(setup, member_text(body, "endpoint")))
        return false;
    if (json_bool(json_get(body, "active"), &is_active) && !is_active) {
        setup_find(
            setup, SETUP_WRONG,
            "not in use: turn \"Use webhook\" on, in the console under Messaging "
            "API");
        return false;
    }
    return true;
}

/* ---- trying ---- */

static enum status ask_test(struct setup *setup, struct error *err)
{
    CLEANUP(json_freep) struct json *body = json_new_object();

    call(setup, "POST", "/v2/bot/channel/webhook/test");
    return exchange_json(&setup->exchange, body, setup->arena, err);
}

static bool told_test(struct setup *setup, const struct reply *reply,
                      const struct json *body)
{
    struct str reason = member_text(body, "reason");
    struct str detail = member_text(body, "detail");
    bool is_well = false;
    int64_t status = 0;

    if (!reply_is_success(reply) || !json_bool(json_get(body, "success"), &is_well))
        return refused(setup, reply, body);
    (void)json_i64(json_get(body, "statusCode"), &status);
    if (is_well)
        setup_find(setup, SETUP_WELL, "LINE called it, and was answered");
    else if (status == 401)
        setup_find(setup, SETUP_MISCONFIGURED,
                   "LINE called it, and its signature fits none of channel_secrets");
    else
        setup_find(setup, SETUP_WRONG, "LINE called it, and it failed: %.*s%s%.*s",
                   STR_ARG(reason), detail.len > 0 ? ", " : "", STR_ARG(detail));
    return true;
}

static const struct setup_stage stages[] = {
    {SETUP_ALWAYS,  "token",   ask_bot,          told_bot         },
    {SETUP_CONNECT, "webhook", ask_registration, told_registration},
    {SETUP_ALWAYS,  "webhook", ask_endpoint,     told_endpoint    },
    {SETUP_ALWAYS,  "test",    ask_test,         told_test        },
};

const struct setup_plan line_setup = {
    .peer = PEER,
    .values = values,
    .stages = stages,
    .stage_count = COUNT_OF(stages),
};
