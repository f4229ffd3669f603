#include "content_rules.h"

#include <stdarg.h>

#include "media_types.h"

struct checking {
    struct misfit *misfit;
    char place[160]; /* "content[0].card" */
};

static bool wrong(struct checking *checking, const char *field, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Says what is wrong with the field, or with the place itself; always false. */
static bool wrong(struct checking *checking, const char *field, const char *format, ...)
{
    struct misfit *misfit = checking->misfit;
    misfit->code = "bad.request";
    (void)snprintf(misfit->field, sizeof(misfit->field), "%.120s%s%.36s",
                   checking->place, field[0] == '\0' ? "" : ".", field);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(misfit->text, sizeof(misfit->text), format, args);
    va_end(args);
    return false;
}

static struct checking inside(const struct checking *checking, const char *name,
                              size_t index)
{
    struct checking here = {.misfit = checking->misfit};
    (void)snprintf(here.place, sizeof(here.place), "%.100s.%s[%zu]", checking->place,
                   name, index);
    return here;
}

static bool has(struct checking *checking, const struct json *object, const char *name,
                const char *owner)
{
    return text_of(object, name).len > 0 ||
           wrong(checking, name, "Missing required field [%s] of [%s]", name, owner);
}

static bool attachment_fits(struct checking *checking, const struct json *attachment)
{
    int64_t bytes = 0;
    (void)json_i64(json_get(attachment, "contentSizeBytes"), &bytes);
    return (bytes >= 0 && bytes <= MEDIA_BYTES_MAX) ||
           wrong(checking, "contentSizeBytes",
                 "Value [%lld] is not a size from 0 to 25 MB", (long long)bytes);
}

static bool list_fits(struct checking *checking, const struct json *object,
                      const char *name)
{
    return json_count(json_get(object, name)) > 0 ||
           wrong(checking, name, "Field [%s] must not be empty", name);
}

static bool quick_reply_v2_fits(struct checking *checking, const struct json *replies)
{
    return list_fits(checking, replies, "actions");
}

/* Source: open-messaging.md, section 4.4: Link with url, Postback with payload. */
static bool action_fits(struct checking *checking, const struct json *action)
{
    struct str type = text_of(action, "type");
    if (str_is(type, "Link"))
        return has(checking, action, "url", "Link");
    return !str_is(type, "Postback") || has(checking, action, "payload", "Postback");
}

static bool actions_fit(struct checking *checking, const struct json *card)
{
    const struct json *action = json_first(json_get(card, "actions"));
    for (size_t i = 0; action != NULL; action = json_next(action)) {
        struct checking here = inside(checking, "actions", i++);
        if (!has(&here, action, "text", "ConversationContentCardAction") ||
            !action_fits(&here, action))
            return false;
    }
    return action_fits(checking, member_of(card, "defaultAction"));
}

static bool is_same_button(const struct json *a, const struct json *b)
{
    struct str payload = text_of(a, "payload");
    return payload.len > 0 && str_equal(payload, text_of(b, "payload")) &&
           str_equal(text_of(a, "text"), text_of(b, "text"));
}

static bool is_among(const struct json *action, const struct json *first)
{
    for (; first != NULL; first = json_next(first)) {
        if (is_same_button(action, first))
            return true;
    }
    return false;
}

/* Whether an action comes again in its own card, or in one of those behind it. */
static bool is_repeated(const struct json *action, const struct json *next_card)
{
    bool is_there = is_among(action, json_next(action));
    for (; next_card != NULL && !is_there; next_card = json_next(next_card))
        is_there = is_among(action, json_first(json_get(next_card, "actions")));
    return is_there;
}

/* Source: open-messaging.md, section 4.4 (ConversationContentCardAction). */
static bool buttons_differ(struct checking *checking, const struct json *card,
                           const struct json *next_card)
{
    const struct json *action = json_first(json_get(card, "actions"));
    for (; action != NULL; action = json_next(action)) {
        struct str text = text_of(action, "text");
        if (is_repeated(action, next_card))
            return wrong(checking, "actions",
                         "The combination of text and payload must be unique: [%.*s] "
                         "is there twice",
                         STR_ARG(str_sub(text, 0, utf8_prefix(text, 32))));
    }
    return true;
}

static bool card_fits(struct checking *checking, const struct json *card)
{
    return actions_fit(checking, card) && buttons_differ(checking, card, NULL);
}

static bool carousel_fits(struct checking *checking, const struct json *carousel)
{
    const struct json *card = json_first(json_get(carousel, "cards"));
    if (!list_fits(checking, carousel, "cards"))
        return false;
    for (size_t i = 0; card != NULL; card = json_next(card)) {
        struct checking here = inside(checking, "cards", i++);
        if (!actions_fit(&here, card) || !buttons_differ(&here, card, json_next(card)))
            return false;
    }
    return true;
}

static bool date_picker_fits(struct checking *checking, const struct json *picker)
{
    const struct json *time = json_first(json_get(picker, "availableTimes"));
    int64_t from_ms = 0;
    int64_t to_ms = 0;
    int64_t seconds = 0;
    if (time_parse(text_of(picker, "dateMinimum"), &from_ms) &&
        time_parse(text_of(picker, "dateMaximum"), &to_ms) && from_ms > to_ms)
        return wrong(checking, "dateMaximum", "dateMaximum is before dateMinimum");
    for (size_t i = 0; time != NULL; time = json_next(time)) {
        struct checking here = inside(checking, "availableTimes", i++);
        if (json_i64(json_get(time, "duration"), &seconds) && seconds < 0)
            return wrong(&here, "duration", "Value [%lld] is not a duration in seconds",
                         (long long)seconds);
    }
    return true;
}

static bool template_button_fits(struct checking *checking, const struct json *button)
{
    static const char *const needs[][2] = {
        {"QuickReply",  "text"       },
        {"PhoneNumber", "phoneNumber"},
        {"Url",         "url"        },
    };
    for (size_t i = 0; i < COUNT_OF(needs); i++) {
        if (str_is(text_of(button, "type"), needs[i][0]))
            return has(checking, button, needs[i][1], needs[i][0]);
    }
    return true;
}

static bool header_fits(struct checking *checking, const struct json *header)
{
    bool is_media = str_is(text_of(header, "type"), "Media");
    const char *name = is_media ? "media" : "text";
    const char *field = is_media ? "header.media" : "header.text";
    return header == NULL || member_of(header, name) != NULL ||
           wrong(checking, field, "Missing required field [%s] of the header", name);
}

static bool template_fits(struct checking *checking, const struct json *template)
{
    const struct json *button = json_first(json_get(template, "buttons"));
    if (!header_fits(checking, member_of(template, "header")))
        return false;
    for (size_t i = 0; button != NULL; button = json_next(button)) {
        struct checking here = inside(checking, "buttons", i++);
        if (!template_button_fits(&here, button))
            return false;
    }
    return true;
}

/* A member of its own, and no rules beyond its model. */
static bool any_fits(struct checking *checking, const struct json *value)
{
    (void)checking;
    (void)value;
    return true;
}

const struct content_kind content_kinds[] = {
    {"Attachment",             "attachment",             attachment_fits    },
    {"QuickReply",             "quickReply",             any_fits           },
    {"QuickReplyV2",           "quickReplyV2",           quick_reply_v2_fits},
    {"Card",                   "card",                   card_fits          },
    {"Carousel",               "carousel",               carousel_fits      },
    {"DatePicker",             "datePicker",             date_picker_fits   },
    {"ListPicker",             "listPicker",             any_fits           },
    {"Notification",           "template",               template_fits      },
    {"Location",               "location",               any_fits           },
    {"Text",                   "text",                   any_fits           },
    {"Story",                  "story",                  any_fits           },
    {"Reactions",              "reactions",              any_fits           },
    {"ButtonResponse",         "buttonResponse",         any_fits           },
    {"InteractiveApplication", "interactiveApplication", any_fits           },
    {"PaymentRequest",         "paymentRequest",         any_fits           },
    {"PaymentResponse",        "paymentResponse",        any_fits           },
    {"Push",                   "push",                   any_fits           },
    {"Form",                   "form",                   any_fits           },
    {"NotificationResponse",   "notificationResponse",   any_fits           },
    {NULL,                     NULL,                     NULL               },
};

/* NULL: a type that has no member, such as RichLink. */
static const struct content_kind *kind_of(const struct json *element)
{
    struct str type = text_of(element, "contentType");
    const struct content_kind *kind = content_kinds;
    while (kind->type != NULL && !str_is(type, kind->type))
        kind++;
    return kind->type == NULL ? NULL : kind;
}

static bool has_own_member_only(struct checking *checking, const struct json *element,
                                const struct content_kind *own)
{
    if (member_of(element, own->member) == NULL)
        return wrong(checking, own->member,
                     "Missing required field [%s] of content of type [%s]", own->member,
                     own->type);
    for (const struct content_kind *kind = content_kinds; kind->type != NULL; kind++) {
        if (kind != own && member_of(element, kind->member) != NULL)
            return wrong(checking, kind->member,
                         "Field [%s] does not belong to content of type [%s]",
                         kind->member, own->type);
    }
    return true;
}

static bool element_fits(struct misfit *misfit, const struct json *element,
                         size_t index)
{
    struct checking checking = {.misfit = misfit};
    const struct content_kind *kind = kind_of(element);
    (void)snprintf(checking.place, sizeof(checking.place), "content[%zu]", index);
    if (kind == NULL)
        return true;
    if (!has_own_member_only(&checking, element, kind))
        return false;
    (void)snprintf(checking.place, sizeof(checking.place), "content[%zu].%s", index,
                   kind->member);
    return kind->fits(&checking, json_get(element, kind->member));
}

bool content_follows_rules(const struct json *content, struct misfit *out_misfit)
{
    size_t index = 0;
    size_t attachments = 0;
    for (const struct json *element = json_first(content); element != NULL;
         element = json_next(element)) {
        attachments += member_of(element, "attachment") != NULL;
        if (!element_fits(out_misfit, element, index++))
            return false;
    }
    struct checking checking = {.misfit = out_misfit, .place = "content"};
    return attachments <= 1 ||
           wrong(&checking, "", "A message can hold at most one attachment, not %zu",
                 attachments);
}
