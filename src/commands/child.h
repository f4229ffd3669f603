/*
 * child: a program started beside this one, heard line by line, and ended with it.
 *
 * Its output and errors come by one pipe. It is in a process group of its own, so that
 * Ctrl-C reaches this program alone, which then ends the children in order; and it is
 * ended by the system should this program be killed. The thread that started it must
 * live as long as it.
 */
#pragma once

#include "gateway/status.h"
#include "gateway/text.h"

#include <sys/types.h>

#define CHILD_LAST_LINES 8

struct child {
    const char *name;                   /* for people */
    pid_t pid;                          /* 0: not started */
    int output;                         /* reading end; -1: closed */
    struct buf line;                    /* what has no end yet */
    char *last_lines[CHILD_LAST_LINES]; /* that are no log lines, oldest first */
    bool has_ended;
    int wait_status; /* of waitpid, once it has ended */
};

typedef void child_heard(void *context, struct str line);

/*
 * `program` is looked for beside our own executable, then in PATH; NULL: our own.
 * `argv` ends with NULL. STATUS_NOT_FOUND  there is none
 */
MUST_CHECK enum status child_start(struct child *child, const char *name,
                                   const char *program, char *const argv[],
                                   char *const environment[], struct error *err);
/* Tells of each line that came; never waits. */
void child_hear(struct child *child, child_heard *heard, void *context);
/* Whether it has ended; never waits. */
bool child_has_ended(struct child *child);
/* Sends a signal, if it still runs. */
void child_signal(const struct child *child, int signal_number);
/* How it ended, with its last words, on stderr. */
void child_say_end(const struct child *child);
/* Waits for its end. */
void child_wait(struct child *child);
/* Kills it if it still runs, and forgets it. */
void child_release(struct child *child);
