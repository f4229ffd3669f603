/*
 * report: how an attempt stands, for the recorder.
 */
#include "internal.h"

#include "gateway/limits.h"

/* The wall clock may have been set since, and only it is stored. */
static int64_t end_to_end_ms(const struct delivery *delivery, struct now now)
{
    return delivery->accepted_mono_ms != 0 ? now.mono_ms - delivery->accepted_mono_ms
                                           : now.wall_ms - delivery->accepted_ms;
}

/* The first file that an agent's message goes without. */
static const struct file *lost_file(const struct run *run)
{
    const struct delivery *delivery = run->attempt.delivery;
    const struct file *files = run->attempt.files;

    if (files == NULL || delivery->direction == DIRECTION_INBOUND)
        return NULL;
    for (size_t i = 0; i < delivery->event.content.attachment_count; i++)
        if (files[i].missing.len > 0)
            return &files[i];
    return NULL;
}

/* The rest of the message arrived; but the agent must hear of it. */
static void report_lost_file(struct run *run)
{
    const struct file *file = lost_file(run);

    if (file == NULL || !outcome_is_success(run->result.outcome))
        return;
    run->report.has_lost_file = true;
    run->report.reason_code = file->reason_code;
    run->report.reason = arena_printf(run->arena, "it arrived without its file: %.*s",
                                      STR_ARG(file->missing));
}

void run_report(struct run *run)
{
    const struct delivery *delivery = run->attempt.delivery;
    const struct sender_result *result = &run->result;
    struct report *report = &run->report;
    bool is_progress = result->outcome == OUTCOME_PROGRESS;
    bool is_over = !is_progress && result->outcome != OUTCOME_SENDING;

    report->delivery = delivery;
    report->bridge = run->attempt.bridge;
    report->outcome = result->outcome;
    report->attempts = delivery->attempts + is_over;
    report->part = run->attempt.parts_done;
    report->parts_done = run->attempt.parts_done + (is_progress ? 1 : 0);
    report->possible_duplicates = delivery->possible_duplicates;
    report->age_ms = verdict_age_ms(run);
    report->http_status = result->http_status;
    report->reason_code = result->reason_code;
    report->reason = str_sub(result->reason, 0, LIMIT_REASON_BYTES);
    report->provider_id = result->provider_id;
    report->genesys_conversation_id = result->genesys_conversation_id;
    report->pause = result->pause;
    report->may_have_arrived =
        run->may_have_arrived && delivery_is_pending(delivery_after(result->outcome));
    report->shows_numbers = run->attempt.shows_numbers;
    report->peer_reports_failure = result->peer_reports_failure;
    report->started_ms = run->started.wall_ms;
    report->took_ms = run->engine->now.mono_ms - run->started.mono_ms;
    report->end_to_end_ms = end_to_end_ms(delivery, run->engine->now);
    report->ended_ms =
        result->outcome == OUTCOME_SENDING ? 0 : run->engine->now.wall_ms;
    report_lost_file(run);
}
