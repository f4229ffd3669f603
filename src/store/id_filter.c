#include "id_filter.h"

#define PROBES 7
#define BLOCK_BYTES 64
#define BLOCKS (ID_FILTER_BYTES / BLOCK_BYTES)

/*
 * Keys are hashes, apart from the first bytes of some (see store_hash_key): bytes 6 and
 * 7 choose the block, those behind them the bits in it. The file may move to another
 * machine, so the bytes have an order of their own.
 */
_Static_assert(BLOCKS <= 65536, "two bytes choose among them");
static size_t block_of(const uint8_t key[HASH16_BYTES])
{
    return (key[6] | (size_t)key[7] << 8) % BLOCKS * BLOCK_BYTES;
}

static uint64_t bits_of(const uint8_t key[HASH16_BYTES])
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; i++)
        bits |= (uint64_t)key[8 + i] << (8 * i);
    return bits;
}

/* Nine bits choose one of the 512 of a block. */
void id_filter_add(uint8_t filter[ID_FILTER_BYTES], const uint8_t key[HASH16_BYTES])
{
    uint8_t *block = filter + block_of(key);
    uint64_t bits = bits_of(key);
    for (unsigned i = 0; i < PROBES; i++, bits >>= 9)
        block[bits >> 3 & 63] |= (uint8_t)(1U << (bits & 7));
}

bool id_filter_may_have(const uint8_t filter[ID_FILTER_BYTES],
                        const uint8_t key[HASH16_BYTES])
{
    const uint8_t *block = filter + block_of(key);
    uint64_t bits = bits_of(key);
    for (unsigned i = 0; i < PROBES; i++, bits >>= 9)
        if ((block[bits >> 3 & 63] & 1U << (bits & 7)) == 0)
            return false;
    return true;
}

void id_filter_fetch(const uint8_t filter[ID_FILTER_BYTES],
                     const uint8_t key[HASH16_BYTES])
{
    __builtin_prefetch(filter + block_of(key));
}
