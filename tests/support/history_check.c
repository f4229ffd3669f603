/*
 * The rules. One pass over what the database holds, by row, then one over the events in
 * their order, then what must be true at the end.
 */
#include "support/history_internal.h"

#include <stdarg.h>

#include "gateway/memory.h"

/* A lane longer than this is a mistake of whoever wrote the history. */
#define SEQ_MAX 10000000
/* A part number beyond it likewise. */
#define PARTS_MAX 10000

struct part_state {
    size_t copies;
    struct str key;
    bool answer_is_lost; /* of the last copy */
    int64_t first_life;  /* fewest deaths before a copy was sent */
    int64_t last_life;   /* most */
    unsigned replays;    /* before the last copy */
};

struct message_state {
    size_t sent_at; /* index of the event + 1; 0: never */
    size_t accepted_at;
    unsigned parts;
    struct part_state *state; /* of the parts that came so far */
    size_t state_count;
    int64_t row;    /* 0: not seen in the database */
    size_t dead_at; /* index of the last such event + 1; 0: never */
    size_t replayed_at;
    unsigned replays;
    bool must_be_told;
    bool was_reported_failed;
    bool was_reported_delivered;
    bool was_told_failed;
    enum history_status told;
    unsigned mended; /* times it was told failed, then better */
};

struct lane_state {
    const struct lane_name *lane;
    struct message_state *messages;
    size_t count;
    size_t last_sent_at; /* highest sent_at of those that arrived */
    int64_t last_row;    /* highest row of those that arrived */
    bool *has_explained; /* by death: whether it has explained a copy */
    int64_t explained_loosely;
};

struct contact_state {
    struct str name;
    int64_t conversation; /* latest */
    int64_t last_ms;
    UT_hash_handle hh;
};

struct conversation_state {
    int64_t number;
    const struct contact_state *contact;
    UT_hash_handle hh;
};

struct key_state {
    struct str key;
    const struct lane_name *lane;
    int64_t seq;
    unsigned part;
    UT_hash_handle hh;
};

struct check {
    const struct history *history;
    const struct history_options *options;
    struct lane_state *lanes;
    struct contact_state *contacts;
    struct conversation_state *conversations;
    struct key_state *keys;
    struct arena *arena;
    int64_t deaths; /* of the gateway, so far */
    int64_t deaths_in_all;
    bool has_rows; /* it says what the database holds */
    struct buf *out;
    size_t found;
};

PRINTF_LIKE(3, 4)
static void violate(struct check *check, const struct entry *entry, const char *format,
                    ...)
{
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    check->found++;
    const char *colon = strchr(what, ':');
    int rule = (int)(colon - what);
    buf_printf(check->out, "%.*s: %.*s %lld%s\n", rule, what,
               STR_ARG(entry->event.lane), (long long)entry->event.seq, colon + 1);
}

/* --- state ----------------------------------------------------------------- */

/* NULL: of no lane, or no number. */
static struct message_state *message_of(struct check *check, const struct entry *entry)
{
    int64_t seq = entry->event.seq;
    if (entry->lane == NULL || seq < 0 || seq > SEQ_MAX)
        return NULL;
    struct lane_state *lane = &check->lanes[entry->lane->index];
    size_t need = (size_t)seq + 1;
    if (need > lane->count) {
        size_t count = need * 2;
        lane->messages = mem_resize(lane->messages, count * sizeof(*lane->messages));
        memset(lane->messages + lane->count, 0,
               (count - lane->count) * sizeof(*lane->messages));
        lane->count = count;
        lane->lane = entry->lane;
    }
    return &lane->messages[seq];
}

static struct part_state *part_of(struct message_state *message, unsigned part)
{
    if (part >= message->state_count) {
        size_t count = (size_t)part + 1;
        message->state = mem_resize(message->state, count * sizeof(*message->state));
        memset(message->state + message->state_count, 0,
               (count - message->state_count) * sizeof(*message->state));
        message->state_count = count;
    }
    return &message->state[part];
}

static bool has_arrived(const struct message_state *message)
{
    unsigned parts = message->parts == 0 ? 1 : message->parts;
    for (unsigned i = 0; i < parts; i++)
        if (i >= message->state_count || message->state[i].copies == 0)
            return false;
    return true;
}

/* --- the database: one effect, conversations -------------------------------- */

static struct contact_state *contact_of(struct check *check, struct str name)
{
    struct contact_state *contact = NULL;
    HASH_FIND(hh, check->contacts, name.ptr, name.len, contact);
    if (contact != NULL)
        return contact;
    contact = arena_alloc(check->arena, sizeof(*contact));
    contact->name = name;
    HASH_ADD_KEYPTR(hh, check->contacts, name.ptr, name.len, contact);
    return contact;
}

/* Whose the conversation is; the first one seen in it, if nobody was before. */
static const struct contact_state *owner_of(struct check *check, int64_t number,
                                            const struct contact_state *contact,
                                            bool *out_is_new)
{
    struct conversation_state *known = NULL;
    HASH_FIND(hh, check->conversations, &number, sizeof(number), known);
    *out_is_new = known == NULL;
    if (known != NULL)
        return known->contact;
    known = arena_alloc(check->arena, sizeof(*known));
    known->number = number;
    known->contact = contact;
    HASH_ADD(hh, check->conversations, number, sizeof(known->number), known);
    return contact;
}

/* Worked out from the promise, not from the gateway's code: an activity joins when at
 * most the window lies between it and the one before. */
static void check_window(struct check *check, const struct entry *entry)
{
    const struct history_event *event = &entry->event;
    struct contact_state *contact = contact_of(check, entry->lane->contact);
    bool is_new = false;
    if (owner_of(check, event->conversation, contact, &is_new) != contact) {
        violate(check, entry, "cross-talk: stands in conversation %lld of another",
                (long long)event->conversation);
        return;
    }
    bool had_none = contact->conversation == 0;
    bool joins = !had_none && event->at_ms - contact->last_ms <= event->window_ms;
    if (had_none && !is_new)
        violate(check, entry, "window: the first one stands in an old conversation");
    if (!had_none && event->is_activity && joins &&
        event->conversation != contact->conversation)
        violate(check, entry, "window: left conversation %lld after %lld of %lld ms",
                (long long)contact->conversation,
                (long long)(event->at_ms - contact->last_ms),
                (long long)event->window_ms);
    if (!had_none && event->is_activity && !joins && !is_new)
        violate(check, entry, "window: joined conversation %lld after %lld of %lld ms",
                (long long)event->conversation,
                (long long)(event->at_ms - contact->last_ms),
                (long long)event->window_ms);
    if (!had_none && !event->is_activity && is_new)
        violate(check, entry, "window: no message, yet it opened conversation %lld",
                (long long)event->conversation);
    if (!event->is_activity && !had_none)
        return;
    contact->conversation = event->conversation;
    if (event->at_ms > contact->last_ms || had_none)
        contact->last_ms = event->at_ms;
}

static void check_stored(struct check *check, const struct entry *entry)
{
    struct message_state *message = message_of(check, entry);
    if (message == NULL)
        return; /* said in the second pass: it was never sent */
    if (message->row != 0)
        violate(check, entry, "doubled: stored as row %lld and %lld",
                (long long)message->row, (long long)entry->event.row);
    message->row = entry->event.row;
    if (entry->event.window_ms > 0)
        check_window(check, entry);
}

static int by_row(const void *a, const void *b)
{
    const struct entry *const *one = a;
    const struct entry *const *two = b;
    return ((*one)->event.row > (*two)->event.row) -
           ((*one)->event.row < (*two)->event.row);
}

static void check_database(struct check *check)
{
    const struct history *history = check->history;
    size_t count = 0;
    /* NOLINTBEGIN(bugprone-sizeof-expression): it is of pointers */
    const struct entry **stored = mem_new_array(history->count + 1, sizeof(*stored));
    for (size_t i = 0; i < history->count; i++) {
        check->deaths_in_all += history->events[i].event.kind == HISTORY_DIED;
        if (history->events[i].event.kind == HISTORY_STORED)
            stored[count++] = &history->events[i];
    }
    check->has_rows = count > 0;
    qsort(stored, count, sizeof(*stored), by_row);
    /* NOLINTEND(bugprone-sizeof-expression) */
    for (size_t i = 0; i < count; i++)
        check_stored(check, stored[i]);
    mem_free(stored);
}

/* --- arrivals ----------------------------------------------------------------- */

static void check_key(struct check *check, const struct entry *entry,
                      const struct part_state *part)
{
    const struct history_event *event = &entry->event;
    struct key_state *known = NULL;
    if (event->key.len == 0)
        return;
    if (part->copies > 0 && !str_equal(part->key, event->key))
        violate(check, entry,
                "key: a copy of part %u came under %.*s, before under %.*s",
                event->part, STR_ARG(event->key), STR_ARG(part->key));
    HASH_FIND(hh, check->keys, event->key.ptr, event->key.len, known);
    if (known == NULL) {
        known = arena_alloc(check->arena, sizeof(*known));
        *known = (struct key_state){.key = event->key,
                                    .lane = entry->lane,
                                    .seq = event->seq,
                                    .part = event->part};
        HASH_ADD_KEYPTR(hh, check->keys, known->key.ptr, known->key.len, known);
        return;
    }
    if (known->lane != entry->lane || known->seq != event->seq ||
        known->part != event->part)
        violate(check, entry, "key: came under %.*s like %.*s %lld",
                STR_ARG(event->key), STR_ARG(known->lane->name), (long long)known->seq);
}

/* A death between the sending of two copies explains one of them, once a lane. What a
 * dead gateway sent may arrive behind what the next one sent. */
static bool death_explains(const struct check *check, struct lane_state *lane,
                           const struct part_state *part, int64_t life)
{
    if (check->options->deaths_are_loose)
        return lane->explained_loosely++ < check->deaths_in_all;
    int64_t first = part->first_life < life ? part->first_life : life;
    int64_t last = part->last_life > life ? part->last_life : life;
    if (lane->has_explained == NULL)
        lane->has_explained = mem_new((size_t)check->deaths_in_all + 1);
    for (int64_t death = first; death < last; death++) {
        if (lane->has_explained[death])
            continue;
        lane->has_explained[death] = true;
        return true;
    }
    return false;
}

static int64_t life_of(const struct check *check, const struct history_event *event)
{
    return event->has_life && event->life < check->deaths ? event->life : check->deaths;
}

static void check_copy(struct check *check, const struct entry *entry,
                       struct lane_state *lane, const struct message_state *message,
                       struct part_state *part)
{
    if (part->copies == 0 || part->answer_is_lost || part->replays < message->replays ||
        death_explains(check, lane, part, life_of(check, &entry->event)))
        return;
    violate(check, entry,
            "repeat: copy %zu of part %u, and its answer was not lost, nor did the "
            "gateway die",
            part->copies + 1, entry->event.part);
}

static void check_order(struct check *check, const struct entry *entry,
                        struct lane_state *lane, const struct message_state *message,
                        const struct part_state *part)
{
    if (message->replays > 0)
        return; /* a new acceptance at the lane's tail */
    if (part->copies > 0 && entry->event.is_late)
        return; /* nobody could call it back */
    if (message->accepted_at != 0 && message->accepted_at < lane->last_sent_at)
        violate(check, entry,
                "order: arrived behind one that was sent after it had been accepted");
    else if (message->row != 0 && message->row < lane->last_row)
        violate(check, entry, "order: row %lld arrived behind row %lld",
                (long long)message->row, (long long)lane->last_row);
    if (message->sent_at > lane->last_sent_at)
        lane->last_sent_at = message->sent_at;
    if (message->row > lane->last_row)
        lane->last_row = message->row;
}

static void arrived(struct check *check, const struct entry *entry)
{
    const struct history_event *event = &entry->event;
    struct message_state *message = message_of(check, entry);
    if (message == NULL || message->sent_at == 0 || event->part > PARTS_MAX) {
        violate(check, entry, "phantom: arrived and was never sent");
        return;
    }
    if (event->contact.len > 0 && !str_equal(event->contact, entry->lane->contact))
        violate(check, entry, "cross-talk: arrived for %.*s", STR_ARG(event->contact));
    struct lane_state *lane = &check->lanes[entry->lane->index];
    struct part_state *part = part_of(message, event->part);
    check_key(check, entry, part);
    check_copy(check, entry, lane, message, part);
    check_order(check, entry, lane, message, part);
    part->copies++;
    part->key = event->key;
    part->answer_is_lost = false;
    int64_t life = life_of(check, event);
    if (part->copies == 1 || life < part->first_life)
        part->first_life = life;
    if (part->copies == 1 || life > part->last_life)
        part->last_life = life;
    part->replays = message->replays;
}

/* --- what the sender is told ---------------------------------------------------- */

static bool may_be_told(const struct message_state *message, enum history_status status)
{
    if (message->told == HISTORY_STATUS_FAILED && status != HISTORY_STATUS_FAILED)
        return message->replays > message->mended;
    return status >= message->told;
}

static void told(struct check *check, const struct entry *entry)
{
    const struct history_event *event = &entry->event;
    struct message_state *message = message_of(check, entry);
    if (message == NULL || message->sent_at == 0) {
        violate(check, entry, "phantom: told of, and was never sent");
        return;
    }
    if (!may_be_told(message, event->status))
        violate(check, entry, "status: told %s after %s",
                history_status_name(event->status), history_status_name(message->told));
    if (message->told == HISTORY_STATUS_DELIVERED &&
        event->status == HISTORY_STATUS_FAILED)
        violate(check, entry, "status: told failed after delivered");
    if (event->status != HISTORY_STATUS_FAILED && !has_arrived(message))
        violate(check, entry, "status: told %s, and it has not arrived",
                history_status_name(event->status));
    if (event->must_be_reported && event->status == HISTORY_STATUS_DELIVERED &&
        !message->was_reported_delivered)
        violate(check, entry, "status: told delivered, and the peer did not say so");
    message->mended += message->told == HISTORY_STATUS_FAILED &&
                       event->status != HISTORY_STATUS_FAILED;
    message->told = event->status;
    message->was_told_failed |= event->status == HISTORY_STATUS_FAILED;
}

static void reported(struct message_state *message, enum history_status status)
{
    if (status == HISTORY_STATUS_FAILED)
        message->was_reported_failed = true;
    else
        message->was_reported_delivered = true;
}

/* --- the passes ------------------------------------------------------------------ */

static void check_event(struct check *check, const struct entry *entry, size_t index)
{
    const struct history_event *event = &entry->event;
    struct message_state *message = message_of(check, entry);

    if (event->kind == HISTORY_DIED)
        check->deaths++;
    if (event->kind == HISTORY_ARRIVED)
        arrived(check, entry);
    if (event->kind == HISTORY_TOLD)
        told(check, entry);
    if (event->kind == HISTORY_STORED && (message == NULL || message->sent_at == 0))
        violate(check, entry, "phantom: stored and was never sent");
    if (message == NULL)
        return;
    if (event->kind == HISTORY_SENT) {
        if (message->sent_at == 0)
            message->sent_at = index + 1;
        message->parts = event->parts;
    }
    if (event->kind == HISTORY_ACCEPTED && message->accepted_at == 0)
        message->accepted_at = index + 1;
    if (event->kind == HISTORY_ANSWER_LOST && event->part < message->state_count)
        message->state[event->part].answer_is_lost = true;
    if (event->kind == HISTORY_DEAD) {
        message->dead_at = index + 1;
        message->must_be_told = event->must_be_told;
    }
    if (event->kind == HISTORY_REPLAYED) {
        message->replays++;
        message->replayed_at = index + 1;
    }
    if (event->kind == HISTORY_REPORTED)
        reported(message, event->status);
}

static void check_end(struct check *check, const struct lane_state *lane, size_t seq)
{
    const struct message_state *message = &lane->messages[seq];
    const struct entry entry = {
        .event = {.lane = lane->lane->name, .seq = (int64_t)seq},
          .lane = lane->lane
    };
    bool is_dead = message->dead_at > message->replayed_at;
    bool is_kept =
        message->sent_at != 0 && (message->accepted_at != 0 || message->row != 0);

    if (is_kept && !is_dead && !has_arrived(message))
        violate(check, &entry, "loss: accepted, and neither arrived nor a dead letter");
    if (message->accepted_at != 0 && message->row == 0 && check->has_rows)
        violate(check, &entry, "loss: accepted, and not in the database");
    if (is_dead && message->must_be_told && !message->was_told_failed &&
        !message->was_reported_delivered)
        violate(check, &entry, "untold: a dead letter, and its sender does not know");
    if (message->was_told_failed && message->dead_at == 0 &&
        !message->was_reported_failed)
        violate(check, &entry, "status: told failed, and nobody gave it up");
}

static void check_release(struct check *check)
{
    for (size_t i = 0; i < check->history->lane_count; i++) {
        for (size_t seq = 0; seq < check->lanes[i].count; seq++)
            mem_free(check->lanes[i].messages[seq].state);
        mem_free(check->lanes[i].messages);
        mem_free(check->lanes[i].has_explained);
    }
    HASH_CLEAR(hh, check->contacts);
    HASH_CLEAR(hh, check->conversations);
    HASH_CLEAR(hh, check->keys);
    arena_free(check->arena);
    mem_free(check->lanes);
}

size_t history_check(const struct history *history,
                     const struct history_options *options, struct buf *out)
{
    struct check check = {
        .history = history,
        .options = options,
        .lanes = mem_new_array(history->lane_count + 1, sizeof(struct lane_state)),
        .arena = arena_new(SIZE_MAX),
        .out = out,
    };
    check_database(&check);
    for (size_t i = 0; i < history->count; i++)
        check_event(&check, &history->events[i], i);
    for (size_t i = 0; i < history->lane_count; i++)
        for (size_t seq = 0; seq < check.lanes[i].count; seq++)
            check_end(&check, &check.lanes[i], seq);
    check_release(&check);
    return check.found;
}
