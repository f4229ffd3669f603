#include "internal.h"

#include "gateway/memory.h"

static const char *const result_names[WEBHOOK_RESULT_COUNT] = {
    [WEBHOOK_ACCEPTED] = "accepted",           [WEBHOOK_DUPLICATE] = "duplicate",
    [WEBHOOK_BAD_SIGNATURE] = "bad_signature", [WEBHOOK_INVALID] = "invalid",
    [WEBHOOK_OVERLOAD] = "overload",           [WEBHOOK_ERROR] = "error",
};

static const char *const peer_names[2] = {
    [INTAKE_CHANNEL] = "channel",
    [INTAKE_GENESYS] = "genesys",
};

static struct series *series_of(enum metric metric, const char *bridge,
                                const char *label, const char *value,
                                const char *label_2, const char *value_2)
{
    char labels[256];
    int len = snprintf(labels, sizeof(labels), "bridge=\"%s\"", bridge);
    if (label != NULL)
        len += snprintf(labels + len, sizeof(labels) - (size_t)len, ",%s=\"%s\"", label,
                        value);
    if (label_2 != NULL)
        (void)snprintf(labels + len, sizeof(labels) - (size_t)len, ",%s=\"%s\"",
                       label_2, value_2);
    return metrics_series(metric, labels);
}

static void tally_make_series(struct tally *tally)
{
    const char *name = tally->name;
    for (unsigned peer = 0; peer < 2; peer++) {
        for (unsigned result = 0; result < WEBHOOK_RESULT_COUNT; result++)
            tally->webhooks[peer][result] =
                series_of(METRIC_WEBHOOK_REQUESTS, name, "peer", peer_names[peer],
                          "result", result_names[result]);
        tally->ack[peer] =
            series_of(METRIC_WEBHOOK_ACK, name, "peer", peer_names[peer], NULL, NULL);
    }
    for (unsigned d = 0; d < 2; d++) {
        const char *direction = direction_name((enum direction)d);
        tally->end_to_end[d] =
            series_of(METRIC_END_TO_END, name, "direction", direction, NULL, NULL);
        for (unsigned o = 0; o < OUTCOME_COUNT; o++)
            tally->outcomes[d][o] =
                series_of(METRIC_DELIVERIES, name, "direction", direction, "outcome",
                          outcome_name((enum outcome)o));
    }
    tally->pending_gauge =
        series_of(METRIC_DELIVERIES_PENDING, name, NULL, NULL, NULL, NULL);
    tally->dead_gauge = series_of(METRIC_DEAD_LETTERS, name, NULL, NULL, NULL, NULL);
    tally->possible_duplicates =
        series_of(METRIC_POSSIBLE_DUPLICATES, name, NULL, NULL, NULL, NULL);
    tally->conflicts = series_of(METRIC_KEY_CONFLICTS, name, NULL, NULL, NULL, NULL);
    tally->unreadable = series_of(METRIC_UNREADABLE, name, NULL, NULL, NULL, NULL);
}

/* Their bridge is empty: what they name is not ours to count by. */
struct series *tally_strangers(enum intake_peer peer)
{
    return series_of(METRIC_WEBHOOK_REQUESTS, "", "peer", peer_names[peer], "result",
                     result_names[WEBHOOK_BAD_SIGNATURE]);
}

struct tally *tally_find(const struct relay *relay, struct str bridge_name)
{
    struct tally *tally = relay->tallies;
    while (tally != NULL && !str_is(bridge_name, tally->name))
        tally = tally->next;
    return tally;
}

struct tally *tally_of_row(const struct relay *relay, int64_t bridge_row)
{
    struct tally *tally = relay->tallies;
    while (tally != NULL && tally->bridge_row != bridge_row)
        tally = tally->next;
    return tally;
}

struct tally *tally_new(struct relay *relay, const char *bridge_name,
                        int64_t bridge_row)
{
    struct tally *tally = mem_new(sizeof(*tally));
    tally->name = mem_copy_string(bridge_name);
    tally->bridge_row = bridge_row;
    tally_make_series(tally);
    tally->next = relay->tallies;
    relay->tallies = tally;
    return tally;
}

void tally_free_all(struct relay *relay)
{
    while (relay->tallies != NULL) {
        struct tally *tally = relay->tallies;
        relay->tallies = tally->next;
        mem_free(tally->name);
        mem_free(tally);
    }
}

void tally_moved(struct tally *tally, int64_t pending, int64_t dead)
{
    if (pending != 0)
        series_set(tally->pending_gauge,
                   (double)(atomic_fetch_add(&tally->pending, pending) + pending));
    if (dead != 0)
        series_set(tally->dead_gauge,
                   (double)(atomic_fetch_add(&tally->dead, dead) + dead));
}
