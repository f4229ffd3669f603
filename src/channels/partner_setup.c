/*
 * partner_setup: what the partner is given, and a ping.
 *
 * Source: partner-contract.md; read 2026-11-21.
 */
#include "partner.h"

#include "gateway/reply.h"

static void values(struct setup *setup)
{
    const struct partner_settings *own = setup->bridge->settings;

    setup->where = "at the partner, whose guide is docs/PARTNERS.md";
    setup_enter(setup, "Bridge URL",
                bridge_webhook_url(setup->bridge, STR_NONE, setup->arena));
    setup_enter(setup, "Secret",
                STR("the first of partner.secrets, not shown here: give it on safely"));
    setup_enter(setup, "Posts to", str_of(own->callback_url));
}

static enum status ask_ping(struct setup *setup, struct error *err)
{
    return partner_ping(setup->bridge, setup->id, setup->now, setup->arena,
                        &setup->exchange, err);
}

static bool told_ping(struct setup *setup, const struct reply *reply,
                      const struct json *body)
{
    (void)body;
    if (!reply_is_success(reply))
        return setup_refused(setup, reply, STR("it should be 2xx"));
    setup_find(setup, SETUP_WELL, "the partner took a signed ping at callback_url");
    return true;
}

static const struct setup_stage stages[] = {
    {SETUP_CHECK, "ping", ask_ping, told_ping},
};

const struct setup_plan partner_setup = {
    .peer = "the partner",
    .values = values,
    .stages = stages,
    .stage_count = COUNT_OF(stages),
};
