/*
 * lines: a channel and a Genesys whose webhooks are lines of text, and a configuration
 * with one bridge, "one", between them.
 *
 * A webhook body is one event a line: KIND ID CONTACT [TEXT or TARGET [TEXT]]
 *   m ID CONTACT TEXT           a message (outbound: TEXT "a|b" offers answers a and b)
 *   a ID CONTACT TARGET PAYLOAD an answer to message TARGET
 *   e ID CONTACT TARGET TEXT    an edit
 *   r ID CONTACT TARGET STATUS  a receipt for our message id TARGET
 *   p ID CONTACT TARGET STATUS  a receipt for the id the peer gave
 *   w ID CONTACT UNTIL STATUS   a receipt for all that was sent by then (ms)
 *   i ID CONTACT NEW_ID         an identity change
 *   t - CONTACT                 typing
 *   u ID - RAW                  unreadable
 * CONTACT is an id, or "id=alias".
 */
#pragma once

#include "gateway/config.h"
#include "gateway/random.h"
#include "gateway/source.h"

/* What the channel can do. */
struct lines_settings {
    bool channel_reports;
    bool wants_accepted;
    int64_t session_ms;
};
extern struct lines_settings lines_settings;

extern const struct source lines_genesys_source;

/* A new one, the caller's. */
struct config *lines_config(void);

/* What the answer to a webhook says: the id of its first message (empty: none) and that
 * message's conversation. */
void lines_answer(const struct http_reply *reply, char out_id[PUBLIC_ID_BYTES],
                  int64_t *out_conversation);
