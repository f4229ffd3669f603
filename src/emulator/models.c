/* Sources: schemas.json (SDK 262.0.0); open-messaging.md, sections 2-5, 7; read
 * 2026-11-21. */
#include "models.h"

static const char *const id_types[] = {"Email", "Phone", "Opaque", NULL};
static const char *const sub_types[] = {"None", "GoogleBusinessProfile",
                                        "RoadsideAssistance", "YouTube", NULL};
const char *const media_types[] = {"Image", "Video", "Audio", "File", "Link", NULL};
static const char *const event_types[] = {"Typing", NULL};
static const char *const button_types[] = {"Button", "QuickReply", "DatePicker", NULL};
const char *const receipt_statuses[] = {"Sent",      "Delivered", "Failed",
                                        "Published", "Removed",   NULL};
static const char *const reason_codes[] = {"MessageExpired",
                                           "RateLimited",
                                           "MessageNotAllowed",
                                           "GeneralError",
                                           "UnsupportedMessage",
                                           "UnknownMessage",
                                           "InvalidMessageStructure",
                                           "InvalidDestination",
                                           "ServerError",
                                           "MediaTypeNotAllowed",
                                           "InvalidMediaContentLength",
                                           "RecipientOptedOut",
                                           "DataFiltered",
                                           NULL};

static const struct member from_members[] = {
    {"id",        MEMBER_ID,          true,  NULL,     NULL},
    {"idType",    MEMBER_ENUM_NOCASE, true,  id_types, NULL},
    {"nickname",  MEMBER_TEXT,        false, NULL,     NULL},
    {"firstName", MEMBER_TEXT,        false, NULL,     NULL},
    {"lastName",  MEMBER_TEXT,        false, NULL,     NULL},
    {"image",     MEMBER_TEXT,        false, NULL,     NULL},
    {"email",     MEMBER_TEXT,        false, NULL,     NULL},
};
static const struct shape from_shape =
    SHAPE("OpenMessagingFromRecipient", from_members);

static const struct member to_members[] = {
    {"id",     MEMBER_ID,          true,  NULL,     NULL},
    {"idType", MEMBER_ENUM_NOCASE, false, id_types, NULL},
};
static const struct shape to_shape = SHAPE("OpenMessagingToRecipient", to_members);

static const struct member metadata_members[] = {
    {"subType",          MEMBER_ENUM, false, sub_types, NULL},
    {"customAttributes", MEMBER_MAP,  false, NULL,      NULL},
};
static const struct shape metadata_shape =
    SHAPE("ConversationChannelMetadata", metadata_members);

static const struct member message_channel_members[] = {
    {"from",      MEMBER_OBJECT, true,  NULL, &from_shape    },
    {"time",      MEMBER_TIME,   true,  NULL, NULL           },
    {"messageId", MEMBER_TEXT,   false, NULL, NULL           },
    {"metadata",  MEMBER_OBJECT, false, NULL, &metadata_shape},
};
static const struct shape message_channel_shape =
    SHAPE("OpenInboundMessageMessagingChannel", message_channel_members);

static const struct member attachment_members[] = {
    {"mediaType", MEMBER_ENUM, true,  media_types, NULL},
    {"url",       MEMBER_ID,   true,  NULL,        NULL},
    {"mime",      MEMBER_ID,   true,  NULL,        NULL},
    {"id",        MEMBER_TEXT, false, NULL,        NULL},
    {"text",      MEMBER_TEXT, false, NULL,        NULL},
    {"sha256",    MEMBER_TEXT, false, NULL,        NULL},
    {"filename",  MEMBER_TEXT, false, NULL,        NULL},
};
static const struct shape attachment_shape =
    SHAPE("OpenContentAttachment", attachment_members);

static const struct member content_members[] = {
    {"attachment", MEMBER_OBJECT, false, NULL, &attachment_shape},
};
static const struct shape content_shape =
    SHAPE("OpenInboundMessageContent", content_members);

static const struct member message_members[] = {
    {"channel",  MEMBER_OBJECT, true,  NULL, &message_channel_shape},
    {"text",     MEMBER_TEXT,   false, NULL, NULL                  },
    {"content",  MEMBER_ARRAY,  false, NULL, &content_shape        },
    {"metadata", MEMBER_MAP,    false, NULL, NULL                  },
};
const struct shape model_message =
    SHAPE("OpenInboundNormalizedMessage", message_members);

static const struct member receipt_channel_members[] = {
    {"to",   MEMBER_OBJECT, true, NULL, &to_shape},
    {"time", MEMBER_TIME,   true, NULL, NULL     },
};
static const struct shape receipt_channel_shape =
    SHAPE("OpenInboundMessagingReceiptChannel", receipt_channel_members);

static const struct member reason_members[] = {
    {"message", MEMBER_TEXT, true,  NULL,         NULL},
    {"code",    MEMBER_ENUM, false, reason_codes, NULL},
};
static const struct shape reason_shape = SHAPE("ConversationReason", reason_members);

static const struct member receipt_members[] = {
    {"id",             MEMBER_ID,     true,  NULL,             NULL                  },
    {"channel",        MEMBER_OBJECT, true,  NULL,             &receipt_channel_shape},
    {"status",         MEMBER_ENUM,   true,  receipt_statuses, NULL                  },
    {"reasons",        MEMBER_ARRAY,  false, NULL,             &reason_shape         },
    {"isFinalReceipt", MEMBER_BOOL,   false, NULL,             NULL                  },
};
const struct shape model_receipt =
    SHAPE("OpenInboundNormalizedReceipt", receipt_members);

static const struct member event_channel_members[] = {
    {"from", MEMBER_OBJECT, true, NULL, &from_shape},
    {"time", MEMBER_TIME,   true, NULL, NULL       },
};
static const struct shape event_channel_shape =
    SHAPE("OpenInboundMessagingChannel", event_channel_members);

static const struct member open_event_members[] = {
    {"eventType", MEMBER_ENUM, true, event_types, NULL},
};
static const struct shape open_event_shape = SHAPE("OpenEvent", open_event_members);

static const struct member event_members[] = {
    {"channel", MEMBER_OBJECT, true, NULL, &event_channel_shape},
    {"events",  MEMBER_ARRAY,  true, NULL, &open_event_shape   },
};
const struct shape model_event = SHAPE("OpenInboundNormalizedEvent", event_members);

static const struct member button_members[] = {
    {"type",    MEMBER_ENUM, true, button_types, NULL},
    {"text",    MEMBER_TEXT, true, NULL,         NULL},
    {"payload", MEMBER_TEXT, true, NULL,         NULL},
};
static const struct shape button_shape = SHAPE("ContentButtonResponse", button_members);

static const struct member structured_members[] = {
    {"channel",              MEMBER_OBJECT, true, NULL, &message_channel_shape},
    {"buttonResponse",       MEMBER_OBJECT, true, NULL, &button_shape         },
    {"originatingMessageId", MEMBER_ID,     true, NULL, NULL                  },
};
const struct shape model_structured =
    SHAPE("OpenInboundStructuredResponseMessage", structured_members);

/* --- administration ------------------------------------------------------- */

static const struct member reference_members[] = {
    {"id", MEMBER_ID, true, NULL, NULL},
};
static const struct shape supported_content_shape =
    SHAPE("SupportedContentReference", reference_members);
static const struct shape messaging_setting_shape =
    SHAPE("MessagingSettingRequestReference", reference_members);

#define INTEGRATION_MEMBERS(is_new)                                                    \
    {"name", MEMBER_ID, true, NULL, NULL},                                             \
        {"outboundNotificationWebhookUrl", MEMBER_ID, is_new, NULL, NULL},             \
        {"outboundNotificationWebhookSignatureSecretToken", MEMBER_ID, is_new, NULL,   \
         NULL},                                                                        \
        {"webhookHeaders", MEMBER_MAP, false, NULL, NULL},                             \
        {"supportedContent", MEMBER_OBJECT, false, NULL, &supported_content_shape},    \
    {                                                                                  \
        "messagingSetting", MEMBER_OBJECT, false, NULL, &messaging_setting_shape       \
    }

static const struct member integration_request_members[] = {INTEGRATION_MEMBERS(true)};
const struct shape model_integration_request =
    SHAPE("OpenIntegrationRequest", integration_request_members);

static const struct member integration_update_members[] = {INTEGRATION_MEMBERS(false)};
const struct shape model_integration_update =
    SHAPE("OpenIntegrationUpdateRequest", integration_update_members);

static const struct member flow_members[] = {
    {"id", MEMBER_ID, false, NULL, NULL},
};
static const struct shape flow_shape = SHAPE("RecipientFlow", flow_members);
static const struct member recipient_members[] = {
    {"flow", MEMBER_OBJECT, false, NULL, &flow_shape},
};
const struct shape model_recipient = SHAPE("RecipientRequest", recipient_members);

static const struct member window_members[] = {
    {"messengerType",    MEMBER_ENUM,    true, messenger_types, NULL},
    {"timeoutInMinutes", MEMBER_INTEGER, true, NULL,            NULL},
};
static const struct shape window_shape =
    SHAPE("ConversationThreadingWindowSetting", window_members);
static const struct member threading_members[] = {
    {"settings", MEMBER_ARRAY, true, NULL, &window_shape},
};
const struct shape model_threading =
    SHAPE("ConversationThreadingWindow", threading_members);

static const char *const end_states[] = {"disconnected", NULL};
static const struct member conversation_members[] = {
    {"state", MEMBER_ENUM_NOCASE, true, end_states, NULL},
};
const struct shape model_conversation = SHAPE("Conversation", conversation_members);

static const char *const agentless_types[] = {"sms", "whatsapp", "open", NULL};
static const struct member agentless_members[] = {
    {"fromAddress",                   MEMBER_ID,     true,  NULL,            NULL},
    {"toAddressMessengerType",        MEMBER_ENUM,   true,  agentless_types, NULL},
    {"toAddress",                     MEMBER_ID,     false, NULL,            NULL},
    {"externalContactId",             MEMBER_ID,     false, NULL,            NULL},
    {"textBody",                      MEMBER_TEXT,   false, NULL,            NULL},
    {"messagingTemplate",             MEMBER_OBJECT, false, NULL,            NULL},
    {"useExistingActiveConversation", MEMBER_BOOL,   false, NULL,            NULL},
};
const struct shape model_agentless =
    SHAPE("SendAgentlessOutboundMessageRequest", agentless_members);

/* --- what an agent or a bot sends (control) ------------------------------- */

static const char *const typing_types[] = {"On", NULL};
static const struct member typing_members[] = {
    {"type",     MEMBER_ENUM,    true,  typing_types, NULL},
    {"duration", MEMBER_INTEGER, false, NULL,         NULL},
};
static const struct shape typing_shape =
    SHAPE("ConversationEventTyping", typing_members);
static const struct member agent_event_members[] = {
    {"eventType", MEMBER_ENUM,   true,  event_types, NULL         },
    {"typing",    MEMBER_OBJECT, false, NULL,        &typing_shape},
};
static const struct shape agent_event_shape =
    SHAPE("OpenMessageEvent", agent_event_members);

static const char *const entities[] = {"Human", "Bot", NULL};
static const struct member agent_members[] = {
    {"integrationId",     MEMBER_ID,    true,  NULL,     NULL              },
    {"to",                MEMBER_ID,    true,  NULL,     NULL              },
    {"text",              MEMBER_TEXT,  false, NULL,     NULL              },
    {"content",           MEMBER_ARRAY, false, NULL,     NULL              }, /* content.c */
    {"file",              MEMBER_ID,    false, NULL,     NULL              },
    {"quickReplies",      MEMBER_TEXTS, false, NULL,     NULL              },
    {"events",            MEMBER_ARRAY, false, NULL,     &agent_event_shape},
    {"originatingEntity", MEMBER_ENUM,  false, entities, NULL              },
};
const struct shape model_agent = SHAPE("agent", agent_members);

static const struct member message_id_members[] = {
    {"id", MEMBER_ID, true, NULL, NULL},
};
const struct shape model_message_id = SHAPE("message id", message_id_members);

static const struct member outcome_members[] = {
    {"id",      MEMBER_ID,    true,  NULL,             NULL         },
    {"status",  MEMBER_ENUM,  true,  receipt_statuses, NULL         },
    {"reasons", MEMBER_ARRAY, false, NULL,             &reason_shape},
};
const struct shape model_outcome = SHAPE("inbound receipt", outcome_members);

static const struct member conversation_id_members[] = {
    {"conversationId", MEMBER_ID, true, NULL, NULL},
};
const struct shape model_conversation_id =
    SHAPE("conversation id", conversation_id_members);

static const struct member clock_members[] = {
    {"advance_ms", MEMBER_INTEGER, true, NULL, NULL},
};
const struct shape model_clock = SHAPE("clock", clock_members);

static const struct member media_types_members[] = {
    {"inbound",  MEMBER_TEXTS, false, NULL, NULL},
    {"outbound", MEMBER_TEXTS, false, NULL, NULL},
};
const struct shape model_media_types = SHAPE("media types", media_types_members);
