#include "gateway/metrics.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#include "gateway/hash_table.h"
#include "metrics_process.h"

enum kind { COUNTER, GAUGE, HISTOGRAM };

static const char *const kind_names[] = {
    [COUNTER] = "counter",
    [GAUGE] = "gauge",
    [HISTOGRAM] = "histogram",
};

static const struct {
    enum kind kind;
    const char *name;
    const char *help;
} table[METRIC_COUNT] = {
#define X(id, kind, name, help) [METRIC_##id] = {kind, name, help},
    METRICS_TABLE(X)
#undef X
};

/* Upper bounds in seconds. End to end goes on to the ages at which retries are seen. */
static const double bounds[] = {.001, .0025, .005, .01, .025, .05, .1,
                                .25,  .5,    1,    2.5, 5,    10,  30,
                                60,   120,   300,  600, 1800, 3600};
#define BOUNDS_SHORT 13
#define BOUNDS_MAX COUNT_OF(bounds)

struct series {
    enum metric metric;
    char *labels;
    bool is_forgotten;         /* guarded by registry_lock */
    _Atomic double value;      /* of a histogram: the sum of what was observed */
    _Atomic uint64_t *buckets; /* of a histogram, each for itself, the last for +Inf */
    struct UT_hash_handle hh;  /* guarded by registry_lock */
};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct series *registry[METRIC_COUNT]; /* guarded by registry_lock */

static size_t bound_count(enum metric metric)
{
    return metric == METRIC_END_TO_END ? BOUNDS_MAX : BOUNDS_SHORT;
}

/* With the lock held; NULL when there is none. The complexity is uthash's macro. */
/* NOLINTNEXTLINE(readability-function-cognitive-complexity) */
static struct series *find(enum metric metric, const char *labels)
{
    struct series *series = NULL;
    HASH_FIND_STR(registry[metric], labels, series);
    return series;
}

/* With the lock held. The complexity is uthash's macro. */
/* NOLINTNEXTLINE(readability-function-cognitive-complexity) */
static struct series *make(enum metric metric, const char *labels)
{
    struct series *series = mem_new(sizeof(*series));
    series->metric = metric;
    series->labels = mem_copy_string(labels);
    if (table[metric].kind == HISTOGRAM)
        series->buckets =
            mem_new_array(bound_count(metric) + 1, sizeof(*series->buckets));
    size_t len = strlen(labels); /* not in the macro, which would ask at every byte */
    HASH_ADD_KEYPTR(hh, registry[metric], series->labels, len, series);
    return series;
}

struct series *metrics_series(enum metric metric, const char *labels)
{
    (void)pthread_mutex_lock(&registry_lock);
    struct series *series = find(metric, labels);
    if (series == NULL)
        series = make(metric, labels);
    series->is_forgotten = false;
    (void)pthread_mutex_unlock(&registry_lock);
    return series;
}

void series_add(struct series *series, double value)
{
    double old = atomic_load_explicit(&series->value, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(
        &series->value, &old, old + value, memory_order_relaxed, memory_order_relaxed))
        ;
}

void series_set(struct series *series, double value)
{
    atomic_store_explicit(&series->value, value, memory_order_relaxed);
}

void series_observe(struct series *series, double seconds)
{
    size_t count = bound_count(series->metric);
    size_t at = 0;
    if (!(seconds >
          0)) /* of two looks at a wall clock that was set back between them */
        seconds = 0;
    while (at < count && seconds > bounds[at])
        at++;
    atomic_fetch_add_explicit(&series->buckets[at], 1, memory_order_relaxed);
    series_add(series, seconds);
}

double series_value(const struct series *series)
{
    return atomic_load_explicit(&series->value, memory_order_relaxed);
}

void metrics_forget(enum metric metric, const char *labels)
{
    assert(table[metric].kind == GAUGE); /* a counter must not start anew */
    (void)pthread_mutex_lock(&registry_lock);
    struct series *series = find(metric, labels);
    if (series != NULL) {
        /* Others may hold the pointer: hidden, not freed. */
        series->is_forgotten = true;
        series_set(series, 0);
    }
    (void)pthread_mutex_unlock(&registry_lock);
}

static void print_number(struct buf *out, double value)
{
    if (isnan(value))
        buf_add(out, STR("NaN"));
    else if (isinf(value))
        buf_add(out, value > 0 ? STR("+Inf") : STR("-Inf"));
    else if (fabs(value) < 1e15 && trunc(value) == value)
        buf_printf(out, "%.0f", value);
    else
        buf_printf(out, "%.15g", value);
}

/* name[_suffix][{labels}] value */
static void print_sample(struct buf *out, const struct series *series,
                         const char *suffix, double value)
{
    bool has_labels = series->labels[0] != '\0';
    buf_printf(out, "%s%s%s%s%s ", table[series->metric].name, suffix,
               has_labels ? "{" : "", series->labels, has_labels ? "}" : "");
    print_number(out, value);
    buf_add_char(out, '\n');
}

static void print_bucket(struct buf *out, const struct series *series, double bound,
                         uint64_t count)
{
    buf_printf(out, "%s_bucket{%s%sle=\"", table[series->metric].name, series->labels,
               series->labels[0] != '\0' ? "," : "");
    print_number(out, bound);
    buf_printf(out, "\"} %llu\n", (unsigned long long)count);
}

static void print_histogram(struct buf *out, const struct series *series)
{
    size_t count = bound_count(series->metric);
    uint64_t below = 0; /* Prometheus buckets count everything up to their bound */
    for (size_t i = 0; i <= count; i++) {
        below += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
        print_bucket(out, series, i < count ? bounds[i] : (double)INFINITY, below);
    }
    print_sample(out, series, "_sum", series_value(series));
    print_sample(out, series, "_count", (double)below);
}

/* With the lock held. */
static void print_metric(struct buf *out, enum metric metric)
{
    bool is_announced = false;
    for (const struct series *series = registry[metric]; series != NULL;
         series = series->hh.next) {
        if (series->is_forgotten)
            continue;
        if (!is_announced)
            buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", table[metric].name,
                       table[metric].help, table[metric].name,
                       kind_names[table[metric].kind]);
        is_announced = true;
        if (table[metric].kind == HISTOGRAM)
            print_histogram(out, series);
        else
            print_sample(out, series, "", series_value(series));
    }
}

static void refresh_process(void)
{
    series_set(metrics_series(METRIC_BUILD_INFO, "version=\"" OMGW_VERSION "\""), 1);
    series_set(metrics_series(METRIC_PROCESS_RSS, ""), process_rss_bytes());
    series_set(metrics_series(METRIC_PROCESS_CPU, ""), process_cpu_seconds());
    series_set(metrics_series(METRIC_PROCESS_FDS, ""), process_open_fds());
    /* Asked once: it is reckoned from two clocks and would tremble. */
    struct series *start = metrics_series(METRIC_PROCESS_START, "");
    if (!(series_value(start) > 0))
        series_set(start, process_start_seconds());
}

void metrics_print(struct buf *out)
{
    refresh_process();
    (void)pthread_mutex_lock(&registry_lock);
    for (size_t metric = 0; metric < METRIC_COUNT; metric++)
        print_metric(out, (enum metric)metric);
    (void)pthread_mutex_unlock(&registry_lock);
}
