/*
 * housekeeper: takes away what is past its retention, a little at a time. It looks with
 * a reading handle of its own, and lets the writer take.
 */
#include "internal.h"

#include "gateway/log.h"
#include "gateway/media.h"
#include "gateway/memory.h"

/* Between two rounds; sooner when the last one did not get through. */
#define ROUND_MS 60000
#define SOON_MS 1000
/* Of one round: jobs given to the writer, and steps of a walk that found nothing. */
#define ROUND_JOBS 32
#define ROUND_STEPS 64
/* Files that no row names are looked for this often, and left alone so long: their rows
 * may be on their way. */
#define SWEEP_MS (INT64_C(60) * 60 * 1000)
/* A walk along rows that stay (waiting deliveries hold their texts) rests so long for
 * each row. */
#define REST_MS_PER_ROW 1
/* A clock that was set may be set back again: by then nothing must be lost. */
#define CLOCK_JUMP_MS (INT64_C(5) * 60 * 1000)
#define DOUBT_MS (INT64_C(60) * 60 * 1000)

struct walker {
    struct expiry_walk walk;
    bool is_under_way;
    int64_t examined;
    int64_t taken;
    int64_t rests_until_ms; /* mono */
};

struct expiry_job {
    struct write_job job;
    struct housekeeper *keeper;
    struct expired expired;
    size_t taken;
    int64_t bridges[STORE_EXPIRE_ROWS]; /* of dead letters, as many as were taken */
    enum status status;
};

struct housekeeper {
    struct relay *relay;   /* borrowed */
    struct store *reader;  /* borrowed */
    struct config *config; /* a reference; stays while a job is under way */
    _Atomic(struct config *) adopt;
    struct queue *news; /* the job that came back, and the poke */
    struct queue_node poke;
    atomic_bool is_poked;

    struct expiry_job job;
    bool is_waiting;         /* for the job */
    bool has_failed;         /* it did: the round is over */
    struct expiry_walk back; /* where its walk goes on if it fails */
    struct walker walkers[EXPIRY_KINDS];
    unsigned kind; /* the round has come to; EXPIRY_KINDS: between rounds */
    unsigned jobs_left;
    unsigned steps_left;
    bool is_hurried; /* something was left for the next round */
    int64_t next_round_ms;
    int64_t next_sweep_ms;
    int64_t clock_offset_ms; /* wall - mono, when last seen */
};

static const char *const kind_names[EXPIRY_KINDS] = {
    [EXPIRE_DEAD_LETTERS] = "dead_letters",
    [EXPIRE_BODIES] = "bodies",
    [EXPIRE_ATTEMPTS] = "attempts",
    [EXPIRE_MESSAGES] = "messages",
    [EXPIRE_AUDIT] = "audit",
    [EXPIRE_MEDIA] = "media",
};

struct housekeeper *housekeeper_new(struct relay *relay, struct store *reader,
                                    struct config *config, struct now now)
{
    struct housekeeper *keeper = mem_new(sizeof(*keeper));
    keeper->relay = relay;
    keeper->reader = reader;
    keeper->config = config_hold(config);
    keeper->news = queue_new(SIZE_MAX, NULL, NULL); /* holds two nodes at most */
    keeper->kind = EXPIRY_KINDS;
    keeper->next_round_ms = now.mono_ms;
    keeper->next_sweep_ms = now.mono_ms;
    keeper->clock_offset_ms = now.wall_ms - now.mono_ms;
    return keeper;
}

void housekeeper_free(struct housekeeper *keeper)
{
    size_t count = 0;
    if (keeper == NULL)
        return;
    (void)queue_take(keeper->news, SIZE_MAX, &count); /* its own nodes */
    queue_free(keeper->news);
    config_drop(atomic_exchange(&keeper->adopt, NULL));
    config_drop(keeper->config);
    mem_free(keeper);
}

void housekeeper_adopt(struct housekeeper *keeper, struct config *config)
{
    config_drop(atomic_exchange(&keeper->adopt, config_hold(config)));
    if (!atomic_exchange(&keeper->is_poked, true) &&
        !queue_push(keeper->news, &keeper->poke))
        abort(); /* unbounded: cannot be full */
}

void housekeeper_wait(struct housekeeper *keeper, int64_t timeout_ms)
{
    queue_wait(keeper->news, timeout_ms);
}

void housekeeper_stop(struct housekeeper *keeper)
{
    queue_stop(keeper->news);
}

/* --- the job --------------------------------------------------------------- */

static void note_taken(int64_t bridge_row, void *context)
{
    struct expiry_job *job = context;
    job->bridges[job->taken++] = bridge_row;
}

static enum status expiry_apply(struct write_job *job, struct store *store,
                                struct now now, struct error *err)
{
    struct expiry_job *own = CONTAINER_OF(job, struct expiry_job, job);
    (void)now;
    own->taken = 0; /* of a run that was lost */
    return store_expire(store, &own->expired, note_taken, own, err);
}

/* Writer thread, which moves all tallies. */
static void count_letters(const struct expiry_job *job)
{
    for (size_t i = 0; i < job->taken; i++) {
        struct tally *tally = tally_of_row(job->keeper->relay, job->bridges[i]);
        if (tally != NULL)
            tally_moved(tally, 0, -1);
    }
}

static void expiry_done(struct write_job *job, enum status status,
                        const struct error *err)
{
    struct expiry_job *own = CONTAINER_OF(job, struct expiry_job, job);
    own->status = status;
    if (status != STATUS_OK)
        log_warn("relay.tidy_failed", F_TEXT("error", err->text));
    else if (own->expired.kind == EXPIRE_DEAD_LETTERS)
        count_letters(own);
    if (!queue_push(own->keeper->news, &job->node))
        abort(); /* unbounded: cannot be full */
}

/* False: the writer has no room. */
static bool submit(struct housekeeper *keeper)
{
    struct expiry_job *job = &keeper->job;
    job->job = (struct write_job){.apply = expiry_apply, .done = expiry_done};
    job->keeper = keeper;
    keeper->is_waiting = writer_submit(keeper->relay->settings.writer, &job->job);
    return keeper->is_waiting;
}

/* --- a walk ---------------------------------------------------------------- */

static int64_t kept_ms(const struct config *config, enum expiry kind)
{
    switch (kind) {
    case EXPIRE_DEAD_LETTERS:
        return config->retention.dead_letters;
    case EXPIRE_BODIES:
        return config->retention.bodies;
    case EXPIRE_ATTEMPTS:
        return config->retention.attempts;
    case EXPIRE_MESSAGES:
        return config->retention.messages;
    case EXPIRE_AUDIT:
        return config->retention.audit;
    case EXPIRE_MEDIA:
        return config->retention.media;
    }
    return INT64_MAX;
}

static void walk_begin(struct housekeeper *keeper, struct now now)
{
    enum expiry kind = (enum expiry)keeper->kind;
    keeper->walkers[kind] = (struct walker){
        .walk = {.kind = kind,
                 .before_ms = now.wall_ms - kept_ms(keeper->config, kind)},
        .is_under_way = true,
    };
}

static void walk_end(struct housekeeper *keeper, struct now now)
{
    struct walker *walker = &keeper->walkers[keeper->kind];
    walker->is_under_way = false;
    walker->rests_until_ms = now.mono_ms + walker->examined * REST_MS_PER_ROW;
    if (walker->taken > 0)
        log_info("rows.expired", F_TEXT("kind", kind_names[keeper->kind]),
                 F_I64("rows", walker->taken));
}

/* Looks until something may go, which is submitted, or the steps are used up. */
static enum status walk_on(struct housekeeper *keeper, struct error *err)
{
    struct walker *walker = &keeper->walkers[keeper->kind];
    while (!walker->walk.is_over && !keeper->is_waiting && keeper->steps_left > 0 &&
           keeper->jobs_left > 0) {
        keeper->back = walker->walk;
        enum status status = store_expired_find(keeper->reader, &walker->walk,
                                                &keeper->job.expired, err);
        if (status != STATUS_OK)
            return status;
        walker->examined += STORE_EXPIRE_ROWS;
        keeper->steps_left--;
        if (keeper->job.expired.count == 0)
            continue;
        if (!submit(keeper)) {
            walker->walk = keeper->back;
            return fail(err, STATUS_RETRY, "the writer is busy");
        }
        keeper->jobs_left--;
    }
    return STATUS_OK;
}

/* --- a round --------------------------------------------------------------- */

static enum status is_file_needed(const char *file, bool *out_is, void *context,
                                  struct error *err)
{
    const struct housekeeper *keeper = context;
    return store_media_is_needed(keeper->reader, str_of(file), out_is, err);
}

/* What rows named that are gone, and what a crash left without one. */
static void sweep(struct housekeeper *keeper, struct now now)
{
    struct media *media = keeper->relay->settings.media;
    struct error err;

    if (media == NULL || now.mono_ms < keeper->next_sweep_ms)
        return;
    keeper->next_sweep_ms = now.mono_ms + SWEEP_MS;
    if (media_sweep(media, SWEEP_MS, now.wall_ms, is_file_needed, keeper, &err) !=
        STATUS_OK)
        log_warn("media.not_swept", F_TEXT("error", err.text));
}

static void round_begin(struct housekeeper *keeper, struct now now)
{
    sweep(keeper, now);
    relay_tidy(keeper->relay, keeper->config);
    keeper->kind = 0;
    keeper->jobs_left = ROUND_JOBS;
    keeper->steps_left = ROUND_STEPS;
    keeper->is_hurried = false;
}

static int64_t round_end(struct housekeeper *keeper, struct now now)
{
    int64_t wait_ms = keeper->is_hurried ? SOON_MS : ROUND_MS;
    keeper->kind = EXPIRY_KINDS;
    keeper->next_round_ms = now.mono_ms + wait_ms;
    return wait_ms;
}

/* The walk of each kind goes on, or begins anew when it has rested. */
static int64_t round_go_on(struct housekeeper *keeper, struct now now)
{
    struct error err;
    for (; keeper->kind < EXPIRY_KINDS; keeper->kind++) {
        struct walker *walker = &keeper->walkers[keeper->kind];
        if (!walker->is_under_way) {
            if (now.mono_ms < walker->rests_until_ms)
                continue;
            walk_begin(keeper, now);
        }
        if (walk_on(keeper, &err) != STATUS_OK) {
            log_warn("relay.tidy_failed", F_TEXT("error", err.text));
            return round_end(keeper, now);
        }
        if (keeper->is_waiting)
            return ROUND_MS;
        if (walker->walk.is_over)
            walk_end(keeper, now);
        else
            keeper->is_hurried = true;
    }
    return round_end(keeper, now);
}

static void take_back_job(struct housekeeper *keeper)
{
    struct walker *walker = &keeper->walkers[keeper->job.expired.kind];
    keeper->is_waiting = false;
    keeper->has_failed = keeper->job.status != STATUS_OK;
    if (keeper->has_failed)
        walker->walk = keeper->back;
    else
        walker->taken += (int64_t)keeper->job.taken;
}

static void take_news(struct housekeeper *keeper)
{
    size_t count = 0;
    struct queue_node *node = queue_take(keeper->news, SIZE_MAX, &count);
    while (node != NULL) {
        struct queue_node *next = node->next;
        if (node == &keeper->poke)
            atomic_store(&keeper->is_poked, false);
        else
            take_back_job(keeper);
        node = next;
    }
}

/* Other spans: everything is looked at anew, at once. */
static void take_config(struct housekeeper *keeper, struct now now)
{
    struct config *config = atomic_exchange(&keeper->adopt, NULL);
    if (config == NULL)
        return;
    config_drop(keeper->config);
    keeper->config = config;
    keeper->kind = EXPIRY_KINDS;
    keeper->next_round_ms = now.mono_ms;
    for (unsigned kind = 0; kind < EXPIRY_KINDS; kind++)
        keeper->walkers[kind] = (struct walker){.is_under_way = false};
}

static void look_at_clock(struct housekeeper *keeper, struct now now)
{
    int64_t offset_ms = now.wall_ms - now.mono_ms;
    int64_t jump_ms = offset_ms - keeper->clock_offset_ms;
    keeper->clock_offset_ms = offset_ms;
    if (jump_ms > CLOCK_JUMP_MS || jump_ms < -CLOCK_JUMP_MS) {
        keeper->kind = EXPIRY_KINDS;
        keeper->next_round_ms = now.mono_ms + DOUBT_MS;
    }
}

int64_t housekeeper_step(struct housekeeper *keeper, struct now now)
{
    take_news(keeper);
    if (keeper->is_waiting)
        return ROUND_MS;
    if (keeper->has_failed) {
        keeper->has_failed = false;
        return round_end(keeper, now);
    }
    take_config(keeper, now);
    look_at_clock(keeper, now);
    if (keeper->kind == EXPIRY_KINDS) {
        if (now.mono_ms < keeper->next_round_ms)
            return keeper->next_round_ms - now.mono_ms;
        round_begin(keeper, now);
    }
    return round_go_on(keeper, now);
}
