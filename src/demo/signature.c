#include "signature.h"

#define TOLERANCE_S 300

enum status signature_make(struct hmac *hmac, struct str id, struct str timestamp,
                           struct str body, char out_text[SIGNATURE_BYTES],
                           struct error *err)
{
    const struct str parts[] = {id, STR("."), timestamp, STR("."), body};
    char base64[base64_encoded_size(SHA256_BYTES)];
    uint8_t sum[SHA256_BYTES];
    enum status status = hmac_sum(hmac, parts, COUNT_OF(parts), sum, err);
    if (status != STATUS_OK)
        return status;
    base64_encode(sum, sizeof(sum), base64);
    (void)snprintf(out_text, SIGNATURE_BYTES, "v1,%s", base64);
    return STATUS_OK;
}

static bool is_fresh(struct str timestamp, int64_t now_ms)
{
    int64_t sent_s;
    int64_t now_s = now_ms / 1000;
    return str_to_i64(timestamp, &sent_s) && sent_s >= now_s - TOLERANCE_S &&
           sent_s <= now_s + TOLERANCE_S;
}

/* Whether one of the signatures, which stand with blanks between, is the wanted one. */
static bool has_signature(struct str list, const char *wanted)
{
    bool has = false;
    while (list.len > 0) {
        struct str given = str_cut(&list, ' ');
        has |= given.len == strlen(wanted) && bytes_equal(given.ptr, wanted, given.len);
    }
    return has;
}

enum status signature_check(struct hmac *hmac, const struct http_message *message,
                            int64_t now_ms, struct error *err)
{
    struct str id;
    struct str timestamp;
    struct str given;
    char wanted[SIGNATURE_BYTES];
    if (!http_header_find(message, "webhook-id", &id) ||
        !http_header_find(message, "webhook-timestamp", &timestamp) ||
        !http_header_find(message, "webhook-signature", &given) ||
        !is_fresh(timestamp, now_ms))
        return fail(err, STATUS_DENIED, "not signed, or long ago");
    enum status status =
        signature_make(hmac, id, timestamp, message->body, wanted, err);
    if (status == STATUS_OK && !has_signature(given, wanted))
        status = fail(err, STATUS_DENIED, "no signature fits");
    return status;
}
