/*
 * telegram: the channel's record and settings.
 */
#include "telegram.h"

/* Source: channels/telegram.md section 2: 1-256 of these. */
#define SECRET_MAX 256
#define SECRET_CHARACTERS                                                              \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

#define ROW(member) .offset = offsetof(struct telegram_settings, member)
static const struct setting_row telegram_rows[] = {
    {.name = "token",
     .kind = SETTING_SECRET,
     ROW(token),
     .is_required = true,
     .help = "the bot's token, as BotFather gave it: 123456:ABC..."},
    {.name = "secrets",
     .kind = SETTING_SECRETS,
     ROW(secrets),
     .is_required = true,
     .min = 1,
     .help =
         "secret_token of setWebhook; each one is accepted, the first is registered"},
    {.name = "api_url",
     .kind = SETTING_URL,
     ROW(api_url),
     .default_text = "https://api.telegram.org",
     .help = "where the Bot API is; another for a server of your own"},
    {.name = "file_url",
     .kind = SETTING_URL,
     ROW(file_url),
     .help = "where its files are; by default /file below api_url"                                 },
};

/* The token goes into paths: nothing in it may end one. */
static bool is_token(struct str token)
{
    struct str rest = token;
    struct str bot = str_cut(&rest, ':');
    int64_t number;

    return str_to_i64(bot, &number) && number > 0 && rest.len > 0 &&
           strspn(rest.ptr, SECRET_CHARACTERS) == rest.len;
}

static enum status telegram_ready(void *settings, struct error *err)
{
    const struct telegram_settings *own = settings;

    if (!is_token(str_of(own->token)))
        return fail(err, STATUS_INVALID,
                    "token: must be as BotFather gave it, 123456:ABC...");
    for (size_t i = 0; i < own->secrets.count; i++) {
        const char *secret = own->secrets.items[i];
        size_t len = strlen(secret);
        if (len == 0 || len > SECRET_MAX || strspn(secret, SECRET_CHARACTERS) != len)
            return fail(err, STATUS_INVALID,
                        "secrets: entry %zu must have 1 to %d characters of A-Z a-z "
                        "0-9 _ -",
                        i + 1, SECRET_MAX);
    }
    return STATUS_OK;
}

static void telegram_release(void *settings)
{
    (void)settings;
}

struct str telegram_url(const struct telegram_settings *own, const char *method,
                        struct arena *arena)
{
    return arena_printf(arena, "%s/bot%s/%s", own->api_url, own->token, method);
}

/* Source: channels/telegram.md sections 6 and 8. */
static void telegram_capabilities(const struct bridge *bridge, struct capabilities *out)
{
    (void)bridge;
    *out = (struct capabilities){
        .text_max = 4096,
        .quick_replies_max = 100,
        .cards = true,
        .card_limits =
            {.cards = 10,         .choices = 20, .title = 200, .description = 800, .label = 64},
        .typing = true,
        .file_forms = telegram_file_forms,
        .file_form_count = TELEGRAM_FILE_FORMS,
        .account_pace = {1000000 / 30, 30  },
        .contact_pace = {1000000,        3                  },
    };
}

const struct channel telegram_channel = {
    .name = "telegram",
    .settings_rows = telegram_rows,
    .settings_row_count = COUNT_OF(telegram_rows),
    .settings_size = sizeof(struct telegram_settings),
    .settings_ready = telegram_ready,
    .settings_release = telegram_release,
    .capabilities = telegram_capabilities,
    .source = &telegram_source,
    .sender = &telegram_sender,
    .setup = &telegram_setup,
};
