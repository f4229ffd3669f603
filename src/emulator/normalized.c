#include "normalized.h"

#include "shape.h"

static void print_channel_start(struct buf *out, const struct integration *integration)
{
    print_object(out, "channel");
    print_text(out, "id", integration->id);
    print_text(out, "platform", "Open");
    print_text(out, "type", "Private");
}

static void print_integration_party(struct buf *out, const char *name,
                                    const struct integration *integration)
{
    print_object(out, name);
    print_text(out, "id", integration->id);
    print_text(out, "idType", "Opaque");
    print_end_object(out);
}

/* The channel of an inbound call, from the customer to the integration. */
static void print_inbound_channel(struct buf *out,
                                  const struct integration *integration,
                                  const struct json *channel)
{
    print_channel_start(out, integration);
    print_node(out, "messageId", member_of(channel, "messageId"));
    print_integration_party(out, "to", integration);
    print_node(out, "from", member_of(channel, "from"));
    print_node(out, "time", member_of(channel, "time"));
    print_node(out, "metadata", member_of(channel, "metadata"));
    print_end_object(out);
}

/* --- inbound -------------------------------------------------------------- */

static void print_attachments(struct buf *out, const struct json *content)
{
    if (json_count(content) == 0)
        return;
    print_array(out, "content");
    for (const struct json *item = json_first(content); item != NULL;
         item = json_next(item)) {
        print_object(out, NULL);
        print_text(out, "contentType", "Attachment");
        print_node(out, "attachment", member_of(item, "attachment"));
        print_end_object(out);
    }
    print_end_array(out);
}

static void print_button_response(struct buf *out, const struct json *response)
{
    print_text(out, "direction", "Inbound");
    print_array(out, "content");
    print_object(out, NULL);
    print_text(out, "contentType", "ButtonResponse");
    print_node(out, "buttonResponse", response);
    print_end_object(out);
    print_end_array(out);
}

void print_inbound(struct buf *out, const struct message *message,
                   const struct json *body, const struct json *content,
                   bool has_conversation)
{
    const struct contact *contact = message->conversation->contact;
    print_object(out, NULL);
    print_text(out, "id", message->id);
    print_inbound_channel(out, contact->integration, json_get(body, "channel"));
    print_text(out, "type", message_type_name(message->type));
    if (message->type == MESSAGE_STRUCTURED) {
        print_button_response(out, member_of(body, "buttonResponse"));
    } else {
        print_node(out, "text", member_of(body, "text"));
        print_attachments(out, content);
    }
    print_node(out, "metadata", member_of(body, "metadata"));
    if (has_conversation)
        print_text(out, "conversationId", message->conversation->id);
    print_end_object(out);
}

void print_event(struct buf *out, const struct integration *integration, const char *id,
                 const struct json *body)
{
    print_object(out, NULL);
    print_text(out, "id", id);
    print_inbound_channel(out, integration, json_get(body, "channel"));
    print_text(out, "type", "Event");
    print_node(out, "events", member_of(body, "events"));
    print_end_object(out);
}

/* --- receipts ------------------------------------------------------------- */

static void print_unknown_message(struct buf *out)
{
    print_text(out, "status", "Failed");
    print_array(out, "reasons");
    print_object(out, NULL);
    print_text(out, "code", "UnknownMessage");
    print_text(out, "message", "There is no outbound message with this id");
    print_end_object(out);
    print_end_array(out);
}

void print_receipt(struct buf *out, const struct integration *integration,
                   const struct json *body, bool is_known)
{
    const struct json *channel = json_get(body, "channel");
    print_object(out, NULL);
    print_node(out, "id", member_of(body, "id"));
    print_channel_start(out, integration);
    print_node(out, "messageId", member_of(body, "id"));
    print_node(out, "to", member_of(channel, "to"));
    print_integration_party(out, "from", integration);
    print_node(out, "time", member_of(channel, "time"));
    print_end_object(out);
    print_text(out, "type", "Receipt");
    if (is_known) {
        print_node(out, "status", member_of(body, "status"));
        print_node(out, "reasons", member_of(body, "reasons"));
    } else {
        print_unknown_message(out);
    }
    print_node(out, "isFinalReceipt", member_of(body, "isFinalReceipt"));
    print_text(out, "direction", "Outbound");
    print_end_object(out);
}

/* --- webhooks ------------------------------------------------------------- */

static void print_webhook_channel(struct buf *out, struct str message_id,
                                  const struct contact *contact, int64_t now_ms)
{
    const struct integration *integration = contact->integration;
    print_channel_start(out, integration);
    print_str(out, "messageId", message_id);
    print_object(out, "to");
    print_str(out, "id", str_from(contact->id, contact->id_len));
    print_text(out, "idType", contact->id_type);
    print_end_object(out);
    print_object(out, "from");
    print_text(out, "nickname", integration->name);
    print_text(out, "id", integration->id);
    print_text(out, "idType", "Opaque");
    print_end_object(out);
    print_time(out, "time", now_ms);
    print_end_object(out);
}

enum message_type speech_type(const struct speech *speech)
{
    if (speech->events != NULL)
        return MESSAGE_EVENT;
    for (const struct json *item = json_first(speech->content); item != NULL;
         item = json_next(item)) {
        if (!str_is(text_of(item, "contentType"), "Attachment"))
            return MESSAGE_STRUCTURED;
    }
    return MESSAGE_TEXT;
}

void print_outbound(struct buf *out, const char *id,
                    const struct conversation *conversation,
                    const struct speech *speech, int64_t now_ms)
{
    enum message_type type = speech_type(speech);
    struct str entity = speech->originating_entity;
    if (entity.len == 0) /* agents cannot send cards: Source: section 4.4 */
        entity = type == MESSAGE_STRUCTURED ? STR("Bot") : STR("Human");

    print_object(out, NULL);
    print_text(out, "id", id);
    print_webhook_channel(out, str_of(id), conversation->contact, now_ms);
    print_text(out, "type", message_type_name(type));
    if (speech->text.ptr != NULL)
        print_str(out, "text", speech->text);
    print_node(out, "content", speech->content);
    print_node(out, "events", speech->events);
    print_str(out, "originatingEntity", entity);
    print_text(out, "direction", "Outbound");
    print_text(out, "conversationId", conversation->id);
    print_end_object(out);
}

void print_inbound_receipt(struct buf *out, const struct message *message,
                           struct str channel_message_id, struct str status,
                           const struct json *reasons, int64_t now_ms)
{
    print_object(out, NULL);
    print_text(out, "id", message->id);
    print_webhook_channel(out, channel_message_id, message->conversation->contact,
                          now_ms);
    print_text(out, "type", "Receipt");
    print_str(out, "status", status);
    print_node(out, "reasons", reasons);
    print_bool(out, "isFinalReceipt", true);
    print_text(out, "direction", "Inbound");
    print_text(out, "conversationId", message->conversation->id);
    print_end_object(out);
}
