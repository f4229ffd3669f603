/*
 * verifier: what the checks of a SQLite database share: whom they tell, and how far
 * they are.
 */
#pragma once

#include "copier.h"
#include "sqlite.h"

struct verifier {
    struct sqlite_store *store;
    const struct store_watch *watch; /* borrowed */
    bool is_older;                   /* the schema */
    const char *check;               /* the running one */
    unsigned found;                  /* by it */
    int64_t base;                    /* of all weights: those of the checks before it */
    int64_t weight;                  /* of it */
    int64_t all;                     /* weights */
    int64_t misses;                  /* of SQLite's cache, where the check began */
    int64_t pages; /* of the file; 0: the running check does not say */
};

/* A finding of the running check; after a hundred only once more, that there are more.
 */
void verifier_found(struct verifier *verifier, struct str where, struct str what);
void verifier_foundf(struct verifier *verifier, struct str where, const char *format,
                     ...) PRINTF_LIKE(3, 4);
/* Each row of a query: where, and what is wrong there. */
MUST_CHECK enum status verifier_found_rows(struct verifier *verifier, struct query *q,
                                           struct error *err);
/* `done` of `all` of the running check. STATUS_RETRY: whoever watches wants to stop. */
MUST_CHECK enum status verifier_moved(struct verifier *verifier, int64_t done,
                                      int64_t all, struct error *err);

/* ids_verify.c: partitions, their filters, and that every message is found by its id.
 */
MUST_CHECK enum status verify_partitions(struct verifier *verifier, struct error *err);
MUST_CHECK enum status verify_public_ids(struct verifier *verifier, struct error *err);
