#include "keys.h"

#include "gateway/memory.h"

bool keys_hold(const struct text_list *secrets, struct str given)
{
    bool is_held = false;

    for (size_t i = 0; i < secrets->count; i++) {
        struct str secret = str_of(secrets->items[i]);
        is_held |= secret.len > 0 && secret.len == given.len &&
                   bytes_equal(secret.ptr, given.ptr, secret.len);
    }
    return is_held;
}

typedef enum status new_key(struct str secret, struct hmac **out_hmac,
                            struct error *err);

static enum status make(const struct text_list *secrets, new_key *make_one,
                        struct hmac ***out_keys, struct error *err)
{
    enum status status = STATUS_OK;

    *out_keys = mem_new_array(secrets->count, sizeof(struct hmac *));
    for (size_t i = 0; i < secrets->count && status == STATUS_OK; i++)
        status = make_one(str_of(secrets->items[i]), &(*out_keys)[i], err);
    return status;
}

enum status keys_make(const struct text_list *secrets, struct hmac ***out_keys,
                      struct error *err)
{
    return make(secrets, hmac_new, out_keys, err);
}

enum status keys_make_sha1(const struct text_list *secrets, struct hmac ***out_keys,
                           struct error *err)
{
    return make(secrets, hmac_new_sha1, out_keys, err);
}

void keys_free(struct hmac ***keys, size_t count)
{
    for (size_t i = 0; *keys != NULL && i < count; i++)
        hmac_free((*keys)[i]);
    mem_free(TAKE(*keys));
}

enum status keys_match(struct hmac *const *keys, size_t count, const struct str *parts,
                       size_t part_count, const uint8_t given[SHA256_BYTES],
                       bool *out_match, struct error *err)
{
    uint8_t sum[SHA256_BYTES];

    *out_match = false;
    for (size_t i = 0; i < count; i++) {
        enum status status = hmac_sum(keys[i], parts, part_count, sum, err);
        if (status != STATUS_OK)
            return status;
        *out_match |= bytes_equal(sum, given, sizeof(sum));
    }
    return STATUS_OK;
}

enum status keys_verify(struct hmac *const *keys, size_t count, const struct str *parts,
                        size_t part_count, const uint8_t given[SHA256_BYTES],
                        const char *what, struct error *err)
{
    bool matches = false;

    enum status status =
        keys_match(keys, count, parts, part_count, given, &matches, err);
    if (status == STATUS_OK && !matches)
        return fail(err, STATUS_DENIED, "no %s of the bridge fits the signature", what);
    return status;
}
