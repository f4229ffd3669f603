#include "courier.h"

#include <stdatomic.h>

#include "errands.h"
#include "gateway/arena.h"
#include "gateway/clock.h"
#include "gateway/crypto.h"
#include "gateway/memory.h"
#include "gateway/reply.h"

#define TRIP_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define POLL_MAX_MS 1000
/* While there is no room for the next one: nobody says when there is. */
#define POLL_NO_ROOM_MS 20

/* A parcel on its way, all of it in its arena. */
struct trip {
    struct queue_node node;
    struct trip *next;
    struct courier *courier;
    struct arena *arena;
    uint64_t run;
    struct str message_id;
    struct str integration_id;
    struct exchange exchange;
    unsigned attempt; /* from 1 */
    int64_t due_ms;   /* mono, of the next attempt */
    struct now started;
};

struct trips {
    struct trip *first;
    struct trip *last;
};

struct courier {
    struct courier_settings settings;
    struct errands *errands; /* parcels go in, attempts come back */
    atomic_uint_fast64_t run;

    /* The rest belongs to the courier's thread. */
    struct trips ready;
    struct trips waiting; /* every wait is as long: in order of their end */
};

static void trips_append(struct trips *trips, struct trip *trip)
{
    trip->next = NULL;
    if (trips->first == NULL)
        trips->first = trip;
    else
        trips->last->next = trip;
    trips->last = trip;
}

static void trips_prepend(struct trips *trips, struct trip *trip)
{
    trip->next = trips->first;
    if (trips->first == NULL)
        trips->last = trip;
    trips->first = trip;
}

static struct trip *trips_take(struct trips *trips)
{
    struct trip *trip = trips->first;
    trips->first = trip->next;
    return trip;
}

static void trip_free(struct trip *trip)
{
    arena_free(trip->arena); /* it lives there itself */
}

static void trips_free(struct trips *trips)
{
    while (trips->first != NULL)
        trip_free(trips_take(trips));
}

/* --- outcomes (courier's thread) ------------------------------------------ */

static bool is_worth_another_try(const struct reply *reply)
{
    return reply->kind != REPLY_ANSWER || reply->status == 429 || reply->status >= 500;
}

static void note(const struct trip *trip, const struct reply *reply, bool is_final)
{
    struct str integration_id = trip->integration_id;
    struct webhook_attempt *note = mem_new(sizeof(*note) + integration_id.len);
    note->run = trip->run;
    (void)snprintf(note->message_id, sizeof(note->message_id), "%.*s",
                   STR_ARG(trip->message_id));
    note->attempt = trip->attempt;
    note->status = reply->kind == REPLY_ANSWER ? reply->status : 0;
    note->is_taken = reply_is_success(reply);
    note->is_final = is_final;
    note->at_ms = trip->started.wall_ms;
    note->took_ms = clock_now().mono_ms - trip->started.mono_ms;
    if (reply->kind != REPLY_ANSWER)
        (void)snprintf(note->why, sizeof(note->why), "%s", reply->why);
    note->integration_id_len = integration_id.len;
    memcpy(note->integration_id, integration_id.ptr, integration_id.len);
    errands_note(trip->courier->errands, &note->node);
}

static void settle(struct trip *trip, const struct reply *reply)
{
    bool is_final = !is_worth_another_try(reply) || trip->attempt > COURIER_RETRIES;
    note(trip, reply, is_final);
    if (is_final) {
        trip_free(trip);
        return;
    }
    trip->attempt++;
    trip->due_ms = clock_now().mono_ms + trip->courier->settings.retry_delay_ms;
    trips_append(&trip->courier->waiting, trip);
}

static void trip_done(void *token, const struct reply *reply, void *context)
{
    (void)context;
    struct trip *trip = token;
    if (reply->kind != REPLY_CANCELLED) {
        settle(trip, reply);
        return;
    }
    errands_no_note(trip->courier->errands);
    trip_free(trip);
}

/* --- the thread ----------------------------------------------------------- */

static void take_parcels(struct courier *courier, struct queue_node *parcels)
{
    while (parcels != NULL) {
        struct queue_node *next = parcels->next;
        trips_append(&courier->ready, CONTAINER_OF(parcels, struct trip, node));
        parcels = next;
    }
}

static void wake_waiting(struct courier *courier)
{
    int64_t now_ms = clock_now().mono_ms;
    while (courier->waiting.first != NULL && courier->waiting.first->due_ms <= now_ms)
        trips_append(&courier->ready, trips_take(&courier->waiting));
}

static void start_ready(struct courier *courier)
{
    while (courier->ready.first != NULL) {
        struct trip *trip = trips_take(&courier->ready);
        trip->started = clock_now();
        if (trip->run < atomic_load(&courier->run)) {
            trip_free(trip);
        } else if (!errands_start(courier->errands, &trip->exchange, trip)) {
            trips_prepend(&courier->ready, trip); /* keeps its place */
            return;
        }
    }
}

static int64_t poll_ms(const struct courier *courier)
{
    if (courier->ready.first != NULL)
        return POLL_NO_ROOM_MS;
    if (courier->waiting.first == NULL)
        return POLL_MAX_MS;
    int64_t wait_ms = courier->waiting.first->due_ms - clock_now().mono_ms;
    if (wait_ms < 0)
        return 0;
    return wait_ms < POLL_MAX_MS ? wait_ms : POLL_MAX_MS;
}

static int64_t work(void *context, struct queue_node *parcels)
{
    struct courier *courier = context;
    take_parcels(courier, parcels);
    wake_waiting(courier);
    start_ready(courier);
    return poll_ms(courier);
}

/* --- front thread --------------------------------------------------------- */

enum status courier_new(const struct courier_settings *settings, queue_wake *wake,
                        void *context, struct courier **out_courier, struct error *err)
{
    struct courier *courier = mem_new(sizeof(*courier));
    courier->settings = *settings;
    atomic_init(&courier->run, 0);
    const struct errands_owner owner = {courier, work, trip_done, wake, context};
    enum status status =
        errands_new(&owner, settings->connections, &courier->errands, err);
    if (status == STATUS_OK)
        *out_courier = courier;
    else
        mem_free(courier);
    return status;
}

static void notes_free(struct queue_node *node)
{
    while (node != NULL) {
        struct queue_node *next = node->next;
        mem_free(CONTAINER_OF(node, struct webhook_attempt, node));
        node = next;
    }
}

void courier_stop(struct courier *courier)
{
    errands_stop(courier->errands);
}

void courier_free(struct courier *courier)
{
    /* The thread is gone: all is ours. What the transport cancels is told to trip_done.
     */
    take_parcels(courier, errands_close(courier->errands));
    trips_free(&courier->ready);
    trips_free(&courier->waiting);
    notes_free(courier_take(courier));
    errands_free(courier->errands);
    mem_free(courier);
}

/* "sha256=" and 44 characters. Source: open-messaging.md, section 4.2; read 2026-11-21.
 */
static bool sign(struct arena *arena, struct str secret, struct str body,
                 struct str *out_signature)
{
    struct hmac *hmac = NULL;
    uint8_t sum[SHA256_BYTES];
    char text[base64_encoded_size(SHA256_BYTES)];
    struct error err;
    if (hmac_new(secret, &hmac, &err) != STATUS_OK)
        return false;
    enum status status = hmac_sum(hmac, &body, 1, sum, &err);
    hmac_free(hmac);
    if (status != STATUS_OK)
        return false;
    base64_encode(sum, sizeof(sum), text);
    *out_signature = arena_printf(arena, "sha256=%s", text);
    return true;
}

/* A copy of the parcel, ready to go; NULL when OpenSSL has no memory. */
static struct trip *pack(const struct parcel *parcel)
{
    struct arena *arena = arena_new(TRIP_BYTES_MAX);
    struct trip *trip = arena_alloc(arena, sizeof(*trip));
    struct str signature;
    trip->arena = arena;
    trip->attempt = 1;
    trip->message_id = arena_copy(arena, parcel->message_id);
    trip->integration_id = arena_copy(arena, parcel->integration_id);
    trip->exchange.method = "POST";
    trip->exchange.url = arena_c_string(arena, parcel->url);
    trip->exchange.body = arena_copy(arena, parcel->body);
    if (!sign(arena, parcel->secret, parcel->body, &signature)) {
        trip_free(trip);
        return NULL;
    }
    exchange_header(&trip->exchange, STR("Content-Type"), STR("application/json"));
    exchange_header(&trip->exchange, STR("X-Hub-Signature-256"), signature);
    for (size_t i = 0; i < parcel->header_count; i++)
        exchange_header(&trip->exchange, arena_copy(arena, parcel->headers[i].name),
                        arena_copy(arena, parcel->headers[i].value));
    return trip;
}

bool courier_send(struct courier *courier, uint64_t run, const struct parcel *parcel)
{
    struct trip *trip = pack(parcel);
    if (trip == NULL)
        return false;
    trip->courier = courier;
    trip->run = run;
    trip->exchange.timeout_ms = courier->settings.timeout_ms;
    if (errands_order(courier->errands, &trip->node))
        return true;
    trip_free(trip);
    return false;
}

struct queue_node *courier_take(struct courier *courier)
{
    return errands_take_notes(courier->errands);
}

void courier_start_run(struct courier *courier, uint64_t run)
{
    atomic_store(&courier->run, run);
}
