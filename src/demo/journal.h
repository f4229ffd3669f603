/*
 * journal: what a line of the gateway's log says of a message's way. Pure.
 */
#pragma once

#include "gateway/json.h"

/* {"what": "log", "at": ms, "event": ..., ...}, the caller's; NULL when the line is
 * none that the page shows, or no JSON. */
struct json *journal_read(struct str line);
