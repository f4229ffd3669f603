/*
 * partner: our own channel, Standard Webhooks both ways. What its files share.
 */
#pragma once

#include "gateway/channel.h"
#include "gateway/crypto.h"

/* Secrets, or public keys, of one bridge: a rotation needs two or three, and each is
 * tried on every request. */
#define PARTNER_KEYS_MAX 16

enum partner_statuses { PARTNER_STATUSES_ALL, PARTNER_STATUSES_FAILED };

struct partner_settings {
    char *callback_url;
    struct text_list secrets;
    struct text_list public_keys;
    struct text_map headers;
    bool receipts;
    int statuses; /* enum partner_statuses */
    bool typing;
    int64_t text_max;
    int64_t quick_replies_max;
    bool cards;
    bool files;

    /* Made by settings_ready, in the order of their settings. A keyed HMAC belongs to
     * one thread, so there are two of each secret. */
    struct hmac **verify_keys;     /* front thread */
    struct hmac **sign_keys;       /* engine thread */
    struct ed25519 **foreign_keys; /* of public_keys; read only */
};

extern const struct source partner_source;
extern const struct sender partner_sender;
extern const struct setup_plan partner_setup;

MUST_CHECK enum status partner_verify(const struct bridge *bridge,
                                      const struct http_message *message,
                                      struct now now, struct error *err);
MUST_CHECK enum status partner_ping(const struct bridge *bridge, struct str id,
                                    struct now now, struct arena *arena,
                                    struct exchange *out, struct error *err);
