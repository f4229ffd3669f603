/*
 * slack_blocks: what can be pressed, and cards, as blocks of Slack's Block Kit.
 *
 * Source: channels/slack.md section 5; types of @slack/types 3.2.0; read 2026-12-01.
 */
#include "slack.h"

#include "gateway/choice.h"
#include "gateway/delivery.h"
#include "gateway/limits.h"
#include "saying.h"

static void add_text(struct json *parent, const char *type, struct str text)
{
    struct json *object = json_add_object(parent, "text");

    json_add_str(object, "type", str_of(type));
    json_add_str(object, "text", text);
}

static struct json *add_block(struct json *blocks, const char *type)
{
    struct json *block = json_append_object(blocks);

    json_add_str(block, "type", str_of(type));
    return block;
}

/* ---- buttons ---- */

static struct json *add_button(struct json *elements, struct str label)
{
    struct json *button = add_block(elements, "button");

    add_text(button, "plain_text", label);
    return button;
}

/* The button holds a token, the store the payload. */
static void add_answer(struct json *elements, const struct delivery *delivery,
                       unsigned ordinal, struct str label)
{
    struct json *button = add_button(elements, label);

    choice_add(button, "action_id", delivery->message_id, ordinal);
    choice_add(button, "value", delivery->message_id, ordinal);
}

static void add_link(struct json *elements, unsigned ordinal,
                     const struct choice *choice)
{
    char id[sizeof(SLACK_LINK_ACTION) + 12];
    struct json *button = add_button(elements, choice->label);

    (void)snprintf(id, sizeof(id), SLACK_LINK_ACTION "%u", ordinal);
    json_add_str(button, "action_id", str_of(id));
    json_add_str(button, "url", choice->payload);
}

static void add_quick_replies(struct json *blocks, const struct delivery *delivery,
                              const struct rendering *shown)
{
    if (shown->quick_reply_count == 0)
        return;
    struct json *elements = json_add_array(add_block(blocks, "actions"), "elements");
    for (size_t i = 0; i < shown->quick_reply_count; i++)
        add_answer(elements, delivery, shown->ordinals[i],
                   shown->quick_replies[i].label);
}

/* ---- cards ---- */

static void add_image(struct json *image, const struct card *card)
{
    json_add_str(image, "type", STR("image"));
    json_add_str(image, "image_url", card->image);
    json_add_str(image, "alt_text", card->title.len > 0 ? card->title : STR("image"));
}

/* Markup of ours: the title stands out, and all else is escaped. */
static void add_card_text(struct json *block, const struct card *card)
{
    CLEANUP(buf_release) struct buf text;

    buf_init(&text, LIMIT_EXCHANGE_BYTES);
    if (card->title.len > 0) {
        buf_add_char(&text, '*');
        slack_escape(card->title, &text);
        buf_add_char(&text, '*');
    }
    if (card->title.len > 0 && card->description.len > 0)
        buf_add_char(&text, '\n');
    slack_escape(card->description, &text);
    add_text(block, "mrkdwn", buf_str(&text));
}

static void add_card_body(struct json *blocks, const struct card *card)
{
    bool has_text = card->title.len > 0 || card->description.len > 0;

    if (!has_text && card->image.len == 0)
        return;
    if (!has_text) {
        add_image(json_append_object(blocks), card);
        return;
    }
    struct json *block = add_block(blocks, "section");
    add_card_text(block, card);
    if (card->image.len > 0)
        add_image(json_add_object(block, "accessory"), card);
}

static void add_card(struct json *blocks, const struct delivery *delivery,
                     const struct card *card, unsigned ordinal)
{
    add_card_body(blocks, card);
    if (card->choice_count == 0)
        return;
    struct json *elements = json_add_array(add_block(blocks, "actions"), "elements");
    for (size_t i = 0; i < card->choice_count; i++, ordinal++)
        if (card->choices[i].kind == CHOICE_LINK)
            add_link(elements, ordinal, &card->choices[i]);
        else
            add_answer(elements, delivery, ordinal, card->choices[i].label);
}

void slack_add_blocks(struct json *body, const struct delivery *delivery,
                      const struct saying *saying)
{
    const struct rendering *shown = &saying->shown;
    struct json *blocks = json_add_array(body, "blocks");
    unsigned ordinal = shown->card_ordinal;

    if (str_trim(saying->text).len > 0)
        add_text(add_block(blocks, "section"), "plain_text", saying->text);
    add_quick_replies(blocks, delivery, shown);
    for (size_t i = 0; i < shown->card_count; i++) {
        add_card(blocks, delivery, &shown->cards[i], ordinal);
        ordinal += (unsigned)shown->cards[i].choice_count;
    }
}
