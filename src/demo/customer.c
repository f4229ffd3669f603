/*
 * customer: what a customer does on the phone becomes a webhook of the partner, signed
 * and posted to the gateway. Source: partner-contract.md, "Partner -> omgw"; read
 * 2026-11-28.
 */
#include "internal.h"

#include "gateway/arena.h"
#include "gateway/clock.h"
#include "gateway/reply.h"
#include "signature.h"

#define GATEWAY_TIMEOUT_MS 12000

/* What is said, for the reply; in the call's arena. */
struct said {
    struct str local; /* the partner's id of the message; empty: no message */
};

/* A word and an id of its own, e.g. "msg_0192...". */
static struct str new_id(struct demo *demo, struct arena *arena, const char *word)
{
    char id[PUBLIC_ID_BYTES];
    uuid7_text(clock_now().wall_ms, &demo->random, id);
    return arena_printf(arena, "%s%s", word, id);
}

/* --- the webhook ---------------------------------------------------------- */

static enum status sign(struct demo *demo, struct call *call, struct str id,
                        struct error *err)
{
    char signature[SIGNATURE_BYTES];
    struct str timestamp =
        arena_printf(call->arena, "%lld", (long long)(clock_now().wall_ms / 1000));
    enum status status =
        signature_make(demo->hmac, id, timestamp, call->exchange.body, signature, err);
    if (status != STATUS_OK)
        return status;
    exchange_header(&call->exchange, STR("webhook-id"), id);
    exchange_header(&call->exchange, STR("webhook-timestamp"), timestamp);
    exchange_header(&call->exchange, STR("webhook-signature"),
                    arena_copy(call->arena, str_of(signature)));
    return STATUS_OK;
}

/* An event under the envelope, signed, for the bridge. Takes `data` over. */
static enum status fill(struct demo *demo, struct call *call, struct str webhook_id,
                        const char *type, struct json *data, struct error *err)
{
    CLEANUP(json_freep) struct json *body = json_new_object();
    char time[TIME_TEXT_BYTES];
    time_format(clock_now().wall_ms, time);
    json_add_str(body, "type", str_of(type));
    json_add_str(body, "timestamp", str_of(time));
    json_add(body, "data", data);
    call->exchange = (struct exchange){
        .method = "POST",
        .url = demo->settings.webhook_url,
        .timeout_ms = GATEWAY_TIMEOUT_MS,
    };
    enum status status = exchange_json(&call->exchange, body, call->arena, err);
    return status == STATUS_OK ? sign(demo, call, webhook_id, err) : status;
}

/* --- the answer ----------------------------------------------------------- */

/* Of a 202: {"id": ..., "conversation": N}. */
static void add_acceptance(struct json *event, struct str body)
{
    CLEANUP(json_freep) struct json *answer = NULL;
    struct str id;
    int64_t conversation;
    if (json_parse(body, JSON_DEPTH_DEFAULT, &answer, NULL) != STATUS_OK)
        return;
    if (json_str(json_get(answer, "id"), &id))
        json_add_str(event, "message", id);
    if (json_i64(json_get(answer, "conversation"), &conversation))
        json_add_i64(event, "conversation", conversation);
}

static void settle(void *context, struct call *call)
{
    struct demo *demo = context;
    const struct said *said = call->about;
    bool is_answer = call->reply.kind == REPLY_ANSWER;
    struct json *event = event_new("taken");
    json_add_str(event, "local", said->local);
    json_add_i64(event, "status", is_answer ? call->reply.status : 0);
    json_add_i64(event, "took_ms", call->took_ms);
    if (reply_is_success(&call->reply))
        add_acceptance(event, call->reply.body);
    else
        json_add_str(event, "error", reply_words(call));
    feed_add(&demo->feed, event);
    demo_answer(call);
}

/* --- what is said --------------------------------------------------------- */

struct saying {
    const char *type;      /* of the webhook */
    const char *kind;      /* for the page */
    struct str local;      /* the message's id, or empty */
    struct str text;       /* for the page */
    struct str target;     /* what an answer answers, what a receipt is of */
    struct json *data;     /* owned until it is posted */
    struct request *asked; /* waits for the answer; or NULL */
};

static void tell(struct demo *demo, const struct saying *saying, struct str webhook_id)
{
    struct json *event = event_new("said");
    json_add_str(event, "kind", str_of(saying->kind));
    json_add_str(event, "webhook", webhook_id);
    json_add_str(event, "local", saying->local);
    json_add_str(event, "text", saying->text);
    json_add_str(event, "target", saying->target);
    feed_add(&demo->feed, event);
}

static enum handled post(struct demo *demo, struct saying *saying, struct call *call)
{
    struct error err;
    struct str webhook_id = new_id(demo, call->arena, "msg_");
    struct said *said = arena_alloc(call->arena, sizeof(*said));
    said->local = arena_copy(call->arena, saying->local);
    call->settle = settle;
    call->about = said;
    enum status status =
        fill(demo, call, webhook_id, saying->type, TAKE(saying->data), &err);
    if (status != STATUS_OK) {
        call_free(call);
        if (saying->asked != NULL)
            request_respond_problem(saying->asked, status, &err);
        return HANDLED_ANSWERED;
    }
    tell(demo, saying, webhook_id);
    return demo_ask(demo, demo->gateway, call, saying->asked);
}

static struct json *data_from(void)
{
    struct json *data = json_new_object();
    struct json *from = json_add_object(data, "from");
    json_add_str(from, "id", STR(CUSTOMER_ID));
    json_add_str(from, "name", STR(CUSTOMER_NAME));
    return data;
}

/* A line of text, or the answer to a button: with a text both read like one. */
static enum handled say_message(struct demo *demo, struct request *request,
                                const struct json *body)
{
    struct call *call = call_new();
    const struct json *answer = json_get(body, "answer");
    struct str payload = STR_NONE;
    struct saying saying = {
        .type = "message.created",
        .kind = answer != NULL ? "answer" : "text",
        .local = new_id(demo, call->arena, "m-"),
        .data = data_from(),
        .asked = request,
    };
    json_add_str(saying.data, "id", saying.local);
    (void)json_str(json_get(answer != NULL ? answer : body, "text"), &saying.text);
    if (answer == NULL) {
        json_add_str(saying.data, "text", saying.text);
    } else {
        struct json *sent = json_add_object(saying.data, "answer");
        (void)json_str(json_get(answer, "to"), &saying.target);
        (void)json_str(json_get(answer, "payload"), &payload);
        json_add_str(sent, "to", saying.target);
        json_add_str(sent, "payload", payload);
        json_add_str(sent, "text", saying.text);
    }
    return post(demo, &saying, call);
}

enum handled customer_say(struct request *request, void *context)
{
    struct demo *demo = context;
    CLEANUP(json_freep) struct json *body = NULL;
    bool is_typing = false;
    if (!demo_is_ours(request) || (body = demo_body(request)) == NULL)
        return HANDLED_ANSWERED;
    (void)json_bool(json_get(body, "typing"), &is_typing);
    if (is_typing) {
        struct saying saying = {.type = "typing.updated",
                                .kind = "typing",
                                .data = data_from(),
                                .asked = request};
        return post(demo, &saying, call_new());
    }
    return say_message(demo, request, body);
}

void customer_got(struct demo *demo, struct str id)
{
    struct saying saying = {.type = "receipt.updated",
                            .kind = "receipt",
                            .target = id,
                            .data = json_new_object()};
    json_add_str(saying.data, "id", id);
    json_add_str(saying.data, "to", STR(CUSTOMER_ID));
    json_add_str(saying.data, "status", STR("delivered"));
    (void)post(demo, &saying, call_new());
}
