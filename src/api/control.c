/*
 * control: an operator's changing verbs, as JSON over the Unix socket. Reading ones
 * need no gateway: they look into the database.
 *
 * Who may open the socket may do all of this; the file's mode says who that is.
 */
#include "control.h"

#include "gateway/json.h"
#include "gateway/limits.h"
#include "gateway/memory.h"
#include "gateway/user.h"

/* A batch of delivery numbers, a reason, the database's URL. */
#define BODY_BYTES_MAX 65536
#define ANSWER_BYTES_MAX (1024u * 1024)

struct control *control_new(struct relay *relay, struct backup *backup,
                            struct config *config)
{
    struct control *control = mem_new(sizeof(*control));
    control->relay = relay;
    control->backup = backup;
    control->config = config_hold(config);
    return control;
}

void control_free(struct control *control)
{
    if (control == NULL)
        return;
    config_drop(atomic_exchange(&control->adopt, NULL));
    config_drop(control->config);
    mem_free(control);
}

void control_adopt(struct control *control, struct config *config)
{
    config_drop(atomic_exchange(&control->adopt, config_hold(config)));
}

struct config *control_config(struct control *control)
{
    struct config *config = atomic_exchange(&control->adopt, NULL);
    if (config != NULL) {
        config_drop(control->config);
        control->config = config;
    }
    return control->config;
}

/* --- what is asked
 * ----------------------------------------------------------------------------- */

struct asked {
    struct str database;
    struct str reason;
    const struct json *deliveries;
};

static enum status read_deliveries(const struct json *list, struct arena *arena,
                                   struct order *out, struct error *err)
{
    size_t count = json_count(list);
    if (count > LIMIT_WRITER_BATCH)
        return fail_at(err, STATUS_INVALID, "/deliveries",
                       "at most %d at a time: send the others with the next request",
                       LIMIT_WRITER_BATCH);
    int64_t *ids = arena_alloc(arena, (count + 1) * sizeof(*ids));
    size_t at = 0;
    for (const struct json *item = json_first(list); item != NULL;
         item = json_next(item))
        if (!json_i64(item, &ids[at++]))
            return fail_at(err, STATUS_INVALID, "/deliveries",
                           "must hold numbers of deliveries");
    out->deliveries = ids;
    out->delivery_count = count;
    return STATUS_OK;
}

/* Two gateways of one machine may look for each other's sockets by default; numbers of
 * deliveries mean something in one database only. */
enum status control_check_database(const struct config *config, struct str database,
                                   struct error *err)
{
    if (database.len == 0 || str_is(database, config->database))
        return STATUS_OK;
    return fail_at(err, STATUS_CONFLICT, "/database",
                   "this gateway keeps another database: %s", config->database);
}

static enum status read_body(const struct config *config, struct request *request,
                             struct order *order, struct error *err)
{
    static const struct json_field fields[] = {
        {"database",   JSON_STRING, JSON_OPTIONAL, JSON_ANY,
         offsetof(struct asked, database)  },
        {"reason",     JSON_STRING, JSON_OPTIONAL, JSON_ANY,
         offsetof(struct asked, reason)    },
        {"deliveries", JSON_ARRAY,  JSON_OPTIONAL, JSON_ANY,
         offsetof(struct asked, deliveries)},
    };
    CLEANUP(json_freep) struct json *body = NULL;
    struct asked asked = {.deliveries = NULL};
    struct str bytes = request_body(request);
    if (bytes.len == 0)
        return STATUS_OK;
    enum status status = json_parse(bytes, JSON_DEPTH_DEFAULT, &body, err);
    if (status == STATUS_OK)
        status = json_read(body, fields, COUNT_OF(fields), "", &asked, err);
    if (status == STATUS_OK)
        status = control_check_database(config, asked.database, err);
    if (status != STATUS_OK)
        return status;
    order->reason = arena_copy(order->arena, asked.reason);
    return read_deliveries(asked.deliveries, order->arena, order, err);
}

/* --- the answer
 * -------------------------------------------------------------------------------- */

struct str control_actor(struct request *request)
{
    char text[USER_TEXT_BYTES] = "unknown";
    uint32_t uid = 0;
    if (request_peer_uid(request, &uid))
        user_describe(uid, text);
    return arena_copy(request_arena(request), str_of(text));
}

void control_respond(struct request *request, const struct json *answer)
{
    CLEANUP(buf_release) struct buf text;
    struct error err;
    buf_init(&text, ANSWER_BYTES_MAX);
    enum status status = json_print(answer, &text, &err);
    if (status != STATUS_OK)
        request_respond_problem(request, status, &err);
    else
        request_respond(request, 200, "application/json", buf_str(&text), NULL, 0);
}

static void respond(struct request *request, const struct order *order)
{
    CLEANUP(json_freep) struct json *answer = json_new_object();
    json_add_i64(answer, "changed", (int64_t)order->changed);
    struct json *skipped = json_add_array(answer, "skipped");
    for (size_t i = 0; i < order->skip_count; i++) {
        struct json *item = json_append_object(skipped);
        json_add_i64(item, "delivery", order->skips[i].delivery);
        json_add_str(item, "why", order->skips[i].why);
    }
    control_respond(request, answer);
}

static void order_resumed(struct request *request, bool timed_out, void *context)
{
    const struct order *order = request_data(request);
    struct error err;
    (void)context;
    if (timed_out)
        request_respond_problem(
            request, STATUS_RETRY,
            (fail(&err, STATUS_RETRY,
                  "the database did not keep it in time; it may do so yet"),
             &err));
    else if (order->status != STATUS_OK)
        request_respond_problem(request, order->status, &order->err);
    else
        respond(request, order);
}

/* Writer thread. */
static void order_told(struct order *order)
{
    request_resume(order->token);
}

/* --- routes
 * ------------------------------------------------------------------------------------
 */

static enum handled obey(struct request *request, void *context, enum order_verb verb)
{
    struct config *config = control_config(context);
    struct arena *arena = request_arena(request);
    struct order *order = arena_alloc(arena, sizeof(*order));
    struct error err;

    *order = (struct order){
        .verb = verb,
        .bridge = request_argument(request, "bridge"),
        .actor = control_actor(request),
        .arena = arena,
        .done = order_told,
        .token = request,
    };
    enum status status = read_body(config, request, order, &err);
    if (status != STATUS_OK) {
        request_respond_problem(request, status, &err);
        return HANDLED_ANSWERED;
    }
    const struct control *control = context;
    request_set_data(request, order);
    request_suspend(request);
    order_submit(control->relay, config, order); /* may resume before it returns */
    return HANDLED_SUSPENDED;
}

static enum handled pause_bridge(struct request *request, void *context)
{
    return obey(request, context, ORDER_PAUSE);
}

static enum handled resume_bridge(struct request *request, void *context)
{
    return obey(request, context, ORDER_RESUME);
}

static enum handled forget_bridge(struct request *request, void *context)
{
    return obey(request, context, ORDER_FORGET);
}

static enum handled replay_dead(struct request *request, void *context)
{
    return obey(request, context, ORDER_REPLAY);
}

static enum handled drop_dead(struct request *request, void *context)
{
    return obey(request, context, ORDER_DROP);
}

int64_t control_body_max(const struct request *request, void *context)
{
    (void)request;
    (void)context;
    return BODY_BYTES_MAX;
}

static const struct route routes[] = {
    {"POST", "/v1/bridges/{bridge}/pause",  control_body_max, pause_bridge,
     order_resumed                                                                                },
    {"POST", "/v1/bridges/{bridge}/resume", control_body_max, resume_bridge,
     order_resumed                                                                                },
    {"POST", "/v1/bridges/{bridge}/forget", control_body_max, forget_bridge,
     order_resumed                                                                                },
    {"POST", "/v1/dead/replay",             control_body_max, replay_dead,           order_resumed},
    {"POST", "/v1/dead/drop",               control_body_max, drop_dead,             order_resumed},
    {"POST", "/v1/backup",                  control_body_max, control_backup,        NULL         },
    {"POST", "/v1/backup/look",             control_body_max, control_backup_look,   NULL         },
    {"POST", "/v1/backup/cancel",           control_body_max, control_backup_cancel, NULL         },
};

const struct route *control_routes(size_t *out_count)
{
    *out_count = COUNT_OF(routes);
    return routes;
}
