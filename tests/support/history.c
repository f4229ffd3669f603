/* The events as they were told. What they mean is in history_check.c. */
#include "support/history_internal.h"

#include "gateway/memory.h"

static const char *const kind_names[HISTORY_KINDS] = {
    [HISTORY_SENT] = "sent",         [HISTORY_ACCEPTED] = "accepted",
    [HISTORY_STORED] = "stored",     [HISTORY_ARRIVED] = "arrived",
    [HISTORY_DIED] = "died",         [HISTORY_ANSWER_LOST] = "answer_lost",
    [HISTORY_DEAD] = "dead",         [HISTORY_REPLAYED] = "replayed",
    [HISTORY_REPORTED] = "reported", [HISTORY_TOLD] = "told",
};
static const char *const status_names[] = {
    [HISTORY_STATUS_NONE] = "",
    [HISTORY_STATUS_ACCEPTED] = "accepted",
    [HISTORY_STATUS_DELIVERED] = "delivered",
    [HISTORY_STATUS_READ] = "read",
    [HISTORY_STATUS_FAILED] = "failed",
};

const char *history_kind_name(enum history_kind kind)
{
    return kind_names[kind];
}

const char *history_status_name(enum history_status status)
{
    return status_names[status];
}

struct history *history_new(void)
{
    struct history *history = mem_new(sizeof(*history));
    history->arena = arena_new(SIZE_MAX);
    return history;
}

static void forget_lanes(struct history *history)
{
    struct lane_name *lane;
    struct lane_name *next;
    HASH_ITER(hh, history->lanes, lane, next)
    {
        HASH_DEL(history->lanes, lane);
    }
}

void history_free(struct history *history)
{
    if (history == NULL)
        return;
    forget_lanes(history);
    arena_free(history->arena);
    mem_free(history->events);
    mem_free(history);
}

size_t history_count(const struct history *history)
{
    return history->count;
}

static const struct lane_name *lane_of(struct history *history, struct str name)
{
    struct lane_name *lane = NULL;
    if (name.len == 0)
        return NULL;
    HASH_FIND(hh, history->lanes, name.ptr, name.len, lane);
    if (lane != NULL)
        return lane;
    lane = arena_alloc(history->arena, sizeof(*lane));
    lane->name = arena_copy(history->arena, name);
    lane->contact = lane->name;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '>')
            lane->contact.len = i;
    lane->index = history->lane_count++;
    HASH_ADD_KEYPTR(hh, history->lanes, lane->name.ptr, lane->name.len, lane);
    return lane;
}

void history_add(struct history *history, const struct history_event *event)
{
    if (history->count == history->room) {
        history->room = history->room == 0 ? 256 : history->room * 2;
        history->events =
            mem_resize(history->events, history->room * sizeof(*history->events));
    }
    struct entry *entry = &history->events[history->count++];
    *entry = (struct entry){.event = *event, .lane = lane_of(history, event->lane)};
    entry->event.lane = entry->lane == NULL ? STR_NONE : entry->lane->name;
    entry->event.key = arena_copy(history->arena, event->key);
    entry->event.contact = arena_copy(history->arena, event->contact);
}
