/*
 * token: the OAuth token of an organisation (client credentials).
 *
 * Source: Genesys developer centre, "Create an OAuth client"; SDK note of
 * loginClientCredentialsGrant; genesys/open-messaging.md section 1.2; read 2026-11-21.
 */
#include "internal.h"

#include "gateway/keep.h"
#include "gateway/limits.h"
#include "gateway/memory.h"
#include "gateway/reply.h"

#define PEER "Genesys Cloud's login"
/* What a token must last when its answer does not say: the least an OAuth client can be
 * set to. Never more is assumed. */
#define LIFETIME_LEAST_S 300
#define LIFETIME_MOST_S (INT64_C(30) * 24 * 3600)
/* Tokens seen have 86 characters; this one must fit in a header. */
#define TOKEN_BYTES_MAX 4096

/* A wrong client, or a login host that is none: nothing gets better by asking again. */
static const struct reply_rule rules[] = {
    RULE_OUTCOME(200, 299, OUTCOME_DONE),
    RULE_OUTCOME(408, 408, OUTCOME_RETRY),
    RULE_OUTCOME(429, 429, OUTCOME_SLOW_DOWN),
    RULE_BREAKS(300, 499, PAUSE_ORGANISATION),
    RULE_OUTCOME(0, INT32_MAX, OUTCOME_RETRY),
};

static enum sender_step ask(const struct organisation *organisation,
                            struct arena *arena, struct sender_result *out)
{
    out->exchange = (struct exchange){
        .method = "POST",
        .url = arena_c_string(
            arena, arena_printf(arena, "%s/oauth/token", organisation->login_url)),
        .body = STR("grant_type=client_credentials"),
        .timeout_ms = GENESYS_TIMEOUT_MS,
    };
    exchange_basic(&out->exchange, organisation->client_id, organisation->client_secret,
                   arena);
    exchange_header(&out->exchange, STR("Content-Type"),
                    STR("application/x-www-form-urlencoded"));
    return SENDER_EXCHANGE;
}

/* It goes into a header, so nothing but visible ASCII. */
static bool is_token(struct str token)
{
    for (size_t i = 0; i < token.len; i++)
        if (token.ptr[i] <= ' ' || token.ptr[i] >= 0x7f)
            return false;
    return token.len > 0 && token.len <= TOKEN_BYTES_MAX;
}

static bool read_token(const struct reply *reply, struct arena *arena,
                       struct sender_result *out)
{
    CLEANUP(json_freep) struct json *body = NULL;
    struct str token;
    int64_t lifetime_s = LIFETIME_LEAST_S;

    if (json_parse(reply->body, LIMIT_JSON_DEPTH, &body, NULL) != STATUS_OK ||
        !json_str(json_get(body, "access_token"), &token) || !is_token(token))
        return false;
    (void)json_i64(json_get(body, "expires_in"), &lifetime_s);
    if (lifetime_s <= 0)
        return false;
    if (lifetime_s > LIFETIME_MOST_S)
        lifetime_s = LIFETIME_MOST_S;
    out->token = arena_copy(arena, token);
    out->lifetime_ms = lifetime_s * 1000;
    return true;
}

enum sender_step genesys_credential_next(const struct bridge *bridge,
                                         struct arena *arena, const struct reply *last,
                                         struct now now, struct sender_result *out)
{
    (void)now;
    *out = (struct sender_result){.retry_after_ms = -1};
    if (last == NULL)
        return ask(bridge->organisation, arena, out);

    reply_judge(last, reply_rule_find(rules, COUNT_OF(rules), last->status), PEER,
                arena, out);
    if (out->outcome != OUTCOME_DONE) {
        genesys_explain(last, arena, out);
        return SENDER_OUTCOME;
    }
    if (!read_token(last, arena, out)) {
        out->outcome = OUTCOME_RETRY;
        out->reason = arena_printf(arena, "%s answered without a token", PEER);
    }
    return SENDER_OUTCOME;
}
