/*
 * viber: the channel's record and settings.
 */
#include "viber.h"

#include "gateway/member.h"
#include "keys.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
/* Source: channels/viber.md section 5. */
#define SENDER_NAME_MAX 28
/* Digits of the largest number of 64 bits. */
#define TOKEN_DIGITS_MAX 20

const struct text_limit viber_text_limit = {VIBER_TEXT_MAX, TEXT_UTF16};

#define ROW(member) .offset = offsetof(struct viber_settings, member)
static const struct setting_row viber_rows[] = {
    {.name = "auth_tokens",
     .kind = SETTING_SECRETS,
     ROW(auth_tokens),
     .is_required = true,
     .min = 1,
     .help = "the bot's token; each one is accepted, the first sends"},
    {.name = "sender_name",
     .kind = SETTING_TEXT,
     ROW(sender_name),
     .is_required = true,
     .help = "who the customer sees writing, at most 28 characters"                                                            },
    {.name = "sender_avatar",
     .kind = SETTING_URL,
     ROW(sender_avatar),
     .help = "picture beside the name: at most 100 KB, 720 x 720"                                                           },
    {.name = "api_url",
     .kind = SETTING_URL,
     ROW(api_url),
     .default_text = "https://chatapi.viber.com/pa",
     .help = "where the API is; another for a test server"                   },
    {.name = "welcome",
     .kind = SETTING_TEXT,
     ROW(welcome),
     .help = "what who opens the chat for the first time is shown; empty: nothing"},
    {.name = "min_api_version",
     .kind = SETTING_NUMBER,
     ROW(min_api_version),
     .default_text = "7",
     .min = 2,
     .max = 100,
     .help = "version of Viber's API that keyboards and cards ask of a phone"},
    {.name = "session_only",
     .kind = SETTING_BOOL,
     ROW(session_only),
     .default_text = "false",
     .help = "refuse messages 24 h after the customer wrote, which cost money"},
};

static void viber_release(void *settings)
{
    struct viber_settings *own = settings;
    keys_free(&own->keys, own->auth_tokens.count);
}

static enum status viber_ready(void *settings, struct error *err)
{
    struct viber_settings *own = settings;

    if (!utf8_fits(str_of(own->sender_name), SENDER_NAME_MAX))
        return fail(err, STATUS_INVALID, "sender_name: must have at most %d characters",
                    SENDER_NAME_MAX);
    if (!text_fits(str_of(own->welcome), viber_text_limit))
        return fail(err, STATUS_INVALID, "welcome: must have at most %d characters",
                    VIBER_TEXT_MAX);
    for (size_t i = 0; i < own->auth_tokens.count; i++)
        if (strpbrk(own->auth_tokens.items[i], "\r\n") != NULL)
            return fail(err, STATUS_INVALID, "auth_tokens: entry %zu has several lines",
                        i + 1);
    enum status status = keys_make(&own->auth_tokens, &own->keys, err);
    if (status != STATUS_OK)
        viber_release(own);
    return status;
}

/* A GIF that moves is not shown as a picture, and which does is not known. The URL of a
 * picture or a video must end as they do, which ours do.
 * Source: section 5, and Viber's documentation, "Picture message" and "Video message";
 * read 2026-12-01. */
/* Of a picture's text; sources say 120 to 768. */
#define CAPTION_MAX 120
static const struct file_form file_forms[] = {
    {"image/jpeg", MEBIBYTES(1),  VIBER_PICTURE, CAPTION_MAX},
    {"image/png",  MEBIBYTES(1),  VIBER_PICTURE, CAPTION_MAX},
    {"video/mp4",  MEBIBYTES(26), VIBER_VIDEO,   0          },
    {"",           MEBIBYTES(50), VIBER_FILE,    0          },
};

/*
 * 100 messages to a person within an hour, counted anew when they write: that many may
 * go at once, and no more than that an hour behind them. Who has written is Viber's to
 * know: it answers 12. Source: channels/viber.md sections 5 and 7.
 */
static void viber_capabilities(const struct bridge *bridge, struct capabilities *out)
{
    const struct viber_settings *own = bridge->settings;

    *out = (struct capabilities){
        .text_max = VIBER_TEXT_MAX,
        .quick_replies_max = VIBER_KEYS_MAX,
        .label_max = VIBER_LABEL_MAX,
        .cards = true,
        .card_limits = viber_card_limits,
        .file_forms = file_forms,
        .file_form_count = COUNT_OF(file_forms),
        .receipts = true,
        .session_ms = own->session_only ? DAY_MS : 0,
        .contact_pace = {36000000, 100},
    };
}

void viber_add_sender(struct json *body, const struct viber_settings *own)
{
    struct json *sender = json_add_object(body, "sender");

    json_add_str(sender, "name", str_of(own->sender_name));
    member_add_text(sender, "avatar", str_of(own->sender_avatar));
}

/* It need not fit into a signed number. */
bool viber_token(const struct json *object, struct keeper *keep, struct str *out)
{
    struct str digits = STR_NONE;

    if (!json_digits(json_get(object, "message_token"), keep->arena, &digits) ||
        digits.len == 0 || digits.len > TOKEN_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < digits.len; i++)
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
    *out = digits;
    return true;
}

const struct channel viber_channel = {
    .name = "viber",
    .settings_rows = viber_rows,
    .settings_row_count = COUNT_OF(viber_rows),
    .settings_size = sizeof(struct viber_settings),
    .settings_ready = viber_ready,
    .settings_release = viber_release,
    .capabilities = viber_capabilities,
    .source = &viber_source,
    .sender = &viber_sender,
    .setup = &viber_setup,
};
