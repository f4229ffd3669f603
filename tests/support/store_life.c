#include "support/store_life.h"

#include "gateway/json.h"

#define OWNER STR("omgw-1")

/* --- living -------------------------------------------------------------- */

static void add_id(struct store_fixture *f, enum id_side side, const char *id,
                   int64_t message)
{
    const struct event_key key = {
        .side = side, .kind = ID_KIND_MESSAGE, .id = str_of(id)};
    uint32_t tag = 0;
    expect_ok(f, store_id_add(f->store, f->bridge, &key, message, 0, SUITE_NOW_MS,
                              &message, &tag, &f->err));
}

static void record_in(struct store_fixture *f, const struct life *life)
{
    struct delivery_record record = suite_record(&life->in, OUTCOME_RETRY);
    record.age_ms = 10;
    record.http_status = 503;
    record.reason_code = REASON_SERVER_ERROR;
    record.reason = STR("busy");
    expect_ok(f, store_record(f->store, &record, &f->err));
    record = suite_record(&life->in, OUTCOME_PROGRESS);
    record.parts_done = 1;
    record.provider_id = STR("g-m-1");
    expect_ok(f, store_record(f->store, &record, &f->err));
    record = suite_record(&life->in, OUTCOME_DONE);
    record.attempts = 2;
    record.parts_done = 2;
    record.part = 1;
    record.provider_id = STR("g-m-2");
    record.age_ms = 20;
    record.http_status = 200;
    expect_ok(f, store_record(f->store, &record, &f->err));
}

static void record_out(struct store_fixture *f, const struct life *life)
{
    struct delivery_record record = suite_record(&life->out, OUTCOME_REFUSED_CONTACT);
    record.reason_code = REASON_RECIPIENT_OPTED_OUT;
    record.reason = STR("opted out");
    record.http_status = 403;
    expect_ok(f, store_record(f->store, &record, &f->err));
    const struct receipt receipt = {
        .message = life->out.message_id,
        .direction = DIRECTION_INBOUND,
        .status = MESSAGE_FAILED,
        .reason_code = REASON_RECIPIENT_OPTED_OUT,
        .reason = STR("opted out"),
        .created_ms = SUITE_NOW_MS,
    };
    expect_ok(f, store_receipt_put(f->store, &receipt, &f->err));
    struct delivery *told = suite_load(f, DELIVERY_RECEIPT, life->out.message_id);
    record = suite_record(told, OUTCOME_UNKNOWN);
    record.reason = STR("no answer");
    delivery_free(told);
    expect_ok(f, store_record(f->store, &record, &f->err));
}

struct life suite_live(struct store_fixture *f)
{
    struct life life = {.anna = suite_talker(f, "anna")};
    expect_ok(f, store_conversation_link(f->store, life.anna.conversation, STR("g-1"),
                                         SUITE_NOW_MS, &f->err));
    expect_ok(f, store_conversation_link(f->store, life.anna.conversation, STR("g-2"),
                                         SUITE_NOW_MS + 1, &f->err));
    struct message in = suite_message(
        f, &life.anna,
        &(struct message){.public_id = LIFE_PUBLIC_ID,
                          .source_id = STR("m-1"),
                          .text = STR("secret"),
                          .trace = STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00")});
    life.in = suite_delivery(f, &in, &(struct delivery){0});
    struct message out =
        suite_message(f, &life.anna,
                      &(struct message){.public_id = "0190b0000000700080000000000000bb",
                                        .direction = DIRECTION_OUTBOUND,
                                        .source_id = STR("g-o-1"),
                                        .target_row = in.row,
                                        .text = STR("secret")});
    life.out = suite_delivery(f, &out, &(struct delivery){.is_replay = true});
    add_id(f, ID_SIDE_CHANNEL, "m-1", in.row);
    add_id(f, ID_SIDE_GATEWAY, LIFE_PUBLIC_ID, in.row);
    add_id(f, ID_SIDE_GENESYS, "g-m-1", in.row);
    add_id(f, ID_SIDE_GENESYS, "g-o-1", out.row);
    record_in(f, &life);
    record_out(f, &life);
    return life;
}

static const struct event_key early_key = {.id = STR("early")};

struct life suite_life(struct store_fixture *f)
{
    const struct receipt early = {.status = MESSAGE_READ, .created_ms = SUITE_NOW_MS};
    const struct pause pause = {PAUSE_BRIDGE_TO_CHANNEL, STR("acme"), STR("410"),
                                STR("me"), 1};
    suite_begin(f);
    struct life life = suite_live(f);
    expect_ok(
        f, store_early_receipt_add(f->store, f->bridge, &early_key, &early, &f->err));
    expect_ok(f, store_pause_set(f->store, &pause, &f->err));
    suite_commit(f);
    return life;
}

/* --- seeing -------------------------------------------------------------- */

struct str suite_trace(struct store_fixture *f, struct store *store, const char *id)
{
    struct json *json = NULL;
    struct str text = STR_NONE;
    expect_ok(f, store_trace(store, str_of(id), &json, &f->err));
    expect_ok(f, json_print_arena(json, f->arena, &text, &f->err));
    json_free(json);
    return text;
}

static void see_pause(const struct pause *pause, void *context)
{
    buf_printf(context, "pause %d %.*s %.*s\n", (int)pause->scope, STR_ARG(pause->name),
               STR_ARG(pause->reason));
}

static void see_lane(const struct lane_summary *lane, void *context)
{
    buf_printf(context, "lane %lld %d %lld %lld\n", (long long)lane->contact_row,
               (int)lane->direction, (long long)lane->first_id, (long long)lane->count);
}

static void see_contact(struct store_fixture *f, const char *id, struct buf *out)
{
    struct contact contact = {0};
    if (store_contact_find(f->store, f->bridge, str_of(id), &contact, &f->err) ==
        STATUS_OK)
        buf_printf(out, "contact %s %lld %lld %lld %u\n", id, (long long)contact.row,
                   (long long)contact.conversation, (long long)contact.last_activity_ms,
                   contact.profile_tag);
}

static void see_deliveries(struct delivery *list, struct buf *out)
{
    for (const struct delivery *d = list; d != NULL; d = d->next)
        buf_printf(out, "delivery %lld to %.*s %.*s, %u tried, %u parts\n",
                   (long long)d->id, STR_ARG(d->event.contact_id),
                   STR_ARG(d->event.name), d->attempts, d->parts_done);
    free_deliveries(&list);
}

static const char *const seen_ids[] = {"m-1", "m-new"};
struct str life_seen(struct store_fixture *f, const struct life *life)
{
    struct delivery *list = NULL;
    struct json *status = NULL;
    struct stored_choice choice;
    CLEANUP(buf_release) struct buf out;
    buf_init(&out, 65536);
    buf_add(&out, suite_trace(f, f->store, "1"));
    expect_ok(f, store_status(f->store, &status, &f->err));
    expect_ok(f, json_print(status, &out, &f->err));
    json_free(status);
    see_contact(f, "anna", &out);
    see_contact(f, "anna-new", &out);
    see_contact(f, "berta", &out);
    for (size_t i = 0; i < COUNT_OF(seen_ids); i++) {
        const struct event_key key = {.id = str_of(seen_ids[i])};
        int64_t message = 0;
        uint32_t tag = 0;
        if (store_id_find(f->store, f->bridge, &key, &message, &tag, &f->err) ==
            STATUS_OK)
            buf_printf(&out, "id %s %lld %u\n", seen_ids[i], (long long)message, tag);
    }
    if (store_choice_find(f->store, life->out.message_id, STR("yes"), f->arena, &choice,
                          &f->err) == STATUS_OK)
        buf_printf(&out, "choice %u\n", choice.ordinal);
    expect_ok(f, store_pauses(f->store, see_pause, &out, &f->err));
    expect_ok(f, store_lanes(f->store, OWNER, see_lane, &out, &f->err));
    expect_ok(f, store_take(f->store, OWNER, life->anna.row, DIRECTION_OUTBOUND, 0, 99,
                            &list, &f->err));
    see_deliveries(list, &out);
    expect_ok(f, store_take_receipts(f->store, OWNER, 0, 99, &list, &f->err));
    see_deliveries(list, &out);
    return arena_copy(f->arena, buf_str(&out));
}

/* --- changing ------------------------------------------------------------ */

static enum status add_contact(struct store_fixture *f, struct life *life)
{
    (void)life;
    struct contact contact;
    return store_contact_add(f->store, f->bridge, STR("berta"), SUITE_NOW_MS, &contact,
                             &f->err);
}

static enum status change_profile(struct store_fixture *f, struct life *life)
{
    const struct event event = {.name = STR("Anna")};
    return store_contact_profile(f->store, &life->anna, &event, 9, &f->err);
}

static enum status add_alias(struct store_fixture *f, struct life *life)
{
    return store_contact_alias(f->store, &life->anna, STR("anna-new"), SUITE_NOW_MS,
                               &f->err);
}

static enum status open_conversation(struct store_fixture *f, struct life *life)
{
    return store_conversation_open(f->store, &life->anna, SUITE_NOW_MS + 1, &f->err);
}

static enum status move_activity(struct store_fixture *f, struct life *life)
{
    struct message message = {.public_id = "0190b000000070008000000000000bbb",
                              .bridge_row = f->bridge,
                              .contact_row = life->anna.row,
                              .conversation = life->anna.conversation,
                              .activity_ms = SUITE_NOW_MS + 1};
    return store_message_add(f->store, &message, &f->err);
}

static enum status link_conversation(struct store_fixture *f, struct life *life)
{
    return store_conversation_link(f->store, life->anna.conversation, STR("g-3"),
                                   SUITE_NOW_MS + 2, &f->err);
}

static enum status add_new_id(struct store_fixture *f, struct life *life)
{
    const struct event_key key = {.id = STR("m-new")};
    int64_t message = 0;
    uint32_t tag = 0;
    return store_id_add(f->store, f->bridge, &key, life->in.message_id, 3, SUITE_NOW_MS,
                        &message, &tag, &f->err);
}

static enum status add_message(struct store_fixture *f, struct life *life)
{
    struct message message = {.public_id = "0190b0000000700080000000000000cc",
                              .bridge_row = f->bridge,
                              .contact_row = life->anna.row,
                              .conversation = life->anna.conversation};
    return store_message_add(f->store, &message, &f->err);
}

static enum status change_message_status(struct store_fixture *f, struct life *life)
{
    return store_message_status(f->store, life->in.message_id, MESSAGE_READ,
                                SUITE_NOW_MS, &f->err);
}

static enum status advance_message(struct store_fixture *f, struct life *life)
{
    bool changed = false;
    struct message now;
    enum status status =
        store_message_get(f->store, life->in.message_id, f->arena, &now, &f->err);
    if (status != STATUS_OK)
        return status;
    return store_message_advance(f->store, now.row, now.status, MESSAGE_FAILED,
                                 SUITE_NOW_MS, &changed, &f->err);
}

static enum status add_choice(struct store_fixture *f, struct life *life)
{
    const struct stored_choice choice = {4, CHOICE_BUTTON, STR("Yes"), STR("yes")};
    return store_choice_add(f->store, life->out.message_id, &choice, &f->err);
}

static enum status add_delivery(struct store_fixture *f, struct life *life)
{
    struct delivery delivery = life->out;
    return store_delivery_add(f->store, &delivery, DELIVERY_READY, STR_NONE, &f->err);
}

static enum status revive_delivery(struct store_fixture *f, struct life *life)
{
    struct delivery_record record = suite_record(&life->out, OUTCOME_RETRY);
    record.reason = STR("again");
    return store_record(f->store, &record, &f->err);
}

static enum status add_part(struct store_fixture *f, struct life *life)
{
    struct delivery_record record = suite_record(&life->in, OUTCOME_PROGRESS);
    record.part = 2;
    record.provider_id = STR("g-m-3");
    return store_record(f->store, &record, &f->err);
}

static enum status replace_receipt(struct store_fixture *f, struct life *life)
{
    const struct receipt receipt = {.message = life->out.message_id,
                                    .direction = DIRECTION_INBOUND,
                                    .status = MESSAGE_DELIVERED,
                                    .created_ms = SUITE_NOW_MS + 3};
    return store_receipt_put(f->store, &receipt, &f->err);
}

static enum status add_receipt(struct store_fixture *f, struct life *life)
{
    const struct receipt receipt = {.message = life->in.message_id,
                                    .direction = DIRECTION_OUTBOUND,
                                    .status = MESSAGE_SENT,
                                    .created_ms = SUITE_NOW_MS + 3};
    return store_receipt_put(f->store, &receipt, &f->err);
}

static enum status settle_receipt(struct store_fixture *f, struct life *life)
{
    const struct delivery_record record = {.class = DELIVERY_RECEIPT,
                                           .id = life->out.message_id,
                                           .contact_row = life->anna.row,
                                           .epoch = 1,
                                           .outcome = OUTCOME_DONE,
                                           .state = DELIVERY_DONE,
                                           .receipt_status = MESSAGE_FAILED,
                                           .attempts = 2,
                                           .started_ms = SUITE_NOW_MS,
                                           .ended_ms = SUITE_NOW_MS + 4};
    return store_record(f->store, &record, &f->err);
}

static enum status add_early(struct store_fixture *f, struct life *life)
{
    (void)life;
    const struct receipt receipt = {.status = MESSAGE_READ, .created_ms = SUITE_NOW_MS};
    const struct event_key key = {.id = STR("early-new")};
    return store_early_receipt_add(f->store, f->bridge, &key, &receipt, &f->err);
}

static enum status take_early(struct store_fixture *f, struct life *life)
{
    (void)life;
    struct receipt receipt;
    return store_early_receipt_take(f->store, f->bridge, &early_key, f->arena, &receipt,
                                    &f->err);
}

static enum status expire_early(struct store_fixture *f, struct life *life)
{
    (void)life;
    bool left = true;
    return store_early_receipts_expire(f->store, SUITE_NOW_MS + 1, &left, &f->err);
}

static enum status set_pause(struct store_fixture *f, struct life *life)
{
    (void)life;
    const struct pause pause = {PAUSE_ORGANISATION, STR("main"), STR("401"), STR("me"),
                                1};
    return store_pause_set(f->store, &pause, &f->err);
}

static enum status clear_pause(struct store_fixture *f, struct life *life)
{
    (void)life;
    return store_pause_clear(f->store, PAUSE_BRIDGE_TO_CHANNEL, STR("acme"), &f->err);
}

const struct life_change life_changes[] = {
    {"a contact",           add_contact          },
    {"its names",           change_profile       },
    {"an alias",            add_alias            },
    {"a conversation",      open_conversation    },
    {"its last activity",   move_activity        },
    {"a link",              link_conversation    },
    {"an id",               add_new_id           },
    {"a message",           add_message          },
    {"its status",          change_message_status},
    {"its next status",     advance_message      },
    {"a choice",            add_choice           },
    {"a delivery",          add_delivery         },
    {"an outcome",          revive_delivery      },
    {"a part",              add_part             },
    {"a later receipt",     replace_receipt      },
    {"a receipt",           add_receipt          },
    {"a receipt's outcome", settle_receipt       },
    {"an early receipt",    add_early            },
    {"taking an early one", take_early           },
    {"expiring early ones", expire_early         },
    {"a pause",             set_pause            },
    {"the end of a pause",  clear_pause          },
};
const size_t life_change_count = COUNT_OF(life_changes);
