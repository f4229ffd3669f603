/*
 * line: the channel's record and settings.
 */
#include "line.h"

#define ROW(member) .offset = offsetof(struct line_settings, member)
static const struct setting_row line_rows[] = {
    {.name = "channel_secrets",
     .kind = SETTING_SECRETS,
     ROW(channel_secrets),
     .is_required = true,
     .min = 1,
     .help = "channel secrets that sign webhooks; several while one is replaced"},
    {.name = "access_token",
     .kind = SETTING_SECRET,
     ROW(access_token),
     .is_required = true,
     .help = "long-lived channel access token"                       },
    {.name = "api_url",
     .kind = SETTING_URL,
     ROW(api_url),
     .default_text = "https://api.line.me",
     .help = "where the Messaging API is; another for a test server"     },
    {.name = "data_url",
     .kind = SETTING_URL,
     ROW(data_url),
     .default_text = "https://api-data.line.me",
     .help = "where the files that people send are; another for a test server"},
    {.name = "mark_read",
     .kind = SETTING_BOOL,
     ROW(mark_read),
     .default_text = "false",
     .help = "show a message as read once Genesys Cloud took it"                   },
};

/* It goes into a header. */
static bool is_token(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return false;
    return text[0] != '\0';
}

static void line_release(void *settings)
{
    struct line_settings *own = settings;
    keys_free(&own->keys, own->channel_secrets.count);
}

static enum status line_ready(void *settings, struct error *err)
{
    struct line_settings *own = settings;

    if (!is_token(own->access_token))
        return fail(err, STATUS_INVALID, "access_token: must be one word of ASCII");
    enum status status = keys_make(&own->channel_secrets, &own->keys, err);
    if (status != STATUS_OK)
        line_release(own);
    return status;
}

/*
 * LINE shows a picture by a link to it and one to a small copy of it, which may be the
 * picture itself when it is small. Films want such a copy too and sounds their length,
 * which nobody has told us: they go as links, as do files, for which there is no form.
 * Source: channels/line.md section 5, "Limits".
 */
static const struct file_form file_forms[] = {
    {"image/jpeg", 1000000, 0, 0},
    {"image/png",  1000000, 0, 0},
};

/*
 * Source: channels/line.md sections 5 and 7. Of 2000 requests a second nine tenths are
 * spent evenly and one at once, so that no second sees more.
 */
static void line_capabilities(const struct bridge *bridge, struct capabilities *out)
{
    const struct line_settings *own = bridge->settings;

    *out = (struct capabilities){
        .text_max = 5000,
        .quick_replies_max = 13,
        .label_max = 20,
        .cards = true, /* where line_fits_cards says so */
        .file_forms = file_forms,
        .file_form_count = COUNT_OF(file_forms),
        .typing = true,
        .has_idempotency_key = true,
        .wants_status_accepted = own->mark_read,
        .account_pace = {1000000 / 1800, 200},
    };
}

const struct channel line_channel = {
    .name = "line",
    .settings_rows = line_rows,
    .settings_row_count = COUNT_OF(line_rows),
    .settings_size = sizeof(struct line_settings),
    .settings_ready = line_ready,
    .settings_release = line_release,
    .capabilities = line_capabilities,
    .source = &line_source,
    .sender = &line_sender,
    .setup = &line_setup,
};
