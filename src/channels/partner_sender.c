/*
 * partner_sender: agents' messages, typing and message statuses to the partner.
 *
 * Source: partner-contract.md, "omgw -> partner"; Standard Webhooks 1.0.0, "Webhook
 * headers"; read 2026-11-21.
 */
#include "partner.h"

#include "gateway/limits.h"
#include "gateway/member.h"
#include "gateway/readable.h"
#include "gateway/reply.h"
#include "saying.h"

#define PEER "the partner"
/* Source: partner-contract.md, "omgw -> partner". */
#define TIMEOUT_MS 15000

/* ---- signing ---- */

static enum status sign(const struct partner_settings *own, struct str id,
                        struct str timestamp, struct str body, struct arena *arena,
                        struct str *out, struct error *err)
{
    const struct str parts[] = {id, STR("."), timestamp, STR("."), body};
    CLEANUP(buf_release) struct buf list;
    uint8_t sum[SHA256_BYTES];
    char base64[base64_encoded_size(SHA256_BYTES)];

    buf_init(&list, PARTNER_KEYS_MAX * (sizeof("v1, ") + sizeof(base64)));
    for (size_t i = 0; i < own->secrets.count; i++) {
        enum status status =
            hmac_sum(own->sign_keys[i], parts, COUNT_OF(parts), sum, err);
        if (status != STATUS_OK)
            return status;
        base64_encode(sum, sizeof(sum), base64);
        buf_printf(&list, "%sv1,%s", i == 0 ? "" : " ", base64);
    }
    *out = arena_copy(arena, buf_str(&list));
    return STATUS_OK;
}

struct webhook {
    struct str id; /* the same on every retry */
    const char *type;
    int64_t event_ms;
    struct json *data; /* owned until make_webhook takes it */
};

/* The event under our envelope, signed for this attempt. */
static enum status make_webhook(const struct bridge *bridge, struct webhook *webhook,
                                struct now now, struct arena *arena,
                                struct exchange *out, struct error *err)
{
    const struct partner_settings *own = bridge->settings;
    CLEANUP(json_freep) struct json *body = json_new_object();
    char time[TIME_TEXT_BYTES];
    struct str signatures;

    time_format(webhook->event_ms, time);
    json_add_str(body, "type", str_of(webhook->type));
    json_add_str(body, "timestamp", str_of(time));
    json_add(body, "data", TAKE(webhook->data));

    *out = (struct exchange){
        .method = "POST", .url = own->callback_url, .timeout_ms = TIMEOUT_MS};
    enum status status = exchange_json(out, body, arena, err);
    if (status != STATUS_OK)
        return status;
    struct str timestamp = arena_printf(arena, "%lld", (long long)(now.wall_ms / 1000));
    status = sign(own, webhook->id, timestamp, out->body, arena, &signatures, err);
    if (status != STATUS_OK)
        return status;
    exchange_header(out, STR("webhook-id"), webhook->id);
    exchange_header(out, STR("webhook-timestamp"), timestamp);
    exchange_header(out, STR("webhook-signature"), signatures);
    for (size_t i = 0; i < own->headers.count; i++)
        exchange_header(out, str_of(own->headers.names[i]),
                        str_of(own->headers.values[i]));
    return STATUS_OK;
}

enum status partner_ping(const struct bridge *bridge, struct str id, struct now now,
                         struct arena *arena, struct exchange *out, struct error *err)
{
    struct webhook webhook = {
        .id = id, .type = "ping", .event_ms = now.wall_ms, .data = json_new_object()};

    return make_webhook(bridge, &webhook, now, arena, out, err);
}

/* ---- agent.message ---- */

static void add_quick_replies(struct json *data, const struct rendering *rendering)
{
    if (rendering->quick_reply_count == 0)
        return;
    struct json *list = json_add_array(data, "quick_replies");
    for (size_t i = 0; i < rendering->quick_reply_count; i++) {
        struct json *item = json_append_object(list);
        json_add_str(item, "text", rendering->quick_replies[i].label);
        json_add_str(item, "payload", rendering->quick_replies[i].payload);
    }
}

static void add_actions(struct json *card, const struct choice *choices, size_t count)
{
    struct json *list = json_add_array(card, "actions");

    for (size_t i = 0; i < count; i++) {
        bool is_link = choices[i].kind == CHOICE_LINK;
        struct json *item = json_append_object(list);
        json_add_str(item, "text", choices[i].label);
        json_add_str(item, is_link ? "url" : "payload", choices[i].payload);
    }
}

static void add_cards(struct json *data, const struct rendering *rendering)
{
    if (rendering->card_count == 0)
        return;
    struct json *list = json_add_array(data, "cards");
    for (size_t i = 0; i < rendering->card_count; i++) {
        const struct card *card = &rendering->cards[i];
        struct json *item = json_append_object(list);
        json_add_str(item, "title", card->title);
        member_add_text(item, "description", card->description);
        member_add_text(item, "image", card->image);
        add_actions(item, card->choices, card->choice_count);
    }
}

/* Source: partner-contract.md, "agent.message". */
static void add_attachments(struct json *data, const struct file *files, size_t count)
{
    struct json *list = NULL;

    for (size_t i = 0; i < count; i++) {
        if (files[i].missing.len > 0)
            continue;
        if (list == NULL)
            list = json_add_array(data, "attachments");
        struct json *item = json_append_object(list);
        json_add_str(item, "url", files[i].link);
        json_add_str(item, "mime", files[i].mime);
        json_add_str(item, "name", files[i].name);
        json_add_i64(item, "size", files[i].size);
    }
}

/* The last text of a message with the files that stand in it, and what is missing. */
static struct str with_files(const struct attempt *attempt, struct json *data,
                             struct str text)
{
    const struct content *content = &attempt->delivery->event.content;
    CLEANUP(buf_release) struct buf lines;

    buf_init(&lines, LIMIT_EXCHANGE_BYTES);
    if (attempt->files == NULL || content->attachment_count == 0)
        return text;
    readable_line(&lines, text);
    for (size_t i = 0; i < content->attachment_count; i++)
        if (attempt->files[i].missing.len > 0)
            readable_missing(&lines, &content->attachments[i], &attempt->files[i]);
    add_attachments(data, attempt->files, content->attachment_count);
    return arena_copy(attempt->arena, buf_str(&lines));
}

/* What can be pressed stands below the last part of the text. */
static struct json *message_data(const struct attempt *attempt, struct str id,
                                 const struct saying *saying)
{
    const struct delivery *delivery = attempt->delivery;
    struct str text = saying->text;
    struct json *data = json_new_object();
    char time[TIME_TEXT_BYTES];

    time_format(delivery->time_ms, time);
    json_add_str(data, "id", id);
    json_add_i64(data, "conversation", delivery->conversation);
    json_add_str(json_add_object(data, "to"), "id", delivery->event.contact_id);
    json_add_bool(json_add_object(data, "from"), "bot", delivery->event.is_bot);
    if (saying->is_last && saying->can.files_with_text)
        text = with_files(attempt, data, text);
    member_add_text(data, "text", text);
    if (saying->is_last) {
        add_quick_replies(data, &saying->shown);
        add_cards(data, &saying->shown);
    }
    json_add_str(data, "time", str_of(time));
    return data;
}

static enum status say_message(struct attempt *attempt, struct webhook *out,
                               struct error *err)
{
    const struct delivery *delivery = attempt->delivery;
    const struct partner_settings *own = attempt->bridge->settings;
    const struct manner manner = {
        .peer = "a partner",
        .limit = {(size_t)own->text_max, TEXT_CODE_POINTS},
        .takes_no_text = true,
    };
    CLEANUP(saying_release) struct saying saying;

    enum status status = saying_next(&saying, attempt, &manner, NULL, err);
    if (status != STATUS_OK)
        return status;
    struct str id = part_id(delivery->public_id, saying.part, attempt->arena);
    *out = (struct webhook){
        .id = id,
        .type = "agent.message",
        .event_ms = delivery->time_ms,
        .data = message_data(attempt, id, &saying),
    };
    return STATUS_OK;
}

/* ---- message.status and agent.typing ---- */

/* Genesys took the message, or it was given up: the partner hears nothing in between.
 */
static enum status say_status(struct attempt *attempt, struct webhook *out,
                              struct error *err)
{
    const struct delivery *delivery = attempt->delivery;
    const struct event *event = &delivery->event;
    bool is_failed = event->receipt_status == MESSAGE_FAILED;
    const char *status = is_failed ? "failed" : "accepted";

    if (delivery->target_peer_id.len == 0)
        return fail(err, STATUS_NOT_FOUND,
                    "the partner's id of the message is unknown");
    struct json *data = json_new_object();
    json_add_str(data, "id", delivery->target_peer_id);
    json_add_str(data, "status", str_of(status));
    if (is_failed) {
        struct json *reason = json_add_object(data, "reason");
        json_add_str(reason, "code", event->reason_code);
        json_add_str(reason, "message", event->reason_text);
    }
    *out = (struct webhook){
        .id = arena_printf(attempt->arena, "%s-%s", delivery->public_id, status),
        .type = "message.status",
        .event_ms = delivery->time_ms,
        .data = data,
    };
    return STATUS_OK;
}

/* Typing has no row and so no id: made from what makes it this typing and no other. */
static enum status typing_id(const struct attempt *attempt, struct str *out,
                             struct error *err)
{
    const struct delivery *delivery = attempt->delivery;
    uint8_t sum[SHA256_BYTES];
    char hex[2 * HASH16_BYTES + 1];
    struct str text =
        arena_printf(attempt->arena, "%s\n%lld\n%.*s", attempt->bridge->name,
                     (long long)delivery->time_ms, STR_ARG(delivery->event.contact_id));

    enum status status = sha256(text, sum, err);
    if (status != STATUS_OK)
        return status;
    hex_encode(sum, HASH16_BYTES, hex);
    *out = arena_printf(attempt->arena, "typing-%s", hex);
    return STATUS_OK;
}

static enum status say_typing(struct attempt *attempt, struct webhook *out,
                              struct error *err)
{
    const struct delivery *delivery = attempt->delivery;
    struct str id;

    enum status status = typing_id(attempt, &id, err);
    if (status != STATUS_OK)
        return status;
    struct json *data = json_new_object();
    json_add_str(json_add_object(data, "to"), "id", delivery->event.contact_id);
    json_add_i64(data, "duration_ms", delivery->event.typing_ms);
    *out = (struct webhook){
        .id = id, .type = "agent.typing", .event_ms = delivery->time_ms, .data = data};
    return STATUS_OK;
}

/* ---- the sender ---- */

/* Source: partner-contract.md, "omgw -> partner". 502 and 504 are said by a proxy: the
 * partner may have taken it. */
static const struct reply_rule rules[] = {
    RULE_OUTCOME(200, 299, OUTCOME_DONE),
    RULE_BREAKS(300, 399, PAUSE_BRIDGE_TO_CHANNEL),
    RULE(400, 400, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
    RULE_BREAKS(401, 401, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(403, 403, PAUSE_BRIDGE_TO_CHANNEL),
    RULE(404, 404, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_DESTINATION),
    RULE_BREAKS(405, 405, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_OUTCOME(408, 408, OUTCOME_RETRY),
    RULE_BREAKS(410, 410, PAUSE_BRIDGE_TO_CHANNEL),
    RULE(413, 413, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
    RULE(422, 422, OUTCOME_REFUSED_MESSAGE, REASON_MESSAGE_NOT_ALLOWED),
    RULE_OUTCOME(429, 429, OUTCOME_SLOW_DOWN),
    RULE_OUTCOME(400, 499, OUTCOME_REFUSED_MESSAGE),
    RULE_MAYBE(502, 502),
    RULE_MAYBE(504, 504),
    RULE_OUTCOME(0, INT32_MAX, OUTCOME_RETRY),
};

/* The partner may say which id the message has there. */
static void read_provider_id(const struct reply *reply, const struct attempt *attempt,
                             struct sender_result *out)
{
    CLEANUP(json_freep) struct json *body = reply_read(reply, attempt, out);
    struct keeper keep = {.arena = attempt->arena};

    (void)member_id(body, "id", &keep, &out->provider_id);
}

static enum sender_step settle(const struct attempt *attempt, const struct reply *reply,
                               struct sender_result *out)
{
    const struct reply_rule *rule =
        reply_rule_find(rules, COUNT_OF(rules), reply->status);

    reply_judge(reply, rule, PEER, attempt->arena, out);
    if (outcome_is_success(out->outcome) &&
        attempt->delivery->class == DELIVERY_MESSAGE)
        read_provider_id(reply, attempt, out);
    return saying_settled(attempt, out);
}

static enum sender_step ask(struct attempt *attempt, struct now now,
                            struct sender_result *out)
{
    static enum status (*const say[])(struct attempt *, struct webhook *,
                                      struct error *) = {
        [DELIVERY_MESSAGE] = say_message,
        [DELIVERY_RECEIPT] = say_status,
        [DELIVERY_TYPING] = say_typing,
    };
    struct webhook webhook;
    struct error err;

    enum status status = say[attempt->delivery->class](attempt, &webhook, &err);
    if (status == STATUS_OK)
        status = make_webhook(attempt->bridge, &webhook, now, attempt->arena,
                              &out->exchange, &err);
    return saying_asked(status, &err, attempt->arena, out);
}

static enum sender_step partner_next(struct attempt *attempt, const struct reply *last,
                                     struct now now, struct sender_result *out)
{
    *out = (struct sender_result){.retry_after_ms = -1};
    if (last != NULL)
        return settle(attempt, last, out);
    return ask(attempt, now, out);
}

const struct sender partner_sender = {
    .next = partner_next,
    .credential_next = sender_no_credential,
};
