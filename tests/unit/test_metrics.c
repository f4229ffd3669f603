#include "support/expect.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/metrics.h"

static struct str print_page(struct buf *page)
{
    buf_clear(page);
    metrics_print(page);
    assert_true(buf_ok(page));
    return buf_str(page);
}

/* Whether the page has exactly this line. */
static bool has_line(struct str page, const char *want)
{
    while (page.len > 0) {
        if (str_is(str_cut(&page, '\n'), want))
            return true;
    }
    return false;
}

/* The value of the line that starts with `name` and a blank; NAN when there is none. */
static double value_of(struct str page, const char *name)
{
    while (page.len > 0) {
        struct str line = str_cut(&page, '\n');
        int64_t blank = str_find_byte(line, ' ');
        if (blank > 0 && str_is(str_sub(line, 0, (size_t)blank), name))
            return strtod(line.ptr + blank + 1, NULL);
    }
    return (double)NAN;
}

static void counters_and_gauges_are_printed(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf page;
    buf_init(&page, 1 << 20);
    struct series *accepted =
        metrics_series(METRIC_WEBHOOK_REQUESTS, "bridge=\"acme\",result=\"accepted\"");
    series_add(accepted, 1);
    series_add(accepted, 2);
    struct series *pending = metrics_series(METRIC_DELIVERIES_PENDING, "");
    series_set(pending, 10);
    series_add(pending, -0.5);
    assert_true(series_value(pending) == 9.5);

    struct str text = print_page(&page);
    assert_true(has_line(text, "# TYPE omgw_webhook_requests_total counter"));
    assert_true(has_line(text, "# HELP omgw_webhook_requests_total Webhook requests by "
                               "bridge, peer and result"));
    assert_true(has_line(
        text, "omgw_webhook_requests_total{bridge=\"acme\",result=\"accepted\"} 3"));
    assert_true(has_line(text, "# TYPE omgw_deliveries_pending gauge"));
    assert_true(has_line(text, "omgw_deliveries_pending 9.5"));
    assert_false(has_line(text, "# TYPE omgw_db_wal_bytes gauge")); /* never used */
}

static void series_are_the_same_for_the_same_labels(void **state)
{
    (void)state;
    struct series *one = metrics_series(METRIC_DB_ERRORS, "a=\"1\"");
    assert_ptr_equal(one, metrics_series(METRIC_DB_ERRORS, "a=\"1\""));
    assert_ptr_not_equal(one, metrics_series(METRIC_DB_ERRORS, "a=\"2\""));
    assert_ptr_not_equal(one, metrics_series(METRIC_DB_COMMITS, "a=\"1\""));
}

static void numbers_are_exact_and_plain(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *want;
    } cases[] = {
        {0,                 "omgw_db_wal_bytes 0"           },
        {-3,                "omgw_db_wal_bytes -3"          },
        {0.001,             "omgw_db_wal_bytes 0.001"       },
        {1e9,               "omgw_db_wal_bytes 1000000000"  },
        {999999999999.0,    "omgw_db_wal_bytes 999999999999"},
        {1e300,             "omgw_db_wal_bytes 1e+300"      },
        {(double)INFINITY,  "omgw_db_wal_bytes +Inf"        },
        {-(double)INFINITY, "omgw_db_wal_bytes -Inf"        },
        {(double)NAN,       "omgw_db_wal_bytes NaN"         },
    };
    CLEANUP(buf_release) struct buf page;
    buf_init(&page, 1 << 20);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        series_set(metrics_series(METRIC_DB_WAL, ""), cases[i].value);
        expect_true(cases[i].want, has_line(print_page(&page), cases[i].want));
    }
}

static void histograms_count_into_cumulative_buckets(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf page;
    buf_init(&page, 1 << 20);
    struct series *commit = metrics_series(METRIC_DB_COMMIT, "");
    /* The first: of a wall clock that was set back. */
    static const double values[] = {-3600, 0.001, 0.0011, 0.5, 10, 11};
    for (size_t i = 0; i < COUNT_OF(values); i++)
        series_observe(commit, values[i]);

    struct str text = print_page(&page);
    static const char *const want[] = {
        "# TYPE omgw_db_commit_duration_seconds histogram",
        "omgw_db_commit_duration_seconds_bucket{le=\"0.001\"} 2",
        "omgw_db_commit_duration_seconds_bucket{le=\"0.0025\"} 3",
        "omgw_db_commit_duration_seconds_bucket{le=\"0.25\"} 3",
        "omgw_db_commit_duration_seconds_bucket{le=\"0.5\"} 4",
        "omgw_db_commit_duration_seconds_bucket{le=\"10\"} 5",
        "omgw_db_commit_duration_seconds_bucket{le=\"+Inf\"} 6",
        "omgw_db_commit_duration_seconds_sum 21.5021",
        "omgw_db_commit_duration_seconds_count 6",
    };
    for (size_t i = 0; i < COUNT_OF(want); i++)
        expect_true(want[i], has_line(text, want[i]));
    assert_false(
        has_line(text, "omgw_db_commit_duration_seconds_bucket{le=\"3600\"} 5"));
}

static void end_to_end_reaches_an_hour(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf page;
    buf_init(&page, 1 << 20);
    struct series *end_to_end = metrics_series(METRIC_END_TO_END, "bridge=\"acme\"");
    series_observe(end_to_end, 3600);
    series_observe(end_to_end, 3601);
    struct str text = print_page(&page);
    static const char *const want[] = {
        "omgw_end_to_end_duration_seconds_bucket{bridge=\"acme\",le=\"1800\"} 0",
        "omgw_end_to_end_duration_seconds_bucket{bridge=\"acme\",le=\"3600\"} 1",
        "omgw_end_to_end_duration_seconds_bucket{bridge=\"acme\",le=\"+Inf\"} 2",
        "omgw_end_to_end_duration_seconds_count{bridge=\"acme\"} 2",
    };
    for (size_t i = 0; i < COUNT_OF(want); i++)
        expect_true(want[i], has_line(text, want[i]));
}

static void forgetting_hides_one_gauge(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf page;
    buf_init(&page, 1 << 20);
    static const char labels[] = "bridge=\"gone\"";
    struct series *paused = metrics_series(METRIC_PAUSED, labels);
    series_set(paused, 1);
    series_set(metrics_series(METRIC_PAUSED, "bridge=\"stays\""), 1);
    series_set(metrics_series(METRIC_DELIVERY_OLDEST, labels), 1);
    assert_true(has_line(print_page(&page), "omgw_paused{bridge=\"gone\"} 1"));

    metrics_forget(METRIC_PAUSED, labels);
    series_set(paused, 1); /* a late writer does not bring it back */
    struct str text = print_page(&page);
    assert_true(isnan(value_of(text, "omgw_paused{bridge=\"gone\"}")));
    assert_true(has_line(text, "omgw_paused{bridge=\"stays\"} 1"));
    assert_true(has_line(text, "omgw_delivery_oldest_seconds{bridge=\"gone\"} 1"));

    metrics_forget(METRIC_PAUSED, "bridge=\"unknown\"");
    assert_ptr_equal(metrics_series(METRIC_PAUSED, labels), paused); /* it is back */
    assert_true(has_line(print_page(&page), "omgw_paused{bridge=\"gone\"} 1"));
}

static void forgetting_starts_again_from_zero(void **state)
{
    (void)state;
    static const char labels[] = "bridge=\"again\"";
    series_set(metrics_series(METRIC_DEAD_LETTERS, labels), 5);
    metrics_forget(METRIC_DEAD_LETTERS, labels);
    assert_true(series_value(metrics_series(METRIC_DEAD_LETTERS, labels)) == 0);
}

static void process_metrics_are_true(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf page;
    buf_init(&page, 1 << 20);
    struct str text = print_page(&page);
    assert_true(has_line(text, "omgw_build_info{version=\"" OMGW_VERSION "\"} 1"));
    assert_true(value_of(text, "process_resident_memory_bytes") > 1e5);
    assert_true(value_of(text, "process_cpu_seconds_total") > 0);
    double now = (double)clock_now().wall_ms / 1000;
    double start = value_of(text, "process_start_time_seconds");
    assert_true(start <= now + 1 && start > now - 3600);

    double fds = value_of(text, "process_open_fds");
    int one_more = open("/dev/null", O_RDONLY | O_CLOEXEC);
    text = print_page(&page);
    assert_true(value_of(text, "process_open_fds") == fds + 1);
    assert_true(value_of(text, "process_start_time_seconds") == start);
    (void)close(one_more);
}

static void a_page_past_its_ceiling_says_so(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf page;
    buf_init(&page, 100);
    metrics_print(&page);
    assert_false(buf_ok(&page));
}

#define THREADS 4
#define ADDS_EACH 5000

static void *add_many(void *context)
{
    (void)context;
    struct series *counter = metrics_series(METRIC_DB_COMMITS, "");
    struct series *histogram = metrics_series(METRIC_WEBHOOK_ACK, "");
    for (int i = 0; i < ADDS_EACH; i++) {
        series_add(counter, 1);
        series_observe(histogram, 1);
    }
    return NULL;
}

static void threads_lose_no_addition(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, NULL), 0);
    CLEANUP(buf_release) struct buf page;
    buf_init(&page, 1 << 20);
    (void)print_page(&page); /* while they write */
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    struct str text = print_page(&page);
    assert_true(has_line(text, "omgw_db_commits_total 20000"));
    assert_true(has_line(text, "omgw_webhook_ack_duration_seconds_sum 20000"));
    assert_true(has_line(text, "omgw_webhook_ack_duration_seconds_count 20000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_and_gauges_are_printed),
        cmocka_unit_test(series_are_the_same_for_the_same_labels),
        cmocka_unit_test(numbers_are_exact_and_plain),
        cmocka_unit_test(histograms_count_into_cumulative_buckets),
        cmocka_unit_test(end_to_end_reaches_an_hour),
        cmocka_unit_test(forgetting_hides_one_gauge),
        cmocka_unit_test(forgetting_starts_again_from_zero),
        cmocka_unit_test(process_metrics_are_true),
        cmocka_unit_test(a_page_past_its_ceiling_says_so),
        cmocka_unit_test(threads_lose_no_addition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
