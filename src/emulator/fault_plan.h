/*
 * fault_plan: what shall go wrong, as a test ordered it.
 *
 * Without a plan nothing fails. Faults are matched in the order they were ordered; the
 * first that fits a request is used, and is gone after its number of times. Belongs to
 * the front thread.
 */
#pragma once

#include "gateway/json.h"

enum fault_route {
    FAULT_MESSAGE,
    FAULT_RECEIPT,
    FAULT_EVENT,
    FAULT_STRUCTURED,
    FAULT_TOKEN,
    FAULT_AGENTLESS,
    FAULT_MEDIA,
    FAULT_CONVERSATIONS,
    FAULT_INTEGRATIONS,
    FAULT_ANY,
};

enum fault_kind {
    FAULT_NONE,        /* it goes well */
    FAULT_STATUS,      /* takes nothing, answers `status` */
    FAULT_DELAY,       /* takes it, answers `delay_ms` later */
    FAULT_DROP_BEFORE, /* reads it, takes nothing, closes */
    FAULT_DROP_AFTER,  /* takes it, closes without an answer */
    FAULT_DROP_RESET,  /* reads it, takes nothing, resets the connection */
};

struct fault {
    enum fault_kind kind;
    int status;
    int64_t delay_ms;
    int64_t retry_after_s; /* 0: as the status has it */
};

struct fault_plan {
    struct planned_fault *first;
    bool asks_contact; /* some fault is for one contact only */
};

/* As POST /_emulator/faults takes it; says what does not fit. */
MUST_CHECK bool fault_plan_add(struct fault_plan *plan, const struct json *order,
                               struct error *err);
void fault_plan_clear(struct fault_plan *plan);
/* The fault for a request, one time of it used up. */
struct fault fault_plan_take(struct fault_plan *plan, enum fault_route route,
                             struct str contact);
/* The faults that are left, as a JSON array. */
void fault_plan_print(const struct fault_plan *plan, struct buf *out);
