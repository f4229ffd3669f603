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

/* ---- what is asked ---- */

void slack_ask(const struct bridge *bridge, const char *method, struct arena *arena,
               struct exchange *out)
{
    const struct slack_settings *own = bridge->settings;

    *out = (struct exchange){
        .method = "POST",
        .url = arena_printf(arena, "%s/%s", own->api_url, method).ptr,
    };
    exchange_bearer(out, str_of(own->bot_token), arena);
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

/* By the error's name alone. "internal_error" and "fatal_error": some of it may have
 * been done, says Slack. What is not listed refuses this message. */
#define ERRORS_MAX 15
#define MEANS(rule_, ...)                                                              \
    {                                                                                  \
        .rule = rule_, .errors = { __VA_ARGS__ }                                       \
    }
static const struct meaning {
    struct reply_rule rule;
    const char *errors[ERRORS_MAX];
} meanings[] = {
    MEANS(RULE(0, 0, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
          "channel_not_found", "user_not_found", "user_disabled", "user_not_visible",
          "is_archived", "not_in_channel", "cannot_dm_bot"),
    MEANS(RULE(0, 0, OUTCOME_REFUSED_CONTACT, REASON_MESSAGE_NOT_ALLOWED),
          "messages_tab_disabled", "restricted_action",
          "restricted_action_read_only_channel",
          "restricted_action_thread_only_channel",
          "restricted_action_non_threadable_channel", "restricted_action_thread_locked",
          "ekm_access_denied"),
    MEANS(RULE(0, 0, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
          "msg_too_long", "msg_blocks_too_long", "invalid_blocks",
          "invalid_blocks_format", "no_text", "invalid_arguments"),
    MEANS(RULE_OUTCOME(0, 0, OUTCOME_SLOW_DOWN), "ratelimited", "rate_limited"),
    MEANS(RULE_OUTCOME(0, 0, OUTCOME_RETRY), "service_unavailable", "team_added_to_org",
          "request_timeout"),
    MEANS(RULE_MAYBE(0, 0), "internal_error", "fatal_error"),
    MEANS(RULE_BREAKS(0, 0, PAUSE_BRIDGE_TO_CHANNEL), "invalid_auth", "not_authed",
          "token_revoked", "token_expired", "account_inactive", "missing_scope",
          "no_permission", "not_allowed_token_type", "org_login_required",
          "access_denied", "accesslimited", "team_access_not_granted",
          "two_factor_setup_required", "method_deprecated", "deprecated_endpoint"),
};

static const struct reply_rule *rule_of(struct str error)
{
    static const struct reply_rule unknown =
        RULE_OUTCOME(0, 0, OUTCOME_REFUSED_MESSAGE);

    for (size_t i = 0; i < COUNT_OF(meanings); i++)
        for (size_t j = 0; j < ERRORS_MAX && meanings[i].errors[j] != NULL; j++)
            if (str_is(error, meanings[i].errors[j]))
                return &meanings[i].rule;
    return &unknown;
}

/* `needed` names the scope that is missing. */
static void apply_error(const struct json *body, struct arena *arena,
                        struct sender_result *out)
{
    struct str error = member_text(body, "error");
    struct str needed = member_text(body, "needed");

    reply_apply(rule_of(error), out);
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
    reply_says_nothing(PEER, attempt->arena, out);
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
