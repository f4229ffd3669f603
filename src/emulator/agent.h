/*
 * agent: the other side of the conversations: says things, and hears what became of
 * them.
 */
#pragma once

#include "emulator.h"
#include "normalized.h"

/* Sends a message or an event to the conversation's webhook. NULL: a list is full. */
struct message *agent_say(struct emulator *emulator, struct conversation *conversation,
                          const struct speech *speech);
/* Sends the webhook of an outbound message once more, the same bytes. */
MUST_CHECK bool agent_repeat(struct emulator *emulator, const struct message *message);
/* Sends the receipt of an inbound message. `reasons` may be NULL. False: full. */
MUST_CHECK bool agent_tell_outcome(struct emulator *emulator,
                                   const struct message *message, struct str status,
                                   const struct json *reasons);
/* Takes what the courier has to report: attempts are listed, messages marked. */
void agent_hear(struct emulator *emulator);
