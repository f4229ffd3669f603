/*
 * pace: how fast a channel may be sent to, per account and per contact, beside the
 * bucket; and contacts that a 429 holds. Contacts are kept only while they have spent
 * or are held, and only for channels that say a pace or a hold.
 */
#include "internal.h"

#include "gateway/memory.h"

/* Contacts kept before those that are over are looked for. */
#define SWEEP_FIRST 1024

struct contact_pace {
    int64_t contact_row;
    int64_t due_us;        /* see pace_wait_ms */
    int64_t held_until_ms; /* mono */
    UT_hash_handle hh;
};

static const struct pace *pace_of(const struct lane *lane)
{
    return &lane->flow->contact_pace;
}

/* Only what a person gets is paced: receipts go to a service, typing is dropped soon.
 */
static bool is_paced(const struct lane *lane)
{
    return lane->key.class == DELIVERY_MESSAGE &&
           lane->flow->direction == DIRECTION_OUTBOUND;
}

static struct contact_pace *find(const struct engine *engine, int64_t contact_row)
{
    struct contact_pace *contact = NULL;
    HASH_FIND(hh, engine->contact_paces, &contact_row, sizeof(contact_row), contact);
    return contact;
}

static bool is_over(const struct engine *engine, const struct contact_pace *contact)
{
    return contact->due_us <= engine->now.mono_ms * 1000 &&
           contact->held_until_ms <= engine->now.mono_ms;
}

/* Those that are over, whenever there are twice as many as were left the last time. */
static void sweep(struct engine *engine)
{
    struct contact_pace *contact;
    struct contact_pace *next;

    if (HASH_COUNT(engine->contact_paces) < engine->contact_sweep_at)
        return;
    HASH_ITER(hh, engine->contact_paces, contact, next)
    {
        if (!is_over(engine, contact))
            continue;
        HASH_DEL(engine->contact_paces, contact);
        mem_free(contact);
    }
    size_t left = HASH_COUNT(engine->contact_paces);
    engine->contact_sweep_at = left * 2 > SWEEP_FIRST ? left * 2 : SWEEP_FIRST;
}

static struct contact_pace *find_or_make(struct engine *engine, int64_t contact_row)
{
    struct contact_pace *contact = find(engine, contact_row);
    if (contact != NULL)
        return contact;
    sweep(engine);
    contact = mem_new(sizeof(*contact));
    contact->contact_row = contact_row;
    HASH_ADD(hh, engine->contact_paces, contact_row, sizeof(contact->contact_row),
             contact);
    return contact;
}

int64_t contact_wait_ms(const struct engine *engine, const struct lane *lane)
{
    if (engine->contact_paces == NULL || !is_paced(lane))
        return 0;
    const struct contact_pace *contact = find(engine, lane->key.row);
    if (contact == NULL)
        return 0;
    int64_t held_ms = contact->held_until_ms - engine->now.mono_ms;
    int64_t wait_ms = pace_wait_ms(pace_of(lane), contact->due_us, engine->now.mono_ms);
    return held_ms > wait_ms ? held_ms : wait_ms;
}

void contact_spend(struct engine *engine, const struct lane *lane)
{
    const struct pace *pace = pace_of(lane);
    if (pace->interval_us == 0 || !is_paced(lane))
        return;
    struct contact_pace *contact = find_or_make(engine, lane->key.row);
    contact->due_us = pace_spend(pace, contact->due_us, engine->now.mono_ms);
}

void contact_hold(struct engine *engine, const struct lane *lane, int64_t span_ms)
{
    struct contact_pace *contact = find_or_make(engine, lane->key.row);
    int64_t until_ms = engine->now.mono_ms + span_ms;

    if (until_ms > contact->held_until_ms)
        contact->held_until_ms = until_ms;
}

bool account_hears_second_hold(const struct engine *engine, const struct lane *lane,
                               int64_t span_ms)
{
    struct account *account = lane->flow->account;
    int64_t until_ms = engine->now.mono_ms + span_ms;
    bool is_second = account->held_row != lane->key.row &&
                     account->held_until_ms > engine->now.mono_ms;

    account->held_row = lane->key.row;
    if (until_ms > account->held_until_ms)
        account->held_until_ms = until_ms;
    return is_second;
}

void contact_paces_free(struct engine *engine)
{
    struct contact_pace *contact;
    struct contact_pace *next;
    HASH_ITER(hh, engine->contact_paces, contact, next)
    {
        HASH_DEL(engine->contact_paces, contact);
        mem_free(contact);
    }
}

int64_t account_pace_wait_ms(struct engine *engine, struct account *account)
{
    int64_t bucket_ms = bucket_wait_ms(&account->bucket, engine->now.mono_ms);
    int64_t pace_ms =
        pace_wait_ms(&account->pace, account->due_us, engine->now.mono_ms);
    return bucket_ms > pace_ms ? bucket_ms : pace_ms;
}

void account_spend(struct engine *engine, struct account *account)
{
    bucket_spend(&account->bucket, engine->now.mono_ms);
    if (account->pace.interval_us != 0)
        account->due_us =
            pace_spend(&account->pace, account->due_us, engine->now.mono_ms);
}
