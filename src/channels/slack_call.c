/*
 * slack_call: calls of the Web API, and what their answers come to.
 *
 * Source: channels/slack.md sections 5 and 7; Slack's reference of chat.postMessage;
 * read 2026-12-01.
 */
#include "slack.h"

#include "codes.h"
#include "gateway/limits.h"
#include "gateway/member.h"

#define PEER "Slack"
#define TIMEOUT_MS 15000

/* ---- what is asked ---- */

void slack_ask(const struct bridge *bridge, const char *method, struct arena *arena,
               struct exchange *out)
{
    const struct slack_settings *own = bridge->settings;

    *out = (struct exchange){
        .method = "POST",
        .url = arena_printf(arena, "%s/%s", own->api_url, method).ptr,
        .timeout_ms = TIMEOUT_MS,
    };
    exchange_header(out, STR("Authorization"),
                    arena_printf(arena, "Bearer %s", own->bot_token));
}

enum status slack_call(const struct attempt *attempt, const char *method,
                       const struct json *body, struct exchange *out, struct error *err)
{
    slack_ask(attempt->bridge, method, attempt->arena, out);
    return exchange_json(out, body, attempt->arena, err);
}

struct str slack_address(struct str contact, struct str *out_thread)
{
    struct str rest = contact;
    struct str address = str_cut(&rest, '/');

    *out_thread = str_cut(&rest, '/');
    return address;
}

/* A person's id opens the direct messages with them. Beside blocks the text is what
 * notifications show. */
struct json *slack_message(const struct delivery *delivery, struct str text)
{
    CLEANUP(buf_release) struct buf escaped;
    struct json *body = json_new_object();
    struct str thread;
    struct str address = slack_address(delivery->event.contact_id, &thread);

    buf_init(&escaped, LIMIT_EXCHANGE_BYTES);
    slack_escape(text, &escaped);
    json_add_str(body, "channel", address);
    member_add_text(body, "thread_ts", thread);
    json_add_str(body, "text", buf_str(&escaped));
    json_add_bool(body, "mrkdwn", false);
    json_add_bool(body, "unfurl_links", false);
    return body;
}

/* ---- what is answered ---- */

#define CONTACT(name, code)                                                            \
    {                                                                                  \
        .error = (name), .outcome = OUTCOME_REFUSED_CONTACT, .reason_code = (code)     \
    }
#define MESSAGE(name, code)                                                            \
    {                                                                                  \
        .error = (name), .outcome = OUTCOME_REFUSED_MESSAGE, .reason_code = (code)     \
    }
#define OTHER(name, outcome_)                                                          \
    {                                                                                  \
        .error = (name), .outcome = (outcome_)                                         \
    }
/* Some of it may have been done, says Slack. */
#define HALF_DONE(name)                                                                \
    {                                                                                  \
        .error = (name), .outcome = OUTCOME_RETRY, .may_have_arrived = true            \
    }

/* What is not listed refuses this message. */
static const struct slack_error {
    const char *error;
    enum outcome outcome;
    enum reason_code reason_code;
    bool may_have_arrived;
} errors[] = {
    CONTACT("channel_not_found", REASON_INVALID_DESTINATION),
    CONTACT("user_not_found", REASON_INVALID_DESTINATION),
    CONTACT("user_disabled", REASON_INVALID_DESTINATION),
    CONTACT("user_not_visible", REASON_INVALID_DESTINATION),
    CONTACT("is_archived", REASON_INVALID_DESTINATION),
    CONTACT("not_in_channel", REASON_INVALID_DESTINATION),
    CONTACT("cannot_dm_bot", REASON_INVALID_DESTINATION),
    CONTACT("messages_tab_disabled", REASON_MESSAGE_NOT_ALLOWED),
    CONTACT("restricted_action", REASON_MESSAGE_NOT_ALLOWED),
    CONTACT("restricted_action_read_only_channel", REASON_MESSAGE_NOT_ALLOWED),
    CONTACT("restricted_action_thread_only_channel", REASON_MESSAGE_NOT_ALLOWED),
    CONTACT("restricted_action_non_threadable_channel", REASON_MESSAGE_NOT_ALLOWED),
    CONTACT("restricted_action_thread_locked", REASON_MESSAGE_NOT_ALLOWED),
    CONTACT("ekm_access_denied", REASON_MESSAGE_NOT_ALLOWED),
    MESSAGE("msg_too_long", REASON_INVALID_MESSAGE_STRUCTURE),
    MESSAGE("msg_blocks_too_long", REASON_INVALID_MESSAGE_STRUCTURE),
    MESSAGE("invalid_blocks", REASON_INVALID_MESSAGE_STRUCTURE),
    MESSAGE("invalid_blocks_format", REASON_INVALID_MESSAGE_STRUCTURE),
    MESSAGE("no_text", REASON_INVALID_MESSAGE_STRUCTURE),
    MESSAGE("invalid_arguments", REASON_INVALID_MESSAGE_STRUCTURE),
    OTHER("ratelimited", OUTCOME_SLOW_DOWN),
    OTHER("rate_limited", OUTCOME_SLOW_DOWN),
    OTHER("service_unavailable", OUTCOME_RETRY),
    OTHER("team_added_to_org", OUTCOME_RETRY),
    OTHER("request_timeout", OUTCOME_RETRY),
    HALF_DONE("internal_error"),
    HALF_DONE("fatal_error"),
    OTHER("invalid_auth", OUTCOME_BROKEN),
    OTHER("not_authed", OUTCOME_BROKEN),
    OTHER("token_revoked", OUTCOME_BROKEN),
    OTHER("token_expired", OUTCOME_BROKEN),
    OTHER("account_inactive", OUTCOME_BROKEN),
    OTHER("missing_scope", OUTCOME_BROKEN),
    OTHER("no_permission", OUTCOME_BROKEN),
    OTHER("not_allowed_token_type", OUTCOME_BROKEN),
    OTHER("org_login_required", OUTCOME_BROKEN),
    OTHER("access_denied", OUTCOME_BROKEN),
    OTHER("accesslimited", OUTCOME_BROKEN),
    OTHER("team_access_not_granted", OUTCOME_BROKEN),
    OTHER("two_factor_setup_required", OUTCOME_BROKEN),
    OTHER("method_deprecated", OUTCOME_BROKEN),
    OTHER("deprecated_endpoint", OUTCOME_BROKEN),
};

static const struct slack_error *error_find(struct str error)
{
    static const struct slack_error unknown = MESSAGE("", REASON_GENERAL_ERROR);

    for (size_t i = 0; i < COUNT_OF(errors); i++)
        if (str_is(error, errors[i].error))
            return &errors[i];
    return &unknown;
}

/* `needed` names the scope that is missing. */
static void apply_error(const struct json *body, struct arena *arena,
                        struct sender_result *out)
{
    struct str error = member_text(body, "error");
    struct str needed = member_text(body, "needed");
    const struct slack_error *meaning = error_find(error);

    out->outcome = meaning->outcome;
    out->reason_code = meaning->reason_code;
    out->may_have_arrived = meaning->may_have_arrived;
    out->pause = PAUSE_BRIDGE_TO_CHANNEL;
    out->reason =
        reply_line(arena_printf(arena, PEER " answered %.*s%s%.*s", STR_ARG(error),
                                needed.len > 0 ? ", needed is " : "", STR_ARG(needed)),
                   arena);
}

/* HTTP 200 says nothing: "ok" does. Without it somebody in between has answered. */
static struct json *read_answer(const struct attempt *attempt,
                                const struct reply *reply, struct sender_result *out)
{
    struct json *body = reply_read(reply, attempt, out);
    bool is_ok = false;

    if (json_bool(json_get(body, "ok"), &is_ok)) {
        if (!is_ok)
            apply_error(body, attempt->arena, out);
        return body;
    }
    out->outcome = OUTCOME_UNKNOWN;
    out->may_have_arrived = true;
    if (out->reason.len == 0)
        out->reason = STR(PEER " did not say whether it took the message");
    return body;
}

struct json *slack_judge(const struct attempt *attempt, const struct reply *reply,
                         struct sender_result *out)
{
    struct json *body = NULL;

    reply_judge(reply, status_rule_find(reply->status), PEER, attempt->arena, out);
    if (outcome_is_success(out->outcome))
        body = read_answer(attempt, reply, out);
    /* About a message a second to one channel: the others go on until one of them hears
     * it too. */
    if (out->outcome == OUTCOME_SLOW_DOWN)
        out->holds = HOLD_PERHAPS_CONTACT;
    return body;
}

void slack_message_posted(const struct json *body, struct arena *arena,
                          struct sender_result *out)
{
    struct str channel = member_text(body, "channel");
    struct str ts = member_text(body, "ts");

    if (channel.len > 0 && ts.len > 0 && channel.len + ts.len < LIMIT_ID_BYTES)
        out->provider_id =
            arena_printf(arena, SLACK_MESSAGE_ID, STR_ARG(channel), STR_ARG(ts));
}
