/*
 * partner_verify: whether a request is the partner's own, and fresh.
 *
 * Source: Standard Webhooks 1.0.0, "Signature scheme" and "Verifying signatures"; read
 * 2026-11-21.
 */
#include "partner.h"

#define TOLERANCE_S 300
/* v1a signatures of one request that are looked at: a rotation needs two or three, and
 * each that does not fit costs three tenths of a millisecond for each public key,
 * whoever sent it. */
#define SIGNATURES_MAX 4

struct signed_request {
    struct str id;
    struct str timestamp;
    struct str signatures;
    struct str body;
};

static bool find_headers(const struct http_message *message, struct signed_request *out)
{
    out->body = message->body;
    return http_header_find(message, "webhook-id", &out->id) &&
           http_header_find(message, "webhook-timestamp", &out->timestamp) &&
           http_header_find(message, "webhook-signature", &out->signatures);
}

/* Whole seconds on both sides, as the reference libraries count. */
static bool is_in_time(struct str timestamp, struct now now)
{
    int64_t sent_s;
    int64_t now_s = now.wall_ms / 1000;

    return str_to_i64(timestamp, &sent_s) && sent_s >= now_s - TOLERANCE_S &&
           sent_s <= now_s + TOLERANCE_S;
}

/* The next signature of that version; others, and what is no base64, are skipped. */
static bool next_signature(struct str *list, const char *version, uint8_t *out_bytes,
                           size_t len)
{
    while (list->len > 0) {
        struct str base64 = str_cut(list, ' ');
        struct str name = str_cut(&base64, ',');
        size_t decoded = 0;
        if (str_is(name, version) && base64_decode(base64, out_bytes, len, &decoded) &&
            decoded == len)
            return true;
    }
    return false;
}

static enum status match_secrets(const struct partner_settings *own,
                                 const struct signed_request *request, bool *out_match,
                                 struct error *err)
{
    const struct str parts[] = {request->id, STR("."), request->timestamp, STR("."),
                                request->body};
    uint8_t sum[SHA256_BYTES];
    uint8_t given[SHA256_BYTES];

    for (size_t i = 0; i < own->secrets.count; i++) {
        enum status status =
            hmac_sum(own->verify_keys[i], parts, COUNT_OF(parts), sum, err);
        if (status != STATUS_OK)
            return status;
        struct str list = request->signatures;
        while (next_signature(&list, "v1", given, sizeof(given)))
            *out_match |= bytes_equal(sum, given, sizeof(sum));
    }
    return STATUS_OK;
}

static enum status match_public_key(const struct partner_settings *own,
                                    struct str bytes,
                                    const uint8_t given[ED25519_SIGNATURE_BYTES],
                                    bool *out_match, struct error *err)
{
    for (size_t i = 0; i < own->public_keys.count && !*out_match; i++) {
        enum status status =
            ed25519_verify(own->foreign_keys[i], bytes, given, out_match, err);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status match_public_keys(const struct partner_settings *own,
                                     const struct signed_request *request,
                                     bool *out_match, struct error *err)
{
    uint8_t given[ED25519_SIGNATURE_BYTES];
    struct str list = request->signatures;
    size_t left = SIGNATURES_MAX;
    enum status status = STATUS_OK;
    CLEANUP(buf_release) struct buf bytes;

    buf_init(&bytes, SIZE_MAX);
    if (own->public_keys.count == 0)
        return STATUS_OK;
    while (status == STATUS_OK && !*out_match && left-- > 0 &&
           next_signature(&list, "v1a", given, sizeof(given))) {
        if (bytes.len == 0) {
            buf_add(&bytes, request->id);
            buf_add_char(&bytes, '.');
            buf_add(&bytes, request->timestamp);
            buf_add_char(&bytes, '.');
            buf_add(&bytes, request->body);
        }
        status = match_public_key(own, buf_str(&bytes), given, out_match, err);
    }
    return status;
}

enum status partner_verify(const struct bridge *bridge,
                           const struct http_message *message, struct now now,
                           struct error *err)
{
    const struct partner_settings *own = bridge->settings;
    struct signed_request request;
    bool matches = false;

    if (!find_headers(message, &request))
        return fail(err, STATUS_DENIED,
                    "webhook-id, webhook-timestamp and webhook-signature must each be "
                    "there once");
    if (!is_in_time(request.timestamp, now))
        return fail(err, STATUS_DENIED,
                    "webhook-timestamp must be in seconds and at most 5 minutes off");
    enum status status = match_secrets(own, &request, &matches, err);
    if (status == STATUS_OK && !matches)
        status = match_public_keys(own, &request, &matches, err);
    if (status != STATUS_OK)
        return status;
    if (!matches)
        return fail(err, STATUS_DENIED, "no signature fits");
    return STATUS_OK;
}
