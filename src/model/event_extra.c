/*
 * What a message carries beyond plain text, as JSON for the database. A plain text
 * message has none, so the hot path builds no JSON.
 */
#include "gateway/event.h"

#include "gateway/limits.h"
#include "gateway/member.h"

/* ---- encode ---- */

static bool has_extra(const struct event *event)
{
    return event->attribute_count > 0 || !content_is_empty(&event->content) ||
           event->is_bot || event->has_target || event->kind == EVENT_ANSWER ||
           event->kind == EVENT_RECEIPT || event->reason_code.len > 0 ||
           event->reason_text.len > 0 || event->new_id.len > 0;
}

static void add_number(struct json *object, const char *name, int64_t value)
{
    if (value != 0)
        json_add_i64(object, name, value);
}

static void add_attributes(struct json *extra, const struct event *event)
{
    if (event->attribute_count == 0)
        return;
    /* A list, not an object: nothing promises that names are unique in every channel.
     */
    struct json *list = json_add_array(extra, "attributes");
    for (size_t i = 0; i < event->attribute_count; i++) {
        struct json *item = json_append_object(list);
        json_add_str(item, "name", event->attributes[i].name);
        json_add_str(item, "value", event->attributes[i].value);
    }
}

static void add_attachments(struct json *extra, const struct content *content)
{
    if (content->attachment_count == 0)
        return;
    struct json *list = json_add_array(extra, "attachments");
    for (size_t i = 0; i < content->attachment_count; i++) {
        const struct attachment *attachment = &content->attachments[i];
        struct json *item = json_append_object(list);
        member_add_text(item, "url", attachment->url);
        member_add_text(item, "mime", attachment->mime);
        member_add_text(item, "name", attachment->name);
        member_add_text(item, "ref", attachment->ref);
        member_add_text(item, "sha256", attachment->sha256);
        member_add_text(item, "text", attachment->text);
        add_number(item, "size", attachment->size);
    }
}

static void add_choices(struct json *object, const char *name,
                        const struct choice *choices, size_t count)
{
    if (count == 0)
        return;
    struct json *list = json_add_array(object, name);
    for (size_t i = 0; i < count; i++) {
        struct json *item = json_append_object(list);
        add_number(item, "kind", choices[i].kind);
        member_add_text(item, "label", choices[i].label);
        member_add_text(item, "payload", choices[i].payload);
        member_add_text(item, "image", choices[i].image);
    }
}

static void add_cards(struct json *extra, const struct content *content)
{
    if (content->card_count == 0)
        return;
    struct json *list = json_add_array(extra, "cards");
    for (size_t i = 0; i < content->card_count; i++) {
        const struct card *card = &content->cards[i];
        struct json *item = json_append_object(list);
        member_add_text(item, "title", card->title);
        member_add_text(item, "description", card->description);
        member_add_text(item, "image", card->image);
        add_choices(item, "choices", card->choices, card->choice_count);
    }
}

static void add_target(struct json *extra, const struct event *event)
{
    if (!event->has_target)
        return;
    struct json *target = json_add_object(extra, "target");
    json_add_i64(target, "side", event->target.side);
    json_add_i64(target, "kind", event->target.kind);
    member_add_text(target, "id", event->target.id);
    member_add_text(target, "extra", event->target.extra);
}

static void add_answer(struct json *extra, const struct event *event)
{
    if (event->kind != EVENT_ANSWER)
        return;
    struct json *answer = json_add_object(extra, "answer");
    member_add_text(answer, "payload", event->answer_payload);
    add_number(answer, "kind", event->answer_kind);
}

enum status event_extra_encode(const struct event *event, struct arena *arena,
                               struct str *out_json, struct error *err)
{
    if (!has_extra(event)) {
        *out_json = STR_NONE;
        return STATUS_OK;
    }

    CLEANUP(json_freep) struct json *extra = json_new_object();
    add_attributes(extra, event);
    add_attachments(extra, &event->content);
    add_choices(extra, "quick_replies", event->content.quick_replies,
                event->content.quick_reply_count);
    add_cards(extra, &event->content);
    member_add_text(extra, "fallback", event->content.fallback);
    if (event->is_bot)
        json_add_bool(extra, "is_bot", true);
    add_target(extra, event);
    add_answer(extra, event);
    if (event->kind == EVENT_RECEIPT)
        json_add_i64(extra, "receipt_status", event->receipt_status);
    member_add_text(extra, "reason_code", event->reason_code);
    member_add_text(extra, "reason_text", event->reason_text);
    member_add_text(extra, "new_id", event->new_id);
    return json_print_arena(extra, arena, out_json, err);
}

/* ---- decode ---- */

/*
 * The tree is read by table into views of it; texts are copied into the arena here,
 * where they outlive the tree.
 */
struct reader {
    struct keeper keep;
    bool is_odd; /* a number that no version of ours has written */
};

static void read_text(struct reader *reader, const struct json *object,
                      const char *name, struct str *out)
{
    struct str found = member_text(object, name);

    if (found.len > 0)
        *out = keep_str(&reader->keep, found);
}

static unsigned read_enum(struct reader *reader, const struct json *object,
                          const char *name, unsigned largest)
{
    int64_t value = 0;

    (void)json_i64(json_get(object, name), &value); /* absent: zero */
    if (value < 0 || value > (int64_t)largest) {
        reader->is_odd = true;
        return 0;
    }
    return (unsigned)value;
}

static void read_attributes(struct reader *reader, const struct json *list,
                            struct event *event)
{
    size_t count = json_count(list);
    struct attribute *items = keep_array(&reader->keep, count, sizeof(*items));

    if (items == NULL)
        return;
    event->attributes = items;
    for (const struct json *item = json_first(list); item != NULL;
         item = json_next(item)) {
        struct attribute *to = &items[event->attribute_count++];
        read_text(reader, item, "name", &to->name);
        read_text(reader, item, "value", &to->value);
    }
}

static void read_attachments(struct reader *reader, const struct json *list,
                             struct content *content)
{
    struct attachment *items =
        keep_array(&reader->keep, json_count(list), sizeof(*items));

    if (items == NULL)
        return;
    content->attachments = items;
    for (const struct json *item = json_first(list); item != NULL;
         item = json_next(item)) {
        struct attachment *to = &items[content->attachment_count++];
        read_text(reader, item, "url", &to->url);
        read_text(reader, item, "mime", &to->mime);
        read_text(reader, item, "name", &to->name);
        read_text(reader, item, "ref", &to->ref);
        read_text(reader, item, "sha256", &to->sha256);
        read_text(reader, item, "text", &to->text);
        (void)json_i64(json_get(item, "size"), &to->size);
    }
}

static struct choice *read_choices(struct reader *reader, const struct json *list,
                                   size_t *out_count)
{
    struct choice *items = keep_array(&reader->keep, json_count(list), sizeof(*items));
    size_t count = 0;

    if (items == NULL)
        return NULL;
    for (const struct json *item = json_first(list); item != NULL;
         item = json_next(item)) {
        struct choice *to = &items[count++];
        to->kind = (enum choice_kind)read_enum(reader, item, "kind", CHOICE_KINDS - 1);
        read_text(reader, item, "label", &to->label);
        read_text(reader, item, "payload", &to->payload);
        read_text(reader, item, "image", &to->image);
    }
    *out_count = count;
    return items;
}

static void read_cards(struct reader *reader, const struct json *list,
                       struct content *content)
{
    struct card *items = keep_array(&reader->keep, json_count(list), sizeof(*items));

    if (items == NULL)
        return;
    content->cards = items;
    for (const struct json *item = json_first(list); item != NULL;
         item = json_next(item)) {
        struct card *to = &items[content->card_count++];
        read_text(reader, item, "title", &to->title);
        read_text(reader, item, "description", &to->description);
        read_text(reader, item, "image", &to->image);
        to->choices =
            read_choices(reader, json_get(item, "choices"), &to->choice_count);
    }
}

static void read_target(struct reader *reader, const struct json *target,
                        struct event *event)
{
    if (target == NULL)
        return;
    event->has_target = true;
    event->target.side =
        (enum id_side)read_enum(reader, target, "side", ID_SIDE_GATEWAY);
    event->target.kind =
        (enum id_kind)read_enum(reader, target, "kind", ID_KIND_RECEIPT);
    read_text(reader, target, "id", &event->target.id);
    read_text(reader, target, "extra", &event->target.extra);
}

static void read_extra(struct reader *reader, const struct json *extra,
                       struct event *event)
{
    const struct json *answer = json_get(extra, "answer");

    read_attributes(reader, json_get(extra, "attributes"), event);
    read_attachments(reader, json_get(extra, "attachments"), &event->content);
    event->content.quick_replies = read_choices(
        reader, json_get(extra, "quick_replies"), &event->content.quick_reply_count);
    read_cards(reader, json_get(extra, "cards"), &event->content);
    read_text(reader, extra, "fallback", &event->content.fallback);
    (void)json_bool(json_get(extra, "is_bot"), &event->is_bot);
    read_target(reader, json_get(extra, "target"), event);
    read_text(reader, answer, "payload", &event->answer_payload);
    event->answer_kind =
        (enum choice_kind)read_enum(reader, answer, "kind", CHOICE_KINDS - 1);
    event->receipt_status =
        (enum message_status)read_enum(reader, extra, "receipt_status", MESSAGE_FAILED);
    read_text(reader, extra, "reason_code", &event->reason_code);
    read_text(reader, extra, "reason_text", &event->reason_text);
    read_text(reader, extra, "new_id", &event->new_id);
}

enum status event_extra_decode(struct str json, struct arena *arena,
                               struct event *event, struct error *err)
{
    if (json.len == 0)
        return STATUS_OK;

    CLEANUP(json_freep) struct json *extra = NULL;
    enum status status = json_parse(json, LIMIT_JSON_DEPTH, &extra, err);
    if (status != STATUS_OK)
        return status;
    if (json_kind_of(extra) != JSON_OBJECT)
        return fail(err, STATUS_INVALID, "stored extra is no object");

    struct reader reader = {.keep = {.arena = arena}};
    read_extra(&reader, extra, event);
    if (reader.keep.is_full)
        return fail(err, STATUS_INVALID, "stored extra is larger than the arena");
    if (reader.is_odd)
        return fail(err, STATUS_INVALID, "stored extra holds an unknown value");
    return STATUS_OK;
}
