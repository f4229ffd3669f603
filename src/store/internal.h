/*
 * internal: what the files above the backends share.
 */
#pragma once

#include "gateway/crypto.h"
#include "gateway/store.h"

/* The key of an id in the index, and of an early receipt. */
MUST_CHECK enum status store_hash_key(struct store *store, int64_t bridge_row,
                                      const struct event_key *key,
                                      uint8_t out_key[HASH16_BYTES], struct error *err);

struct store_backend;
/* Which one a URL means, and what of the URL it is opened with. STATUS_INVALID. */
MUST_CHECK enum status store_find_backend(struct str url,
                                          const struct store_backend **out_backend,
                                          struct str *out_place, struct error *err);
