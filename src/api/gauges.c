/*
 * gauges: what only the database knows: how old the oldest waiting delivery is, how
 * many conversations are open. Read when somebody scrapes, not more often than it may
 * cost.
 */
#include "gateway/api.h"
#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/metrics.h"
#include "gateway/store.h"

#include <pthread.h>

/* One look at the index of what is pending. */
#define OLDEST_EVERY_MS 5000
/* One walk over all conversations: half a second with a million. */
#define OPEN_EVERY_MS 60000
#define LABELS_BYTES 128

struct gauges {
    pthread_mutex_t lock;  /* of all below */
    struct store *reader;  /* borrowed; only used here */
    struct config *config; /* a reference */
    int64_t oldest_due_ms; /* mono */
    int64_t open_due_ms;
};

/* One scrape's counting. */
struct tally_of_bridges {
    const struct config *config;
    int64_t now_ms;
    double *values; /* by place of the bridge in the configuration */
};

struct gauges *gauges_new(struct store *reader, struct config *config)
{
    struct gauges *gauges = mem_new(sizeof(*gauges));
    (void)pthread_mutex_init(&gauges->lock, NULL);
    gauges->reader = reader;
    gauges->config = config_hold(config);
    return gauges;
}

void gauges_free(struct gauges *gauges)
{
    if (gauges == NULL)
        return;
    config_drop(gauges->config);
    (void)pthread_mutex_destroy(&gauges->lock);
    mem_free(gauges);
}

static void labels_of(const struct bridge *bridge, char out[LABELS_BYTES])
{
    (void)snprintf(out, LABELS_BYTES, "bridge=\"%s\"", bridge->name);
}

/* What nobody reads any more would stand still for ever. */
static void forget_removed(const struct config *old, const struct config *new)
{
    for (size_t i = 0; i < old->bridge_count; i++) {
        char labels[LABELS_BYTES];
        if (config_bridge(new, str_of(old->bridges[i].name)) != NULL)
            continue;
        labels_of(&old->bridges[i], labels);
        metrics_forget(METRIC_DELIVERY_OLDEST, labels);
        metrics_forget(METRIC_CONVERSATIONS_OPEN, labels);
    }
}

void gauges_adopt(struct gauges *gauges, struct config *config)
{
    (void)pthread_mutex_lock(&gauges->lock);
    forget_removed(gauges->config, config);
    gauges->oldest_due_ms = 0; /* new bridges are shown at once */
    gauges->open_due_ms = 0;
    config_drop(gauges->config);
    gauges->config = config_hold(config);
    (void)pthread_mutex_unlock(&gauges->lock);
}

/* The wall clock may have been set back meanwhile. */
static double age_s(int64_t now_ms, int64_t then_ms)
{
    return now_ms < then_ms ? 0 : (double)(now_ms - then_ms) / 1000.0;
}

static void oldest_seen(const struct list_cell *cells, size_t count, void *context)
{
    const struct tally_of_bridges *tally = context;
    const struct bridge *bridge = NULL;
    for (size_t i = 0; i < count; i++) {
        if (cells[i].form == LIST_TEXT)
            bridge = config_bridge(tally->config, cells[i].text);
        if (bridge != NULL && cells[i].form == LIST_TIME)
            tally->values[bridge->index] = age_s(tally->now_ms, cells[i].number);
    }
}

/* The second number of the row is the bridge's. */
static void open_seen(const struct list_cell *cells, size_t count, void *context)
{
    const struct tally_of_bridges *tally = context;
    (void)count;
    const struct bridge *bridge = config_bridge_of_row(tally->config, cells[1].number);
    if (bridge != NULL &&
        tally->now_ms - cells[2].number <= bridge->threading_window_ms)
        tally->values[bridge->index]++;
}

static int64_t widest_window(const struct config *config)
{
    int64_t widest_ms = 0;
    for (size_t i = 0; i < config->bridge_count; i++)
        if (config->bridges[i].threading_window_ms > widest_ms)
            widest_ms = config->bridges[i].threading_window_ms;
    return widest_ms;
}

/* Reads one kind and sets the metric of every bridge, also of those it does not name.
 */
static void refresh(struct gauges *gauges, enum metric metric, enum list_kind kind,
                    store_row_seen *seen, struct now now)
{
    const struct config *config = gauges->config;
    const struct list_filter filter = {.since_ms = now.wall_ms - widest_window(config),
                                       .limit = 1};
    struct tally_of_bridges tally = {
        .config = config,
        .now_ms = now.wall_ms,
        .values = mem_new_array(config->bridge_count + 1, sizeof(double)),
    };
    struct error err;
    enum status status = store_list(gauges->reader, kind, &filter, seen, &tally, &err);
    if (status != STATUS_OK)
        log_warn("metrics.unread", F_TEXT("error", err.text));
    for (size_t i = 0; i < config->bridge_count && status == STATUS_OK; i++) {
        char labels[LABELS_BYTES];
        labels_of(&config->bridges[i], labels);
        series_set(metrics_series(metric, labels), tally.values[i]);
    }
    mem_free(tally.values);
}

void gauges_refresh(struct gauges *gauges, struct now now)
{
    /* Another scrape is reading: its figures will do. */
    if (gauges == NULL || pthread_mutex_trylock(&gauges->lock) != 0)
        return;
    if (now.mono_ms >= gauges->oldest_due_ms) {
        refresh(gauges, METRIC_DELIVERY_OLDEST, LIST_OLDEST, oldest_seen, now);
        gauges->oldest_due_ms = now.mono_ms + OLDEST_EVERY_MS;
    }
    if (now.mono_ms >= gauges->open_due_ms) {
        refresh(gauges, METRIC_CONVERSATIONS_OPEN, LIST_ACTIVE, open_seen, now);
        gauges->open_due_ms = now.mono_ms + OPEN_EVERY_MS;
    }
    (void)pthread_mutex_unlock(&gauges->lock);
}
