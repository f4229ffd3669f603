/*
 * twilio: the channel's record and settings.
 */
#include "twilio.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
#define LETTERS_AND_DIGITS                                                             \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

#define ROW(member) .offset = offsetof(struct twilio_settings, member)
static const struct setting_row twilio_rows[] = {
    {.name = "account_sid",
     .kind = SETTING_TEXT,
     ROW(account_sid),
     .is_required = true,
     .help = "the account: AC and 32 hex digits"},
    {.name = "auth_tokens",
     .kind = SETTING_SECRETS,
     ROW(auth_tokens),
     .is_required = true,
     .min = 1,
     .help = "auth tokens, each one verifies webhooks, the first one sends"},
    {.name = "from",
     .kind = SETTING_TEXT,
     ROW(from),
     .help = "the sender: +15005550006, whatsapp:+15005550006, a short code"                  },
    {.name = "messaging_service_sid",
     .kind = SETTING_TEXT,
     ROW(messaging_service_sid),
     .help = "messaging service that picks the sender: MG and 32 hex digits"},
    {.name = "mms",
     .kind = SETTING_BOOL,
     ROW(mms),
     .default_text = "false",
     .help = "the sender can MMS: files go with text messages"},
    {.name = "api_key",
     .kind = SETTING_TEXT,
     ROW(api_key),
     .help = "API key to send with instead of the token: SK and 32 hex digits"                                              },
    {.name = "api_key_secret",
     .kind = SETTING_SECRET,
     ROW(api_key_secret),
     .help = "secret of the API key"},
    {.name = "api_url",
     .kind = SETTING_URL,
     ROW(api_url),
     .default_text = "https://api.twilio.com",
     .help = "where the REST API is; another for a region or a test server"},
    {.name = "shared_keys",
     .kind = SETTING_SECRETS,
     ROW(shared_keys),
     .help = "secrets of shared keys, where those sign webhooks instead"                                   },
    {.name = "connection_overrides",
     .kind = SETTING_TEXT,
     ROW(connection_overrides),
     .help = "how webhooks are tried again, such as rc=3&rp=all"                                      },
};

static bool has_only(const char *text, const char *characters)
{
    return text[0] != '\0' && text[strspn(text, characters)] == '\0';
}

static void twilio_release(void *settings)
{
    struct twilio_settings *own = settings;

    keys_free(&own->token_keys, own->auth_tokens.count);
    keys_free(&own->shared_sha1_keys, own->shared_keys.count);
    keys_free(&own->shared_sha256_keys, own->shared_keys.count);
}

static enum status make_keys(struct twilio_settings *own, struct error *err)
{
    enum status status = keys_make_sha1(&own->auth_tokens, &own->token_keys, err);

    if (status == STATUS_OK)
        status = keys_make_sha1(&own->shared_keys, &own->shared_sha1_keys, err);
    if (status == STATUS_OK)
        status = keys_make(&own->shared_keys, &own->shared_sha256_keys, err);
    return status;
}

static enum status twilio_ready(void *settings, struct error *err)
{
    struct twilio_settings *own = settings;

    if (!has_only(own->account_sid, LETTERS_AND_DIGITS))
        return fail(err, STATUS_INVALID,
                    "account_sid: must be AC and 32 hex digits, as the console shows "
                    "it");
    if (own->from == NULL && own->messaging_service_sid == NULL)
        return fail(err, STATUS_INVALID,
                    "from: is missing; give this or messaging_service_sid");
    if ((own->api_key == NULL) != (own->api_key_secret == NULL))
        return fail(err, STATUS_INVALID,
                    "api_key: needs api_key_secret beside it, and the other way round");
    if (own->connection_overrides != NULL &&
        !has_only(own->connection_overrides, LETTERS_AND_DIGITS "=&,-"))
        return fail(err, STATUS_INVALID,
                    "connection_overrides: must be like rc=3&rp=all, without #");
    enum status status = make_keys(own, err);
    if (status != STATUS_OK)
        twilio_release(own);
    return status;
}

/*
 * A sender on WhatsApp has its session; with any other one, a contact on WhatsApp is
 * refused by Twilio itself. Slower senders have a queue there, of ten hours.
 * Source: channels/twilio.md sections 5 and 7; *unsure*: 80 a second.
 */
static void twilio_capabilities(const struct bridge *bridge, struct capabilities *out)
{
    const struct twilio_settings *own = bridge->settings;
    bool is_whatsapp = str_starts(str_of(own->from), TWILIO_WHATSAPP);

    *out = (struct capabilities){
        .text_max = TWILIO_TEXT_MAX,
        .receipts = true,
        .session_ms = is_whatsapp ? DAY_MS : 0,
        .account_pace = {1000000 / 80, 80},
    };
    twilio_file_forms(own, str_of(own->from), out);
}

/* Source: channels/twilio.md section 7; Twilio's error and warning dictionary for the
 * 212xx and 216xx that are not there; read 2026-12-01. */
static const struct reply_rule errors[] = {
    RULE(63016, 63016, OUTCOME_WINDOW_CLOSED, REASON_MESSAGE_NOT_ALLOWED),
    RULE(21211, 21211, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE(21408, 21408, OUTCOME_REFUSED_CONTACT, REASON_MESSAGE_NOT_ALLOWED),
    RULE(21610, 21610, OUTCOME_REFUSED_CONTACT, REASON_RECIPIENT_OPTED_OUT),
    RULE(21612, 21612, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE(21614, 21614, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE(30003, 30003, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE(30004, 30004, OUTCOME_REFUSED_CONTACT, REASON_MESSAGE_NOT_ALLOWED),
    RULE(30005, 30005, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE(30006, 30006, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE(63003, 63003, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE(63024, 63024, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE(12300, 12300, OUTCOME_REFUSED_MESSAGE, REASON_MEDIA_TYPE_NOT_ALLOWED),
    RULE(21602, 21602, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
    RULE(21617, 21617, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
    RULE(21620, 21620, OUTCOME_REFUSED_MESSAGE, REASON_MEDIA_TYPE_NOT_ALLOWED),
    RULE(30007, 30007, OUTCOME_REFUSED_MESSAGE, REASON_DATA_FILTERED),
    RULE(30034, 30034, OUTCOME_REFUSED_MESSAGE, REASON_MESSAGE_NOT_ALLOWED),
    RULE(63019, 63019, OUTCOME_REFUSED_MESSAGE, REASON_MEDIA_TYPE_NOT_ALLOWED),
    RULE(14107, 14107, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE(20429, 20429, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE(21611, 21611, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE(30001, 30001, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE(63018, 63018, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE_OUTCOME(30008, 30008, OUTCOME_RETRY),
    RULE_BREAKS(20003, 20003, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(20404, 20404, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(21212, 21212, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(21603, 21603, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(21609, 21609, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(30002, 30002, PAUSE_BRIDGE_TO_CHANNEL),
};

const struct reply_rule *twilio_error(int64_t code)
{
    return reply_rule_find(errors, COUNT_OF(errors), code);
}

const struct channel twilio_channel = {
    .name = "twilio",
    .settings_rows = twilio_rows,
    .settings_row_count = COUNT_OF(twilio_rows),
    .settings_size = sizeof(struct twilio_settings),
    .settings_ready = twilio_ready,
    .settings_release = twilio_release,
    .capabilities = twilio_capabilities,
    .source = &twilio_source,
    .sender = &twilio_sender,
    .setup = &twilio_setup,
};
