/*
 * sim: one gateway between simulated people, a simulated Genesys Cloud and simulated
 * partners, under a scheduler, a clock and a network that one seed decides.
 *
 * Everything runs in one thread. Time is true time in ms since the start; the gateway
 * sees it through clocks of its own. The gateway's code is the real one, from intake to
 * sender; its threads are actions here.
 */
#pragma once

#include "support/history.h"

#include "plan.h"

#include "gateway/arena.h"
#include "gateway/engine.h"
#include "gateway/relay.h"
#include "gateway/store.h"
#include "gateway/transport.h"

#define SIM_NAME_BYTES 32

struct sim;
typedef void sim_action(struct sim *sim, void *context);

struct timer {
    int64_t at_ms;
    uint64_t order; /* among those of one ms: the scheduler's choice */
    sim_action *action;
    void *context;
};

/* --- people and what they say ------------------------------------------------- */

/* One person on one bridge. Both lanes count their own messages. */
struct person {
    unsigned number; /* over all bridges */
    unsigned bridge;
    const char *id;       /* from.id */
    const char *contact;  /* of lanes */
    const char *lanes[2]; /* their names */
    int64_t next_seq[2];
    unsigned *parts[2];      /* of each message */
    bool *has_file;          /* of each INBOUND one */
    struct hook *waiting[2]; /* until the one before was answered; oldest first */
    bool is_busy[2];
};

/* A webhook of a peer: what it wants the gateway to know, until it is told so. */
struct hook {
    struct hook *next; /* waiting */
    enum intake_peer peer;
    unsigned bridge;
    struct person *person;
    enum direction direction;
    int64_t seq;    /* in its lane; -1: it stands in none */
    unsigned parts; /* in how many it has to arrive */
    struct str id;
    struct str body;
    unsigned tries;
    unsigned answered; /* highest try that has come to an end */
    int64_t first_ms;
    bool is_over;
};

/* --- the gateway --------------------------------------------------------------- */

struct flight;

struct wire {
    struct transport transport; /* first: the engine's */
    struct sim *sim;
    struct flight *flights; /* not over; oldest first */
    struct flight **last;
};

struct request;

/* One life of the gateway, from its start to its end. */
struct gateway {
    bool is_up;
    bool has_started;
    bool is_dead; /* killed: it runs on to the end of its step, without effect */
    bool is_draining;
    uint64_t life;
    int64_t started_ms;
    int64_t mono_base_ms;
    struct config *config;
    unsigned variant; /* which that is */
    struct store *store;
    struct store *reader;
    struct writer *writer;
    struct relay *relay;
    struct engine *engine;
    struct media *media; /* NULL: the plan has no files */
    struct wire wire;
    struct request *requests; /* being stored */
    int64_t writer_at_ms;     /* of the next step; INT64_MAX: none is due */
    int64_t engine_at_ms;
    int64_t poll_wait_ms; /* what the engine asked for last */
};

/* --- the peers ------------------------------------------------------------------- */

struct genesys_token {
    unsigned number; /* of the latest; older ones live until they expire */
    int64_t expires_ms;
    bool is_revoked;
};

/* --- all of it ---------------------------------------------------------------------
 */

struct sim {
    uint64_t seed;
    bool is_traced;
    struct plan plan;
    struct random random;
    struct arena *arena; /* of this seed */
    struct history *history;
    uint64_t hash;
    struct buf problems; /* a line each: what the checker does not see */
    size_t problem_count;

    int64_t now_ms;
    int64_t skew_ms; /* of the gateway's wall clock */
    bool is_healing; /* no new faults */
    unsigned reloads_under_way;
    unsigned resumed;        /* bridges by bit, since then */
    bool is_healed;          /* and what they left is mended */
    unsigned config_variant; /* what stands in the file */
    struct timer *timers;
    size_t timer_count;
    size_t timer_room;

    uint64_t names;       /* given to files */
    struct store *keeper; /* keeps the database while no gateway runs */
    bool is_disk_full;
    bool is_disk_broken;
    int64_t crash_after; /* fault points until the gateway is killed; 0: not */

    struct person people[PEOPLE_MAX];
    struct genesys_token tokens[ORGANISATIONS_MAX];
    struct hmac *partner_keys[BRIDGES_MAX];
    struct hmac *genesys_keys[BRIDGES_MAX];
    unsigned hooks_open;         /* not over */
    int64_t genesys_count;       /* ids given out */
    struct peer_id *genesys_ids; /* of ours, as each peer knows them */
    struct peer_id *partner_ids;
    uint64_t deaths;
    struct gateway gateway;
};

/* The clock of the code under test has no context. */
extern struct sim *the_sim;

#define SIM_WALL_START_MS INT64_C(1770000000000)
static inline int64_t sim_wall_ms(const struct sim *sim)
{
    return SIM_WALL_START_MS + sim->now_ms;
}

/* --- sim.c -------------------------------------------------------------------------
 */

void sim_after(struct sim *sim, int64_t delay_ms, sim_action *action, void *context);
/* Uniform in [low, high]. */
int64_t sim_between(struct sim *sim, int64_t low, int64_t high);
/* True in `permille` of a thousand cases. */
bool sim_chance(struct sim *sim, unsigned permille);
/* As sim_chance, and never once the faults are over. */
bool sim_fault(struct sim *sim, unsigned permille);
/* Goes into the trace and its hash. `what` is a literal. */
void sim_note(struct sim *sim, const char *what, int64_t a, int64_t b);
void sim_history(struct sim *sim, const struct history_event *event);
PRINTF_LIKE(2, 3)
void sim_problem(struct sim *sim, const char *format, ...);

/* The whole run. Returns the number of violations and problems; their lines are added
 * to `out`, the seed's hash is *out_hash. */
size_t sim_run(uint64_t seed, enum sim_store store, bool is_traced, struct buf *out,
               uint64_t *out_hash);

/* --- gateway.c
 * ------------------------------------------------------------------------ */

void gateway_start(struct sim *sim);
/* Now, between two steps, or at the end of the one that is running. */
void gateway_kill(struct sim *sim);
/* After each action: buries the dead, lets the threads run that have work. */
void gateway_tend(struct sim *sim);
/* In good order, and starts it again. */
void gateway_restart(struct sim *sim);
void gateway_stop(struct sim *sim);
struct now gateway_now(const struct sim *sim);
struct config *gateway_load_config(struct sim *sim, unsigned variant);
void gateway_wake_engine(struct sim *sim, int64_t delay_ms);
/* Nothing is on its way inside it. */
bool gateway_is_quiet(const struct sim *sim);

/* --- front.c
 * --------------------------------------------------------------------------- */

/* Once at most. */
typedef void front_answered(struct sim *sim, void *token, int status);
struct front_request {
    enum intake_peer peer;
    const char *bridge_name;
    const struct http_header *headers; /* in the sim's arena, as all of it */
    size_t header_count;
    struct str body;
    front_answered *answered;
    void *token;
};
void front_arrived(struct sim *sim, const struct front_request *from);
/* The process is gone: nobody is answered. After the writer has given up. */
void front_drop_all(struct sim *sim);

/* --- network.c
 * -------------------------------------------------------------------------- */

void wire_init(struct sim *sim, struct wire *wire);
/* Of either way. */
int64_t network_delay_ms(struct sim *sim);

/* --- people.c
 * ------------------------------------------------------------------------------ */

void people_make(struct sim *sim);
void people_free(struct sim *sim);
/* Plans all they will say. */
void people_plan(struct sim *sim);
/* NULL: nobody there has that id. */
struct person *person_find(struct sim *sim, unsigned bridge, struct str id);

/* --- hooks.c
 * -------------------------------------------------------------------------------- */

/* In the sim's arena, where `id` and `body` are. */
struct hook *hook_new(struct sim *sim, enum intake_peer peer, struct person *person,
                      struct str id, struct str body);
void hook_send(struct sim *sim, struct hook *hook);
/* When its turn in the lane comes. */
void hook_send_in_lane(struct sim *sim, struct hook *hook);
#define SIGNATURE_BYTES 64
void hook_sign_partner(struct sim *sim, unsigned bridge, struct str id,
                       struct str timestamp, struct str body,
                       char out[SIGNATURE_BYTES]);

/* --- operator.c
 * ------------------------------------------------------------------------------ */

/* Plans crashes, full disks, clocks, orders, reloads. */
void operator_plan(struct sim *sim);
/* Ends all of it. */
void operator_heal(struct sim *sim);
