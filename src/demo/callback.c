/*
 * callback: what omgw sends the partner, as a partner takes it: signature first, then
 * act, then 2xx. Source: partner-contract.md, "omgw -> partner"; read 2026-11-28.
 */
#include "internal.h"

#include "gateway/clock.h"
#include "gateway/limits.h"
#include "gateway/memory.h"
#include "signature.h"

struct delivered {
    struct str webhook_id;
    struct str id; /* data.id */
    const struct json *data;
};

/* What the event says of itself, as the page gets it. */
static struct json *event_of(const char *what, const struct delivered *delivered)
{
    CLEANUP(buf_release) struct buf text;
    struct json *copy = NULL;
    struct json *event = event_new(what);
    buf_init(&text, LIMIT_EXCHANGE_BYTES);
    json_add_str(event, "webhook", delivered->webhook_id);
    if (json_print(delivered->data, &text, NULL) == STATUS_OK &&
        json_parse(buf_str(&text), LIMIT_JSON_DEPTH, &copy, NULL) == STATUS_OK)
        json_add(event, "data", copy);
    return event;
}

/* The phone shows it, and says so; or it does not take it, as was ordered. */
static int take_message(struct demo *demo, const struct delivered *delivered)
{
    bool is_refused = demo->refusals > 0;
    int answered = is_refused ? 422 : 200;
    struct json *event = event_of("got", delivered);
    json_add_i64(event, "answered", answered);
    feed_add(&demo->feed, event);
    demo->refusals -= is_refused;
    if (!is_refused)
        customer_got(demo, delivered->id);
    return answered;
}

static int take_status(struct demo *demo, const struct delivered *delivered)
{
    feed_add(&demo->feed, event_of("status", delivered));
    return 200;
}

static int take_typing(struct demo *demo, const struct delivered *delivered)
{
    feed_add(&demo->feed, event_of("typing", delivered));
    return 200;
}

static const struct {
    const char *type;
    int (*take)(struct demo *demo, const struct delivered *delivered);
} types[] = {
    {"agent.message",  take_message},
    {"message.status", take_status },
    {"agent.typing",   take_typing },
};

/* What is no event of the contract, `ping` among it, is taken and passed over. */
static int act(struct demo *demo, struct str type, const struct delivered *delivered)
{
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (str_is(type, types[i].type))
            return types[i].take(demo, delivered);
    return 200;
}

/* --- repeats: omgw sends again what it got no answer to, with the same id ------ */

static bool is_seen(const struct demo *demo, struct str id)
{
    for (size_t i = 0; i < SEEN_MAX; i++)
        if (demo->seen[i] != NULL && str_is(id, demo->seen[i]))
            return true;
    return false;
}

static void remember(struct demo *demo, struct str id)
{
    char **place = &demo->seen[demo->seen_next++ % SEEN_MAX];
    mem_free(*place);
    *place = mem_new(id.len + 1);
    memcpy(*place, id.ptr, id.len);
}

void callback_release(struct demo *demo)
{
    for (size_t i = 0; i < SEEN_MAX; i++)
        mem_free(TAKE(demo->seen[i]));
}

/* Once for each webhook-id; what was refused may be told again. */
static int act_once(struct demo *demo, struct str type,
                    const struct delivered *delivered)
{
    if (is_seen(demo, delivered->webhook_id))
        return 200;
    int answered = act(demo, type, delivered);
    if (answered == 200)
        remember(demo, delivered->webhook_id);
    return answered;
}

enum handled callback_take(struct request *request, void *context)
{
    struct demo *demo = context;
    struct error err;
    CLEANUP(json_freep) struct json *body = NULL;
    const struct http_message *message = request_message(request);
    enum status status =
        signature_check(demo->hmac, message, clock_now().wall_ms, &err);
    if (status == STATUS_OK)
        status = json_parse(message->body, LIMIT_JSON_DEPTH, &body, &err);
    if (status != STATUS_OK) {
        request_respond_problem(request, status, &err);
        return HANDLED_ANSWERED;
    }
    struct str type = STR_NONE;
    struct delivered delivered = {.data = json_get(body, "data")};
    (void)json_str(json_get(body, "type"), &type);
    (void)json_str(json_get(delivered.data, "id"), &delivered.id);
    delivered.webhook_id = request_header(request, "webhook-id");
    int answered = act_once(demo, type, &delivered);
    request_respond(request, answered, "application/json", STR("{}"), NULL, 0);
    return HANDLED_ANSWERED;
}
