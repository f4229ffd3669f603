/*
 * slack_sender: agents' messages as calls of the Web API.
 *
 * Source: channels/slack.md sections 5 and 7; Slack's reference of chat.postMessage;
 * read 2026-12-01.
 */
#include "slack.h"

#include "codes.h"
#include "gateway/limits.h"
#include "gateway/member.h"
#include "saying.h"

#define PEER "Slack"
#define TIMEOUT_MS 15000

/* Counted before escaping: what is sent stays below the 40,000 where Slack cuts. */
static const struct text_limit text_limit = {4000, TEXT_CODE_POINTS};
/* Of a text object, which stands above what can be pressed. */
static const struct text_limit block_limit = {3000, TEXT_CODE_POINTS};
/* Instead of the count of parts: say_plainly was here. */
#define PLAIN_STEP 0

/* ---- what is asked ---- */

static enum status call(const struct attempt *attempt, const struct json *body,
                        struct exchange *out, struct error *err)
{
    const struct slack_settings *own = attempt->bridge->settings;
    struct arena *arena = attempt->arena;

    *out = (struct exchange){
        .method = "POST",
        .url = arena_printf(arena, "%s/chat.postMessage", own->api_url).ptr,
        .timeout_ms = TIMEOUT_MS,
    };
    enum status status = exchange_json(out, body, arena, err);
    if (status == STATUS_OK)
        exchange_header(out, STR("Authorization"),
                        arena_printf(arena, "Bearer %s", own->bot_token));
    return status;
}

/* A person's id opens the direct messages with them. */
static void add_address(struct json *body, struct str contact)
{
    struct str rest = contact;

    json_add_str(body, "channel", str_cut(&rest, '/'));
    if (rest.len > 0)
        json_add_str(body, "thread_ts", str_cut(&rest, '/'));
}

/* Beside blocks it is what notifications show. */
static void add_text(struct json *body, struct str text)
{
    CLEANUP(buf_release) struct buf escaped;

    buf_init(&escaped, LIMIT_EXCHANGE_BYTES);
    slack_escape(text, &escaped);
    json_add_str(body, "text", buf_str(&escaped));
    json_add_bool(body, "mrkdwn", false);
    json_add_bool(body, "unfurl_links", false);
}

static struct json *message_body(const struct delivery *delivery,
                                 const struct saying *saying, bool has_blocks)
{
    struct json *body = json_new_object();
    struct str text = saying->text;

    if (str_trim(text).len == 0 && saying->shown.card_count > 0)
        text = saying->shown.cards[0].title;
    add_address(body, delivery->event.contact_id);
    add_text(body, text);
    if (has_blocks && saying->is_last)
        slack_add_blocks(body, delivery, saying);
    return body;
}

static enum status say_message(struct attempt *attempt, struct exchange *out,
                               struct error *err)
{
    CLEANUP(saying_release) struct saying saying;

    enum status status = saying_begin(&saying, attempt, PEER, err);
    bool has_blocks = saying.shown.card_count > 0 || saying.shown.quick_reply_count > 0;
    if (status == STATUS_OK)
        status = saying_needs_text(&saying, err);
    if (status == STATUS_OK)
        status = saying_cut(&saying, attempt, has_blocks ? block_limit : text_limit);
    if (status != STATUS_OK)
        return status;
    CLEANUP(json_freep)
    struct json *body = message_body(attempt->delivery, &saying, has_blocks);
    return call(attempt, body, out, err);
}

/*
 * A picture that Slack cannot fetch is enough for it to refuse all blocks, and no
 * reason to lose what was said: it goes on in the same attempt, as text with numbers.
 * False: there is no such way.
 */
static bool say_plainly(struct attempt *attempt, struct sender_result *out)
{
    const struct content *content = &attempt->delivery->event.content;
    struct capabilities can;
    CLEANUP(saying_release) struct saying saying;
    struct error err;

    attempt->bridge->channel->capabilities(attempt->bridge, &can);
    can.cards = false;
    can.quick_replies_max = 0;
    enum status status = saying_begin_with(&saying, attempt, &can, PEER, &err);
    if (status != STATUS_OK || attempt->step != 1 ||
        content->card_count + content->quick_reply_count == 0 ||
        !text_fits(saying.shown.text, text_limit))
        return false;
    status = saying_cut(&saying, attempt, text_limit);
    attempt->step = PLAIN_STEP;
    if (status != STATUS_OK)
        return false;
    CLEANUP(json_freep)
    struct json *body = message_body(attempt->delivery, &saying, false);
    struct exchange exchange;
    if (call(attempt, body, &exchange, &err) != STATUS_OK)
        return false;
    *out = (struct sender_result){.exchange = exchange, .retry_after_ms = -1};
    return true;
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
#define BLOCKS(name)                                                                   \
    {                                                                                  \
        .error = (name), .outcome = OUTCOME_REFUSED_MESSAGE,                           \
        .reason_code = REASON_INVALID_MESSAGE_STRUCTURE, .refuses_blocks = true        \
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
    bool refuses_blocks;
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
    BLOCKS("msg_blocks_too_long"),
    BLOCKS("invalid_blocks"),
    BLOCKS("invalid_blocks_format"),
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

/* `needed` names the scope that is missing. Whether it is the blocks that are refused.
 */
static bool apply_error(const struct json *body, struct arena *arena,
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
    return meaning->refuses_blocks;
}

static void read_message_id(const struct json *body, struct arena *arena,
                            struct sender_result *out)
{
    struct str channel = member_text(body, "channel");
    struct str ts = member_text(body, "ts");

    if (channel.len > 0 && ts.len > 0 && channel.len + ts.len < LIMIT_ID_BYTES)
        out->provider_id =
            arena_printf(arena, SLACK_MESSAGE_ID, STR_ARG(channel), STR_ARG(ts));
}

/* HTTP 200 says nothing: "ok" does. Without it somebody in between has answered.
 * Whether it is the blocks that are refused. */
static bool read_answer(const struct attempt *attempt, const struct reply *reply,
                        struct sender_result *out)
{
    CLEANUP(json_freep) struct json *body = reply_read(reply, attempt, out);
    bool is_ok = false;

    if (json_bool(json_get(body, "ok"), &is_ok)) {
        if (!is_ok)
            return apply_error(body, attempt->arena, out);
        read_message_id(body, attempt->arena, out);
        return false;
    }
    out->outcome = OUTCOME_UNKNOWN;
    out->may_have_arrived = true;
    if (out->reason.len == 0)
        out->reason = STR(PEER " did not say whether it took the message");
    return false;
}

static enum sender_step settle(struct attempt *attempt, const struct reply *reply,
                               struct sender_result *out)
{
    reply_judge(reply, status_rule_find(reply->status), PEER, attempt->arena, out);
    if (outcome_is_success(out->outcome) && read_answer(attempt, reply, out) &&
        say_plainly(attempt, out))
        return SENDER_EXCHANGE;
    /* About a message a second to one channel: the others go on until one of them hears
     * it too. */
    out->holds_contact = out->outcome == OUTCOME_SLOW_DOWN;
    return saying_settled(attempt, out);
}

/* ---- the sender ---- */

static enum sender_step slack_next(struct attempt *attempt, const struct reply *last,
                                   struct now now, struct sender_result *out)
{
    struct error err;
    enum status status;

    (void)now;
    *out = (struct sender_result){.retry_after_ms = -1};
    if (last != NULL)
        return settle(attempt, last, out);
    if (attempt->delivery->class == DELIVERY_MESSAGE)
        status = say_message(attempt, &out->exchange, &err);
    else
        status = fail(&err, STATUS_UNSUPPORTED, PEER " is told of messages only");
    return saying_asked(status, &err, attempt->arena, out);
}

const struct sender slack_sender = {
    .next = slack_next,
    .credential_next = sender_no_credential,
};
