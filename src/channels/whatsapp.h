/*
 * whatsapp: the WhatsApp Business Cloud API. What its files share.
 *
 * One phone number of a business is one channel instance. Webhooks come in batches and
 * out of order; failures and receipts come later, as statuses; free text is taken only
 * within a day after the customer wrote.
 * Source of all of it: channels/whatsapp.md; read 2026-12-01.
 */
#pragma once

#include "meta.h"

struct whatsapp_settings {
    struct meta_app app;
    char *phone_number_id;
    char *business_account_id; /* NULL: not told */
    char *media_host;
    bool typing;
};

extern const struct source whatsapp_source;
enum fetch_step whatsapp_fetch_next(struct fetch *fetch, const struct reply *last,
                                    struct now now, struct fetch_result *out);
#define WHATSAPP_FILE_FORMS 10
extern const struct file_form whatsapp_file_forms[WHATSAPP_FILE_FORMS];
/* Adds the file as its form wants it, under the name of the form, with its caption. */
struct saying;
void whatsapp_add_file(struct json *body, const struct saying *saying);
/* Whether each card of a message can be a message of its own. */
bool whatsapp_fits_cards(const struct content *content);
const char *whatsapp_card_type(const struct card *card);
void whatsapp_add_card(struct json *body, const struct card *card, int64_t message_id,
                       unsigned ordinal);
/* The message type of a form: "image", .... */
const char *whatsapp_file_type(int form);
extern const struct sender whatsapp_sender;
extern const struct setup_plan whatsapp_setup;

/* What a code of an error means, also in a status. NULL: not known. */
const struct reply_rule *whatsapp_error(int64_t code);
/* A business-scoped user id, "ES.1349...", not a phone number. */
bool whatsapp_is_user_id(struct str id);
