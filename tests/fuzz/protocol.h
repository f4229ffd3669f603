/*
 * protocol: what the fuzz targets of the decoders share: what must hold for every event
 * that a decoder lets through. One program includes it once.
 */
#pragma once

#include "request.h"

#include "gateway/arena.h"
#include "gateway/delivery.h"
#include "gateway/json.h"
#include "gateway/limits.h"
#include "gateway/sender.h"
#include "gateway/source.h"

/* ---- the event ---- */

static void demand_text(struct str text)
{
    demand(utf8_is_valid(text), "a text that is no UTF-8");
    demand(str_find_byte(text, '\0') < 0, "a text with a NUL");
}

static void demand_choices(const struct choice *choices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        demand_text(choices[i].label);
        demand_text(choices[i].payload);
        demand_text(choices[i].image);
        demand(choices[i].label.len > 0, "an option without a label");
    }
}

static void demand_content(const struct content *content)
{
    for (size_t i = 0; i < content->attachment_count; i++) {
        demand_text(content->attachments[i].url);
        demand_text(content->attachments[i].name);
        demand(content->attachments[i].size >= 0, "a negative size");
    }
    demand_choices(content->quick_replies, content->quick_reply_count);
    for (size_t i = 0; i < content->card_count; i++) {
        demand_text(content->cards[i].title);
        demand_choices(content->cards[i].choices, content->cards[i].choice_count);
    }
    demand_text(content->fallback);
}

static void demand_event(const struct event *event)
{
    demand(event->contact_id.len == 0 || id_is_valid(event->contact_id),
           "a contact's id that is none");
    demand(event->kind == EVENT_TYPING || event->key_count > 0, "no key");
    for (size_t i = 0; i < event->key_count; i++)
        demand(id_is_valid(event->keys[i].id), "a key that is no id");
    demand(!event->has_target || id_is_valid(event->target.id), "a target without id");
    demand(event->new_id.len == 0 || id_is_valid(event->new_id),
           "a new id that is none");
    demand_text(event->text);
    demand_text(event->name);
    demand_text(event->answer_payload);
    demand_text(event->reason_text);
    demand_content(&event->content);
}

/* What the database gives back is what was put in. */
static void demand_round_trip(const struct event *event, struct arena *arena)
{
    struct event back = {.kind = event->kind};
    struct str first = STR_NONE;
    struct str second = STR_NONE;
    struct error err;

    demand(event_extra_encode(event, arena, &first, &err) == STATUS_OK, "no extra");
    demand(event_extra_decode(first, arena, &back, &err) == STATUS_OK,
           "an extra that cannot be read");
    demand(event_extra_encode(&back, arena, &second, &err) == STATUS_OK, "no extra");
    demand(str_equal(first, second), "another extra");
}

/* Some services are asked by forms, whose bytes are all that they may be. */
static void demand_body(const struct exchange *exchange)
{
    CLEANUP(json_freep) struct json *body = NULL;
    struct error err;

    for (size_t i = 0; i < exchange->header_count; i++)
        if (str_is(exchange->headers[i].value, "application/x-www-form-urlencoded"))
            return;
    demand(json_parse(exchange->body, JSON_DEPTH_DEFAULT, &body, &err) == STATUS_OK,
           "a request that is no JSON");
}

/* Whatever was accepted can be said or is refused, part by part. */
static void demand_sayable(const struct sender *sender, const struct bridge *bridge,
                           const struct event *event, struct arena *arena)
{
    const struct credential credential = {.token = STR("token"), .lifetime_ms = 1};
    const struct reply taken = {.kind = REPLY_ANSWER, .status = 200};
    struct delivery delivery = {.public_id = "019c2228b81a7d3c9a51e0f7c6b5a493",
                                .target_peer_id = STR("peer"),
                                .event = *event};
    struct delivery *copy = delivery_copy(&delivery);
    struct attempt attempt = {
        .delivery = copy, .bridge = bridge, .credential = &credential, .arena = arena};
    enum sender_step step = SENDER_PROGRESS;

    while (step == SENDER_PROGRESS && attempt.parts_done < 64) {
        struct sender_result result;
        step = sender->next(&attempt, NULL, (struct now){0}, &result);
        if (step != SENDER_EXCHANGE)
            break;
        demand_body(&result.exchange);
        step = sender->next(&attempt, &taken, (struct now){0}, &result);
        attempt.parts_done++;
    }
    demand(step == SENDER_OUTCOME || step == SENDER_PROGRESS, "a step out of turn");
    delivery_free(copy);
}
