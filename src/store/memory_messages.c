/* Messages, their choices and receipts in memory. */
#include "memory_backend.h"

static const size_t message_texts[] = {
    offsetof(struct message, contact_id), offsetof(struct message, source_id),
    offsetof(struct message, peer_id),    offsetof(struct message, text),
    offsetof(struct message, extra),      offsetof(struct message, trace),
};
static const struct row_shape message_shape = ROW_SHAPE(struct message, message_texts);

static const size_t choice_texts[] = {
    offsetof(struct stored_choice, label),
    offsetof(struct stored_choice, payload),
};
static const struct row_shape choice_shape =
    ROW_SHAPE(struct stored_choice, choice_texts);

static const size_t slot_texts[] = {offsetof(struct receipt_slot, receipt.reason)};
static const struct row_shape slot_shape = ROW_SHAPE(struct receipt_slot, slot_texts);

static const size_t receipt_texts[] = {offsetof(struct receipt, reason)};
static const struct row_shape receipt_shape = ROW_SHAPE(struct receipt, receipt_texts);

/* --- messages ------------------------------------------------------------ */

enum status memory_message_add(struct store *store, struct message *message,
                               struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table *table = memory_rows(store);
    message->row = number_next(table, TABLE_MESSAGES);

    if (message->activity_ms != 0)
        conversation_active(table, message->conversation, message->activity_ms);
    struct message row = *message;
    row.activity_ms = 0;
    row.contact_id =
        STR_NONE; /* the contact's and the delivery's: looked up when read */
    row.peer_id = STR_NONE;
    struct table_key key = key_1(TABLE_MESSAGES, row.row);
    row_put(table, &key, &message_shape, &row);
    struct table_key of = key_2(TABLE_CONVERSATION_MESSAGES, row.conversation, row.row);
    index_set(table, &of, true);
    return STATUS_OK;
}

const struct message *message_get(const struct table *table, int64_t row)
{
    struct table_key key = key_1(TABLE_MESSAGES, row);
    return table_get(table, &key);
}

enum status memory_message_get(struct store *store, int64_t row, struct arena *arena,
                               struct message *out, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct table *table = memory_rows(store);
    const struct message *kept = message_get(table, row);
    if (kept == NULL)
        return fail(err, STATUS_NOT_FOUND, "no message of that number");

    *out = *kept;
    const struct contact_row *contact = contact_get(table, kept->contact_row);
    out->contact_id =
        contact == NULL ? STR_NONE : arena_copy(arena, contact->external_id);
    out->source_id = arena_copy(arena, kept->source_id);
    out->peer_id = arena_copy(arena, message_peer_id(table, row));
    out->text = arena_copy(arena, kept->text);
    out->extra = arena_copy(arena, kept->extra);
    out->trace = arena_copy(arena, kept->trace);
    return STATUS_OK;
}

void message_strip(struct table *table, const struct message *kept)
{
    struct message bare = *kept;
    bare.text = STR_NONE;
    bare.extra = STR_NONE;
    struct table_key key = key_1(TABLE_MESSAGES, kept->row);
    row_put(table, &key, &message_shape, &bare);
}

/* Nobody asks since when. */
static void change_status(struct table *rows, const struct message *kept,
                          enum message_status status)
{
    struct message changed = *kept;
    changed.status = status;
    struct table_key key = key_1(TABLE_MESSAGES, kept->row);
    row_put(rows, &key, &message_shape, &changed);
}

enum status memory_message_status(struct store *store, int64_t row,
                                  enum message_status message_status, int64_t now_ms,
                                  struct error *err)
{
    (void)now_ms;
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    const struct message *kept = message_get(memory_rows(store), row);
    if (kept == NULL)
        return fail(err, STATUS_NOT_FOUND, "no message of that number");
    change_status(memory_rows(store), kept, message_status);
    return STATUS_OK;
}

enum status memory_message_advance(struct store *store, int64_t row,
                                   enum message_status from, enum message_status to,
                                   int64_t now_ms, bool *out_changed, struct error *err)
{
    (void)now_ms;
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    const struct message *kept = message_get(memory_rows(store), row);
    *out_changed = kept != NULL && kept->status == from;
    if (*out_changed)
        change_status(memory_rows(store), kept, to);
    return STATUS_OK;
}

enum status memory_messages_of(struct store *store, int64_t conversation,
                               unsigned limit, each_row *seen, void *context,
                               struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key all = key_1(TABLE_CONVERSATION_MESSAGES, conversation);
    for (const struct table_entry *entry = table_first(memory_rows(store), &all);
         entry != NULL && limit > 0; entry = table_after(entry, &all), limit--) {
        int64_t row = entry_number(entry);
        seen(&row, context);
    }
    return STATUS_OK;
}

/* --- choices ------------------------------------------------------------- */

enum status memory_choice_add(struct store *store, int64_t message,
                              const struct stored_choice *choice, struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key key = key_2(TABLE_CHOICES, message, choice->ordinal);
    row_put(memory_rows(store), &key, &choice_shape, choice);
    return STATUS_OK;
}

static enum status take_choice(const struct stored_choice *choice, struct arena *arena,
                               struct stored_choice *out)
{
    *out = *choice;
    out->label = arena_copy(arena, choice->label);
    out->payload = arena_copy(arena, choice->payload);
    return STATUS_OK;
}

enum status memory_choice_get(struct store *store, int64_t message, unsigned ordinal,
                              struct arena *arena, struct stored_choice *out,
                              struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key key = key_2(TABLE_CHOICES, message, ordinal);
    const struct stored_choice *choice = table_get(memory_rows(store), &key);
    if (choice == NULL)
        return fail(err, STATUS_NOT_FOUND, "the message offers no such choice");
    return take_choice(choice, arena, out);
}

enum status memory_numbered_message(struct store *store, int64_t conversation,
                                    int64_t *out_message, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct table *table = memory_rows(store);
    struct table_key all = key_1(TABLE_CONVERSATION_MESSAGES, conversation);
    int64_t offer = 0;
    size_t since = 0;
    for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
         entry = table_after(entry, &all), since++) {
        const struct message *message = message_get(table, entry_number(entry));
        if (message->direction != DIRECTION_OUTBOUND || message->kind != EVENT_MESSAGE)
            continue;
        offer = message->row;
        since = 0;
    }
    if (offer == 0 || since > STORE_NUMBERED_LOOK_BACK ||
        !message_shows_numbers(table, offer))
        return fail(err, STATUS_NOT_FOUND, "the latest message showed no numbers");
    *out_message = offer;
    return STATUS_OK;
}

/* A model: it looks at all there is. */
enum status memory_contact_heard(struct store *store, int64_t contact_row,
                                 int64_t since_ms, bool *out_heard, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key all = key_table(TABLE_MESSAGES);
    *out_heard = false;
    for (const struct table_entry *entry = table_first(memory_rows(store), &all);
         entry != NULL; entry = table_after(entry, &all)) {
        const struct message *message = entry_row(entry);
        *out_heard |= message->contact_row == contact_row &&
                      message->direction == DIRECTION_INBOUND &&
                      event_counts_as_activity(message->kind) &&
                      message->accepted_ms >= since_ms;
    }
    return STATUS_OK;
}

static void add_if_sent(const struct table *table, const struct message *message,
                        const struct sent_query *query, uint32_t statuses,
                        struct sent *out)
{
    if (message->direction == query->direction &&
        (statuses & UINT32_C(1) << message->status) != 0 &&
        message_sent_by(table, message->row, query->until_ms))
        out->rows[out->count++] = message->row;
}

enum status memory_sent(struct store *store, const struct sent_query *query,
                        uint32_t statuses, struct sent *out, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct table *table = memory_rows(store);
    struct table_key all = key_table(TABLE_MESSAGES);
    int64_t rows[STORE_SENT_LOOK_BACK];
    size_t seen = 0; /* the last ones of them are in `rows`, round and round */
    for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
         entry = table_after(entry, &all)) {
        const struct message *message = entry_row(entry);
        if (message->contact_row == query->contact_row)
            rows[seen++ % STORE_SENT_LOOK_BACK] = message->row;
    }
    for (size_t i = seen; i > 0 && i + STORE_SENT_LOOK_BACK > seen; i--)
        add_if_sent(table, message_get(table, rows[(i - 1) % STORE_SENT_LOOK_BACK]),
                    query, statuses, out);
    struct table_key lane = key_2(TABLE_LANES, query->contact_row, query->direction);
    out->more_waits = table_first(table, &lane) != NULL;
    return STATUS_OK;
}

enum status memory_choice_find(struct store *store, int64_t message, struct str payload,
                               struct arena *arena, struct stored_choice *out,
                               struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key all = key_1(TABLE_CHOICES, message);
    for (const struct table_entry *entry = table_first(memory_rows(store), &all);
         entry != NULL; entry = table_after(entry, &all)) {
        const struct stored_choice *choice = entry_row(entry);
        if (!str_equal(choice->payload, payload))
            continue;
        return take_choice(choice, arena, out);
    }
    return fail(err, STATUS_NOT_FOUND, "the message offers no such choice");
}

/* --- receipts ------------------------------------------------------------ */

const struct receipt_slot *slot_get(const struct table *table, int64_t message)
{
    struct table_key key = key_1(TABLE_RECEIPTS, message);
    return table_get(table, &key);
}

/* Keeps the index of unsent ones in step. */
static void slot_put(struct table *table, const struct receipt_slot *slot)
{
    int64_t message = slot->receipt.message;
    struct table_key key = key_1(TABLE_RECEIPTS, message);
    row_put(table, &key, &slot_shape, slot);
    struct table_key unsent = key_1(TABLE_UNSENT, message);
    index_set(table, &unsent, delivery_is_pending(slot->state));
}

enum status memory_receipt_find(struct store *store, int64_t message,
                                struct receipt_slot *out, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct receipt_slot *slot = slot_get(memory_rows(store), message);
    if (slot == NULL)
        return fail(err, STATUS_NOT_FOUND, "the message has no receipt");
    *out = *slot;
    out->receipt.reason = STR_NONE;
    return STATUS_OK;
}

enum status memory_receipt_put(struct store *store, const struct receipt *receipt,
                               struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    const struct receipt_slot slot = {.receipt = *receipt, .state = DELIVERY_READY};
    slot_put(memory_rows(store), &slot);
    return STATUS_OK;
}

enum status memory_receipt_record(struct store *store,
                                  const struct record_change *change, struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table *table = memory_rows(store);
    const struct delivery_record *record = change->record;
    if (change->is_logged)
        attempt_add(table, record);
    if (change->keeps_slot)
        return STATUS_OK;

    struct receipt_slot slot = *slot_get(table, record->id);
    slot.state = record->state;
    slot.attempts = record->attempts;
    slot.age_ms = record->age_ms;
    slot.ended_ms = record->ended_ms;
    slot.http_status = record->http_status;
    slot_put(table, &slot);
    return STATUS_OK;
}

enum status memory_receipts_of(struct store *store, int64_t message, each_row *seen,
                               void *context, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct receipt_slot *slot = slot_get(memory_rows(store), message);
    if (slot != NULL)
        seen(slot, context);
    return STATUS_OK;
}

/* --- early receipts ------------------------------------------------------ */

enum status memory_early_receipt_find(struct store *store,
                                      const uint8_t key[HASH16_BYTES],
                                      struct arena *arena, struct receipt *out,
                                      struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key early = key_bytes(TABLE_EARLY_RECEIPTS, key, HASH16_BYTES);
    const struct receipt *receipt = table_get(memory_rows(store), &early);
    if (receipt == NULL)
        return fail(err, STATUS_NOT_FOUND, "no receipt waits under this key");
    *out = *receipt;
    out->reason = arena_copy(arena, receipt->reason);
    return STATUS_OK;
}

enum status memory_early_receipt_put(struct store *store,
                                     const uint8_t key[HASH16_BYTES],
                                     const struct receipt *receipt, struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key early = key_bytes(TABLE_EARLY_RECEIPTS, key, HASH16_BYTES);
    row_put(memory_rows(store), &early, &receipt_shape, receipt);
    return STATUS_OK;
}

enum status memory_early_receipt_delete(struct store *store,
                                        const uint8_t key[HASH16_BYTES],
                                        struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key early = key_bytes(TABLE_EARLY_RECEIPTS, key, HASH16_BYTES);
    table_delete(memory_rows(store), &early);
    return STATUS_OK;
}

static bool is_early_and_old(const void *row, int64_t before_ms)
{
    const struct receipt *receipt = row;
    return receipt->created_ms < before_ms;
}

enum status memory_early_receipts_expire(struct store *store, int64_t before_ms,
                                         bool *out_left, struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table *rows = memory_rows(store);
    struct table_key all = key_table(TABLE_EARLY_RECEIPTS);
    rows_expire(rows, TABLE_EARLY_RECEIPTS, is_early_and_old, before_ms);
    *out_left = table_first(rows, &all) != NULL;
    return STATUS_OK;
}
