/*
 * heard: what a contact said last, for services that show an agent's typing only under
 * a message of theirs; and when typing was shown last, for services that keep it shown
 * for long. In memory only, as typing itself.
 */
#include "internal.h"

#include "gateway/limits.h"
#include "gateway/memory.h"

/* The oldest makes room: whoever wrote before 16,384 others waits for no typing. */
#define HEARD_MAX 16384

struct heard {
    uint64_t key;
    char id[LIMIT_ID_BYTES + 1]; /* empty: nothing yet */
    int64_t shown_ms;            /* mono; 0: never */
    UT_hash_handle hh;
};

static struct heard *find(const struct engine *engine, uint64_t key)
{
    struct heard *heard = NULL;
    HASH_FIND(hh, engine->heard, &key, sizeof(key), heard);
    return heard;
}

static void drop(struct engine *engine, struct heard *heard)
{
    HASH_DEL(engine->heard, heard);
    mem_free(heard);
}

static struct heard *find_or_make(struct engine *engine, uint64_t key)
{
    struct heard *heard = find(engine, key);
    if (heard != NULL)
        return heard;
    if (HASH_COUNT(engine->heard) >= HEARD_MAX)
        drop(engine, engine->heard); /* the first that came */
    heard = mem_new(sizeof(*heard));
    heard->key = key;
    HASH_ADD(hh, engine->heard, key, sizeof(heard->key), heard);
    return heard;
}

void heard_note(struct engine *engine, const struct flow *flow,
                const struct delivery *delivery)
{
    struct str id = delivery->event.source_id;

    if (!flow->notes_heard || delivery->class != DELIVERY_MESSAGE || id.len == 0 ||
        id.len > LIMIT_ID_BYTES)
        return;
    struct heard *heard = find_or_make(engine, typing_hash(delivery));
    (void)snprintf(heard->id, sizeof(heard->id), "%.*s", STR_ARG(id));
}

struct str heard_find(const struct engine *engine, const struct delivery *delivery)
{
    const struct heard *heard = find(engine, typing_hash(delivery));
    return heard == NULL ? STR_NONE : str_of(heard->id);
}

bool heard_shows_typing(struct engine *engine, const struct flow *flow,
                        const struct delivery *delivery)
{
    if (flow->typing_every_ms == 0)
        return true;
    struct heard *heard = find_or_make(engine, typing_hash(delivery));
    if (flow->typing_names_message && heard->id[0] == '\0')
        return false;
    if (heard->shown_ms != 0 &&
        engine->now.mono_ms - heard->shown_ms < flow->typing_every_ms)
        return false;
    heard->shown_ms = engine->now.mono_ms;
    return true;
}

void heard_free(struct engine *engine)
{
    struct heard *heard;
    struct heard *next;
    HASH_ITER(hh, engine->heard, heard, next)
    {
        drop(engine, heard);
    }
}
