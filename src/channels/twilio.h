/*
 * twilio: SMS, MMS, WhatsApp and RCS by one account of Twilio's Programmable Messaging.
 * What its files share.
 *
 * Webhooks are forms, one message or one status each, and almost never repeated;
 * failures and receipts come later, as statuses at the part "status" of the bridge's
 * address. A contact's id is its address at Twilio: "+34600000001",
 * "whatsapp:+34600000001". Source of all of it: channels/twilio.md; read 2026-12-01.
 */
#pragma once

#include "codes.h"
#include "gateway/channel.h"
#include "gateway/form.h"
#include "keys.h"

#define TWILIO_TEXT_MAX 1600
#define TWILIO_WHATSAPP STR("whatsapp:")

struct twilio_settings {
    char *account_sid;
    struct text_list auth_tokens; /* each one verifies, the first one sends */
    struct text_list shared_keys;
    char *api_key; /* sends instead of the token; or NULL, with its secret */
    char *api_key_secret;
    char *from; /* either of both may be NULL */
    char *messaging_service_sid;
    char *api_url;              /* no slash at the end */
    char *connection_overrides; /* or NULL */
    bool mms;

    /* Made by settings_ready; front thread. */
    struct hmac **token_keys;
    struct hmac **shared_sha1_keys;
    struct hmac **shared_sha256_keys;
};

/* Whoever sends: the API key, else the account and its first token. */
void twilio_credentials(const struct twilio_settings *own, struct exchange *exchange,
                        struct arena *arena);
enum fetch_step twilio_fetch_next(struct fetch *fetch, const struct reply *last,
                                  struct now now, struct fetch_result *out);

/* Which files go to a contact, or from a sender, of that address. */
void twilio_file_forms(const struct twilio_settings *own, struct str to,
                       struct capabilities *out);

extern const struct source twilio_source;
extern const struct sender twilio_sender;
extern const struct setup_plan twilio_setup;

/* What a code of an error means, also in a status. NULL: not known. */
const struct reply_rule *twilio_error(int64_t code);

/* Whether the body is signed by its hash, in the query: such a body is JSON. */
bool twilio_is_hashed(const struct http_message *message);
/* The fields of any other webhook: of the body, or of the query of a GET. */
MUST_CHECK enum status twilio_fields(const struct http_message *message,
                                     struct arena *arena, struct form *out,
                                     struct error *err);
/* The signature over the configured public address and all fields, known or not. */
MUST_CHECK enum status twilio_verify(const struct bridge *bridge,
                                     const struct http_message *message, struct now now,
                                     struct error *err);
