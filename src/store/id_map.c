#include "id_map.h"

#include <assert.h>
#include <endian.h>

#include "gateway/memory.h"

/* Half full at most, so that chains stay short. */
#define SLOTS (2 * ID_MAP_KEYS)

struct item {
    uint8_t key[HASH16_BYTES];
    struct id_entry entry;
};

struct id_map {
    size_t count;
    uint16_t *order; /* by bucket; made when the first bucket is asked for */
    uint32_t starts[ID_BUCKETS + 1];
    uint32_t slots[SLOTS]; /* 1 + index of the item; 0: empty */
    struct item items[ID_MAP_KEYS];
};

/* Most of it is touched only as keys come: fresh memory of the system costs nothing. */
struct id_map *id_map_new(void)
{
    return mem_new(sizeof(struct id_map));
}

void id_map_free(struct id_map *map)
{
    if (map == NULL)
        return;
    mem_free(map->order);
    mem_free(map);
}

size_t id_map_count(const struct id_map *map)
{
    return map->count;
}

static uint32_t load32(const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof(word));
    return le32toh(word);
}

/* The slot of the key, or the empty one where it would go. Keys are hashes. */
static uint32_t slot_of(const struct id_map *map, const uint8_t key[HASH16_BYTES])
{
    uint32_t slot = load32(key + 12) % SLOTS;
    while (map->slots[slot] != 0 &&
           memcmp(map->items[map->slots[slot] - 1].key, key, HASH16_BYTES) != 0)
        slot = (slot + 1) % SLOTS;
    return slot;
}

bool id_map_find(const struct id_map *map, const uint8_t key[HASH16_BYTES],
                 struct id_entry *out)
{
    uint32_t slot = slot_of(map, key);
    if (map->slots[slot] == 0)
        return false;
    *out = map->items[map->slots[slot] - 1].entry;
    return true;
}

void id_map_add(struct id_map *map, const uint8_t key[HASH16_BYTES],
                const struct id_entry *entry)
{
    assert(map->count < ID_MAP_KEYS);
    uint32_t slot = slot_of(map, key);
    assert(map->slots[slot] == 0);
    struct item *item = &map->items[map->count];
    memcpy(item->key, key, HASH16_BYTES);
    item->entry = *entry;
    map->slots[slot] = (uint32_t)++map->count;
}

/* The latest goes first, so no chain leads over a slot that is emptied. */
void id_map_cut(struct id_map *map, size_t count)
{
    if (map->count > count && map->order != NULL) {
        mem_free(TAKE(map->order));
        memset(map->starts, 0, sizeof(map->starts));
    }
    while (map->count > count) {
        map->slots[slot_of(map, map->items[map->count - 1].key)] = 0;
        map->count--;
    }
}

/* --- as stored --------------------------------------------------------------- */

static void encode(const struct item *item, struct buf *out)
{
    uint8_t bytes[ID_ENTRY_BYTES];
    uint64_t message = htole64((uint64_t)item->entry.message);
    uint32_t tag = htole32(item->entry.tag);
    memcpy(bytes, item->key, HASH16_BYTES);
    memcpy(bytes + HASH16_BYTES, &message, sizeof(message));
    memcpy(bytes + HASH16_BYTES + sizeof(message), &tag, sizeof(tag));
    buf_add_bytes(out, bytes, sizeof(bytes));
}

void id_map_encode(const struct id_map *map, size_t from, struct buf *out)
{
    for (size_t i = from; i < map->count; i++)
        encode(&map->items[i], out);
}

/* Which bytes choose the bucket is for ever: rows are found by it. */
unsigned id_bucket_of(const uint8_t key[HASH16_BYTES])
{
    return (key[6] | (unsigned)key[7] << 8) % ID_BUCKETS;
}

/* Counts, then deals: each bucket gets its items in the order in which they came. */
static void deal(struct id_map *map)
{
    uint32_t next[ID_BUCKETS];
    map->order = mem_new_array(ID_MAP_KEYS, sizeof(map->order[0]));
    for (size_t i = 0; i < map->count; i++)
        map->starts[id_bucket_of(map->items[i].key) + 1]++;
    for (unsigned bucket = 0; bucket < ID_BUCKETS; bucket++)
        map->starts[bucket + 1] += map->starts[bucket];
    memcpy(next, map->starts, sizeof(next));
    for (size_t i = 0; i < map->count; i++)
        map->order[next[id_bucket_of(map->items[i].key)]++] = (uint16_t)i;
}

void id_map_encode_bucket(struct id_map *map, unsigned bucket, struct buf *out)
{
    assert(map->count == ID_MAP_KEYS);
    if (map->order == NULL)
        deal(map);
    for (uint32_t i = map->starts[bucket]; i < map->starts[bucket + 1]; i++)
        encode(&map->items[map->order[i]], out);
}

void id_map_fill_filter(const struct id_map *map, uint8_t filter[ID_FILTER_BYTES])
{
    for (size_t i = 0; i < map->count; i++)
        id_filter_add(filter, map->items[i].key);
}

static void decode(const char *bytes, struct id_entry *out)
{
    uint64_t message;
    uint32_t tag;
    memcpy(&message, bytes + HASH16_BYTES, sizeof(message));
    memcpy(&tag, bytes + HASH16_BYTES + sizeof(message), sizeof(tag));
    out->message = (int64_t)le64toh(message);
    out->tag = le32toh(tag);
}

bool id_entry_next(struct str *rest, uint8_t out_key[HASH16_BYTES],
                   struct id_entry *out)
{
    if (rest->len < ID_ENTRY_BYTES)
        return false;
    memcpy(out_key, rest->ptr, HASH16_BYTES);
    decode(rest->ptr, out);
    *rest = str_sub(*rest, ID_ENTRY_BYTES, rest->len);
    return true;
}

bool id_entries_find(struct str entries, const uint8_t key[HASH16_BYTES],
                     struct id_entry *out)
{
    for (size_t at = 0; at + ID_ENTRY_BYTES <= entries.len; at += ID_ENTRY_BYTES) {
        if (memcmp(entries.ptr + at, key, HASH16_BYTES) != 0)
            continue;
        decode(entries.ptr + at, out);
        return true;
    }
    return false;
}
