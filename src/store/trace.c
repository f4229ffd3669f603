/*
 * Looking: the whole life of whatever an id names, and what `db status` shows. The same
 * JSON from every backend; none of it holds a message's text.
 */
#include "gateway/store.h"

#include "backend.h"
#include "internal.h"

#include "gateway/json.h"
#include "gateway/limits.h"

/* An id names one message, rarely a few; a conversation is cut here. */
#define TRACE_MESSAGES_MAX 200
#define TRACE_CONVERSATIONS_MAX 64
/* One, and one for each replay. */
#define TRACE_DELIVERIES_MAX 64

/* What an id turned out to name. */
struct found {
    struct str id;
    const char *matched; /* how the first was found; NULL: nothing was */
    int64_t messages[TRACE_MESSAGES_MAX];
    size_t message_count;
    int64_t conversations[TRACE_CONVERSATIONS_MAX];
    size_t conversation_count;
};

static void add_once(int64_t *list, size_t *count, size_t max, int64_t value)
{
    for (size_t i = 0; i < *count; i++)
        if (list[i] == value)
            return;
    if (*count < max)
        list[(*count)++] = value;
}

static void found_message(struct found *found, const char *how, int64_t row)
{
    if (found->matched == NULL)
        found->matched = how;
    if (row != 0)
        add_once(found->messages, &found->message_count, TRACE_MESSAGES_MAX, row);
}

static void found_conversation(struct found *found, int64_t number)
{
    add_once(found->conversations, &found->conversation_count, TRACE_CONVERSATIONS_MAX,
             number);
}

/* --- finding --------------------------------------------------------------- */

/* The ways an id can stand in the index. */
static const struct {
    const char *name;
    enum id_side side;
    enum id_kind kind;
} ways[] = {
    {"channel message id", ID_SIDE_CHANNEL, ID_KIND_MESSAGE},
    {"channel webhook id", ID_SIDE_CHANNEL, ID_KIND_WEBHOOK},
    {"genesys message id", ID_SIDE_GENESYS, ID_KIND_MESSAGE},
    {"genesys webhook id", ID_SIDE_GENESYS, ID_KIND_WEBHOOK},
    {"gateway message id", ID_SIDE_GATEWAY, ID_KIND_MESSAGE},
};

/* Names live in the arena; a bridge past its ceiling is not searched. */
#define BRIDGES_ARENA_BYTES (1024 * 1024)
struct known_bridge {
    struct known_bridge *next;
    int64_t row;
    struct str name;
};
struct bridges {
    struct arena *arena;
    struct known_bridge *first; /* in the arena */
};

static void keep_bridge(const void *row, void *context)
{
    const struct bridge_record *record = row;
    struct bridges *bridges = context;
    size_t len = strlen(record->name);
    struct known_bridge *bridge =
        arena_try_alloc(bridges->arena, sizeof(*bridge) + len);

    if (bridge == NULL)
        return;
    bridge->row = record->row;
    bridge->name = str_from(memcpy(bridge + 1, record->name, len), len);
    bridge->next = bridges->first;
    bridges->first = bridge;
}

static struct str bridge_name(const struct bridges *bridges, int64_t row)
{
    const struct known_bridge *b = bridges->first;
    while (b != NULL && b->row != row)
        b = b->next;
    return b == NULL ? STR_NONE : b->name;
}

static enum status find_on_bridge(struct store *store, int64_t bridge_row,
                                  struct found *found, struct error *err)
{
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        const struct event_key key = {
            .side = ways[i].side, .kind = ways[i].kind, .id = found->id};
        int64_t message = 0;
        uint32_t tag = 0;
        enum status status =
            store_id_find(store, bridge_row, &key, &message, &tag, err);
        if (status == STATUS_NOT_FOUND)
            continue;
        if (status != STATUS_OK)
            return status;
        found_message(found, ways[i].name, message);
    }
    return STATUS_OK;
}

static enum status find_in_index(struct store *store, const struct bridges *bridges,
                                 struct found *found, struct error *err)
{
    enum status status = STATUS_OK;
    for (const struct known_bridge *b = bridges->first;
         b != NULL && status == STATUS_OK; b = b->next)
        status = find_on_bridge(store, b->row, found, err);
    return status;
}

/*
 * Our own id goes out with a suffix too: part numbers towards Genesys, statuses towards
 * the partner. Source: design.md section 2, "Ids".
 */
static enum status find_suffixed(struct store *store, const struct bridges *bridges,
                                 struct found *found, struct error *err)
{
    const size_t digits = PUBLIC_ID_BYTES - 1;
    if (found->matched != NULL || found->id.len < digits + 2 ||
        found->id.ptr[digits] != '-')
        return STATUS_OK;

    struct found whole = {.id = str_sub(found->id, 0, digits)};
    enum status status = find_in_index(store, bridges, &whole, err);
    if (status == STATUS_OK && whole.matched != NULL)
        found_message(found, "gateway message id", whole.messages[0]);
    return status;
}

static void keep_number(const void *row, void *context)
{
    const int64_t *number = row;
    found_conversation(context, *number);
}

static void keep_message(const void *row, void *context)
{
    const int64_t *message = row;
    found_message(context, "conversation", *message);
}

static enum status find_conversations(struct store *store, struct found *found,
                                      struct error *err)
{
    enum status status =
        store->backend->conversations_of(store, found->id, keep_number, found, err);
    if (status == STATUS_OK && found->conversation_count > 0 && found->matched == NULL)
        found->matched = "genesys conversation id";

    int64_t number = 0;
    struct stored_conversation conversation;
    if (status != STATUS_OK || !str_to_i64(found->id, &number))
        return status;
    status = store->backend->conversation_get(store, number, &conversation, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status == STATUS_OK) {
        found_conversation(found, number);
        if (found->matched == NULL)
            found->matched = "conversation number";
    }
    return status;
}

/* A conversation that was named brings its messages. */
static enum status find_their_messages(struct store *store, struct found *found,
                                       struct error *err)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < found->conversation_count && status == STATUS_OK; i++)
        status =
            store->backend->messages_of(store, found->conversations[i],
                                        TRACE_MESSAGES_MAX, keep_message, found, err);
    return status;
}

/* --- as JSON --------------------------------------------------------------- */

static void add_time(struct json *object, const char *name, int64_t ms)
{
    if (ms == 0)
        return;
    char text[TIME_TEXT_BYTES];
    time_format(ms, text);
    json_add_str(object, name, str_of(text));
}

static void add_text(struct json *object, const char *name, struct str value)
{
    if (value.len > 0)
        json_add_str(object, name, value);
}

static void add_number(struct json *object, const char *name, int64_t value)
{
    if (value != 0)
        json_add_i64(object, name, value);
}

static void add_reason(struct json *object, enum reason_code code, struct str reason)
{
    if (reason.len == 0)
        return;
    json_add_str(object, "reason_code", str_of(reason_code_name(code)));
    json_add_str(object, "reason", reason);
}

/* What the visitors of one message write into. */
struct message_json {
    struct json *deliveries;
    struct json *attempts;
    struct json *receipts;
    struct {
        int64_t id;
        struct json *item; /* borrowed from deliveries */
    } seen[TRACE_DELIVERIES_MAX];
    size_t seen_count;
};

static void add_delivery(const void *row, void *context)
{
    const struct stored_delivery *delivery = row;
    struct message_json *out = context;
    struct json *item = json_append_object(out->deliveries);

    if (out->seen_count < COUNT_OF(out->seen)) {
        out->seen[out->seen_count].id = delivery->id;
        out->seen[out->seen_count++].item = item;
    }
    json_add_i64(item, "id", delivery->id);
    json_add_str(item, "direction", str_of(direction_name(delivery->direction)));
    json_add_str(item, "state", str_of(delivery_state_name(delivery->state)));
    json_add_bool(item, "replay", delivery->is_replay);
    json_add_i64(item, "attempts", delivery->attempts);
    json_add_i64(item, "parts_done", delivery->parts_done);
    json_add_i64(item, "possible_duplicates", delivery->possible_duplicates);
    json_add_i64(item, "age_ms", delivery->age_ms);
    add_number(item, "http_status", delivery->http_status);
    add_text(item, "provider_id", delivery->provider_id);
    add_reason(item, delivery->reason_code, delivery->reason);
    add_time(item, "created", delivery->created_ms);
    add_time(item, "started", delivery->started_ms);
    add_time(item, "ended", delivery->ended_ms);
}

static void add_attempt(const void *row, void *context)
{
    const struct stored_attempt *attempt = row;
    struct message_json *out = context;
    struct json *item = json_append_object(out->attempts);

    if (attempt->class == DELIVERY_MESSAGE)
        json_add_i64(item, "delivery", attempt->id);
    else
        json_add_bool(item, "receipt", true);
    json_add_i64(item, "number", attempt->number);
    json_add_str(item, "outcome", str_of(outcome_name(attempt->outcome)));
    add_number(item, "http_status", attempt->http_status);
    add_reason(item, attempt->reason_code, attempt->reason);
    add_time(item, "started", attempt->started_ms);
    add_time(item, "ended", attempt->ended_ms);
}

static void add_receipt(const void *row, void *context)
{
    const struct receipt_slot *slot = row;
    struct message_json *out = context;
    struct json *item = json_append_object(out->receipts);

    json_add_str(item, "direction", str_of(direction_name(slot->receipt.direction)));
    json_add_str(item, "status", str_of(message_status_name(slot->receipt.status)));
    json_add_str(item, "state", str_of(delivery_state_name(slot->state)));
    json_add_i64(item, "attempts", slot->attempts);
    add_number(item, "http_status", slot->http_status);
    add_reason(item, slot->receipt.reason_code, slot->receipt.reason);
    add_time(item, "created", slot->receipt.created_ms);
    add_time(item, "ended", slot->ended_ms);
}

static void add_id(const void *row, void *context)
{
    const struct str *id = row;
    json_append(context, json_new_str(*id));
}

static enum status add_steps(struct store *store, struct message_json *out,
                             int64_t message, struct error *err)
{
    const struct store_backend *backend = store->backend;
    enum status status = backend->deliveries_of(store, message, add_delivery, out, err);

    for (size_t i = 0; i < out->seen_count && status == STATUS_OK; i++) {
        struct json *parts = json_add_array(out->seen[i].item, "further_parts");
        status = backend->parts_of(store, out->seen[i].id, add_id, parts, err);
        if (status == STATUS_OK)
            status = backend->attempts_of(store, DELIVERY_MESSAGE, out->seen[i].id,
                                          add_attempt, out, err);
    }
    if (status == STATUS_OK)
        status = backend->receipts_of(store, message, add_receipt, out, err);
    if (status == STATUS_OK)
        status = backend->attempts_of(store, DELIVERY_RECEIPT, message, add_attempt,
                                      out, err);
    return status;
}

static void add_message_fields(struct json *object, const struct message *message,
                               const struct bridges *bridges)
{
    json_add_str(object, "id", str_of(message->public_id));
    json_add_i64(object, "number", message->row);
    json_add_str(object, "direction", str_of(direction_name(message->direction)));
    json_add_str(object, "kind", str_of(event_kind_name(message->kind)));
    json_add_str(object, "status", str_of(message_status_name(message->status)));
    add_text(object, "bridge", bridge_name(bridges, message->bridge_row));
    add_text(object, "contact", message->contact_id);
    add_number(object, "conversation", message->conversation);
    add_number(object, "about", message->target_row);
    add_text(object, "source_id", message->source_id);
    add_text(object, "peer_id", message->peer_id);
    add_text(object, "trace", message->trace);
    json_add_i64(object, "text_bytes", (int64_t)message->text.len);
    add_time(object, "time", message->time_ms);
    add_time(object, "accepted", message->accepted_ms);
}

static enum status add_message(struct store *store, const struct bridges *bridges,
                               struct json *list, int64_t row, struct found *found,
                               struct error *err)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    struct message message;
    enum status status = store->backend->message_get(store, row, arena, &message, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK; /* past its retention; the id lives longer */
    if (status != STATUS_OK)
        return status;

    struct json *object = json_append_object(list);
    add_message_fields(object, &message, bridges);
    if (message.conversation != 0)
        found_conversation(found, message.conversation);
    struct message_json out = {
        .deliveries = json_add_array(object, "deliveries"),
        .attempts = json_add_array(object, "attempts"),
        .receipts = json_add_array(object, "receipts"),
    };
    return add_steps(store, &out, row, err);
}

static enum status add_conversation(struct store *store, const struct bridges *bridges,
                                    struct json *list, int64_t number,
                                    struct error *err)
{
    struct stored_conversation conversation;
    enum status status =
        store->backend->conversation_get(store, number, &conversation, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status != STATUS_OK)
        return status;

    struct json *object = json_append_object(list);
    json_add_i64(object, "number", number);
    add_text(object, "bridge", bridge_name(bridges, conversation.bridge_row));
    add_time(object, "opened", conversation.opened_ms);
    add_time(object, "last_activity", conversation.last_activity_ms);
    add_time(object, "closed", conversation.closed_ms);
    struct json *links = json_add_array(object, "genesys_conversations");
    return store->backend->links_of(store, number, add_id, links, err);
}

static enum status find_all(struct store *store, const struct bridges *bridges,
                            struct found *found, struct error *err)
{
    enum status status = find_in_index(store, bridges, found, err);
    if (status == STATUS_OK)
        status = find_suffixed(store, bridges, found, err);
    if (status == STATUS_OK)
        status = find_conversations(store, found, err);
    if (status == STATUS_OK)
        status = find_their_messages(store, found, err);
    if (status == STATUS_OK && found->matched == NULL)
        return fail(err, STATUS_NOT_FOUND,
                    "it was never seen, or is past its retention");
    return status;
}

static enum status add_found(struct store *store, const struct bridges *bridges,
                             struct found *found, struct json *json, struct error *err)
{
    enum status status = STATUS_OK;
    struct json *messages = json_add_array(json, "messages");
    for (size_t i = 0; i < found->message_count && status == STATUS_OK; i++)
        status = add_message(store, bridges, messages, found->messages[i], found, err);
    struct json *conversations = json_add_array(json, "conversations");
    for (size_t i = 0; i < found->conversation_count && status == STATUS_OK; i++)
        status = add_conversation(store, bridges, conversations,
                                  found->conversations[i], err);
    return status;
}

/* The id index may remember longer than the rest. */
static bool has_anything(const struct json *json)
{
    return json_first(json_get(json, "messages")) != NULL ||
           json_first(json_get(json, "conversations")) != NULL;
}

enum status store_trace(struct store *store, struct str id, struct json **out_json,
                        struct error *err)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(BRIDGES_ARENA_BYTES);
    struct bridges bridges = {.arena = arena};
    struct found found = {.id = id};
    enum status status = store->backend->bridges(store, keep_bridge, &bridges, err);
    if (status == STATUS_OK)
        status = find_all(store, &bridges, &found, err);
    if (status != STATUS_OK)
        return status;

    CLEANUP(json_freep) struct json *json = json_new_object();
    json_add_str(json, "matched", str_of(found.matched));
    status = add_found(store, &bridges, &found, json, err);
    if (status == STATUS_OK && !has_anything(json))
        return fail(err, STATUS_NOT_FOUND, "what had this id is past its retention");
    if (status == STATUS_OK)
        *out_json = TAKE(json);
    return status;
}

enum status store_status(struct store *store, struct json **out_json, struct error *err)
{
    struct store_overview overview = {0};
    enum status status = store->backend->overview(store, &overview, err);
    if (status != STATUS_OK)
        return status;

    CLEANUP(json_freep) struct json *json = json_new_object();
    json_add_str(json, "engine", str_of(overview.engine));
    json_add_str(json, "version", overview.version);
    json_add_str(json, "newest", overview.newest);
    struct json *pending = json_add_array(json, "pending");
    status = store->backend->pending_migrations(store, add_id, pending, err);
    if (status != STATUS_OK)
        return status;
    json_add_i64(json, "contacts", overview.contacts);
    json_add_i64(json, "conversations", overview.conversations);
    json_add_i64(json, "messages", overview.messages);
    json_add_i64(json, "deliveries", overview.deliveries);
    json_add_i64(json, "ids", overview.ids);
    json_add_i64(json, "pending_receipts", overview.pending_receipts);
    *out_json = TAKE(json);
    return STATUS_OK;
}
