/*
 * messenger: Facebook Messenger and Instagram messaging, which are one protocol under
 * two names. What its files share.
 *
 * One page, or one Instagram account, is one channel instance; people have an id of
 * their own for each. What was delivered or read is said up to a time, by Instagram of
 * one message. Free text is taken only within a day after the customer wrote, from
 * human agents within seven where the app may. Source of all of it:
 * channels/meta-messenger.md; read 2026-12-01.
 */
#pragma once

#include "gateway/parts.h"
#include "meta.h"

struct messenger_settings {
    struct meta_app app;
    char *account_id; /* of the page or the Instagram account: webhooks name it */
    char *sender_id;  /* whose messages are sent; NULL: account_id */
    bool human_agent; /* the app may send as one */
    bool typing;
    bool mark_seen; /* what the customer wrote, when an agent types */
};

/* What one of the two does its own way. */
struct messenger_service {
    const struct channel *channel;
    const char *peer;    /* for people */
    const char *object;  /* that its webhooks name */
    const char *account; /* a word for people */
    struct text_limit text_limit;
    const struct file_form *file_forms; /* their numbers are of enum media_kind */
    size_t file_form_count;
    bool has_metadata; /* a message may carry our id */
    bool has_receipts; /* it says what was delivered */
};
const struct messenger_service *messenger_service_of(const struct bridge *bridge);

extern const struct source messenger_source;
extern const struct sender messenger_sender;
extern const struct setup_plan messenger_setup;
extern const struct setup_plan instagram_setup;
