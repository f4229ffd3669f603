/*
 * The four inbound calls, as strict as their models.
 * Sources: open-messaging.md, sections 3 and 5; read 2026-11-21.
 */
#include "agent.h"
#include "models.h"
#include "normalized.h"
#include "operations.h"

/* One bridge that talks to the real API cuts customAttributes below 2 KB; the true
 * limit is not documented. Source: open-messaging.md, section 3.1. */
#define ATTRIBUTES_BYTES_MAX 2048

/* Our own names in the rows of /_emulator: a received member of that name gives way. */
static const char *const added_names[] = {
    "row", "integrationId", "conversationId", "receivedAt", "genesysId", "dropped",
    NULL};

static bool has_added_name(const struct json *body)
{
    for (size_t i = 0; added_names[i] != NULL; i++) {
        if (json_get(body, added_names[i]) != NULL)
            return true;
    }
    return false;
}

/* The received text as the lists keep it; in the request's arena when it was changed.
 */
static struct str kept_text(struct call *call, bool is_media_dropped)
{
    if (!has_added_name(call->body) && !is_media_dropped)
        return request_body(call->request);

    struct arena *arena = request_arena(call->request);
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, SIZE_MAX); /* about as long as the body */
    print_object(&text, NULL);
    for (const struct json *member = json_first(call->body); member != NULL;
         member = json_next(member)) {
        if (is_media_dropped && str_is(json_name(member), "content"))
            print_node(&text, "dropped", member);
        else if (name_index(added_names, json_name(member)) < 0)
            print_member(&text, member);
    }
    print_end_object(&text);
    return arena_copy(arena, buf_str(&text));
}

/* --- messages ------------------------------------------------------------- */

static bool attributes_fit(struct call *call)
{
    const struct json *channel = json_get(call->body, "channel");
    const struct json *attributes =
        member_of(member_of(channel, "metadata"), "customAttributes");
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, ATTRIBUTES_BYTES_MAX);
    print_node(&text, NULL, attributes);
    if (!buf_ok(&text))
        call_refuse(call, 400, "bad.request", "customAttributes exceed %d bytes",
                    ATTRIBUTES_BYTES_MAX);
    return buf_ok(&text);
}

/* Source: open-messaging.md, section 3.1: text or content, at most one attachment. */
static bool content_fits(struct call *call)
{
    const struct json *content = member_of(call->body, "content");
    size_t count = json_count(content);
    if (count == 0 && text_of(call->body, "text").len == 0) {
        call_refuse(call, 400, "bad.request",
                    "Neither content nor text is present in the message");
        return false;
    }
    if (count > 1) {
        call_refuse(call, 400, "bad.request",
                    "A message can hold at most one attachment, not %zu", count);
        return false;
    }
    if (count == 1 && member_of(json_first(content), "attachment") == NULL) {
        call_refuse(call, 400, "bad.request", "Missing required field [attachment]");
        return false;
    }
    return true;
}

/* What becomes of it: Failed when nothing was left of it.
 * Source: open-messaging.md, sections 3.3 and 4.4. */
static bool tell_outcome(struct call *call, const struct message *message,
                         bool is_media_dropped)
{
    CLEANUP(json_freep) struct json *reasons = NULL;
    if (!call->emulator->settings.inbound_receipts)
        return true;
    if (!is_media_dropped || text_of(call->body, "text").len > 0)
        return agent_tell_outcome(call->emulator, message, STR("Published"), NULL);
    reasons = json_new_array();
    struct json *reason = json_append_object(reasons);
    json_add_str(reason, "code", STR("MediaTypeNotAllowed"));
    json_add_str(reason, "message", STR("The supported content has no such type"));
    return agent_tell_outcome(call->emulator, message, STR("Failed"), reasons);
}

/* Adds a checked inbound message; NULL after a refusal. */
static struct message *take_message(struct call *call, struct integration *integration,
                                    enum message_type type, bool is_media_dropped)
{
    const struct json *from = json_get(json_get(call->body, "channel"), "from");
    struct conversation *conversation = conversation_join(
        call->world, integration, text_of(from, "id"), text_of(from, "idType"));
    struct message *message = NULL;
    char id[HEX_ID_BYTES];
    message_make_id(call->world, id);
    if (conversation != NULL)
        message = message_add(call->world, conversation, id, true, type,
                              kept_text(call, is_media_dropped));
    if (message == NULL) {
        call_refuse_full(call);
        return NULL;
    }
    conversation->typing_ms = 0;
    if (!tell_outcome(call, message, is_media_dropped)) {
        call_refuse_full(call);
        return NULL;
    }
    return message;
}

/* Source: open-messaging.md, section 2.3: media that is not allowed is dropped from the
 * message. */
static bool media_is_refused(const struct call *call)
{
    const struct json *item = json_first(member_of(call->body, "content"));
    return item != NULL &&
           !media_types_allow(&call->emulator->media_types, "inbound",
                              text_of(member_of(item, "attachment"), "mime"));
}

/* A link is for the agent to follow. False after a refusal. */
static bool fetch_media(struct call *call, struct message *message)
{
    const struct json *attachment =
        member_of(json_first(member_of(call->body, "content")), "attachment");
    if (attachment == NULL || str_is(text_of(attachment, "mediaType"), "Link") ||
        attachment_fetch(call->emulator, message, attachment))
        return true;
    call_refuse_full(call);
    return false;
}

void post_message(struct call *call)
{
    struct integration *integration = call_integration(call);
    bool has_conversation = false;
    if (integration == NULL || call_body(call, &model_message) == NULL ||
        !content_fits(call) || !attributes_fit(call) ||
        !call_query_bool(call, "prefetchConversationId", &has_conversation))
        return;
    bool is_media_dropped = media_is_refused(call);
    struct message *message =
        take_message(call, integration, MESSAGE_TEXT, is_media_dropped);
    if (message == NULL || (!is_media_dropped && !fetch_media(call, message)))
        return;
    print_inbound(call->out, message, call->body,
                  is_media_dropped ? NULL : member_of(call->body, "content"),
                  has_conversation);
    call_answer(call, 200);
}

/* --- button answers ------------------------------------------------------- */

/* Source: open-messaging.md, section 3.6: it belongs to an existing conversation. */
static bool answers_structured(struct call *call, const struct integration *integration)
{
    struct str origin_id = text_of(call->body, "originatingMessageId");
    const struct message *origin = message_find(call->world, origin_id);
    if (origin == NULL || origin->is_inbound ||
        origin->conversation->contact->integration != integration) {
        call_refuse_missing(call, "message", origin_id);
        return false;
    }
    const struct contact *contact = origin->conversation->contact;
    const struct json *from = json_get(json_get(call->body, "channel"), "from");
    if (origin->type != MESSAGE_STRUCTURED ||
        !str_equal(text_of(from, "id"), str_from(contact->id, contact->id_len))) {
        call_refuse(call, 400, "bad.request",
                    "The originating message holds no buttons for this customer");
        return false;
    }
    if (!conversation_is_joinable(call->world, contact)) {
        call_refuse(call, 400, "bad.request",
                    "There is no conversation that this response belongs to");
        return false;
    }
    return true;
}

void post_structured(struct call *call)
{
    struct integration *integration = call_integration(call);
    if (integration == NULL || call_body(call, &model_structured) == NULL ||
        !attributes_fit(call) || !answers_structured(call, integration))
        return;
    const struct message *message =
        take_message(call, integration, MESSAGE_STRUCTURED, false);
    if (message == NULL)
        return;
    print_inbound(call->out, message, call->body, NULL, false);
    call_answer(call, 200);
}

/* --- receipts and events -------------------------------------------------- */

static enum message_state state_of_receipt(struct str status)
{
    static const enum message_state states[] = {MESSAGE_SENT, MESSAGE_DELIVERED,
                                                MESSAGE_FAILED, MESSAGE_PUBLISHED,
                                                MESSAGE_REMOVED};
    return states[name_index(receipt_statuses, status)]; /* the model was checked */
}

/* The message a receipt is for; NULL when this integration sent none of that id. */
static struct message *receipted_message(struct call *call,
                                         const struct integration *integration)
{
    struct message *message = message_find(call->world, text_of(call->body, "id"));
    if (message == NULL || message->is_inbound ||
        message->conversation->contact->integration != integration)
        return NULL;
    return message;
}

void post_receipt(struct call *call)
{
    struct integration *integration = call_integration(call);
    if (integration == NULL || call_body(call, &model_receipt) == NULL)
        return;
    struct message *message = receipted_message(call, integration);
    if (receipt_add(call->world, integration, message, kept_text(call, false)) ==
        NULL) {
        call_refuse_full(call);
        return;
    }
    if (message != NULL) /* the last word counts: which Genesys keeps is not known */
        message->state = state_of_receipt(text_of(call->body, "status"));
    print_receipt(call->out, integration, call->body, message != NULL);
    call_answer(call, 200);
}

void post_event(struct call *call)
{
    struct integration *integration = call_integration(call);
    if (integration == NULL || call_body(call, &model_event) == NULL)
        return;
    if (json_count(json_get(call->body, "events")) == 0) {
        call_refuse(call, 400, "bad.request", "No events are present");
        return;
    }
    if (event_add(call->world, integration, kept_text(call, false)) == NULL) {
        call_refuse_full(call);
        return;
    }
    const struct json *from = json_get(json_get(call->body, "channel"), "from");
    const struct contact *contact = contact_find(integration, text_of(from, "id"));
    if (contact != NULL && contact->latest != NULL)
        contact->latest->typing_ms = world_now_ms(call->world);

    char id[HEX_ID_BYTES];
    message_make_id(call->world, id);
    print_event(call->out, integration, id, call->body);
    call_answer(call, 200);
}
