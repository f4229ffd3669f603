#include "support/expect.h"

#include "gateway/random.h"
#include "gateway/text.h"

static void random_repeats_under_the_same_seed(void **state)
{
    (void)state;
    struct random a, b, other;
    random_seed(&a, 42);
    random_seed(&b, 42);
    random_seed(&other, 43);
    bool is_other = false;
    for (int i = 0; i < 100; i++) {
        uint64_t value = random_u64(&a);
        assert_true(value == random_u64(&b));
        is_other = is_other || value != random_u64(&other);
    }
    assert_true(is_other);
}

static void random_is_xoroshiro128_plus_plus(void **state)
{
    (void)state;
    /* Source: rand_xoshiro (Rust), test vector of the reference program; read
     * 2026-11-21. */
    static const uint64_t want[] = {393217, 669327710093319, 1732421326133921491u,
                                    11394790081659126983u, 9555452776773192676u};
    struct random random = {
        .state = {1, 2}
    };
    for (size_t i = 0; i < COUNT_OF(want); i++)
        assert_true(random_u64(&random) == want[i]);
}

static void random_below_stays_below(void **state)
{
    (void)state;
    static const uint64_t limits[] = {1, 2, 3, 7, 1000, 1ULL << 33, UINT64_MAX};
    struct random random;
    random_seed(&random, 1);
    for (size_t i = 0; i < COUNT_OF(limits); i++)
        for (int round = 0; round < 1000; round++)
            assert_true(random_below(&random, limits[i]) < limits[i]);
    assert_true(random_below(&random, 0) == 0);
}

static void random_below_is_uniform(void **state)
{
    (void)state;
    /* Of three quarters of 2^64 a plain remainder hits the first third twice as often.
     */
    const uint64_t limit = 3ULL << 62;
    enum { ROUNDS = 30000 };
    unsigned thirds[3] = {0};
    struct random random;
    random_seed(&random, 7);
    for (int i = 0; i < ROUNDS; i++)
        thirds[random_below(&random, limit) / (1ULL << 62)]++;
    for (size_t i = 0; i < COUNT_OF(thirds); i++)
        assert_in_range(thirds[i], ROUNDS / 3 - 500, ROUNDS / 3 + 500);
}

static void uuid7_has_time_version_and_variant(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 3);
    /* Source: RFC 9562, appendix A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F. */
    for (int i = 0; i < 100; i++) {
        char text[PUBLIC_ID_BYTES];
        uuid7_text(0x017F22E279B0, &random, text);
        expect_i64("length", 32, strlen(text));
        expect_str("time", "017f22e279b0", str_sub(str_of(text), 0, 12));
        expect_i64("version", '7', text[12]);
        assert_non_null(strchr("89ab", text[16]));
        uint8_t bytes[16];
        assert_true(hex_decode(str_of(text), bytes, sizeof(bytes)));
    }
}

static void uuid7_keeps_every_random_bit(void **state)
{
    (void)state;
    struct random random;
    uint8_t ones[16] = {0};
    uint8_t zeros[16] = {0};
    random_seed(&random, 11);
    for (int i = 0; i < 200; i++) {
        char text[PUBLIC_ID_BYTES];
        uint8_t bytes[16];
        uuid7_text(0, &random, text);
        assert_true(hex_decode(str_of(text), bytes, sizeof(bytes)));
        for (size_t j = 0; j < sizeof(bytes); j++) {
            ones[j] |= bytes[j];
            zeros[j] |= (uint8_t)~bytes[j];
        }
    }
    /* 74 bits vary: both values came up at each; the others never changed. */
    static const uint8_t varying[16] = {0,    0,    0,    0,    0,    0,    0x0f, 0xff,
                                        0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    for (size_t j = 0; j < sizeof(varying); j++)
        expect_i64("bits", varying[j], ones[j] & zeros[j]);
}

static void uuid7_sorts_by_time(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 5);
    static const int64_t times[] = {
        0, 1, 255, 256, 1700000000000, 1700000000001, (INT64_C(1) << 48) - 1};
    char before[PUBLIC_ID_BYTES] = "";
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        char text[PUBLIC_ID_BYTES];
        uuid7_text(times[i], &random, text);
        assert_true(strcmp(before, text) < 0);
        memcpy(before, text, sizeof(before));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_repeats_under_the_same_seed),
        cmocka_unit_test(random_is_xoroshiro128_plus_plus),
        cmocka_unit_test(random_below_stays_below),
        cmocka_unit_test(random_below_is_uniform),
        cmocka_unit_test(uuid7_has_time_version_and_variant),
        cmocka_unit_test(uuid7_keeps_every_random_bit),
        cmocka_unit_test(uuid7_sorts_by_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
