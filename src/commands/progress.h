/*
 * progress: how far long work is, on stderr: a bar on a terminal once it has taken a
 * second, a line every ten seconds elsewhere. What ends sooner is not mentioned.
 */
#pragma once

#include "command.h"

struct progress {
    bool is_terminal;
    bool is_drawn;
    int64_t started_ms;
    int64_t said_ms;
};

void progress_start(struct progress *progress);
/* `done` of `all` of it; 0 of 0 is nothing yet. */
void progress_move(struct progress *progress, const char *what, int64_t done,
                   int64_t all);
/* Takes the bar away, so that what follows stands alone. */
void progress_end(struct progress *progress);

/* What is to be written now, if anything: for tests, which bring their own time. */
void progress_line(struct progress *progress, const char *what, int64_t done,
                   int64_t all, int64_t now_ms, struct buf *out);

/* From now on Ctrl-C and SIGTERM are only noted, so that long work can clean up. */
void interrupts_catch(void);
bool interrupts_came(void);
/* Ends the process as the signal would have. */
void interrupts_obey(void);
