/*
 * signature: a partner's side of Standard Webhooks, with one secret.
 *
 * Written from the specification and not from src/channels/, so that the two check each
 * other. Source: Standard Webhooks 1.0.0, "Signature scheme"; read 2026-11-21.
 */
#pragma once

#include "gateway/crypto.h"
#include "gateway/http_message.h"

/* "v1," and base64, terminated. */
#define SIGNATURE_BYTES (sizeof("v1,") + base64_encoded_size(SHA256_BYTES))

MUST_CHECK enum status signature_make(struct hmac *hmac, struct str id,
                                      struct str timestamp, struct str body,
                                      char out_text[SIGNATURE_BYTES],
                                      struct error *err);
/* STATUS_DENIED when the headers are not there, no signature fits, or it is old. */
MUST_CHECK enum status signature_check(struct hmac *hmac,
                                       const struct http_message *message,
                                       int64_t now_ms, struct error *err);
