#include "store/contact_cache.h"

#include "support/expect.h"

/* The key of a number: as random in its first bytes as a hash is. */
static void key_of(int64_t number, uint8_t key[HASH16_BYTES])
{
    uint64_t mixed = (uint64_t)number * UINT64_C(0x9E3779B97F4A7C15);
    memset(key, 0, HASH16_BYTES);
    memcpy(key, &mixed, sizeof(mixed));
    memcpy(key + 8, &number, sizeof(number));
}

static void put(struct contact_cache *cache, int64_t number, int64_t conversation)
{
    uint8_t key[HASH16_BYTES];
    key_of(number, key);
    const struct contact contact = {.row = number, .conversation = conversation};
    contact_cache_put(cache, key, &contact);
}

/* The conversation of the contact, -1 when it is not here. */
static int64_t conversation_of(const struct contact_cache *cache, int64_t number)
{
    uint8_t key[HASH16_BYTES];
    struct contact contact;
    key_of(number, key);
    if (!contact_cache_find(cache, key, &contact))
        return -1;
    expect_i64("row", number, contact.row);
    return contact.conversation;
}

static void change(struct contact_cache *cache, int64_t number, int64_t conversation)
{
    const struct contact contact = {.row = number, .conversation = conversation};
    contact_cache_change(cache, &contact);
}

static int set_up(void **state)
{
    *state = contact_cache_new();
    return 0;
}

static int tear_down(void **state)
{
    contact_cache_free(*state);
    return 0;
}

static void cache_finds_what_was_put_and_changed(void **state)
{
    struct contact_cache *cache = *state;
    expect_i64("empty", -1, conversation_of(cache, 7));
    put(cache, 7, 70);
    put(cache, 8, 80);
    expect_i64("put", 70, conversation_of(cache, 7));
    change(cache, 7, 71);
    expect_i64("changed", 71, conversation_of(cache, 7));
    change(cache, 9, 90);
    expect_i64("a change alone makes no entry", -1, conversation_of(cache, 9));
    contact_cache_keep(cache);
    contact_cache_rollback(cache);
    expect_i64("kept", 71, conversation_of(cache, 7));
    expect_i64("kept", 80, conversation_of(cache, 8));
}

static void contact_with_two_ids_has_one_state(void **state)
{
    struct contact_cache *cache = *state;
    const struct contact contact = {.row = 7, .conversation = 70};
    uint8_t alias[HASH16_BYTES];
    struct contact found;
    put(cache, 7, 70);
    key_of(1000, alias);
    contact_cache_put(cache, alias, &contact);
    change(cache, 7, 71);
    expect_i64("by the first", 71, conversation_of(cache, 7));
    expect_true("by the other", contact_cache_find(cache, alias, &found));
    expect_i64("by the other", 71, found.conversation);
}

static void undo_forgets_the_job_only(void **state)
{
    struct contact_cache *cache = *state;
    put(cache, 1, 10);
    contact_cache_keep(cache);
    contact_cache_savepoint(cache);
    put(cache, 2, 20);
    contact_cache_savepoint(cache);
    change(cache, 1, 11);
    put(cache, 3, 30);
    contact_cache_undo(cache);
    expect_i64("changed by the job", -1, conversation_of(cache, 1));
    expect_i64("of the job before", 20, conversation_of(cache, 2));
    expect_i64("put by the job", -1, conversation_of(cache, 3));
    contact_cache_rollback(cache);
    expect_i64("of the transaction", -1, conversation_of(cache, 2));
}

static void more_than_it_can_note_is_forgotten_altogether(void **state)
{
    static const struct {
        const char *name;
        void (*take_back)(struct contact_cache *cache);
    } cases[] = {
        {"undo",     contact_cache_undo    },
        {"rollback", contact_cache_rollback},
    };
    struct contact_cache *cache = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        put(cache, 1, 10);
        contact_cache_keep(cache);
        contact_cache_savepoint(cache);
        for (int64_t n = 2; n < 9000; n++)
            put(cache, n, n);
        cases[i].take_back(cache);
        for (int64_t n = 1; n < 9000; n++)
            expect_i64(cases[i].name, -1, conversation_of(cache, n));
        contact_cache_keep(cache);
    }
}

static void newcomers_take_the_places_of_others(void **state)
{
    struct contact_cache *cache = *state;
    const int64_t count = 100000;
    int64_t here = 0;
    for (int64_t n = 1; n <= count; n++) {
        put(cache, n, n);
        contact_cache_keep(cache);
        expect_i64("the latest", n, conversation_of(cache, n));
    }
    for (int64_t n = 1; n <= count; n++) {
        int64_t found = conversation_of(cache, n);
        expect_true("itself or nobody", found == n || found == -1);
        here += found == n;
    }
    expect_true("a part of them", here > 1000 && here < count / 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cache_finds_what_was_put_and_changed),
        TEST(contact_with_two_ids_has_one_state),
        TEST(undo_forgets_the_job_only),
        TEST(more_than_it_can_note_is_forgotten_altogether),
        TEST(newcomers_take_the_places_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
