#include "fetcher.h"

#include <stdarg.h>
#include <stdatomic.h>

#include "errands.h"
#include "gateway/arena.h"
#include "gateway/clock.h"
#include "gateway/memory.h"
#include "gateway/reply.h"

/* Four URLs, each as long as a request can be. */
#define VISIT_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define POLL_MAX_MS 1000
/* While there is no room for the next one: nobody says when there is. */
#define POLL_NO_ROOM_MS 20

/* One attachment on its way, all of it but its bytes in its arena. */
struct visit {
    struct queue_node node; /* in the queue, then in the fetcher's list */
    struct fetcher *fetcher;
    struct arena *arena;
    uint64_t run;
    struct str message_id;
    struct exchange exchange;
    struct sink sink;
    struct buf bytes;
    unsigned redirects;
    int64_t started_ms; /* mono, of the first request; 0: not yet */
};

struct fetcher {
    struct fetcher_settings settings;
    struct errands *errands;
    atomic_uint_fast64_t run;

    /* The rest belongs to the errands' thread. */
    struct queue_node *first; /* visits that wait to be started */
    struct queue_node **end;
};

static void visit_free(struct visit *visit)
{
    buf_release(&visit->bytes);
    arena_free(visit->arena); /* it lives there itself */
}

static void visits_free(struct queue_node *node)
{
    while (node != NULL) {
        struct queue_node *next = node->next;
        visit_free(CONTAINER_OF(node, struct visit, node));
        node = next;
    }
}

void fetch_note_free(struct fetch_note *note)
{
    mem_free(note->bytes);
    mem_free(note);
}

/* --- outcomes (errands' thread) ------------------------------------------- */

static bool keep_bytes(struct sink *sink, const void *bytes, size_t len)
{
    struct visit *visit = CONTAINER_OF(sink, struct visit, sink);
    buf_add_bytes(&visit->bytes, bytes, len);
    return buf_ok(&visit->bytes);
}

static void say_why(struct fetch_note *note, const char *format, ...) PRINTF_LIKE(2, 3);

static void say_why(struct fetch_note *note, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(note->why, sizeof(note->why), format, args);
    va_end(args);
}

static void take_bytes(struct fetch_note *note, struct visit *visit)
{
    uint8_t sum[SHA256_BYTES];
    struct error err;
    if (sha256(buf_str(&visit->bytes), sum, &err) != STATUS_OK) {
        say_why(note, "no memory");
        return;
    }
    hex_encode(sum, sizeof(sum), note->sha256);
    note->size = visit->bytes.len;
    if (note->size > 0)
        note->bytes = buf_take(&visit->bytes);
    else
        say_why(note, "there are no bytes");
}

static void note_answer(struct fetch_note *note, struct visit *visit,
                        const struct reply *reply)
{
    note->status = reply->status;
    if (media_type_is_valid(reply->content_type))
        (void)snprintf(note->type, sizeof(note->type), "%.*s",
                       STR_ARG(reply->content_type));
    if (reply_is_success(reply))
        take_bytes(note, visit);
    else if (reply->location.len > 0)
        say_why(note, "more than %d redirects", FETCH_REDIRECTS_MAX);
    else
        say_why(note, "it was answered with %d", reply->status);
}

static void note(struct visit *visit, const struct reply *reply)
{
    struct fetch_note *note = mem_new(sizeof(*note));
    note->run = visit->run;
    (void)snprintf(note->message_id, sizeof(note->message_id), "%.*s",
                   STR_ARG(visit->message_id));
    note->redirects = visit->redirects;
    note->took_ms = clock_now().mono_ms - visit->started_ms;
    if (reply->kind == REPLY_ANSWER)
        note_answer(note, visit, reply);
    else if (buf_ok(&visit->bytes))
        say_why(note, "%s", reply->why);
    else
        say_why(note, "it is larger than 25 MB");
    errands_note(visit->fetcher->errands, &note->node);
}

static void visit_append(struct visit *visit)
{
    struct fetcher *fetcher = visit->fetcher;
    visit->node.next = NULL;
    *fetcher->end = &visit->node;
    fetcher->end = &visit->node.next;
}

static bool is_followed(const struct visit *visit, const struct reply *reply)
{
    return reply->kind == REPLY_ANSWER && reply->status / 100 == 3 &&
           reply->location.len > 0 && visit->redirects < FETCH_REDIRECTS_MAX;
}

static void follow(struct visit *visit, const struct reply *reply)
{
    errands_no_note(visit->fetcher->errands);
    visit->exchange.url = arena_c_string(visit->arena, reply->location);
    visit->redirects++;
    visit_append(visit);
}

static void visit_done(void *token, const struct reply *reply, void *context)
{
    (void)context;
    struct visit *visit = token;
    if (is_followed(visit, reply)) {
        follow(visit, reply);
        return;
    }
    if (reply->kind == REPLY_CANCELLED)
        errands_no_note(visit->fetcher->errands);
    else
        note(visit, reply);
    visit_free(visit);
}

/* --- the thread ----------------------------------------------------------- */

static void take_visits(struct queue_node *node)
{
    while (node != NULL) {
        struct queue_node *next = node->next;
        visit_append(CONTAINER_OF(node, struct visit, node));
        node = next;
    }
}

/* What is left of the time after its redirects; at least something, so that it ends as
 * any other that is too late. */
static int64_t time_left_ms(struct visit *visit)
{
    int64_t now_ms = clock_now().mono_ms;
    if (visit->started_ms == 0)
        visit->started_ms = now_ms;
    int64_t left_ms =
        visit->fetcher->settings.timeout_ms - (now_ms - visit->started_ms);
    return left_ms > 0 ? left_ms : 1;
}

static bool start(struct fetcher *fetcher, struct visit *visit)
{
    visit->exchange.timeout_ms = time_left_ms(visit);
    return errands_start(fetcher->errands, &visit->exchange, visit);
}

/* From the list's beginning, as far as there is room; done may add to its end. */
static void start_visits(struct fetcher *fetcher)
{
    while (fetcher->first != NULL) {
        struct visit *visit = CONTAINER_OF(fetcher->first, struct visit, node);
        struct queue_node *rest = visit->node.next;
        bool is_old = visit->run < atomic_load(&fetcher->run);
        if (!is_old && !start(fetcher, visit))
            return;
        fetcher->first = rest;
        if (rest == NULL)
            fetcher->end = &fetcher->first;
        if (is_old)
            visit_free(visit);
    }
}

static int64_t work(void *context, struct queue_node *orders)
{
    struct fetcher *fetcher = context;
    take_visits(orders);
    start_visits(fetcher);
    return fetcher->first == NULL ? POLL_MAX_MS : POLL_NO_ROOM_MS;
}

/* --- front thread --------------------------------------------------------- */

enum status fetcher_new(const struct fetcher_settings *settings, queue_wake *wake,
                        void *context, struct fetcher **out_fetcher, struct error *err)
{
    struct fetcher *fetcher = mem_new(sizeof(*fetcher));
    fetcher->settings = *settings;
    fetcher->end = &fetcher->first;
    atomic_init(&fetcher->run, 0);
    const struct errands_owner owner = {fetcher, work, visit_done, wake, context};
    enum status status =
        errands_new(&owner, settings->connections, &fetcher->errands, err);
    if (status == STATUS_OK)
        *out_fetcher = fetcher;
    else
        mem_free(fetcher);
    return status;
}

void fetcher_stop(struct fetcher *fetcher)
{
    errands_stop(fetcher->errands);
}

void fetcher_free(struct fetcher *fetcher)
{
    visits_free(errands_close(fetcher->errands));
    visits_free(fetcher->first);
    struct queue_node *node = fetcher_take(fetcher);
    while (node != NULL) {
        struct queue_node *next = node->next;
        fetch_note_free(CONTAINER_OF(node, struct fetch_note, node));
        node = next;
    }
    errands_free(fetcher->errands);
    mem_free(fetcher);
}

bool fetcher_fetch(struct fetcher *fetcher, uint64_t run, struct str message_id,
                   struct str url)
{
    struct arena *arena = arena_new(VISIT_BYTES_MAX);
    struct visit *visit = arena_alloc(arena, sizeof(*visit));
    visit->fetcher = fetcher;
    visit->arena = arena;
    visit->run = run;
    visit->message_id = arena_copy(arena, message_id);
    visit->sink.take = keep_bytes;
    buf_init(&visit->bytes, (size_t)MEDIA_BYTES_MAX);
    visit->exchange.method = "GET";
    visit->exchange.url = arena_c_string(arena, url);
    visit->exchange.sink = &visit->sink;
    if (errands_order(fetcher->errands, &visit->node))
        return true;
    visit_free(visit);
    return false;
}

struct queue_node *fetcher_take(struct fetcher *fetcher)
{
    return errands_take_notes(fetcher->errands);
}

void fetcher_start_run(struct fetcher *fetcher, uint64_t run)
{
    atomic_store(&fetcher->run, run);
}
