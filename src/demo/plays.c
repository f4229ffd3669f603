/*
 * plays: the buttons of the page. Each is an order to the emulator, as a person could
 * give it there; none of them touches the gateway.
 */
#include "internal.h"

#include "gateway/arena.h"
#include "gateway/clock.h"
#include "gateway/limits.h"
#include "gateway/reply.h"

#define EMULATOR_TIMEOUT_MS 5000
/* The emulator did not take the order to plug in: it is told again. */
#define PLUG_AGAIN_MS 1000
#define PARCEL_PATH "/page/parcel.svg"

struct play {
    const char *name;
    enum handled (*start)(struct demo *demo, const struct play *play,
                          struct request *request);
    const char *order; /* what the agent says; JSON */
};

/* --- orders --------------------------------------------------------------- */

/* The emulator's answer is the play's. */
static void settle_order(void *context, struct call *call)
{
    struct demo *demo = context;
    if (!reply_is_success(&call->reply)) {
        struct json *event = event_new("problem");
        json_add_str(event, "text", reply_words(call));
        feed_add(&demo->feed, event);
    }
    demo_answer(call);
}

static struct call *order_new(const struct demo *demo, const char *method,
                              const char *path,
                              void (*settle)(void *demo, struct call *call))
{
    struct call *call = call_new();
    call->settle = settle;
    call->exchange = (struct exchange){
        .method = method,
        .url = arena_printf(call->arena, "%s/_emulator/%s", demo->settings.emulator_url,
                            path)
                   .ptr,
        .timeout_ms = EMULATOR_TIMEOUT_MS,
    };
    return call;
}

/* With a body, which is taken over. */
static enum handled give_order(struct demo *demo, struct call *call, struct json *body,
                               struct request *request)
{
    CLEANUP(json_freep) struct json *owned = body;
    struct error err;
    enum status status = exchange_json(&call->exchange, owned, call->arena, &err);
    if (status == STATUS_OK)
        return demo_ask(demo, demo->emulator, call, request);
    call_free(call);
    request_respond_problem(request, status, &err);
    return HANDLED_ANSWERED;
}

/* --- what the agent says -------------------------------------------------- */

/* A literal of this file, which is an object. */
static struct json *parse_own(const char *text)
{
    struct json *parsed = NULL;
    struct error err;
    if (json_parse(str_of(text), LIMIT_JSON_DEPTH, &parsed, &err) != STATUS_OK)
        return json_new_object(); /* no memory: the emulator refuses it */
    return parsed;
}

static enum handled start_speech(struct demo *demo, const struct play *play,
                                 struct request *request)
{
    struct json *body = parse_own(play->order);
    json_add_str(body, "integrationId", str_of(demo->settings.integration));
    json_add_str(body, "to", STR(CUSTOMER_ID));
    return give_order(demo, order_new(demo, "POST", "agent", settle_order), body,
                      request);
}

static enum handled start_failure(struct demo *demo, const struct play *play,
                                  struct request *request)
{
    demo->refusals++;
    return start_speech(demo, play, request);
}

static enum handled start_card(struct demo *demo, const struct play *play,
                               struct request *request)
{
    (void)play;
    struct json *body = json_new_object();
    struct json *item = json_append_object(json_add_array(body, "content"));
    struct json *card = json_add_object(item, "card");
    struct str image = arena_printf(request_arena(request), "http://%s" PARCEL_PATH,
                                    demo_address(demo));
    json_add_str(body, "integrationId", str_of(demo->settings.integration));
    json_add_str(body, "to", STR(CUSTOMER_ID));
    json_add_str(item, "contentType", STR("Card"));
    json_add_str(card, "title", STR("Your parcel, order 4711"));
    json_add_str(card, "description", STR("Arrives on Friday between 9 and 12."));
    json_add_str(card, "image", image);
    struct json *actions = json_add_array(card, "actions");
    static const char *const buttons[][2] = {
        {"Another day",   "other-day" },
        {"Leave at door", "leave-door"},
    };
    for (size_t i = 0; i < COUNT_OF(buttons); i++) {
        struct json *action = json_append_object(actions);
        json_add_str(action, "type", STR("Postback"));
        json_add_str(action, "text", str_of(buttons[i][0]));
        json_add_str(action, "payload", str_of(buttons[i][1]));
    }
    return give_order(demo, order_new(demo, "POST", "agent", settle_order), body,
                      request);
}

/* --- the plug ------------------------------------------------------------- */

static void tell_plug(struct demo *demo, bool is_plugged)
{
    struct json *event = event_new("plug");
    json_add_bool(event, "plugged", is_plugged);
    if (!is_plugged)
        json_add_i64(event, "until", clock_now().wall_ms + demo->settings.unplug_ms);
    feed_add(&demo->feed, event);
}

static void settle_unplug(void *context, struct call *call)
{
    struct demo *demo = context;
    if (reply_is_success(&call->reply)) {
        demo->plug_in_ms = clock_now().mono_ms + demo->settings.unplug_ms;
        tell_plug(demo, false);
    }
    settle_order(demo, call);
}

static void settle_plug(void *context, struct call *call)
{
    struct demo *demo = context;
    if (reply_is_success(&call->reply)) {
        demo->plug_in_ms = 0;
        tell_plug(demo, true);
    } else {
        demo->plug_in_ms = clock_now().mono_ms + PLUG_AGAIN_MS;
    }
    settle_order(demo, call);
}

/* Everything that is asked of Genesys is read, and the connection closed. */
static enum handled start_unplug(struct demo *demo, const struct play *play,
                                 struct request *request)
{
    return give_order(demo, order_new(demo, "POST", "faults", settle_unplug),
                      parse_own(play->order), request);
}

static enum handled plug_in(struct demo *demo, struct request *request)
{
    demo->plug_in_ms = INT64_MAX; /* on its way */
    return demo_ask(demo, demo->emulator,
                    order_new(demo, "DELETE", "faults", settle_plug), request);
}

static enum handled start_plug(struct demo *demo, const struct play *play,
                               struct request *request)
{
    (void)play;
    return plug_in(demo, request);
}

void plays_step(struct demo *demo, int64_t now_ms)
{
    if (demo->plug_in_ms != 0 && now_ms >= demo->plug_in_ms)
        (void)plug_in(demo, NULL);
}

/* --- replay --------------------------------------------------------------- */

static enum handled start_replay(struct demo *demo, const struct play *play,
                                 struct request *request)
{
    (void)play;
    struct error err;
    enum status status = demo->settings.replay(demo->settings.context, &err);
    if (status == STATUS_OK)
        request_respond(request, 200, "application/json", STR("{}"), NULL, 0);
    else
        request_respond_problem(request, status, &err);
    return HANDLED_ANSWERED;
}

/* --- the table ------------------------------------------------------------ */

#define QUICK_REPLY(text, payload)                                                     \
    "{\"contentType\":\"QuickReply\",\"quickReply\":{\"text\":\"" text                 \
    "\",\"payload\":\"" payload "\",\"action\":\"Message\"}}"

static const struct play plays[] = {
    {"quick-replies",                             start_speech,
     "{\"text\":\"Shall we bring it on Friday?\",\"content\":[" QUICK_REPLY(
         "Yes, please","friday-yes") "," QUICK_REPLY("Another day", "friday-no") "]}"},
    {"card",                          start_card,                                      NULL},
    {"typing",                                       start_speech,
     "{\"events\":[{\"eventType\":\"Typing\",\"typing\":{\"type\":\"On\",\"duration\":"
     "5000}}]}"},
    {"failure",                                  start_failure,                                              "{\"text\":\"May we call you about it?\"}"},
    {"replay", start_replay,NULL},
    {"unplug",                                       start_unplug,                                                                                    "{\"route\":\"any\",\"drop\":\"before\"}"                                                                                                       },
    {"plug",  start_plug,NULL},
};

enum handled plays_start(struct request *request, void *context)
{
    struct demo *demo = context;
    struct error err;
    struct str name = request_argument(request, "name");
    if (!demo_is_ours(request))
        return HANDLED_ANSWERED;
    for (size_t i = 0; i < COUNT_OF(plays); i++)
        if (str_is(name, plays[i].name))
            return plays[i].start(demo, &plays[i], request);
    request_respond_problem(request, fail(&err, STATUS_NOT_FOUND, "no such play"),
                            &err);
    return HANDLED_ANSWERED;
}
