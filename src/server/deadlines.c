#include "deadlines.h"

#include <utlist.h>

void deadline_set(struct deadlines *deadlines, struct deadline *deadline,
                  enum deadline_kind kind, int64_t now_ms)
{
    deadline_clear(deadlines, deadline);
    if (deadlines->span_ms[kind] == 0)
        return;
    deadline->kind = kind;
    deadline->due_ms = now_ms + deadlines->span_ms[kind];
    DL_APPEND(deadlines->first[kind], deadline);
}

void deadline_tighten(struct deadlines *deadlines, struct deadline *deadline,
                      enum deadline_kind kind, int64_t now_ms)
{
    int64_t span_ms = deadlines->span_ms[kind];
    bool is_set = deadline->prev != NULL;
    if (span_ms != 0 && (!is_set || deadline->due_ms > now_ms + span_ms))
        deadline_set(deadlines, deadline, kind, now_ms);
}

void deadline_clear(struct deadlines *deadlines, struct deadline *deadline)
{
    if (deadline->prev == NULL)
        return;
    DL_DELETE(deadlines->first[deadline->kind], deadline);
    deadline->prev = NULL;
    deadline->next = NULL;
}

struct deadline *deadlines_take_due(struct deadlines *deadlines, int64_t now_ms)
{
    for (int kind = 0; kind < DEADLINE_KINDS; kind++) {
        struct deadline *first = deadlines->first[kind];
        if (first != NULL && first->due_ms <= now_ms) {
            deadline_clear(deadlines, first);
            return first;
        }
    }
    return NULL;
}

int64_t deadlines_next_ms(const struct deadlines *deadlines)
{
    int64_t next_ms = INT64_MAX;
    for (int kind = 0; kind < DEADLINE_KINDS; kind++) {
        const struct deadline *first = deadlines->first[kind];
        if (first != NULL && first->due_ms < next_ms)
            next_ms = first->due_ms;
    }
    return next_ms;
}
