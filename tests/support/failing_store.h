/*
 * failing_store: walks every error path of what uses a store, on a memory: database
 * whose n-th call fails. Header only, because its programs link the store, others do
 * not.
 */
#pragma once

#include "support/expect.h"

#include "store/memory.h"

static inline struct store *failing_store_open(void)
{
    const struct store_options options = {.mode = STORE_WRITER, .may_migrate = true};
    struct store *store = NULL;
    struct error err;
    expect_status("open memory:", STATUS_OK,
                  store_open("memory:", &options, &store, &err));
    return store;
}

/* What is tried, inside a transaction. */
typedef enum status failing_scenario(struct store *store, void *context,
                                     struct error *err);

/*
 * Runs `prepare` on a new store, then `scenario` with its first call failing; then all
 * of it with the second; until no call is left to fail. Each failure must come out as
 * STATUS_RETRY with a text; the sound run must end in `want`. Returns the number of
 * calls.
 */
static inline unsigned failing_store_walk(failing_scenario *prepare,
                                          failing_scenario *scenario, void *context,
                                          enum status want)
{
    for (unsigned nth = 1;; nth++) {
        struct store *store = failing_store_open();
        struct error err = {.text = ""};
        expect_status("begin", STATUS_OK, store_begin(store, &err));
        if (prepare != NULL)
            expect_status("prepare", STATUS_OK, prepare(store, context, &err));

        memory_store_fail(store, nth, MEMORY_FAILS_CALL);
        enum status status = scenario(store, context, &err);
        bool has_failed = memory_store_has_failed(store);
        store_rollback(store);
        store_close(store);
        expect_status("scenario", has_failed ? STATUS_RETRY : want, status);
        if (!has_failed)
            return nth - 1;
        expect_true("a failure says why", err.text[0] != '\0');
    }
}
