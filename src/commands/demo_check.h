/*
 * demo_check: one message each way through a running demo, and what became of them.
 */
#pragma once

#include "demo_keeper.h"

/* Prints what happened. EXIT_OK when both arrived and the agent's mark says so. */
MUST_CHECK enum exit_code demo_check(struct demo_keeper *keeper,
                                     const struct invocation *invocation);
