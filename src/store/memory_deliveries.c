/* Deliveries, their attempts and parts, and taking work in memory. */
#include "memory_backend.h"

static const size_t delivery_texts[] = {offsetof(struct delivery_row, stored.reason)};
static const struct row_shape delivery_shape =
    ROW_SHAPE(struct delivery_row, delivery_texts);

static const size_t attempt_texts[] = {offsetof(struct stored_attempt, reason)};
static const struct row_shape attempt_shape =
    ROW_SHAPE(struct stored_attempt, attempt_texts);

struct group_row {
    int64_t epoch;
    struct str owner;
};
static const size_t group_texts[] = {offsetof(struct group_row, owner)};
static const struct row_shape group_shape = ROW_SHAPE(struct group_row, group_texts);

const struct delivery_row *delivery_get(const struct table *table, int64_t id)
{
    struct table_key key = key_1(TABLE_DELIVERIES, id);
    return table_get(table, &key);
}

void delivery_put(struct table *table, const struct delivery_row *row)
{
    const struct stored_delivery *stored = &row->stored;
    struct table_key key = key_1(TABLE_DELIVERIES, stored->id);
    row_put(table, &key, &delivery_shape, row);
    struct table_key lane =
        key_3(TABLE_LANES, stored->contact_row, stored->direction, stored->id);
    index_set(table, &lane, delivery_is_pending(stored->state));
}

/* Borrowed, empty when the peer named none. */
static struct str part_id(const struct table *table, int64_t delivery, unsigned part)
{
    struct table_key key = key_2(TABLE_PARTS, delivery, part);
    const struct text_row *row = table_get(table, &key);
    return row == NULL ? STR_NONE : row->text;
}

bool message_shows_numbers(const struct table *table, int64_t message)
{
    struct table_key all = key_1(TABLE_MESSAGE_DELIVERIES, message);
    for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
         entry = table_after(entry, &all))
        if (delivery_get(table, entry_number(entry))->stored.shows_numbers)
            return true;
    return false;
}

bool message_sent_by(const struct table *table, int64_t message, int64_t until_ms)
{
    struct table_key all = key_1(TABLE_MESSAGE_DELIVERIES, message);
    for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
         entry = table_after(entry, &all)) {
        const struct stored_delivery *stored =
            &delivery_get(table, entry_number(entry))->stored;
        if (stored->state == DELIVERY_DONE && stored->started_ms <= until_ms)
            return true;
    }
    return false;
}

struct str message_peer_id(const struct table *table, int64_t message)
{
    struct str latest = STR_NONE;
    struct table_key all = key_1(TABLE_MESSAGE_DELIVERIES, message);
    for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
         entry = table_after(entry, &all)) {
        struct str id = part_id(table, entry_number(entry), 0);
        if (id.len > 0)
            latest = id;
    }
    return latest;
}

/* --- adding and recording ------------------------------------------------ */

enum status memory_delivery_add(struct store *store, struct delivery *delivery,
                                enum delivery_state state, struct str reason,
                                struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table *table = memory_rows(store);
    delivery->id = number_next(table, TABLE_DELIVERIES);
    const struct delivery_row row = {
        .stored =
            {
                     .id = delivery->id,
                     .message = delivery->message_id,
                     .contact_row = delivery->contact_row,
                     .bridge_row = delivery->bridge_row,
                     .direction = delivery->direction,
                     .state = state,
                     .is_replay = delivery->is_replay,
                     .attempts = delivery->attempts,
                     .parts_done = delivery->parts_done,
                     .possible_duplicates = delivery->possible_duplicates,
                     .age_ms = delivery->age_ms,
                     .created_ms = delivery->accepted_ms,
                     .reason = reason,
                     },
        .previous_conversation = delivery->previous_conversation,
        .opens_conversation = delivery->opens_conversation,
        .wants_conversation_id = delivery->wants_conversation_id,
    };
    delivery_put(table, &row);
    struct table_key of =
        key_2(TABLE_MESSAGE_DELIVERIES, delivery->message_id, delivery->id);
    index_set(table, &of, true);
    return STATUS_OK;
}

enum status memory_delivery_state(struct store *store, int64_t id,
                                  enum delivery_state *out, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct delivery_row *row = delivery_get(memory_rows(store), id);
    if (row == NULL)
        return fail(err, STATUS_NOT_FOUND, "no delivery of that number");
    *out = row->stored.state;
    return STATUS_OK;
}

void delivery_settle(struct table *table, int64_t id, enum delivery_state state,
                     struct str reason, int64_t ended_ms)
{
    struct delivery_row row = *delivery_get(table, id);
    struct str before = row.stored.reason;
    CLEANUP(buf_release) struct buf whole;
    buf_init(&whole, reason.len + before.len + 2);
    buf_add(&whole, reason);
    if (before.len > 0)
        buf_printf(&whole, ": %.*s", STR_ARG(before));
    row.stored.state = state;
    row.stored.ended_ms = ended_ms;
    row.stored.reason = buf_str(&whole);
    delivery_put(table, &row);
}

enum status memory_delivery_settle(struct store *store, int64_t id,
                                   enum delivery_state state, struct str reason,
                                   int64_t now_ms, struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    delivery_settle(memory_rows(store), id, state, reason, now_ms);
    return STATUS_OK;
}

void attempt_add(struct table *table, const struct delivery_record *record)
{
    const struct stored_attempt attempt = {
        .class = record->class,
        .id = record->id,
        .number = record->attempts,
        .outcome = record->outcome,
        .http_status = record->http_status,
        .reason_code = record->reason_code,
        .reason = record->reason,
        .started_ms = record->started_ms,
        .ended_ms = record->ended_ms,
    };
    struct table_key key = key_3(TABLE_ATTEMPTS, record->class, record->id,
                                 number_next(table, TABLE_ATTEMPTS));
    row_put(table, &key, &attempt_shape, &attempt);
}

static void part_put(struct table *table, const struct delivery_record *record)
{
    const struct text_row part = {.text = record->provider_id};
    struct table_key key = key_2(TABLE_PARTS, record->id, record->part);
    row_put(table, &key, &text_shape, &part);
}

enum status memory_delivery_record(struct store *store,
                                   const struct record_change *change,
                                   struct error *err)
{
    enum status status = memory_write(store, err);
    if (status != STATUS_OK)
        return status;
    struct table *table = memory_rows(store);
    const struct delivery_record *record = change->record;
    const struct delivery_row *kept = delivery_get(table, record->id);
    if (kept == NULL)
        return fail(err, STATUS_NOT_FOUND, "no delivery of that number");

    struct delivery_row row = *kept;
    row.stored.state = record->state;
    row.stored.attempts = record->attempts;
    row.stored.parts_done = record->parts_done;
    row.stored.possible_duplicates = record->possible_duplicates;
    row.stored.age_ms = record->age_ms;
    row.stored.started_ms = record->started_ms;
    row.stored.ended_ms = record->ended_ms;
    row.stored.http_status = record->http_status;
    row.stored.reason_code = record->reason_code;
    row.stored.reason = record->reason;
    row.may_have_arrived = record->may_have_arrived;
    row.stored.shows_numbers |= record->shows_numbers;
    delivery_put(table, &row);
    if (change->is_logged)
        attempt_add(table, record);
    if (record->provider_id.len > 0)
        part_put(table, record);
    return STATUS_OK;
}

/* --- lane groups --------------------------------------------------------- */

static const struct group_row *group_get(const struct table *table, unsigned group)
{
    static const struct group_row never_moved = {.epoch = 1};
    struct table_key key = key_1(TABLE_GROUPS, group);
    const struct group_row *row = table_get(table, &key);
    return row == NULL ? &never_moved : row;
}

static bool is_held(const struct table *table, int64_t contact_row, struct str owner)
{
    const struct group_row *group = group_get(table, store_lane_group(contact_row));
    return group->owner.len == 0 || str_equal(group->owner, owner);
}

void memory_store_move_group(struct store *store, unsigned group, struct str owner)
{
    struct table *table = memory_rows(store);
    const struct group_row moved = {
        .epoch = group_get(table, group)->epoch + 1,
        .owner = owner,
    };
    struct table_key key = key_1(TABLE_GROUPS, group);
    row_put(table, &key, &group_shape, &moved);
    table_commit(table); /* no part of any transaction */
}

enum status memory_group_epoch(struct store *store, unsigned group, int64_t *out_epoch,
                               struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    *out_epoch = group_get(memory_rows(store), group)->epoch;
    return STATUS_OK;
}

/* --- taking work --------------------------------------------------------- */

enum status memory_lanes(struct store *store, struct str owner, store_lane_seen *seen,
                         void *context, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct table *table = memory_rows(store);
    struct table_key all = key_table(TABLE_LANES);
    const struct table_entry *entry = table_first(table, &all);
    while (entry != NULL) {
        const struct stored_delivery *first =
            &delivery_get(table, entry_number(entry))->stored;
        struct table_key lane =
            key_2(TABLE_LANES, first->contact_row, first->direction);
        const struct lane_summary summary = {
            .contact_row = first->contact_row,
            .bridge_row = first->bridge_row,
            .direction = first->direction,
            .first_id = first->id,
            .count = count_keys(table, &lane),
        };
        if (is_held(table, first->contact_row, owner))
            seen(&summary, context);
        lane = key_3(TABLE_LANES, first->contact_row, first->direction, INT64_MAX);
        entry = table_first_from(table, &lane, &all);
    }
    return STATUS_OK;
}

/* What both classes read alike: the message, whom it concerns, what it is about. */
static void fill_source(const struct table *table, const struct message *message,
                        struct delivery_source *out)
{
    out->message = *message;
    out->delivery.bridge_row = message->bridge_row;
    out->delivery.contact_row = message->contact_row;
    out->genesys_conversation = latest_link(table, message->conversation);

    const struct contact_row *contact = contact_get(table, message->contact_row);
    if (contact != NULL) {
        out->message.contact_id = contact->external_id;
        out->address = contact->address;
        out->name = contact->name;
        out->first_name = contact->first_name;
        out->last_name = contact->last_name;
    }
    const struct message *target = message_get(table, message->target_row);
    if (target != NULL) {
        out->has_target = true;
        out->target_direction = target->direction;
        out->target_source_id = target->source_id;
        out->target_peer_id = message_peer_id(table, target->row);
    }
}

static int64_t aged_ms(const struct stored_delivery *stored)
{
    if (stored->ended_ms != 0)
        return stored->ended_ms;
    return stored->started_ms != 0 ? stored->started_ms : stored->created_ms;
}

static enum status build_delivery(const struct table *table,
                                  const struct delivery_row *row,
                                  struct delivery **out_delivery, struct error *err)
{
    const struct stored_delivery *stored = &row->stored;
    struct delivery_source source = {
        .delivery =
            {
                       .class = DELIVERY_MESSAGE,
                       .direction = stored->direction,
                       .id = stored->id,
                       .previous_conversation = row->previous_conversation,
                       .opens_conversation = row->opens_conversation,
                       .wants_conversation_id = row->wants_conversation_id,
                       .is_replay = stored->is_replay,
                       .accepted_ms = stored->created_ms,
                       .attempts = stored->attempts,
                       .parts_done = stored->parts_done,
                       .age_ms = stored->age_ms,
                       .aged_ms = aged_ms(stored),
                       .possible_duplicates = stored->possible_duplicates,
                       .may_have_arrived = row->may_have_arrived,
                       .was_sending = stored->started_ms != 0 && stored->ended_ms == 0,
                       },
    };
    fill_source(table, message_get(table, stored->message), &source);
    return delivery_build(&source, out_delivery, err);
}

static enum status build_receipt(const struct table *table,
                                 const struct receipt_slot *slot,
                                 struct delivery **out_delivery, struct error *err)
{
    struct delivery_source source = {
        .delivery = {.class = DELIVERY_RECEIPT},
        .slot = *slot,
    };
    fill_source(table, message_get(table, slot->receipt.message), &source);
    return delivery_build(&source, out_delivery, err);
}

static void free_listp(struct delivery **list)
{
    delivery_free_list(*list);
}

enum status memory_take(struct store *store, struct str owner, int64_t contact_row,
                        enum direction direction, int64_t after, unsigned limit,
                        struct delivery **out_list, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct table *table = memory_rows(store);
    struct table_key lane = key_2(TABLE_LANES, contact_row, direction);
    struct table_key from = key_3(TABLE_LANES, contact_row, direction, after + 1);
    const struct table_entry *entry = NULL;
    if (is_held(table, contact_row, owner))
        entry = table_first_from(table, &from, &lane);

    CLEANUP(free_listp) struct delivery *list = NULL;
    struct delivery **end = &list;
    for (; entry != NULL && limit > 0; entry = table_after(entry, &lane), limit--) {
        const struct delivery_row *row = delivery_get(table, entry_number(entry));
        status = build_delivery(table, row, end, err);
        if (status != STATUS_OK)
            return status;
        end = &(*end)->next;
    }
    *out_list = TAKE(list);
    return STATUS_OK;
}

enum status memory_take_receipts(struct store *store, struct str owner, int64_t after,
                                 unsigned limit, struct delivery **out_list,
                                 struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct table *table = memory_rows(store);
    struct table_key all = key_table(TABLE_UNSENT);
    struct table_key from = key_1(TABLE_UNSENT, after + 1);

    CLEANUP(free_listp) struct delivery *list = NULL;
    struct delivery **end = &list;
    for (const struct table_entry *entry = table_first_from(table, &from, &all);
         entry != NULL && limit > 0; entry = table_after(entry, &all)) {
        int64_t message = entry_number(entry);
        if (!is_held(table, message_get(table, message)->contact_row, owner))
            continue;
        status = build_receipt(table, slot_get(table, message), end, err);
        if (status != STATUS_OK)
            return status;
        end = &(*end)->next;
        limit--;
    }
    *out_list = TAKE(list);
    return STATUS_OK;
}

enum status memory_load(struct store *store, enum delivery_class class, int64_t id,
                        struct delivery **out_delivery, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct table *table = memory_rows(store);
    if (class == DELIVERY_RECEIPT) {
        const struct receipt_slot *slot = slot_get(table, id);
        if (slot != NULL)
            return build_receipt(table, slot, out_delivery, err);
        return fail(err, STATUS_NOT_FOUND, "the message has no receipt");
    }
    const struct delivery_row *row = delivery_get(table, id);
    if (row != NULL)
        return build_delivery(table, row, out_delivery, err);
    return fail(err, STATUS_NOT_FOUND, "no delivery of that number");
}

/* --- looking ------------------------------------------------------------- */

enum status memory_counts(struct store *store, int64_t bridge_row, int64_t *out_pending,
                          int64_t *out_dead, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    int64_t pending = 0;
    int64_t dead = 0;
    struct table_key all = key_table(TABLE_DELIVERIES);
    for (const struct table_entry *entry = table_first(memory_rows(store), &all);
         entry != NULL; entry = table_after(entry, &all)) {
        const struct delivery_row *row = entry_row(entry);
        if (row->stored.bridge_row != bridge_row)
            continue;
        pending += delivery_is_pending(row->stored.state);
        dead += row->stored.state == DELIVERY_DEAD;
    }
    *out_pending = pending;
    *out_dead = dead;
    return STATUS_OK;
}

enum status memory_deliveries_of(struct store *store, int64_t message, each_row *seen,
                                 void *context, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    const struct table *table = memory_rows(store);
    struct table_key all = key_1(TABLE_MESSAGE_DELIVERIES, message);
    for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
         entry = table_after(entry, &all)) {
        struct stored_delivery row = delivery_get(table, entry_number(entry))->stored;
        row.provider_id = part_id(table, row.id, 0);
        seen(&row, context);
    }
    return STATUS_OK;
}

enum status memory_attempts_of(struct store *store, enum delivery_class class,
                               int64_t id, each_row *seen, void *context,
                               struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key all = key_2(TABLE_ATTEMPTS, class, id);
    for (const struct table_entry *entry = table_first(memory_rows(store), &all);
         entry != NULL; entry = table_after(entry, &all))
        seen(entry_row(entry), context);
    return STATUS_OK;
}

enum status memory_parts_of(struct store *store, int64_t delivery, each_row *seen,
                            void *context, struct error *err)
{
    enum status status = memory_read(store, err);
    if (status != STATUS_OK)
        return status;
    struct table_key all = key_1(TABLE_PARTS, delivery);
    struct table_key from = key_2(TABLE_PARTS, delivery, 1);
    for (const struct table_entry *entry =
             table_first_from(memory_rows(store), &from, &all);
         entry != NULL; entry = table_after(entry, &all)) {
        const struct text_row *part = entry_row(entry);
        seen(&part->text, context);
    }
    return STATUS_OK;
}
