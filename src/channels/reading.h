/*
 * reading: how a webhook of a service becomes a unit, for every channel that may refuse
 * no content: what is not understood is kept raw, and never harms its siblings.
 */
#pragma once

#include "gateway/channel.h"
#include "gateway/json.h"
#include "gateway/keep.h"
#include "gateway/unreadable.h"

struct reading {
    struct keeper keep; /* full: the whole body is kept as one unreadable event */
    const struct http_message *message;
    struct event
        *events; /* room for one at least, whatever the arena then has to take */
    size_t count;
    size_t room;
    char *unreadable_name; /* of that one */
};

/* `room`: events there may be; past LIMIT_UNIT_EVENTS they are unreadable as a whole.
 */
void reading_begin(struct reading *reading, const struct http_message *message,
                   size_t room, struct arena *arena);
/* The next event, zeroed; NULL when there is no room. */
struct event *reading_event(struct reading *reading);
/* The event begun last says nothing that concerns us. */
void reading_drop(struct reading *reading);
/* The event begun last is not understood: keeps its part of the body. */
MUST_CHECK enum status reading_unreadable(struct reading *reading,
                                          const struct json *part, struct error *err);
/* The body is no JSON, or not what it should be at all: one unreadable event. */
MUST_CHECK enum status reading_whole_unreadable(struct reading *reading,
                                                struct error *err);
/* Hands the events to the unit. */
MUST_CHECK enum status reading_end(struct reading *reading, struct unit *unit,
                                   struct error *err);

/*
 * For a JSON text with one event, or none: hands it to `decode`, which begins the
 * event; what is no JSON is unreadable as a whole.
 */
typedef enum status reading_body(struct reading *reading, const struct json *body,
                                 struct error *err);
MUST_CHECK enum status reading_json(struct reading *reading, struct str text,
                                    reading_body *decode, struct error *err);

void reading_key(struct event *event, enum id_kind kind, struct str id);
/* Somebody pressed what bears the label, be it offered by one of our messages, when the
 * payload is its token: choice.h. Both are views. */
void reading_press(struct reading *reading, struct event *event, struct str label,
                   struct str payload);
/* When the service says it happened; what is no time of its says nothing. */
void reading_time(struct event *event, int64_t time, int64_t unit_ms);
/* The message of either side that the event is about, by the channel's id. */
void reading_target(struct event *event, struct str id);
/* An attribute more, of at most READING_ATTRIBUTES; an empty value adds nothing. */
#define READING_ATTRIBUTES 16
void reading_attribute(struct reading *reading, struct event *event, const char *name,
                       struct str value);

/*
 * What Genesys Cloud has no form for, as text with attributes.
 * Source: genesys/open-messaging.md section 3.7, "Location".
 */
struct place {
    struct str latitude; /* digits, as they came */
    struct str longitude;
    struct str name;
    struct str address;
};
void reading_place(struct reading *reading, struct event *event,
                   const struct place *place);
void reading_person(struct reading *reading, struct event *event, struct str name,
                    struct str phone);
/* The text of the event: "[<what>]", or "[<what>: <detail>]". */
void reading_note(struct reading *reading, struct event *event, const char *what,
                  struct str detail);
/* The same of a message that the service knows and we do not. */
void reading_cannot_show(struct reading *reading, struct event *event);
