/* The contract of store.h: bridges, and which message an id belongs to. */
#include "support/store_suite.h"

/* --- bridges ------------------------------------------------------------- */

static enum status sync_bridge(struct store_fixture *f, const char *name,
                               const char *channel, const char *integration_id,
                               int64_t *out_row)
{
    struct bridge_record bridge = {
        .name = name, .channel = channel, .integration_id = integration_id};
    enum status status = store_bridge_sync(f->store, &bridge, SUITE_NOW_MS, &f->err);
    *out_row = bridge.row;
    return status;
}

static void a_bridge_keeps_its_row(struct store_fixture *f)
{
    int64_t row = 0;
    int64_t other = 0;
    int64_t same_pair = 0;
    suite_begin(f);
    expect_ok(f, sync_bridge(f, "caf\xc3\xa9", "telegram", "1", &row));
    expect_ok(f, sync_bridge(f, "cafe", "telegram", "1", &other));
    suite_commit(f);
    expect_true("another name is another bridge", row != other);
    suite_begin(f);
    expect_ok(f, sync_bridge(f, "caf\xc3\xa9", "telegram", "1", &same_pair));
    suite_commit(f);
    expect_i64("row", row, same_pair);
}

static void a_bridge_with_history_cannot_change_sides(struct store_fixture *f)
{
    static const struct {
        const char *name;
        const char *channel;
        const char *integration_id;
        bool fits;
    } cases[] = {
        {"the same pair",       "partner",  "5a1d", true },
        {"another channel",     "telegram", "5a1d", false},
        {"another integration", "partner",  "5a1e", false},
        {"both",                "telegram", "5a1e", false},
    };
    int64_t row = 0;
    suite_begin(f);
    expect_ok(f, sync_bridge(f, "acme", "telegram", "77", &row));
    expect_i64("without history it may", f->bridge, row);
    expect_ok(f, sync_bridge(f, "acme", "partner", "5a1d", &row));
    (void)suite_contact(f, "customer");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum status status =
            sync_bridge(f, "acme", cases[i].channel, cases[i].integration_id, &row);
        expect_status(cases[i].name, cases[i].fits ? STATUS_OK : STATUS_CONFLICT,
                      status);
    }
    suite_commit(f);
}

/* --- ids ----------------------------------------------------------------- */

static void ids_of_other_sides_kinds_and_bridges_do_not_collide(struct store_fixture *f)
{
    static const char long_id[] = /* 255 bytes */
#define TEN "0123456789"
        TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
            TEN TEN TEN TEN TEN "01234";
    static const struct {
        const char *name;
        bool is_on_other_bridge;
        struct event_key key;
    } cases[] = {
        {"a message",      false, {.id = STR("42")}                                                 },
        {"another bridge", true,  {.id = STR("42")}                                                 },
        {"another side",   false, {.side = ID_SIDE_GENESYS, .id = STR("42")}                        },
        {"our own side",   false, {.side = ID_SIDE_GATEWAY, .id = STR("42")}                        },
        {"another kind",   false, {.kind = ID_KIND_WEBHOOK, .id = STR("42")}                        },
        {"a receipt",      false, {.kind = ID_KIND_RECEIPT, .id = STR("42")}                        },
        {"with a status",
         false,                   {.kind = ID_KIND_RECEIPT, .id = STR("42"), .extra = STR("read")}  },
        {"another status",
         false,                   {.kind = ID_KIND_RECEIPT, .id = STR("42"), .extra = STR("failed")}},
        {"another border",
         false,                   {.kind = ID_KIND_RECEIPT, .id = STR("42r"), .extra = STR("ead")}  },
        {"a prefix",       false, {.id = STR("4")}                                                  },
        {"a leading zero", false, {.id = STR("042")}                                                },
        {"lower case",     false, {.id = STR("a")}                                                  },
        {"upper case",     false, {.id = STR("A")}                                                  },
        {"composed",       false, {.id = STR("\xc3\xa9")}                                           },
        {"decomposed",     false, {.id = STR("e\xcc\x81")}                                          },
        {"255 bytes",      false, {.id = {long_id, 255}}                                            },
        {"254 bytes",      false, {.id = {long_id, 254}}                                            },
    };
    int64_t message = 0;
    uint32_t tag = 0;
    suite_begin(f);
    int64_t other = suite_bridge(f, "other");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t bridge = cases[i].is_on_other_bridge ? other : f->bridge;
        expect_status(
            cases[i].name, STATUS_NOT_FOUND,
            store_id_find(f->store, bridge, &cases[i].key, &message, &tag, &f->err));
        expect_status(cases[i].name, STATUS_OK,
                      store_id_add(f->store, bridge, &cases[i].key, (int64_t)i + 1,
                                   (uint32_t)i + 100, SUITE_NOW_MS, &message, &tag,
                                   &f->err));
    }
    suite_commit(f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t bridge = cases[i].is_on_other_bridge ? other : f->bridge;
        expect_status(
            cases[i].name, STATUS_OK,
            store_id_find(f->store, bridge, &cases[i].key, &message, &tag, &f->err));
        expect_i64(cases[i].name, i + 1, message);
        expect_i64(cases[i].name, i + 100, tag);
    }
}

static void the_first_to_give_an_id_keeps_it(struct store_fixture *f)
{
    const struct event_key key = {.id = STR("42")};
    int64_t message = 0;
    uint32_t tag = 0;
    suite_begin(f);
    expect_ok(f, store_id_add(f->store, f->bridge, &key, 1, UINT32_MAX, SUITE_NOW_MS,
                              &message, &tag, &f->err));
    expect_i64("message", 1, message);
    expect_status("in the same transaction", STATUS_DUPLICATE,
                  store_id_add(f->store, f->bridge, &key, 2, 6, SUITE_NOW_MS, &message,
                               &tag, &f->err));
    suite_commit(f);
    suite_begin(f);
    message = 0;
    tag = 0;
    expect_status("in a later one", STATUS_DUPLICATE,
                  store_id_add(f->store, f->bridge, &key, 3, 6, SUITE_NOW_MS + 1,
                               &message, &tag, &f->err));
    suite_commit(f);
    expect_i64("whose it is", 1, message);
    expect_i64("its tag", UINT32_MAX, tag);
}

static void an_id_taken_back_is_free_again(struct store_fixture *f)
{
    const struct event_key key = {.id = STR("42")};
    int64_t message = 0;
    uint32_t tag = 0;
    suite_begin(f);
    for (size_t i = 0; i < 2; i++) {
        expect_ok(f, store_savepoint(f->store, &f->err));
        expect_ok(f, store_id_add(f->store, f->bridge, &key, 1, 0, SUITE_NOW_MS,
                                  &message, &tag, &f->err));
        expect_ok(f, store_undo(f->store, &f->err));
    }
    expect_ok(f, store_id_add(f->store, f->bridge, &key, 1, 0, SUITE_NOW_MS, &message,
                              &tag, &f->err));
    store_rollback(f->store);
    expect_status("rolled back", STATUS_NOT_FOUND,
                  store_id_find(f->store, f->bridge, &key, &message, &tag, &f->err));
}

static void expiring_leaves_ids_that_are_young(struct store_fixture *f)
{
    const struct event_key key = {.id = STR("42")};
    int64_t message = 0;
    uint32_t tag = 0;
    bool has_more = true;
    suite_begin(f);
    expect_ok(f, store_id_add(f->store, f->bridge, &key, 1, 0, SUITE_NOW_MS, &message,
                              &tag, &f->err));
    suite_commit(f);
    suite_begin(f);
    expect_ok(f, store_ids_expire(f->store, SUITE_NOW_MS, &has_more, &f->err));
    suite_commit(f);
    expect_false("more to drop", has_more);
    expect_ok(f, store_id_find(f->store, f->bridge, &key, &message, &tag, &f->err));
}

static const struct store_case cases[] = {
    STORE_CASE(a_bridge_keeps_its_row, ON_BOTH),
    STORE_CASE(a_bridge_with_history_cannot_change_sides, ON_BOTH),
    STORE_CASE(ids_of_other_sides_kinds_and_bridges_do_not_collide, ON_BOTH),
    STORE_CASE(the_first_to_give_an_id_keeps_it, ON_BOTH),
    STORE_CASE(an_id_taken_back_is_free_again, ON_BOTH),
    STORE_CASE(expiring_leaves_ids_that_are_young, ON_BOTH),
};
const struct store_cases store_id_cases = {"ids", cases, COUNT_OF(cases)};
