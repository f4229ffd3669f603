#include "protocol_fixture.h"

#include <glob.h>

#include "expect.h"

#include "gateway/choice.h"
#include "gateway/file.h"

#define FOLDER_BYTES 512

/* ---- files ---- */

void fixture_each(const char *folder, fixture_check *check)
{
    char pattern[FOLDER_BYTES];
    glob_t found;

    (void)snprintf(pattern, sizeof(pattern), "%s/*.json", folder);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *path = found.gl_pathv[i];
        json_error_t why;
        json_t *fixture =
            json_load_file(path, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
        if (fixture == NULL)
            print_error("%s:%d: %s\n", path, why.line, why.text);
        assert_non_null(fixture);
        check(strrchr(path, '/') + 1, fixture);
        json_decref(fixture);
    }
    globfree(&found);
}

/* ---- in ---- */

struct str fixture_text(const json_t *object, const char *member, struct arena *arena)
{
    const json_t *value = json_object_get(object, member);

    if (value == NULL)
        return STR_NONE;
    if (json_is_string(value))
        return arena_copy(
            arena, str_from(json_string_value(value), json_string_length(value)));
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    struct str copy = arena_copy(arena, str_of(text));
    free(text);
    return copy;
}

int64_t fixture_i64(const json_t *object, const char *member, int64_t otherwise)
{
    const json_t *value = json_object_get(object, member);

    return value == NULL ? otherwise : json_integer_value(value);
}

static unsigned index_of(const char *name, const char *(*name_of)(unsigned),
                         unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(name, name_of(i)) == 0)
            return i;
    print_error("no such name: %s\n", name);
    assert_true(false);
    return 0;
}

static const char *kind_name(unsigned kind)
{
    return event_kind_name((enum event_kind)kind);
}

static const char *status_name_of(unsigned status)
{
    return message_status_name((enum message_status)status);
}

static const char *choice_kind_name(unsigned kind)
{
    static const char *const names[] = {"quick_reply", "button", "link", "date",
                                        "item"};
    return names[kind];
}

/* The named member of `object`, or index 0 when it has none. */
static unsigned enum_of(const json_t *object, const char *member,
                        const char *(*name_of)(unsigned), unsigned count)
{
    const char *name = json_string_value(json_object_get(object, member));
    return name == NULL ? 0 : index_of(name, name_of, count);
}

static struct choice *choices_of(const json_t *list, struct arena *arena, size_t *count)
{
    size_t i;
    const json_t *item;

    *count = json_array_size(list);
    struct choice *choices = arena_alloc(arena, (*count + 1) * sizeof(*choices));
    json_array_foreach(list, i, item)
    {
        choices[i].kind =
            (enum choice_kind)enum_of(item, "kind", choice_kind_name, CHOICE_KINDS);
        choices[i].label = fixture_text(item, "label", arena);
        choices[i].payload = fixture_text(item, "payload", arena);
        choices[i].image = fixture_text(item, "image", arena);
    }
    return choices;
}

static void content_of(const json_t *object, struct arena *arena, struct content *out)
{
    const json_t *attachments = json_object_get(object, "attachments");
    const json_t *cards = json_object_get(object, "cards");
    size_t i;
    const json_t *item;

    out->attachment_count = json_array_size(attachments);
    out->attachments =
        arena_alloc(arena, (out->attachment_count + 1) * sizeof(*out->attachments));
    json_array_foreach(attachments, i, item)
    {
        out->attachments[i].url = fixture_text(item, "url", arena);
        out->attachments[i].mime = fixture_text(item, "mime", arena);
        out->attachments[i].name = fixture_text(item, "name", arena);
        out->attachments[i].text = fixture_text(item, "text", arena);
    }
    out->quick_replies = choices_of(json_object_get(object, "quick_replies"), arena,
                                    &out->quick_reply_count);
    out->card_count = json_array_size(cards);
    out->cards = arena_alloc(arena, (out->card_count + 1) * sizeof(*out->cards));
    json_array_foreach(cards, i, item)
    {
        struct card *card = &out->cards[i];
        card->title = fixture_text(item, "title", arena);
        card->description = fixture_text(item, "description", arena);
        card->image = fixture_text(item, "image", arena);
        card->choices =
            choices_of(json_object_get(item, "choices"), arena, &card->choice_count);
    }
    out->fallback = fixture_text(object, "fallback", arena);
}

static void attributes_of(json_t *object, struct arena *arena, struct event *out)
{
    const char *name;
    const json_t *value;

    out->attributes =
        arena_alloc(arena, (json_object_size(object) + 1) * sizeof(*out->attributes));
    /* Jansson keeps the order of insertion, so of the file. */
    for (void *at = json_object_iter(object); at != NULL;
         at = json_object_iter_next(object, at)) {
        struct attribute *attribute = &out->attributes[out->attribute_count++];
        name = json_object_iter_key(at);
        value = json_object_iter_value(at);
        attribute->name = arena_copy(arena, str_of(name));
        attribute->value = arena_copy(arena, str_of(json_string_value(value)));
    }
}

void fixture_event(const json_t *object, struct arena *arena, struct event *out)
{
    *out = (struct event){
        .kind =
            (enum event_kind)enum_of(object, "kind", kind_name, EVENT_UNREADABLE + 1),
        .contact_id = fixture_text(object, "contact_id", arena),
        .name = fixture_text(object, "name", arena),
        .first_name = fixture_text(object, "first_name", arena),
        .last_name = fixture_text(object, "last_name", arena),
        .text = fixture_text(object, "text", arena),
        .is_bot = json_is_true(json_object_get(object, "is_bot")),
        .answer_payload = fixture_text(object, "answer_payload", arena),
        .answer_kind = (enum choice_kind)enum_of(object, "answer_kind",
                                                 choice_kind_name, CHOICE_KINDS),
        .receipt_status = (enum message_status)enum_of(
            object, "receipt_status", status_name_of, MESSAGE_FAILED + 1),
        .reason_code = fixture_text(object, "reason_code", arena),
        .reason_text = fixture_text(object, "reason_text", arena),
        .typing_ms = fixture_i64(object, "typing_ms", 0),
    };
    content_of(json_object_get(object, "content"), arena, &out->content);
    attributes_of(json_object_get(object, "attributes"), arena, out);
}

static const char *class_name(unsigned class)
{
    static const char *const names[] = {"message", "receipt", "typing"};
    return names[class];
}

void fixture_delivery(const json_t *object, struct arena *arena, struct delivery *out)
{
    *out = (struct delivery){
        .class = (enum delivery_class)enum_of(object, "class", class_name, 3),
        .message_id = fixture_i64(object, "message_id", 0),
        .conversation = fixture_i64(object, "conversation", 0),
        .previous_conversation = fixture_i64(object, "previous_conversation", 0),
        .opens_conversation =
            json_is_true(json_object_get(object, "opens_conversation")),
        .wants_conversation_id =
            json_is_true(json_object_get(object, "wants_conversation_id")),
        .time_ms = fixture_i64(object, "time_ms", 0),
        .parts_done = (unsigned)fixture_i64(object, "parts_done", 0),
        .target_peer_id = fixture_text(object, "target_peer_id", arena),
        .target_genesys_conversation =
            fixture_text(object, "target_genesys_conversation", arena),
    };
    struct str id = fixture_text(object, "public_id", arena);
    assert_true(id.len < sizeof(out->public_id));
    if (id.len > 0)
        memcpy(out->public_id, id.ptr, id.len);
    fixture_event(json_object_get(object, "event"), arena, &out->event);
}

/* ---- out ---- */

static json_t *text_json(struct str value)
{
    return json_stringn(value.len == 0 ? "" : value.ptr, value.len);
}

static void put_text(json_t *object, const char *name, struct str value)
{
    if (value.len > 0)
        json_object_set_new(object, name, text_json(value));
}

static void put_number(json_t *object, const char *name, int64_t value)
{
    if (value != 0)
        json_object_set_new(object, name, json_integer(value));
}

static void put_key(json_t *object, const struct event_key *key)
{
    static const char *const sides[] = {"channel", "genesys", "gateway"};
    static const char *const kinds[] = {"message", "webhook", "receipt"};

    json_object_set_new(object, "side", json_string(sides[key->side]));
    json_object_set_new(object, "kind", json_string(kinds[key->kind]));
    put_text(object, "id", key->id);
    put_text(object, "extra", key->extra);
}

static void put_choices(json_t *object, const char *name, const struct choice *choices,
                        size_t count)
{
    if (count == 0)
        return;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *item = json_object();
        json_object_set_new(item, "kind",
                            json_string(choice_kind_name(choices[i].kind)));
        put_text(item, "label", choices[i].label);
        put_text(item, "payload", choices[i].payload);
        put_text(item, "image", choices[i].image);
        json_array_append_new(list, item);
    }
    json_object_set_new(object, name, list);
}

static void put_content(json_t *object, const struct content *content)
{
    json_t *attachments = json_array();
    json_t *cards = json_array();

    for (size_t i = 0; i < content->attachment_count; i++) {
        const struct attachment *attachment = &content->attachments[i];
        json_t *item = json_object();
        put_text(item, "url", attachment->url);
        put_text(item, "mime", attachment->mime);
        put_text(item, "name", attachment->name);
        put_text(item, "ref", attachment->ref);
        put_text(item, "sha256", attachment->sha256);
        put_text(item, "text", attachment->text);
        put_number(item, "size", attachment->size);
        json_array_append_new(attachments, item);
    }
    for (size_t i = 0; i < content->card_count; i++) {
        const struct card *card = &content->cards[i];
        json_t *item = json_object();
        put_text(item, "title", card->title);
        put_text(item, "description", card->description);
        put_text(item, "image", card->image);
        put_choices(item, "choices", card->choices, card->choice_count);
        json_array_append_new(cards, item);
    }
    if (content->attachment_count > 0)
        json_object_set(object, "attachments", attachments);
    put_choices(object, "quick_replies", content->quick_replies,
                content->quick_reply_count);
    if (content->card_count > 0)
        json_object_set(object, "cards", cards);
    put_text(object, "fallback", content->fallback);
    json_decref(attachments);
    json_decref(cards);
}

static void put_keys(json_t *object, const struct event *event)
{
    json_t *keys = json_array();

    for (size_t i = 0; i < event->key_count; i++) {
        json_t *key = json_object();
        put_key(key, &event->keys[i]);
        json_array_append_new(keys, key);
    }
    json_object_set_new(object, "keys", keys);
    if (!event->has_target)
        return;
    json_t *target = json_object();
    put_key(target, &event->target);
    json_object_set_new(object, "target", target);
}

static void put_attributes(json_t *object, const struct event *event)
{
    if (event->attribute_count == 0)
        return;
    json_t *attributes = json_object();
    for (size_t i = 0; i < event->attribute_count; i++) {
        const struct attribute *attribute = &event->attributes[i];
        json_object_setn_new(attributes, attribute->name.ptr, attribute->name.len,
                             text_json(attribute->value));
    }
    json_object_set_new(object, "attributes", attributes);
}

json_t *fixture_of_event(const struct event *event)
{
    json_t *object = json_object();

    json_object_set_new(object, "kind", json_string(event_kind_name(event->kind)));
    put_text(object, "contact_id", event->contact_id);
    put_text(object, "alias", event->alias);
    put_text(object, "name", event->name);
    put_text(object, "first_name", event->first_name);
    put_text(object, "last_name", event->last_name);
    put_attributes(object, event);
    put_keys(object, event);
    put_text(object, "source_id", event->source_id);
    put_number(object, "time_ms", event->time_ms);
    put_text(object, "text", event->text);
    if (!content_is_empty(&event->content)) {
        json_t *content = json_object();
        put_content(content, &event->content);
        json_object_set_new(object, "content", content);
    }
    if (event->is_bot)
        json_object_set_new(object, "is_bot", json_true());
    put_text(object, "answer_payload", event->answer_payload);
    if (event->has_choice) {
        char token[CHOICE_TOKEN_BYTES];
        choice_token(event->choice_message, event->choice_ordinal, token);
        json_object_set_new(object, "choice", json_string(token));
    }
    if (event->kind == EVENT_RECEIPT)
        json_object_set_new(object, "receipt_status",
                            json_string(message_status_name(event->receipt_status)));
    put_number(object, "receipt_until_ms", event->receipt_until_ms);
    put_text(object, "reason_code", event->reason_code);
    put_text(object, "reason_text", event->reason_text);
    put_number(object, "typing_ms", event->typing_ms);
    put_text(object, "new_id", event->new_id);
    put_text(object, "genesys_conversation_id", event->genesys_conversation_id);
    put_text(object, "raw", event->raw);
    return object;
}

json_t *fixture_of_exchange(const struct exchange *exchange)
{
    json_t *object = json_object();
    json_t *headers = json_object();

    json_object_set_new(object, "method", json_string(exchange->method));
    json_object_set_new(object, "url", json_string(exchange->url));
    for (size_t i = 0; i < exchange->header_count; i++) {
        const struct http_header *header = &exchange->headers[i];
        json_object_setn_new(headers, header->name.ptr, header->name.len,
                             text_json(header->value));
    }
    json_object_set_new(object, "headers", headers);
    json_t *body = json_loadb(exchange->body.ptr, exchange->body.len,
                              JSON_REJECT_DUPLICATES, NULL);
    if (body == NULL)
        body = text_json(exchange->body);
    json_object_set_new(object, "body", body);
    if (exchange->file != NULL) {
        json_object_set_new(object, "file", text_json(exchange->file->name));
        json_object_set_new(object, "body_end", text_json(exchange->body_end));
    }
    return object;
}

void expect_json_at(const char *name, const json_t *want, json_t *got, const char *file,
                    int line)
{
    if (want != NULL && json_equal(want, got)) {
        json_decref(got);
        return;
    }
    char *want_text = json_dumps(want, JSON_INDENT(2) | JSON_SORT_KEYS);
    char *got_text = json_dumps(got, JSON_INDENT(2) | JSON_SORT_KEYS);
    print_error("%s: wanted %s\ngot %s\n", name, want_text == NULL ? "?" : want_text,
                got_text);
    free(want_text);
    free(got_text);
    json_decref(got);
    _fail(file, line);
}
