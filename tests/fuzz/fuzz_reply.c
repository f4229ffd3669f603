/*
 * fuzz_reply: what Genesys Cloud, its login and a partner answer to our requests.
 * The first line is "KIND STATUS": a delivery's kind and the HTTP status; the rest is
 * the body.
 *
 * Whatever it is, the attempt goes on or ends with an outcome: ids that are ids, a
 * token that fits into a header, a reason of valid UTF-8.
 */
#include "fuzz.h"

#include "channels/partner.h"
#include "gateway/arena.h"
#include "gateway/channels.h"
#include "gateway/delivery.h"
#include "gateway/genesys.h"
#include "gateway/limits.h"

#define STEPS_MAX 8

static char secret[] = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
static char name[] = "acme";
static char url[] = "https://peer.example";

static const struct bridge *the_bridge(void)
{
    static char *secrets[] = {secret};
    static struct partner_settings settings = {
        .callback_url = url,
        .secrets = {secrets, 1},
        .text_max = LIMIT_PARTNER_TEXT,
    };
    static struct organisation organisation = {.name = name,
                                               .api_url = url,
                                               .login_url = url,
                                               .client_id = name,
                                               .client_secret = name};
    static struct bridge bridge = {
        .name = name, .organisation = &organisation, .integration_id = name};
    struct error err;
    if (bridge.settings != NULL)
        return &bridge;
    bridge.channel = channel_find(STR("partner"));
    demand(bridge.channel->settings_ready(&settings, &err) == STATUS_OK, "settings");
    bridge.settings = &settings;
    return &bridge;
}

static void check_result(enum sender_step step, const struct sender_result *result)
{
    demand(step == SENDER_OUTCOME || step == SENDER_PROGRESS ||
               step == SENDER_EXCHANGE || step == SENDER_NEED_CREDENTIAL,
           "a step out of turn");
    demand(result->provider_id.len == 0 || id_is_valid(result->provider_id),
           "a provider's id that is none");
    demand(result->genesys_conversation_id.len == 0 ||
               id_is_valid(result->genesys_conversation_id),
           "a conversation's id that is none");
    demand(utf8_is_valid(result->reason), "a reason that is no UTF-8");
    demand(str_find_byte(result->reason, '\n') < 0, "a reason of several lines");
    demand(step != SENDER_OUTCOME || outcome_is_success(result->outcome) ||
               result->reason.len > 0,
           "a failure without a reason");
}

/* The same answer to everything that is asked. */
static void say(const struct sender *sender, const struct bridge *bridge,
                const struct delivery *delivery, const struct reply *reply,
                struct arena *arena)
{
    const struct credential credential = {
        .token = STR("token"), .lifetime_ms = 3600000, .generation = 1};
    struct attempt attempt = {.delivery = delivery,
                              .bridge = bridge,
                              .credential = &credential,
                              .arena = arena};
    struct sender_result result;
    const struct reply *last = NULL;
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        enum sender_step step = sender->next(&attempt, last, (struct now){0}, &result);
        check_result(step, &result);
        if (step == SENDER_OUTCOME || step == SENDER_NEED_CREDENTIAL)
            return;
        attempt.parts_done += step == SENDER_PROGRESS ? 1 : 0;
        last = step == SENDER_EXCHANGE ? reply : NULL;
    }
}

static void ask_token(const struct bridge *bridge, const struct reply *reply,
                      struct arena *arena)
{
    struct sender_result result;
    enum sender_step step =
        genesys_sender.credential_next(bridge, arena, reply, (struct now){0}, &result);
    demand(step == SENDER_OUTCOME, "a token out of turn");
    demand(utf8_is_valid(result.reason), "a reason that is no UTF-8");
    if (result.outcome != OUTCOME_DONE)
        return;
    demand(result.token.len > 0 && result.lifetime_ms > 0, "no token");
    for (size_t i = 0; i < result.token.len; i++)
        demand(result.token.ptr[i] > ' ' && result.token.ptr[i] < 0x7f,
               "a token that does not fit into a header");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum event_kind kinds[] = {EVENT_MESSAGE, EVENT_ANSWER,  EVENT_EDIT,
                                            EVENT_LEFT,    EVENT_RECEIPT, EVENT_TYPING};
    const struct bridge *bridge = the_bridge();
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    struct str body = str_from(data, size);
    struct str status_text = str_cut(&body, '\n');
    struct str kind_text = str_cut(&status_text, ' ');
    int64_t status = 0;
    int64_t kind = 0;
    if (size > LIMIT_REPLY_BYTES || !str_to_i64(status_text, &status) ||
        !str_to_i64(kind_text, &kind) || status < 100 || status > 999 || kind < 0 ||
        kind >= (int64_t)COUNT_OF(kinds))
        return -1;
    const struct reply reply = {.kind = REPLY_ANSWER,
                                .status = (int)status,
                                .body = body,
                                .retry_after_ms = -1,
                                .why = ""};
    struct delivery made = {
        .public_id = "019c2228b81a7d3c9a51e0f7c6b5a493",
        .target_peer_id = STR("peer"),
        .event = {.kind = kinds[kind],
                  .contact_id = STR("ana"),
                  .text = STR("said"),
                  .answer_payload = STR("pressed"),
                  .receipt_status = MESSAGE_DELIVERED},
    };
    made.class = made.event.kind == EVENT_RECEIPT  ? DELIVERY_RECEIPT
                 : made.event.kind == EVENT_TYPING ? DELIVERY_TYPING
                                                   : DELIVERY_MESSAGE;
    struct delivery *delivery = delivery_copy(&made);
    say(&genesys_sender, bridge, delivery, &reply, arena);
    say(bridge->channel->sender, bridge, delivery, &reply, arena);
    ask_token(bridge, &reply, arena);
    delivery_free(delivery);
    return 0;
}
