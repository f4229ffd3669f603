/*
 * whatsapp_cards: a card as an interactive message: up to three buttons, or one link,
 * under a picture; without either, a picture with a caption.
 *
 * Source: channels/whatsapp.md section 5, "Rendering Genesys structured content"; read
 * 2026-12-01.
 */
#include "whatsapp.h"

#include "gateway/choice.h"
#include "gateway/limits.h"
#include "gateway/readable.h"

#define BUTTONS_MAX 3
#define LABEL_MAX 20

static size_t count_links(const struct card *card)
{
    size_t count = 0;

    for (size_t i = 0; i < card->choice_count; i++)
        count += card->choices[i].kind == CHOICE_LINK;
    return count;
}

static bool labels_fit(const struct card *card)
{
    for (size_t i = 0; i < card->choice_count; i++)
        if (!utf8_fits(card->choices[i].label, LABEL_MAX))
            return false;
    return true;
}

static bool fits_card(const struct card *card)
{
    size_t links = count_links(card);
    bool has_text = card->title.len + card->description.len > 0;

    if (card->choice_count == 0)
        return card->image.len > 0;
    if (!has_text || !labels_fit(card))
        return false;
    return links == 0 ? card->choice_count <= BUTTONS_MAX
                      : links == 1 && card->choice_count == 1;
}

bool whatsapp_fits_cards(const struct content *content)
{
    for (size_t i = 0; i < content->card_count; i++)
        if (!fits_card(&content->cards[i]))
            return false;
    return true;
}

static void add_buttons(struct json *action, const struct card *card,
                        int64_t message_id, unsigned ordinal)
{
    struct json *list = json_add_array(action, "buttons");

    for (size_t i = 0; i < card->choice_count; i++) {
        struct json *button = json_append_object(list);
        json_add_str(button, "type", STR("reply"));
        struct json *reply = json_add_object(button, "reply");
        choice_add(reply, "id", message_id, ordinal + (unsigned)i);
        json_add_str(reply, "title", card->choices[i].label);
    }
}

static void add_link(struct json *action, const struct choice *link)
{
    json_add_str(action, "name", STR("cta_url"));
    struct json *parameters = json_add_object(action, "parameters");
    json_add_str(parameters, "display_text", link->label);
    json_add_str(parameters, "url", link->payload);
}

const char *whatsapp_card_type(const struct card *card)
{
    return card->choice_count == 0 ? "image" : "interactive";
}

void whatsapp_add_card(struct json *body, const struct card *card, int64_t message_id,
                       unsigned ordinal)
{
    bool has_link = count_links(card) > 0;
    CLEANUP(buf_release) struct buf text;

    buf_init(&text, LIMIT_EXCHANGE_BYTES);
    readable_line(&text, card->title);
    readable_line(&text, card->description);
    if (card->choice_count == 0) {
        struct json *image = json_add_object(body, "image");
        json_add_str(image, "link", card->image);
        if (text.len > 0)
            json_add_str(image, "caption", buf_str(&text));
        return;
    }
    struct json *part = json_add_object(body, "interactive");
    json_add_str(part, "type", has_link ? STR("cta_url") : STR("button"));
    if (card->image.len > 0) {
        struct json *header = json_add_object(part, "header");
        json_add_str(header, "type", STR("image"));
        json_add_str(json_add_object(header, "image"), "link", card->image);
    }
    json_add_str(json_add_object(part, "body"), "text", buf_str(&text));
    struct json *action = json_add_object(part, "action");
    if (has_link)
        add_link(action, &card->choices[0]);
    else
        add_buttons(action, card, message_id, ordinal);
}
