/*
 * telegram: the Telegram Bot API. What its files share.
 *
 * One bot token is one channel instance; updates are pushed one a request. There are no
 * receipts, no typing of customers, and no key that makes a repeat harmless.
 * Source of all of it: channels/telegram.md; read 2026-12-01.
 */
#pragma once

#include "gateway/channel.h"

struct telegram_settings {
    char *token;              /* of the bot; part of every URL */
    struct text_list secrets; /* that setWebhook was told, each one accepted */
    char *api_url;            /* no slash at the end */
    char *file_url;           /* of files; NULL: below api_url */
};

extern const struct source telegram_source;
extern const struct sender telegram_sender;
extern const struct setup_plan telegram_setup;

/* Of a method. The token is in it: never to be shown. */
struct str telegram_url(const struct telegram_settings *own, const char *method,
                        struct arena *arena);

enum fetch_step telegram_fetch_next(struct fetch *fetch, const struct reply *last,
                                    struct now now, struct fetch_result *out);
#define TELEGRAM_FILE_FORMS 8
extern const struct file_form telegram_file_forms[TELEGRAM_FILE_FORMS];
struct saying;
MUST_CHECK enum status telegram_say_file(const struct attempt *attempt,
                                         const struct saying *saying,
                                         struct exchange *out, struct error *err);

/* Messages are numbered within a chat only: "<chat>/<message>". */
#define TELEGRAM_MESSAGE_ID "%.*s/%lld"
