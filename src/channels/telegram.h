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
};

extern const struct source telegram_source;
extern const struct sender telegram_sender;
extern const struct setup_plan telegram_setup;

/* Of a method. The token is in it: never to be shown. */
struct str telegram_url(const struct telegram_settings *own, const char *method,
                        struct arena *arena);

/* Messages are numbered within a chat only: "<chat>/<message>". */
#define TELEGRAM_MESSAGE_ID "%.*s/%lld"
