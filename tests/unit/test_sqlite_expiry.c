/*
 * What time takes away, in the file: no row is left without its parent, and the pages
 * are used again.
 */
#include "store/sqlite.h"

#include "support/sqlite_file.h"

#define ROUND_MESSAGES 400
#define LATER_MS (FILE_NOW_MS + 1000)

static void add_message(struct sqlite_file *f, const struct contact *contact, int n)
{
    struct message message = {
        .bridge_row = f->bridge,
        .contact_row = contact->row,
        .conversation = contact->conversation,
        .time_ms = FILE_NOW_MS,
        .accepted_ms = FILE_NOW_MS,
        .text = STR("0123456789012345678901234567890123456789"),
        .extra = STR("{\"a\":\"some more of it, so that a page holds few of them\"}"),
    };
    (void)snprintf(message.public_id, sizeof(message.public_id), "%032x", (unsigned)n);
    file_ok(f, store_message_add(f->store, &message, &f->err));
    const struct stored_choice choice = {.label = STR("Yes"), .payload = STR("yes")};
    file_ok(f, store_choice_add(f->store, message.row, &choice, &f->err));

    struct delivery delivery = {
        .message_id = message.row,
        .contact_row = contact->row,
        .bridge_row = f->bridge,
        .accepted_ms = FILE_NOW_MS,
    };
    file_ok(f,
            store_delivery_add(f->store, &delivery, DELIVERY_READY, STR_NONE, &f->err));
    struct delivery_record record = {
        .id = delivery.id,
        .contact_row = contact->row,
        .epoch = delivery.epoch,
        .outcome = OUTCOME_DONE,
        .state = DELIVERY_DONE,
        .attempts = 2,
        .parts_done = 2,
        .part = 1,
        .provider_id = STR("g-m-2"),
        .ended_ms = FILE_NOW_MS,
    };
    file_ok(f, store_record(f->store, &record, &f->err));
    const struct receipt receipt = {
        .message = message.row, .status = MESSAGE_SENT, .created_ms = FILE_NOW_MS};
    file_ok(f, store_receipt_put(f->store, &receipt, &f->err));
    record.class = DELIVERY_RECEIPT;
    record.id = message.row;
    record.receipt_status = MESSAGE_SENT;
    record.part = 0;
    file_ok(f, store_record(f->store, &record, &f->err));
}

static void taken(int64_t bridge_row, void *context)
{
    int64_t *count = context;
    (void)bridge_row;
    ++*count;
}

static void expire_all(struct sqlite_file *f)
{
    struct store *reader = file_reader(f);
    for (int kind = 0; kind < EXPIRY_KINDS; kind++) {
        struct expiry_walk walk = {.kind = (enum expiry)kind, .before_ms = LATER_MS};
        struct expired expired;
        int64_t count = 0;
        while (!walk.is_over) {
            file_ok(f, store_expired_find(reader, &walk, &expired, &f->err));
            file_begin(f);
            file_ok(f, store_expire(f->store, &expired, taken, &count, &f->err));
            file_commit(f);
        }
    }
    store_close(reader);
}

static int64_t ask(struct sqlite_file *f, const char *sql)
{
    return file_count(f->path, sql);
}

static void run(struct sqlite_file *f, const char *sql)
{
    assert_int_equal(SQLITE_OK,
                     sqlite3_exec(sqlite_of(f->store)->db, sql, NULL, NULL, NULL));
}

static struct contact add_contact(struct sqlite_file *f)
{
    struct contact contact;
    file_begin(f);
    file_ok(f, store_contact_add(f->store, f->bridge, STR("anna"), FILE_NOW_MS,
                                 &contact, &f->err));
    file_ok(f, store_conversation_open(f->store, &contact, FILE_NOW_MS, &f->err));
    file_commit(f);
    return contact;
}

static void fill(struct sqlite_file *f, const struct contact *contact, int round)
{
    file_begin(f);
    for (int i = 0; i < ROUND_MESSAGES; i++)
        add_message(f, contact, round * ROUND_MESSAGES + i);
    file_commit(f);
}

static void pages_are_used_again(void **state)
{
    struct sqlite_file *f = *state;
    struct contact anna = add_contact(f);
    int64_t pages_full = 0;
    for (int round = 0; round < 6; round++) {
        fill(f, &anna, round);
        if (round == 1)
            pages_full = ask(f, "PRAGMA page_count");
        expire_all(f);
        expect_i64("the newest stays", 1, ask(f, "SELECT count(*) FROM messages"));
        store_maintain(f->store);
    }
    expect_true("there was something to keep", pages_full > 50);
    int64_t pages = ask(f, "PRAGMA page_count");
    if (pages > pages_full + pages_full / 10)
        print_error("%lld pages, %lld after two rounds\n", (long long)pages,
                    (long long)pages_full);
    expect_true("the file does not grow", pages <= pages_full + pages_full / 10);
}

static void nothing_is_left_without_its_parent(void **state)
{
    static const char *const tables[] = {"deliveries", "message_bodies", "choices",
                                         "receipts",   "message_parts",  "attempts",
                                         "media"};
    struct sqlite_file *f = *state;
    struct contact anna = add_contact(f);
    fill(f, &anna, 0);
    run(f,
        "INSERT INTO media (message, ordinal, state, created_ms) VALUES (1, 0, 0, 1)");
    expire_all(f);
    /* What the newest message has. */
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        char sql[64];
        (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", tables[i]);
        expect_true(tables[i], ask(f, sql) <= 2);
    }
    expect_i64("media", 0, ask(f, "SELECT count(*) FROM media"));
    expect_i64("parents", 0, ask(f, "SELECT count(*) FROM pragma_foreign_key_check()"));
    expect_i64("damage", 0,
               ask(f, "SELECT count(*) FROM pragma_integrity_check() "
                      "WHERE integrity_check <> 'ok'"));
}

static void views_show_what_is_left(void **state)
{
    struct sqlite_file *f = *state;
    struct contact anna = add_contact(f);
    fill(f, &anna, 0);
    expire_all(f);
    expect_i64("messages", 1, ask(f, "SELECT count(*) FROM v_messages"));
    expect_i64("without its text", 1,
               ask(f, "SELECT count(*) FROM v_messages WHERE text IS NULL"));
    expect_i64("deliveries", 1, ask(f, "SELECT count(*) FROM v_deliveries"));
    expect_i64("mappings", 1, ask(f, "SELECT count(*) FROM v_mappings"));
    expect_i64("how many there were", ROUND_MESSAGES,
               ask(f, "SELECT messages FROM v_conversations"));
    expect_i64("bridges", 1, ask(f, "SELECT count(*) FROM v_bridges"));
}

static void audit_goes_by_its_time(void **state)
{
    struct sqlite_file *f = *state;
    for (int i = 0; i < 3; i++)
        run(f, "INSERT INTO audit (at_ms, actor, action) VALUES (1, 'me', 'pause')");
    run(f, "INSERT INTO audit (at_ms, actor, action) "
           "VALUES (1800000000000, 'me', 'resume')");
    expire_all(f);
    expect_i64("left", 1, ask(f, "SELECT count(*) FROM audit"));
    expect_i64("which", 4, ask(f, "SELECT id FROM audit"));
}

/* No index is made for it: each would be paid by every message. */
static void walks_follow_the_order_of_rows(void **state)
{
    struct sqlite_file *f = *state;
    struct contact anna = add_contact(f);
    fill(f, &anna, 0);
    struct expiry_walk walk = {.kind = EXPIRE_MESSAGES, .before_ms = LATER_MS};
    struct expired expired;
    int64_t before = 0;
    while (!walk.is_over) {
        file_ok(f, store_expired_find(f->store, &walk, &expired, &f->err));
        for (size_t i = 0; i < expired.count; i++) {
            expect_true("rising", expired.rows[i] > before);
            before = expired.rows[i];
        }
    }
    expect_i64("to the last but one", ROUND_MESSAGES - 1, before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, file_set_up, file_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_are_used_again),           TEST(nothing_is_left_without_its_parent),
        TEST(views_show_what_is_left),        TEST(audit_goes_by_its_time),
        TEST(walks_follow_the_order_of_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
