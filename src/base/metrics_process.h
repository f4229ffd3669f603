/*
 * metrics_process: what the operating system knows about this process. Private to base.
 */
#pragma once

#include "gateway/base.h"

double process_rss_bytes(void);
double process_cpu_seconds(void);
double process_open_fds(void);
/* Unix time. */
double process_start_seconds(void);
