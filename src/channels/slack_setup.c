/*
 * slack_setup: what is entered at Slack, and whose the token is.
 *
 * Source: channels/slack.md sections 1 and 7; Slack's reference of auth.test; read
 * 2026-12-01.
 */
#include "slack.h"

#include "gateway/json.h"
#include "gateway/member.h"
#include "gateway/reply.h"

#define PEER "Slack"

static const char *events_of(const struct slack_settings *own)
{
    static const char *const events[] = {
        [SLACK_DIRECT] = "message.im, reaction_added, reaction_removed",
        [SLACK_THREADS] =
            "message.channels, message.groups, reaction_added, reaction_removed",
        [SLACK_BOTH] = ("message.im, message.channels, message.groups, reaction_added, "
                        "reaction_removed"),
    };
    return events[own->conversations];
}

static void values(struct setup *setup)
{
    struct str url = bridge_webhook_url(setup->bridge, STR_NONE, setup->arena);

    setup->where = "api.slack.com, the app, Event Subscriptions and Interactivity & "
                   "Shortcuts";
    setup_enter(setup, "Events: Request URL", url);
    setup_enter(setup, "Events: bot events",
                str_of(events_of(setup->bridge->settings)));
    setup_enter(setup, "Interactivity: Request URL", url);
}

static enum status ask_identity(struct setup *setup, struct error *err)
{
    const struct slack_settings *own = setup->bridge->settings;

    (void)err;
    setup_ask(setup, "POST", arena_printf(setup->arena, "%s/auth.test", own->api_url));
    setup_bearer(setup, str_of(own->bot_token));
    return STATUS_OK;
}

/* Errors are answered 200. */
static bool judge_error(struct setup *setup, const struct reply *reply,
                        struct str error)
{
    static const char *const passing[] = {"ratelimited",         "internal_error",
                                          "fatal_error",         "request_timeout",
                                          "service_unavailable", NULL};

    for (const char *const *each = passing; *each != NULL; each++)
        if (str_is(error, *each)) {
            setup_find(setup, SETUP_UNREACHABLE, PEER " answered %s", *each);
            return false;
        }
    if (error.len == 0)
        return setup_refused(setup, reply, STR("that is no answer of the Web API"));
    setup_find(setup, SETUP_MISCONFIGURED, PEER " does not take bot_token: %.*s",
               STR_ARG(error));
    return false;
}

static bool is_team(const struct slack_settings *own, const struct json *body)
{
    return own->team_id == NULL || str_is(member_text(body, "team_id"), own->team_id) ||
           str_is(member_text(body, "enterprise_id"), own->team_id);
}

static bool told_identity(struct setup *setup, const struct reply *reply,
                          const struct json *body)
{
    const struct slack_settings *own = setup->bridge->settings;
    struct str user = member_text(body, "user");
    struct str team = member_text(body, "team");
    struct str id = member_text(body, "team_id");
    bool is_ok = false;

    if (!reply_is_success(reply) || !json_bool(json_get(body, "ok"), &is_ok) || !is_ok)
        return judge_error(setup, reply, member_text(body, "error"));
    setup_find(setup, SETUP_WELL, "bot_token is that of %.*s in %.*s (%.*s)",
               STR_ARG(user), STR_ARG(team), STR_ARG(id));
    if (!is_team(own, body))
        setup_find(setup, SETUP_MISCONFIGURED, "team_id is %s: it must be %.*s",
                   own->team_id, STR_ARG(id));
    return true;
}

static const struct setup_stage stages[] = {
    {SETUP_ALWAYS, "token",   ask_identity,     told_identity     },
    {SETUP_CHECK,  "webhook", setup_ask_untold, setup_told_nothing},
};

const struct setup_plan slack_setup = {
    .peer = PEER,
    .values = values,
    .stages = stages,
    .stage_count = COUNT_OF(stages),
};
