#include "gateway/conversation.h"

bool conversation_joins(int64_t last_ms, int64_t now_ms, int64_t window_ms)
{
    if (last_ms >= now_ms)
        return true; /* the clock went back: a future activity counts as now */
    return now_ms - last_ms <= window_ms;
}

int64_t conversation_activity(int64_t last_ms, int64_t now_ms)
{
    return now_ms > last_ms ? now_ms : last_ms;
}
