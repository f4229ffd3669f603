/*
 * whatsapp: the channel's record and settings.
 */
#include "whatsapp.h"

/* Typing is shown for 25 s, or until the answer. */
#define TYPING_SHOWN_MS 20000
#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

#define ROW(member) .offset = offsetof(struct whatsapp_settings, member)
static const struct setting_row whatsapp_rows[] = {
    {.name = "phone_number_id",
     .kind = SETTING_TEXT,
     ROW(phone_number_id),
     .is_required = true,
     .help = "id of the business phone number (not the number itself)"},
    {.name = "business_account_id",
     .kind = SETTING_TEXT,
     ROW(business_account_id),
     .help = "id of the WhatsApp Business account, for connect and check: whether the "
             "app hears of its messages"  },
    {.name = "media_host",
     .kind = SETTING_TEXT,
     ROW(media_host),
     .is_required = true,
     .default_text = "lookaside.fbsbx.com",
     .help =
         "host that customers' files are on: beside the Graph API the only one that "
         "gets the token"},
    {.name = "typing",
     .kind = SETTING_BOOL,
     ROW(typing),
     .default_text = "false",
     .help = "show when the agent types; WhatsApp marks the customer's lines as read "
             "then"                                             },
    META_ROWS(struct whatsapp_settings,
              "token of a system user with whatsapp_business_messaging",
              "https://graph.facebook.com"),
};

static void whatsapp_release(void *settings)
{
    struct whatsapp_settings *own = settings;
    meta_release(&own->app);
}

static enum status whatsapp_ready(void *settings, struct error *err)
{
    struct whatsapp_settings *own = settings;

    if (!meta_is_plain(own->phone_number_id))
        return fail(err, STATUS_INVALID,
                    "phone_number_id: must be the number's id, digits only");
    if (own->business_account_id != NULL && !meta_is_plain(own->business_account_id))
        return fail(err, STATUS_INVALID,
                    "business_account_id: must be the account's id, digits only");
    return meta_ready(&own->app, err);
}

/* Source: channels/whatsapp.md sections 5 and 7. */
static void whatsapp_capabilities(const struct bridge *bridge, struct capabilities *out)
{
    const struct whatsapp_settings *own = bridge->settings;
    *out = (struct capabilities){
        .text_max = 4096,
        .quick_replies_max = 10,
        .label_max = 24,
        .cards = true,
        .card_limits = {.cards = 10, .title = 200, .description = 800},
        .file_forms = whatsapp_file_forms,
        .file_form_count = WHATSAPP_FILE_FORMS,
        .receipts = true,
        .typing = own->typing,
        .typing_names_message = true,
        .typing_every_ms = TYPING_SHOWN_MS,
        .session_ms = DAY_MS,
        .account_pace = {1000000 / 80,           80           },
        .contact_pace = {6000000,           45     },
    };
}

bool whatsapp_is_user_id(struct str id)
{
    return id.len > 3 && id.ptr[0] >= 'A' && id.ptr[0] <= 'Z' && id.ptr[1] >= 'A' &&
           id.ptr[1] <= 'Z' && id.ptr[2] == '.';
}

/* How long a contact rests after 131056, where nothing says it: the pace's interval. */
#define CONTACT_REST_MS 6000

/* Source: channels/whatsapp.md section 7: the code decides, not the HTTP status. */
static const struct reply_rule errors[] = {
    RULE(131047, 131047, OUTCOME_WINDOW_CLOSED, REASON_MESSAGE_NOT_ALLOWED),
    RULE(131026, 131026, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE(131021, 131021, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE(131045, 131045, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE(130472, 130472, OUTCOME_REFUSED_CONTACT, REASON_MESSAGE_NOT_ALLOWED),
    RULE(131049, 131049, OUTCOME_REFUSED_CONTACT, REASON_MESSAGE_NOT_ALLOWED),
    RULE(131050, 131050, OUTCOME_REFUSED_CONTACT, REASON_RECIPIENT_OPTED_OUT),
    RULE(100, 100, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
    RULE(131008, 131009, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
    RULE(131051, 131051, OUTCOME_REFUSED_MESSAGE, REASON_UNSUPPORTED_MESSAGE),
    RULE(131052, 131053, OUTCOME_REFUSED_MESSAGE, REASON_MEDIA_TYPE_NOT_ALLOWED),
    RULE(132000, 132999, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
    RULE_HOLDS(131056, 131056, CONTACT_REST_MS),
    RULE(4, 4, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE(80007, 80007, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE(130429, 130429, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE(131048, 131048, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE(133016, 133016, OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED),
    RULE_OUTCOME(1, 2, OUTCOME_RETRY),
    RULE_OUTCOME(131000, 131000, OUTCOME_RETRY),
    RULE_OUTCOME(131016, 131016, OUTCOME_RETRY),
    RULE_OUTCOME(131057, 131057, OUTCOME_RETRY),
    RULE_BREAKS(0, 0, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(3, 3, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(10, 10, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(190, 299, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(368, 368, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(131005, 131005, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(131031, 131031, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(131042, 131042, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(133010, 133010, PAUSE_BRIDGE_TO_CHANNEL),
};

const struct reply_rule *whatsapp_error(int64_t code)
{
    return reply_rule_find(errors, COUNT_OF(errors), code);
}

const struct channel whatsapp_channel = {
    .name = "whatsapp",
    .settings_rows = whatsapp_rows,
    .settings_row_count = COUNT_OF(whatsapp_rows),
    .settings_size = sizeof(struct whatsapp_settings),
    .settings_ready = whatsapp_ready,
    .settings_release = whatsapp_release,
    .capabilities = whatsapp_capabilities,
    .source = &whatsapp_source,
    .sender = &whatsapp_sender,
    .setup = &whatsapp_setup,
};
