/*
 * crypto: the one door to OpenSSL.
 *
 * A struct hmac is keyed once and reused (half the cost of a one-shot call), so it
 * belongs to one thread at a time. Comparison is in constant time; keys are wiped when
 * freed. Functions that can run out of memory inside OpenSSL return STATUS_RETRY.
 */
#pragma once

#include "gateway/status.h"
#include "gateway/text.h"

#define SHA256_BYTES 32
#define SHA1_BYTES 20
#define HASH16_BYTES 16
#define ED25519_KEY_BYTES 32
#define ED25519_SIGNATURE_BYTES 64

struct hmac; /* HMAC-SHA256 under one key */
MUST_CHECK enum status hmac_new(struct str key, struct hmac **out_hmac,
                                struct error *err);
/* HMAC-SHA1, for peers that sign with nothing better: its sums have SHA1_BYTES. */
MUST_CHECK enum status hmac_new_sha1(struct str key, struct hmac **out_hmac,
                                     struct error *err);
void hmac_free(struct hmac *hmac);
/* Over the concatenation of the parts; the bytes behind a shorter sum are zero. */
MUST_CHECK enum status hmac_sum(struct hmac *hmac, const struct str *parts,
                                size_t part_count, uint8_t out_sum[SHA256_BYTES],
                                struct error *err);

struct hash16; /* keyed 16-byte hash (SipHash-2-4-128) for the id index */
MUST_CHECK enum status hash16_new(const uint8_t key[HASH16_BYTES],
                                  struct hash16 **out_hash, struct error *err);
void hash16_free(struct hash16 *hash);
MUST_CHECK enum status hash16_sum(struct hash16 *hash, const struct str *parts,
                                  size_t part_count, uint8_t out_sum[HASH16_BYTES],
                                  struct error *err);

MUST_CHECK enum status sha256(struct str bytes, uint8_t out_sum[SHA256_BYTES],
                              struct error *err);

struct digest; /* SHA-256 of what comes piece by piece */
MUST_CHECK enum status digest_new(struct digest **out_digest, struct error *err);
MUST_CHECK enum status digest_add(struct digest *digest, struct str bytes,
                                  struct error *err);
/* Of all that was added; nothing can be added behind it. */
MUST_CHECK enum status digest_end(struct digest *digest, uint8_t out_sum[SHA256_BYTES],
                                  struct error *err);
void digest_freep(struct digest **digest); /* for CLEANUP */

struct ed25519; /* a public key (verify), or a seed (verify and sign) */
MUST_CHECK enum status ed25519_new_public(const uint8_t key[ED25519_KEY_BYTES],
                                          struct ed25519 **out_key, struct error *err);
MUST_CHECK enum status ed25519_new_seed(const uint8_t seed[ED25519_KEY_BYTES],
                                        struct ed25519 **out_key, struct error *err);
void ed25519_free(struct ed25519 *key);
MUST_CHECK enum status ed25519_verify(const struct ed25519 *key, struct str bytes,
                                      const uint8_t signature[ED25519_SIGNATURE_BYTES],
                                      bool *out_fits, struct error *err);
MUST_CHECK enum status ed25519_sign(const struct ed25519 *key, struct str bytes,
                                    uint8_t out_signature[ED25519_SIGNATURE_BYTES],
                                    struct error *err);

/* In constant time for equal lengths. */
bool bytes_equal(const void *a, const void *b, size_t len);
void bytes_wipe(void *bytes, size_t len);
/* From the operating system; aborts if it has none. */
void bytes_random(void *out_bytes, size_t len);

/* Standard alphabet, padded. Room: base64_encoded_size(len), with terminator. */
#define base64_encoded_size(len) ((((len) + 2) / 3) * 4 + 1)
void base64_encode(const void *bytes, size_t len, char *out_text);
/*
 * Strict: standard alphabet, exact padding, zero filler bits, no white space.
 * *out_len is set on success; `room` bytes are at out_bytes.
 */
MUST_CHECK bool base64_decode(struct str text, uint8_t *out_bytes, size_t room,
                              size_t *out_len);
