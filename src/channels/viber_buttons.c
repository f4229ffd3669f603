/*
 * viber_buttons: what can be pressed: keyboards below a message, and cards as blocks of
 * cells side by side.
 *
 * Source: channels/viber.md section 5; Viber's developer documentation, "Keyboards"
 * and "Rich Media message"; read 2026-12-01.
 */
#include "viber.h"

#include "gateway/choice.h"
#include "gateway/member.h"
#include "gateway/readable.h"

/* A keyboard and a block of cards are so wide. */
#define COLUMNS 6
/* The text of a cell, its markup included; it is HTML. */
#define CELL_TEXT_MAX 250
/* In a card: of the title with the description, of an image at least, of a choice. */
#define TEXT_ROWS 2
#define IMAGE_ROWS 2
#define CHOICE_ROWS 1

/* A block has 7 rows, a message 6 blocks (*unsure*: 6 times as many cells as a block).
 * The texts fit a cell beside their markup. */
const struct card_limits viber_card_limits = {
    .cards = 6,
    .choices = 3,
    .title = 80,
    .description = 140,
    .label = VIBER_LABEL_MAX,
};

/* ---- cells ---- */

static struct str html_of(struct str character)
{
    static const struct {
        char byte;
        struct str html;
    } escapes[] = {
        {'<',  STR("&lt;") },
        {'>',  STR("&gt;") },
        {'&',  STR("&amp;")},
        {'\n', STR("<br>") },
    };

    for (size_t i = 0; i < COUNT_OF(escapes); i++)
        if (character.ptr[0] == escapes[i].byte)
            return escapes[i].html;
    return character;
}

/* What does not fit with all its escapes ends in an ellipsis. Returns the room left. */
static size_t add_html(struct buf *out, struct str text, size_t room)
{
    while (room > 0 && text.len > 0) {
        size_t len = utf8_first(text);
        struct str html = html_of(str_sub(text, 0, len > 0 ? len : 1));
        size_t used = utf8_count(html);
        if (used >= room) {
            buf_add(out, STR("\xe2\x80\xa6"));
            return 0;
        }
        buf_add(out, html);
        room -= used;
        text = str_sub(text, len > 0 ? len : 1, text.len);
    }
    return room;
}

static struct json *add_cell(struct json *buttons, size_t rows, const char *action,
                             struct str action_body)
{
    struct json *cell = json_append_object(buttons);

    json_add_i64(cell, "Columns", COLUMNS);
    json_add_i64(cell, "Rows", (int64_t)rows);
    json_add_str(cell, "ActionType", str_of(action));
    json_add_str(cell, "ActionBody", action_body);
    return cell;
}

static void add_cell_text(struct json *cell, struct str text)
{
    CLEANUP(buf_release) struct buf html;

    buf_init(&html, SIZE_MAX);
    (void)add_html(&html, text, CELL_TEXT_MAX);
    json_add_str(cell, "Text", buf_str(&html));
}

/* What it sends is for us: the chat does not show it. */
static void add_reply(struct json *buttons, const struct delivery *delivery,
                      unsigned ordinal, struct str label)
{
    char press[sizeof(VIBER_PRESS) + CHOICE_TOKEN_BYTES] = VIBER_PRESS;

    choice_token(delivery->message_id, ordinal, press + sizeof(VIBER_PRESS) - 1);
    struct json *cell = add_cell(buttons, CHOICE_ROWS, "reply", str_of(press));
    add_cell_text(cell, label);
    json_add_bool(cell, "Silent", true);
}

/* ---- the keyboard ---- */

void viber_add_keyboard(struct json *body, const struct delivery *delivery,
                        const struct rendering *shown)
{
    if (shown->quick_reply_count == 0)
        return;
    struct json *keyboard = json_add_object(body, "keyboard");
    json_add_str(keyboard, "Type", STR("keyboard"));
    json_add_bool(keyboard, "DefaultHeight", false);
    struct json *buttons = json_add_array(keyboard, "Buttons");
    for (size_t i = 0; i < shown->quick_reply_count; i++)
        add_reply(buttons, delivery, shown->ordinals[i], shown->quick_replies[i].label);
}

/* ---- cards ---- */

/* All blocks are as high as the highest. */
static size_t rows_of(const struct rendering *shown)
{
    size_t most = 0;

    for (size_t i = 0; i < shown->card_count; i++) {
        const struct card *card = &shown->cards[i];
        size_t rows = TEXT_ROWS + CHOICE_ROWS * card->choice_count +
                      (card->image.len > 0 ? IMAGE_ROWS : 0);
        most = rows > most ? rows : most;
    }
    return most;
}

static void add_title(struct json *buttons, const struct card *card, size_t rows)
{
    struct json *cell = add_cell(buttons, rows, "none", STR("none"));
    CLEANUP(buf_release) struct buf html;
    size_t room = CELL_TEXT_MAX - STR("<b></b><br>").len;

    buf_init(&html, SIZE_MAX);
    buf_add(&html, STR("<b>"));
    room = add_html(&html, card->title, room);
    buf_add(&html, STR("</b>"));
    if (card->description.len > 0) {
        buf_add(&html, STR("<br>"));
        (void)add_html(&html, card->description, room);
    }
    json_add_str(cell, "Text", buf_str(&html));
    json_add_str(cell, "TextHAlign", STR("left"));
    json_add_bool(cell, "TextShouldFit", true);
}

/* Every block has as many rows: a card's image grows into those it does not need, or
 * its text where it has none. */
static unsigned add_card(struct json *buttons, const struct delivery *delivery,
                         const struct card *card, size_t rows, unsigned ordinal)
{
    size_t rest = rows - CHOICE_ROWS * card->choice_count;
    bool has_image = card->image.len > 0;

    if (has_image)
        json_add_str(add_cell(buttons, rest - TEXT_ROWS, "none", STR("none")), "Image",
                     card->image);
    add_title(buttons, card, has_image ? TEXT_ROWS : rest);
    for (size_t i = 0; i < card->choice_count; i++, ordinal++) {
        const struct choice *choice = &card->choices[i];
        if (choice->kind == CHOICE_LINK)
            add_cell_text(add_cell(buttons, CHOICE_ROWS, "open-url", choice->payload),
                          choice->label);
        else
            add_reply(buttons, delivery, ordinal, choice->label);
    }
    return ordinal;
}

/* Shown by a phone that is older than min_api_version. */
static void add_words(struct json *body, const struct rendering *shown)
{
    CLEANUP(buf_release) struct buf words;

    buf_init(&words, SIZE_MAX);
    for (size_t i = 0; i < shown->card_count; i++) {
        const struct card *card = &shown->cards[i];
        readable_line(&words, card->title);
        readable_line(&words, card->description);
        for (size_t k = 0; k < card->choice_count; k++) {
            readable_line(&words, card->choices[k].label);
            if (card->choices[k].kind == CHOICE_LINK)
                readable_line(&words, card->choices[k].payload);
        }
    }
    struct str text = buf_str(&words);
    json_add_str(body, "alt_text",
                 str_sub(text, 0, text_prefix(text, viber_text_limit)));
}

void viber_add_cards(struct json *body, const struct delivery *delivery,
                     const struct rendering *shown)
{
    size_t rows = rows_of(shown);
    unsigned ordinal = shown->card_ordinal;
    struct json *media = json_add_object(body, "rich_media");

    json_add_str(media, "Type", STR("rich_media"));
    json_add_i64(media, "ButtonsGroupColumns", COLUMNS);
    json_add_i64(media, "ButtonsGroupRows", (int64_t)rows);
    struct json *buttons = json_add_array(media, "Buttons");
    for (size_t i = 0; i < shown->card_count; i++)
        ordinal = add_card(buttons, delivery, &shown->cards[i], rows, ordinal);
    add_words(body, shown);
}
