#include "reading.h"

#include "gateway/choice.h"
#include "gateway/limits.h"

/* ---- the unit ---- */

void reading_begin(struct reading *reading, const struct http_message *message,
                   size_t room, struct arena *arena)
{
    *reading =
        (struct reading){.keep = {.arena = arena}, .message = message, .room = 1};
    if (room > 1 && room <= LIMIT_UNIT_EVENTS)
        reading->room = room;
    reading->keep.is_full = room > LIMIT_UNIT_EVENTS;
    reading->events = arena_alloc(arena, reading->room * sizeof(*reading->events));
    reading->unreadable_name = arena_alloc(arena, UNREADABLE_NAME_BYTES);
}

struct event *reading_event(struct reading *reading)
{
    if (reading->count == reading->room) {
        reading->keep.is_full = true;
        return NULL;
    }
    return &reading->events[reading->count++];
}

void reading_drop(struct reading *reading)
{
    reading->events[--reading->count] = (struct event){0};
}

enum status reading_unreadable(struct reading *reading, const struct json *part,
                               struct error *err)
{
    struct event *event = &reading->events[reading->count - 1];
    struct str contact_id = event->contact_id;
    char *name = keep_array(&reading->keep, UNREADABLE_NAME_BYTES, 1);
    struct str raw;

    enum status status = json_print_arena(part, reading->keep.arena, &raw, err);
    if (status == STATUS_RETRY)
        return status;
    if (status != STATUS_OK || name == NULL) {
        reading->keep.is_full = true;
        return STATUS_OK;
    }
    status = event_unreadable(raw, ID_SIDE_CHANNEL, name, event, err);
    event->contact_id = contact_id;
    return status;
}

enum status reading_whole_unreadable(struct reading *reading, struct error *err)
{
    reading->count = 1;
    return event_unreadable(reading->message->body, ID_SIDE_CHANNEL,
                            reading->unreadable_name, &reading->events[0], err);
}

enum status reading_json(struct reading *reading, struct str text, reading_body *decode,
                         struct error *err)
{
    CLEANUP(json_freep) struct json *body = NULL;

    enum status status = json_parse(text, LIMIT_JSON_DEPTH, &body, err);
    if (status == STATUS_OK)
        return decode(reading, body, err);
    return status == STATUS_INVALID ? reading_whole_unreadable(reading, err) : status;
}

enum status reading_end(struct reading *reading, struct unit *unit, struct error *err)
{
    enum status status = STATUS_OK;

    if (reading->keep.is_full)
        status = reading_whole_unreadable(reading, err);
    unit->events = reading->events;
    unit->event_count = reading->count;
    return status;
}

/* ---- events ---- */

void reading_key(struct event *event, enum id_kind kind, struct str id)
{
    event->keys[event->key_count++] =
        (struct event_key){.side = ID_SIDE_CHANNEL, .kind = kind, .id = id};
}

void reading_press(struct reading *reading, struct event *event, struct str label,
                   struct str payload)
{
    event->kind = EVENT_ANSWER;
    event->text = keep_str(&reading->keep, label.len > 0 ? label : payload);
    event->answer_payload = keep_str(&reading->keep, payload);
    event->has_choice =
        choice_token_read(payload, &event->choice_message, &event->choice_ordinal);
}

void reading_time(struct event *event, int64_t time, int64_t unit_ms)
{
    if (time > 0 && time < INT64_MAX / unit_ms)
        event->time_ms = time * unit_ms;
}

void reading_target(struct event *event, struct str id)
{
    event->has_target = true;
    event->target =
        (struct event_key){.side = ID_SIDE_CHANNEL, .kind = ID_KIND_MESSAGE, .id = id};
}

void reading_attribute(struct reading *reading, struct event *event, const char *name,
                       struct str value)
{
    if (value.len == 0 || event->attribute_count == READING_ATTRIBUTES)
        return;
    if (event->attributes == NULL)
        event->attributes =
            keep_array(&reading->keep, READING_ATTRIBUTES, sizeof(struct attribute));
    if (event->attributes == NULL)
        return;
    event->attributes[event->attribute_count++] =
        (struct attribute){str_of(name), keep_str(&reading->keep, value)};
}

/* ---- what has no form of its own ---- */

/* A text of this message only, cut where a Genesys message ends. */
static void set_text(struct reading *reading, struct event *event, struct buf *text)
{
    event->text = keep_str(&reading->keep, buf_str(text));
}

void reading_note(struct reading *reading, struct event *event, const char *what,
                  struct str detail)
{
    CLEANUP(buf_release) struct buf text;

    buf_init(&text, LIMIT_REQUEST_ARENA_BYTES);
    buf_printf(&text, "[%s", what);
    if (detail.len > 0)
        buf_printf(&text, ": %.*s", STR_ARG(detail));
    buf_add_char(&text, ']');
    set_text(reading, event, &text);
}

void reading_cannot_show(struct reading *reading, struct event *event)
{
    reading_note(reading, event, "a message of a kind that cannot be shown here",
                 STR_NONE);
}

void reading_place(struct reading *reading, struct event *event,
                   const struct place *place)
{
    CLEANUP(buf_release) struct buf text;

    buf_init(&text, LIMIT_REQUEST_ARENA_BYTES);
    buf_add(&text, STR("[location"));
    if (place->name.len > 0)
        buf_printf(&text, ": %.*s", STR_ARG(place->name));
    if (place->address.len > 0)
        buf_printf(&text, "%s%.*s", place->name.len > 0 ? ", " : ": ",
                   STR_ARG(place->address));
    buf_printf(&text, "] https://www.openstreetmap.org/?mlat=%.*s&mlon=%.*s",
               STR_ARG(place->latitude), STR_ARG(place->longitude));
    set_text(reading, event, &text);
    reading_attribute(reading, event, "location_latitude", place->latitude);
    reading_attribute(reading, event, "location_longitude", place->longitude);
    reading_attribute(reading, event, "location_name", place->name);
    reading_attribute(reading, event, "location_address", place->address);
}

void reading_person(struct reading *reading, struct event *event, struct str name,
                    struct str phone)
{
    CLEANUP(buf_release) struct buf text;

    buf_init(&text, LIMIT_REQUEST_ARENA_BYTES);
    buf_add(&text, name);
    if (name.len > 0 && phone.len > 0)
        buf_add(&text, STR(", "));
    buf_add(&text, phone);
    reading_note(reading, event, "contact", buf_str(&text));
    reading_attribute(reading, event, "contact_name", name);
    reading_attribute(reading, event, "contact_phone", phone);
}
