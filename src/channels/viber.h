/*
 * viber: the Viber bot REST API. What its files share.
 *
 * One bot is one channel instance: its token both authorises what is sent and signs
 * what comes. Events come one a request; errors come with HTTP 200; messages are known
 * by a token, a number of 64 bits.
 * Source of all of it: channels/viber.md; read 2026-12-01.
 */
#pragma once

#include "codes.h"
#include "gateway/channel.h"
#include "gateway/crypto.h"
#include "gateway/json.h"
#include "gateway/keep.h"
#include "saying.h"

struct viber_settings {
    struct text_list auth_tokens; /* each one verifies, the first sends */
    char *sender_name;
    char *sender_avatar; /* NULL: none */
    char *api_url;       /* no slash at the end */
    char *welcome;       /* NULL: none */
    int64_t min_api_version;
    bool session_only;

    struct hmac **keys; /* made by settings_ready; front thread */
};

extern const struct source viber_source;
extern const struct sender viber_sender;
extern const struct setup_plan viber_setup;

/* Characters of a text; the unit is not said, so the smaller reading. No character has
 * then more than three bytes, which keeps a message below its ceiling in bytes.
 * Source: section 5. */
#define VIBER_TEXT_MAX 7000
extern const struct text_limit viber_text_limit;

/* What a file goes as; others go as links in the text. */
enum viber_form { VIBER_PICTURE, VIBER_VIDEO, VIBER_FILE };

/* {"name": ..., "avatar": ...} of every message. */
void viber_add_sender(struct json *body, const struct viber_settings *own);
/* The member message_token as its digits. False: it is missing, or no such number. */
bool viber_token(const struct json *object, struct keeper *keep, struct str *out);

/*
 * What can be pressed sends a text: VIBER_PRESS and the choice's token. People do not
 * type that by chance, as they do "3-2".
 */
#define VIBER_PRESS "#"

#define VIBER_KEYS_MAX 12
#define VIBER_LABEL_MAX 50
extern const struct card_limits viber_card_limits;

/* A keyboard with the quick replies; nothing without any. */
void viber_add_keyboard(struct json *body, const struct delivery *delivery,
                        const struct rendering *shown);
/* The cards, and their words for phones that cannot show them. */
void viber_add_cards(struct json *body, const struct delivery *delivery,
                     const struct rendering *shown);
