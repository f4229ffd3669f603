/*
 * line: the LINE Messaging API. What its files share.
 *
 * One Messaging API channel of LINE, with its secret and its access token, is one
 * channel instance. Webhooks carry events of several people; there are no receipts and
 * no typing of customers; a repeated push is known by its key.
 * Source of all of it: channels/line.md; read 2026-12-01.
 */
#pragma once

#include "gateway/channel.h"
#include "gateway/json.h"
#include "keys.h"
#include "render.h"

struct line_settings {
    struct text_list channel_secrets; /* each one verifies */
    char *access_token;
    char *api_url;  /* no slash at the end */
    char *data_url; /* the same, of files */
    bool mark_read;

    struct hmac **keys; /* made by settings_ready; front thread */
};

extern const struct source line_source;
extern const struct sender line_sender;
extern const struct setup_plan line_setup;

/* Of line_source. */
enum fetch_step line_fetch_next(struct fetch *fetch, const struct reply *last,
                                struct now now, struct fetch_result *out);

/* With mark_read, the source id of a message: "<id> <token to mark it as read by>". */
#define LINE_READ_SEPARATOR ' '

/* Cards as templates: a carousel where they are alike enough for one, else one message
 * each. Source: channels/line.md section 5, "Template". */

/* Whether the content's cards can be shown so, beside a text. */
bool line_fits_cards(const struct content *content);
/* Whether a label can stand on a button. */
bool line_fits_label(struct str label);
/* Appends them, which fit, to the list of messages. The last one is borrowed. */
struct json *line_add_cards(struct json *messages, int64_t message_id,
                            const struct rendering *shown);
/* The action of a button: a token that the postback brings back. Labels borrow. */
struct json *line_new_postback(int64_t message_id, unsigned ordinal, struct str label);
