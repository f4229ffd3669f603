/*
 * tidy: what time takes away: early receipts that nothing joined, ids past their
 * retention.
 */
#include "internal.h"

#include "gateway/fault.h"
#include "gateway/log.h"

/* Source: design.md section 4, "Early receipts" and "Retention". */
#define EARLY_RECEIPT_LIFE_MS (INT64_C(24) * 3600 * 1000)
#define ID_LIFE_MS (INT64_C(8) * 24 * 3600 * 1000)

static enum status tidy_apply(struct write_job *job, struct store *store,
                              struct now now, struct error *err)
{
    struct tidy_job *own = CONTAINER_OF(job, struct tidy_job, job);
    bool has_more = false;
    enum status status = store_early_receipts_expire(
        store, now.wall_ms - EARLY_RECEIPT_LIFE_MS, &own->relay->early_receipts, err);
    if (status != STATUS_OK)
        return status;
    FAULT_POINT("tidy.receipts_expired");
    return store_ids_expire(store, now.wall_ms - own->id_life_ms, &has_more, err);
}

static void tidy_done(struct write_job *job, enum status status,
                      const struct error *err)
{
    struct tidy_job *own = CONTAINER_OF(job, struct tidy_job, job);
    if (status != STATUS_OK) {
        own->relay->early_receipts = true; /* what the lost transaction took is back */
        log_warn("relay.tidy_failed", F_TEXT("error", err->text));
    }
    atomic_store(&own->is_waiting, false);
}

void relay_tidy(struct relay *relay, const struct config *config)
{
    struct tidy_job *own = &relay->tidy;
    if (atomic_exchange(&own->is_waiting, true))
        return; /* the last round is not through yet */
    own->relay = relay;
    own->job = (struct write_job){.apply = tidy_apply, .done = tidy_done};
    /* Dedupe answers for 8 days; trace finds an id as long as its message is kept. */
    own->id_life_ms = config->retention.messages > ID_LIFE_MS
                          ? config->retention.messages
                          : ID_LIFE_MS;
    if (!writer_submit(relay->settings.writer, &own->job))
        atomic_store(&own->is_waiting, false); /* busy: the next round will do */
}
