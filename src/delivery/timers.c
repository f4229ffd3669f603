/*
 * timers: lanes that wait for a time, in a binary heap by when they are due.
 */
#include "internal.h"

#include "gateway/memory.h"

static void timer_put(struct engine *engine, size_t place, struct lane *lane)
{
    engine->timers[place] = lane;
    lane->timer = place;
}

static void timer_up(struct engine *engine, size_t place)
{
    struct lane *lane = engine->timers[place];
    while (place > 0) {
        size_t parent = (place - 1) / 2;
        if (engine->timers[parent]->due_ms <= lane->due_ms)
            break;
        timer_put(engine, place, engine->timers[parent]);
        place = parent;
    }
    timer_put(engine, place, lane);
}

static void timer_down(struct engine *engine, size_t place)
{
    struct lane *lane = engine->timers[place];
    for (;;) {
        size_t child = place * 2 + 1;
        if (child >= engine->timer_count)
            break;
        if (child + 1 < engine->timer_count &&
            engine->timers[child + 1]->due_ms < engine->timers[child]->due_ms)
            child++;
        if (lane->due_ms <= engine->timers[child]->due_ms)
            break;
        timer_put(engine, place, engine->timers[child]);
        place = child;
    }
    timer_put(engine, place, lane);
}

void lane_wait(struct engine *engine, struct lane *lane, int64_t due_ms)
{
    if (engine->timer_count == engine->timer_room) {
        engine->timer_room = engine->timer_room == 0 ? 64 : engine->timer_room * 2;
        engine->timers =
            mem_resize(engine->timers, engine->timer_room * sizeof(struct lane *));
    }
    lane->state = LANE_WAITING;
    lane->due_ms = due_ms;
    engine->timers[engine->timer_count] = lane;
    timer_up(engine, engine->timer_count++);
}

void timer_remove(struct engine *engine, const struct lane *lane)
{
    size_t place = lane->timer;
    struct lane *moved = engine->timers[--engine->timer_count];
    if (moved == lane)
        return;
    timer_put(engine, place, moved);
    timer_up(engine, place);
    timer_down(engine, moved->timer);
}

int64_t timers_next(const struct engine *engine)
{
    return engine->timer_count == 0 ? INT64_MAX : engine->timers[0]->due_ms;
}

void timer_end(struct engine *engine, struct lane *lane)
{
    timer_remove(engine, lane);
    lane->state = LANE_IDLE;
    lane->waits_for_files = false;
    lane_ready(engine, lane);
}

void timers_fire(struct engine *engine)
{
    while (timers_next(engine) <= engine->now.mono_ms)
        timer_end(engine, engine->timers[0]);
}

void timers_clear_account(struct engine *engine, const struct account *account)
{
    struct lane_list found = {0};
    for (size_t i = 0; i < engine->timer_count; i++)
        if (engine->timers[i]->flow->account == account)
            lane_list_add(&found, engine->timers[i]);
    for (struct lane *lane = lane_list_take(&found); lane != NULL;
         lane = lane_list_take(&found))
        timer_end(engine, lane);
}

void timers_free(struct engine *engine)
{
    mem_free(engine->timers);
}
