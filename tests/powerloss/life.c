#include "life.h"

#include <assert.h>
#include <string.h>

#include "store/sqlite.h"

#include "gateway/memory.h"

#define ROUNDS 22
#define POSTS_MAX 8
#define HELD_MAX 96
#define START_MS INT64_C(1700000000000)
#define TAKE_LIMIT 100
/* Past the threading window, but not twice past what retention keeps. */
#define SILENCE_MS (INT64_C(80) * 3600 * 1000)

/* A delivery that the engine would hold, and the report of its attempt under way. */
struct held {
    struct delivery *delivery;
    unsigned attempts;
    unsigned parts;
    bool is_under_way;
    struct report report;
    char provider_id[24];
};

struct life_work {
    struct half half;
    struct held held[HELD_MAX];
    struct posted posts[POSTS_MAX];
    size_t post_count;
    struct order order;
    struct arena *order_arena;
    bool is_ordered;
    size_t told_at; /* the first of a batch was; LIFE_NEVER: nobody yet */
    bool is_broken; /* a promise was */
};

/* What stands where the gateway asks for secret bytes: the keys of its databases. */
static struct random chance;
void __wrap_bytes_random(void *out, size_t len); /* NOLINT: the linker's name for it */
void __wrap_bytes_random(void *out, size_t len)
{
    uint8_t *bytes = out;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(random_u64(&chance) >> 56);
}

#define LIST_ADD(list, item)                                                           \
    do {                                                                               \
        if ((list)->count == (list)->capacity) {                                       \
            (list)->capacity = (list)->capacity == 0 ? 64 : 2 * (list)->capacity;      \
            (list)->items =                                                            \
                mem_resize((list)->items, (list)->capacity * sizeof(*(list)->items));  \
        }                                                                              \
        (list)->items[(list)->count++] = (item);                                       \
    } while (0)

static unsigned below(struct life *life, unsigned limit)
{
    return (unsigned)random_below(&life->random, limit);
}

static struct moment now_of(const struct life *life)
{
    return (struct moment){life->phase, vfs_memory_position(life->vfs)};
}

/* From here on the batch must survive. */
static void note_told(struct life *life, size_t position)
{
    if (position < life->work->told_at)
        life->work->told_at = position;
}

static void broken(struct life *life, const char *promise, const struct error *err)
{
    life->work->is_broken = true;
    (void)fprintf(stdout, "seed %llu, phase %u, while it ran: %s: %s\n",
                  (unsigned long long)life->seed, life->phase, promise,
                  err == NULL ? "" : err->text);
}

/* --- the engine's side ----------------------------------------------------- */

static void hold(struct life *life, struct delivery *delivery)
{
    for (size_t i = 0; i < HELD_MAX; i++) {
        struct held *held = &life->work->held[i];
        if (held->delivery != NULL)
            continue;
        *held = (struct held){.delivery = delivery,
                              .attempts = delivery->attempts,
                              .parts = delivery->parts_done};
        return;
    }
    delivery_free(delivery); /* the store has it; the next start offers it again */
}

static void offered(void *context, struct delivery *list)
{
    while (list != NULL) {
        struct delivery *delivery = list;
        list = list->next;
        hold(context, delivery);
    }
}

static void recorded(void *context, struct report *report)
{
    struct life *life = context;
    struct held *held = CONTAINER_OF(report, struct held, report);
    if (report->is_stale)
        broken(life, "an outcome was refused", NULL);
    held->is_under_way = false;
    note_told(life, vfs_memory_position(life->vfs));
    if (report->delivery->class == DELIVERY_MESSAGE) {
        const struct ending ending = {
            .delivery = report->delivery->id,
            .state = delivery_after(report->outcome),
            .attempts = report->attempts,
            .told = now_of(life),
        };
        LIST_ADD(&life->endings, ending);
    }
    if (!delivery_is_pending(delivery_after(report->outcome)))
        delivery_free(TAKE(held->delivery));
}

static void ordered(void *context, int64_t bridge_row, enum bridge_order order)
{
    (void)context;
    (void)bridge_row;
    (void)order;
}

static void end_attempt(struct life *life, struct held *held)
{
    static const enum outcome outcomes[] = {
        OUTCOME_DONE,     OUTCOME_DONE,    OUTCOME_DONE,
        OUTCOME_RETRY,    OUTCOME_UNKNOWN, OUTCOME_REFUSED_MESSAGE,
        OUTCOME_PROGRESS, OUTCOME_BROKEN,  OUTCOME_ACCEPTED_DUPLICATE,
    };
    struct recorder recorder = relay_recorder(life->work->half.relay);
    enum outcome outcome = outcomes[below(life, COUNT_OF(outcomes))];
    if (held->delivery->class == DELIVERY_RECEIPT && outcome == OUTCOME_PROGRESS)
        outcome = OUTCOME_DONE;
    held->attempts += outcome != OUTCOME_PROGRESS;
    held->parts += outcome == OUTCOME_PROGRESS;
    (void)snprintf(held->provider_id, sizeof(held->provider_id), "peer%u",
                   below(life, (unsigned)life->letters.count + 2));
    held->report = (struct report){
        .delivery = held->delivery,
        .bridge = &life->config->bridges[0],
        .outcome = outcome,
        .attempts = held->attempts,
        .parts_done = held->parts,
        .part = held->parts,
        .http_status = 200,
        .reason_code = REASON_INVALID_DESTINATION,
        .reason = STR("a reason"),
        .pause = PAUSE_BRIDGE_TO_GENESYS,
        .started_ms = life->now.wall_ms,
        .ended_ms = life->now.wall_ms,
    };
    if (outcome_is_success(outcome) && held->delivery->class == DELIVERY_MESSAGE)
        held->report.provider_id = str_of(held->provider_id);
    if (outcome == OUTCOME_DONE && below(life, 4) == 0)
        held->report.genesys_conversation_id = str_of(held->provider_id);
    held->is_under_way = true;
    bool has_room = recorder.reserve(recorder.context);
    assert(has_room);
    (void)has_room;
    recorder.record(recorder.context, &held->report);
}

static void end_some_attempts(struct life *life)
{
    unsigned ends = below(life, 5);
    for (unsigned i = 0; i < ends; i++) {
        struct held *held = &life->work->held[below(life, HELD_MAX / 4)];
        if (held->delivery != NULL && !held->is_under_way)
            end_attempt(life, held);
    }
}

/* --- the senders' side ----------------------------------------------------- */

/* A new webhook, or one that was sent before. */
static size_t choose_letter(struct life *life)
{
    if (life->letters.count > 0 && below(life, 6) == 0)
        return below(life, (unsigned)life->letters.count);
    bool is_outbound = below(life, 3) == 0;
    const struct letter letter = {
        .is_outbound = is_outbound,
        .lines = life_write(life, is_outbound),
        .told = {.position = LIFE_NEVER},
    };
    LIST_ADD(&life->letters, letter);
    return life->letters.count - 1;
}

static void collect(struct life *life, struct posted *posted)
{
    char id[PUBLIC_ID_BYTES];
    struct letter *letter = &life->letters.items[posted->letter];
    enum status status = half_collect(posted, life->now, id);
    if (status != STATUS_OK && status != STATUS_DUPLICATE)
        return;
    if (letter->told.position == LIFE_NEVER) {
        letter->told = (struct moment){life->phase, posted->stored_at};
        memcpy(letter->public_id, id, sizeof(id));
    } else if (strcmp(letter->public_id, id) != 0) {
        broken(life, "a repeat got another id", NULL);
    }
}

static void post_some(struct life *life)
{
    struct life_work *work = life->work;
    size_t posts = below(life, POSTS_MAX + 1);
    work->post_count = 0;
    while (work->post_count < posts) {
        struct posted *posted = &work->posts[work->post_count];
        size_t number = choose_letter(life);
        *posted = (struct posted){
            .is_outbound = life->letters.items[number].is_outbound,
            .lines = life->letters.items[number].lines,
            .letter = number,
            .vfs = life->vfs,
        };
        if (half_post(&work->half, life->config, posted, life->now))
            work->post_count++;
        else
            collect(life, posted);
    }
}

/* --- an operator ----------------------------------------------------------- */

static void order_done_now(struct order *order)
{
    struct life *life = order->token;
    life->work->is_ordered = false;
    note_told(life, vfs_memory_position(life->vfs));
}

static void give_order(struct life *life)
{
    struct life_work *work = life->work;
    arena_reset(work->order_arena);
    work->order = (struct order){
        .verb = below(life, 2) == 0 ? ORDER_PAUSE : ORDER_RESUME,
        .bridge = STR("one"),
        .reason = STR("maintenance"),
        .arena = work->order_arena,
        .done = order_done_now,
        .token = life,
    };
    work->is_ordered = true;
    order_submit(work->half.relay, life->config, &work->order);
}

/* --- rounds ---------------------------------------------------------------- */

static void add_commit(struct life *life, size_t begun, size_t ended)
{
    const struct commit commit = {begun, ended};
    LIST_ADD(&life->commits, commit);
}

/* The batch ends where the first is told, which is before the checkpoint. */
static size_t batch_end(struct life *life)
{
    struct life_work *work = life->work;
    for (size_t i = 0; i < work->post_count; i++)
        if (work->posts[i].is_stored)
            note_told(life, work->posts[i].stored_at);
    return work->told_at != LIFE_NEVER ? work->told_at : vfs_memory_position(life->vfs);
}

static void run_writer(struct life *life)
{
    struct life_work *work = life->work;
    while (writer_pending(work->half.writer) > 0 && !work->is_broken) {
        size_t begun = vfs_memory_position(life->vfs);
        work->told_at = LIFE_NEVER;
        /* Checkpoints come every few batches, not every 4 MiB. */
        sqlite_of(work->half.store)->checkpoint_pages = (int)below(life, 120);
        if (writer_step(work->half.writer, life->now) == 0)
            broken(life, "a batch was lost on a sound disk", NULL);
        else
            add_commit(life, begun, batch_end(life));
    }
}

static void advance(struct life *life)
{
    bool is_long = below(life, 30) == 0 && life->now.wall_ms < START_MS + SILENCE_MS;
    int64_t ms = is_long ? SILENCE_MS : (int64_t)below(life, 5000);
    life->now.wall_ms += ms;
    life->now.mono_ms += ms;
    vfs_memory_set_time(life->vfs, life->now.wall_ms);
}

static void live_a_round(struct life *life)
{
    struct life_work *work = life->work;
    advance(life);
    post_some(life);
    end_some_attempts(life);
    if (below(life, 8) == 0)
        relay_tidy(work->half.relay, life->config);
    if (below(life, 12) == 0)
        give_order(life);
    run_writer(life);
    for (size_t i = 0; i < work->post_count && !work->is_broken; i++)
        collect(life, &work->posts[i]);
    work->post_count = 0;
}

/* --- start and end of a phase ---------------------------------------------- */

static void take_lane(const struct lane_summary *lane, void *context)
{
    struct life *life = context;
    struct delivery *list = NULL;
    struct error err;
    if (store_take(life->work->half.store, STR("gateway"), lane->contact_row,
                   lane->direction, 0, TAKE_LIMIT, &list, &err) != STATUS_OK)
        broken(life, "a lane cannot be read", &err);
    offered(life, list);
}

/* As the engine: from the store. */
static void take_work(struct life *life)
{
    struct delivery *receipts = NULL;
    struct error err;
    struct store *store = life->work->half.store;
    if (store_lanes(store, STR("gateway"), take_lane, life, &err) != STATUS_OK)
        broken(life, "the lanes cannot be read", &err);
    if (store_take_receipts(store, STR("gateway"), 0, TAKE_LIMIT, &receipts, &err) !=
        STATUS_OK)
        broken(life, "the receipts cannot be read", &err);
    offered(life, receipts);
}

static void set_durability(struct life *life)
{
    static const char *const settings[] = {
        [DURABLE_FULL] = "PRAGMA synchronous = FULL",
        [DURABLE_NORMAL] = "PRAGMA synchronous = NORMAL",
        [DURABLE_OFF] = "PRAGMA synchronous = OFF",
    };
    struct sqlite_store *store = sqlite_of(life->work->half.store);
    struct error err;
    char sql[64];
    enum status status = STATUS_OK;
    if (life->durability != DURABLE_FULL) /* as it is opened */
        status = sqlite_run(store, settings[life->durability], &err);
    /* The log is cut back, and pages are written before the commit, as on a large
     * database. */
    (void)snprintf(sql, sizeof(sql), "PRAGMA journal_size_limit = %u",
                   below(life, 200000));
    if (status == STATUS_OK)
        status = sqlite_run(store, sql, &err);
    if (status == STATUS_OK && below(life, 3) == 0)
        status = sqlite_run(store, "PRAGMA cache_size = 12", &err);
    if (status != STATUS_OK)
        broken(life, "the settings are refused", &err);
}

static bool begin_phase(struct life *life)
{
    struct error err;
    const struct dispatcher dispatcher = {
        .offer = offered, .recorded = recorded, .context = life, .order = ordered};
    vfs_memory_record(life->vfs);
    life->commits.count = 0;
    enum status status = half_open(&life->work->half, life->config, life->vfs_name,
                                   &dispatcher, life->now, &err);
    if (status != STATUS_OK) {
        broken(life, "the store does not open", &err);
        return false;
    }
    add_commit(life, 0, vfs_memory_position(life->vfs));
    set_durability(life);
    take_work(life);
    return !life->work->is_broken;
}

static void let_go(struct life *life)
{
    for (size_t i = 0; i < HELD_MAX; i++)
        delivery_free(TAKE(life->work->held[i].delivery));
}

/* The machine or the process dies, after the record's end. */
static void die(struct life *life, unsigned way)
{
    static const enum disk_fate fates[] = {DISK_LOSES_ALL, DISK_LOSES_SECTORS,
                                           DISK_KEEPS_NEWEST};
    if (way == 0)
        vfs_memory_kill(life->vfs);
    else
        vfs_memory_lose_power(life->vfs, fates[way % COUNT_OF(fates)], &life->random);
}

/* A clean stop is part of the record. */
static struct vfs_record *end_phase(struct life *life)
{
    unsigned way = below(life, 5);
    bool is_clean = way == 4;
    let_go(life);
    if (is_clean)
        half_close(&life->work->half);
    struct vfs_record *record = vfs_memory_take_record(life->vfs);
    if (!is_clean) {
        die(life, way);
        half_close(&life->work->half);
    }
    return record;
}

struct vfs_record *life_go_on(struct life *life)
{
    life->phase = life->phases++;
    if (!begin_phase(life))
        return NULL;
    for (int i = 0; i < ROUNDS && !life->work->is_broken; i++)
        live_a_round(life);
    return life->work->is_broken ? NULL : end_phase(life);
}

struct life *life_new(uint64_t seed, enum durability durability, struct vfs_memory *vfs,
                      const char *vfs_name, struct config *config)
{
    struct life *life = mem_new(sizeof(*life));
    life->seed = seed;
    life->durability = durability;
    life->vfs = vfs;
    life->vfs_name = vfs_name;
    life->config = config;
    life->now = (struct now){.wall_ms = START_MS, .mono_ms = 1000};
    life->work = mem_new(sizeof(*life->work));
    life->work->order_arena = arena_new(65536);
    random_seed(&life->random, seed);
    random_seed(&chance, seed);
    vfs_memory_put_disk(vfs, disk_new());
    vfs_memory_reseed(vfs, seed);
    return life;
}

void life_free(struct life *life)
{
    if (life == NULL)
        return;
    for (size_t i = 0; i < life->letters.count; i++)
        mem_free(life->letters.items[i].lines);
    mem_free(life->letters.items);
    mem_free(life->endings.items);
    mem_free(life->commits.items);
    arena_free(life->work->order_arena);
    mem_free(life->work);
    mem_free(life);
}
