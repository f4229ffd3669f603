/*
 * Source: SDK models ConversationMessageContent and ConversationContent*, in
 * genesys/schemas.json; genesys/open-messaging.md section 4.4; read 2026-11-21.
 */
#include "structured.h"

#include "gateway/member.h"
#include "gateway/readable.h"

/* Text that comes from a 1 MiB body is not longer than it by much. */
#define LINES_BYTES (2u * 1024 * 1024)
/* One time, in any form. */
#define LABEL_BYTES ((size_t)512)

/*
 * The list is walked twice by the same functions: once to count (the arrays are NULL),
 * once to fill them.
 */
struct reading {
    struct keeper *keep;
    struct content *content;
    struct buf *lines; /* NULL: counting */
};

static void add_line(struct reading *reading, struct str line)
{
    if (reading->lines != NULL)
        readable_line(reading->lines, line);
}

static void add_member_line(struct reading *reading, const struct json *object,
                            const char *name)
{
    add_line(reading, member_text(object, name));
}

/* "before: after", or whichever of the two there is. */
static void add_pair_line(struct reading *reading, struct str before, struct str after)
{
    if (reading->lines == NULL)
        return;
    readable_line(reading->lines, before);
    if (before.len == 0)
        readable_line(reading->lines, after);
    else if (after.len > 0)
        buf_printf(reading->lines, ": %.*s", STR_ARG(after));
}

/* ---- attachments, options, cards ---- */

static bool read_attachment(struct reading *reading, const struct json *attachment)
{
    struct content *content = reading->content;

    if (json_kind_of(attachment) != JSON_OBJECT)
        return false;
    size_t i = content->attachment_count++;
    if (content->attachments == NULL)
        return true;
    struct attachment *out = &content->attachments[i];
    out->url = keep_str(reading->keep, member_text(attachment, "url"));
    out->mime = keep_str(reading->keep, member_text(attachment, "mime"));
    out->name = keep_str(reading->keep, member_text(attachment, "filename"));
    out->sha256 = keep_str(reading->keep, member_text(attachment, "sha256"));
    out->text = keep_str(reading->keep, member_text(attachment, "text"));
    (void)json_i64(json_get(attachment, "contentSizeBytes"), &out->size);
    if (out->size < 0)
        out->size = 0;
    return true;
}

/* An option needs a label or a payload; each stands in for the other. */
static bool is_option(const struct json *option)
{
    return member_text(option, "text").len > 0 ||
           member_text(option, "payload").len > 0;
}

static void fill_choice(struct keeper *keep, const struct json *option,
                        enum choice_kind kind, struct choice *out)
{
    struct str text = member_text(option, "text");
    struct str payload = member_text(option, kind == CHOICE_LINK ? "url" : "payload");

    out->kind = kind;
    out->label = keep_str(keep, text.len > 0 ? text : payload);
    out->payload = keep_str(keep, payload.len > 0 ? payload : text);
    out->image = keep_str(keep, member_text(option, "image"));
}

static bool read_quick_reply(struct reading *reading, const struct json *option)
{
    struct content *content = reading->content;

    if (!is_option(option))
        return false;
    size_t i = content->quick_reply_count++;
    if (content->quick_replies != NULL)
        fill_choice(reading->keep, option, CHOICE_QUICK_REPLY,
                    &content->quick_replies[i]);
    return true;
}

/* A time or an item that is no option by itself: label and payload are given. */
static void add_choice(struct reading *reading, enum choice_kind kind, struct str label,
                       struct str payload)
{
    struct content *content = reading->content;
    size_t i = content->quick_reply_count++;

    if (content->quick_replies == NULL)
        return;
    content->quick_replies[i] = (struct choice){
        .kind = kind,
        .label = keep_str(reading->keep, label),
        .payload = keep_str(reading->keep, payload),
    };
}

static bool read_quick_reply_list(struct reading *reading, const struct json *list)
{
    const struct json *actions = json_get(list, "actions");
    bool any = false;

    add_member_line(reading, list, "title");
    for (const struct json *item = json_first(actions); item; item = json_next(item))
        any |= read_quick_reply(reading, item);
    return any || member_text(list, "title").len > 0;
}

static bool is_link(const struct json *action)
{
    return member_text(action, "url").len > 0 &&
           (str_is(member_text(action, "type"), "Link") ||
            member_text(action, "payload").len == 0);
}

static void fill_card(struct keeper *keep, const struct json *json, struct card *out)
{
    const struct json *actions = json_get(json, "actions");

    out->title = keep_str(keep, member_text(json, "title"));
    out->description = keep_str(keep, member_text(json, "description"));
    out->image = keep_str(keep, member_text(json, "image"));
    out->choices = keep_array(keep, json_count(actions), sizeof(*out->choices));
    if (out->choices == NULL)
        return;
    for (const struct json *item = json_first(actions); item; item = json_next(item)) {
        if (is_link(item))
            fill_choice(keep, item, CHOICE_LINK, &out->choices[out->choice_count++]);
        else if (is_option(item))
            fill_choice(keep, item, CHOICE_BUTTON, &out->choices[out->choice_count++]);
    }
}

static bool read_card(struct reading *reading, const struct json *card)
{
    struct content *content = reading->content;

    if (json_kind_of(card) != JSON_OBJECT)
        return false;
    size_t i = content->card_count++;
    if (content->cards != NULL)
        fill_card(reading->keep, card, &content->cards[i]);
    return true;
}

static bool read_carousel(struct reading *reading, const struct json *carousel)
{
    const struct json *cards = json_get(carousel, "cards");
    bool any = false;

    for (const struct json *card = json_first(cards); card; card = json_next(card))
        any |= read_card(reading, card);
    return any;
}

/* ---- what is only text here ---- */

static bool read_text(struct reading *reading, const struct json *text)
{
    add_member_line(reading, text, "body");
    return member_text(text, "body").len > 0;
}

static bool read_location(struct reading *reading, const struct json *location)
{
    add_member_line(reading, location, "text");
    add_member_line(reading, location, "address");
    add_member_line(reading, location, "url");
    return member_text(location, "text").len + member_text(location, "address").len +
               member_text(location, "url").len >
           0;
}

/* "2026-02-04 09:00 UTC (30 min)"; a time that cannot be read is shown as it came. */
static void label_time(const struct json *time, struct buf *out)
{
    struct str given = member_text(time, "dateTime");
    char text[TIME_TEXT_BYTES];
    int64_t at_ms = 0;
    int64_t seconds = 0;

    if (time_parse(given, &at_ms)) {
        time_format(at_ms, text);
        buf_printf(out, "%.10s %.5s UTC", text, text + strlen("2026-02-04T"));
    } else {
        buf_add(out, given);
    }
    (void)json_i64(json_get(time, "duration"), &seconds);
    if (seconds >= 60)
        buf_printf(out, " (%lld min)", (long long)(seconds / 60));
}

/* Source: genesys/open-messaging.md section 3.6: the answer's payload is the time. */
static void read_time(struct reading *reading, const struct json *time)
{
    CLEANUP(buf_release) struct buf label;
    struct str given = member_text(time, "dateTime");

    buf_init(&label, LABEL_BYTES);
    label_time(time, &label);
    if (given.len > 0 && buf_ok(&label))
        add_choice(reading, CHOICE_DATE, buf_str(&label), given);
}

static bool read_date_picker(struct reading *reading, const struct json *picker)
{
    const struct json *times = json_get(picker, "availableTimes");

    if (json_kind_of(picker) != JSON_OBJECT)
        return false;
    add_member_line(reading, picker, "title");
    add_member_line(reading, picker, "subtitle");
    (void)read_location(reading, json_get(picker, "location"));
    add_pair_line(reading, member_text(picker, "dateMinimum"),
                  member_text(picker, "dateMaximum"));
    for (const struct json *time = json_first(times); time; time = json_next(time))
        read_time(reading, time);
    return true;
}

/* What explains an item stands above: a button has no room for it. */
static void read_item(struct reading *reading, const struct json *item)
{
    struct str title = member_text(item, "title");
    struct str id = member_text(item, "id");

    if (member_text(item, "subtitle").len > 0)
        add_pair_line(reading, title, member_text(item, "subtitle"));
    if (title.len > 0)
        add_choice(reading, CHOICE_ITEM, title, id.len > 0 ? id : title);
}

static bool read_list_picker(struct reading *reading, const struct json *picker)
{
    const struct json *prompt = json_get(picker, "receivedMessage");
    const struct json *section = json_first(json_get(picker, "sections"));

    if (json_kind_of(picker) != JSON_OBJECT)
        return false;
    add_member_line(reading, prompt, "title");
    add_member_line(reading, prompt, "subtitle");
    for (; section; section = json_next(section)) {
        const struct json *item = json_first(json_get(section, "items"));
        add_member_line(reading, section, "title");
        for (; item; item = json_next(item))
            read_item(reading, item);
    }
    return true;
}

/* ---- templates ---- */

/* More than any template has; bounds the work of a hostile one. */
#define PARAMETERS_MAX 64
#define PARAMETER_NAME_BYTES 64

static const struct json *find_parameter(const struct json *parameters, struct str name)
{
    const struct json *parameter = json_first(parameters);

    for (int i = 0; parameter != NULL && i < PARAMETERS_MAX; i++) {
        if (str_equal(member_text(parameter, "name"), name))
            return parameter;
        parameter = json_next(parameter);
    }
    return NULL;
}

/* Length of the placeholder "{{name}}" that the text begins with, and its value. */
static size_t placeholder(struct str text, const struct json *parameters,
                          struct str *out_value)
{
    if (!str_starts(text, STR("{{")))
        return 0;
    struct str rest = str_sub(text, 2, PARAMETER_NAME_BYTES);
    struct str name = str_cut(&rest, '}');
    const struct json *parameter = find_parameter(parameters, str_trim(name));
    if (parameter == NULL || !str_starts(rest, STR("}")))
        return 0;
    *out_value = member_text(parameter, "text");
    return 2 + name.len + 2;
}

/* A part of a template (header, body, footer) with its parameters put in. */
static void add_template_line(struct reading *reading, const struct json *part)
{
    const struct json *parameters = json_get(part, "parameters");
    struct str text = member_text(part, "text");

    if (reading->lines == NULL || text.len == 0)
        return;
    readable_begin(reading->lines);
    while (text.len > 0) {
        struct str value;
        size_t len = placeholder(text, parameters, &value);
        if (len == 0) {
            buf_add_char(reading->lines, text.ptr[0]);
            len = 1;
        } else {
            buf_add(reading->lines, value);
        }
        text = str_sub(text, len, text.len);
    }
}

static void read_template_button(struct reading *reading, const struct json *button)
{
    struct str url = member_text(button, "url");
    struct str phone = member_text(button, "phoneNumber");

    if (str_is(member_text(button, "type"), "QuickReply"))
        (void)read_quick_reply(reading, button);
    else
        add_pair_line(reading, member_text(button, "text"), url.len > 0 ? url : phone);
}

static bool read_template(struct reading *reading, const struct json *template)
{
    const struct json *header = json_get(template, "header");
    const struct json *buttons = json_get(template, "buttons");

    if (json_kind_of(template) != JSON_OBJECT)
        return false;
    (void)read_attachment(reading, json_get(header, "media"));
    add_template_line(reading, header);
    add_template_line(reading, json_get(template, "body"));
    add_template_line(reading, json_get(template, "footer"));
    for (const struct json *item = json_first(buttons); item; item = json_next(item))
        read_template_button(reading, item);
    return true;
}

/* ---- the table ---- */

static const struct {
    const char *content_type;
    const char *member;
    /* False: the member is missing or holds nothing that can be shown. */
    bool (*read)(struct reading *reading, const struct json *member);
} kinds[] = {
    {"Attachment",   "attachment",   read_attachment      },
    {"QuickReply",   "quickReply",   read_quick_reply     },
    {"QuickReplyV2", "quickReplyV2", read_quick_reply_list},
    {"Card",         "card",         read_card            },
    {"Carousel",     "carousel",     read_carousel        },
    {"Text",         "text",         read_text            },
    {"Location",     "location",     read_location        },
    {"DatePicker",   "datePicker",   read_date_picker     },
    {"ListPicker",   "listPicker",   read_list_picker     },
    {"Notification", "template",     read_template        },
};

/* Whatever else Genesys Cloud may think of: the customer at least learns of it. */
static void add_unknown_line(struct reading *reading, struct str content_type)
{
    if (reading->lines == NULL)
        return;
    readable_begin(reading->lines);
    if (content_type.len > 0 && content_type.len <= 64)
        buf_printf(reading->lines, "[content that cannot be shown: %.*s]",
                   STR_ARG(content_type));
    else
        buf_add(reading->lines, STR("[content that cannot be shown]"));
}

static void read_element(struct reading *reading, const struct json *element)
{
    struct str content_type = member_text(element, "contentType");

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct json *member = json_get(element, kinds[i].member);
        bool fits = content_type.len > 0
                        ? str_is(content_type, kinds[i].content_type)
                        : member != NULL; /* inbound models have no contentType */
        if (fits && kinds[i].read(reading, member))
            return;
    }
    add_unknown_line(reading, content_type);
}

static void read_elements(struct reading *reading, const struct json *list)
{
    for (const struct json *item = json_first(list); item; item = json_next(item))
        read_element(reading, item);
}

void genesys_read_content(struct keeper *keep, const struct json *list,
                          struct content *out)
{
    struct content counts = {0};
    struct reading counting = {.keep = keep, .content = &counts};
    CLEANUP(buf_release) struct buf lines;
    struct reading filling = {.keep = keep, .content = out, .lines = &lines};

    buf_init(&lines, LINES_BYTES);
    read_elements(&counting, list);
    *out = (struct content){
        .attachments =
            keep_array(keep, counts.attachment_count, sizeof(*out->attachments)),
        .quick_replies =
            keep_array(keep, counts.quick_reply_count, sizeof(*out->quick_replies)),
        .cards = keep_array(keep, counts.card_count, sizeof(*out->cards)),
    };
    if (keep->is_full)
        return;
    read_elements(&filling, list);
    out->fallback = keep_str(keep, buf_str(&lines));
    keep->is_full |= !buf_ok(&lines);
}
