/* Sources: schemas.json, ConversationMessageContent and what it holds (SDK 262.0.0);
 * open-messaging.md, section 4.4; read 2026-11-21. */
#include "models.h"

#define TEXT_MEMBER(name)                                                              \
    {                                                                                  \
        name, MEMBER_TEXT, false, NULL, NULL                                           \
    }
#define ANY_OBJECT(name)                                                               \
    {                                                                                  \
        name, MEMBER_OBJECT, false, NULL, NULL                                         \
    }

static const struct member attachment_members[] = {
    {"mediaType",        MEMBER_ENUM,    true,  media_types, NULL},
    {"contentSizeBytes", MEMBER_INTEGER, false, NULL,        NULL},
    TEXT_MEMBER("id"),
    TEXT_MEMBER("url"),
    TEXT_MEMBER("mime"),
    TEXT_MEMBER("text"),
    TEXT_MEMBER("sha256"),
    TEXT_MEMBER("filename"),
};
static const struct shape attachment_shape =
    SHAPE("ConversationContentAttachment", attachment_members);

static const struct member location_members[] = {
    TEXT_MEMBER("url"),
    TEXT_MEMBER("address"),
    TEXT_MEMBER("text"),
    {"latitude",  MEMBER_NUMBER, false, NULL, NULL},
    {"longitude", MEMBER_NUMBER, false, NULL, NULL},
};
static const struct shape location_shape =
    SHAPE("ConversationContentLocation", location_members);

/* --- options and cards ---------------------------------------------------- */

static const char *const reply_actions[] = {"Message", NULL};
static const struct member quick_reply_members[] = {
    {"text",    MEMBER_ID,   true,  NULL,          NULL},
    {"payload", MEMBER_ID,   true,  NULL,          NULL},
    {"action",  MEMBER_ENUM, false, reply_actions, NULL},
    TEXT_MEMBER("image"),
    TEXT_MEMBER("summaryText"),
};
static const struct shape quick_reply_shape =
    SHAPE("ConversationContentQuickReply", quick_reply_members);

static const struct member quick_reply_v2_members[] = {
    {"title",   MEMBER_ID,    true, NULL, NULL              },
    {"actions", MEMBER_ARRAY, true, NULL, &quick_reply_shape},
};
static const struct shape quick_reply_v2_shape =
    SHAPE("ConversationContentQuickReplyV2", quick_reply_v2_members);

static const char *const action_types[] = {"Link", "Postback", "Unknown", NULL};
static const struct member action_members[] = {
    {"type", MEMBER_ENUM, false, action_types, NULL},
    TEXT_MEMBER("text"),
    TEXT_MEMBER("payload"),
    TEXT_MEMBER("url"),
};
static const struct shape action_shape =
    SHAPE("ConversationContentCardAction", action_members);

static const struct member card_members[] = {
    {"title",         MEMBER_ID,     true,  NULL, NULL         },
    {"defaultAction", MEMBER_OBJECT, false, NULL, &action_shape},
    {"actions",       MEMBER_ARRAY,  true,  NULL, &action_shape},
    TEXT_MEMBER("description"),
    TEXT_MEMBER("image"),
    TEXT_MEMBER("video"),
};
static const struct shape card_shape = SHAPE("ConversationContentCard", card_members);

static const struct member carousel_members[] = {
    {"cards", MEMBER_ARRAY, true, NULL, &card_shape},
};
static const struct shape carousel_shape =
    SHAPE("ConversationContentCarousel", carousel_members);

/* --- pickers -------------------------------------------------------------- */

static const struct member time_members[] = {
    {"dateTime", MEMBER_TIME,    false, NULL, NULL},
    {"duration", MEMBER_INTEGER, false, NULL, NULL},
};
static const struct shape time_shape =
    SHAPE("ConversationContentDatePickerAvailableTime", time_members);

static const char *const date_formats[] = {"dayMonthYear", "monthDayYear",
                                           "yearMonthDay", NULL};
static const struct member date_picker_members[] = {
    {"dateMinimum",       MEMBER_TIME,   false, NULL,         NULL           },
    {"dateMaximum",       MEMBER_TIME,   false, NULL,         NULL           },
    {"location",          MEMBER_OBJECT, false, NULL,         &location_shape},
    {"availableTimes",    MEMBER_ARRAY,  false, NULL,         &time_shape    },
    {"dateDisplayFormat", MEMBER_ENUM,   false, date_formats, NULL           },
    TEXT_MEMBER("id"),
    TEXT_MEMBER("title"),
    TEXT_MEMBER("subtitle"),
    TEXT_MEMBER("imageUrl"),
};
static const struct shape date_picker_shape =
    SHAPE("ConversationContentDatePicker", date_picker_members);

static const struct member item_members[] = {
    TEXT_MEMBER("id"),
    TEXT_MEMBER("title"),
    TEXT_MEMBER("subtitle"),
    TEXT_MEMBER("imageUrl"),
};
static const struct shape item_shape =
    SHAPE("ConversationContentListPickerItem", item_members);

static const struct member section_members[] = {
    {"multipleSelection", MEMBER_BOOL,  false, NULL, NULL       },
    {"items",             MEMBER_ARRAY, false, NULL, &item_shape},
    TEXT_MEMBER("title"),
};
static const struct shape section_shape =
    SHAPE("ConversationContentListPickerSection", section_members);

static const struct member prompt_members[] = {
    TEXT_MEMBER("header"),      TEXT_MEMBER("title"),    TEXT_MEMBER("subtitle"),
    TEXT_MEMBER("buttonLabel"), TEXT_MEMBER("imageUrl"),
};
static const struct shape prompt_shape =
    SHAPE("ConversationContentReceivedReplyMessage", prompt_members);

static const struct member list_picker_members[] = {
    {"sections",        MEMBER_ARRAY,  false, NULL, &section_shape},
    {"receivedMessage", MEMBER_OBJECT, false, NULL, &prompt_shape },
    {"replyMessage",    MEMBER_OBJECT, false, NULL, &prompt_shape },
    TEXT_MEMBER("id"),
};
static const struct shape list_picker_shape =
    SHAPE("ConversationContentListPicker", list_picker_members);

/* --- templates ------------------------------------------------------------ */

static const struct member parameter_members[] = {
    {"text", MEMBER_TEXT, true, NULL, NULL},
    TEXT_MEMBER("name"),
};
static const struct shape parameter_shape =
    SHAPE("ConversationNotificationTemplateParameter", parameter_members);

static const char *const header_types[] = {"Text", "Media", NULL};
static const struct member header_members[] = {
    {"type",       MEMBER_ENUM,   true,  header_types, NULL             },
    {"media",      MEMBER_OBJECT, false, NULL,         &attachment_shape},
    {"parameters", MEMBER_ARRAY,  false, NULL,         &parameter_shape },
    TEXT_MEMBER("text"),
};
static const struct shape header_shape =
    SHAPE("ConversationNotificationTemplateHeader", header_members);

static const struct member body_members[] = {
    {"parameters", MEMBER_ARRAY, true, NULL, &parameter_shape},
    TEXT_MEMBER("text"),
};
static const struct shape body_shape =
    SHAPE("ConversationNotificationTemplateBody", body_members);

static const struct member footer_members[] = {
    TEXT_MEMBER("text"),
};
static const struct shape footer_shape =
    SHAPE("ConversationNotificationTemplateFooter", footer_members);

static const char *const button_types[] = {"QuickReply", "PhoneNumber", "Url", NULL};
static const struct member button_members[] = {
    {"type",       MEMBER_ENUM,    true,  button_types, NULL            },
    {"index",      MEMBER_INTEGER, true,  NULL,         NULL            },
    {"parameters", MEMBER_ARRAY,   false, NULL,         &parameter_shape},
    TEXT_MEMBER("text"),
    TEXT_MEMBER("phoneNumber"),
    TEXT_MEMBER("url"),
    TEXT_MEMBER("payload"),
};
static const struct shape button_shape =
    SHAPE("ConversationNotificationTemplateButton", button_members);

static const struct member template_members[] = {
    {"header",  MEMBER_OBJECT, false, NULL, &header_shape},
    {"body",    MEMBER_OBJECT, true,  NULL, &body_shape  },
    {"buttons", MEMBER_ARRAY,  false, NULL, &button_shape},
    {"footer",  MEMBER_OBJECT, false, NULL, &footer_shape},
    TEXT_MEMBER("id"),
    TEXT_MEMBER("language"),
};
static const struct shape template_shape =
    SHAPE("ConversationContentNotificationTemplate", template_members);

/* --- what is not expected on open messaging ------------------------------- */

static const struct member text_members[] = {
    {"body", MEMBER_TEXT, true, NULL, NULL},
};
static const struct shape text_shape = SHAPE("ConversationContentText", text_members);

static const char *const story_types[] = {"Mention", "Reply", NULL};
static const struct member story_members[] = {
    {"type", MEMBER_ENUM, false, story_types, NULL},
    TEXT_MEMBER("url"),
    TEXT_MEMBER("replyToId"),
};
static const struct shape story_shape =
    SHAPE("ConversationContentStory", story_members);

static const char *const answer_types[] = {"Button",     "QuickReply", "DatePicker",
                                           "ListPicker", "Form",       NULL};
static const struct member answer_members[] = {
    {"type",    MEMBER_ENUM, false, answer_types, NULL},
    {"text",    MEMBER_TEXT, true,  NULL,         NULL},
    {"payload", MEMBER_TEXT, true,  NULL,         NULL},
    TEXT_MEMBER("originatingMessageId"),
};
static const struct shape answer_shape =
    SHAPE("ConversationContentButtonResponse", answer_members);

static const char *const reaction_types[] = {
    "None",  "Like", "Love",  "Wow",     "Haha", "Sad",    "Angry", "Thankful",
    "Pride", "Care", "Share", "Comment", "View", "Rating", NULL};
static const struct member reaction_members[] = {
    {"reactionType", MEMBER_ENUM,    false, reaction_types, NULL},
    {"count",        MEMBER_INTEGER, true,  NULL,           NULL},
};
static const struct shape reaction_shape =
    SHAPE("ConversationContentReaction", reaction_members);

/* --- the element ---------------------------------------------------------- */

static const char *const content_types[] = {"Reactions",
                                            "Attachment",
                                            "Location",
                                            "QuickReply",
                                            "Notification",
                                            "ButtonResponse",
                                            "Story",
                                            "Mention",
                                            "Card",
                                            "Carousel",
                                            "Text",
                                            "QuickReplyV2",
                                            "DatePicker",
                                            "InteractiveApplication",
                                            "ListPicker",
                                            "PaymentRequest",
                                            "PaymentResponse",
                                            "Push",
                                            "Form",
                                            "RoadsideAssistance",
                                            "RichLink",
                                            "NotificationResponse",
                                            "Unknown",
                                            NULL};

static const struct member element_members[] = {
    {"contentType",    MEMBER_ENUM,   true,  content_types, NULL                 },
    {"attachment",     MEMBER_OBJECT, false, NULL,          &attachment_shape    },
    {"quickReply",     MEMBER_OBJECT, false, NULL,          &quick_reply_shape   },
    {"quickReplyV2",   MEMBER_OBJECT, false, NULL,          &quick_reply_v2_shape},
    {"card",           MEMBER_OBJECT, false, NULL,          &card_shape          },
    {"carousel",       MEMBER_OBJECT, false, NULL,          &carousel_shape      },
    {"datePicker",     MEMBER_OBJECT, false, NULL,          &date_picker_shape   },
    {"listPicker",     MEMBER_OBJECT, false, NULL,          &list_picker_shape   },
    {"template",       MEMBER_OBJECT, false, NULL,          &template_shape      },
    {"location",       MEMBER_OBJECT, false, NULL,          &location_shape      },
    {"text",           MEMBER_OBJECT, false, NULL,          &text_shape          },
    {"story",          MEMBER_OBJECT, false, NULL,          &story_shape         },
    {"reactions",      MEMBER_ARRAY,  false, NULL,          &reaction_shape      },
    {"buttonResponse", MEMBER_OBJECT, false, NULL,          &answer_shape        },
    ANY_OBJECT("interactiveApplication"),
    ANY_OBJECT("paymentRequest"),
    ANY_OBJECT("paymentResponse"),
    ANY_OBJECT("push"),
    ANY_OBJECT("form"),
    ANY_OBJECT("notificationResponse"),
};
static const struct shape element_shape =
    SHAPE("ConversationMessageContent", element_members);

static const struct member content_members[] = {
    {"content", MEMBER_ARRAY, true, NULL, &element_shape},
};
const struct shape model_content = SHAPE("agent", content_members);
