/*
 * genesys: Genesys Cloud's Open Messaging protocol, both ways. Pure; see source.h and
 * sender.h for which thread calls what.
 */
#pragma once

#include "gateway/sender.h"
#include "gateway/setup.h"
#include "gateway/source.h"

/* What Genesys Cloud posts to us. */
extern const struct source genesys_source;
/* What we post to Genesys Cloud; its credential_next asks for OAuth tokens. */
extern const struct sender genesys_sender;
/* Whether the organisation lets us in, and the integration posts to this bridge. */
extern const struct setup_plan genesys_setup;
