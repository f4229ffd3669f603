/*
 * account: what an organisation's or a channel account's deliveries share, and the
 * flows (bridge and direction) that belong to it.
 */
#include "internal.h"

#include "gateway/crypto.h"
#include "gateway/fault.h"
#include "gateway/log.h"
#include "gateway/memory.h"

/* A peer is down when this many attempts in a row failed, over at least two lanes.
 * Source: design.md section 6, "Down". */
#define DOWN_FAILURES 5
#define DOWN_PROBE_FIRST_MS 1000

/* --- accounts
 * ------------------------------------------------------------------------------ */

static struct account *account_of(struct engine *engine, const char *name,
                                  enum direction direction)
{
    for (struct account *a = engine->accounts; a != NULL; a = a->next)
        if (a->direction == direction && strcmp(a->name, name) == 0)
            return a;
    struct account *account = mem_new(sizeof(*account));
    account->name = mem_copy_string(name);
    account->direction = direction;
    account->refresh_due_ms = INT64_MAX;
    account->next = engine->accounts;
    engine->accounts = account;
    return account;
}

static void drop_token(struct account *account)
{
    if (account->token != NULL)
        bytes_wipe(account->token, strlen(account->token));
    mem_free(TAKE(account->token));
    account->credential.token = STR_NONE;
    account->refresh_due_ms = INT64_MAX;
}

void account_set_token(struct engine *engine, struct account *account, struct str token,
                       int64_t lifetime_ms)
{
    drop_token(account);
    account->token = mem_new(token.len + 1);
    memcpy(account->token, token.ptr, token.len);
    account->credential.token = str_of(account->token);
    account->credential.fetched_ms = engine->now.mono_ms;
    account->credential.lifetime_ms = lifetime_ms;
    account->credential.generation++;
    /* Source: design.md section 3: the later of 90 % of the life and 60 s before its
     * end. */
    int64_t late = lifetime_ms - 60000;
    int64_t part = lifetime_ms / 10 * 9;
    account->refresh_due_ms = engine->now.mono_ms + (late > part ? late : part);
}

void account_check_token(struct engine *engine, struct account *account)
{
    const struct credential *credential = &account->credential;
    if (account->token != NULL &&
        engine->now.mono_ms - credential->fetched_ms >= credential->lifetime_ms)
        drop_token(account);
}

/* True when *kept (owned) was another text; then it is the new one. */
static bool changed(char **kept, const char *text)
{
    if (*kept != NULL && strcmp(*kept, text) == 0)
        return false;
    bool is_change = *kept != NULL;
    mem_free(*kept);
    *kept = mem_copy_string(text);
    return is_change;
}

static void configure_organisation(struct engine *engine, struct account *account,
                                   const struct organisation *organisation)
{
    char identity[1024];
    (void)snprintf(identity, sizeof(identity), "%s %s %s", organisation->api_url,
                   organisation->login_url, organisation->client_id);
    bool is_other = changed(&account->identity, identity);
    if (changed(&account->secret, organisation->client_secret) || is_other)
        drop_token(account);
    if (is_other || account->sender == NULL)
        bucket_init(&account->bucket, organisation->requests_per_minute,
                    engine->now.mono_ms);
    bucket_set_limit(&account->bucket, organisation->requests_per_minute,
                     engine->now.mono_ms);
    account->limit = (unsigned)organisation->connections;
    account->sender = engine->settings.genesys_sender;
    credential_announce(account);
}

static void configure_channel(struct engine *engine, struct account *account,
                              const struct bridge *bridge)
{
    if (account->sender == NULL)
        bucket_init(&account->bucket, bridge->requests_per_minute, engine->now.mono_ms);
    bucket_set_limit(&account->bucket, bridge->requests_per_minute,
                     engine->now.mono_ms);
    struct capabilities can;
    bridge->channel->capabilities(bridge, &can);
    account->pace = can.account_pace;
    struct flow *out = flow_of(engine, bridge->row, DIRECTION_OUTBOUND);
    out->contact_pace = can.contact_pace;
    out->typing_every_ms = can.typing_every_ms;
    out->typing_names_message = can.typing_names_message;
    flow_of(engine, bridge->row, DIRECTION_INBOUND)->notes_heard =
        can.typing && can.typing_names_message;
    account->limit = (unsigned)bridge->connections;
    account->sender = bridge->channel->sender;
}

void accounts_free(struct engine *engine)
{
    while (engine->accounts != NULL) {
        struct account *account = engine->accounts;
        engine->accounts = account->next;
        drop_token(account);
        if (account->secret != NULL)
            bytes_wipe(account->secret, strlen(account->secret));
        mem_free(account->secret);
        mem_free(account->identity);
        mem_free(account->name);
        mem_free(account);
    }
    for (size_t i = 0; i < engine->flow_count; i++)
        mem_free(engine->flows[i]);
    mem_free(engine->flows);
}

/* --- up and down
 * --------------------------------------------------------------------------------- */

static void wait_for_probe(struct engine *engine, struct account *account,
                           int64_t span_ms)
{
    int64_t ceiling_ms = engine->config->retry.probe;
    account->down_span_ms = span_ms < ceiling_ms ? span_ms : ceiling_ms;
    account->down_probe_at_ms = engine->now.mono_ms + account->down_span_ms;
}

void account_failed(struct engine *engine, struct account *account,
                    const struct lane *lane)
{
    if (account->failures == 0)
        account->failed_lane = lane;
    account->failed_lanes_differ |= account->failed_lane != lane;
    account->failures++;
    if (account->is_probing) {
        account->is_probing = false;
        wait_for_probe(engine, account, account->down_span_ms * 2);
        return;
    }
    /* What was under way when it went down says nothing new. */
    if (account->is_down || account->failures < DOWN_FAILURES ||
        (!account->failed_lanes_differ && account->lanes != 1))
        return;
    FAULT_POINT("account.goes_down");
    account->is_down = true;
    wait_for_probe(engine, account, DOWN_PROBE_FIRST_MS);
    log_error("account.went_down", F_TEXT("account", account->name),
              F_TEXT("direction", direction_name(account->direction)));
}

void account_works(struct engine *engine, struct account *account)
{
    account->failures = 0;
    account->failed_lanes_differ = false;
    account->is_probing = false;
    if (!account->is_down)
        return;
    FAULT_POINT("account.comes_back");
    account->is_down = false;
    log_warn("account.came_back", F_TEXT("account", account->name),
             F_TEXT("direction", direction_name(account->direction)));
    timers_clear_account(engine, account);
}

/* --- flows
 * ------------------------------------------------------------------------------------------
 */

static struct account *flow_account(struct engine *engine, int64_t bridge_row,
                                    enum direction direction)
{
    const struct bridge *bridge = config_bridge_of_row(engine->config, bridge_row);
    if (bridge == NULL)
        return account_of(engine, "", direction); /* of bridges not configured */
    return account_of(engine,
                      direction == DIRECTION_INBOUND ? bridge->organisation->name
                                                     : bridge->name,
                      direction);
}

static void ring_add(struct account *account, struct flow *flow)
{
    if (account->flows == NULL) {
        flow->next = flow;
        account->flows = flow;
        return;
    }
    flow->next = account->flows->next;
    account->flows->next = flow;
}

static void ring_remove(struct account *account, struct flow *flow)
{
    struct flow *before = flow;
    while (before->next != flow)
        before = before->next;
    before->next = flow->next;
    if (account->flows == flow)
        account->flows = before == flow ? NULL : before;
}

/* The bridge was configured for the first time, or belongs to another organisation
 * now. Attempts under way end with the account they began with. */
static void flow_move(struct engine *engine, struct flow *flow, struct account *account)
{
    struct account *old = flow->account;
    if (account == old)
        return;
    ring_remove(old, flow);
    ring_add(account, flow);
    flow->account = account;
    for (struct lane *lane = engine->lanes; lane != NULL; lane = lane->hh.next)
        if (lane->flow == flow) {
            old->lanes--;
            account->lanes++;
        }
}

static void configure_flow(struct engine *engine, struct flow *flow)
{
    if (config_bridge_of_row(engine->config, flow->bridge_row) == NULL) {
        flow_pause(engine, flow, FLOW_NOT_CONFIGURED);
        return;
    }
    flow_move(engine, flow, flow_account(engine, flow->bridge_row, flow->direction));
    flow_resume(engine, flow, FLOW_NOT_CONFIGURED);
}

static struct flow *flow_new(struct engine *engine, int64_t bridge_row,
                             enum direction direction)
{
    struct flow *flow = mem_new(sizeof(*flow));
    flow->bridge_row = bridge_row;
    flow->direction = direction;
    flow->account = flow_account(engine, bridge_row, direction);
    ring_add(flow->account, flow);
    engine->flows =
        mem_resize(engine->flows, (engine->flow_count + 1) * sizeof(struct flow *));
    engine->flows[engine->flow_count++] = flow;
    configure_flow(engine, flow);
    return flow;
}

struct flow *flow_of(struct engine *engine, int64_t bridge_row,
                     enum direction direction)
{
    for (size_t i = 0; i < engine->flow_count; i++)
        if (engine->flows[i]->bridge_row == bridge_row &&
            engine->flows[i]->direction == direction)
            return engine->flows[i];
    return flow_new(engine, bridge_row, direction);
}

/* --- a configuration
 * --------------------------------------------------------------------------------
 */

void accounts_configure(struct engine *engine)
{
    const struct config *config = engine->config;
    for (size_t i = 0; i < config->organisation_count; i++) {
        const struct organisation *organisation = &config->organisations[i];
        configure_organisation(
            engine, account_of(engine, organisation->name, DIRECTION_INBOUND),
            organisation);
    }
    for (size_t i = 0; i < config->bridge_count; i++) {
        const struct bridge *bridge = &config->bridges[i];
        configure_channel(engine, account_of(engine, bridge->name, DIRECTION_OUTBOUND),
                          bridge);
        (void)flow_of(engine, bridge->row, DIRECTION_INBOUND);
        (void)flow_of(engine, bridge->row, DIRECTION_OUTBOUND);
    }
    for (size_t i = 0; i < engine->flow_count; i++)
        configure_flow(engine, engine->flows[i]);
}
