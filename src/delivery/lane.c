/*
 * lane: order inside a lane, what it holds in memory and what it leaves in the store.
 */
#include "internal.h"

#include "gateway/fault.h"
#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/store.h"

/* Deliveries read at once when a lane is refilled; one while memory is full. */
#define REFILL_COUNT 32

/* --- ready lists
 * ------------------------------------------------------------------------- */

void lane_list_add(struct lane_list *list, struct lane *lane)
{
    lane->next_ready = NULL;
    if (list->last == NULL)
        list->first = lane;
    else
        list->last->next_ready = lane;
    list->last = lane;
}

struct lane *lane_list_take(struct lane_list *list)
{
    struct lane *lane = list->first;
    if (lane == NULL)
        return NULL;
    list->first = lane->next_ready;
    if (list->first == NULL)
        list->last = NULL;
    lane->next_ready = NULL;
    return lane;
}

/* --- a lane's states
 * --------------------------------------------------------------------------- */

struct lane *lane_make(struct engine *engine, struct lane_key key, struct flow *flow)
{
    struct lane *lane = mem_new(sizeof(*lane));
    lane->key = key;
    lane->flow = flow;
    HASH_ADD(hh, engine->lanes, key, sizeof(lane->key), lane);
    flow->account->lanes++;
    engine->typing_lanes += key.class == DELIVERY_TYPING;
    return lane;
}

static struct lane *lane_find(const struct engine *engine, const struct lane_key *key)
{
    struct lane *lane = NULL;
    HASH_FIND(hh, engine->lanes, key, sizeof(*key), lane);
    return lane;
}

static void lane_free(struct engine *engine, struct lane *lane)
{
    HASH_DEL(engine->lanes, lane);
    lane->flow->account->lanes--;
    engine->typing_lanes -= lane->key.class == DELIVERY_TYPING;
    while (lane->first != NULL)
        lane_pop(engine, lane);
    mem_free(lane);
}

void lane_ready(struct engine *engine, struct lane *lane)
{
    (void)engine;
    lane->state = LANE_READY;
    lane_list_add(&lane->flow->ready[lane->key.class], lane);
}

void lane_settle(struct engine *engine, struct lane *lane)
{
    lane->state = LANE_IDLE;
    if (lane->first != NULL || lane->overflowed)
        lane_ready(engine, lane);
    else
        lane_free(engine, lane);
}

void lane_forget(struct engine *engine, struct lane *lane)
{
    lane->state = LANE_IDLE;
    lane_free(engine, lane);
}

void lanes_drop_flow(struct engine *engine, struct flow *flow)
{
    struct lane *lane;
    struct lane *next;
    HASH_ITER(hh, engine->lanes, lane, next)
    {
        if (lane->flow != flow || lane->state == LANE_BUSY)
            continue;
        if (lane->state == LANE_WAITING)
            timer_remove(engine, lane);
        lane_free(engine, lane);
    }
    memset(flow->ready, 0, sizeof(flow->ready));
}

/* --- what a lane holds
 * -------------------------------------------------------------------------- */

/* Half of it is kept for those whose peer answers: what waits for another would fill it
 * and be of no use. */
static bool memory_is_full(const struct engine *engine, const struct lane *lane)
{
    size_t ceiling = (size_t)engine->config->limits.lane_memory;
    bool is_held_back = lane->flow->pauses != 0 || lane->flow->account->is_down;
    if (is_held_back && lane->key.class == DELIVERY_MESSAGE)
        ceiling /= 2;
    return engine->lane_bytes >= ceiling;
}

/*
 * Since when the delivery ages beyond what is stored, in its flow's active time. It
 * ages in the store too, as long as this gateway runs; the wall clock tells since when,
 * and where that was set meanwhile, rather too late than too early.
 */
static int64_t ages_since_ms(const struct engine *engine, const struct flow *flow,
                             const struct delivery *delivery)
{
    int64_t active_ms = flow_active_ms(engine, flow);
    if (delivery->aged_ms == 0)
        return active_ms;
    int64_t since_ms = delivery->aged_ms - engine->wall_offset_ms;
    if (since_ms < engine->started_ms)
        since_ms = engine->started_ms;
    return since_ms < active_ms ? since_ms : active_ms;
}

static void lane_append(struct engine *engine, struct lane *lane,
                        struct delivery *delivery)
{
    delivery->next = NULL;
    delivery->held_since_ms = ages_since_ms(engine, lane->flow, delivery);
    if (lane->last == NULL)
        lane->first = delivery;
    else
        lane->last->next = delivery;
    lane->last = delivery;
    if (delivery->id > lane->last_id)
        lane->last_id = delivery->id;
    engine->lane_bytes += delivery_bytes(delivery);
    fetching_want(engine, lane, delivery);
    heard_note(engine, lane->flow, delivery);
}

/* A list that no lane holds any more. */
static void held_free(struct engine *engine, struct delivery *list)
{
    while (list != NULL) {
        struct delivery *next = list->next;
        engine->lane_bytes -= delivery_bytes(list);
        fetching_forget(engine, list);
        delivery_free(list);
        list = next;
    }
}

void lane_pop(struct engine *engine, struct lane *lane)
{
    struct delivery *head = lane->first;
    fetching_forget(engine, head); /* while it stands before the next one */
    lane->first = TAKE(head->next);
    if (lane->first == NULL)
        lane->last = NULL;
    lane->failing_since_ms = 0;
    held_free(engine, head);
}

void lane_unload(struct engine *engine, struct lane *lane)
{
    if (lane->key.class != DELIVERY_MESSAGE || lane->first == NULL ||
        !memory_is_full(engine, lane))
        return;
    lane->last_id = lane->first->id - 1;
    lane->overflowed = true;
    held_free(engine, TAKE(lane->first));
    lane->last = NULL;
}

void lane_read_again(struct engine *engine, struct lane *lane, int64_t first_id)
{
    struct delivery *head = NULL;
    struct delivery *rest = lane->first;
    if (rest != NULL && (lane->state == LANE_BUSY || rest->id == first_id)) {
        head = rest;
        rest = TAKE(head->next);
    }
    held_free(engine, rest);
    lane->first = head;
    lane->last = head;
    lane->last_id = head != NULL ? head->id : first_id - 1;
    lane->overflowed = true;
}

/* Reads the next deliveries of a lane whose memory has run dry. */
static void lane_refill(struct engine *engine, struct lane *lane)
{
    unsigned limit = memory_is_full(engine, lane) ? 1 : REFILL_COUNT;
    struct delivery *list = NULL;
    struct error err;
    enum status status = store_take(
        engine->settings.reader, str_of(engine->settings.owner), lane->key.row,
        (enum direction)lane->key.direction, lane->last_id, limit, &list, &err);
    if (status != STATUS_OK) {
        log_warn("engine.refill_failed", F_TEXT("error", err.text));
        return; /* still overflowed: the lane comes round again */
    }
    unsigned count = 0;
    if (list != NULL)
        list->may_have_arrived |= lane->was_cut;
    lane->was_cut = false;
    while (list != NULL) {
        struct delivery *delivery = list;
        list = list->next;
        lane_append(engine, lane, delivery);
        count++;
    }
    FAULT_POINT("lane.refilled");
    lane->overflowed = count == limit;
}

struct delivery *lane_head(struct engine *engine, struct lane *lane)
{
    if (lane->first == NULL && lane->overflowed)
        lane_refill(engine, lane);
    return lane->first;
}

/* --- offers
 * --------------------------------------------------------------------------------------
 */

uint64_t typing_hash(const struct delivery *delivery)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)delivery->bridge_row;
    for (size_t i = 0; i < delivery->event.contact_id.len; i++)
        hash = (hash ^ (uint8_t)delivery->event.contact_id.ptr[i]) *
               UINT64_C(1099511628211);
    return hash;
}

static struct lane_key key_of(const struct delivery *delivery,
                              enum delivery_class class)
{
    struct lane_key key;
    memset(&key, 0, sizeof(key));
    key.class = (int32_t) class;
    key.direction = (int32_t)delivery->direction;
    switch (class) {
    case DELIVERY_MESSAGE:
        key.row = delivery->contact_row;
        break;
    case DELIVERY_RECEIPT:
        key.row = delivery->message_id;
        break;
    case DELIVERY_TYPING:
        key.row = (int64_t)typing_hash(delivery);
        break;
    }
    return key;
}

void lane_has_files(struct engine *engine, const struct delivery *delivery)
{
    struct lane_key key = key_of(delivery, delivery->class);
    struct lane *lane = lane_find(engine, &key);
    if (lane != NULL && lane->state == LANE_WAITING && lane->waits_for_files &&
        lane->first == delivery)
        timer_end(engine, lane);
}

bool typing_is_stale(const struct engine *engine, const struct delivery *delivery)
{
    return delivery->class == DELIVERY_TYPING &&
           engine->now.wall_ms - delivery->accepted_ms > TYPING_LIFE_MS;
}

static bool typing_is_over(const struct engine *engine, const struct lane *lane)
{
    return lane->first == NULL || typing_is_stale(engine, lane->first);
}

/* The first of each flow has waited longest. */
void typing_expire(struct engine *engine)
{
    for (size_t i = 0; i < engine->flow_count && engine->typing_lanes > 0; i++) {
        struct lane_list *ready = &engine->flows[i]->ready[DELIVERY_TYPING];
        while (ready->first != NULL && typing_is_over(engine, ready->first)) {
            struct lane *lane = lane_list_take(ready);
            if (lane->first != NULL)
                lane_pop(engine, lane);
            lane_settle(engine, lane);
        }
    }
}

/* A message says more than that its writer types, unless the typing came after it: that
 * is offered at once, a message only when it is stored. */
static void drop_typing(struct engine *engine, const struct delivery *message)
{
    struct lane_key key = key_of(message, DELIVERY_TYPING);
    struct lane *lane = lane_find(engine, &key);
    if (lane != NULL && lane->state == LANE_READY && lane->first != NULL &&
        lane->first->accepted_ms <= message->accepted_ms)
        lane_pop(engine, lane); /* its turn, or its time, ends the empty lane */
}

/* A later status replaces one that waits; behind one in flight it waits itself. */
static void lane_replace(struct engine *engine, struct lane *lane,
                         struct delivery *delivery)
{
    if (lane->state != LANE_BUSY) {
        while (lane->first != NULL)
            lane_pop(engine, lane);
    } else if (lane->first != lane->last) {
        held_free(engine, TAKE(lane->first->next)); /* at most one */
        lane->last = lane->first;
    }
    lane_append(engine, lane, delivery);
}

static bool lane_keeps_receipt(struct engine *engine, const struct lane *lane,
                               const struct delivery *receipt)
{
    if (lane->last != NULL &&
        lane->last->event.receipt_status == receipt->event.receipt_status)
        return false; /* a refill read again what is held */
    if (!engine->receipts_overflowed && memory_is_full(engine, lane)) {
        FAULT_POINT("lane.spills_receipts");
        engine->receipts_overflowed = true;
        engine->receipts_after = receipt->id - 1;
    }
    return !(engine->receipts_overflowed && receipt->id > engine->receipts_after);
}

static bool lane_keeps(struct engine *engine, struct lane *lane,
                       const struct delivery *delivery)
{
    if (delivery->class == DELIVERY_TYPING)
        return lane->flow->pauses == 0 && !lane->flow->account->is_down &&
               heard_shows_typing(engine, lane->flow, delivery);
    if (delivery->class == DELIVERY_RECEIPT)
        return lane_keeps_receipt(engine, lane, delivery);
    if (delivery->id <= lane->last_id || lane->overflowed)
        return false; /* read already, or will be */
    if (!memory_is_full(engine, lane))
        return true;
    if (lane->first == NULL)
        lane->last_id =
            delivery->id - 1; /* of a lane just made: nothing is before it */
    FAULT_POINT("lane.spills");
    lane->overflowed = true;
    return false;
}

void lane_offer(struct engine *engine, struct delivery *delivery)
{
    struct lane_key key = key_of(delivery, delivery->class);
    struct lane *lane = lane_find(engine, &key);

    if (delivery->class == DELIVERY_MESSAGE && engine->typing_lanes > 0)
        drop_typing(engine, delivery);
    if (lane == NULL)
        lane = lane_make(engine, key,
                         flow_of(engine, delivery->bridge_row, delivery->direction));
    if (!lane_keeps(engine, lane, delivery)) {
        delivery_free(delivery);
        if (lane->state == LANE_IDLE)
            lane_settle(engine, lane);
        return;
    }
    if (delivery->class == DELIVERY_MESSAGE)
        lane_append(engine, lane, delivery);
    else
        lane_replace(engine, lane, delivery);
    if (lane->state == LANE_IDLE)
        lane_ready(engine, lane);
}

void lanes_free(struct engine *engine)
{
    struct lane *lane;
    struct lane *next;
    HASH_ITER(hh, engine->lanes, lane, next)
    {
        lane_free(engine, lane);
    }
}
