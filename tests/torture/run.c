#include "run.h"

#include <stdio.h>
#include <string.h>

#include "aborts.h"
#include "inject.h"
#include "support/must.h"

#include "gateway/memory.h"

#define DIGEST_BYTES (16u * 1024 * 1024)
#define LIMIT_MS (INT64_C(1000) * 3600)
#define SEND_TRIES 30
/* So long of the gateway's time something fails, at most. */
#define ARMED_MS 3000

struct run {
    struct world *world;             /* borrowed */
    const struct scenario *scenario; /* borrowed */
    enum mode mode;
    struct disk *begin;               /* what the database is before */
    int statuses[SCENARIO_MAILS_MAX]; /* of the mails, when nothing fails */
    struct buf digest;                /* what comes of it then */
    uint64_t calls;

    /* Of this life. */
    int answers[SCENARIO_MAILS_MAX]; /* the last of each mail; 0: none */
    bool is_started;
    bool is_reloaded;
    int answers_then[SCENARIO_MAILS_MAX]; /* when the copy was made */
    struct peer_memory *peers_then;
    uint64_t aborts; /* that were seen so far */
};

static const struct {
    const char *name;
    enum inject_what what;
    bool is_vfs;
    bool goes_on;
    bool is_on_files;
} modes[MODES] = {
    [MODE_ALLOC] = {"alloc",    INJECT_ALLOCATION,  false, false, false},
    [MODE_ALLOC_ON] = {"alloc-on", INJECT_ALLOCATION,  false, true,  false},
    [MODE_VFS] = {"vfs",      INJECT_NOTHING,     true,  false, false},
    [MODE_VFS_ON] = {"vfs-on",   INJECT_NOTHING,     true,  true,  false},
    [MODE_CALL] = {"call",     INJECT_SYSTEM_CALL, false, false, true },
    [MODE_CALL_ON] = {"call-on",  INJECT_SYSTEM_CALL, false, true,  true },
};

const char *mode_name(enum mode mode)
{
    return modes[mode].name;
}

/* --- arming ------------------------------------------------------------------------
 */

static void arm(struct run *run, uint64_t nth)
{
    const struct injection injection = {
        .what = modes[run->mode].what,
        .nth = nth,
        .goes_on = modes[run->mode].goes_on,
        .everywhere = run->scenario->is_everywhere,
    };
    const struct vfs_trouble trouble = {
        .nth = modes[run->mode].is_vfs ? nth : 0,
        .goes_on = modes[run->mode].goes_on,
    };
    vfs_memory_trouble(run->world->vfs, &trouble);
    inject_arm(&injection);
}

struct aftermath {
    uint64_t calls;
    bool happened;
};

static struct aftermath disarm(struct run *run)
{
    static const struct vfs_trouble none = {.nth = 0};
    const struct vfs_memory *vfs = run->world->vfs;
    inject_disarm();
    const struct aftermath aftermath = {
        .calls = modes[run->mode].is_vfs ? vfs_memory_calls(vfs) : inject_count(),
        .happened =
            modes[run->mode].is_vfs ? vfs_memory_has_failed(vfs) : inject_happened(),
    };
    vfs_memory_trouble(run->world->vfs, &none);
    return aftermath;
}

/* --- the mails ----------------------------------------------------------------------
 */

static bool is_mail(const struct mail mails[SCENARIO_MAILS_MAX], size_t i)
{
    return i < SCENARIO_MAILS_MAX && mails[i].side != MAIL_END;
}

/* As good as without trouble; a repeat of what was refused then is a first one. */
static bool is_good(const struct run *run, size_t i, int answer)
{
    int want = run->statuses[i];
    return answer == want || (want / 100 == 2 && answer / 100 == 2);
}

static bool may_come_of_trouble(int answer)
{
    return answer == 0 || answer == 500 || answer == 503;
}

static bool send_all(struct world *world, const struct mail mails[SCENARIO_MAILS_MAX],
                     struct error *err)
{
    for (size_t i = 0; is_mail(mails, i); i++) {
        int answer = world_send(world, &mails[i]);
        if (answer == mails[i].status)
            continue;
        (void)fail(err, STATUS_FAILED,
                   "without trouble mail %zu is answered %d, not %d", i, answer,
                   mails[i].status);
        return false;
    }
    return true;
}

/* Again and again, as senders do, from the first that was not answered well. */
static bool send_rest(struct run *run, int answers[SCENARIO_MAILS_MAX],
                      struct error *err)
{
    const struct mail *mails = run->scenario->mails;
    for (size_t i = 0; is_mail(mails, i); i++) {
        int tries = 0;
        while (!is_good(run, i, answers[i]) && tries++ < SEND_TRIES) {
            answers[i] = world_send(run->world, &mails[i]);
            if (!is_good(run, i, answers[i]))
                world_pass(1000);
        }
        if (is_good(run, i, answers[i]))
            continue;
        (void)fail(err, STATUS_FAILED, "mail %zu is still answered %d, not %d", i,
                   answers[i], run->statuses[i]);
        return false;
    }
    return true;
}

/* Somebody else's, who knows nothing of it. */
static bool send_another(struct world *world, struct error *err)
{
    static const struct mail mails[SCENARIO_MAILS_MAX] = {
        {.side = MAIL_PARTNER,
         .status = 202,
         .id = "zz-w",
         .body = "{\"type\":\"message.created\",\"timestamp\":"
                 "\"2026-02-03T09:15:40.250Z\",\"data\":{\"id\":\"zz-m\",\"from\":"
                 "{\"id\":\"zz-u\"},\"text\":\"next\"}}"},
    };
    return send_all(world, mails, err);
}

/* --- the scenario
 * --------------------------------------------------------------------- */

static void script_peers(struct run *run)
{
    for (int i = 0; i < PEER_TARGETS; i++)
        peer_script(run->world->peer, (enum peer_target)i, run->scenario->acts[i]);
}

static bool has_reload(const struct run *run)
{
    return run->scenario->reload != NULL || run->scenario->reload_is_refused;
}

static enum status reload(struct run *run, struct error *err)
{
    bool is_refused = run->scenario->reload_is_refused;
    world_exempt(run->world);
    struct config *config = world_load_config(
        run->world, run->scenario->reload, is_refused ? "another" : MAIL_INTEGRATION);
    world_end_exempt(run->world);
    enum status status = world_reload(run->world, config, err);
    if (status != STATUS_OK)
        config_drop(config);
    run->is_reloaded = status == (is_refused ? STATUS_CONFLICT : STATUS_OK);
    return status;
}

/* What fails, fails in here. */
static void act(struct run *run)
{
    struct error err;
    const struct mail *mails = run->scenario->mails;
    run->is_started = run->world->is_up;
    if (!run->is_started)
        run->is_started = world_start(run->world, &err) == STATUS_OK;
    if (!run->is_started)
        return;
    for (size_t i = 0; is_mail(mails, i); i++) {
        run->answers[i] = world_send(run->world, &mails[i]);
        if (run->statuses[i] != 0 && !is_good(run, i, run->answers[i]))
            break; /* the sender keeps his order, too */
    }
    if (run->scenario->tidies)
        relay_tidy(run->world->gateway.relay, run->world->config);
    if (has_reload(run))
        (void)reload(run, &err);
    (void)world_settle(run->world, ARMED_MS);
}

static bool check_answers(const struct run *run, struct error *err)
{
    for (size_t i = 0; is_mail(run->scenario->mails, i); i++) {
        if (is_good(run, i, run->answers[i]) || may_come_of_trouble(run->answers[i]))
            continue;
        (void)fail(err, STATUS_FAILED, "in trouble mail %zu is answered %d, not %d", i,
                   run->answers[i], run->statuses[i]);
        return false;
    }
    return true;
}

/* Nothing fails any more. */
static bool recover(struct run *run, int answers[SCENARIO_MAILS_MAX], struct error *err)
{
    struct world *world = run->world;
    if (!run->is_started) {
        world_stop(world);
        if (world_start(world, err) != STATUS_OK)
            return false;
    }
    if (!send_rest(run, answers, err))
        return false;
    if (has_reload(run) && !run->is_reloaded) {
        enum status status = reload(run, err);
        if (!run->is_reloaded) {
            (void)fail(err, STATUS_FAILED, "the reload comes to %s",
                       status_name(status));
            return false;
        }
    }
    (void)world_settle(world, LIMIT_MS);
    return send_another(world, err);
}

/* --- what came of it
 * ------------------------------------------------------------------- */

static void first_difference(struct str want, struct str got, struct error *err)
{
    while (want.len > 0 || got.len > 0) {
        struct str a = str_cut(&want, '\n');
        struct str b = str_cut(&got, '\n');
        if (str_equal(a, b))
            continue;
        (void)fail(err, STATUS_FAILED, "without trouble \"%.*s\", now \"%.*s\"",
                   (int)(a.len > 160 ? 160 : a.len), a.ptr == NULL ? "" : a.ptr,
                   (int)(b.len > 160 ? 160 : b.len), b.ptr == NULL ? "" : b.ptr);
        return;
    }
}

static bool check_digest(struct run *run, struct error *err)
{
    CLEANUP(buf_release) struct buf digest;
    buf_init(&digest, DIGEST_BYTES);
    (void)world_settle(run->world, LIMIT_MS);
    if (!world_is_sound(run->world, err))
        return false;
    world_digest(run->world, &digest);
    if (run->digest.len == 0) {
        run->digest = digest;
        buf_init(&digest, DIGEST_BYTES);
        return true;
    }
    if (str_equal(buf_str(&run->digest), buf_str(&digest)))
        return true;
    /* For whoever looks with --trace. */
    (void)fprintf(stderr, "-- without trouble:\n%s-- now:\n%s",
                  buf_c_string(&run->digest), buf_c_string(&digest));
    first_difference(buf_str(&run->digest), buf_str(&digest), err);
    return false;
}

/* --- a life
 * ----------------------------------------------------------------------------- */

/* Nothing of the last life is left but the blocks it lost. */
static void clear(struct run *run)
{
    world_stop(run->world);
    peer_begin(run->world->peer);
    world_put_disk(run->world, disk_new());
    memset(run->answers, 0, sizeof(run->answers));
    run->is_reloaded = false;
}

static bool begin(struct run *run, struct error *err)
{
    struct world *world = run->world;
    world_use_disk(world, run->begin, modes[run->mode].is_on_files);
    if (run->scenario->start == START_RUNNING) {
        if (world_start(world, err) != STATUS_OK ||
            !send_all(world, run->scenario->before, err))
            return false;
        (void)world_settle(world, LIMIT_MS);
    }
    script_peers(run);
    return true;
}

static void note_copy(void *context)
{
    struct run *run = context;
    memcpy(run->answers_then, run->answers, sizeof(run->answers));
    peer_memory_free(run->peers_then);
    run->peers_then = peer_remember(run->world->peer);
}

/* A gateway on what a process left that ended for want of memory. */
static bool live_after_abort(struct run *run, struct disk *left, struct error *err)
{
    clear(run);
    world_put_disk(run->world, left);
    peer_recall(run->world->peer, run->peers_then);
    run->is_started = false;
    return recover(run, run->answers_then, err) && check_digest(run, err);
}

static bool live(struct run *run, uint64_t nth, struct aftermath *out,
                 struct error *err)
{
    clear(run);
    if (!begin(run, err))
        return false;
    aborts_watch(run->world->vfs, note_copy, run);
    arm(run, nth);
    act(run);
    *out = disarm(run);
    struct error abort_err;
    struct disk *left = aborts_take(&abort_err);
    bool is_held = check_answers(run, err) && recover(run, run->answers, err) &&
                   check_digest(run, err);
    if (is_held && abort_err.text[0] != '\0') {
        *err = abort_err;
        is_held = false;
    }
    run->aborts += left != NULL;
    if (left != NULL && is_held)
        is_held = live_after_abort(run, left, err);
    else
        disk_free(left);
    return is_held;
}

/* Libraries keep what they make once; what is lost each time is a leak. */
static bool check_leaks(struct run *run, uint64_t nth, struct error *err)
{
    struct aftermath unused;
    clear(run);
    int64_t before = inject_live();
    for (int tries = 0; tries < 3; tries++) {
        if (!live(run, nth, &unused, err))
            return false;
        clear(run);
        int64_t now = inject_live();
        if (now <= before)
            return true;
        (void)fail(err, STATUS_FAILED, "%lld blocks are never freed",
                   (long long)(now - before));
        before = now;
    }
    return false;
}

enum run_result run_injected(struct run *run, uint64_t nth, struct error *err)
{
    struct aftermath aftermath;
    clear(run);
    int64_t before = inject_live();
    if (!live(run, nth, &aftermath, err))
        return RUN_BROKEN;
    clear(run);
    if (inject_live() > before && !check_leaks(run, nth, err))
        return RUN_BROKEN;
    return aftermath.happened ? RUN_HELD : RUN_UNTOUCHED;
}

/* --- without trouble
 * --------------------------------------------------------------------- */

/* What a scenario begins with that begins with a start. */
static bool make_begin(struct run *run, struct error *err)
{
    static const struct peer_act busy[PEER_ACTS_MAX] = {
        {.manner = PEER_ANSWERS, .status = 503, .is_lasting = true}
    };
    struct world *world = run->world;
    switch (run->scenario->start) {
    case START_RUNNING:
        run->begin = disk_copy(world->empty);
        return true;
    case START_EMPTY:
        run->begin = world_make_disk(world, 0);
        return true;
    case START_OLD:
        run->begin = world_make_disk(world, 1);
        return true;
    case START_WITH_WORK:
        break;
    }
    clear(run);
    world_use_disk(world, world->empty, false);
    peer_script(world->peer, PEER_GENESYS, busy);
    peer_script(world->peer, PEER_PARTNER, busy);
    if (world_start(world, err) != STATUS_OK ||
        !send_all(world, run->scenario->before, err))
        return false;
    (void)world_settle(world, ARMED_MS);
    world_stop(world);
    run->begin = disk_copy(vfs_memory_disk(world->vfs));
    return true;
}

static bool learn(struct run *run, struct error *err)
{
    struct aftermath aftermath;
    for (size_t i = 0; is_mail(run->scenario->mails, i); i++)
        run->statuses[i] = run->scenario->mails[i].status;
    /* The first may make what libraries keep; the second must come to the same. */
    for (int i = 0; i < 2; i++) {
        if (!live(run, 0, &aftermath, err))
            return false;
        for (size_t n = 0; is_mail(run->scenario->mails, n); n++)
            if (run->answers[n] != run->statuses[n]) {
                (void)fail(err, STATUS_FAILED, "mail %zu is answered %d, not %d", n,
                           run->answers[n], run->statuses[n]);
                return false;
            }
    }
    run->calls = aftermath.calls;
    return true;
}

struct run *run_new(struct world *world, const struct scenario *scenario,
                    enum mode mode, struct error *err)
{
    struct run *run = mem_new(sizeof(*run));
    run->world = world;
    run->scenario = scenario;
    run->mode = mode;
    buf_init(&run->digest, DIGEST_BYTES);
    world_configure(world, scenario->config);
    if (make_begin(run, err) && learn(run, err))
        return run;
    run_free(run);
    return NULL;
}

void run_free(struct run *run)
{
    if (run == NULL)
        return;
    clear(run);
    peer_memory_free(run->peers_then);
    disk_free(run->begin);
    buf_release(&run->digest);
    mem_free(run);
}

uint64_t run_aborts(const struct run *run)
{
    return run->aborts;
}

uint64_t run_calls(const struct run *run)
{
    return run->calls;
}
