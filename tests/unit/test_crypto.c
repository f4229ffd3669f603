#include "support/expect.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "gateway/crypto.h"
#include "gateway/memory.h"

/* OpenSSL's hooks take no argument, so this has to be global. */
static struct {
    bool is_on;
    bool goes_on; /* else one allocation is refused */
    unsigned allocations_left;
    bool has_refused;
} failing;

static bool refuses(void)
{
    if (!failing.is_on)
        return false;
    if (failing.allocations_left > 0) {
        failing.allocations_left--;
        return false;
    }
    if (failing.has_refused && !failing.goes_on)
        return false;
    failing.has_refused = true;
    return true;
}

static void *hook_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return refuses() ? NULL : malloc(size);
}

static void *hook_realloc(void *memory, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return refuses() ? NULL : realloc(memory, size);
}

static void hook_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

static void expect_hex(const char *name, const char *want, const uint8_t *got,
                       size_t len)
{
    char text[2 * ED25519_SIGNATURE_BYTES + 1];
    hex_encode(got, len, text);
    expect_str(name, want, str_of(text));
}

static void expect_base64(const char *name, const char *want, const uint8_t *got,
                          size_t len)
{
    char text[base64_encoded_size(ED25519_SIGNATURE_BYTES)];
    base64_encode(got, len, text);
    expect_str(name, want, str_of(text));
}

static struct hmac *hmac_of(struct str key)
{
    struct hmac *hmac = NULL;
    struct error err;
    expect_status("key", STATUS_OK, hmac_new(key, &hmac, &err));
    return hmac;
}

static void hmac_matches_rfc_4231(void **state)
{
    (void)state;
    uint8_t aa[131];
    uint8_t counting[25];
    uint8_t cd[50];
    uint8_t dd[50];
    memset(aa, 0xaa, sizeof(aa));
    memset(cd, 0xcd, sizeof(cd));
    memset(dd, 0xdd, sizeof(dd));
    for (size_t i = 0; i < sizeof(counting); i++)
        counting[i] = (uint8_t)(i + 1);
    /* Source: RFC 4231, section 4; the empty key and text: any other implementation. */
    const struct {
        const char *name;
        struct str key;
        struct str text;
        const char *want;
    } cases[] = {
        {"test case 1",
         STR("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
             "\x0b\x0b"),
         STR("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"                                   },
        {"test case 2",                                                      STR("Jefe"), STR("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"                                   },
        {"test case 3",                                                      str_from(aa, 20),str_from(dd,                                                                                                                50),
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {"test case 4", str_from(counting,            25),str_from(cd, 50),
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {"test case 6",                                                       str_from(aa,                                                               131),
         STR("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {"test case 7", str_from(aa,131),
         STR("This is a test using a larger than block-size key and a larger than "
             "block-size data. The key needs to be hashed before being used by the "
             "HMAC "
             "algorithm."),
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
        {"empty key and text",                                                      STR_NONE,                                                      STR_NONE,
         "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"                                                                                    },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct hmac *hmac = hmac_of(cases[i].key);
        for (int again = 0; again < 3; again++) { /* keyed once, used often */
            uint8_t sum[SHA256_BYTES];
            struct error err;
            expect_status(cases[i].name, STATUS_OK,
                          hmac_sum(hmac, &cases[i].text, 1, sum, &err));
            expect_hex(cases[i].name, cases[i].want, sum, sizeof(sum));
        }
        hmac_free(hmac);
    }
}

static const struct str webhook_parts[] = {
    {"msg_test0001",                                   12},
    {".",                                              1 },
    {"1700000000",                                     10},
    {".",                                              1 },
    {"{\"type\":\"message.created\",\"timestamp\":\"2023-11-14T22:13:20Z\","
     "\"data\":{\"id\":\"m1\",\"text\":\"hi\"}}", 92},
};

static struct str webhook_text(struct buf *buf)
{
    for (size_t i = 0; i < COUNT_OF(webhook_parts); i++)
        buf_add(buf, webhook_parts[i]);
    return buf_str(buf);
}

static void hmac_signs_a_standard_webhook(void **state)
{
    (void)state;
    uint8_t key[64];
    size_t key_len = 0;
    assert_true(base64_decode(STR("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="), key,
                              sizeof(key), &key_len));
    expect_i64("key", 32, key_len);
    struct hmac *hmac = hmac_of(str_from(key, key_len));
    uint8_t sum[SHA256_BYTES];
    struct error err;
    expect_status("sum", STATUS_OK,
                  hmac_sum(hmac, webhook_parts, COUNT_OF(webhook_parts), sum, &err));
    expect_base64("v1", "ENzjB9TUqXt87QubdeRYZ02egOfKihB+qxcNqhbiDfE=", sum,
                  sizeof(sum));
    hmac_free(hmac);
}

static void hmac_signs_a_genesys_webhook(void **state)
{
    (void)state;
    struct hmac *hmac = hmac_of(STR("example-signing-secret-0001"));
    const struct str body = STR("{\"type\":\"Text\",\"text\":\"hello\"}");
    uint8_t sum[SHA256_BYTES];
    struct error err;
    expect_status("sum", STATUS_OK, hmac_sum(hmac, &body, 1, sum, &err));
    expect_base64("X-Hub-Signature-256",
                  "4Im1SfsUih7DXLHP7m9LmanKLv2CnuFU03fCsdytiZE=", sum, sizeof(sum));
    hmac_free(hmac);
}

static void hash16_matches_the_siphash_vectors(void **state)
{
    (void)state;
    /* Source: github.com/veorq/SipHash, vectors.h, "vectors_sip128"; read 2026-11-21.
     */
    static const struct {
        size_t len; /* of the text 00 01 02 ... */
        const char *want;
    } cases[] = {
        {0,  "a3817f04ba25a8e66df67214c7550293"},
        {1,  "da87c1d86b99af44347659119b22fc45"},
        {15, "5493e99933b0a8117e08ec0f97cfc3d9"},
        {63, "5150d1772f50834a503e069a973fbd7c"},
    };
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    struct hash16 *hash = NULL;
    struct error err;
    expect_status("key", STATUS_OK, hash16_new(bytes, &hash, &err));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        /* in two parts, so that joining is tested too */
        const struct str parts[] = {
            str_from(bytes, cases[i].len / 2),
            str_from(bytes + cases[i].len / 2, cases[i].len - cases[i].len / 2)};
        uint8_t sum[HASH16_BYTES];
        expect_status("sum", STATUS_OK,
                      hash16_sum(hash, parts, COUNT_OF(parts), sum, &err));
        expect_hex("sum", cases[i].want, sum, sizeof(sum));
    }
    hash16_free(hash);
}

static void sha256_matches_its_standard(void **state)
{
    (void)state;
    uint8_t sum[SHA256_BYTES];
    struct error err;
    expect_status("abc", STATUS_OK, sha256(STR("abc"), sum, &err));
    expect_hex("abc",
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sum,
               sizeof(sum));
    expect_status("empty", STATUS_OK, sha256(STR_NONE, sum, &err));
    expect_hex("empty",
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", sum,
               sizeof(sum));
}

static const uint8_t ed25519_seed[ED25519_KEY_BYTES] = {
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
static const char ed25519_public[] = "I7xUkSwebpLEqGglyGfif/3FVb/71CRPF6Jqv//ull0=";
static const char ed25519_signature[] =
    "YsfJ84SZQ5MaL+"
    "lyJD9kA3gHj8ecTRQw5FdmO0lGFvNBMQuY4hmQpHMMHsiTqkyjzpVRvJn0SV8bgwU6qBVf"
    "Cw==";

static bool verifies(const struct ed25519 *key, struct str text,
                     const uint8_t signature[ED25519_SIGNATURE_BYTES])
{
    bool it_fits = false;
    struct error err;
    expect_status("verify", STATUS_OK,
                  ed25519_verify(key, text, signature, &it_fits, &err));
    return it_fits;
}

static void ed25519_signs_a_standard_webhook(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf;
    buf_init(&buf, 1000);
    struct str text = webhook_text(&buf);
    struct ed25519 *key = NULL;
    struct error err;
    expect_status("key", STATUS_OK, ed25519_new_seed(ed25519_seed, &key, &err));
    uint8_t signature[ED25519_SIGNATURE_BYTES];
    expect_status("sign", STATUS_OK, ed25519_sign(key, text, signature, &err));
    expect_base64("v1a", ed25519_signature, signature, sizeof(signature));
    assert_true(verifies(key, text, signature));
    ed25519_free(key);
}

static void ed25519_verifies_with_the_public_key(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf buf;
    buf_init(&buf, 1000);
    struct str text = webhook_text(&buf);
    uint8_t public[ED25519_KEY_BYTES];
    uint8_t signature[ED25519_SIGNATURE_BYTES];
    size_t len;
    assert_true(base64_decode(str_of(ed25519_public), public, sizeof(public), &len));
    assert_true(
        base64_decode(str_of(ed25519_signature), signature, sizeof(signature), &len));

    struct ed25519 *key = NULL;
    struct error err;
    expect_status("key", STATUS_OK, ed25519_new_public(public, &key, &err));
    assert_true(verifies(key, text, signature));
    assert_false(verifies(key, str_sub(text, 1, text.len), signature));
    assert_false(verifies(key, STR_NONE, signature));
    for (size_t i = 0; i < sizeof(signature); i++) {
        signature[i] ^= 1;
        assert_false(verifies(key, text, signature));
        signature[i] ^= 1;
    }
    assert_true(verifies(key, text, signature));

    uint8_t none[ED25519_SIGNATURE_BYTES];
    expect_true("no seed", ed25519_sign(key, text, none, &err) != STATUS_OK);
    ed25519_free(key);
}

static void bytes_are_compared_whole(void **state)
{
    (void)state;
    assert_true(bytes_equal("abc", "abc", 3));
    assert_false(bytes_equal("abc", "abd", 3));
    assert_false(bytes_equal("\0a", "\0b", 2));
    assert_true(bytes_equal("abc", "abd", 2));
    assert_true(bytes_equal(NULL, NULL, 0));
}

static void bytes_wipe_leaves_zeros(void **state)
{
    (void)state;
    char secret[] = "secret";
    bytes_wipe(secret, sizeof(secret) - 1);
    assert_memory_equal(secret, "\0\0\0\0\0\0", sizeof(secret));
}

static void bytes_random_differ(void **state)
{
    (void)state;
    uint8_t a[32];
    uint8_t b[32];
    bytes_random(a, sizeof(a));
    bytes_random(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    bytes_random(a, 0);
    uint8_t many[1000]; /* more than getrandom promises in one piece */
    memset(many, 0, sizeof(many));
    bytes_random(many, sizeof(many));
    assert_memory_not_equal(many + 968, (uint8_t[32]){0}, 32);
}

static void base64_goes_both_ways(void **state)
{
    (void)state;
    /* Source: RFC 4648, section 10. */
    static const struct {
        struct str bytes;
        const char *text;
    } cases[] = {
        {{"", 0},             ""        },
        {{"f", 1},            "Zg=="    },
        {{"fo", 2},           "Zm8="    },
        {{"foo", 3},          "Zm9v"    },
        {{"foob", 4},         "Zm9vYg=="},
        {{"fooba", 5},        "Zm9vYmE="},
        {{"foobar", 6},       "Zm9vYmFy"},
        {{"\xfb\xff\xbf", 3}, "+/+/"    },
        {{"\0\0\0\0", 4},     "AAAAAA=="},
        {{"\xff\xff\xff", 3}, "////"    },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[base64_encoded_size(6)];
        base64_encode(cases[i].bytes.ptr, cases[i].bytes.len, text);
        expect_str("encoded", cases[i].text, str_of(text));

        uint8_t bytes[8];
        size_t len = 99;
        expect_true(text, base64_decode(str_of(text), bytes, cases[i].bytes.len, &len));
        expect_i64(text, cases[i].bytes.len, len);
        assert_memory_equal(bytes, cases[i].bytes.ptr, len);
        if (len > 0)
            expect_false("room", base64_decode(str_of(text), bytes, len - 1, &len));
    }
}

static void base64_decode_is_strict(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "Zg",    "Zg=",  "Zg===", "Zm9",      "Zm9v=",    "=",          "====",
        "A===",  "Zh==", "Zm9=",  "Zg==Zg==", "Z=g=",     "=Zg=",       "Zm9v\n",
        " Zm9v", "Zm 9", "Zm-_",  "Zm9v====", "Zm9vY===", "Z\xc3\xa4g",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bytes[16];
        size_t len = 99;
        expect_false(cases[i],
                     base64_decode(str_of(cases[i]), bytes, sizeof(bytes), &len));
        expect_i64(cases[i], 99, len);
    }
}

static void free_accepts_null(void **state)
{
    (void)state;
    hmac_free(NULL);
    hash16_free(NULL);
    ed25519_free(NULL);
}

/* Everything that can run out of memory, once; the first status that is not OK. */
static enum status use_everything(bool *out_verified)
{
    const struct str text = STR("text");
    struct hmac *hmac = NULL;
    struct hash16 *hash = NULL;
    struct ed25519 *key = NULL;
    uint8_t sum[SHA256_BYTES];
    uint8_t signature[ED25519_SIGNATURE_BYTES];
    struct error err;

    enum status status = hmac_new(text, &hmac, &err);
    if (status == STATUS_OK)
        status = hmac_sum(hmac, &text, 1, sum, &err);
    if (status == STATUS_OK)
        status = hash16_new(ed25519_seed, &hash, &err);
    if (status == STATUS_OK)
        status = hash16_sum(hash, &text, 1, sum, &err);
    if (status == STATUS_OK)
        status = sha256(text, sum, &err);
    if (status == STATUS_OK)
        status = ed25519_new_seed(ed25519_seed, &key, &err);
    if (status == STATUS_OK)
        status = ed25519_sign(key, text, signature, &err);
    *out_verified = false;
    if (status == STATUS_OK)
        status = ed25519_verify(key, text, signature, out_verified, &err);
    hmac_free(hmac);
    hash16_free(hash);
    ed25519_free(key);
    return status;
}

/* The first `nth` are given, then one is refused, or all. */
static void refuse_after(unsigned nth, bool goes_on)
{
    failing.is_on = true;
    failing.goes_on = goes_on;
    failing.has_refused = false;
    failing.allocations_left = nth;
}

static void failing_allocations_of_openssl_say_retry(void **state)
{
    (void)state;
    bool is_verified;
    expect_status("warm", STATUS_OK, use_everything(&is_verified));
    assert_true(is_verified);

    for (int goes_on = 0; goes_on < 2; goes_on++) {
        failing.has_refused = true;
        for (unsigned nth = 0; failing.has_refused; nth++) {
            refuse_after(nth, goes_on == 1);
            enum status status = use_everything(&is_verified);
            failing.is_on = false;
            if (status != STATUS_OK)
                expect_status("failing", STATUS_RETRY, status);
            else
                assert_true(is_verified);       /* never a "no" for want of memory */
            assert_true(ERR_peek_error() == 0); /* nor anything left in its queue */
        }
    }
}

static void hmac_sha1_matches_rfc_2202_and_a_twilio_webhook(void **state)
{
    (void)state;
    /* Source: RFC 2202, section 3, cases 1 and 2; channels/twilio.md section 2. */
    static const struct {
        const char *name;
        const char *key;
        const char *text;
        const char *want;
    } cases[] = {
        {"case 1",
         "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
         "\x0b\x0b\x0b",       "Hi There",                       "thcxhlUFcmTii8C2+zeMjvFGvgA="},
        {"case 2",    "Jefe",  "what do ya want for nothing?",
         "7/zfauXrL6LSdBbV8YTfnCWafHk="                                                        },
        {"a webhook", "12345",
         "https://mycompany.com/myapp.php?foo=1&bar=2CallSidCA1234567890ABCDECaller"
         "+14158675309Digits1234From+14158675309To+18005551212", "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct str text = str_of(cases[i].text);
        struct hmac *hmac = NULL;
        struct error err;
        uint8_t sum[SHA256_BYTES];
        memset(sum, 0xff, sizeof(sum));
        expect_status(cases[i].name, STATUS_OK,
                      hmac_new_sha1(str_of(cases[i].key), &hmac, &err));
        for (unsigned again = 0; again < 2; again++) {
            expect_status(cases[i].name, STATUS_OK,
                          hmac_sum(hmac, &text, 1, sum, &err));
            expect_base64(cases[i].name, cases[i].want, sum, SHA1_BYTES);
            expect_i64("what is behind it", 0, sum[SHA1_BYTES] | sum[SHA256_BYTES - 1]);
        }
        hmac_free(hmac);
    }
}

int main(void)
{
    if (!CRYPTO_set_mem_functions(hook_malloc, hook_realloc, hook_free))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_matches_rfc_4231),
        cmocka_unit_test(hmac_sha1_matches_rfc_2202_and_a_twilio_webhook),
        cmocka_unit_test(hmac_signs_a_standard_webhook),
        cmocka_unit_test(hmac_signs_a_genesys_webhook),
        cmocka_unit_test(hash16_matches_the_siphash_vectors),
        cmocka_unit_test(sha256_matches_its_standard),
        cmocka_unit_test(ed25519_signs_a_standard_webhook),
        cmocka_unit_test(ed25519_verifies_with_the_public_key),
        cmocka_unit_test(bytes_are_compared_whole),
        cmocka_unit_test(bytes_wipe_leaves_zeros),
        cmocka_unit_test(bytes_random_differ),
        cmocka_unit_test(base64_goes_both_ways),
        cmocka_unit_test(base64_decode_is_strict),
        cmocka_unit_test(free_accepts_null),
        cmocka_unit_test(failing_allocations_of_openssl_say_retry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
