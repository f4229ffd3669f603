/*
 * Calls about conversations: ending one, looking a message up, and agentless messages.
 * Sources: open-messaging.md, sections 3.3, 3.8, 7; read 2026-11-21.
 */
#include "agent.h"
#include "gateway/limits.h"
#include "models.h"
#include "operations.h"

/* Source: open-messaging.md, section 6 (textBody of REST sends); read 2026-11-21. */
#define AGENTLESS_TEXT_MAX 2000

/* The conversation that the path names; NULL after a refusal. */
static struct conversation *call_conversation(struct call *call)
{
    struct str id = request_argument(call->request, "conversationId");
    struct conversation *found = conversation_find(call->world, id);
    if (found == NULL)
        call_refuse_missing(call, "conversation", id);
    return found;
}

static void print_conversation(struct buf *out, const struct conversation *conversation)
{
    const struct contact *contact = conversation->contact;
    print_object(out, NULL);
    print_text(out, "id", conversation->id);
    print_array(out, "participants");
    print_object(out, NULL);
    print_text(out, "purpose", "customer");
    print_text(out, "state", conversation->is_connected ? "connected" : "disconnected");
    print_str(out, "address", str_from(contact->id, contact->id_len));
    print_end_object(out);
    print_end_array(out);
    print_end_object(out);
}

void patch_conversation(struct call *call)
{
    struct conversation *conversation = call_conversation(call);
    if (conversation == NULL || call_body(call, &model_conversation) == NULL)
        return;
    conversation_disconnect(call->world, conversation);
    print_conversation(call->out, conversation);
    call_answer(call, 200);
}

void disconnect_conversation(struct call *call)
{
    struct conversation *conversation = call_conversation(call);
    if (conversation == NULL)
        return;
    conversation_disconnect(call->world, conversation);
    print_text(call->out, NULL, "");
    call_answer(call, 200);
}

/* --- message details ------------------------------------------------------ */

/* The message in Genesys' form, as the member normalizedMessage. */
static void print_normalized(struct buf *out, const struct message *message)
{
    struct str json = str_from(message->json, message->json_len);
    if (!message->is_inbound) {
        print_raw(out, "normalizedMessage", json);
        return;
    }
    CLEANUP(json_freep) struct json *body = NULL;
    CLEANUP(buf_release) struct buf text;
    struct error err;
    buf_init(&text, SIZE_MAX);
    if (json_parse(json, LIMIT_JSON_DEPTH, &body, &err) == STATUS_OK)
        print_inbound(&text, message, body, member_of(body, "content"), true);
    print_raw(out, "normalizedMessage", buf_str(&text));
}

static void print_receipts(struct buf *out, const struct message *message)
{
    print_array(out, "normalizedReceipts");
    for (const struct notice *receipt = message->first_receipt; receipt != NULL;
         receipt = receipt->next_of_message)
        print_raw(out, NULL, str_from(receipt->json, receipt->json_len));
    print_end_array(out);
}

static void print_details(struct buf *out, const struct message *message,
                          bool is_normalized)
{
    const struct contact *contact = message->conversation->contact;
    struct str customer = str_from(contact->id, contact->id_len);
    struct str integration = str_of(contact->integration->id);
    print_object(out, NULL);
    print_text(out, "id", message->id);
    print_time(out, "timestamp", message->at_ms);
    print_str(out, "fromAddress", message->is_inbound ? customer : integration);
    print_str(out, "toAddress", message->is_inbound ? integration : customer);
    print_text(out, "direction", message->is_inbound ? "inbound" : "outbound");
    print_text(out, "messengerType", "open");
    print_text(out, "status", message_state_name(message->state));
    if (is_normalized) {
        print_normalized(out, message);
        print_receipts(out, message);
    }
    print_text(out, "conversationId", message->conversation->id);
    print_end_object(out);
}

void get_message_details(struct call *call)
{
    struct str id = request_argument(call->request, "messageId");
    const struct message *message = message_find(call->world, id);
    bool is_normalized = false;
    if (message == NULL) {
        call_refuse_missing(call, "message", id);
        return;
    }
    if (!call_query_bool(call, "useNormalizedMessage", &is_normalized))
        return;
    print_details(call->out, message, is_normalized);
    call_answer(call, 200);
}

/* --- agentless ------------------------------------------------------------ */

static bool agentless_fits(struct call *call)
{
    struct str text = text_of(call->body, "textBody");
    const char *wrong = NULL;
    if (!str_is(text_of(call->body, "toAddressMessengerType"), "open"))
        wrong = "only toAddressMessengerType open is emulated";
    else if (text_of(call->body, "toAddress").len == 0)
        wrong = "toAddress is required";
    else if (text.len == 0)
        wrong = "textBody is required: open messaging takes text only";
    else if (utf8_count(text) > AGENTLESS_TEXT_MAX)
        wrong = "textBody exceeds 2000 characters";
    if (wrong != NULL)
        call_refuse(call, 400, "bad.request", "%s", wrong);
    return wrong == NULL;
}

/* A live conversation is only joined when the caller says so. */
static bool may_join(struct call *call, const struct integration *integration)
{
    bool may_use_existing = false;
    (void)json_bool(json_get(call->body, "useExistingActiveConversation"),
                    &may_use_existing);
    const struct contact *contact =
        contact_find(integration, text_of(call->body, "toAddress"));
    if (may_use_existing || contact == NULL || contact->latest == NULL ||
        !contact->latest->is_connected)
        return true;
    call_refuse(call, 400, "bad.request",
                "An active conversation exists between these addresses: see "
                "useExistingActiveConversation");
    return false;
}

/* Says the text in the customer's conversation; NULL when a list is full. */
static const struct message *say_agentless(struct call *call,
                                           struct integration *integration)
{
    struct str to = text_of(call->body, "toAddress");
    const struct contact *contact = contact_find(integration, to);
    bool was_connected =
        contact != NULL && contact->latest != NULL && contact->latest->is_connected;
    struct conversation *conversation =
        conversation_join(call->world, integration, to, STR_NONE);
    if (conversation == NULL)
        return NULL;
    struct speech speech = {.text = text_of(call->body, "textBody")};
    const struct message *message = agent_say(call->emulator, conversation, &speech);
    if (!was_connected) /* nobody is there who could leave: the window runs from now */
        conversation_disconnect(call->world, conversation);
    return message;
}

static void print_agentless(struct call *call, const struct message *message,
                            bool is_normalized)
{
    struct buf *out = call->out;
    print_object(out, NULL);
    print_text(out, "id", message->id);
    print_text(out, "conversationId", message->conversation->id);
    print_node(out, "fromAddress", member_of(call->body, "fromAddress"));
    print_node(out, "toAddress", member_of(call->body, "toAddress"));
    print_text(out, "messengerType", "open");
    print_node(out, "useExistingActiveConversation",
               member_of(call->body, "useExistingActiveConversation"));
    CLEANUP(buf_release) struct buf details;
    buf_init(&details, SIZE_MAX);
    print_details(&details, message, is_normalized);
    print_raw(out, "message", buf_str(&details));
    print_time(out, "timestamp", message->at_ms);
    print_end_object(out);
}

void post_agentless(struct call *call)
{
    bool is_normalized = false;
    if (call_body(call, &model_agentless) == NULL || !agentless_fits(call) ||
        !call_query_bool(call, "useNormalizedMessage", &is_normalized))
        return;
    struct str from = text_of(call->body, "fromAddress");
    struct integration *integration = integration_find(call->world, from);
    if (integration == NULL) {
        call_refuse_missing(call, "integration", from);
        return;
    }
    if (!may_join(call, integration))
        return;
    const struct message *message = say_agentless(call, integration);
    if (message == NULL) {
        call_refuse_full(call);
        return;
    }
    print_agentless(call, message, is_normalized);
    call_answer(call, 200);
}
