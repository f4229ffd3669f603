/*
 * ask: what options say, read strictly, and whether a person means it.
 */
#pragma once

#include "command.h"

#include "gateway/store.h"

/* The filter that the options of a list say; `limit` when they name none. */
MUST_CHECK enum exit_code ask_filter(const struct invocation *invocation,
                                     unsigned limit, struct list_filter *out);
/* A positive whole number, e.g. of a delivery. */
MUST_CHECK bool ask_number(const char *text, int64_t *out);
/*
 * Whether to go on with what cannot be taken back: by --yes, or by a person's word on
 * the terminal. Says the question, and what to do where nobody can answer.
 */
MUST_CHECK enum exit_code ask_consent(const struct invocation *invocation,
                                      const char *question);
