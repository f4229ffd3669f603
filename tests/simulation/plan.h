/*
 * plan: what a seed decides before its run begins: how many people, which settings,
 * which faults and how often. Each kind of fault is off in many seeds, so that
 * combinations vary.
 */
#pragma once

#include "gateway/random.h"
#include "gateway/text.h"

#define BRIDGES_MAX 3
#define ORGANISATIONS_MAX 2
#define PEOPLE_MAX 12
/* Base64 of a partner's secret, by the bridge's number + 1. */
#define PARTNER_SECRET "MDEyMzQ1Njc4OWFi%u2RlZjAxMjM0NTY3ODlhYmNkZWY="

enum sim_store { SIM_MEMORY, SIM_SQLITE };

struct plan_bridge {
    unsigned organisation;
    bool reports;   /* the partner sends receipts */
    bool tells_all; /* statuses: all */
    bool shows_typing;
    bool repeats; /* on_unknown: repeat */
    bool ends_on_left;
    unsigned text_max;
    int64_t window_ms;
};

struct plan {
    enum sim_store store;
    unsigned organisations;
    unsigned bridges;
    unsigned people;
    unsigned events;       /* that people and agents cause */
    int64_t traffic_ms;    /* time in which they do */
    int64_t trouble_ms;    /* and in which there are faults */
    bool waits_for_answer; /* a person's next event waits for the 2xx of the last */
    unsigned requests_per_minute;
    int64_t token_life_ms;
    int64_t lane_memory;
    int64_t retry_first_ms;
    int64_t retry_ceiling_ms;
    int64_t give_up_ms;
    struct plan_bridge bridge[BRIDGES_MAX];
    unsigned files; /* permille of the customers' messages that bring one */
    int64_t media_ms;

    /* The network and the peers, in permille of the requests. */
    int64_t delay_max_ms;
    unsigned unreachable; /* nothing was sent */
    unsigned request_lost;
    unsigned answer_lost; /* reset, or nothing until the time-out */
    unsigned doubled;     /* a webhook comes twice at once */
    unsigned error_500;
    unsigned error_502; /* half of them after it was taken */
    unsigned slow_down;
    unsigned denied;      /* 401 to a good token */
    unsigned poison;      /* messages that the peer never takes */
    unsigned early;       /* messages that Genesys reports on, at once */
    bool genesys_forgets; /* a repeat gets a new id */

    /* The gateway and its machine; how often in the run. */
    unsigned crashes;
    unsigned point_crashes; /* at a fault point */
    unsigned restarts;
    unsigned full_disks;
    unsigned broken_disks; /* calls of the database fail */
    unsigned clock_jumps;
    unsigned pauses;
    unsigned replays;
    unsigned reloads;
    unsigned failing_points; /* permille of those that can fail */
    int64_t commit_max_ms;
    int64_t down_max_ms; /* between a death and the next start */
};

void plan_make(struct plan *plan, enum sim_store store, uint64_t seed,
               struct random *random);
/* The gateway's configuration. `variant` 0 is that of the start. */
void plan_write_config(const struct plan *plan, unsigned variant, struct buf *out);
