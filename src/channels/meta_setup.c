/*
 * meta_setup: what plans of services on the Graph API share.
 *
 * Source: channels/whatsapp.md sections 1 and 7; channels/meta-messenger.md sections 1
 * and 6; Meta, "Manage webhooks" and "Webhook overrides"; read 2026-12-01.
 */
#include "meta.h"

#include "gateway/member.h"
#include "gateway/reply.h"

#define NAMES_BYTES 256

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

/* ---- which apps hear ---- */

bool meta_setup_told_subscription(struct setup *setup, const struct reply *reply,
                                  const struct json *body)
{
    bool is_done = false;

    if (!reply_is_success(reply) || !json_bool(json_get(body, "success"), &is_done) ||
        !is_done)
        return meta_setup_refused(setup, reply, body);
    setup_find(setup, SETUP_WELL, "the app hears of its messages");
    return true;
}

/* An app of a page, or what an account wraps around one. */
static struct str name_of(const struct json *app)
{
    struct str name = member_text(app, "name");

    return name.len > 0
               ? name
               : member_text(json_get(app, "whatsapp_business_api_data"), "name");
}

const struct json *meta_setup_apps(struct setup *setup, const struct reply *reply,
                                   const struct json *body, const char *permission)
{
    const struct json *list = json_get(body, "data");
    CLEANUP(buf_release) struct buf names;

    buf_init(&names, NAMES_BYTES);
    if (meta_setup_lacks_permission(body)) {
        setup_find(setup, SETUP_NOTE,
                   "not looked at: access_token has no permission %s", permission);
        return NULL;
    }
    if (!reply_is_success(reply) || list == NULL) {
        (void)meta_setup_refused(setup, reply, body);
        return NULL;
    }
    for (const struct json *app = json_first(list); app != NULL; app = json_next(app)) {
        struct str name = name_of(app);
        if (names.len + name.len + 2 < NAMES_BYTES)
            buf_printf(&names, "%s%.*s", names.len > 0 ? ", " : "", STR_ARG(name));
    }
    if (json_count(list) == 0)
        setup_find(setup, SETUP_WRONG,
                   "no app hears of its messages: \"omgw bridges connect %s\" changes "
                   "that",
                   setup->bridge->name);
    else
        setup_find(setup, SETUP_WELL, "apps that hear of its messages: %.*s",
                   STR_ARG(buf_str(&names)));
    return json_count(list) == 0 ? NULL : list;
}
