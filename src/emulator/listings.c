/*
 * /_emulator: what was seen, oldest first.
 *
 * Rows are numbered from 1 in each list. ?after=N skips the first N rows, so N is the
 * last row number seen; ?limit=N takes at most N; ?tail=N takes the last N only.
 */
#include "gate.h"
#include "operations.h"

typedef void print_row(struct buf *out, size_t row, const void *item);

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Prints the rows that the query asks for. */
static void answer_rows(struct call *call, const struct rows *rows, print_row *print)
{
    int64_t after = 0;
    int64_t limit = 0;
    int64_t tail = 0;
    if (!call_query_number(call, "after", 0, INT64_MAX, 0, &after) ||
        !call_query_number(call, "limit", 1, INT64_MAX, INT64_MAX, &limit) ||
        !call_query_number(call, "tail", 1, INT64_MAX, INT64_MAX, &tail))
        return;
    if (rows->is_cut) {
        call_refuse_full(call); /* a part without saying so would mislead */
        return;
    }
    size_t first = smaller((size_t)after, rows->count);
    size_t count = smaller((size_t)limit, rows->count - first);
    if (count > (size_t)tail) {
        first += count - (size_t)tail;
        count = (size_t)tail;
    }
    print_array(call->out, NULL);
    for (size_t i = first; i < first + count; i++)
        print(call->out, i + 1, rows->items[i]);
    print_end_array(call->out);
    call_answer(call, 200);
}

/* --- messages ------------------------------------------------------------- */

static void print_message_row(struct buf *out, size_t row, const void *item)
{
    const struct message *message = item;
    const struct conversation *conversation = message->conversation;
    print_body_open(out, NULL, message);
    print_i64(out, "row", (int64_t)row);
    print_text(out, "integrationId", conversation->contact->integration->id);
    print_text(out, "genesysId", message->id);
    print_text(out, "conversationId", conversation->id);
    print_time(out, "receivedAt", message->at_ms);
    print_end_object(out);
}

void list_messages(struct call *call)
{
    answer_rows(call, &call->world->inbound, print_message_row);
}

static void print_outbound_row(struct buf *out, size_t row, const void *item)
{
    const struct message *message = item;
    print_object(out, NULL);
    print_i64(out, "row", (int64_t)row);
    print_text(out, "id", message->id);
    print_text(out, "state", message_state_name(message->state));
    print_time(out, "sentAt", message->at_ms);
    print_raw(out, "body", str_from(message->json, message->json_len));
    print_end_object(out);
}

void list_outbound(struct call *call)
{
    answer_rows(call, &call->world->outbound, print_outbound_row);
}

static void print_notice_row(struct buf *out, size_t row, const void *item)
{
    const struct notice *notice = item;
    print_raw_open(out, NULL, str_from(notice->json, notice->json_len));
    print_i64(out, "row", (int64_t)row);
    print_text(out, "integrationId", notice->integration->id);
    if (notice->message != NULL)
        print_text(out, "conversationId", notice->message->conversation->id);
    print_time(out, "receivedAt", notice->at_ms);
    print_end_object(out);
}

void list_receipts(struct call *call)
{
    answer_rows(call, &call->world->receipts, print_notice_row);
}

void list_events(struct call *call)
{
    answer_rows(call, &call->world->events, print_notice_row);
}

/* --- conversations -------------------------------------------------------- */

/* Leaves the object open. */
static void print_conversation(struct buf *out, const struct conversation *conversation)
{
    const struct contact *contact = conversation->contact;
    print_object(out, NULL);
    print_text(out, "id", conversation->id);
    print_text(out, "integrationId", contact->integration->id);
    print_text(out, "integrationName", contact->integration->name);
    print_str(out, "contact", str_from(contact->id, contact->id_len));
    print_text(out, "state", conversation->is_connected ? "connected" : "disconnected");
    print_i64(out, "messages", (int64_t)conversation->message_count);
    print_time(out, "openedAt", conversation->opened_ms);
    print_time(out, "lastMessageAt", conversation->last_ms);
    print_time(out, "typingAt", conversation->typing_ms);
    print_time(out, "disconnectedAt", conversation->disconnected_ms);
}

static void print_conversation_row(struct buf *out, size_t row, const void *item)
{
    print_conversation(out, item);
    print_i64(out, "row", (int64_t)row);
    print_end_object(out);
}

void list_conversations(struct call *call)
{
    answer_rows(call, &call->world->conversations, print_conversation_row);
}

static void print_timeline_entry(struct buf *out, const struct message *message)
{
    print_object(out, NULL);
    print_text(out, "id", message->id);
    print_text(out, "direction", message->is_inbound ? "inbound" : "outbound");
    print_text(out, "state", message_state_name(message->state));
    print_time(out, "at", message->at_ms);
    print_body_open(out, "body", message);
    print_end_object(out);
    print_end_object(out);
}

/* The conversation with its messages (?tail=N: the last N), as received or sent. */
void get_conversation(struct call *call)
{
    struct str id = request_argument(call->request, "conversationId");
    const struct conversation *conversation = conversation_find(call->world, id);
    if (conversation == NULL) {
        call_refuse_missing(call, "conversation", id);
        return;
    }
    int64_t tail = 0;
    if (!call_query_number(call, "tail", 1, INT64_MAX, INT64_MAX, &tail))
        return;
    struct buf *out = call->out;
    int64_t skipped = (int64_t)conversation->message_count - tail;
    print_conversation(out, conversation);
    print_time(out, "now", world_now_ms(call->world));
    print_array(out, "timeline");
    for (const struct message *message = conversation->first; message != NULL;
         message = message->next_in_conversation) {
        if (skipped-- <= 0)
            print_timeline_entry(out, message);
    }
    print_end_array(out);
    print_end_object(out);
    call_answer(call, 200);
}

/* --- traffic -------------------------------------------------------------- */

static void print_webhook_row(struct buf *out, size_t row, const void *item)
{
    const struct webhook_attempt *attempt = item;
    print_object(out, NULL);
    print_i64(out, "row", (int64_t)row);
    print_text(out, "id", attempt->message_id);
    print_str(out, "integrationId",
              str_from(attempt->integration_id, attempt->integration_id_len));
    print_i64(out, "attempt", attempt->attempt);
    print_i64(out, "status", attempt->status);
    print_bool(out, "taken", attempt->is_taken);
    print_bool(out, "final", attempt->is_final);
    print_time(out, "time", attempt->at_ms);
    print_i64(out, "tookMs", attempt->took_ms);
    if (attempt->why[0] != '\0')
        print_text(out, "why", attempt->why);
    print_end_object(out);
}

void list_webhooks(struct call *call)
{
    answer_rows(call, &call->emulator->attempts, print_webhook_row);
}

static void print_request_row(struct buf *out, size_t row, const void *item)
{
    const struct seen_request *seen = item;
    print_object(out, NULL);
    print_i64(out, "row", (int64_t)row);
    print_text(out, "method", seen->method);
    print_str(out, "path", str_from(seen->path, seen->path_len));
    print_i64(out, "status", seen->status);
    print_time(out, "time", seen->at_ms);
    print_i64(out, "timeMs", seen->at_ms);
    print_i64(out, "tookMs", seen->took_ms);
    print_end_object(out);
}

void list_requests(struct call *call)
{
    answer_rows(call, &call->emulator->requests, print_request_row);
}

void count_tokens(struct call *call)
{
    print_object(call->out, NULL);
    print_i64(call->out, "count", (int64_t)call->emulator->login.tokens.count);
    print_end_object(call->out);
    call_answer(call, 200);
}
