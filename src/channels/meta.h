/*
 * meta: what the services on Meta's Graph API share: the handshake of a webhook and its
 * signature.
 *
 * Source: channels/whatsapp.md sections 1, 2 and 7; channels/meta-messenger.md sections
 * 1 and 6; read 2026-12-01.
 */
#pragma once

#include "gateway/channel.h"
#include "gateway/json.h"
#include "keys.h"

/* GET with hub.mode=subscribe: the challenge back, or 403. Any other GET is a handshake
 * that fails. */
bool meta_handshake(const struct http_message *message, struct str verify_token,
                    struct arena *arena, struct http_reply *reply);
/* X-Hub-Signature-256 over the raw bytes, or over the same with \uXXXX for what is not
 * ASCII, which is what Meta says it signs. */
MUST_CHECK enum status meta_verify(const struct http_message *message,
                                   struct hmac *const *keys, size_t count,
                                   struct error *err);
