/*
 * meta_batch: the entries of a webhook, item by item.
 *
 * Source: channels/whatsapp.md section 3; channels/meta-messenger.md section 2; read
 * 2026-12-01. *unsure*: that an entry has one item only, as some documents say.
 */
#include "gateway/limits.h"
#include "gateway/member.h"
#include "meta.h"

struct walk {
    const struct meta_batch *batch;
    const struct bridge *bridge;
    struct reading *reading;
    size_t events; /* there may be */
    bool any_ours;
    bool any_foreign;
};

static enum status count_item(struct walk *walk, const struct json *entry,
                              const struct json *item, struct error *err)
{
    bool is_ours = walk->batch->is_ours(walk->bridge, entry, item);

    (void)err;
    walk->any_ours |= is_ours;
    walk->any_foreign |= !is_ours;
    walk->events += is_ours ? walk->batch->count(item) : 1;
    return STATUS_OK;
}

static enum status decode_item(struct walk *walk, const struct json *entry,
                               const struct json *item, struct error *err)
{
    if (walk->batch->is_ours(walk->bridge, entry, item))
        return walk->batch->decode(walk->bridge, walk->reading, item, err);
    if (reading_event(walk->reading) == NULL)
        return STATUS_OK; /* the whole is kept */
    return reading_unreadable(walk->reading, item, err);
}

typedef enum status item_seen(struct walk *walk, const struct json *entry,
                              const struct json *item, struct error *err);

/* Of those that say something. */
static enum status each_item(struct walk *walk, const struct json *body,
                             item_seen *seen, struct error *err)
{
    const char *list = walk->batch->list;
    enum status status = STATUS_OK;

    for (const struct json *entry = json_first(json_get(body, "entry"));
         entry != NULL && status == STATUS_OK; entry = json_next(entry))
        for (const struct json *item = json_first(json_get(entry, list));
             item != NULL && status == STATUS_OK; item = json_next(item))
            if (walk->batch->count(item) > 0)
                status = seen(walk, entry, item, err);
    return status;
}

static enum status decode_body(struct walk *walk, const struct json *body,
                               const struct http_message *message, struct arena *arena,
                               struct error *err)
{
    enum status status = each_item(walk, body, count_item, err);
    if (status != STATUS_OK)
        return status;
    if (walk->any_foreign && !walk->any_ours)
        return fail(err, STATUS_FORBIDDEN,
                    "the webhook is for another %s than bridge %s's",
                    walk->batch->account, walk->bridge->name);
    reading_begin(walk->reading, message, walk->events, arena);
    if (!str_is(member_text(body, "object"), walk->batch->object))
        return reading_whole_unreadable(walk->reading, err);
    return each_item(walk, body, decode_item, err);
}

enum status meta_decode(const struct meta_batch *batch, const struct bridge *bridge,
                        const struct http_message *message, struct arena *arena,
                        struct reading *reading, struct unit *unit, struct error *err)
{
    CLEANUP(json_freep) struct json *body = NULL;
    struct walk walk = {.batch = batch, .bridge = bridge, .reading = reading};

    enum status status = json_parse(message->body, LIMIT_JSON_DEPTH, &body, err);
    if (status == STATUS_OK) {
        status = decode_body(&walk, body, message, arena, err);
    } else if (status == STATUS_INVALID) {
        reading_begin(reading, message, 1, arena);
        status = reading_whole_unreadable(reading, err);
    }
    return status == STATUS_OK ? reading_end(reading, unit, err) : status;
}
