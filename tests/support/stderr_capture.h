/*
 * stderr_capture: what a test writes to stderr goes to a file of memory meanwhile: the
 * log, mostly.
 */
#pragma once

#include <stdbool.h>

struct stderr_capture {
    int real_stderr;
    int file;
    char text[256 * 1024];
};

/* False: the system refused. */
bool stderr_capture_start(struct stderr_capture *capture);
bool stderr_capture_stop(struct stderr_capture *capture);
/* What was written since the last call; in the capture until the next. */
const char *stderr_captured(struct stderr_capture *capture);
