/*
 * change: many deliveries changed by the running gateway, batch after batch.
 */
#pragma once

#include "command.h"

struct store;
struct list_filter;

/* Numbers of deliveries, with the message each carries. */
struct picked {
    int64_t delivery;
    int64_t message;
};
struct picks {
    struct picked *items; /* owned */
    size_t count;
    size_t room;
};
void picks_release(struct picks *picks); /* also for CLEANUP */
void picks_add(struct picks *picks, int64_t delivery, int64_t message);
/* In the order in which the messages were accepted. */
void picks_sort(struct picks *picks);

/*
 * Sends all of them to the path of the control socket, at most a write job's worth at a
 * time, with progress on a terminal; then says what came of it, `done` being the word
 * for what was changed. EXIT_TROUBLE: not one was changed.
 */
MUST_CHECK enum exit_code change_all(const struct invocation *invocation,
                                     const struct config *config, const char *path,
                                     const struct picks *picks, const char *done);
