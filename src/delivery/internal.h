/*
 * internal: what the files of delivery share. Everything here belongs to the engine
 * thread, except the two queues and the atomics of struct engine.
 *
 *   account   an organisation, or a bridge's channel account: credential, bucket,
 * limit, down flow      one bridge in one direction: pauses, the lanes that are ready
 *   lane      the ordered deliveries of one contact in one direction; a receipt is a
 * lane of its own, and so is a contact's typing run       one attempt under way
 */
#pragma once

#include "gateway/arena.h"
#include "gateway/channel.h"
#include "gateway/engine.h"
#include "gateway/flights.h"
#include "gateway/hash_table.h"
#include "gateway/media.h"
#include "gateway/parts.h"
#include "gateway/queue.h"
#include "rate.h"

#include <pthread.h>
#include <stdatomic.h>

/* The database did not give what memory has room for: ask again. */
#define REFILL_RETRY_MS 1000
/* Typing older than this is not shown any more. Source: design.md section 6. */
#define TYPING_LIFE_MS 5000

static inline int64_t min_ms(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

enum lane_state {
    LANE_IDLE,    /* nothing to do */
    LANE_READY,   /* in its flow's ready list */
    LANE_WAITING, /* in the timers */
    LANE_BUSY,    /* a run is under way or being recorded */
};

struct lane_key {
    int64_t row;       /* contact; of receipts the message; of typing a hash */
    int32_t class;     /* enum delivery_class */
    int32_t direction; /* enum direction */
};

struct lane {
    struct lane_key key;
    struct flow *flow;
    struct delivery *first; /* owned */
    struct delivery *last;
    int64_t last_id; /* highest id ever held; later ones are new */
    bool overflowed; /* the database has more than is held */
    bool was_cut;    /* the first to be read may have been sent by the run before */
    enum lane_state state;
    struct fetching *fetching; /* whose files come now; NULL: all did */
    bool waits_for_files;      /* while waiting: they may end it */
    int64_t failing_since_ms;  /* mono; 0: the head has not failed */
    uint64_t failed_at_count;  /* account's successes when the head first failed */
    int64_t due_ms;            /* mono; while waiting */
    size_t timer;              /* place in the timers; while waiting */
    struct lane *next_ready;
    UT_hash_handle hh;
};

struct lane_list {
    struct lane *first;
    struct lane *last;
};

enum flow_pause {
    FLOW_PAUSED_ORGANISATION = 1,
    FLOW_PAUSED_BRIDGE = 2,
    FLOW_NOT_CONFIGURED = 4,
    FLOW_PAUSED_OPERATOR = 8,
};
/* These end by the gateway's own trying. */
#define FLOW_PROBED (FLOW_PAUSED_ORGANISATION | FLOW_PAUSED_BRIDGE)

/* Of a paused scope: one attempt at a time is let through. */
struct probe {
    int64_t at_ms; /* mono: the next one */
    bool is_under_way;
};

struct flow {
    int64_t bridge_row;
    enum direction direction;
    struct account *account;
    struct lane_list ready[3]; /* by class */
    unsigned pauses;           /* bits of enum flow_pause */
    int64_t paused_since_ms;
    int64_t paused_total_ms;
    struct probe probe;                /* of FLOW_PAUSED_BRIDGE */
    struct series *paused_gauge;       /* NULL until its bridge was configured once */
    struct series *organisation_gauge; /* likewise; INBOUND only */
    struct pace contact_pace;          /* the channel's; OUTBOUND only */
    int64_t typing_every_ms;           /* likewise */
    bool typing_names_message;         /* likewise */
    bool notes_heard;                  /* the channel wants it; INBOUND only */
    struct fetching *fetchings;        /* wait for time or place; oldest first */
    unsigned fetches;                  /* tries under way, waited for or not */
    struct flow *next;                 /* ring of the account's flows */
};

struct account {
    char *name;
    enum direction direction; /* INBOUND: an organisation */
    const struct sender *sender;
    struct bucket bucket;
    struct pace pace;      /* the channel's */
    int64_t due_us;        /* of the pace */
    int64_t held_row;      /* contact that a 429 held last */
    int64_t held_until_ms; /* mono; the longest such hold */
    unsigned slow_downs; /* in a row that paused it, each behind the end of the last */
    unsigned in_flight;
    unsigned limit;
    struct flow *flows; /* ring; the next one to serve */

    struct credential credential;
    char *token;               /* owned; credential.token borrows */
    int64_t refresh_due_ms;    /* mono; INT64_MAX: never */
    struct token_fetch *fetch; /* under way, or NULL */
    struct run *parked;        /* wait for a credential */
    char *identity;            /* URLs and client id: a change starts anew */
    char *secret;

    unsigned failures;       /* in a row */
    const void *failed_lane; /* identity of the first lane of the row */
    bool failed_lanes_differ;
    bool is_down;
    bool is_probing;    /* the one attempt of a peer that is down is under way */
    struct probe probe; /* of FLOW_PAUSED_ORGANISATION, for all flows of it */
    int64_t down_probe_at_ms;
    int64_t down_span_ms;
    uint64_t successes;
    size_t lanes; /* with something to do */
    struct account *next;
};

enum token_kind { TOKEN_RUN, TOKEN_CREDENTIAL, TOKEN_FETCH };

/* One attempt under way. First member: what the transport's token points to. */
struct run {
    enum token_kind kind;
    struct engine *engine;
    struct lane *lane;
    struct account *account; /* the flow's when it started */
    struct config *config;   /* a reference */
    struct arena *arena;
    struct attempt attempt;
    struct sender_result result;
    struct report report;
    struct now started;
    int64_t recorded_ms; /* mono: when it was handed to the recorder */
    bool may_have_arrived;
    bool is_marked;      /* OUTCOME_SENDING is committed for the exchange that waits */
    unsigned flight;     /* its slot among what is on its way */
    bool probes_flow;    /* it is the one attempt that its paused flow lets through */
    bool probes_account; /* likewise of its organisation */
    struct run *next;    /* parked, recording or pooled */
};

struct token_fetch {
    enum token_kind kind;
    struct engine *engine;
    struct account *account;
    struct config *config; /* a reference */
    const struct bridge *bridge;
    struct arena *arena;
    struct sender_result result;
};

struct engine {
    struct engine_settings settings;
    struct config *config; /* a reference */
    pthread_mutex_t wake_lock;
    struct transport *transport; /* NULL before the start and after the cut; changes
                                    guarded by wake_lock */
    struct random random;
    struct now now;
    int64_t started_ms;     /* mono */
    int64_t wall_offset_ms; /* the wall clock was ahead of mono by at least that */

    struct lane *lanes; /* by key */
    size_t lane_bytes;  /* of deliveries held */
    size_t typing_lanes;
    struct flow **flows; /* owned */
    size_t flow_count;
    struct account *accounts;
    struct heard *heard;                /* by contact; owned */
    struct contact_pace *contact_paces; /* by contact; owned */
    size_t contact_sweep_at;            /* so many are looked through */
    struct lane **timers;               /* binary heap by due_ms */
    size_t timer_count;
    size_t timer_room;
    struct run *pool;
    _Atomic size_t runs;   /* under way: exchange, parked or recording; any thread */
    struct run *recording; /* oldest first */
    struct run **recording_last;
    size_t recording_count;
    int64_t receipts_after; /* refill receipts of messages above this row */
    bool receipts_overflowed;

    struct fetching *fetchings; /* by message */
    size_t fetchings_waiting;   /* in the lists of the flows */
    unsigned fetches;           /* tries under way, also those that nobody waits for */
    size_t fetch_turn;          /* the flow that is looked at first */
    int64_t fetch_look_ms;      /* mono: when those that wait are looked at */

    struct queue *offers;  /* of struct offer */
    struct queue *filed;   /* of struct filing */
    struct queue *reports; /* of struct report */
    struct queue *orders;  /* of struct order */
    _Atomic(struct config *) adopt;
    bool is_starting;   /* the lanes are read for the first time */
    atomic_bool rescan; /* an offer found no room */
    atomic_bool draining;
};

/* Starts an exchange; fails once the engine was cut. */
MUST_CHECK enum status engine_start_exchange(struct engine *engine,
                                             const struct exchange *exchange,
                                             void *token, struct error *err);

/* --- lanes (lane.c)
 * --------------------------------------------------------------------- */

/* Takes a delivery over: appends, replaces (receipt, typing), or drops what the lane
 * will read from the store. */
void lane_offer(struct engine *engine, struct delivery *delivery);
struct lane *lane_make(struct engine *engine, struct lane_key key, struct flow *flow);
/* Makes sure the head is in memory; NULL: the lane is empty (and may be gone). */
struct delivery *lane_head(struct engine *engine, struct lane *lane);
/* The head is settled: frees it. */
void lane_pop(struct engine *engine, struct lane *lane);
/* Ready if it has something to do, else gone. The lane must be idle or busy. */
void lane_settle(struct engine *engine, struct lane *lane);
void lane_ready(struct engine *engine, struct lane *lane);
/* Leaves to the store what is held, while memory is full. Only between two attempts. */
void lane_unload(struct engine *engine, struct lane *lane);
/*
 * Leaves all but what is under way to the store, whose oldest pending delivery of the
 * lane is `first_id`: an offer was lost, and what is held may have a gap.
 */
void lane_read_again(struct engine *engine, struct lane *lane, int64_t first_id);
/* The files of a delivery are there, or known to be missing: its lane may go on. */
void lane_has_files(struct engine *engine, const struct delivery *delivery);
/* Forgets what is held; the lane stays until the next start or rescan. */
void lane_forget(struct engine *engine, struct lane *lane);
void lanes_free(struct engine *engine);
void lane_list_add(struct lane_list *list, struct lane *lane);
struct lane *lane_list_take(struct lane_list *list);
/* Drops what waits of a flow; what is under way ends by itself. */
void lanes_drop_flow(struct engine *engine, struct flow *flow);

/* --- timers (timers.c)
 * ---------------------------------------------------------------------------- */

void lane_wait(struct engine *engine, struct lane *lane, int64_t due_ms);
/* A lane that waits does no more: it is ready, or just out of the heap. */
void timer_end(struct engine *engine, struct lane *lane);
void timer_remove(struct engine *engine, const struct lane *lane);
void timers_free(struct engine *engine);
/* Lanes whose wait is over become ready. */
void timers_fire(struct engine *engine);
/* Mono ms of the next one; INT64_MAX: none. */
int64_t timers_next(const struct engine *engine);
/* Every waiting lane of the account becomes ready. */
void timers_clear_account(struct engine *engine, const struct account *account);

/* --- typing (lane.c)
 * ------------------------------------------------------------------------------ */

/* Drops typing that nobody wants to see any more. */
void typing_expire(struct engine *engine);
/* Names bridge and contact, whatever rows they have. */
uint64_t typing_hash(const struct delivery *delivery);
bool typing_is_stale(const struct engine *engine, const struct delivery *delivery);

/* --- accounts and flows (account.c)
 * ------------------------------------------------------- */

struct flow *flow_of(struct engine *engine, int64_t bridge_row,
                     enum direction direction);
/* What an attempt's outcome says about the peer: down or up. */
void account_failed(struct engine *engine, struct account *account,
                    const struct lane *lane);
void account_works(struct engine *engine, struct account *account);
void account_set_token(struct engine *engine, struct account *account, struct str token,
                       int64_t lifetime_ms);
/* Drops a token past its life. */
void account_check_token(struct engine *engine, struct account *account);
/* Fits limits and identities to the current configuration. */
void accounts_configure(struct engine *engine);
void accounts_free(struct engine *engine);

/* --- pauses (pause.c)
 * -----------------------------------------------------------------------------------
 */

/* Mono ms without the pauses: what ages are measured in. */
int64_t flow_active_ms(const struct engine *engine, const struct flow *flow);
void flow_pause(struct engine *engine, struct flow *flow, unsigned bit);
void flow_resume(struct engine *engine, struct flow *flow, unsigned bits);
/* Whether an attempt may start now; whatever holds it, INT64_MAX in *out_again_ms or
 * the mono ms of the next probe. */
bool flow_may_start(const struct engine *engine, const struct flow *flow,
                    int64_t *out_again_ms);
/* The run is the probe of what pauses its flow, until it is closed. */
void run_probe(struct run *run);
void run_end_probe(struct run *run);
/* Pauses all flows that a broken outcome concerns. */
void account_pause(struct engine *engine, struct flow *flow, enum pause_scope scope);
/* Those that the store keeps, for the bridges of the current configuration. */
MUST_CHECK enum status pauses_load(struct engine *engine, struct error *err);
void orders_take(struct engine *engine, bool obey);
void orders_give(void *context, int64_t bridge_row, enum bridge_order order);

/* --- paces (pace.c)
 * -----------------------------------------------------------------------------------
 */

/* 0: the contact may be sent to now; else how long until it may. */
int64_t contact_wait_ms(const struct engine *engine, const struct lane *lane);
void contact_spend(struct engine *engine, const struct lane *lane);
/* After a 429 that was said of the lane's contact. */
void contact_hold(struct engine *engine, const struct lane *lane, int64_t span_ms);
/* After one that may have been said of the account: whether it was. It was when a
 * second contact hears it while the first is still held. */
bool account_hears_second_hold(const struct engine *engine, const struct lane *lane,
                               int64_t span_ms);
void contact_paces_free(struct engine *engine);
/* Bucket and pace of an account. */
int64_t account_pace_wait_ms(struct engine *engine, struct account *account);
void account_spend(struct engine *engine, struct account *account);

/* --- what was heard (heard.c)
 * ---------------------------------------------------------------- */

/* Notes what the contact said last, where its channel wants to know. */
void heard_note(struct engine *engine, const struct flow *flow,
                const struct delivery *delivery);
/* Of the contact that typing is shown to; empty: nothing since the start. */
struct str heard_find(const struct engine *engine, const struct delivery *delivery);
/* Whether it is time to show typing again; it counts as shown then. */
bool heard_shows_typing(struct engine *engine, const struct flow *flow,
                        const struct delivery *delivery);
void heard_free(struct engine *engine);

/* --- runs (run.c)
 * ---------------------------------------------------------------------------- */

/* Starts an attempt of the lane's head. False: no room anywhere, nothing changed. */
bool run_start(struct engine *engine, struct lane *lane);
void run_answered(struct run *run, const struct reply *reply);
/* The report came back committed (or stale). */
void run_recorded(struct run *run);
/* With a new credential, or without one (outcome of the fetch). */
void run_unpark_all(struct engine *engine, struct account *account,
                    const struct sender_result *failed);
void runs_free_pool(struct engine *engine);

/* --- files (fetching.c, fetch.c)
 * ---------------------------------------------------------------- */

/* The delivery is held in memory from now on, or not any more. */
void fetching_want(struct engine *engine, struct lane *lane,
                   const struct delivery *delivery);
void fetching_forget(struct engine *engine, const struct delivery *delivery);
/* How long the lane's head still waits for its files; 0: not at all. */
int64_t fetching_wait_ms(struct engine *engine, const struct delivery *delivery);
/* The files for an attempt, until fetching_close; NULL: they are only named. */
const struct file *fetching_open(struct engine *engine, const struct delivery *delivery,
                                 const struct bridge *bridge);
void fetching_close(struct engine *engine, const struct delivery *delivery);
/* Begins what may begin. */
void fetchings_round(struct engine *engine);
/* A try has ended: soon, another may begin. */
void fetchings_look(struct engine *engine);
/* How long until something may begin; INT64_MAX: an event. */
int64_t fetchings_next_ms(const struct engine *engine);

/* What came of a try: DONE with `kept`, RETRY, SLOW_DOWN, or refused. */
struct fetch_end {
    enum outcome outcome;
    const struct media_file *kept;
    int64_t pause_ms; /* -1: not said */
    enum reason_code reason_code;
    struct str reason; /* borrowed during the call */
};
/* The try is over and gone. */
void fetching_got(struct fetching *fetching, const struct fetch_end *end);

struct fetch_try *fetch_try_new(struct fetching *owner, struct engine *engine,
                                const struct delivery *delivery,
                                const struct bridge *bridge, unsigned ordinal);
/* May end it at once. */
void fetch_try_begin(struct fetch_try *try);
/* Nobody waits for it any more: it ends by itself, and tells nobody. */
void fetch_try_leave(struct fetch_try *try);
void fetch_answered(struct fetch_try *try, const struct reply *reply);
/* A filing came back. */
void fetch_filed(struct filing *filing);

/* --- reports (report.c)
 * ---------------------------------------------------------------------------- */

/* Fills the run's report with how its attempt stands. */
void run_report(struct run *run);

/* --- verdicts (verdict.c)
 * ------------------------------------------------------------------------ */

/* The end of an exchange: may turn the run's outcome into giving up, and tells account,
 * flow and bucket, before it is recorded. */
void verdict_of(struct run *run);
bool verdict_is_failure(enum outcome outcome);
/* Whether the peer may hear the same again when its answer was lost. */
bool verdict_may_repeat(const struct run *run);
/* What the delivery's age is now. */
int64_t verdict_age_ms(const struct run *run);

/* --- credentials (credential.c)
 * ---------------------------------------------------------------- */

/* Its counters are there from the start. */
void credential_announce(const struct account *account);
void credential_want(struct engine *engine, struct account *account,
                     const struct bridge *bridge, struct config *config);
void credential_answered(struct token_fetch *fetch, const struct reply *reply);

/* --- schedule (schedule.c)
 * ----------------------------------------------------------------------- */

/* Starts what may start now; returns how long until something may (INT64_MAX: an
 * event). */
int64_t schedule_round(struct engine *engine);
