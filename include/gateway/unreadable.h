/*
 * unreadable: what is authentic but not understood, kept raw as a dead letter. Pure;
 * any thread.
 */
#pragma once

#include "gateway/crypto.h"
#include "gateway/event.h"

/* Room for the name of an unreadable event. A decoder takes it before it fills its
 * arena with what it reads: there must be a way to keep what does not fit. */
#define UNREADABLE_NAME_BYTES (2 * SHA256_BYTES + 1)

/*
 * Fills an event that is kept by its bytes: nothing in them could be trusted to name
 * it, so a repeat is known by their hash. `raw` and `name` must live as long as the
 * event.
 */
MUST_CHECK enum status event_unreadable(struct str raw, enum id_side side,
                                        char name[UNREADABLE_NAME_BYTES],
                                        struct event *out, struct error *err);
