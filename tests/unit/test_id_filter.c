#include "store/id_filter.h"

#include "gateway/memory.h"
#include "gateway/random.h"
#include "support/expect.h"

static void random_key(struct random *random, uint8_t key[HASH16_BYTES])
{
    for (unsigned i = 0; i < HASH16_BYTES; i++)
        key[i] = (uint8_t)random_u64(random);
}

/* As keys of our own ids: they begin with their time. */
static void timed_key(struct random *random, uint8_t key[HASH16_BYTES])
{
    static const uint8_t time[6] = {0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00};
    random_key(random, key);
    memcpy(key, time, sizeof(time));
}

typedef void make_key(struct random *random, uint8_t key[HASH16_BYTES]);

/* Fills one with all the keys it is made for; how many of as many others pass it. */
static unsigned passing(make_key *make)
{
    CLEANUP(mem_freep) uint8_t *filter = mem_new(ID_FILTER_BYTES);
    uint8_t key[HASH16_BYTES];
    struct random random;
    unsigned passed = 0;

    random_seed(&random, 1);
    for (unsigned i = 0; i < ID_FILTER_KEYS; i++) {
        make(&random, key);
        id_filter_add(filter, key);
    }
    random_seed(&random, 1);
    for (unsigned i = 0; i < ID_FILTER_KEYS; i++) {
        make(&random, key);
        expect_true("a key that was added", id_filter_may_have(filter, key));
    }
    for (unsigned i = 0; i < ID_FILTER_KEYS; i++) {
        make(&random, key);
        passed += id_filter_may_have(filter, key);
    }
    return passed;
}

static void full_filter_stops_nearly_all_unknown_keys(void **state)
{
    static const struct {
        const char *name;
        make_key *make;
    } cases[] = {
        {"hashes",                   random_key},
        {"hashes behind their time", timed_key },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        unsigned passed = passing(cases[i].make);
        print_message("%s: 1 in %u passes\n", cases[i].name,
                      ID_FILTER_KEYS / (passed + 1));
        expect_true(cases[i].name, passed < ID_FILTER_KEYS / 500);
    }
}

static void empty_filter_stops_everything(void **state)
{
    CLEANUP(mem_freep) uint8_t *filter = mem_new(ID_FILTER_BYTES);
    uint8_t key[HASH16_BYTES] = {0};
    (void)state;
    expect_false("zeros", id_filter_may_have(filter, key));
    memset(key, 0xff, sizeof(key));
    expect_false("ones", id_filter_may_have(filter, key));
    id_filter_add(filter, key);
    expect_true("ones, added", id_filter_may_have(filter, key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_filter_stops_nearly_all_unknown_keys),
        cmocka_unit_test(empty_filter_stops_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
