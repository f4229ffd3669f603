/*
 * outcome: what an attempt came to is kept, with the receipts that follow from it, in
 * one transaction. Only then does the lane go on.
 */
#include "internal.h"

#include "gateway/channel.h"
#include "gateway/fault.h"
#include "gateway/log.h"
#include "gateway/memory.h"

struct outcome_job {
    struct write_job job;
    struct work work;
    struct report *report;
};

static struct delivery_record record_of(const struct report *report)
{
    const struct delivery *delivery = report->delivery;
    return (struct delivery_record){
        .class = delivery->class,
        .id = delivery->id,
        .contact_row = delivery->contact_row,
        .epoch = delivery->epoch,
        .outcome = report->outcome,
        .state = delivery_after(report->outcome),
        .receipt_status = delivery->event.receipt_status,
        .attempts = report->attempts,
        .parts_done = report->parts_done,
        .possible_duplicates = report->possible_duplicates,
        .age_ms = report->age_ms,
        .http_status = report->http_status,
        .reason_code = report->reason_code,
        .reason = report->reason,
        .provider_id = report->provider_id,
        .part = report->part,
        .shows_numbers = report->shows_numbers,
        .started_ms = report->started_ms,
        .ended_ms = report->ended_ms,
        .may_have_arrived = report->may_have_arrived,
    };
}

/* The id the peer gave to the message (or a part of it), and a receipt that came
 * before. */
static enum status keep_peer_id(struct work *work, struct message *message,
                                const struct report *report, struct error *err)
{
    if (report->provider_id.len == 0)
        return STATUS_OK;
    const struct event_key key = {
        .side =
            message->direction == DIRECTION_INBOUND ? ID_SIDE_GENESYS : ID_SIDE_CHANNEL,
        .kind = ID_KIND_MESSAGE,
        .id = report->provider_id,
    };
    int64_t other = 0;
    uint32_t tag = 0;
    enum status status =
        store_id_add(work->store, message->bridge_row, &key, message->row, 0,
                     work->now.wall_ms, &other, &tag, err);
    /* A peer may name two sends alike (a repeat it recognised): the first keeps the id.
     */
    if (status != STATUS_OK && status != STATUS_DUPLICATE)
        return status;
    return receipts_join(work, message, &key, err);
}

/* Nobody will say more of an agent's message than that the channel took it, unless the
 * channel reports; and a replayed one leaves Failed for Delivered only. */
static bool is_delivered_when_taken(const struct work *work,
                                    const struct message *message)
{
    struct capabilities can;
    if (message->direction == DIRECTION_INBOUND)
        return message->status == MESSAGE_FAILED;
    work->bridge->channel->capabilities(work->bridge, &can);
    return !can.receipts;
}

/* What the outcome means for the message's status. */
static enum status keep_status(struct work *work, struct message *message,
                               const struct report *report, struct error *err)
{
    struct status_change change = {.status = MESSAGE_SENT};

    if (delivery_after(report->outcome) == DELIVERY_DEAD || report->has_lost_file) {
        change = (struct status_change){.status = MESSAGE_FAILED,
                                        .reason_code = report->reason_code,
                                        .reason = report->reason};
        return receipts_status(work, message, &change, err);
    }
    if (!outcome_is_success(report->outcome))
        return STATUS_OK;
    enum status status = receipts_status(work, message, &change, err);
    if (status != STATUS_OK || !is_delivered_when_taken(work, message))
        return status;
    change.status = MESSAGE_DELIVERED;
    return receipts_status(work, message, &change, err);
}

struct pause_search {
    enum pause_scope scope;
    struct str name;
    bool is_operators;
};

static void search_pause(const struct pause *pause, void *context)
{
    struct pause_search *search = context;
    if (pause->scope == search->scope && str_equal(pause->name, search->name))
        search->is_operators = !str_is(pause->set_by, PAUSED_BY_GATEWAY);
}

/* What an operator paused is neither explained nor ended by an attempt. */
static enum status find_operators(struct work *work, enum pause_scope scope,
                                  struct str name, bool *out_is, struct error *err)
{
    struct pause_search search = {.scope = scope, .name = name};
    enum status status = store_pauses(work->store, search_pause, &search, err);
    if (status == STATUS_OK)
        *out_is = search.is_operators;
    return status;
}

static enum status keep_pause(struct work *work, const struct report *report,
                              struct error *err)
{
    const struct pause pause = {
        .scope = report->pause,
        .name = str_of(report->pause == PAUSE_ORGANISATION
                           ? work->bridge->organisation->name
                           : work->bridge->name),
        .reason = report->reason,
        .set_by = STR(PAUSED_BY_GATEWAY),
        .since_ms = work->now.wall_ms,
    };
    bool is_operators = false;
    enum status status =
        find_operators(work, pause.scope, pause.name, &is_operators, err);
    if (status != STATUS_OK || is_operators)
        return status;
    return store_pause_set(work->store, &pause, err);
}

static enum status end_pause(struct work *work, enum pause_scope scope, struct str name,
                             struct error *err)
{
    bool is_operators = false;
    enum status status = find_operators(work, scope, name, &is_operators, err);
    if (status != STATUS_OK || is_operators)
        return status;
    return store_pause_clear(work->store, scope, name, err);
}

/* The probe went through: whatever paused this way is over. */
static enum status end_pauses(struct work *work, const struct report *report,
                              struct error *err)
{
    struct str bridge = str_of(work->bridge->name);
    if (report->delivery->direction == DIRECTION_OUTBOUND)
        return end_pause(work, PAUSE_BRIDGE_TO_CHANNEL, bridge, err);
    enum status status = end_pause(work, PAUSE_ORGANISATION,
                                   str_of(work->bridge->organisation->name), err);
    if (status != STATUS_OK)
        return status;
    return end_pause(work, PAUSE_BRIDGE_TO_GENESYS, bridge, err);
}

/*
 * The common end, a message sent and nobody to be told, is kept without looking the
 * message up. *out_is_kept false: nothing was, and keep_status has to decide.
 */
static enum status keep_sent(struct work *work, const struct message *message,
                             const struct report *report, bool *out_is_kept,
                             struct error *err)
{
    enum message_status told;
    *out_is_kept = false;
    if (!outcome_is_success(report->outcome) ||
        message->direction == DIRECTION_OUTBOUND || work->relay->early_receipts ||
        receipts_tell(work, message, MESSAGE_SENT, &told))
        return STATUS_OK;
    return store_message_advance(work->store, message->row, MESSAGE_ACCEPTED,
                                 MESSAGE_SENT, work->now.wall_ms, out_is_kept, err);
}

/* As far as its delivery knows it. */
static struct message message_of(const struct delivery *delivery)
{
    return (struct message){
        .row = delivery->message_id,
        .bridge_row = delivery->bridge_row,
        .contact_row = delivery->contact_row,
        .conversation = delivery->conversation,
        .direction = delivery->direction,
        .kind = delivery->event.kind,
    };
}

static enum status keep_message_outcome(struct work *work, const struct report *report,
                                        struct error *err)
{
    bool is_success = outcome_is_success(report->outcome);
    bool is_dead = delivery_after(report->outcome) == DELIVERY_DEAD;
    if (!is_success && !is_dead && report->outcome != OUTCOME_PROGRESS)
        return STATUS_OK;

    bool is_kept = false;
    struct message message = message_of(report->delivery);
    enum status status = keep_sent(work, &message, report, &is_kept, err);
    if (status == STATUS_OK && !is_kept)
        status =
            store_message_get(work->store, message.row, work->arena, &message, err);
    if (status == STATUS_OK && report->genesys_conversation_id.len > 0)
        status = store_conversation_link(work->store, message.conversation,
                                         report->genesys_conversation_id,
                                         work->now.wall_ms, err);
    if (status == STATUS_OK && !is_kept)
        status = keep_status(work, &message, report, err);
    if (status == STATUS_OK)
        status = keep_peer_id(work, &message, report, err);
    if (status == STATUS_OK && is_success)
        status = receipts_join_until(work, &message, report->started_ms, err);
    work->pending -= is_success || is_dead;
    work->dead += is_dead;
    return status;
}

static enum status outcome_apply(struct write_job *job, struct store *store,
                                 struct now now, struct error *err)
{
    struct outcome_job *own = CONTAINER_OF(job, struct outcome_job, job);
    struct report *report = own->report;
    struct relay *relay = own->work.relay;

    delivery_list_drop(&own->work.follow_ups); /* of a run that was lost */
    own->work = (struct work){
        .relay = relay,
        .store = store,
        .bridge = report->bridge,
        .arena = relay->arena,
        .now = now,
    };
    work_begin(&own->work);
    arena_reset(relay->arena);
    report->is_stale = false;

    const struct delivery_record record = record_of(report);
    enum status status = store_record(store, &record, err);
    FAULT_POINT("outcome.recorded");
    if (status == STATUS_CONFLICT) {
        report->is_stale = true; /* the new owner delivers it */
        return STATUS_OK;
    }
    if (status == STATUS_OK && report->outcome == OUTCOME_BROKEN)
        status = keep_pause(&own->work, report, err);
    if (status == STATUS_OK && report->ends_pause)
        status = end_pauses(&own->work, report, err);
    if (status == STATUS_OK && report->delivery->class == DELIVERY_MESSAGE)
        status = keep_message_outcome(&own->work, report, err);
    return status;
}

static void count_outcome(const struct report *report)
{
    if (report->outcome == OUTCOME_SENDING)
        return; /* the attempt only begins */
    const struct tally *tally = report->bridge->tally;
    unsigned direction = report->delivery->direction;

    series_add(tally->outcomes[direction][report->outcome], 1);
    if (report->is_possible_duplicate)
        series_add(tally->possible_duplicates, 1);
    if (report->delivery->class == DELIVERY_MESSAGE &&
        outcome_is_success(report->outcome))
        series_observe(tally->end_to_end[direction],
                       (double)report->end_to_end_ms / 1000.0);
}

struct outcome_event {
    const char *name;
    enum log_level level;
};

/* A mark that is not shown costs nobody a message, and there is nothing to mend. */
static bool is_refused_receipt(const struct report *report)
{
    return report->delivery->class == DELIVERY_RECEIPT &&
           (report->peer_reports_failure ||
            delivery_after(report->outcome) == DELIVERY_DEAD);
}

static struct outcome_event event_of(const struct report *report)
{
    if (is_refused_receipt(report))
        return (struct outcome_event){"receipt.refused", LOG_WARN};
    if (delivery_after(report->outcome) == DELIVERY_DEAD)
        return (struct outcome_event){"delivery.died", LOG_ERROR};
    if (report->outcome == OUTCOME_BROKEN)
        return (struct outcome_event){"delivery.failed", LOG_ERROR};
    if (!outcome_is_success(report->outcome) && report->outcome != OUTCOME_PROGRESS)
        return (struct outcome_event){"delivery.failed", LOG_WARN};
    return (struct outcome_event){"delivery.sent", LOG_INFO};
}

static void log_outcome(const struct report *report)
{
    const struct delivery *delivery = report->delivery;
    struct outcome_event event = event_of(report);
    if (report->outcome == OUTCOME_SENDING || !log_wants(event.level))
        return;
    const struct log_field fields[] = {
        F_TEXT("bridge", report->bridge->name),
        F_TEXT("direction", direction_name(delivery->direction)),
        F_TEXT("message", delivery->public_id),
        F_TEXT("kind", event_kind_name(delivery->event.kind)),
        F_TEXT("outcome", outcome_name(report->outcome)),
        F_I64("status", report->http_status),
        F_I64("attempts", report->attempts),
        F_MS("took", report->took_ms),
        F_STR("reason", report->reason),
    };
    log_write(event.level, event.name, fields, COUNT_OF(fields));
}

static void outcome_done(struct write_job *job, enum status status,
                         const struct error *err)
{
    struct outcome_job *own = CONTAINER_OF(job, struct outcome_job, job);
    struct report *report = own->report;
    const struct dispatcher *dispatcher = &own->work.relay->settings.dispatcher;

    if (status == STATUS_OK && !report->is_stale) {
        FAULT_POINT("outcome.committed");
        work_committed(&own->work);
        count_outcome(report);
        log_outcome(report);
    } else {
        work_failed(&own->work);
    }
    if (status != STATUS_OK) {
        /* Not the database's weather (such jobs are run again): the rows are not as
         * they should be. The lane stands still until the next start reads them anew.
         */
        log_error("outcome.refused", F_TEXT("status", status_name(status)),
                  F_TEXT("error", err->text), F_I64("delivery", report->delivery->id));
        report->is_stale = true;
    }
    mem_free(own);
    dispatcher->recorded(dispatcher->context, report);
}

bool outcome_reserve(void *context)
{
    struct relay *relay = context;
    return writer_reserve(relay->settings.writer);
}

void outcome_unreserve(void *context)
{
    struct relay *relay = context;
    writer_unreserve(relay->settings.writer);
}

void outcome_record(void *context, struct report *report)
{
    struct relay *relay = context;
    struct outcome_job *own = mem_new(sizeof(*own));
    own->job = (struct write_job){
        .apply = outcome_apply, .done = outcome_done, .must_commit = true};
    own->work.relay = relay;
    own->work.bridge = report->bridge;
    own->report = report;
    work_begin(&own->work);
    FAULT_POINT("outcome.before_submit");
    writer_submit_reserved(relay->settings.writer, &own->job);
}
