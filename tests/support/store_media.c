/* The contract of store.h: copies of attachments. */
#include "support/store_life.h"

#define LATER_MS (SUITE_NOW_MS + 100000)

static const struct stored_media picture = {
    .file = STR("00112233445566778899aabbccddeeff"),
    .mime = STR("image/png"),
    .name = STR("receipt.png"),
    .sha256 = STR("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    .size = 1234,
};

static struct str add(struct store_fixture *f, int64_t message,
                      const struct stored_media *media)
{
    struct str file = STR_NONE;
    expect_ok(f, store_media_add(f->store, message, media, SUITE_NOW_MS, f->arena,
                                 &file, &f->err));
    return file;
}

static bool is_needed(struct store *store, struct store_fixture *f, const char *file)
{
    bool is = false;
    expect_ok(f, store_media_is_needed(store, str_of(file), &is, &f->err));
    return is;
}

static int64_t a_message(struct store_fixture *f)
{
    struct contact ana = suite_talker(f, "ana");
    return suite_text(f, &ana, DIRECTION_INBOUND, "see").message_id;
}

static void a_copy_is_found_by_its_attachment(struct store_fixture *f)
{
    CLEANUP(store_closep) struct store *reader = suite_reader(f);
    struct stored_media got;

    suite_begin(f);
    int64_t message = a_message(f);
    expect_str("its own file", "00112233445566778899aabbccddeeff",
               add(f, message, &picture));
    suite_commit(f);
    expect_ok(f, store_media_get(reader, message, 0, f->arena, &got, &f->err));
    expect_str("file", "00112233445566778899aabbccddeeff", got.file);
    expect_str("type", "image/png", got.mime);
    expect_str("name", "receipt.png", got.name);
    expect_str("sum", picture.sha256.ptr, got.sha256);
    expect_i64("size", 1234, got.size);
    expect_status("another attachment", STATUS_NOT_FOUND,
                  store_media_get(reader, message, 1, f->arena, &got, &f->err));
    expect_status("another message", STATUS_NOT_FOUND,
                  store_media_get(reader, message + 1, 0, f->arena, &got, &f->err));
    expect_true("named", is_needed(reader, f, "00112233445566778899aabbccddeeff"));
    expect_false("not named", is_needed(reader, f, "ffffffffffffffffffffffffffffffff"));
}

static void the_same_bytes_are_kept_once(struct store_fixture *f)
{
    struct stored_media again = picture;
    struct stored_media other = picture;

    again.ordinal = 1;
    again.file = STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    again.name = STR("the same.png");
    other.ordinal = 2;
    other.file = STR("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    other.size = 1235;
    suite_begin(f);
    int64_t message = a_message(f);
    (void)add(f, message, &picture);
    expect_str("the file that is there", "00112233445566778899aabbccddeeff",
               add(f, message, &again));
    expect_str("other bytes", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
               add(f, message, &other));
    suite_commit(f);

    struct stored_media got;
    expect_ok(f, store_media_get(f->store, message, 1, f->arena, &got, &f->err));
    expect_str("under its own name", "the same.png", got.name);
    expect_false("nobody needs the second copy",
                 is_needed(f->store, f, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void the_first_copy_of_an_attachment_stays(struct store_fixture *f)
{
    struct stored_media later = picture;

    later.file = STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    later.sha256 = STR("another sum");
    suite_begin(f);
    int64_t message = a_message(f);
    (void)add(f, message, &picture);
    expect_str("the first", "00112233445566778899aabbccddeeff",
               add(f, message, &later));
    suite_commit(f);
}

static void ignore_taken(int64_t bridge_row, void *context)
{
    (void)bridge_row;
    (void)context;
}

static unsigned expire(struct store_fixture *f, int64_t before_ms)
{
    struct expiry_walk walk = {.kind = EXPIRE_MEDIA, .before_ms = before_ms};
    unsigned count = 0;

    while (!walk.is_over) {
        struct expired expired;
        expect_ok(f, store_expired_find(f->store, &walk, &expired, &f->err));
        count += (unsigned)expired.count;
        suite_begin(f);
        expect_ok(f, store_expire(f->store, &expired, ignore_taken, NULL, &f->err));
        suite_commit(f);
    }
    return count;
}

static void copies_go_by_age_unless_a_delivery_may_need_them(struct store_fixture *f)
{
    suite_begin(f);
    struct contact ana = suite_talker(f, "ana");
    struct delivery waits = suite_text(f, &ana, DIRECTION_INBOUND, "waits");
    struct delivery done = suite_text(f, &ana, DIRECTION_INBOUND, "done");
    struct delivery_record record = suite_record(&done, OUTCOME_DONE);
    expect_ok(f, store_record(f->store, &record, &f->err));
    struct stored_media other = picture;
    other.file = STR("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    other.sha256 = STR("another sum");
    (void)add(f, waits.message_id, &picture);
    (void)add(f, done.message_id, &other);
    suite_commit(f);

    expect_i64("none is old", 0, expire(f, SUITE_NOW_MS));
    expect_i64("one may go", 1, expire(f, LATER_MS));
    expect_true("a delivery waits",
                is_needed(f->store, f, "00112233445566778899aabbccddeeff"));
    expect_false("gone", is_needed(f->store, f, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
}

static void a_lost_transaction_keeps_no_copy(struct store_fixture *f)
{
    suite_begin(f);
    int64_t message = a_message(f);
    suite_commit(f);
    suite_begin(f);
    (void)add(f, message, &picture);
    store_rollback(f->store);
    expect_false("nothing", is_needed(f->store, f, "00112233445566778899aabbccddeeff"));
}

static const struct store_case cases[] = {
    STORE_CASE(a_copy_is_found_by_its_attachment, ON_BOTH),
    STORE_CASE(the_same_bytes_are_kept_once, ON_BOTH),
    STORE_CASE(the_first_copy_of_an_attachment_stays, ON_BOTH),
    STORE_CASE(copies_go_by_age_unless_a_delivery_may_need_them, ON_BOTH),
    STORE_CASE(a_lost_transaction_keeps_no_copy, ON_BOTH),
};
const struct store_cases store_media_cases = {"media", cases, COUNT_OF(cases)};
