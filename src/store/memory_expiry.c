/* What time takes away, in memory: see EXPIRE_BODIES and its like. */
#include "memory_backend.h"

static int64_t died_ms(const struct stored_delivery *delivery)
{
    return delivery->ended_ms != 0 ? delivery->ended_ms : delivery->created_ms;
}

static bool is_standing(const struct stored_delivery *delivery)
{
    return delivery_is_pending(delivery->state) || delivery->state == DELIVERY_DEAD;
}

/* --- a kind of row by its number ------------------------------------------- */

static bool letter_may_go(const struct table *table, int64_t id, int64_t before_ms)
{
    const struct delivery_row *row = delivery_get(table, id);
    return row != NULL && row->stored.state == DELIVERY_DEAD &&
           died_ms(&row->stored) < before_ms;
}

static void drop_letter(struct table *table, int64_t id)
{
    delivery_settle(table, id, DELIVERY_DROPPED, STR("past its retention"),
                    delivery_get(table, id)->stored.ended_ms);
}

static bool body_may_go(const struct table *table, int64_t row, int64_t before_ms)
{
    const struct message *message = message_get(table, row);
    if (message == NULL || message->text.len + message->extra.len == 0)
        return false;
    struct table_key all = key_1(TABLE_MESSAGE_DELIVERIES, row);
    for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
         entry = table_after(entry, &all)) {
        const struct delivery_row *d = delivery_get(table, entry_number(entry));
        if (is_standing(&d->stored) || died_ms(&d->stored) >= before_ms)
            return false;
    }
    return true;
}

static void take_body(struct table *table, int64_t row)
{
    struct table_key choices = key_1(TABLE_CHOICES, row);
    message_strip(table, message_get(table, row));
    keys_delete(table, &choices);
}

/* Attempts are told by the last number of their key. */
static const struct table_entry *find_attempt(const struct table *table, int64_t id)
{
    struct table_key all = key_table(TABLE_ATTEMPTS);
    const struct table_entry *entry = table_first(table, &all);
    while (entry != NULL && entry_number(entry) != id)
        entry = table_after(entry, &all);
    return entry;
}

static bool attempt_may_go(const struct table *table, int64_t id, int64_t before_ms)
{
    const struct table_entry *entry = find_attempt(table, id);
    if (entry == NULL)
        return false;
    const struct stored_attempt *attempt = entry_row(entry);
    return attempt->ended_ms < before_ms;
}

static void take_attempt(struct table *table, int64_t id)
{
    struct table_key key = entry_key(find_attempt(table, id));
    table_delete(table, &key);
}

static int64_t newest(struct table *table, enum memory_table of)
{
    struct table_key key = key_1(TABLE_LAST, of);
    return number_get(table, &key);
}

static bool message_may_go(struct table *table, int64_t row, int64_t before_ms)
{
    const struct message *message = message_get(table, row);
    if (message == NULL || message->accepted_ms >= before_ms ||
        row == newest(table, TABLE_MESSAGES))
        return false;
    struct table_key talk = key_1(TABLE_CONVERSATION_MESSAGES, message->conversation);
    if (entry_number(table_first(table, &talk)) != row)
        return false; /* an older one is kept */
    const struct receipt_slot *slot = slot_get(table, row);
    if (slot != NULL && delivery_is_pending(slot->state))
        return false;
    struct table_key all = key_1(TABLE_MESSAGE_DELIVERIES, row);
    for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
         entry = table_after(entry, &all)) {
        int64_t id = entry_number(entry);
        if (is_standing(&delivery_get(table, id)->stored) ||
            id == newest(table, TABLE_DELIVERIES))
            return false;
    }
    return true;
}

static void take_delivery(struct table *table, int64_t id)
{
    struct table_key keys[] = {
        key_2(TABLE_ATTEMPTS, DELIVERY_MESSAGE, id),
        key_1(TABLE_PARTS, id),
        key_1(TABLE_DELIVERIES, id),
    };
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        keys_delete(table, &keys[i]);
}

/* A model: it looks at all there is. */
static void take_media_of(struct table *table, int64_t message)
{
    int64_t last = newest(table, TABLE_MEDIA);
    for (int64_t id = 1; id <= last; id++) {
        struct table_key key = key_1(TABLE_MEDIA, id);
        const struct media_row *row = table_get(table, &key);
        if (row != NULL && row->message == message)
            table_delete(table, &key);
    }
}

static void take_message(struct table *table, int64_t row)
{
    struct table_key all = key_1(TABLE_MESSAGE_DELIVERIES, row);
    for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
         entry = table_after(entry, &all))
        take_delivery(table, entry_number(entry));

    take_media_of(table, row);
    int64_t conversation = message_get(table, row)->conversation;
    struct table_key keys[] = {
        key_2(TABLE_ATTEMPTS, DELIVERY_RECEIPT, row),
        all,
        key_1(TABLE_RECEIPTS, row),
        key_1(TABLE_CHOICES, row),
        key_2(TABLE_CONVERSATION_MESSAGES, conversation, row),
        key_1(TABLE_MESSAGES, row),
    };
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        keys_delete(table, &keys[i]);
}

static bool media_may_go(const struct table *table, int64_t id, int64_t before_ms)
{
    struct table_key key = key_1(TABLE_MEDIA, id);
    const struct media_row *row = table_get(table, &key);
    if (row == NULL || row->created_ms >= before_ms)
        return false;
    struct table_key all = key_1(TABLE_MESSAGE_DELIVERIES, row->message);
    for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
         entry = table_after(entry, &all))
        if (is_standing(&delivery_get(table, entry_number(entry))->stored))
            return false;
    return true;
}

static void take_media(struct table *table, int64_t id)
{
    struct table_key key = key_1(TABLE_MEDIA, id);
    table_delete(table, &key);
}

/* --- walking --------------------------------------------------------------- */

static bool may_go(struct table *table, enum expiry kind, int64_t row,
                   int64_t before_ms)
{
    switch (kind) {
    case EXPIRE_DEAD_LETTERS:
        return letter_may_go(table, row, before_ms);
    case EXPIRE_BODIES:
        return body_may_go(table, row, before_ms);
    case EXPIRE_ATTEMPTS:
        return attempt_may_go(table, row, before_ms);
    case EXPIRE_MESSAGES:
        return message_may_go(table, row, before_ms);
    case EXPIRE_AUDIT:
        break; /* nothing writes it here */
    case EXPIRE_MEDIA:
        return media_may_go(table, row, before_ms);
    }
    return false;
}

static const enum memory_table numbered_as[EXPIRY_KINDS] = {
    [EXPIRE_DEAD_LETTERS] = TABLE_DELIVERIES,
    [EXPIRE_BODIES] = TABLE_MESSAGES,
    [EXPIRE_ATTEMPTS] = TABLE_ATTEMPTS,
    [EXPIRE_MESSAGES] = TABLE_MESSAGES,
    [EXPIRE_AUDIT] = TABLE_LAST, /* a number that is never given out */
    [EXPIRE_MEDIA] = TABLE_MEDIA,
};

/* Numbers are examined, whether there is a row or not. */
enum status memory_expired_find(struct store *store, struct expiry_walk *walk,
                                struct expired *out, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table *table = memory_rows(store);
    int64_t last = newest(table, numbered_as[walk->kind]);
    for (unsigned i = 0; i < STORE_EXPIRE_ROWS && walk->after < last; i++) {
        /* That an older one of its conversation is kept must be seen when it is taken:
         * that one may be taken just before. */
        const struct message *message = message_get(table, ++walk->after);
        bool is_old_message = walk->kind == EXPIRE_MESSAGES && message != NULL &&
                              message->accepted_ms < walk->before_ms;
        if (is_old_message || may_go(table, walk->kind, walk->after, walk->before_ms))
            out->rows[out->count++] = walk->after;
    }
    walk->is_over = walk->after >= last;
    return STATUS_OK;
}

enum status memory_expire(struct store *store, const struct expired *expired,
                          store_expired_seen *seen, void *context, struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table *table = memory_rows(store);
    for (size_t i = 0; i < expired->count; i++) {
        int64_t row = expired->rows[i];
        if (!may_go(table, expired->kind, row, expired->before_ms))
            continue;
        bool is_letter = expired->kind == EXPIRE_DEAD_LETTERS;
        seen(is_letter ? delivery_get(table, row)->stored.bridge_row : 0, context);
        if (is_letter) {
            drop_letter(table, row);
        } else if (expired->kind == EXPIRE_BODIES) {
            take_body(table, row);
        } else if (expired->kind == EXPIRE_ATTEMPTS) {
            take_attempt(table, row);
        } else if (expired->kind == EXPIRE_MEDIA) {
            take_media(table, row);
        } else {
            take_message(table, row);
        }
    }
    return STATUS_OK;
}
