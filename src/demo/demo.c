#include "internal.h"

#include "gateway/arena.h"
#include "gateway/clock.h"
#include "gateway/limits.h"
#include "gateway/loopback.h"
#include "gateway/memory.h"
#include "journal.h"

#define BODY_BYTES_MAX (INT64_C(1024) * 1024)
#define CONNECTIONS 256
#define SUSPENDED_MS 30000
#define LINES_MAX 10000
#define REPLIES_MAX 1024
#define BEAT_MS 15000
#define CLOSING_MS 1000

struct log_line {
    struct queue_node node;
    size_t len;
    char text[];
};

/* --- events --------------------------------------------------------------- */

struct json *event_new(const char *what)
{
    struct json *event = json_new_object();
    json_add_str(event, "what", str_of(what));
    json_add_i64(event, "at", clock_now().wall_ms);
    return event;
}

static enum handled open_feed(struct request *request, void *context)
{
    struct demo *demo = context;
    if (!demo_is_ours(request))
        return HANDLED_ANSWERED;
    struct json *hello = event_new("hello");
    json_add_str(hello, "run", str_of(demo->run));
    json_add_str(hello, "emulator", str_of(demo->settings.emulator_url));
    json_add_str(hello, "config", str_of(demo->settings.config_path));
    json_add_i64(hello, "unplug_ms", demo->settings.unplug_ms);
    feed_open(&demo->feed, request, hello);
    return HANDLED_ANSWERED;
}

/* --- calls and the requests that wait for them ---------------------------- */

struct str reply_words(const struct call *call)
{
    const struct reply *reply = &call->reply;
    CLEANUP(json_freep) struct json *problem = NULL;
    struct str words = str_of(reply->why);
    if (reply->kind != REPLY_ANSWER)
        return words;
    if (json_parse(reply->body, LIMIT_JSON_DEPTH, &problem, NULL) == STATUS_OK &&
        (json_str(json_get(problem, "detail"), &words) ||
         json_str(json_get(problem, "title"), &words) ||
         json_str(json_get(problem, "message"), &words)))
        return arena_copy(call->arena, words);
    return arena_printf(call->arena, "answered %d", reply->status);
}

/* In its request's arena. */
struct answer {
    int status;
    struct str body;
};

void demo_answer(struct call *call)
{
    const struct reply *reply = &call->reply;
    bool is_answer = reply->kind == REPLY_ANSWER;
    struct request *request = TAKE(call->waiting);
    if (request == NULL)
        return;
    struct answer *answer = arena_alloc(request_arena(request), sizeof(*answer));
    answer->status = is_answer ? reply->status : 503;
    answer->body =
        arena_copy(request_arena(request), is_answer ? reply->body : STR("{}"));
    request_set_data(request, answer);
    request_resume(request);
}

static void respond_answer(struct request *request, bool timed_out, void *context)
{
    (void)context;
    struct error err;
    const struct answer *answer = request_data(request);
    if (timed_out || answer == NULL) {
        request_respond_problem(request, fail(&err, STATUS_RETRY, "no answer in time"),
                                &err);
        return;
    }
    request_respond(request, answer->status, "application/json", answer->body, NULL, 0);
}

enum handled demo_ask(struct demo *demo, struct caller *caller, struct call *call,
                      struct request *request)
{
    call->waiting = request;
    if (request != NULL)
        request_suspend(request);
    if (caller != NULL && caller_ask(caller, call))
        return HANDLED_SUSPENDED;
    call->reply = (struct reply){.kind = REPLY_NOT_SENT, .why = "too much is waiting"};
    call->settle(demo, call);
    call_free(call);
    return HANDLED_SUSPENDED;
}

static void take_replies(struct demo *demo)
{
    size_t count;
    struct queue_node *node = queue_take(demo->replies, REPLIES_MAX, &count);
    while (node != NULL) {
        struct call *call = CONTAINER_OF(node, struct call, node);
        node = node->next; /* the call goes with its settling */
        call->settle(demo, call);
        call_free(call);
    }
}

/* --- who may order -------------------------------------------------------- */

/* A browser names the page that asks; tools name none. A name that leads here but is
 * not ours is somebody's trick to make a foreign page look like this one. */
bool demo_is_ours(struct request *request)
{
    struct error err;
    struct str origin = request_header(request, "Origin");
    struct str scheme = STR("http://");
    struct str host = request_header(request, "Host");
    bool is_same =
        origin.len == 0 || (str_starts(origin, scheme) &&
                            str_equal(str_sub(origin, scheme.len, origin.len), host));
    if (is_same && address_is_loopback(host))
        return true;
    request_respond_problem(
        request, fail(&err, STATUS_FORBIDDEN, "only the demo's own page may order"),
        &err);
    return false;
}

struct json *demo_body(struct request *request)
{
    struct json *body = NULL;
    struct error err;
    enum status status =
        json_parse(request_body(request), LIMIT_JSON_DEPTH, &body, &err);
    if (status == STATUS_OK && json_kind_of(body) == JSON_OBJECT)
        return body;
    json_free(body);
    if (status == STATUS_OK)
        status = fail(&err, STATUS_INVALID, "must be an object");
    request_respond_problem(request, status, &err);
    return NULL;
}

/* --- routes --------------------------------------------------------------- */

static int64_t body_max(const struct request *request, void *context)
{
    (void)request;
    (void)context;
    return BODY_BYTES_MAX;
}

static const struct route routes[] = {
    {"GET",  "/",            NULL,     page_serve,    NULL          },
    {"GET",  "/page/{file}", NULL,     page_serve,    NULL          },
    {"GET",  "/events",      NULL,     open_feed,     NULL          },
    {"POST", "/say",         body_max, customer_say,  respond_answer},
    {"POST", "/play/{name}", body_max, plays_start,   respond_answer},
    {"POST", "/omgw",        body_max, callback_take, NULL          },
};

/* --- life ----------------------------------------------------------------- */

static enum status listen_on(struct demo *demo, struct error *err)
{
    const struct listener_settings settings = {
        .address = demo->settings.listen,
        .connections = CONNECTIONS,
        .bodies_in_memory = 16 * BODY_BYTES_MAX,
        .header_ms = 30000,
        .body_ms = 30000,
        .stored_ms = SUSPENDED_MS,
        .idle_ms = 75000,
        .answer_ms = 30000,
    };
    return listener_open(&settings, routes, COUNT_OF(routes), demo, &demo->listener,
                         err);
}

static void wake(void *context)
{
    demo_wake(context);
}

static struct demo *demo_new(const struct demo_settings *settings)
{
    struct demo *demo = mem_new(sizeof(*demo));
    uint64_t seed;
    demo->settings = *settings;
    demo->lines = queue_new(LINES_MAX, wake, demo);
    demo->replies = queue_new(REPLIES_MAX, wake, demo);
    bytes_random(&seed, sizeof(seed));
    random_seed(&demo->random, seed);
    uuid7_text(clock_now().wall_ms, &demo->random, demo->run);
    feed_init(&demo->feed);
    return demo;
}

enum status demo_open(const struct demo_settings *settings, struct demo **out_demo,
                      struct error *err)
{
    struct demo *demo = demo_new(settings);
    enum status status = hmac_new(settings->key, &demo->hmac, err);
    if (status == STATUS_OK)
        status = listen_on(demo, err);
    if (status == STATUS_OK)
        status = caller_new(demo->replies, &demo->gateway, err);
    if (status == STATUS_OK)
        status = caller_new(demo->replies, &demo->emulator, err);
    if (status == STATUS_OK)
        *out_demo = demo;
    else
        demo_close(demo);
    return status;
}

const char *demo_address(const struct demo *demo)
{
    return listener_address(demo->listener);
}

void demo_wake(struct demo *demo)
{
    if (demo->listener != NULL)
        listener_wake(demo->listener);
}

void demo_take_log(struct demo *demo, struct str line)
{
    struct log_line *copy = mem_new(sizeof(*copy) + line.len);
    copy->len = line.len;
    memcpy(copy->text, line.ptr, line.len);
    if (!queue_push(demo->lines, &copy->node))
        mem_free(copy); /* nobody reads a page so fast */
}

static void take_lines(struct demo *demo)
{
    size_t count;
    struct queue_node *node = queue_take(demo->lines, LINES_MAX, &count);
    while (node != NULL) {
        struct log_line *line = CONTAINER_OF(node, struct log_line, node);
        node = node->next;
        struct json *event = journal_read(str_from(line->text, line->len));
        if (event != NULL)
            feed_add(&demo->feed, event);
        mem_free(line);
    }
}

static int64_t wait_ms(const struct demo *demo, int64_t timeout_ms, int64_t now_ms)
{
    int64_t next_ms = demo->beat_ms;
    if (demo->plug_in_ms != 0 && demo->plug_in_ms < next_ms)
        next_ms = demo->plug_in_ms;
    int64_t wait = next_ms - now_ms;
    if (wait > timeout_ms)
        wait = timeout_ms;
    return wait < 0 ? 0 : wait;
}

void demo_step(struct demo *demo, int64_t timeout_ms)
{
    int64_t now_ms = clock_now().mono_ms;
    if (now_ms >= demo->beat_ms) {
        demo->beat_ms = now_ms + BEAT_MS;
        feed_beat(&demo->feed);
    }
    plays_step(demo, now_ms);
    listener_step(demo->listener, wait_ms(demo, timeout_ms, now_ms));
    take_lines(demo);
    take_replies(demo);
}

/* What waits is answered, so that nobody holds a request any more. */
static void close_listener(struct demo *demo)
{
    if (demo->listener == NULL)
        return;
    feed_release(&demo->feed);
    listener_quiesce(demo->listener);
    int64_t end_ms = clock_now().mono_ms + CLOSING_MS;
    do {
        listener_step(demo->listener, 10);
    } while (listener_requests(demo->listener) > 0 && clock_now().mono_ms < end_ms);
    listener_close(demo->listener);
}

void demo_close(struct demo *demo)
{
    if (demo == NULL)
        return;
    caller_free(TAKE(demo->gateway)); /* first: their threads wake the listener */
    caller_free(TAKE(demo->emulator));
    take_lines(demo);
    take_replies(demo); /* the last: without callers a call is settled at once */
    close_listener(demo);
    feed_release(&demo->feed);
    callback_release(demo);
    queue_free(demo->lines);
    queue_free(demo->replies);
    hmac_free(demo->hmac);
    mem_free(demo);
}
