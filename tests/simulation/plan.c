#include "plan.h"

#define MINUTE_MS 60000
/* None of the seeds that failed before has files by it. */
#define FILES_SALT 5
#define HOUR_MS (INT64_C(60) * MINUTE_MS)

static int64_t between(struct random *random, int64_t low, int64_t high)
{
    return low + (int64_t)random_below(random, (uint64_t)(high - low) + 1);
}

static bool one_in(struct random *random, unsigned n)
{
    return random_below(random, n) == 0;
}

/* 0 in two of three seeds; else up to `most`, small values as likely as large ones. */
static unsigned rate(struct random *random, unsigned most)
{
    if (!one_in(random, 3))
        return 0;
    unsigned scale = one_in(random, 2) ? most : most / 4 + 1;
    return (unsigned)between(random, 1, scale);
}

static int64_t one_of(struct random *random, const int64_t *values, size_t count)
{
    return values[random_below(random, count)];
}
#define ONE_OF(random, ...)                                                            \
    one_of(random, (const int64_t[]){__VA_ARGS__},                                     \
           sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static void make_bridge(struct plan *plan, unsigned index, struct random *random)
{
    plan->bridge[index] = (struct plan_bridge){
        .organisation = (unsigned)random_below(random, plan->organisations),
        .reports = one_in(random, 2),
        .tells_all = one_in(random, 2),
        .shows_typing = one_in(random, 2),
        .repeats = !one_in(random, 4),
        .ends_on_left = one_in(random, 2),
        .text_max = one_in(random, 4) ? (unsigned)between(random, 30, 60) : 20000,
        .window_ms = ONE_OF(random, 500, 5000, MINUTE_MS, 72 * HOUR_MS),
    };
}

static void make_settings(struct plan *plan, struct random *random)
{
    plan->organisations = 1 + (unsigned)random_below(random, ORGANISATIONS_MAX);
    plan->bridges = 1 + (unsigned)random_below(random, BRIDGES_MAX);
    plan->people = (unsigned)between(random, plan->bridges, PEOPLE_MAX);
    for (unsigned i = 0; i < plan->bridges; i++)
        make_bridge(plan, i, random);
    plan->requests_per_minute = (unsigned)ONE_OF(random, 0, 0, 60, 300, 1200);
    plan->token_life_ms = ONE_OF(random, 5000, 70000, 600000, 86400000);
    plan->lane_memory = ONE_OF(random, 1, 2000, 8000, 64 * 1024 * 1024);
    plan->retry_first_ms = ONE_OF(random, 20, 200, 1000);
    plan->retry_ceiling_ms = ONE_OF(random, 1000, 10000, 5 * MINUTE_MS);
    plan->give_up_ms = ONE_OF(random, 10000, 72 * HOUR_MS, 72 * HOUR_MS);
    plan->waits_for_answer = one_in(random, 2);
}

static void make_traffic(struct plan *plan, struct random *random)
{
    plan->events = (unsigned)between(random, 5, one_in(random, 8) ? 120 : 40);
    plan->traffic_ms = ONE_OF(random, 50, 2000, 20000, 5 * MINUTE_MS);
}

static void make_network(struct plan *plan, struct random *random)
{
    plan->delay_max_ms = ONE_OF(random, 1, 20, 200, 4000);
    plan->unreachable = rate(random, 300);
    plan->request_lost = rate(random, 200);
    plan->answer_lost = rate(random, 300);
    plan->doubled = rate(random, 300);
    plan->error_500 = rate(random, 300);
    plan->error_502 = rate(random, 300);
    plan->slow_down = rate(random, 200);
    plan->denied = rate(random, 100);
    plan->poison = rate(random, 100);
    plan->early = rate(random, 500);
    plan->genesys_forgets = one_in(random, 2);
}

static void make_trouble(struct plan *plan, struct random *random)
{
    plan->crashes = rate(random, 4);
    plan->point_crashes = rate(random, 4);
    plan->restarts = rate(random, 2);
    plan->full_disks = rate(random, 2);
    plan->broken_disks = rate(random, 4);
    plan->clock_jumps = rate(random, 3);
    plan->pauses = rate(random, 2);
    plan->replays = rate(random, 4);
    plan->reloads = rate(random, 3);
    plan->failing_points = rate(random, 200);
    plan->commit_max_ms = ONE_OF(random, 0, 5, 50, 3000);
    plan->down_max_ms = ONE_OF(random, 0, 1000, 20000);
    plan->trouble_ms = plan->traffic_ms + ONE_OF(random, 0, 5000, MINUTE_MS);
}

/* By chance of their own: seeds without them do what they did before there were any. */
static void make_files(struct plan *plan, uint64_t seed)
{
    struct random random;
    random_seed(&random, seed ^ FILES_SALT);
    if (one_in(&random, 3))
        plan->files = (unsigned)between(&random, 50, 500);
    plan->media_ms = ONE_OF(&random, 3000, 20000, MINUTE_MS);
}

void plan_make(struct plan *plan, enum sim_store store, uint64_t seed,
               struct random *random)
{
    *plan = (struct plan){.store = store};
    make_settings(plan, random);
    make_traffic(plan, random);
    make_network(plan, random);
    make_trouble(plan, random);
    make_files(plan, seed);
}

/* --- as the gateway reads it ------------------------------------------------ */

static const char *yes(bool is_so)
{
    return is_so ? "true" : "false";
}

static void write_organisation(const struct plan *plan, unsigned index,
                               unsigned variant, struct buf *out)
{
    unsigned per_minute = plan->requests_per_minute;
    if (variant == 1)
        per_minute = per_minute == 0 ? 600 : per_minute * 2;
    buf_printf(out,
               "  - { name: org%u, api_url: \"http://api%u\", login_url: "
               "\"http://login%u\", client_id: id%u, client_secret: secret%u, "
               "requests_per_minute: %u, connections: 16 }\n",
               index, index, index, index, variant, per_minute);
}

static void write_bridge(const struct plan *plan, unsigned index, unsigned variant,
                         struct buf *out)
{
    const struct plan_bridge *bridge = &plan->bridge[index];
    buf_printf(out,
               "  - { name: b%u, channel: partner, genesys: org%u, integration_id: "
               "5a1d3a52-0000-4000-8000-00000000000%u, genesys_secrets: [ { value: "
               "genesys-secret-of-bridge-%u } ], threading_window: %lldms, on_unknown: "
               "%s, end_on_left: %s, connections: 16, ",
               index, bridge->organisation, index, index,
               (long long)(variant == 1 ? bridge->window_ms * 2 : bridge->window_ms),
               bridge->repeats ? "repeat" : "fail", yes(bridge->ends_on_left));
    buf_printf(out,
               "partner: { callback_url: \"http://partner%u/\", secrets: [ { value: "
               "\"whsec_" PARTNER_SECRET "\" } ], receipts: "
               "%s, statuses: %s, typing: %s, text_max: %u } }\n",
               index, index + 1, yes(bridge->reports),
               bridge->tells_all ? "all" : "failed", yes(bridge->shows_typing),
               bridge->text_max);
}

void plan_write_config(const struct plan *plan, unsigned variant, struct buf *out)
{
    /* Variant 2 has lost a bridge, if there is more than one. */
    unsigned bridges =
        variant == 2 && plan->bridges > 1 ? plan->bridges - 1 : plan->bridges;
    buf_printf(out,
               "public_url: http://127.0.0.1\n"
               "database: \"sqlite:/unused\"\n"
               "limits: { lane_memory: %lld, disk_reserve: 0 }\n"
               "timeouts: { media: %lldms }\n"
               "retry: { first: %lldms, ceiling: %lldms, give_up_genesys: %lldms, "
               "give_up_channel: %lldms, give_up_alone: 15m, probe: 5s }\n"
               "genesys:\n",
               (long long)plan->lane_memory, (long long)plan->media_ms,
               (long long)plan->retry_first_ms, (long long)plan->retry_ceiling_ms,
               (long long)plan->give_up_ms, (long long)plan->give_up_ms);
    for (unsigned i = 0; i < plan->organisations; i++)
        write_organisation(plan, i, variant, out);
    buf_add(out, STR("bridges:\n"));
    for (unsigned i = 0; i < bridges; i++)
        write_bridge(plan, i, variant, out);
}
