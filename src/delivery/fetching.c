/*
 * fetching: which files a message in memory needs, one after the other, beside its
 * lane; its head waits for them, but not for ever. Messages of a lane come one after
 * the other, too: nobody waits for the files of a later one first, and one contact must
 * not take every place. What came stands in the store, so that no attempt, and no run
 * after this one, gets it twice.
 */
#include "internal.h"

#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/store.h"

#include <unistd.h>
#include <utlist.h>

/* Tries at one time: files are long, and other exchanges must have their place. Of one
 * flow at most half, see has_place. */
#define FETCHES_MAX 32
#define RETRY_PAUSE_MS 2000
#define ROW_ARENA_BYTES ((size_t)4096)
#define MISSING_BYTES 160

enum fetching_state {
    FETCHING_QUEUED,  /* behind another one of its lane */
    FETCHING_WAITS,   /* in the list, until due */
    FETCHING_RUNS,    /* a try is under way */
    FETCHING_IS_OVER, /* each file is there, or known to be missing */
};

/* What became of one attachment. */
struct copy {
    bool is_kept;
    struct media_file kept;
    char missing[MISSING_BYTES]; /* empty: not known yet, unless kept */
    enum reason_code reason_code;
};

struct fetching {
    struct engine *engine;
    struct lane *lane;               /* borrowed: holds the delivery */
    const struct delivery *delivery; /* borrowed from it */
    int64_t message_id;
    enum fetching_state state;
    bool has_looked;  /* what the store has is known */
    unsigned count;   /* of attachments */
    unsigned ordinal; /* the first that is not settled */
    struct copy *copies;
    struct fetch_try *try; /* under way; or NULL */

    int64_t due_ms;   /* mono */
    int64_t until_ms; /* mono: no try begins behind it; 0: none began */
    int64_t head_ms;  /* mono: since when the lane's head waits; 0: it does not */

    struct arena *links; /* of an attempt */
    struct file *files;  /* of an attempt */
    bool is_open;        /* their descriptors are */

    struct fetching *prev; /* of its flow's that wait */
    struct fetching *next;
    UT_hash_handle hh; /* by message_id */
};

static bool has_files(const struct delivery *delivery)
{
    return delivery->class == DELIVERY_MESSAGE &&
           delivery->event.content.attachment_count > 0;
}

/* NULL: there is nothing to fetch, or nobody who would. */
static struct fetching *find(const struct engine *engine,
                             const struct delivery *delivery)
{
    struct fetching *fetching = NULL;
    if (has_files(delivery))
        HASH_FIND(hh, engine->fetchings, &delivery->message_id,
                  sizeof(delivery->message_id), fetching);
    return fetching;
}

/* ---- waiting ---- */

static void wait_until(struct fetching *fetching, int64_t due_ms)
{
    struct engine *engine = fetching->engine;

    fetching->state = FETCHING_WAITS;
    fetching->due_ms = due_ms;
    DL_APPEND(fetching->lane->flow->fetchings, fetching);
    engine->fetchings_waiting++;
    engine->fetch_look_ms = min_ms(engine->fetch_look_ms, due_ms);
}

static void wait_no_more(struct fetching *fetching)
{
    DL_DELETE(fetching->lane->flow->fetchings, fetching);
    fetching->engine->fetchings_waiting--;
}

void fetchings_look(struct engine *engine)
{
    engine->fetch_look_ms = engine->now.mono_ms;
}

/* It is the turn of this one in its lane. */
static void turn_take(struct fetching *fetching)
{
    fetching->lane->fetching = fetching;
    wait_until(fetching, fetching->engine->now.mono_ms);
}

/* It is the turn of the next one, if it was this one's. */
static void turn_give(struct fetching *fetching)
{
    struct lane *lane = fetching->lane;

    if (lane->fetching != fetching)
        return;
    lane->fetching = NULL;
    for (const struct delivery *d = fetching->delivery->next; d != NULL; d = d->next) {
        struct fetching *next = find(fetching->engine, d);
        if (next != NULL && next->state == FETCHING_QUEUED) {
            turn_take(next);
            return;
        }
    }
}

/* ---- what came of a try ---- */

static void log_file(const struct fetching *fetching, const struct copy *copy)
{
    enum log_level level = copy->is_kept ? LOG_INFO : LOG_WARN;
    const struct log_field fields[] = {
        F_TEXT("direction", direction_name(fetching->delivery->direction)),
        F_TEXT("message", fetching->delivery->public_id),
        F_I64("attachment", copy - fetching->copies),
        F_TEXT("type", copy->kept.mime),
        F_I64("bytes", copy->kept.size),
        F_TEXT("reason", copy->missing),
    };
    log_write(level, copy->is_kept ? "media.kept" : "media.missing", fields,
              COUNT_OF(fields));
}

static void set_kept(struct fetching *fetching, const struct media_file *kept)
{
    struct copy *copy = &fetching->copies[fetching->ordinal];
    copy->is_kept = true;
    copy->kept = *kept;
    log_file(fetching, copy);
}

static void set_missing(struct fetching *fetching, unsigned ordinal,
                        enum reason_code code, struct str reason)
{
    struct copy *copy = &fetching->copies[ordinal];
    size_t len =
        text_prefix(reason, (struct text_limit){sizeof(copy->missing) - 1, TEXT_BYTES});
    copy->reason_code = code;
    (void)snprintf(copy->missing, sizeof(copy->missing), "%.*s", (int)len, reason.ptr);
    log_file(fetching, copy);
}

static bool is_settled(const struct copy *copy)
{
    return copy->is_kept || copy->missing[0] != '\0';
}

/* The next file, or the message may go. */
static void go_on(struct fetching *fetching)
{
    while (fetching->ordinal < fetching->count &&
           is_settled(&fetching->copies[fetching->ordinal]))
        fetching->ordinal++;
    if (fetching->ordinal < fetching->count) {
        wait_until(fetching, fetching->engine->now.mono_ms);
        return;
    }
    fetching->state = FETCHING_IS_OVER;
    turn_give(fetching);
    lane_has_files(fetching->engine, fetching->delivery);
}

void fetching_got(struct fetching *fetching, const struct fetch_end *end)
{
    struct engine *engine = fetching->engine;
    int64_t due_ms = engine->now.mono_ms + RETRY_PAUSE_MS;

    fetching->try = NULL;
    if (end->pause_ms > RETRY_PAUSE_MS)
        due_ms = engine->now.mono_ms + end->pause_ms;
    bool is_passing =
        end->outcome == OUTCOME_RETRY || end->outcome == OUTCOME_SLOW_DOWN;
    if (is_passing && due_ms < fetching->until_ms) {
        wait_until(fetching, due_ms);
        return;
    }
    if (end->outcome == OUTCOME_DONE)
        set_kept(fetching, end->kept);
    else
        set_missing(fetching, fetching->ordinal, end->reason_code, end->reason);
    fetching->until_ms = 0;
    go_on(fetching);
}

/* ---- a try begins ---- */

static void take_row(struct copy *copy, const struct stored_media *stored)
{
    struct media_file *file = &copy->kept;

    copy->is_kept = true;
    file->size = stored->size;
    (void)snprintf(file->file, sizeof(file->file), "%.*s", STR_ARG(stored->file));
    (void)snprintf(file->name, sizeof(file->name), "%.*s", STR_ARG(stored->name));
    (void)snprintf(file->mime, sizeof(file->mime), "%.*s", STR_ARG(stored->mime));
    (void)snprintf(file->sha256, sizeof(file->sha256), "%.*s", STR_ARG(stored->sha256));
}

/* What was got before, for an attempt that failed, or in a run before this one. */
static enum status look(struct fetching *fetching, struct error *err)
{
    struct store *reader = fetching->engine->settings.reader;
    CLEANUP(arena_freep)
    struct arena *arena = arena_new(ROW_ARENA_BYTES * fetching->count);

    for (unsigned i = 0; i < fetching->count; i++) {
        struct stored_media stored;
        enum status status =
            store_media_get(reader, fetching->message_id, i, arena, &stored, err);
        if (status == STATUS_OK)
            take_row(&fetching->copies[i], &stored);
        else if (status != STATUS_NOT_FOUND)
            return status;
    }
    fetching->has_looked = true;
    return STATUS_OK;
}

static void begin_try(struct fetching *fetching)
{
    struct engine *engine = fetching->engine;
    int64_t now_ms = engine->now.mono_ms;
    const struct bridge *bridge =
        config_bridge_of_row(engine->config, fetching->delivery->bridge_row);

    if (bridge == NULL) { /* not configured now: so nothing is sent either */
        wait_until(fetching, now_ms + RETRY_PAUSE_MS);
        return;
    }
    if (fetching->until_ms == 0)
        fetching->until_ms = now_ms + engine->config->timeouts.media;
    fetching->state = FETCHING_RUNS;
    fetching->try =
        fetch_try_new(fetching, engine, fetching->delivery, bridge, fetching->ordinal);
    fetch_try_begin(fetching->try);
}

static void begin(struct fetching *fetching)
{
    struct error err;

    if (!fetching->has_looked && look(fetching, &err) != STATUS_OK) {
        log_warn("media.unread", F_TEXT("error", err.text));
        wait_until(fetching, fetching->engine->now.mono_ms + RETRY_PAUSE_MS);
    } else if (is_settled(&fetching->copies[fetching->ordinal])) {
        go_on(fetching);
    } else {
        begin_try(fetching);
    }
}

/*
 * Servers that hang keep their places until they are given up. So a flow gets a further
 * one only while it has fewer than are free: alone half of all, and whoever comes next
 * finds some, however long the others hang.
 */
static bool has_place(const struct engine *engine, const struct flow *flow)
{
    return flow->fetches < FETCHES_MAX - engine->fetches;
}

/* Whether one began; else *look_ms is no later than when the next is due. One that
 * finds no place waits for the end of a try, which looks again. */
static bool flow_begins(struct engine *engine, struct flow *flow, int64_t *look_ms)
{
    struct fetching *fetching = NULL;

    if (!has_place(engine, flow))
        return false;
    DL_FOREACH(flow->fetchings, fetching)
    {
        if (fetching->due_ms <= engine->now.mono_ms) {
            wait_no_more(fetching);
            begin(fetching);
            return true;
        }
        *look_ms = min_ms(*look_ms, fetching->due_ms);
    }
    return false;
}

/* A place each in turn, and the next round goes on behind the last that got one. */
void fetchings_round(struct engine *engine)
{
    int64_t look_ms = INT64_MAX;
    size_t idle = 0; /* flows in a row that began none */

    if (fetchings_next_ms(engine) > 0)
        return;
    engine->fetch_look_ms = INT64_MAX;
    while (idle < engine->flow_count) {
        size_t turn = engine->fetch_turn % engine->flow_count;
        engine->fetch_turn = turn + 1;
        idle = flow_begins(engine, engine->flows[turn], &look_ms) ? 0 : idle + 1;
    }
    engine->fetch_look_ms = min_ms(engine->fetch_look_ms, look_ms);
}

int64_t fetchings_next_ms(const struct engine *engine)
{
    if (engine->fetchings_waiting == 0 || atomic_load(&engine->draining))
        return INT64_MAX;
    int64_t left_ms = engine->fetch_look_ms - engine->now.mono_ms;
    return left_ms > 0 ? left_ms : 0;
}

/* ---- for the lanes ---- */

void fetching_want(struct engine *engine, struct lane *lane,
                   const struct delivery *delivery)
{
    if (engine->settings.media == NULL || !has_files(delivery) ||
        find(engine, delivery) != NULL)
        return;
    struct fetching *fetching = mem_new(sizeof(*fetching));
    fetching->engine = engine;
    fetching->lane = lane;
    fetching->delivery = delivery;
    fetching->message_id = delivery->message_id;
    fetching->count = (unsigned)delivery->event.content.attachment_count;
    fetching->copies = mem_new_array(fetching->count, sizeof(struct copy));
    fetching->files = mem_new_array(fetching->count, sizeof(struct file));
    fetching->links = arena_new(SIZE_MAX); /* as many as there are attachments */
    HASH_ADD(hh, engine->fetchings, message_id, sizeof(fetching->message_id), fetching);
    if (lane->fetching == NULL)
        turn_take(fetching);
}

/* What is under way ends without us. */
static void stop(struct fetching *fetching)
{
    if (fetching->state == FETCHING_WAITS)
        wait_no_more(fetching);
    if (fetching->try != NULL)
        fetch_try_leave(TAKE(fetching->try));
    fetching->state = FETCHING_IS_OVER;
    turn_give(fetching);
}

void fetching_forget(struct engine *engine, const struct delivery *delivery)
{
    struct fetching *fetching = find(engine, delivery);

    if (fetching == NULL || fetching->delivery != delivery)
        return;
    HASH_DEL(engine->fetchings, fetching);
    stop(fetching);
    arena_free(fetching->links);
    mem_free(fetching->files);
    mem_free(fetching->copies);
    mem_free(fetching);
}

int64_t fetching_wait_ms(struct engine *engine, const struct delivery *delivery)
{
    struct fetching *fetching = find(engine, delivery);

    if (fetching == NULL || fetching->state == FETCHING_IS_OVER)
        return 0;
    if (fetching->head_ms == 0)
        fetching->head_ms = engine->now.mono_ms;
    int64_t left_ms =
        fetching->head_ms + engine->config->timeouts.media - engine->now.mono_ms;
    if (left_ms > 0)
        return left_ms;
    stop(fetching);
    for (unsigned i = 0; i < fetching->count; i++)
        if (!is_settled(&fetching->copies[i]))
            set_missing(fetching, i, REASON_GENERAL_ERROR,
                        STR("it did not come in time"));
    return 0;
}

/* ---- for an attempt ---- */

static void fill_file(struct fetching *fetching, const struct bridge *bridge,
                      const struct copy *copy, struct file *out)
{
    struct engine *engine = fetching->engine;
    struct media *media = engine->settings.media;
    int64_t expires_ms = engine->now.wall_ms + engine->config->retention.media;
    struct error err;

    *out = (struct file){.descriptor = -1,
                         .missing = str_of(copy->missing),
                         .reason_code = copy->reason_code};
    if (!copy->is_kept)
        return;
    out->descriptor = media_descriptor(media, copy->kept.file, &out->size);
    if (out->descriptor < 0) {
        out->missing = STR("it is not there any more");
        return;
    }
    if (fetching->delivery->direction == DIRECTION_INBOUND) {
        (void)close(out->descriptor); /* Genesys gets links only: there may be many */
        out->descriptor = -1;
    }
    out->mime = str_of(copy->kept.mime);
    out->name = str_of(copy->kept.name);
    out->sha256 = str_of(copy->kept.sha256);
    if (media_link(media, bridge->public_url, &copy->kept, expires_ms, fetching->links,
                   &out->link, &err) != STATUS_OK)
        out->missing = arena_copy(fetching->links, str_of(err.text));
}

const struct file *fetching_open(struct engine *engine, const struct delivery *delivery,
                                 const struct bridge *bridge)
{
    struct fetching *fetching = find(engine, delivery);

    if (fetching == NULL || bridge->public_url == NULL)
        return NULL;
    arena_reset(fetching->links);
    for (unsigned i = 0; i < fetching->count; i++)
        fill_file(fetching, bridge, &fetching->copies[i], &fetching->files[i]);
    fetching->is_open = true;
    return fetching->files;
}

void fetching_close(struct engine *engine, const struct delivery *delivery)
{
    struct fetching *fetching = find(engine, delivery);

    if (fetching == NULL || !fetching->is_open)
        return;
    for (unsigned i = 0; i < fetching->count; i++)
        if (fetching->files[i].descriptor >= 0)
            (void)close(fetching->files[i].descriptor);
    fetching->is_open = false;
}
