/*
 * line_cards: cards as LINE's templates.
 *
 * A template takes few characters, fewer beside a title or an image, and the columns of
 * a carousel must have the same shape. Nothing that can be pressed is left out and
 * nothing is made up to get there: cards that fit no template go as text.
 * Source: channels/line.md section 5, "Template"; read 2026-12-01. *unsure*: the unit
 * of its limits; the documents count texts in UTF-16.
 */
#include "line.h"

#include "gateway/choice.h"
#include "gateway/limits.h"
#include "gateway/parts.h"

#define COLUMNS_MAX 10
#define COLUMN_ACTIONS_MAX 3
#define BUTTONS_ACTIONS_MAX 4
/* Messages of one push are five, of which one may be the text. */
#define SINGLES_MAX 4

#define URL_MAX 1000
static const struct text_limit label_limit = {20, TEXT_UTF16};
static const struct text_limit title_limit = {40, TEXT_UTF16};
static const struct text_limit alt_limit = {400, TEXT_UTF16};
/* Of the text: beside a title or an image, else in a column, else by itself. */
#define TEXT_BESIDE_MAX 60
#define TEXT_COLUMN_MAX 120
#define TEXT_SINGLE_MAX 160

/* ---- what fits ---- */

/* The shape of a template; the same for all columns of a carousel. */
struct shape {
    bool is_column;
    bool has_images;
    bool has_titles; /* else the title begins the text */
};

bool line_fits_label(struct str label)
{
    return label.len > 0 && text_fits(label, label_limit);
}

static bool is_https(struct str url)
{
    return str_starts(url, STR("https://")) && url.len <= URL_MAX;
}

static bool fits_choice(const struct choice *choice)
{
    bool is_link = choice->kind == CHOICE_LINK;
    bool is_web =
        is_https(choice->payload) ||
        (str_starts(choice->payload, STR("http://")) && choice->payload.len <= URL_MAX);

    return line_fits_label(choice->label) && (!is_link || is_web);
}

static bool fits_text(const struct card *card, const struct shape *shape)
{
    size_t max = shape->is_column ? TEXT_COLUMN_MAX : TEXT_SINGLE_MAX;
    size_t title = text_length(card->title, TEXT_UTF16);
    size_t description = text_length(card->description, TEXT_UTF16);
    bool has_both = title > 0 && description > 0;

    if (shape->has_titles)
        return has_both && text_fits(card->title, title_limit) &&
               description <= TEXT_BESIDE_MAX;
    if (shape->has_images)
        max = TEXT_BESIDE_MAX;
    size_t length = title + has_both + description;
    return length > 0 && length <= max;
}

static bool fits_card(const struct card *card, const struct shape *shape)
{
    size_t max = shape->is_column ? COLUMN_ACTIONS_MAX : BUTTONS_ACTIONS_MAX;

    if (card->choice_count == 0 || card->choice_count > max ||
        (shape->has_images && !is_https(card->image)) || !fits_text(card, shape))
        return false;
    for (size_t i = 0; i < card->choice_count; i++)
        if (!fits_choice(&card->choices[i]))
            return false;
    return true;
}

static bool fit_cards(const struct card *cards, size_t count, const struct shape *shape)
{
    for (size_t i = 0; i < count; i++)
        if (cards[i].choice_count != cards[0].choice_count ||
            !fits_card(&cards[i], shape))
            return false;
    return true;
}

/* The richest shape that all of them have. */
static bool find_shape(const struct card *cards, size_t count, bool is_column,
                       struct shape *out)
{
    static const struct shape shapes[] = {
        {.has_images = true,  .has_titles = true },
        {.has_images = true,  .has_titles = false},
        {.has_images = false, .has_titles = true },
        {.has_images = false, .has_titles = false},
    };

    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        *out = shapes[i];
        out->is_column = is_column;
        if (fit_cards(cards, count, out))
            return true;
    }
    return false;
}

static bool find_carousel(const struct card *cards, size_t count, struct shape *out)
{
    return count > 1 && count <= COLUMNS_MAX && find_shape(cards, count, true, out);
}

bool line_fits_cards(const struct content *content)
{
    struct shape shape;

    if (find_carousel(content->cards, content->card_count, &shape))
        return true;
    if (content->card_count > SINGLES_MAX)
        return false;
    for (size_t i = 0; i < content->card_count; i++)
        if (!find_shape(&content->cards[i], 1, false, &shape))
            return false;
    return true;
}

/* ---- how it is said ---- */

struct json *line_new_postback(int64_t message_id, unsigned ordinal, struct str label)
{
    struct json *action = json_new_object();

    json_add_str(action, "type", STR("postback"));
    json_add_str(action, "label", label);
    choice_add(action, "data", message_id, ordinal);
    json_add_str(action, "displayText", label);
    return action;
}

static struct json *new_link(const struct choice *choice)
{
    struct json *action = json_new_object();

    json_add_str(action, "type", STR("uri"));
    json_add_str(action, "label", choice->label);
    json_add_str(action, "uri", choice->payload);
    return action;
}

static void add_text(struct json *template, const struct card *card,
                     const struct shape *shape)
{
    CLEANUP(buf_release) struct buf text;

    buf_init(&text, LIMIT_EXCHANGE_BYTES);
    if (shape->has_titles) {
        json_add_str(template, "title", card->title);
        json_add_str(template, "text", card->description);
        return;
    }
    buf_add(&text, card->title);
    if (card->title.len > 0 && card->description.len > 0)
        buf_add_char(&text, '\n');
    buf_add(&text, card->description);
    json_add_str(template, "text", buf_str(&text));
}

/* What can be pressed of the message, from the ordinal of the card's first choice on.
 */
struct pressing {
    int64_t message_id;
    unsigned ordinal;
};

static void fill(struct json *template, const struct card *card,
                 const struct shape *shape, struct pressing *pressing)
{
    if (shape->has_images)
        json_add_str(template, "thumbnailImageUrl", card->image);
    add_text(template, card, shape);
    struct json *actions = json_add_array(template, "actions");
    for (size_t i = 0; i < card->choice_count; i++, pressing->ordinal++) {
        const struct choice *choice = &card->choices[i];
        json_append(actions, choice->kind == CHOICE_LINK
                                 ? new_link(choice)
                                 : line_new_postback(pressing->message_id,
                                                     pressing->ordinal, choice->label));
    }
}

/* A message for them; its text is shown where a template cannot be: in notifications,
 * on old devices. */
static struct json *add_message(struct json *messages, const struct card *cards,
                                size_t count)
{
    CLEANUP(buf_release) struct buf alt;
    struct json *message = json_append_object(messages);

    buf_init(&alt, LIMIT_EXCHANGE_BYTES);
    for (size_t i = 0; i < count; i++) {
        bool has_title = cards[i].title.len > 0;
        buf_printf(&alt, "%s%.*s", i == 0 ? "" : ", ",
                   STR_ARG(has_title ? cards[i].title : cards[i].description));
    }
    struct str text = buf_str(&alt);
    json_add_str(message, "type", STR("template"));
    json_add_str(message, "altText", str_sub(text, 0, text_prefix(text, alt_limit)));
    return message;
}

static struct json *add_template(struct json *message, const char *type)
{
    struct json *template = json_add_object(message, "template");

    json_add_str(template, "type", str_of(type));
    return template;
}

static struct json *add_carousel(struct json *messages, const struct rendering *shown,
                                 const struct shape *shape, struct pressing *pressing)
{
    struct json *message = add_message(messages, shown->cards, shown->card_count);
    struct json *columns = json_add_array(add_template(message, "carousel"), "columns");

    for (size_t i = 0; i < shown->card_count; i++)
        fill(json_append_object(columns), &shown->cards[i], shape, pressing);
    return message;
}

static struct json *add_single(struct json *messages, const struct card *card,
                               struct pressing *pressing)
{
    struct json *message = add_message(messages, card, 1);
    struct shape shape;

    (void)find_shape(card, 1, false, &shape);
    fill(add_template(message, "buttons"), card, &shape, pressing);
    return message;
}

struct json *line_add_cards(struct json *messages, int64_t message_id,
                            const struct rendering *shown)
{
    struct pressing pressing = {message_id, shown->card_ordinal};
    struct shape shape;
    struct json *last = NULL;

    if (find_carousel(shown->cards, shown->card_count, &shape))
        return add_carousel(messages, shown, &shape, &pressing);
    for (size_t i = 0; i < shown->card_count; i++)
        last = add_single(messages, &shown->cards[i], &pressing);
    return last;
}
