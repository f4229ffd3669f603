/*
 * intake: request values in, reply or write job out.
 */
#include "internal.h"

#include "gateway/channel.h"
#include "gateway/fault.h"
#include "gateway/log.h"
#include "gateway/trace_context.h"

struct intake {
    struct write_job job;
    struct work work;
    struct unit unit;
    struct config *config;     /* the answer's reference, front thread */
    struct config *job_config; /* the job's reference */
    const struct source *source;
    intake_stored *stored;
    void *token;
    enum intake_peer peer;
    int64_t started_ms; /* mono */

    /* The outcome, written before `stored`. */
    enum status status;
    struct acceptance acceptance;
    struct error err;
};

static enum webhook_result result_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return WEBHOOK_ACCEPTED;
    case STATUS_DUPLICATE:
        return WEBHOOK_DUPLICATE;
    case STATUS_DENIED:
    case STATUS_FORBIDDEN:
        return WEBHOOK_BAD_SIGNATURE;
    case STATUS_SLOW_DOWN:
    case STATUS_RETRY:
        return WEBHOOK_OVERLOAD;
    case STATUS_FAILED:
        return WEBHOOK_ERROR;
    case STATUS_INVALID:
    case STATUS_NOT_FOUND:
    case STATUS_BAD_METHOD:
    case STATUS_CONFLICT:
    case STATUS_TOO_LARGE:
    case STATUS_UNSUPPORTED:
    case STATUS_UNPROCESSABLE:
        return WEBHOOK_INVALID;
    }
    return WEBHOOK_ERROR;
}

static void count_answer(const struct bridge *bridge, enum intake_peer peer,
                         enum status status)
{
    series_add(bridge->tally->webhooks[peer][result_of(status)], 1);
}

static void observe_answer(const struct bridge *bridge, enum intake_peer peer,
                           int64_t took_ms)
{
    series_observe(bridge->tally->ack[peer], (double)took_ms / 1000.0);
}

/* Answers at once; `bridge` is NULL when there is none of that name. */
static bool answer(const struct relay *relay, struct intake_answer *out,
                   const struct bridge *bridge, const struct intake_request *request,
                   enum status status)
{
    out->status = status;
    if (bridge == NULL) {
        series_add(relay->strangers[request->peer], 1);
        return true;
    }
    count_answer(bridge, request->peer, status);
    observe_answer(bridge, request->peer, request->now.mono_ms - request->started_ms);
    return true;
}

/* --- who is it from
 * ----------------------------------------------------------------------- */

static const struct source *
source_of(const struct relay *relay, const struct bridge *bridge, enum intake_peer peer)
{
    return peer == INTAKE_GENESYS ? relay->settings.genesys_source
                                  : bridge->channel->source;
}

/* An unknown bridge is answered like a bad signature, after the same work. */
static enum status deny_unknown(const struct relay *relay, const struct config *config,
                                const struct intake_request *request, struct error *err)
{
    if (config->bridge_count > 0) {
        const struct bridge *any = &config->bridges[0];
        (void)source_of(relay, any, request->peer)
            ->verify(any, request->message, request->now, err);
    }
    return fail(err, STATUS_DENIED,
                "the signature does not fit: check the bridge's name in the URL, its "
                "secret and the raw body");
}

static enum status understand(const struct source *source, const struct bridge *bridge,
                              const struct intake_request *request, struct unit *unit,
                              struct error *err)
{
    enum status status = source->verify(bridge, request->message, request->now, err);
    if (status != STATUS_OK)
        return status;
    unit->bridge = bridge;
    unit->direction =
        request->peer == INTAKE_GENESYS ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
    return source->decode(bridge, request->message, request->arena, unit, err);
}

/* The body names another integration: the bridge with that one takes it, if its own
 * secret verifies too. Source: design.md section 5. */
static enum status understand_elsewhere(const struct relay *relay,
                                        const struct config *config,
                                        const struct bridge *not_this,
                                        const struct intake_request *request,
                                        struct unit *unit, struct error *err)
{
    struct error other_err;

    for (size_t i = 0; i < config->bridge_count; i++) {
        const struct bridge *other = &config->bridges[i];
        if (other == not_this)
            continue;
        *unit = (struct unit){0};
        enum status status = understand(source_of(relay, other, request->peer), other,
                                        request, unit, &other_err);
        if (status == STATUS_OK)
            return STATUS_OK;
    }
    log_error("webhook.misdirected", F_TEXT("bridge", not_this->name),
              F_TEXT("error", err->text));
    return STATUS_FORBIDDEN;
}

static struct str trace_of(const struct http_message *message)
{
    struct str value;
    return http_header_find(message, "traceparent", &value) ? traceparent_read(value)
                                                            : STR_NONE;
}

/* --- typing, which is never stored
 * -------------------------------------------------------- */

static void offer_typing(const struct relay *relay, const struct unit *unit,
                         const struct event *event, struct str trace, struct now now)
{
    struct capabilities can;
    unit->bridge->channel->capabilities(unit->bridge, &can);
    if (unit->direction == DIRECTION_OUTBOUND && !can.typing)
        return;
    const struct delivery typing = {
        .class = DELIVERY_TYPING,
        .direction = unit->direction,
        .bridge_row = unit->bridge->row,
        .accepted_ms = now.wall_ms,
        .time_ms = now.wall_ms,
        .trace = trace,
        .event = *event,
    };
    relay->settings.dispatcher.offer(relay->settings.dispatcher.context,
                                     delivery_copy(&typing));
}

/* Hands typing to the engine and leaves only what is kept. */
static void take_typing(const struct relay *relay, struct unit *unit, struct str trace,
                        struct now now)
{
    size_t kept = 0;
    for (size_t i = 0; i < unit->event_count; i++) {
        if (unit->events[i].kind == EVENT_TYPING)
            offer_typing(relay, unit, &unit->events[i], trace, now);
        else
            unit->events[kept++] = unit->events[i];
    }
    unit->event_count = kept;
}

/* --- the write job
 * ------------------------------------------------------------------------ */

static enum status intake_apply(struct write_job *job, struct store *store,
                                struct now now, struct error *err)
{
    struct intake *intake = CONTAINER_OF(job, struct intake, job);
    struct relay *relay = intake->work.relay;

    delivery_list_drop(&intake->work.follow_ups); /* of a run that was lost */
    intake->work = (struct work){
        .relay = relay,
        .store = store,
        .bridge = intake->unit.bridge,
        .arena = intake->work.arena,
        .now = now,
        .trace = intake->work.trace,
        .refuses_content = intake->source->refuses_content,
    };
    work_begin(&intake->work);
    return accept_unit(&intake->work, &intake->unit, &intake->acceptance, err);
}

static void intake_done(struct write_job *job, enum status status,
                        const struct error *err)
{
    struct intake *intake = CONTAINER_OF(job, struct intake, job);
    struct config *config = intake->job_config;

    intake->status = status;
    if (status == STATUS_OK) {
        work_committed(&intake->work);
    } else {
        intake->err = *err;
        work_failed(&intake->work);
    }
    FAULT_POINT("intake.before_answer");
    /* From `stored` on the intake may be gone: it lives in the request's arena. */
    intake->stored(intake->token);
    config_drop(config);
}

static struct intake *intake_new(struct relay *relay, struct config *config,
                                 const struct intake_request *request,
                                 const struct source *source, const struct unit *unit,
                                 struct str trace)
{
    struct intake *intake = arena_alloc(request->arena, sizeof(*intake));
    intake->job = (struct write_job){.apply = intake_apply, .done = intake_done};
    intake->work.relay = relay;
    intake->work.arena = request->arena;
    intake->work.trace = trace;
    work_begin(&intake->work);
    intake->unit = *unit;
    intake->source = source;
    intake->stored = request->stored;
    intake->token = request->token;
    intake->peer = request->peer;
    intake->started_ms = request->started_ms;
    intake->config = config_hold(config);
    intake->job_config = config_hold(config);
    return intake;
}

static bool has_room(const struct config *config, const struct bridge *bridge)
{
    return config->limits.max_pending == 0 ||
           atomic_load_explicit(&bridge->tally->pending, memory_order_relaxed) <
               config->limits.max_pending;
}

/* What a contact does; receipts and typing are their devices' doing. */
static bool counts_for_flood(const struct event *event)
{
    return event->kind != EVENT_RECEIPT && event->kind != EVENT_IDENTITY &&
           event->kind != EVENT_UNREADABLE;
}

/* Only who may be told 4xx is held to it: Genesys breaks the chat, others come again
 * for days. */
static enum status check_flood(struct relay *relay, const struct config *config,
                               const struct intake_request *request,
                               const struct source *source, const struct unit *unit,
                               struct intake_answer *out)
{
    int64_t wait_ms = 0;
    if (config->limits.contact_per_minute == 0 || request->peer != INTAKE_CHANNEL ||
        !source->refuses_content)
        return STATUS_OK;
    for (size_t i = 0; i < unit->event_count; i++) {
        if (!counts_for_flood(&unit->events[i]) ||
            flood_admits(relay->flood, unit->bridge->row, unit->events[i].contact_id,
                         config->limits.contact_per_minute, request->now.mono_ms,
                         &wait_ms))
            continue;
        out->reply.retry_after_s = (wait_ms + 999) / 1000;
        return fail(&out->err, STATUS_SLOW_DOWN,
                    "this contact has sent %lld messages within a minute",
                    (long long)config->limits.contact_per_minute);
    }
    return STATUS_OK;
}

static enum status check_limits(struct relay *relay, const struct config *config,
                                const struct intake_request *request,
                                const struct source *source, const struct unit *unit,
                                struct intake_answer *out)
{
    if (!has_room(config, unit->bridge))
        return fail(&out->err, STATUS_RETRY,
                    "too many deliveries wait on this bridge: come again");
    if (space_is_low(&relay->space, config->database, config->limits.disk_reserve,
                     request->now))
        return fail(&out->err, STATUS_RETRY, "the disk is almost full: come again");
    return check_flood(relay, config, request, source, unit, out);
}

bool intake_begin(struct relay *relay, struct config *config,
                  const struct intake_request *request, struct intake **out_intake,
                  struct intake_answer *out)
{
    const struct bridge *bridge = config_bridge(config, request->bridge_name);
    *out = (struct intake_answer){.status = STATUS_OK};
    if (bridge == NULL)
        return answer(relay, out, NULL, request,
                      deny_unknown(relay, config, request, &out->err));

    const struct source *source = source_of(relay, bridge, request->peer);
    if (source->handshake(bridge, request->message, request->arena, &out->reply))
        return answer(relay, out, bridge, request, STATUS_OK);

    struct unit unit = {0};
    enum status status = understand(source, bridge, request, &unit, &out->err);
    if (status == STATUS_FORBIDDEN)
        status = understand_elsewhere(relay, config, bridge, request, &unit, &out->err);
    if (status != STATUS_OK)
        return answer(relay, out, bridge, request, status);
    bridge = unit.bridge;
    source = source_of(relay, bridge, request->peer);

    FAULT_POINT("intake.understood");
    struct str trace = trace_of(request->message);
    take_typing(relay, &unit, trace, request->now);
    if (unit.event_count == 0) {
        const struct acceptance nothing = {.status = STATUS_OK};
        source->ack(bridge, &unit, &nothing, request->arena, &out->reply);
        return answer(relay, out, bridge, request, STATUS_OK);
    }
    status = check_limits(relay, config, request, source, &unit, out);
    if (status != STATUS_OK)
        return answer(relay, out, bridge, request, status);

    *out_intake = intake_new(relay, config, request, source, &unit, trace);
    return false;
}

void intake_submit(struct intake *intake)
{
    struct error err;
    if (writer_submit(intake->work.relay->settings.writer, &intake->job))
        return;
    intake_done(&intake->job,
                fail(&err, STATUS_RETRY, "the gateway is busy: come again"), &err);
}

static void log_acceptance(const struct intake *intake, struct now now)
{
    log_info("webhook.accepted", F_TEXT("bridge", intake->unit.bridge->name),
             F_TEXT("direction", direction_name(intake->unit.direction)),
             F_TEXT("message", intake->acceptance.public_id),
             F_I64("conversation", intake->acceptance.conversation),
             F_I64("events", intake->unit.event_count),
             F_TEXT("status", status_name(intake->acceptance.status)),
             F_MS("took", now.mono_ms - intake->started_ms));
}

void intake_finish(struct intake *intake, struct now now, struct intake_answer *out)
{
    const struct bridge *bridge = intake->unit.bridge;
    enum status status = intake->status;

    *out = (struct intake_answer){.status = status};
    if (status == STATUS_OK) {
        status = intake->acceptance.status;
        out->status = status;
        intake->source->ack(bridge, &intake->unit, &intake->acceptance,
                            intake->work.arena, &out->reply);
        log_acceptance(intake, now);
    } else {
        out->err = intake->err;
    }
    count_answer(bridge, intake->peer, status);
    observe_answer(bridge, intake->peer, now.mono_ms - intake->started_ms);
    config_drop(TAKE(intake->config));
}

void intake_abandon(struct intake *intake, struct now now, struct intake_answer *out)
{
    *out = (struct intake_answer){.status = STATUS_RETRY};
    (void)fail(&out->err, STATUS_RETRY, "not stored in time: come again");
    count_answer(intake->unit.bridge, intake->peer, STATUS_RETRY);
    observe_answer(intake->unit.bridge, intake->peer, now.mono_ms - intake->started_ms);
    config_drop(TAKE(intake->config));
}
