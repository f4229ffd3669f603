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
        .file_forms = whatsapp_file_forms,
        .file_form_count = WHATSAPP_FILE_FORMS,
        .receipts = true,
        .typing = own->typing,
        .typing_names_message = true,
        .typing_every_ms = TYPING_SHOWN_MS,
        .session_ms = DAY_MS,
        .account_pace = {1000000 / 80, 80},
        .contact_pace = {6000000,      45},
    };
}

bool whatsapp_is_user_id(struct str id)
{
    return id.len > 3 && id.ptr[0] >= 'A' && id.ptr[0] <= 'Z' && id.ptr[1] >= 'A' &&
           id.ptr[1] <= 'Z' && id.ptr[2] == '.';
}

#define REFUSED_CONTACT(code, reason)                                                  \
    {                                                                                  \
        (code), (code), OUTCOME_REFUSED_CONTACT, (reason), HOLD_ACCOUNT                \
    }
#define REFUSED_MESSAGE(from, to, reason)                                              \
    {                                                                                  \
        (from), (to), OUTCOME_REFUSED_MESSAGE, (reason), HOLD_ACCOUNT                  \
    }
#define OTHER(from, to, outcome)                                                       \
    {                                                                                  \
        (from), (to), (outcome), REASON_GENERAL_ERROR, HOLD_ACCOUNT                    \
    }

/* Source: channels/whatsapp.md section 7: the code decides, not the HTTP status. */
static const struct code_rule errors[] = {
    {131047, 131047, OUTCOME_WINDOW_CLOSED, REASON_MESSAGE_NOT_ALLOWED, HOLD_ACCOUNT},
    REFUSED_CONTACT(131026, REASON_INVALID_DESTINATION),
    REFUSED_CONTACT(131021, REASON_INVALID_DESTINATION),
    REFUSED_CONTACT(131045, REASON_INVALID_DESTINATION),
    REFUSED_CONTACT(130472, REASON_MESSAGE_NOT_ALLOWED),
    REFUSED_CONTACT(131049, REASON_MESSAGE_NOT_ALLOWED),
    REFUSED_CONTACT(131050, REASON_RECIPIENT_OPTED_OUT),
    REFUSED_MESSAGE(100, 100, REASON_INVALID_MESSAGE_STRUCTURE),
    REFUSED_MESSAGE(131008, 131009, REASON_INVALID_MESSAGE_STRUCTURE),
    REFUSED_MESSAGE(131051, 131051, REASON_UNSUPPORTED_MESSAGE),
    REFUSED_MESSAGE(131052, 131053, REASON_MEDIA_TYPE_NOT_ALLOWED),
    REFUSED_MESSAGE(132000, 132999, REASON_INVALID_MESSAGE_STRUCTURE),
    {131056, 131056, OUTCOME_SLOW_DOWN,     REASON_RATE_LIMITED,        HOLD_CONTACT},
    {4,      4,      OUTCOME_SLOW_DOWN,     REASON_RATE_LIMITED,        HOLD_ACCOUNT},
    {80007,  80007,  OUTCOME_SLOW_DOWN,     REASON_RATE_LIMITED,        HOLD_ACCOUNT},
    {130429, 130429, OUTCOME_SLOW_DOWN,     REASON_RATE_LIMITED,        HOLD_ACCOUNT},
    {131048, 131048, OUTCOME_SLOW_DOWN,     REASON_RATE_LIMITED,        HOLD_ACCOUNT},
    {133016, 133016, OUTCOME_SLOW_DOWN,     REASON_RATE_LIMITED,        HOLD_ACCOUNT},
    OTHER(1, 2, OUTCOME_RETRY),
    OTHER(131000, 131000, OUTCOME_RETRY),
    OTHER(131016, 131016, OUTCOME_RETRY),
    OTHER(131057, 131057, OUTCOME_RETRY),
    OTHER(0, 0, OUTCOME_BROKEN),
    OTHER(3, 3, OUTCOME_BROKEN),
    OTHER(10, 10, OUTCOME_BROKEN),
    OTHER(190, 299, OUTCOME_BROKEN),
    OTHER(368, 368, OUTCOME_BROKEN),
    OTHER(131005, 131005, OUTCOME_BROKEN),
    OTHER(131031, 131031, OUTCOME_BROKEN),
    OTHER(131042, 131042, OUTCOME_BROKEN),
    OTHER(133010, 133010, OUTCOME_BROKEN),
};

const struct code_rule *whatsapp_error(int64_t code)
{
    return code_rule_find(errors, COUNT_OF(errors), code);
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
