/*
 * slack: the channel's record and settings.
 */
#include "slack.h"

#include "keys.h"

static const char *const conversation_names[] = {"direct", "threads", "both", NULL};

#define ROW(member) .offset = offsetof(struct slack_settings, member)
static const struct setting_row slack_rows[] = {
    {.name = "signing_secrets",
     .kind = SETTING_SECRETS,
     ROW(signing_secrets),
     .is_required = true,
     .min = 1,
     .help = "signing secrets of the app; several while one is replaced"},
    {.name = "bot_token",
     .kind = SETTING_SECRET,
     ROW(bot_token),
     .is_required = true,
     .help = "token of the app's bot in the workspace: xoxb-..."           },
    {.name = "team_id",
     .kind = SETTING_TEXT,
     ROW(team_id),
     .help = "id of the workspace (T...) or organisation (E...), for an app that is "
             "installed in several"                 },
    {.name = "conversations",
     .kind = SETTING_CHOICE,
     ROW(conversations),
     .choices = conversation_names,
     .default_text = "direct",
     .help = "what customers say counts in: direct messages with the app, threads of "
             "channels it is in, or both"},
    {.name = "messages_per_minute",
     .kind = SETTING_NUMBER,
     ROW(messages_per_minute),
     .default_text = "300",
     .max = 60000,
     .help = "messages sent within a minute, of all contacts; 0: no limit of our own"},
    {.name = "api_url",
     .kind = SETTING_URL,
     ROW(api_url),
     .default_text = "https://slack.com/api",
     .help = "where the Web API is; another for a test server"         },
    {.name = "files_url",
     .kind = SETTING_URL,
     ROW(files_url),
     .default_text = "https://files.slack.com",
     .help = "where files are kept: the bot's token goes to no other place"                  },
};

static void slack_release(void *settings)
{
    struct slack_settings *own = settings;
    keys_free(&own->keys, own->signing_secrets.count);
}

/* The token goes into a header. */
static bool is_token(struct str token)
{
    for (size_t i = 0; i < token.len; i++)
        if (token.ptr[i] <= ' ' || token.ptr[i] > '~')
            return false;
    return str_starts(token, STR("xox"));
}

static enum status slack_ready(void *settings, struct error *err)
{
    struct slack_settings *own = settings;

    if (!is_token(str_of(own->bot_token)))
        return fail(err, STATUS_INVALID, "bot_token: must be like xoxb-...");
    enum status status = keys_make(&own->signing_secrets, &own->keys, err);
    if (status != STATUS_OK)
        slack_release(own);
    return status;
}

/* Source: channels/slack.md sections 5 and 7. *unsure*: how much of a whole workspace;
 * so it is a setting. */
static struct pace account_pace(int64_t messages_per_minute)
{
    if (messages_per_minute == 0)
        return (struct pace){0};
    int64_t burst = messages_per_minute / 10;
    return (struct pace){INT64_C(60000000) / messages_per_minute,
                         burst > 0 ? burst : 1};
}

/* Whatever its type; what is too large for the gateway is not sent at all. */
static const struct file_form file_forms[] = {
    {.mime = "", .caption_max = SLACK_TEXT_MAX},
};

static void slack_capabilities(const struct bridge *bridge, struct capabilities *out)
{
    const struct slack_settings *own = bridge->settings;

    *out = (struct capabilities){
        .text_max = SLACK_TEXT_MAX,
        .quick_replies_max = 25,
        .label_max = 75,
        .cards = true,
        .card_limits =
            {.cards = 10,         .choices = 25, .title = 150, .description = 500, .label = 75},
        .file_forms = file_forms,
        .file_form_count = COUNT_OF(file_forms),
        .account_pace = account_pace(own->messages_per_minute),
        .contact_pace = {1000000, 3  },
    };
}

const struct channel slack_channel = {
    .name = "slack",
    .settings_rows = slack_rows,
    .settings_row_count = COUNT_OF(slack_rows),
    .settings_size = sizeof(struct slack_settings),
    .settings_ready = slack_ready,
    .settings_release = slack_release,
    .capabilities = slack_capabilities,
    .source = &slack_source,
    .sender = &slack_sender,
    .setup = &slack_setup,
};
