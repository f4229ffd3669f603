/*
 * telegram_setup: registers the webhook with setWebhook, and tells what Telegram thinks
 * of it.
 *
 * Source: channels/telegram.md section 2; read 2026-12-01.
 */
#include "telegram.h"

#include "gateway/json.h"
#include "gateway/member.h"
#include "gateway/reply.h"

#define PEER "Telegram"
/* The most there may be: the gateway takes far more at once. */
#define WEBHOOK_CONNECTIONS 100
/* Trouble that is over, and no longer than this, is still told. */
#define RECENT_MS (INT64_C(24) * 60 * 60 * 1000)

/* What the channel decodes. */
static const char *const updates[] = {"message", "edited_message", "callback_query",
                                      "my_chat_member"};

static struct str url_of(const struct setup *setup, const char *method)
{
    return telegram_url(setup->bridge->settings, method, setup->arena);
}

static bool refused(struct setup *setup, const struct reply *reply,
                    const struct json *body)
{
    return setup_refused(setup, reply, member_text(body, "description"));
}

static bool is_well(const struct reply *reply, const struct json *body)
{
    bool is_ok = false;

    return reply_is_success(reply) && json_bool(json_get(body, "ok"), &is_ok) && is_ok;
}

/* ---- the bot ---- */

static enum status ask_bot(struct setup *setup, struct error *err)
{
    (void)err;
    setup_ask(setup, "GET", url_of(setup, "getMe"));
    return STATUS_OK;
}

/* Source: channels/telegram.md section 8, "Config". */
static bool told_bot(struct setup *setup, const struct reply *reply,
                     const struct json *body)
{
    struct str name = member_text(json_get(body, "result"), "username");
    bool is_known = false;

    if (is_well(reply, body) && name.len > 0) {
        setup_find(setup, SETUP_WELL, "the token is that of @%.*s", STR_ARG(name));
        return true;
    }
    bool is_bot_api = json_bool(json_get(body, "ok"), &is_known);
    if (is_bot_api && (reply->status == 401 || reply->status == 404))
        setup_find(setup, SETUP_MISCONFIGURED,
                   PEER
                   " knows no bot with telegram.token: it was mistyped or revoked; "
                   "BotFather shows it");
    else if (is_bot_api)
        (void)refused(setup, reply, body);
    else
        setup_find(setup, SETUP_MISCONFIGURED,
                   "what answered %d at telegram.api_url is no Bot API", reply->status);
    return false;
}

/* ---- registering ---- */

/* What waits at Telegram is kept: drop_pending_updates is not said. */
static enum status ask_registration(struct setup *setup, struct error *err)
{
    const struct telegram_settings *own = setup->bridge->settings;
    CLEANUP(json_freep) struct json *body = json_new_object();

    json_add_str(body, "url",
                 bridge_webhook_url(setup->bridge, STR_NONE, setup->arena));
    json_add_str(body, "secret_token", str_of(own->secrets.items[0]));
    json_add_i64(body, "max_connections", WEBHOOK_CONNECTIONS);
    struct json *list = json_add_array(body, "allowed_updates");
    for (size_t i = 0; i < COUNT_OF(updates); i++)
        json_append(list, json_new_str(str_of(updates[i])));
    setup_ask(setup, "POST", url_of(setup, "setWebhook"));
    return exchange_json(&setup->exchange, body, setup->arena, err);
}

static bool told_registration(struct setup *setup, const struct reply *reply,
                              const struct json *body)
{
    if (!is_well(reply, body))
        return refused(setup, reply, body);
    setup_find(setup, SETUP_WELL, "registered, with the first of telegram.secrets");
    return true;
}

/* ---- looking ---- */

static enum status ask_webhook(struct setup *setup, struct error *err)
{
    (void)err;
    setup_ask(setup, "GET", url_of(setup, "getWebhookInfo"));
    return STATUS_OK;
}

/* Where Telegram names none, all that we decode are among its default. */
static void judge_updates(struct setup *setup, const struct json *list)
{
    for (size_t i = 0; json_count(list) > 0 && i < COUNT_OF(updates); i++)
        if (!setup_is_listed(list, updates[i]))
            setup_find(setup, SETUP_WRONG,
                       "%s is not among its allowed_updates: \"omgw bridges connect "
                       "%s\" sets them",
                       updates[i], setup->bridge->name);
}

/* Words of last_error_message, which is no contract, and what to do about it. */
static const struct {
    const char *words;
    const char *advice;
} advices[] = {
    {"401",         "the gateway does not know the secret: connect again"               },
    {"403",         "something before the gateway refuses: only omgw may answer there"  },
    {"404",         "the proxy does not pass /webhooks/ on, or the bridge is not loaded"},
    {"502",         "the proxy does not reach the gateway"                              },
    {"503",         "the gateway takes nothing: see its log"                            },
    {"certificate", "the proxy must send its whole chain, up to a known authority"      },
    {"SSL",         "the proxy must send its whole chain, up to a known authority"      },
    {"resolve",     "the name in public_url is not known to the world"                  },
    {"refused",     "nothing listens at public_url"                                     },
    {"timed out",   "a firewall stands before public_url, or the gateway is too slow"   },
};

static const char *advice_of(struct str message)
{
    for (size_t i = 0; i < COUNT_OF(advices); i++)
        if (str_holds_nocase(message, str_of(advices[i].words)))
            return advices[i].advice;
    return "see the gateway's log";
}

/* While nothing waits, the trouble is over. */
static void judge_error(struct setup *setup, const struct json *info, int64_t pending)
{
    struct str message = member_text(info, "last_error_message");
    int64_t at_s = 0;
    char time[TIME_TEXT_BYTES];

    if (message.len == 0 || !json_i64(json_get(info, "last_error_date"), &at_s) ||
        at_s < 0 || at_s > INT32_MAX)
        return;
    if (pending == 0 && setup->now.wall_ms - at_s * 1000 > RECENT_MS)
        return;
    time_format(at_s * 1000, time);
    if (pending > 0)
        setup_find(setup, SETUP_WRONG, "failed last at %s: %.*s; %s", time,
                   STR_ARG(message), advice_of(message));
    else
        setup_find(setup, SETUP_NOTE,
                   "failed last at %s, and nothing waits any more: "
                   "%.*s",
                   time, STR_ARG(message));
}

static bool told_webhook(struct setup *setup, const struct reply *reply,
                         const struct json *body)
{
    const struct json *info = json_get(body, "result");
    int64_t pending = 0;
    bool has_certificate = false;

    if (!is_well(reply, body))
        return refused(setup, reply, body);
    if (!setup_judge_url(setup, member_text(info, "url")))
        return false;
    judge_updates(setup, json_get(info, "allowed_updates"));
    if (json_bool(json_get(info, "has_custom_certificate"), &has_certificate) &&
        has_certificate)
        setup_find(setup, SETUP_NOTE,
                   "trusts a certificate that was uploaded: it must be that of "
                   "public_url");
    (void)json_i64(json_get(info, "pending_update_count"), &pending);
    if (pending > 0)
        setup_find(setup, SETUP_NOTE, "updates that wait at " PEER ": %lld",
                   (long long)pending);
    judge_error(setup, info, pending);
    return true;
}

static const struct setup_stage stages[] = {
    {SETUP_ALWAYS,  "token",   ask_bot,          told_bot         },
    {SETUP_CONNECT, "webhook", ask_registration, told_registration},
    {SETUP_ALWAYS,  "webhook", ask_webhook,      told_webhook     },
};

const struct setup_plan telegram_setup = {
    .peer = PEER,
    .values = setup_no_values,
    .stages = stages,
    .stage_count = COUNT_OF(stages),
};
