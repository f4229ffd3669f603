/*
 * keys: the secrets of a bridge, for services that show one, or sign what they send: as
 * keyed HMACs. A rotation has two, so any of them fits. A keyed HMAC belongs to one
 * thread: the front.
 */
#pragma once

#include "gateway/crypto.h"
#include "gateway/settings.h"

/* For services that sign nothing but show a secret: whether it is one of these, in
 * constant time for its length; all are tried, whatever fits. An empty one is none. */
bool keys_hold(const struct text_list *secrets, struct str given);

/* One key per secret, in order; the caller frees them by keys_free, also after a
 * failure. */
MUST_CHECK enum status keys_make(const struct text_list *secrets,
                                 struct hmac ***out_keys, struct error *err);
/* The same for a service that signs with HMAC-SHA1: its sums are filled up with zeros.
 */
MUST_CHECK enum status keys_make_sha1(const struct text_list *secrets,
                                      struct hmac ***out_keys, struct error *err);
void keys_free(struct hmac ***keys, size_t count);
/* Whether the sum over the concatenation of the parts is the given one under any of the
 * keys; all are tried, whatever fits. */
MUST_CHECK enum status keys_match(struct hmac *const *keys, size_t count,
                                  const struct str *parts, size_t part_count,
                                  const uint8_t given[SHA256_BYTES], bool *out_match,
                                  struct error *err);
/* The same of a webhook: DENIED when none fits. `what`: a word for the secrets. */
MUST_CHECK enum status keys_verify(struct hmac *const *keys, size_t count,
                                   const struct str *parts, size_t part_count,
                                   const uint8_t given[SHA256_BYTES], const char *what,
                                   struct error *err);
