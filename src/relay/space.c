#include "space.h"

#include "gateway/log.h"
#include "gateway/relay.h"

#define LOOK_EVERY_MS 1000
#define PART_OF_TOTAL 20 /* 5 % */

static int64_t reserve_of(const struct store_space *space, int64_t reserve_bytes)
{
    int64_t part = space->total_bytes / PART_OF_TOTAL;
    return part < reserve_bytes ? part : reserve_bytes;
}

bool space_is_below(const struct store_space *space, int64_t reserve_bytes)
{
    if (space->free_bytes < 0 || space->total_bytes < 0)
        return false;
    return space->free_bytes < reserve_of(space, reserve_bytes);
}

int64_t relay_disk_reserve(const struct config *config)
{
    struct store_space space;
    store_space(config->database, &space);
    return space.total_bytes < 0 ? 0 : reserve_of(&space, config->limits.disk_reserve);
}

bool space_is_low(struct space_watch *watch, const char *database,
                  int64_t reserve_bytes, struct now now)
{
    struct store_space space;
    if (now.mono_ms < watch->look_at_ms)
        return watch->is_low;
    watch->look_at_ms = now.mono_ms + LOOK_EVERY_MS;
    store_space(database, &space);
    bool is_low = space_is_below(&space, reserve_bytes);
    if (is_low && !watch->is_low)
        log_error("disk.low", F_I64("free_bytes", space.free_bytes),
                  F_I64("reserve_bytes", reserve_bytes),
                  F_TEXT("effect", "new events get 503; outcomes are still kept"));
    if (!is_low && watch->is_low)
        log_info("disk.relieved", F_I64("free_bytes", space.free_bytes));
    watch->is_low = is_low;
    return is_low;
}
