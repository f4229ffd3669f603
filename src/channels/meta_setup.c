/*
 * meta_setup: what plans of services on the Graph API share.
 *
 * Source: channels/whatsapp.md sections 1 and 7; channels/meta-messenger.md sections 1
 * and 6; Meta, "Manage webhooks" and "Webhook overrides"; read 2026-12-01.
 */
#include "meta.h"

#include "gateway/member.h"

void meta_setup_values(struct setup *setup, const char *where, const char *fields)
{
    const struct meta_app *app = setup->bridge->settings;

    setup->where = where;
    setup_enter(setup, "Callback URL",
                bridge_webhook_url(setup->bridge, STR_NONE, setup->arena));
    setup_enter(setup, "Verify token", str_of(app->verify_token));
    setup_enter(setup, "Webhook fields", str_of(fields));
}

void meta_setup_ask(struct setup *setup, const char *method, struct str path)
{
    const struct meta_app *app = setup->bridge->settings;

    setup_ask(setup, method,
              arena_printf(setup->arena, "%s/%s/%.*s", app->graph_url,
                           app->graph_version, STR_ARG(path)));
    setup_bearer(setup, str_of(app->access_token));
}

int64_t meta_setup_code(const struct json *body)
{
    int64_t code = 0;

    (void)json_i64(json_get(json_get(body, "error"), "code"), &code);
    return code;
}

bool meta_setup_lacks_permission(const struct json *body)
{
    int64_t code = meta_setup_code(body);
    return code == 10 || (code >= 200 && code <= 299);
}

bool meta_setup_refused(struct setup *setup, const struct reply *reply,
                        const struct json *body)
{
    struct str message = member_text(json_get(body, "error"), "message");
    int64_t code = meta_setup_code(body);

    if (code == 190)
        setup_find(setup, SETUP_MISCONFIGURED,
                   "access_token is not valid, or not any more: %.*s",
                   STR_ARG(message));
    else if (meta_setup_lacks_permission(body))
        setup_find(setup, SETUP_MISCONFIGURED, "access_token has no permission: %.*s",
                   STR_ARG(message));
    else if (code == 4 || code == 80007 || code == 130429)
        setup_find(setup, SETUP_UNREACHABLE, "%s is asked too much: %.*s",
                   setup->plan->peer, STR_ARG(message));
    else
        (void)setup_refused(setup, reply, message);
    return false;
}
