/*
 * id_map: the keys of one partition of the id index while it fills, in the order in
 * which they came, and found by a hash table. Holds up to ID_MAP_KEYS. Writer thread.
 */
#pragma once

#include "backend.h"
#include "id_filter.h"

#define ID_MAP_KEYS ID_FILTER_KEYS
#define ID_BUCKETS 2048
/* As stored: key, message and tag, numbers little-endian. */
#define ID_ENTRY_BYTES (HASH16_BYTES + 8 + 4)

struct id_map;

struct id_map *id_map_new(void);
void id_map_free(struct id_map *map); /* accepts NULL */

size_t id_map_count(const struct id_map *map);
/* False: not here. */
bool id_map_find(const struct id_map *map, const uint8_t key[HASH16_BYTES],
                 struct id_entry *out);
/* The key must not be here, and there must be room. */
void id_map_add(struct id_map *map, const uint8_t key[HASH16_BYTES],
                const struct id_entry *entry);
/* Takes back all but the first `count`. */
void id_map_cut(struct id_map *map, size_t count);

/* Entries from the `from`th on, as stored. */
void id_map_encode(const struct id_map *map, size_t from, struct buf *out);
/* Entries of one bucket, as stored. */
void id_map_encode_bucket(struct id_map *map, unsigned bucket, struct buf *out);
void id_map_fill_filter(const struct id_map *map, uint8_t filter[ID_FILTER_BYTES]);

/* --- entries as stored ------------------------------------------------------- */

unsigned id_bucket_of(const uint8_t key[HASH16_BYTES]);
/* The next entry of *rest, which moves on; false at the end. */
bool id_entry_next(struct str *rest, uint8_t out_key[HASH16_BYTES],
                   struct id_entry *out);
/* Looks through entries; false: not among them. */
bool id_entries_find(struct str entries, const uint8_t key[HASH16_BYTES],
                     struct id_entry *out);
