/*
 * conversation: the threading window. Pure; any thread.
 */
#pragma once

#include "gateway/base.h"

#define THREADING_WINDOW_DEFAULT_MS (INT64_C(72) * 60 * 60 * 1000)

/*
 * Whether an event accepted at `now_ms` joins the conversation whose last activity was
 * at `last_ms`: now - last <= window. A last activity in the future counts as now.
 * Source: design.md section 4, "Window".
 */
bool conversation_joins(int64_t last_ms, int64_t now_ms, int64_t window_ms);
/* The new last activity: never below the old one. */
int64_t conversation_activity(int64_t last_ms, int64_t now_ms);
