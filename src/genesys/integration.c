/*
 * integration: whether the organisation lets us in, and its integration posts to the
 * bridge.
 *
 * Source: genesys/open-messaging.md sections 1.2, 1.4, 2.1 and 2.2; read 2026-12-01.
 */
#include "gateway/genesys.h"

#include "gateway/form.h"
#include "gateway/member.h"
#include "gateway/reply.h"
#include "internal.h"

#define PATH_BYTES 2048

/* What later stages need. */
struct known {
    struct str token;
    struct str recipient; /* empty: the integration names none */
};

static bool refused(struct setup *setup, const struct reply *reply)
{
    struct sender_result result = {.outcome = OUTCOME_BROKEN};

    genesys_explain(reply, setup->arena, &result);
    return setup_refused(setup, reply, str_trim(result.reason));
}

/* ---- the client ---- */

static enum status ask_token(struct setup *setup, struct error *err)
{
    struct sender_result result;

    (void)err;
    (void)genesys_credential_next(setup->bridge, setup->arena, NULL, setup->now,
                                  &result);
    setup->exchange = result.exchange;
    return STATUS_OK;
}

static bool told_token(struct setup *setup, const struct reply *reply,
                       const struct json *body)
{
    const struct organisation *organisation = setup->bridge->organisation;
    struct known *known = arena_alloc(setup->arena, sizeof(*known));
    struct sender_result result;

    (void)body;
    (void)genesys_credential_next(setup->bridge, setup->arena, reply, setup->now,
                                  &result);
    if (result.outcome != OUTCOME_DONE) {
        setup_find(setup,
                   result.outcome == OUTCOME_BROKEN ? SETUP_MISCONFIGURED
                                                    : SETUP_UNREACHABLE,
                   "%.*s", STR_ARG(result.reason));
        return false;
    }
    setup_find(setup, SETUP_WELL, "client_id and client_secret of %s let us in",
               organisation->name);
    known->token = result.token;
    setup->kept = known;
    return true;
}

/* ---- the integration ---- */

static void ask_api(struct setup *setup, const char *path, struct str id)
{
    const struct known *known = setup->kept;
    CLEANUP(buf_release) struct buf url;

    buf_init(&url, PATH_BYTES);
    buf_printf(&url, "%s%s", setup->bridge->organisation->api_url, path);
    percent_encode(&url, id);
    setup_ask(setup, "GET", buf_str(&url));
    setup_bearer(setup, known->token);
}

static enum status ask_integration(struct setup *setup, struct error *err)
{
    (void)err;
    ask_api(setup, "/api/v2/conversations/messaging/integrations/open/",
            str_of(setup->bridge->integration_id));
    return STATUS_OK;
}

static void judge_url(struct setup *setup, struct str url)
{
    const struct bridge *bridge = setup->bridge;
    struct str ours = arena_printf(setup->arena, "%s/webhooks/genesys/%s",
                                   bridge->public_url, bridge->name);

    if (str_equal(url, ours)) {
        setup_find(setup, SETUP_WELL, "posts to %.*s", STR_ARG(ours));
        return;
    }
    struct str shown = setup_shown_url(setup, url);
    setup_find(setup, SETUP_WRONG,
               "posts to %.*s: its outbound notification webhook URL must be %.*s",
               STR_ARG(shown), STR_ARG(ours));
}

/* Both words are free text: only the bad ones mean something. */
static void judge_state(struct setup *setup, const struct json *body)
{
    struct str created = member_text(body, "createStatus");
    struct str state = member_text(body, "status");

    if (str_equal_nocase(created, STR("Error")))
        setup_find(setup, SETUP_WRONG,
                   "Genesys Cloud could not create it: make another");
    else if (str_equal_nocase(created, STR("Initiated")))
        setup_find(setup, SETUP_NOTE, "Genesys Cloud is still creating it");
    else if (state.len > 0 && !str_equal_nocase(state, STR("Active")))
        setup_find(setup, SETUP_WRONG, "its status is %.*s", STR_ARG(state));
}

static bool told_integration(struct setup *setup, const struct reply *reply,
                             const struct json *body)
{
    struct known *known = setup->kept;

    if (reply->status == 403) {
        setup_find(setup, SETUP_NOTE,
                   "not looked at: the client has no permission "
                   "messaging:integration:view");
        return false;
    }
    if (reply->status == 404) {
        setup_find(setup, SETUP_MISCONFIGURED, "%s has no integration %s",
                   setup->bridge->organisation->name, setup->bridge->integration_id);
        return false;
    }
    if (!reply_is_success(reply))
        return refused(setup, reply);
    judge_url(setup, member_text(body, "outboundNotificationWebhookUrl"));
    judge_state(setup, body);
    known->recipient =
        arena_copy(setup->arena, member_text(json_get(body, "recipient"), "id"));
    return true;
}

/* ---- its flow ---- */

static enum status ask_recipient(struct setup *setup, struct error *err)
{
    const struct known *known = setup->kept;

    (void)err;
    if (known->recipient.len == 0)
        return STATUS_DUPLICATE;
    ask_api(setup, "/api/v2/routing/message/recipients/", known->recipient);
    return STATUS_OK;
}

/* Only a note: what Genesys Cloud does without a flow is not documented. */
static bool told_recipient(struct setup *setup, const struct reply *reply,
                           const struct json *body)
{
    if (reply_is_success(reply) && member_text(json_get(body, "flow"), "id").len == 0)
        setup_find(setup, SETUP_NOTE,
                   "no inbound message flow is attached to the integration: customers' "
                   "lines may reach no agent");
    return true;
}

static const struct setup_stage stages[] = {
    {SETUP_ALWAYS, "genesys",     ask_token,       told_token      },
    {SETUP_ALWAYS, "integration", ask_integration, told_integration},
    {SETUP_ALWAYS, "flow",        ask_recipient,   told_recipient  },
};

const struct setup_plan genesys_setup = {
    .peer = GENESYS_PEER,
    .values = setup_no_values,
    .stages = stages,
    .stage_count = COUNT_OF(stages),
};
