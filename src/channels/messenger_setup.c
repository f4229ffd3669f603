/*
 * messenger_setup: what is entered at Meta; the subscription of the page, which Meta
 * takes away when the webhook fails for an hour.
 *
 * Source: channels/meta-messenger.md sections 1 and 2; Meta, "Page Subscribed Apps";
 * read 2026-12-01.
 */
#include "messenger.h"

#include "gateway/member.h"
#include "gateway/reply.h"

/* What one of the two is set up with. */
struct words {
    const char *where;
    const char *fields;     /* of the app, entered by a person */
    const char *subscribed; /* of the page, or the account */
    const char *name;       /* member of the account's node */
};

static const struct words messenger_words = {
    .where = "developers.facebook.com, the app, Messenger, Messenger API settings, "
             "Webhooks",
    .fields = "messages, messaging_postbacks, message_deliveries, message_reads, "
              "message_reactions, message_edits, messaging_referrals",
    .subscribed = "messages,messaging_postbacks,message_deliveries,message_reads,"
                  "message_reactions,message_edits,messaging_referrals",
    .name = "name",
};

/* *unsure*: which fields a page takes for its Instagram account; these it has itself.
 */
static const struct words instagram_words = {
    .where = "developers.facebook.com, the app, Webhooks, Instagram",
    .fields = "messages, messaging_postbacks, messaging_seen, message_reactions, "
              "message_edit, messaging_referral",
    .subscribed = "messages,messaging_postbacks,message_reactions",
    .name = "username",
};

static const struct words *words_of(const struct setup *setup)
{
    return setup->plan == &instagram_setup ? &instagram_words : &messenger_words;
}

static void values(struct setup *setup)
{
    const struct words *words = words_of(setup);
    meta_setup_values(setup, words->where, words->fields);
}

/* ---- the account ---- */

static enum status ask_account(struct setup *setup, struct error *err)
{
    const struct messenger_settings *own = setup->bridge->settings;

    (void)err;
    meta_setup_ask(setup, "GET",
                   arena_printf(setup->arena, "%s?fields=%s", own->account_id,
                                words_of(setup)->name));
    return STATUS_OK;
}

static bool told_account(struct setup *setup, const struct reply *reply,
                         const struct json *body)
{
    struct str name = member_text(body, words_of(setup)->name);
    const char *account = messenger_service_of(setup->bridge)->account;

    if (meta_setup_code(body) == 100) {
        setup_find(setup, SETUP_MISCONFIGURED,
                   "access_token reaches no %s with this id", account);
        return false;
    }
    if (!reply_is_success(reply))
        return meta_setup_refused(setup, reply, body);
    if (member_text(body, "id").len == 0) {
        setup_find(setup, SETUP_MISCONFIGURED,
                   "what answered %d at graph_url is no Graph API", reply->status);
        return false;
    }
    setup_find(setup, SETUP_WELL, "access_token reaches the %s%s%.*s", account,
               name.len > 0 ? " " : "", STR_ARG(name));
    return true;
}

/* ---- its subscription ---- */

static struct str apps_path(const struct setup *setup)
{
    const struct messenger_settings *own = setup->bridge->settings;

    return arena_printf(setup->arena, "%s/subscribed_apps",
                        own->sender_id != NULL ? own->sender_id : own->account_id);
}

static enum status ask_subscription(struct setup *setup, struct error *err)
{
    struct str path = apps_path(setup);

    (void)err;
    meta_setup_ask(setup, "POST",
                   arena_printf(setup->arena, "%.*s?subscribed_fields=%s",
                                STR_ARG(path), words_of(setup)->subscribed));
    return STATUS_OK;
}

static enum status ask_apps(struct setup *setup, struct error *err)
{
    (void)err;
    meta_setup_ask(setup, "GET", apps_path(setup));
    return STATUS_OK;
}

/* Whether any app has it: which one is ours is not told. */
static bool has_field(const struct json *apps, const char *field)
{
    for (const struct json *app = json_first(apps); app != NULL; app = json_next(app))
        if (setup_is_listed(json_get(app, "subscribed_fields"), field))
            return true;
    return false;
}

static bool told_apps(struct setup *setup, const struct reply *reply,
                      const struct json *body)
{
    const struct json *apps =
        meta_setup_apps(setup, reply, body, "pages_manage_metadata");
    struct str rest = str_of(words_of(setup)->subscribed);

    while (apps != NULL && rest.len > 0) {
        const char *field = arena_c_string(setup->arena, str_cut(&rest, ','));
        if (!has_field(apps, field))
            setup_find(
                setup, SETUP_WRONG,
                "%s is not subscribed: \"omgw bridges connect %s\" subscribes it",
                field, setup->bridge->name);
    }
    return true;
}

static const struct setup_stage stages[] = {
    {SETUP_ALWAYS,  "account",      ask_account,      told_account                },
    {SETUP_CONNECT, "subscription", ask_subscription, meta_setup_told_subscription},
    {SETUP_ALWAYS,  "subscription", ask_apps,         told_apps                   },
    {SETUP_CHECK,   "webhook",      setup_ask_untold, setup_told_nothing          },
};

#define PLAN(name, peer_)                                                              \
    const struct setup_plan name = {                                                   \
        .peer = (peer_),                                                               \
        .values = values,                                                              \
        .stages = stages,                                                              \
        .stage_count = COUNT_OF(stages),                                               \
    }
PLAN(messenger_setup, "Messenger");
PLAN(instagram_setup, "Instagram");
