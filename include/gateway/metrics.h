/*
 * metrics: counters, gauges and histograms from one table, in Prometheus text.
 *
 * A series is one metric with one set of label values; find it once, keep the pointer,
 * and adding costs one atomic. Series live until the process ends. Any thread.
 */
#pragma once

#include "gateway/text.h"

#define METRICS_TABLE(X)                                                               \
    X(WEBHOOK_REQUESTS, COUNTER, "omgw_webhook_requests_total",                        \
      "Webhook requests by bridge, peer and result")                                   \
    X(WEBHOOK_ACK, HISTOGRAM, "omgw_webhook_ack_duration_seconds",                     \
      "Time from a request's first byte to its answer")                                \
    X(END_TO_END, HISTOGRAM, "omgw_end_to_end_duration_seconds",                       \
      "Time from acceptance to the peer's answer")                                     \
    X(DELIVERIES, COUNTER, "omgw_deliveries_total",                                    \
      "Attempts ended, by bridge, direction and outcome")                              \
    X(DELIVERIES_PENDING, GAUGE, "omgw_deliveries_pending",                            \
      "Deliveries accepted and not yet done, dead or dropped")                         \
    X(DELIVERY_OLDEST, GAUGE, "omgw_delivery_oldest_seconds",                          \
      "Age of the oldest pending delivery")                                            \
    X(POSSIBLE_DUPLICATES, COUNTER, "omgw_possible_duplicates_total",                  \
      "Sends repeated although the first may have arrived")                            \
    X(KEY_CONFLICTS, COUNTER, "omgw_key_conflicts_total",                              \
      "Repeats of a known key with another body; the first won")                       \
    X(UNREADABLE, COUNTER, "omgw_unreadable_total",                                    \
      "Authentic events that could not be read, kept as dead letters")                 \
    X(DEAD_LETTERS, GAUGE, "omgw_dead_letters", "Deliveries given up")                 \
    X(CONVERSATIONS_OPEN, GAUGE, "omgw_conversations_open",                            \
      "Conversations with activity inside the threading window")                       \
    X(PAUSED, GAUGE, "omgw_paused", "1 while the scope is paused")                     \
    X(TOKEN_REQUESTS, COUNTER, "omgw_token_requests_total",                            \
      "OAuth token requests ended, by account and outcome")                            \
    X(HTTP_REFUSED, COUNTER, "omgw_http_refused_total",                                \
      "Requests refused before anybody looked for their bridge, by status")            \
    X(DB_COMMIT, HISTOGRAM, "omgw_db_commit_duration_seconds",                         \
      "Time of one commit, sync included")                                             \
    X(DB_BATCH, COUNTER, "omgw_db_jobs_total", "Write jobs committed")                 \
    X(DB_COMMITS, COUNTER, "omgw_db_commits_total", "Transactions committed")          \
    X(DB_ERRORS, COUNTER, "omgw_db_errors_total", "Transactions that failed")          \
    X(DB_WAL, GAUGE, "omgw_db_wal_bytes", "Size of the write-ahead log")               \
    X(CONFIG_RELOAD, GAUGE, "omgw_config_last_reload_successful",                      \
      "1 if the last reload was taken")                                                \
    X(ADMIN_REFUSED, COUNTER, "omgw_admin_refused_total",                              \
      "Requests to the admin listener without a token of the role")                    \
    X(BUILD_INFO, GAUGE, "omgw_build_info", "Always 1; the version is a label")        \
    X(PROCESS_RSS, GAUGE, "process_resident_memory_bytes", "Resident memory")          \
    X(PROCESS_CPU, COUNTER, "process_cpu_seconds_total", "User and system CPU time")   \
    X(PROCESS_FDS, GAUGE, "process_open_fds", "Open file descriptors")                 \
    X(PROCESS_START, GAUGE, "process_start_time_seconds", "Start, Unix time")

enum metric {
#define X(id, kind, name, help) METRIC_##id,
    METRICS_TABLE(X)
#undef X
        METRIC_COUNT,
};

struct series;

/*
 * `labels` is the inside of the braces, already in Prometheus form, e.g.
 * bridge="acme",result="accepted"; empty for none. Made on first use.
 */
struct series *metrics_series(enum metric metric, const char *labels);
void series_add(struct series *series, double value);
void series_set(struct series *series, double value);
/* One value of a histogram, in seconds. */
void series_observe(struct series *series, double seconds);
double series_value(const struct series *series);
/* Shows a gauge no more until it is asked for again, e.g. that of a removed bridge. */
void metrics_forget(enum metric metric, const char *labels);

/* The whole page, Prometheus text format 0.0.4. */
void metrics_print(struct buf *out);
