/*
 * whatsapp_setup: what is entered at Meta, and what its API tells of number and
 * account. Where the app posts to, it does not tell a token of a system user.
 *
 * Source: channels/whatsapp.md section 1; Meta, "Manage webhooks" and "Webhook
 * overrides"; read 2026-12-01. *unsure*: members of a phone number's node.
 */
#include "whatsapp.h"

#include "gateway/member.h"
#include "gateway/reply.h"

static void values(struct setup *setup)
{
    meta_setup_values(setup,
                      "developers.facebook.com, the app, WhatsApp, Configuration, "
                      "Webhook",
                      "messages");
}

/* ---- the number ---- */

static enum status ask_number(struct setup *setup, struct error *err)
{
    const struct whatsapp_settings *own = setup->bridge->settings;

    (void)err;
    meta_setup_ask(setup, "GET", str_of(own->phone_number_id));
    return STATUS_OK;
}

static bool told_number(struct setup *setup, const struct reply *reply,
                        const struct json *body)
{
    struct str number = member_text(body, "display_phone_number");
    struct str name = member_text(body, "verified_name");

    if (meta_setup_code(body) == 100) {
        setup_find(setup, SETUP_MISCONFIGURED,
                   "access_token reaches no number with this phone_number_id");
        return false;
    }
    if (!reply_is_success(reply))
        return meta_setup_refused(setup, reply, body);
    if (member_text(body, "id").len == 0) {
        setup_find(setup, SETUP_MISCONFIGURED,
                   "what answered %d at graph_url is no Graph API", reply->status);
        return false;
    }
    setup_find(setup, SETUP_WELL, "access_token reaches %.*s%s%.*s",
               STR_ARG(number.len > 0 ? number : STR("the number")),
               name.len > 0 ? ", " : "", STR_ARG(name));
    return true;
}

/* ---- the account ---- */

static enum status ask_account(struct setup *setup, const char *method)
{
    const struct whatsapp_settings *own = setup->bridge->settings;

    if (own->business_account_id == NULL)
        return STATUS_DUPLICATE;
    meta_setup_ask(
        setup, method,
        arena_printf(setup->arena, "%s/subscribed_apps", own->business_account_id));
    return STATUS_OK;
}

static enum status ask_subscription(struct setup *setup, struct error *err)
{
    (void)err;
    return ask_account(setup, "POST");
}

static enum status ask_apps(struct setup *setup, struct error *err)
{
    (void)err;
    enum status status = ask_account(setup, "GET");
    if (status == STATUS_DUPLICATE)
        setup_find(setup, SETUP_NOTE,
                   "business_account_id is not set: whether the app hears of the "
                   "account's messages is not looked at");
    return status;
}

/* An address for this account alone goes before the app's own. */
static void judge_override(struct setup *setup, const struct json *app)
{
    struct str url = member_text(app, "override_callback_uri");
    struct str ours = bridge_webhook_url(setup->bridge, STR_NONE, setup->arena);

    if (url.len == 0 || str_equal(url, ours))
        return;
    struct str shown = setup_shown_url(setup, url);
    setup_find(setup, SETUP_WRONG,
               "its messages go to %.*s, an override of the callback URL",
               STR_ARG(shown));
}

static bool told_apps(struct setup *setup, const struct reply *reply,
                      const struct json *body)
{
    const struct json *apps =
        meta_setup_apps(setup, reply, body, "whatsapp_business_management");

    judge_override(setup, json_first(apps));
    return true;
}

static const struct setup_stage stages[] = {
    {SETUP_ALWAYS,  "number",  ask_number,       told_number                 },
    {SETUP_CONNECT, "account", ask_subscription, meta_setup_told_subscription},
    {SETUP_ALWAYS,  "account", ask_apps,         told_apps                   },
    {SETUP_CHECK,   "webhook", setup_ask_untold, setup_told_nothing          },
};

const struct setup_plan whatsapp_setup = {
    .peer = "WhatsApp",
    .values = values,
    .stages = stages,
    .stage_count = COUNT_OF(stages),
};
