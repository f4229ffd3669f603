#include "store/id_map.h"

#include "gateway/memory.h"
#include "gateway/random.h"
#include "support/expect.h"

static void make_key(struct random *random, uint8_t key[HASH16_BYTES])
{
    for (unsigned i = 0; i < HASH16_BYTES; i++)
        key[i] = (uint8_t)random_u64(random);
}

static void fill(struct id_map *map, uint64_t seed, size_t count)
{
    struct random random;
    uint8_t key[HASH16_BYTES];
    random_seed(&random, seed);
    for (size_t i = 0; i < count; i++) {
        const struct id_entry entry = {.message = (int64_t)i << 20, .tag = (uint32_t)i};
        make_key(&random, key);
        id_map_add(map, key, &entry);
    }
}

/* How many of `count` keys of the seed are there, each with what belongs to it. */
static size_t found(const struct id_map *map, uint64_t seed, size_t count)
{
    struct random random;
    uint8_t key[HASH16_BYTES];
    size_t seen = 0;
    random_seed(&random, seed);
    for (size_t i = 0; i < count; i++) {
        struct id_entry entry;
        make_key(&random, key);
        if (!id_map_find(map, key, &entry))
            continue;
        seen++;
        assert_int_equal((int64_t)i << 20, entry.message);
        assert_int_equal((uint32_t)i, entry.tag);
    }
    return seen;
}

static int set_up(void **state)
{
    *state = id_map_new();
    return 0;
}

static int tear_down(void **state)
{
    id_map_free(*state);
    return 0;
}

static void full_map_finds_each_key_and_no_other(void **state)
{
    struct id_map *map = *state;
    fill(map, 1, ID_MAP_KEYS);
    expect_i64("count", ID_MAP_KEYS, (int64_t)id_map_count(map));
    expect_i64("its own", ID_MAP_KEYS, (int64_t)found(map, 1, ID_MAP_KEYS));
    expect_i64("others", 0, (int64_t)found(map, 2, ID_MAP_KEYS));
}

static void cut_takes_back_the_latest_only(void **state)
{
    struct id_map *map = *state;
    fill(map, 1, 1000);
    fill(map, 2, ID_MAP_KEYS - 1000);
    id_map_cut(map, 1000);
    expect_i64("the first stay", 1000, (int64_t)found(map, 1, 1000));
    expect_i64("the others are gone", 0, (int64_t)found(map, 2, ID_MAP_KEYS - 1000));
    fill(map, 3, ID_MAP_KEYS - 1000);
    expect_i64("their places are free", ID_MAP_KEYS - 1000,
               found(map, 3, ID_MAP_KEYS - 1000));
    id_map_cut(map, 0);
    expect_i64("nothing", 0, (int64_t)(found(map, 1, 1000) + id_map_count(map)));
}

/* Keys of all buckets that are where a lookup would search, counted. */
static size_t dealt(struct id_map *map)
{
    CLEANUP(buf_release) struct buf text;
    size_t count = 0;
    buf_init(&text, (size_t)ID_MAP_KEYS * ID_ENTRY_BYTES);
    for (unsigned bucket = 0; bucket < ID_BUCKETS; bucket++) {
        uint8_t key[HASH16_BYTES];
        struct id_entry entry;
        struct id_entry known;
        buf_clear(&text);
        id_map_encode_bucket(map, bucket, &text);
        struct str rest = buf_str(&text);
        while (id_entry_next(&rest, key, &entry)) {
            assert_int_equal(bucket, id_bucket_of(key));
            assert_true(id_map_find(map, key, &known));
            assert_int_equal(known.message, entry.message);
            assert_true(id_entries_find(buf_str(&text), key, &known));
            assert_int_equal(known.tag, entry.tag);
            count++;
        }
    }
    return count;
}

static void each_key_is_in_its_bucket(void **state)
{
    struct id_map *map = *state;
    fill(map, 1, ID_MAP_KEYS);
    expect_i64("dealt", ID_MAP_KEYS, (int64_t)dealt(map));
    id_map_cut(map, 100);
    fill(map, 2, ID_MAP_KEYS - 100);
    expect_i64("dealt again after a cut", ID_MAP_KEYS, (int64_t)dealt(map));
}

static void encoded_keys_come_in_their_order(void **state)
{
    struct id_map *map = *state;
    CLEANUP(buf_release) struct buf text;
    uint8_t key[HASH16_BYTES];
    struct id_entry entry;
    int64_t want = 7;
    buf_init(&text, 64 * 1024);
    fill(map, 1, 20);
    id_map_encode(map, 7, &text);
    struct str rest = buf_str(&text);
    while (id_entry_next(&rest, key, &entry))
        assert_int_equal(want++ << 20, entry.message);
    assert_int_equal(20, want);
    expect_i64("nothing is left", 0, (int64_t)rest.len);
}

static void filter_of_a_map_has_its_keys(void **state)
{
    struct id_map *map = *state;
    CLEANUP(mem_freep) uint8_t *filter = mem_new(ID_FILTER_BYTES);
    struct random random;
    uint8_t key[HASH16_BYTES];
    fill(map, 1, 5000);
    id_map_fill_filter(map, filter);
    random_seed(&random, 1);
    for (unsigned i = 0; i < 5000; i++) {
        make_key(&random, key);
        assert_true(id_filter_may_have(filter, key));
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(full_map_finds_each_key_and_no_other),
        TEST(cut_takes_back_the_latest_only),
        TEST(each_key_is_in_its_bucket),
        TEST(encoded_keys_come_in_their_order),
        TEST(filter_of_a_map_has_its_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
