/*
 * known: whether an event is a repeat: its keys in the id index, with a tag of what it
 * says. Runs inside the writer's transaction.
 */
#include "internal.h"

#include <endian.h>

/* FNV-1a over the parts, eight bytes at a time, with their lengths: tells a repeat from
 * another body under the same key. Not a defence: the keys themselves are hashed under
 * a secret. The bytes have an order, since the file may move to another machine. */
#define TAG_START UINT64_C(14695981039346656037)
#define TAG_PRIME UINT64_C(1099511628211)
static uint64_t tag_word(uint64_t tag, const char *bytes, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, bytes, len);
    tag = (tag ^ le64toh(word)) * TAG_PRIME;
    return tag ^ tag >> 32; /* else the first bytes would reach the top bits only */
}

static uint64_t tag_add(uint64_t tag, struct str part)
{
    size_t at = 0;
    for (; part.len - at >= sizeof(uint64_t); at += sizeof(uint64_t))
        tag = tag_word(tag, part.ptr + at, sizeof(uint64_t));
    if (at < part.len)
        tag = tag_word(tag, part.ptr + at, part.len - at);
    return (tag ^ part.len) * TAG_PRIME;
}

static uint32_t tag_end(uint64_t tag)
{
    return (uint32_t)(tag >> 32);
}

uint32_t known_body_tag(const struct event *event)
{
    uint64_t tag = tag_add(TAG_START, event->contact_id);
    tag = tag_add(tag, event->text);
    tag = tag_add(tag, event->answer_payload);
    return tag_end(tag_add(tag, event->raw));
}

uint32_t known_profile_tag(const struct event *event)
{
    uint64_t tag = tag_add(TAG_START, event->name);
    tag = tag_add(tag, event->first_name);
    tag = tag_add(tag, event->last_name);
    for (size_t i = 0; i < event->attribute_count; i++) {
        tag = tag_add(tag, event->attributes[i].name);
        tag = tag_add(tag, event->attributes[i].value);
    }
    return tag_end(tag);
}

enum status known_find(struct work *work, const struct event *event, uint32_t tag,
                       struct known *out, struct error *err)
{
    *out = (struct known){0};
    for (size_t i = 0; i < event->key_count; i++) {
        int64_t message = 0;
        uint32_t known_tag = 0;
        enum status status = store_id_find(work->store, work->bridge->row,
                                           &event->keys[i], &message, &known_tag, err);
        if (status == STATUS_NOT_FOUND)
            continue;
        if (status != STATUS_OK)
            return status;
        out->is_known = true;
        out->other_body = known_tag != tag;
        out->message = message;
        return STATUS_OK;
    }
    return STATUS_OK;
}

enum status known_add(struct work *work, const struct event *event, uint32_t tag,
                      int64_t message, struct error *err)
{
    for (size_t i = 0; i < event->key_count; i++) {
        int64_t other = 0;
        uint32_t other_tag = 0;
        enum status status =
            store_id_add(work->store, work->bridge->row, &event->keys[i], message, tag,
                         work->now.wall_ms, &other, &other_tag, err);
        /* Two keys of one event may be the same id: the second is a repeat of the
         * first. */
        if (status != STATUS_OK && status != STATUS_DUPLICATE)
            return status;
    }
    return STATUS_OK;
}

/* A repeat changes nothing; the answer is that of the first. The same message id from
 * another contact is refused, where the source may refuse. */
enum status known_answer(struct work *work, const struct event *event,
                         const struct known *known, struct acceptance *out,
                         struct error *err)
{
    if (known->other_body)
        work->conflicts++;
    if (known->message == 0)
        return STATUS_DUPLICATE;
    struct message first;
    enum status status =
        store_message_get(work->store, known->message, work->arena, &first, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_DUPLICATE;
    if (status != STATUS_OK)
        return status;
    bool is_same = true;
    if (work->refuses_content && event->kind != EVENT_RECEIPT)
        status = receipts_is_contact(work, event->contact_id, &first, &is_same, err);
    if (status != STATUS_OK)
        return status;
    if (!is_same)
        return fail_at(err, STATUS_CONFLICT, "/data/id",
                       "this id belongs to a message of another contact");
    if (out->public_id == NULL &&
        (event->kind == EVENT_MESSAGE || event->kind == EVENT_ANSWER)) {
        out->public_id = arena_c_string(work->arena, str_of(first.public_id));
        out->conversation = first.conversation;
    }
    return STATUS_DUPLICATE;
}
