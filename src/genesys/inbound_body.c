/*
 * inbound_body: the requests to the Open Messaging API. Only declared properties are
 * sent.
 *
 * Source: SDK models OpenInboundNormalizedMessage,
 * OpenInboundStructuredResponseMessage, OpenInboundNormalizedReceipt,
 * OpenInboundNormalizedEvent; genesys/open-messaging.md sections 3.1, 3.5, 3.6, 3.8
 * and 5.1; read 2026-11-21.
 */
#include "internal.h"

#include "gateway/member.h"
#include "gateway/parts.h"

static void add_time(struct json *channel, int64_t time_ms)
{
    char text[TIME_TEXT_BYTES];

    time_format(time_ms, text);
    json_add_str(channel, "time", str_of(text));
}

/* The contact's id is ours to give and means nothing to Genesys Cloud: Opaque. */
static struct json *add_person(struct json *channel, const char *end,
                               const struct event *event)
{
    struct json *person = json_add_object(channel, end);

    json_add_str(person, "id", event->contact_id);
    json_add_str(person, "idType", STR("Opaque"));
    return person;
}

/* The same id and time on every repeat. Source: section 3.2. */
static struct json *add_message_channel(struct json *body,
                                        const struct delivery *delivery,
                                        struct str message_id)
{
    const struct event *event = &delivery->event;
    struct json *channel = json_add_object(body, "channel");

    json_add_str(channel, "messageId", message_id);
    add_time(channel, delivery->time_ms);
    struct json *from = add_person(channel, "from", event);
    member_add_text(from, "nickname", event->name);
    member_add_text(from, "firstName", event->first_name);
    member_add_text(from, "lastName", event->last_name);
    return channel;
}

static enum status finish(const struct attempt *attempt, const struct json *body,
                          const char *method, struct str url, struct exchange *out,
                          struct error *err)
{
    struct arena *arena = attempt->arena;

    *out = (struct exchange){.method = method,
                             .url = arena_c_string(arena, url),
                             .timeout_ms = GENESYS_TIMEOUT_MS};
    enum status status = exchange_json(out, body, arena, err);
    if (status == STATUS_OK)
        exchange_bearer(out, attempt->credential->token, arena);
    return status;
}

/* The four inbound calls of an integration. */
static enum status finish_inbound(const struct attempt *attempt,
                                  const struct json *body, const char *call,
                                  struct exchange *out, struct error *err)
{
    const struct bridge *bridge = attempt->bridge;
    struct str url = arena_printf(
        attempt->arena, "%s/api/v2/conversations/messages/%s/inbound/open/%s",
        bridge->organisation->api_url, bridge->integration_id, call);

    return finish(attempt, body, "POST", url, out, err);
}

/* Source: section 3.1, SDK model OpenContentAttachment. */
static void add_file(struct json *body, const struct inbound_part *part)
{
    static const char *const media_types[] = {
        [MEDIA_IMAGE] = "Image",
        [MEDIA_VIDEO] = "Video",
        [MEDIA_AUDIO] = "Audio",
        [MEDIA_OTHER] = "File",
    };
    const struct file *file = part->file;
    struct json *content = json_append_object(json_add_array(body, "content"));
    struct json *attachment = json_add_object(content, "attachment");

    json_add_str(attachment, "mediaType",
                 str_of(media_types[media_kind_of(file->mime)]));
    json_add_str(attachment, "url", file->link);
    json_add_str(attachment, "mime", file->mime);
    json_add_str(attachment, "filename", file->name);
    json_add_str(attachment, "sha256", file->sha256);
    member_add_text(attachment, "text", part->caption);
}

enum status genesys_say_part(const struct attempt *attempt,
                             const struct inbound_part *part, struct exchange *out,
                             struct error *err)
{
    const struct delivery *delivery = attempt->delivery;
    size_t index = part->index;
    struct str id = part_id(delivery->public_id, index, attempt->arena);
    CLEANUP(json_freep) struct json *body = json_new_object();
    struct json *channel = add_message_channel(body, delivery, id);
    bool asks_conversation = index == 0 && delivery->wants_conversation_id;

    if (index == 0)
        genesys_add_attributes(delivery, channel);
    if (part->file == NULL || part->text.len > 0)
        json_add_str(body, "text", part->text);
    if (part->file != NULL)
        add_file(body, part);
    return finish_inbound(attempt, body,
                          asks_conversation ? "message?prefetchConversationId=true"
                                            : "message",
                          out, err);
}

enum status genesys_say_answer(const struct attempt *attempt, struct exchange *out,
                               struct error *err)
{
    const struct delivery *delivery = attempt->delivery;
    const struct event *event = &delivery->event;
    struct str id = part_id(delivery->public_id, 0, attempt->arena);
    CLEANUP(json_freep) struct json *body = json_new_object();
    bool is_date = event->answer_kind == CHOICE_DATE;
    const char *type = is_date                               ? "DatePicker"
                       : event->answer_kind == CHOICE_BUTTON ? "Button"
                                                             : "QuickReply";

    (void)add_message_channel(body, delivery, id);
    struct json *response = json_add_object(body, "buttonResponse");
    json_add_str(response, "type", str_of(type));
    json_add_str(response, "text", is_date ? event->answer_payload : event->text);
    json_add_str(response, "payload", event->answer_payload);
    json_add_str(body, "originatingMessageId", delivery->target_peer_id);
    return finish_inbound(attempt, body, "structured/response", out, err);
}

/* `reasons` wants a message and, if any, one of Genesys' own codes. */
static void add_reason(struct json *body, const struct event *event)
{
    struct json *reason = json_append_object(json_add_array(body, "reasons"));

    member_add_text(reason, "code", event->reason_code);
    json_add_str(reason, "message",
                 event->reason_text.len > 0 ? event->reason_text
                                            : STR("not delivered"));
}

enum status genesys_say_receipt(const struct attempt *attempt, struct exchange *out,
                                struct error *err)
{
    const struct delivery *delivery = attempt->delivery;
    const struct event *event = &delivery->event;
    bool is_failed = event->receipt_status == MESSAGE_FAILED;
    CLEANUP(json_freep) struct json *body = json_new_object();

    json_add_str(body, "id", delivery->target_peer_id);
    struct json *channel = json_add_object(body, "channel");
    (void)add_person(channel, "to", event);
    add_time(channel, delivery->time_ms);
    json_add_str(body, "status", is_failed ? STR("Failed") : STR("Delivered"));
    json_add_bool(body, "isFinalReceipt", true);
    if (is_failed)
        add_reason(body, event);
    return finish_inbound(attempt, body, "receipt", out, err);
}

enum status genesys_say_typing(const struct attempt *attempt, struct exchange *out,
                               struct error *err)
{
    const struct delivery *delivery = attempt->delivery;
    CLEANUP(json_freep) struct json *body = json_new_object();
    struct json *channel = json_add_object(body, "channel");

    (void)add_person(channel, "from", &delivery->event);
    add_time(channel, delivery->time_ms);
    struct json *events = json_add_array(body, "events");
    json_add_str(json_append_object(events), "eventType", STR("Typing"));
    return finish_inbound(attempt, body, "event", out, err);
}

enum status genesys_say_disconnect(const struct attempt *attempt, struct exchange *out,
                                   struct error *err)
{
    CLEANUP(json_freep) struct json *body = json_new_object();
    struct str conversation = attempt->delivery->target_genesys_conversation;
    struct str url =
        arena_printf(attempt->arena, "%s/api/v2/conversations/messages/%.*s",
                     attempt->bridge->organisation->api_url, STR_ARG(conversation));

    json_add_str(body, "state", STR("disconnected"));
    return finish(attempt, body, "PATCH", url, out, err);
}
