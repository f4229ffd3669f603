#include "gateway/random.h"

#include "gateway/text.h"

/* splitmix64: spreads one seed over the state. Source: prng.di.unimi.it/splitmix64.c.
 */
static uint64_t split_mix(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t mixed = *state;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return mixed ^ mixed >> 31;
}

void random_seed(struct random *random, uint64_t seed)
{
    random->state[0] = split_mix(&seed);
    random->state[1] = split_mix(&seed);
}

static uint64_t rotate_left(uint64_t word, unsigned count)
{
    return word << count | word >> (64 - count);
}

/* xoroshiro128++. Source: prng.di.unimi.it/xoroshiro128plusplus.c. */
uint64_t random_u64(struct random *random)
{
    uint64_t first = random->state[0];
    uint64_t second = random->state[1];
    uint64_t result = rotate_left(first + second, 17) + first;

    second ^= first;
    random->state[0] = rotate_left(first, 49) ^ second ^ second << 21;
    random->state[1] = rotate_left(second, 28);
    return result;
}

uint64_t random_below(struct random *random, uint64_t limit)
{
    if (limit == 0)
        return 0;
    /* The 2^64 mod limit lowest values would make small results more frequent. */
    uint64_t biased = (0 - limit) % limit;
    uint64_t value = random_u64(random);
    while (value < biased)
        value = random_u64(random);
    return value % limit;
}

void uuid7_text(int64_t unix_ms, struct random *random, char out_text[PUBLIC_ID_BYTES])
{
    uint64_t time = (uint64_t)unix_ms << 16;
    uint64_t first = random_u64(random);
    uint64_t second = random_u64(random);
    uint64_t words[2] = {
        time | 0x7000 | (first & 0x0fff),           /* version 7 */
        1ULL << 63 | (second & 0x3fffffffffffffff), /* variant 10 */
    };
    uint8_t bytes[16];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(words[i / 8] >> (56 - 8 * (i % 8)));
    hex_encode(bytes, sizeof(bytes), out_text);
}
