/*
 * messenger: the records and settings of the channels messenger and instagram.
 */
#include "messenger.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
#define TOKEN_HELP "token of the page with pages_messaging"
#define INSTAGRAM_TOKEN_HELP "token of the page with instagram_manage_messages"
#define GRAPH_URL "https://graph.facebook.com"

#define ROW(member) .offset = offsetof(struct messenger_settings, member)
#define OWN_ROWS                                                                       \
    {.name = "human_agent",                                                            \
     .kind = SETTING_BOOL,                                                             \
     ROW(human_agent),                                                                 \
     .default_text = "false",                                                          \
     .help = "the app has the Human Agent permission: agents may write for 7 days"},   \
        {.name = "typing",                                                             \
         .kind = SETTING_BOOL,                                                         \
         ROW(typing),                                                                  \
         .default_text = "true",                                                       \
         .help = "show the customer that an agent types"},                             \
    {                                                                                  \
        .name = "mark_seen", .kind = SETTING_BOOL, ROW(mark_seen),                     \
        .default_text = "false",                                                       \
        .help = "mark what the customer wrote as seen when an agent types"             \
    }

static const struct setting_row messenger_rows[] = {
    {.name = "page_id",
     .kind = SETTING_TEXT,
     ROW(account_id),
     .is_required = true,
     .help = "id of the page"},
    META_ROWS(struct messenger_settings, TOKEN_HELP, GRAPH_URL),
    OWN_ROWS,
};

static const struct setting_row instagram_rows[] = {
    {.name = "account_id",
     .kind = SETTING_TEXT,
     ROW(account_id),
     .is_required = true,
     .help = "id of the Instagram professional account, as its webhooks name it"},
    {.name = "page_id",
     .kind = SETTING_TEXT,
     ROW(sender_id),
     .default_text = "me",
     .help = "id of the page it is linked to; me: the one the token is of"      },
    META_ROWS(struct messenger_settings, INSTAGRAM_TOKEN_HELP, GRAPH_URL),
    OWN_ROWS,
};

static void messenger_release(void *settings)
{
    struct messenger_settings *own = settings;
    meta_release(&own->app);
}

static enum status messenger_ready(void *settings, struct error *err)
{
    struct messenger_settings *own = settings;

    if (!meta_is_plain(own->account_id))
        return fail(err, STATUS_INVALID, "%s: must be the id, digits only",
                    own->sender_id == NULL ? "page_id" : "account_id");
    if (own->sender_id != NULL && !meta_is_plain(own->sender_id))
        return fail(err, STATUS_INVALID, "page_id: must be the id, digits only, or me");
    return meta_ready(&own->app, err);
}

/* Source: channels/meta-messenger.md sections 4 and 6. */
static void messenger_capabilities(const struct bridge *bridge,
                                   struct capabilities *out)
{
    const struct messenger_settings *own = bridge->settings;
    const struct messenger_service *service = messenger_service_of(bridge);

    *out = (struct capabilities){
        .text_max = (int64_t)service->text_limit.max,
        .quick_replies_max = 13,
        .label_max = 20,
        .cards = true,
        .card_limits =
            {.cards = 10,        .choices = 3, .title = 80, .description = 80, .label = 20},
        .file_forms = service->file_forms,
        .file_form_count = service->file_form_count,
        .receipts = service->has_receipts,
        .typing = own->typing,
        .session_ms = own->human_agent ? 7 * DAY_MS : DAY_MS,
        .account_pace = {1000000 / 300, 300 },
    };
}

#define CHANNEL(name_)                                                                 \
    const struct channel name_##_channel = {                                           \
        .name = #name_,                                                                \
        .settings_rows = name_##_rows,                                                 \
        .settings_row_count = COUNT_OF(name_##_rows),                                  \
        .settings_size = sizeof(struct messenger_settings),                            \
        .settings_ready = messenger_ready,                                             \
        .settings_release = messenger_release,                                         \
        .capabilities = messenger_capabilities,                                        \
        .source = &messenger_source,                                                   \
        .sender = &messenger_sender,                                                   \
        .setup = &name_##_setup,                                                       \
    }
CHANNEL(messenger);
CHANNEL(instagram);

/* A megabyte is taken to be the smaller one. */
#define MEGABYTE INT64_C(1000000)
#define IMAGE_MAX (8 * MEGABYTE)
#define FILE_MAX (25 * MEGABYTE)

/* Source: channels/meta-messenger.md section 4; Meta, "Saving assets", of 2026-04-22,
 * which names kinds and sizes but no types. *unsure*: what is played beyond the usual
 * types, so that the others are files. */
static const struct file_form messenger_forms[] = {
    {"image/jpeg", IMAGE_MAX, MEDIA_IMAGE, 0},
    {"image/png",  IMAGE_MAX, MEDIA_IMAGE, 0},
    {"image/gif",  IMAGE_MAX, MEDIA_IMAGE, 0},
    {"video/mp4",  FILE_MAX,  MEDIA_VIDEO, 0},
    {"audio/mpeg", FILE_MAX,  MEDIA_AUDIO, 0},
    {"audio/mp4",  FILE_MAX,  MEDIA_AUDIO, 0},
    {"",           FILE_MAX,  MEDIA_OTHER, 0},
};

/* Source: Meta, "Upload Media for Instagram Messaging", of 2026-06-30. Older editions
 * know no file. */
static const struct file_form instagram_forms[] = {
    {"image/jpeg",      IMAGE_MAX, MEDIA_IMAGE, 0},
    {"image/png",       IMAGE_MAX, MEDIA_IMAGE, 0},
    {"image/gif",       IMAGE_MAX, MEDIA_IMAGE, 0},
    {"video/mp4",       FILE_MAX,  MEDIA_VIDEO, 0},
    {"video/quicktime", FILE_MAX,  MEDIA_VIDEO, 0},
    {"video/webm",      FILE_MAX,  MEDIA_VIDEO, 0},
    {"audio/aac",       FILE_MAX,  MEDIA_AUDIO, 0},
    {"audio/mp4",       FILE_MAX,  MEDIA_AUDIO, 0},
    {"audio/wav",       FILE_MAX,  MEDIA_AUDIO, 0},
    {"application/pdf", FILE_MAX,  MEDIA_OTHER, 0},
};

/*
 * Source: channels/meta-messenger.md sections 1, 3 and 4. *unsure*: the limits of
 * texts; that Instagram takes metadata. Instagram says what was seen, and nothing
 * before that.
 */
static const struct messenger_service services[] = {
    {
     .channel = &messenger_channel,
     .peer = "Messenger",
     .object = "page",
     .account = "page",
     .text_limit = {2000, TEXT_CODE_POINTS},
     .file_forms = messenger_forms,
     .file_form_count = COUNT_OF(messenger_forms),
     .has_metadata = true,
     .has_receipts = true,
     },
    {
     .channel = &instagram_channel,
     .peer = "Instagram",
     .object = "instagram",
     .account = "Instagram account",
     .text_limit = {1000, TEXT_BYTES},
     .file_forms = instagram_forms,
     .file_form_count = COUNT_OF(instagram_forms),
     },
};

const struct messenger_service *messenger_service_of(const struct bridge *bridge)
{
    return &services[bridge->channel == &instagram_channel];
}
