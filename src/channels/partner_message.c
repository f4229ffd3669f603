/*
 * partner_message: message.created, a message or the answer to an agent's buttons.
 *
 * Source: partner-contract.md, "Partner -> omgw"; read 2026-11-21.
 */
#include "partner_decode.h"

#include "gateway/limits.h"
#include "gateway/parts.h"

struct created {
    struct str id;
    const struct json *from;
    struct str text;
    const struct json *attachments;
    const struct json *answer;
    struct str reply_to;
    struct str time;
};

struct linked_file {
    struct str url;
    struct str mime;
    struct str name;
    struct str sha256;
    int64_t size;
};

struct answer {
    struct str to;
    struct str payload;
    struct str text;
};

static bool is_web_url(struct str url)
{
    return (str_starts(url, STR("https://")) && url.len > strlen("https://")) ||
           (str_starts(url, STR("http://")) && url.len > strlen("http://"));
}

static bool is_hex_sha256(struct str hex)
{
    uint8_t bytes[SHA256_BYTES];
    return hex.len == 2 * sizeof(bytes) && hex_decode(hex, bytes, sizeof(bytes));
}

static enum status fail_member(struct error *err, enum status status,
                               const char *pointer, const char *member,
                               const char *wish)
{
    char whole[ERROR_POINTER_BYTES];

    /* "/data/attachments/99" is the longest; the bound is for the compiler. */
    (void)snprintf(whole, sizeof(whole), "%.64s/%.32s", pointer, member);
    return fail_at(err, status, whole, "%s", wish);
}

static enum status read_file(struct decoding *decoding, const struct json *json,
                             const char *pointer, struct attachment *out,
                             struct error *err)
{
    static const struct json_field fields[] = {
        FIELD_TEXT(linked_file, url, JSON_REQUIRED),
        FIELD_TEXT(linked_file, mime, JSON_REQUIRED),
        FIELD_TEXT(linked_file, name, JSON_OPTIONAL),
        FIELD_TEXT(linked_file, sha256, JSON_OPTIONAL),
        FIELD_NUMBER(linked_file, size, JSON_OPTIONAL),
    };
    struct linked_file file = {0};

    enum status status = json_read(json, fields, COUNT_OF(fields), pointer, &file, err);
    if (status != STATUS_OK)
        return status;
    if (!is_web_url(file.url))
        return fail_member(err, STATUS_UNPROCESSABLE, pointer, "url",
                           "must begin with https:// or http://");
    if (file.sha256.len > 0 && !is_hex_sha256(file.sha256))
        return fail_member(err, STATUS_INVALID, pointer, "sha256",
                           "must be 64 hex digits");
    if (file.size < 0)
        return fail_member(err, STATUS_INVALID, pointer, "size",
                           "must not be negative");
    *out = (struct attachment){
        .url = keep_str(&decoding->keep, file.url),
        .mime = keep_str(&decoding->keep, file.mime),
        .name = keep_str(&decoding->keep, file.name),
        .sha256 = keep_str(&decoding->keep, file.sha256),
        .size = file.size,
    };
    return STATUS_OK;
}

static enum status read_files(struct decoding *decoding, const struct json *list,
                              struct error *err)
{
    struct content *content = &decoding->event->content;
    struct attachment *items =
        keep_array(&decoding->keep, json_count(list), sizeof(*items));
    size_t count = 0;

    if (json_count(list) > LIMIT_PARTNER_ATTACHMENTS)
        return fail_at(err, STATUS_UNPROCESSABLE, "/data/attachments",
                       "must have at most %d items", LIMIT_PARTNER_ATTACHMENTS);
    if (items == NULL)
        return STATUS_OK;
    for (const struct json *item = json_first(list); item != NULL;
         item = json_next(item)) {
        char pointer[ERROR_POINTER_BYTES];
        (void)snprintf(pointer, sizeof(pointer), "/data/attachments/%zu", count);
        enum status status = read_file(decoding, item, pointer, &items[count], err);
        if (status != STATUS_OK)
            return status;
        count++;
    }
    content->attachments = items;
    content->attachment_count = count;
    return STATUS_OK;
}

/*
 * What the agent reads of a pressed button is its label; a text beside it that says
 * something else follows as lines of its own.
 */
static enum status read_answer(struct decoding *decoding, const struct created *created,
                               struct error *err)
{
    static const struct json_field fields[] = {
        FIELD_ID(answer, to, JSON_REQUIRED),
        FIELD_TEXT(answer, payload, JSON_REQUIRED),
        FIELD_TEXT(answer, text, JSON_REQUIRED),
    };
    struct event *event = decoding->event;
    struct answer answer = {0};

    enum status status = json_read(created->answer, fields, COUNT_OF(fields),
                                   "/data/answer", &answer, err);
    if (status == STATUS_OK)
        status = partner_keep_text(decoding, answer.text, "/data/answer/text",
                                   &event->text, err);
    if (status != STATUS_OK)
        return status;
    event->kind = EVENT_ANSWER;
    event->answer_payload = keep_str(&decoding->keep, answer.payload);
    if (!str_equal(created->text, answer.text))
        event->content.fallback = keep_str(&decoding->keep, created->text);
    partner_set_target(decoding, ID_SIDE_GATEWAY, part_message_id(answer.to));
    return STATUS_OK;
}

static enum status read_body(struct decoding *decoding, const struct created *created,
                             struct error *err)
{
    struct event *event = decoding->event;

    enum status status =
        partner_keep_text(decoding, created->text, "/data/text", &event->text, err);
    if (status == STATUS_OK)
        status = read_files(decoding, created->attachments, err);
    if (status == STATUS_OK && created->time.ptr != NULL)
        status = partner_read_time(event, created->time, "/data/time", err);
    if (status == STATUS_OK && created->answer != NULL)
        status = read_answer(decoding, created, err);
    return status;
}

enum status partner_decode_created(struct decoding *decoding, struct error *err)
{
    static const struct json_field fields[] = {
        FIELD_ID(created, id, JSON_REQUIRED),
        FIELD_OBJECT(created, from, JSON_REQUIRED),
        FIELD_TEXT(created, text, JSON_OPTIONAL),
        FIELD_LIST(created, attachments, JSON_OPTIONAL),
        FIELD_OBJECT(created, answer, JSON_OPTIONAL),
        FIELD_ID(created, reply_to, JSON_OPTIONAL),
        FIELD_TEXT(created, time, JSON_OPTIONAL),
    };
    struct created created = {0};
    struct event *event = decoding->event;

    enum status status =
        json_read(decoding->data, fields, COUNT_OF(fields), "/data", &created, err);
    if (status == STATUS_OK)
        status = partner_read_person(decoding, created.from, "/data/from", err);
    if (status != STATUS_OK)
        return status;
    if (created.text.len == 0 && json_count(created.attachments) == 0 &&
        created.answer == NULL)
        return fail_at(err, STATUS_INVALID, "/data",
                       "text, attachments or answer must be there");

    event->kind = EVENT_MESSAGE;
    event->source_id = keep_str(&decoding->keep, created.id);
    partner_add_key(event, ID_SIDE_CHANNEL, ID_KIND_MESSAGE, event->source_id,
                    STR_NONE);
    if (created.reply_to.len > 0)
        partner_set_target(decoding, ID_SIDE_GATEWAY,
                           part_message_id(created.reply_to));
    return read_body(decoding, &created, err);
}
