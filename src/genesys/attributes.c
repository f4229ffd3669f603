/*
 * attributes: what Architect can read with Get Participant Data.
 *
 * Source: genesys/open-messaging.md section 3.1 (customAttributes: a flat string map,
 * about 2 KB in all); design.md section 4 (omgw_...); read 2026-11-21.
 */
#include "internal.h"

#include "gateway/limits.h"
#include "gateway/memory.h"

#define OWN_PREFIX STR("omgw_")
/* conversation, returning, previous conversation, event, target */
#define OWN_MAX 5

struct candidate {
    struct attribute attribute;
    size_t place;
    size_t bytes;
    bool is_kept;
};

/* Bytes of a string as json_print writes it. */
static size_t printed_bytes(struct str s)
{
    size_t bytes = 2; /* the quotes */

    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '"' || c == '\\' || (c != 0 && strchr("\b\f\n\r\t", c) != NULL))
            bytes += 2;
        else
            bytes += c < 0x20 ? 6 : 1;
    }
    return bytes;
}

/* With its colon, and the comma or brace behind it. */
static size_t member_bytes(const struct attribute *attribute)
{
    return printed_bytes(attribute->name) + 1 + printed_bytes(attribute->value) + 1;
}

static int by_bytes(const void *a, const void *b)
{
    const struct candidate *left = a;
    const struct candidate *right = b;

    if (left->bytes != right->bytes)
        return left->bytes < right->bytes ? -1 : 1;
    return left->place < right->place ? -1 : 1;
}

static int by_place(const void *a, const void *b)
{
    const struct candidate *left = a;
    const struct candidate *right = b;

    return left->place < right->place ? -1 : 1;
}

/* Keeps the short ones as long as there is room: the longest are dropped first. */
static void choose(struct candidate *candidates, size_t count, size_t room)
{
    qsort(candidates, count, sizeof(*candidates), by_bytes);
    for (size_t i = 0; i < count && candidates[i].bytes <= room; i++) {
        candidates[i].is_kept = true;
        room -= candidates[i].bytes;
    }
    qsort(candidates, count, sizeof(*candidates), by_place);
}

static size_t gather(const struct event *event, struct candidate *out)
{
    size_t count = 0;

    for (size_t i = 0; i < event->attribute_count; i++) {
        const struct attribute *attribute = &event->attributes[i];
        if (attribute->name.len == 0 || str_starts(attribute->name, OWN_PREFIX))
            continue; /* omgw_ names say what the gateway knows */
        out[count++] = (struct candidate){
            .attribute = *attribute, .place = i, .bytes = member_bytes(attribute)};
    }
    return count;
}

/* What the gateway itself tells; numbers are written into `numbers`. */
static size_t gather_own(const struct delivery *delivery, struct attribute out[OWN_MAX],
                         char numbers[2][24])
{
    bool returns = delivery->previous_conversation != 0;
    size_t count = 0;

    if (delivery->opens_conversation) {
        (void)snprintf(numbers[0], sizeof(numbers[0]), "%lld",
                       (long long)delivery->conversation);
        out[count++] = (struct attribute){STR("omgw_conversation"), str_of(numbers[0])};
        out[count++] = (struct attribute){STR("omgw_returning"),
                                          returns ? STR("true") : STR("false")};
    }
    if (delivery->opens_conversation && returns) {
        (void)snprintf(numbers[1], sizeof(numbers[1]), "%lld",
                       (long long)delivery->previous_conversation);
        out[count++] =
            (struct attribute){STR("omgw_previous_conversation"), str_of(numbers[1])};
    }
    if (delivery->event.kind != EVENT_MESSAGE && delivery->event.kind != EVENT_ANSWER) {
        out[count++] = (struct attribute){
            STR("omgw_event"), str_of(event_kind_name(delivery->event.kind))};
        if (delivery->target_peer_id.len > 0)
            out[count++] =
                (struct attribute){STR("omgw_target"), delivery->target_peer_id};
    }
    return count;
}

static void add_attribute(struct json *object, const struct attribute *attribute)
{
    CLEANUP(buf_release) struct buf name;

    buf_init(&name, LIMIT_ATTRIBUTES_BYTES);
    buf_add(&name, attribute->name);
    json_add_str(object, buf_c_string(&name), attribute->value);
}

void genesys_add_attributes(const struct delivery *delivery, struct json *channel)
{
    const struct event *event = &delivery->event;
    struct attribute own[OWN_MAX];
    char numbers[2][24];
    CLEANUP(mem_freep)
    struct candidate *candidates =
        mem_new_array(event->attribute_count, sizeof(*candidates));
    size_t own_count = gather_own(delivery, own, numbers);
    size_t count = gather(event, candidates);
    size_t room = LIMIT_ATTRIBUTES_BYTES - 1; /* the first brace */

    if (own_count + count == 0)
        return;
    for (size_t i = 0; i < own_count; i++)
        room -= member_bytes(&own[i]);
    choose(candidates, count, room);

    struct json *metadata = json_add_object(channel, "metadata");
    struct json *attributes = json_add_object(metadata, "customAttributes");
    for (size_t i = 0; i < own_count; i++)
        add_attribute(attributes, &own[i]);
    for (size_t i = 0; i < count; i++)
        if (candidates[i].is_kept)
            add_attribute(attributes, &candidates[i].attribute);
}
