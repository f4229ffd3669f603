#include "gateway/crypto.h"

#include <errno.h>
#include <sys/random.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "die.h"
#include "gateway/memory.h"

/* What OpenSSL noted of it would stay with the thread, and look like another call's. */
static enum status no_memory(struct error *err, const char *what)
{
    ERR_clear_error();
    return fail(err, STATUS_RETRY, "OpenSSL has no memory for %s", what);
}

static const unsigned char *bytes_of(struct str s)
{
    /* For OpenSSL a NULL key or input can mean "the one before". */
    return (const unsigned char *)(s.ptr == NULL ? "" : s.ptr);
}

/* ---- keyed hashes ---- */

static EVP_MAC_CTX *new_mac(const char *name)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, name, NULL);
    if (mac == NULL)
        return NULL;
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac); /* holds a reference of its own */
    EVP_MAC_free(mac);
    return context;
}

static bool sum_parts(EVP_MAC_CTX *context, const struct str *parts, size_t count,
                      uint8_t *out_sum, size_t sum_bytes)
{
    for (size_t i = 0; i < count; i++)
        if (!EVP_MAC_update(context, bytes_of(parts[i]), parts[i].len))
            return false;
    size_t len = 0;
    return EVP_MAC_final(context, out_sum, &len, sum_bytes) && len == sum_bytes;
}

struct hmac {
    EVP_MAC_CTX *context; /* keyed; owned */
    size_t sum_bytes;
};

static void hmac_freep(struct hmac **hmac)
{
    hmac_free(*hmac);
}

static enum status new_hmac(const char *digest, size_t sum_bytes, struct str key,
                            struct hmac **out_hmac, struct error *err)
{
    char name[8]; /* OSSL_PARAM wants it writable */
    (void)snprintf(name, sizeof(name), "%s", digest);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    CLEANUP(hmac_freep) struct hmac *hmac = mem_new(sizeof(*hmac));
    hmac->sum_bytes = sum_bytes;
    hmac->context = new_mac("HMAC");
    if (hmac->context == NULL ||
        !EVP_MAC_init(hmac->context, bytes_of(key), key.len, params))
        return no_memory(err, "a signing key");
    *out_hmac = TAKE(hmac);
    return STATUS_OK;
}

enum status hmac_new(struct str key, struct hmac **out_hmac, struct error *err)
{
    return new_hmac("SHA256", SHA256_BYTES, key, out_hmac, err);
}

enum status hmac_new_sha1(struct str key, struct hmac **out_hmac, struct error *err)
{
    return new_hmac("SHA1", SHA1_BYTES, key, out_hmac, err);
}

void hmac_free(struct hmac *hmac)
{
    if (hmac == NULL)
        return;
    EVP_MAC_CTX_free(hmac->context); /* wipes the key */
    mem_free(hmac);
}

enum status hmac_sum(struct hmac *hmac, const struct str *parts, size_t part_count,
                     uint8_t out_sum[SHA256_BYTES], struct error *err)
{
    /* Without a key it starts again under the one it has, at half the cost. */
    if (!EVP_MAC_init(hmac->context, NULL, 0, NULL) ||
        !sum_parts(hmac->context, parts, part_count, out_sum, hmac->sum_bytes))
        return no_memory(err, "a signature");
    memset(out_sum + hmac->sum_bytes, 0, SHA256_BYTES - hmac->sum_bytes);
    return STATUS_OK;
}

struct hash16 {
    EVP_MAC_CTX *context; /* owned */
    uint8_t key[HASH16_BYTES];
};

static void hash16_freep(struct hash16 **hash)
{
    hash16_free(*hash);
}

enum status hash16_new(const uint8_t key[HASH16_BYTES], struct hash16 **out_hash,
                       struct error *err)
{
    size_t size = HASH16_BYTES;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
        OSSL_PARAM_construct_end(),
    };
    CLEANUP(hash16_freep) struct hash16 *hash = mem_new(sizeof(*hash));
    memcpy(hash->key, key, HASH16_BYTES);
    hash->context = new_mac("SIPHASH");
    if (hash->context == NULL || !EVP_MAC_CTX_set_params(hash->context, params))
        return no_memory(err, "a hash key");
    *out_hash = TAKE(hash);
    return STATUS_OK;
}

void hash16_free(struct hash16 *hash)
{
    if (hash == NULL)
        return;
    EVP_MAC_CTX_free(hash->context);
    bytes_wipe(hash->key, sizeof(hash->key));
    mem_free(hash);
}

enum status hash16_sum(struct hash16 *hash, const struct str *parts, size_t part_count,
                       uint8_t out_sum[HASH16_BYTES], struct error *err)
{
    /* Early 3.0 releases do not start SipHash again without the key; keying is cheap.
     */
    if (!EVP_MAC_init(hash->context, hash->key, sizeof(hash->key), NULL) ||
        !sum_parts(hash->context, parts, part_count, out_sum, HASH16_BYTES))
        return no_memory(err, "a hash");
    return STATUS_OK;
}

enum status sha256(struct str bytes, uint8_t out_sum[SHA256_BYTES], struct error *err)
{
    if (!EVP_Digest(bytes_of(bytes), bytes.len, out_sum, NULL, EVP_sha256(), NULL))
        return no_memory(err, "a digest");
    return STATUS_OK;
}

struct digest {
    EVP_MD_CTX *context; /* owned */
};

void digest_freep(struct digest **digest)
{
    if (*digest == NULL)
        return;
    EVP_MD_CTX_free((*digest)->context);
    mem_free(*digest);
}

enum status digest_new(struct digest **out_digest, struct error *err)
{
    struct digest *digest = mem_new(sizeof(*digest));
    digest->context = EVP_MD_CTX_new();
    if (digest->context == NULL ||
        !EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL)) {
        digest_freep(&digest);
        return no_memory(err, "a digest");
    }
    *out_digest = digest;
    return STATUS_OK;
}

enum status digest_add(struct digest *digest, struct str bytes, struct error *err)
{
    if (!EVP_DigestUpdate(digest->context, bytes_of(bytes), bytes.len))
        return no_memory(err, "a digest");
    return STATUS_OK;
}

enum status digest_end(struct digest *digest, uint8_t out_sum[SHA256_BYTES],
                       struct error *err)
{
    if (!EVP_DigestFinal_ex(digest->context, out_sum, NULL))
        return no_memory(err, "a digest");
    return STATUS_OK;
}

/* ---- ed25519 ---- */

struct ed25519 {
    EVP_PKEY *key; /* owned */
};

static void free_md_context(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

static enum status adopt_key(EVP_PKEY *key, struct ed25519 **out_key, struct error *err)
{
    if (key == NULL) /* any 32 bytes make a key object */
        return no_memory(err, "an ed25519 key");
    *out_key = mem_new(sizeof(**out_key));
    (*out_key)->key = key;
    return STATUS_OK;
}

enum status ed25519_new_public(const uint8_t key[ED25519_KEY_BYTES],
                               struct ed25519 **out_key, struct error *err)
{
    return adopt_key(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, ED25519_KEY_BYTES),
        out_key, err);
}

enum status ed25519_new_seed(const uint8_t seed[ED25519_KEY_BYTES],
                             struct ed25519 **out_key, struct error *err)
{
    return adopt_key(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, ED25519_KEY_BYTES),
        out_key, err);
}

void ed25519_free(struct ed25519 *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->key); /* wipes the seed */
    mem_free(key);
}

static bool fits(EVP_PKEY *key, struct str bytes,
                 const uint8_t signature[ED25519_SIGNATURE_BYTES])
{
    CLEANUP(free_md_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
    return context != NULL &&
           EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
           EVP_DigestVerify(context, signature, ED25519_SIGNATURE_BYTES,
                            bytes_of(bytes), bytes.len) == 1;
}

/* Source: RFC 8032, section 7.1, test 1 (the empty message); read 2026-12-01. */
static const uint8_t known_key[ED25519_KEY_BYTES] = {
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
    0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
    0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
};
static const uint8_t known_signature[ED25519_SIGNATURE_BYTES] = {
    0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60, 0xac, 0x72, 0x90, 0x86, 0xe2, 0xcc, 0x80,
    0x6e, 0x82, 0x8a, 0x84, 0x87, 0x7f, 0x1e, 0xb8, 0xe5, 0xd9, 0x74, 0xd8, 0x73,
    0xe0, 0x65, 0x22, 0x49, 0x01, 0x55, 0x5f, 0xb8, 0x82, 0x15, 0x90, 0xa3, 0x3b,
    0xac, 0xc6, 0x1e, 0x39, 0x70, 0x1c, 0xf9, 0xb4, 0x6b, 0xd2, 0x5b, 0xf5, 0xf0,
    0x59, 0x5b, 0xbe, 0x24, 0x65, 0x51, 0x41, 0x43, 0x8e, 0x7a, 0x10, 0x0b,
};

static bool known_fits(void)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, known_key,
                                                ED25519_KEY_BYTES);
    bool it_fits = key != NULL && fits(key, STR_NONE, known_signature);
    EVP_PKEY_free(key);
    return it_fits;
}

/*
 * OpenSSL says "no" as well when it finds no memory. So a "no" counts only when a
 * signature that is known to be good gets a "yes", and then only the second time.
 */
enum status ed25519_verify(const struct ed25519 *key, struct str bytes,
                           const uint8_t signature[ED25519_SIGNATURE_BYTES],
                           bool *out_fits, struct error *err)
{
    bool it_fits = fits(key->key, bytes, signature);
    if (!it_fits && !known_fits())
        return no_memory(err, "a signature");
    *out_fits = it_fits || fits(key->key, bytes, signature);
    ERR_clear_error();
    return STATUS_OK;
}

enum status ed25519_sign(const struct ed25519 *key, struct str bytes,
                         uint8_t out_signature[ED25519_SIGNATURE_BYTES],
                         struct error *err)
{
    size_t len = ED25519_SIGNATURE_BYTES;
    CLEANUP(free_md_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL ||
        EVP_DigestSignInit(context, NULL, NULL, NULL, key->key) != 1 ||
        EVP_DigestSign(context, out_signature, &len, bytes_of(bytes), bytes.len) != 1)
        return no_memory(err, "a signature");
    return STATUS_OK;
}

/* ---- bytes ---- */

bool bytes_equal(const void *a, const void *b, size_t len)
{
    return len == 0 || CRYPTO_memcmp(a, b, len) == 0;
}

void bytes_wipe(void *bytes, size_t len)
{
    OPENSSL_cleanse(bytes, len);
}

void bytes_random(void *out_bytes, size_t len)
{
    uint8_t *at = out_bytes;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            die("no randomness from the operating system");
        at += got;
        len -= (size_t)got;
    }
}
