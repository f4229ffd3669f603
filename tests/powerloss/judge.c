#include "judge.h"

#include <assert.h>
#include <string.h>

#include "examine.h"

#include "gateway/memory.h"

/* What the database is after one transaction. */
struct state {
    uint64_t file_sum;
    uint64_t row_sum;
};

/* Disks that were found before in this phase, and what each came up with. */
struct known {
    uint64_t sum; /* 0: a free place */
    uint64_t file_sum;
};
#define KNOWN_PLACES 16384 /* a power of two */

struct judge {
    struct known known[KNOWN_PLACES];
    size_t known_count;
    uint64_t distinct;
    struct vfs_memory *vfs; /* borrowed */
    const char *vfs_name;
    struct config *config; /* borrowed */
    struct state *states;  /* of the phase, by commit */
    size_t state_count;
    unsigned examine_one_in;
    uint64_t finds;
    uint64_t examined;
    uint64_t commits;
    struct error err;
};

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[VERDICTS] = {"sound", "lost", "phantom", "damaged"};
    return names[verdict];
}

struct judge *judge_new(struct vfs_memory *vfs, const char *vfs_name,
                        struct config *config, unsigned examine_one_in)
{
    struct judge *judge = mem_new(sizeof(*judge));
    judge->vfs = vfs;
    judge->vfs_name = vfs_name;
    judge->config = config;
    judge->examine_one_in = examine_one_in;
    return judge;
}

void judge_free(struct judge *judge)
{
    if (judge == NULL)
        return;
    mem_free(judge->states);
    mem_free(judge);
}

const char *judge_reason(const struct judge *judge)
{
    return judge->err.text;
}

uint64_t judge_examined(const struct judge *judge)
{
    return judge->examined;
}

uint64_t judge_commits(const struct judge *judge)
{
    return judge->commits;
}

uint64_t judge_distinct(const struct judge *judge)
{
    return judge->distinct;
}

/* --- what is known of a disk ------------------------------------------------ */

/* The place of the sum, or the free one where it would stand. */
static struct known *known_of(struct judge *judge, uint64_t sum)
{
    size_t at = (size_t)(sum >> 32) % KNOWN_PLACES;
    while (judge->known[at].sum != 0 && judge->known[at].sum != sum)
        at = (at + 1) % KNOWN_PLACES;
    return &judge->known[at];
}

static void remember(struct judge *judge, struct known *place, uint64_t sum,
                     uint64_t file_sum)
{
    judge->distinct++;
    if (judge->known_count > KNOWN_PLACES / 2)
        return;
    judge->known_count++;
    *place = (struct known){sum, file_sum};
}

/* --- a gateway on what was found ------------------------------------------- */

static void drop_offers(void *context, struct delivery *list)
{
    (void)context;
    while (list != NULL) {
        struct delivery *next = list->next;
        delivery_free(list);
        list = next;
    }
}

static void no_report(void *context, struct report *report)
{
    (void)context;
    (void)report;
}

static void no_order(void *context, int64_t bridge_row, enum bridge_order order)
{
    (void)context;
    (void)bridge_row;
    (void)order;
}

static bool start(struct judge *judge, const struct life *life, struct half *half)
{
    const struct dispatcher dispatcher = {
        .offer = drop_offers, .recorded = no_report, .order = no_order};
    return half_open(half, judge->config, judge->vfs_name, &dispatcher, life->now,
                     &judge->err) == STATUS_OK;
}

/* The last closing has brought everything into the one file. */
static uint64_t file_sum(const struct judge *judge)
{
    const struct disk *disk = vfs_memory_disk(judge->vfs);
    int file = disk_find(disk, "/omgw.db");
    return file < 0 ? 0 : disk_sum(disk, (unsigned)file);
}

/* --- the transactions ------------------------------------------------------ */

static bool learn_state(struct judge *judge, const struct life *life, size_t position,
                        struct disk *disk, struct state *out)
{
    struct half half;
    const struct moment moment = {life->phase, position};
    vfs_memory_put_disk(judge->vfs, disk);
    if (!start(judge, life, &half))
        return false;
    bool is_sound = examine(&half, life, moment, &judge->err) &&
                    examine_sum(&half, &out->row_sum, &judge->err);
    half_close(&half);
    out->file_sum = file_sum(judge);
    if (!is_sound || !start(judge, life, &half))
        return false;
    is_sound = examine_repeats(&half, life, moment, &judge->err);
    half_close(&half);
    judge->commits++;
    return is_sound;
}

bool judge_phase(struct judge *judge, const struct life *life,
                 const struct vfs_record *record)
{
    struct random unused;
    bool is_sound = true;
    size_t position = 0;
    memset(judge->known, 0, sizeof(judge->known));
    judge->known_count = 0;
    struct disk *disk = disk_copy(record->begin);
    judge->state_count = life->commits.count;
    judge->states =
        mem_resize(judge->states, (judge->state_count + 1) * sizeof(*judge->states));
    random_seed(&unused, 0);
    for (size_t i = 0; i < judge->state_count && is_sound; i++) {
        while (position < life->commits.items[i].ended)
            disk_apply(disk, record->events[position++]);
        is_sound = learn_state(judge, life, position,
                               disk_after_crash(disk, DISK_LOSES_NONE, &unused),
                               &judge->states[i]);
    }
    disk_free(disk);
    return is_sound;
}

/* --- a find ---------------------------------------------------------------- */

/* The transactions that a find may end with. */
struct range {
    size_t first; /* the last one told by then */
    size_t last;  /* the last one begun by then */
    bool is_new;  /* before the first was told: the database is being made */
};

static struct range range_at(const struct life *life, size_t position)
{
    struct range range = {.is_new = life->phase == 0};
    for (size_t i = 0; i < life->commits.count; i++) {
        if (life->commits.items[i].ended <= position) {
            range.first = i;
            range.is_new = false;
        }
        if (life->commits.items[i].begun <= position)
            range.last = i;
    }
    return range;
}

/* Which transaction's database it is, the last of those that changed nothing; else -1.
 */
static int find_state(const struct judge *judge, bool by_rows, uint64_t sum,
                      struct range range)
{
    int found = -1;
    for (size_t i = 0; i < judge->state_count; i++) {
        const struct state *state = &judge->states[i];
        if ((by_rows ? state->row_sum : state->file_sum) != sum)
            continue;
        if (found < 0 || i <= range.last)
            found = (int)i;
    }
    return found;
}

static enum verdict place_of(struct judge *judge, int state, struct range range)
{
    if ((size_t)state < range.first) {
        (void)fail(&judge->err, STATUS_FAILED,
                   "holds %d of %zu transactions that were told", state, range.first);
        return VERDICT_LOST;
    }
    if ((size_t)state > range.last) {
        (void)fail(&judge->err, STATUS_FAILED, "holds transaction %d, begun were %zu",
                   state, range.last);
        return VERDICT_PHANTOM;
    }
    return VERDICT_SOUND;
}

/* Takes the disk. */
static enum verdict examine_find(struct judge *judge, const struct life *life,
                                 size_t position, struct range range, struct disk *disk)
{
    struct half half;
    const struct moment moment = {life->phase, position};
    uint64_t sum = 0;
    vfs_memory_put_disk(judge->vfs, disk);
    if (!start(judge, life, &half))
        return VERDICT_DAMAGED;
    judge->examined++;
    bool is_whole = examine_sum(&half, &sum, &judge->err);
    int state = is_whole && !range.is_new ? find_state(judge, true, sum, range) : 0;
    bool is_sound = is_whole && examine(&half, life, moment, &judge->err) &&
                    examine_repeats(&half, life, moment, &judge->err);
    half_close(&half);
    if (is_whole && state < 0) {
        (void)fail(&judge->err, STATUS_FAILED, "is like after no transaction");
        return VERDICT_DAMAGED;
    }
    if (range.is_new || !is_whole)
        return is_sound ? VERDICT_SOUND : VERDICT_DAMAGED;
    enum verdict verdict = place_of(judge, state, range);
    return verdict != VERDICT_SOUND || is_sound ? verdict : VERDICT_DAMAGED;
}

/* Opens and closes it, as a start and a stop do. */
static bool open_find(struct judge *judge, struct disk *found, uint64_t *out_file_sum)
{
    const struct store_options options = {
        .mode = STORE_WRITER, .may_migrate = true, .vfs = judge->vfs_name};
    struct store *store = NULL;
    vfs_memory_put_disk(judge->vfs, found);
    if (store_open(HALF_URL, &options, &store, &judge->err) != STATUS_OK)
        return false;
    store_close(store);
    *out_file_sum = file_sum(judge);
    return true;
}

enum verdict judge_find(struct judge *judge, const struct life *life, size_t position,
                        struct disk *found)
{
    struct range range = range_at(life, position);
    bool is_due =
        judge->examine_one_in != 0 && ++judge->finds % judge->examine_one_in == 0;
    if (is_due || range.is_new)
        return examine_find(judge, life, position, range, found);

    uint64_t sum = disk_sum_all(found) | 1;
    struct known *place = known_of(judge, sum);
    uint64_t file_sum_found = place->file_sum;
    struct disk *again = disk_copy(found);
    if (place->sum == sum) {
        disk_free(found);
    } else if (open_find(judge, found, &file_sum_found)) {
        remember(judge, place, sum, file_sum_found);
    } else {
        disk_free(again);
        return VERDICT_DAMAGED;
    }
    int state = find_state(judge, false, file_sum_found, range);
    if (state < 0)
        return examine_find(judge, life, position, range, again);
    disk_free(again);
    return place_of(judge, state, range);
}
