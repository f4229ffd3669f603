/*
 * partner_decode: how the events of the partner contract are taken apart. What the
 * files of one decoder share.
 */
#pragma once

#include "partner.h"

#include "gateway/json.h"
#include "gateway/keep.h"

struct decoding {
    struct keeper keep; /* full: the event is refused at the end */
    const struct json *data;
    struct event *event;
};

/* Rows for json_read: the member has the name it has on the wire. */
#define FIELD(type, member, json_kind, json_need, json_form)                           \
    {                                                                                  \
        .name = #member, .kind = (json_kind), .need = (json_need),                     \
        .form = (json_form), .offset = offsetof(struct type, member)                   \
    }
#define FIELD_ID(type, member, need) FIELD(type, member, JSON_STRING, need, JSON_ID)
#define FIELD_TEXT(type, member, need) FIELD(type, member, JSON_STRING, need, JSON_ANY)
#define FIELD_LIST(type, member, need) FIELD(type, member, JSON_ARRAY, need, JSON_ANY)
#define FIELD_OBJECT(type, member, need)                                               \
    FIELD(type, member, JSON_OBJECT, need, JSON_ANY)
#define FIELD_NUMBER(type, member, need)                                               \
    FIELD(type, member, JSON_NUMBER, need, JSON_ANY)

/* The contact an event is from or about; `pointer` says where it stands. */
MUST_CHECK enum status partner_read_person(struct decoding *decoding,
                                           const struct json *json, const char *pointer,
                                           struct error *err);
/* STATUS_UNPROCESSABLE past the longest text there may be. */
MUST_CHECK enum status partner_keep_text(struct decoding *decoding, struct str text,
                                         const char *pointer, struct str *out,
                                         struct error *err);
MUST_CHECK enum status partner_read_time(struct event *event, struct str time,
                                         const char *pointer, struct error *err);
void partner_add_key(struct event *event, enum id_side side, enum id_kind kind,
                     struct str id, struct str extra);
void partner_set_target(struct decoding *decoding, enum id_side side, struct str id);

/* One per type: fills decoding->event from decoding->data. */
MUST_CHECK enum status partner_decode_created(struct decoding *decoding,
                                              struct error *err);
MUST_CHECK enum status partner_decode_updated(struct decoding *decoding,
                                              struct error *err);
MUST_CHECK enum status partner_decode_deleted(struct decoding *decoding,
                                              struct error *err);
MUST_CHECK enum status partner_decode_reaction(struct decoding *decoding,
                                               struct error *err);
MUST_CHECK enum status partner_decode_typing(struct decoding *decoding,
                                             struct error *err);
MUST_CHECK enum status partner_decode_receipt(struct decoding *decoding,
                                              struct error *err);
MUST_CHECK enum status partner_decode_left(struct decoding *decoding,
                                           struct error *err);
MUST_CHECK enum status partner_decode_contact(struct decoding *decoding,
                                              struct error *err);
