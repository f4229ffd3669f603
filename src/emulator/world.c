#include "world.h"

#include "gateway/clock.h"
#include "gateway/crypto.h"

const char *const messenger_types[MESSENGER_TYPES + 1] = {
    "sms",       "facebook", "twitter", "whatsapp", "webmessaging",
    "instagram", "open",     "apple",   NULL,
};
#define MESSENGER_OPEN 6

static void integration_free(void *row)
{
    struct integration *integration = row;
    lookup_clear(&integration->contacts);
    mem_free(integration->id);
    mem_free(integration->name);
    mem_free(integration->webhook_url);
    mem_free(integration->secret);
    mem_free(integration->webhook_headers);
    mem_free(integration->supported_content);
    mem_free(integration->messaging_setting);
    mem_free(integration->flow_id);
    mem_free(integration);
}

void world_init(struct world *world, size_t ceiling)
{
    *world = (struct world){0};
    uint64_t seed;
    bytes_random(&seed, sizeof(seed)); /* ids differ from those of the run before */
    random_seed(&world->random, seed);
    rows_init(&world->integrations, ceiling, integration_free);
    rows_init(&world->contacts, ceiling, mem_free);
    rows_init(&world->conversations, ceiling, mem_free);
    rows_init(&world->inbound, ceiling, mem_free);
    rows_init(&world->outbound, ceiling, mem_free);
    rows_init(&world->receipts, ceiling, mem_free);
    rows_init(&world->events, ceiling, mem_free);
    for (size_t i = 0; i < MESSENGER_TYPES; i++)
        world->timeout_minutes[i] = TIMEOUT_DEFAULT_MINUTES;
}

void world_clear(struct world *world)
{
    lookup_clear(&world->integration_by_id);
    lookup_clear(&world->conversation_by_id);
    lookup_clear(&world->message_by_id);
    rows_clear(&world->integrations);
    rows_clear(&world->contacts);
    rows_clear(&world->conversations);
    rows_clear(&world->inbound);
    rows_clear(&world->outbound);
    rows_clear(&world->receipts);
    rows_clear(&world->events);
    world_init(world, world->inbound.ceiling);
}

int64_t world_now_ms(const struct world *world)
{
    return clock_now().wall_ms + world->offset_ms;
}

static void make_hex(struct random *random, char out_text[HEX_ID_BYTES])
{
    uint64_t words[2] = {random_u64(random), random_u64(random)};
    hex_encode((const uint8_t *)words, sizeof(words), out_text);
}

void make_uuid(struct random *random, char out_text[UUID_BYTES])
{
    char hex[HEX_ID_BYTES];
    make_hex(random, hex);
    hex[12] = '4'; /* version 4, variant 10: Source: RFC 9562, section 5.4 */
    hex[16] = "89ab"[random_below(random, 4)];
    (void)snprintf(out_text, UUID_BYTES, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
                   hex + 12, hex + 16, hex + 20);
}

void message_make_id(struct world *world, char out_id[HEX_ID_BYTES])
{
    make_hex(&world->random, out_id);
}

/* --- integrations --------------------------------------------------------- */

static char *copy_of(struct str text)
{
    char *copy = mem_new(text.len + 1);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

void text_replace(char **text, struct str value)
{
    char *copy = copy_of(value); /* first: the value may stand in the old text */
    mem_free(*text);
    *text = copy;
}

struct integration *integration_add(struct world *world, struct str id, struct str name,
                                    struct str webhook_url, struct str secret)
{
    char made_id[UUID_BYTES];
    if (id.len == 0) {
        make_uuid(&world->random, made_id);
        id = str_of(made_id);
    }
    if (rows_are_full(&world->integrations) || integration_find(world, id) != NULL)
        return NULL;

    struct integration *integration = mem_new(sizeof(*integration));
    integration->id = copy_of(id);
    integration->name = copy_of(name);
    integration->webhook_url = copy_of(webhook_url);
    integration->secret = copy_of(secret);
    make_uuid(&world->random, integration->recipient_id);
    integration->created_ms = world_now_ms(world);
    integration->modified_ms = integration->created_ms;
    lookup_add(&world->integration_by_id, &integration->by_id, str_of(integration->id));
    (void)rows_add(&world->integrations, integration);
    return integration;
}

struct integration *integration_find(const struct world *world, struct str id)
{
    struct lookup_entry *found = lookup_find(&world->integration_by_id, id);
    return found == NULL ? NULL : CONTAINER_OF(found, struct integration, by_id);
}

void integration_delete(struct world *world, struct integration *integration)
{
    lookup_remove(&world->integration_by_id, &integration->by_id);
    integration->is_deleted = true;
}

/* --- contacts and conversations ------------------------------------------- */

struct contact *contact_find(const struct integration *integration, struct str id)
{
    struct lookup_entry *found = lookup_find(&integration->contacts, id);
    return found == NULL ? NULL : CONTAINER_OF(found, struct contact, by_id);
}

static struct contact *contact_add(struct world *world, struct integration *integration,
                                   struct str id)
{
    if (rows_are_full(&world->contacts))
        return NULL;
    struct contact *contact = mem_new(sizeof(*contact) + id.len + 1);
    contact->integration = integration;
    contact->id_len = id.len;
    memcpy(contact->id, id.ptr, id.len);
    (void)snprintf(contact->id_type, sizeof(contact->id_type), "Opaque");
    lookup_add(&integration->contacts, &contact->by_id, str_from(contact->id, id.len));
    (void)rows_add(&world->contacts, contact);
    return contact;
}

bool conversation_is_joinable(const struct world *world, const struct contact *contact)
{
    const struct conversation *latest = contact->latest;
    if (latest == NULL)
        return false;
    int64_t window_ms = world->timeout_minutes[MESSENGER_OPEN] * 60 * 1000;
    return latest->is_connected ||
           world_now_ms(world) - latest->disconnected_ms < window_ms;
}

static struct conversation *conversation_add(struct world *world,
                                             struct contact *contact)
{
    if (rows_are_full(&world->conversations))
        return NULL;
    struct conversation *conversation = mem_new(sizeof(*conversation));
    make_uuid(&world->random, conversation->id);
    conversation->contact = contact;
    conversation->opened_ms = world_now_ms(world);
    lookup_add(&world->conversation_by_id, &conversation->by_id,
               str_of(conversation->id));
    (void)rows_add(&world->conversations, conversation);
    contact->latest = conversation;
    return conversation;
}

struct conversation *conversation_join(struct world *world,
                                       struct integration *integration,
                                       struct str contact_id, struct str id_type)
{
    struct contact *contact = contact_find(integration, contact_id);
    if (contact == NULL)
        contact = contact_add(world, integration, contact_id);
    if (contact == NULL)
        return NULL;
    if (id_type.len > 0)
        (void)snprintf(contact->id_type, sizeof(contact->id_type), "%.*s",
                       STR_ARG(id_type));

    struct conversation *conversation = contact->latest;
    if (!conversation_is_joinable(world, contact))
        conversation = conversation_add(world, contact);
    if (conversation == NULL)
        return NULL;
    conversation->is_connected = true;
    conversation->disconnected_ms = 0;
    return conversation;
}

struct conversation *conversation_find(const struct world *world, struct str id)
{
    struct lookup_entry *found = lookup_find(&world->conversation_by_id, id);
    return found == NULL ? NULL : CONTAINER_OF(found, struct conversation, by_id);
}

void conversation_disconnect(struct world *world, struct conversation *conversation)
{
    if (!conversation->is_connected)
        return; /* the window runs from the first end */
    conversation->is_connected = false;
    conversation->disconnected_ms = world_now_ms(world);
}

/* --- messages, receipts, events ------------------------------------------- */

const char *message_type_name(enum message_type type)
{
    static const char *const names[] = {
        [MESSAGE_TEXT] = "Text",
        [MESSAGE_STRUCTURED] = "Structured",
        [MESSAGE_EVENT] = "Event",
    };
    return names[type];
}

const char *message_state_name(enum message_state state)
{
    /* As in MessageDetails.messageStatus. Source: open-messaging.md, section 5.3. */
    static const char *const names[] = {
        [MESSAGE_RECEIVED] = "received",
        [MESSAGE_QUEUED] = "queued",
        [MESSAGE_SENT] = "sent",
        [MESSAGE_UNSENT] = "failed",
        [MESSAGE_DELIVERED] = "delivery-success",
        [MESSAGE_FAILED] = "delivery-failed",
        [MESSAGE_PUBLISHED] = "published",
        [MESSAGE_REMOVED] = "removed",
    };
    return names[state];
}

static void conversation_append(struct conversation *conversation,
                                struct message *message)
{
    if (conversation->last == NULL)
        conversation->first = message;
    else
        conversation->last->next_in_conversation = message;
    conversation->last = message;
    conversation->message_count++;
    conversation->last_ms = message->at_ms;
}

struct message *message_add(struct world *world, struct conversation *conversation,
                            const char id[HEX_ID_BYTES], bool is_inbound,
                            enum message_type type, struct str json)
{
    struct rows *rows = is_inbound ? &world->inbound : &world->outbound;
    if (rows_are_full(rows))
        return NULL;
    struct message *message = mem_new(sizeof(*message) + json.len);
    memcpy(message->id, id, HEX_ID_BYTES);
    message->is_inbound = is_inbound;
    message->type = type;
    message->state = is_inbound ? MESSAGE_RECEIVED : MESSAGE_QUEUED;
    message->at_ms = world_now_ms(world);
    message->conversation = conversation;
    message->json_len = json.len;
    memcpy(message->json, json.ptr, json.len);
    lookup_add(&world->message_by_id, &message->by_id, str_of(message->id));
    (void)rows_add(rows, message);
    if (type != MESSAGE_EVENT)
        conversation_append(conversation, message);
    return message;
}

struct message *message_find(const struct world *world, struct str id)
{
    struct lookup_entry *found = lookup_find(&world->message_by_id, id);
    return found == NULL ? NULL : CONTAINER_OF(found, struct message, by_id);
}

static struct notice *notice_add(struct rows *rows, int64_t at_ms,
                                 const struct integration *integration, struct str json)
{
    if (rows_are_full(rows))
        return NULL;
    struct notice *notice = mem_new(sizeof(*notice) + json.len);
    notice->integration = integration;
    notice->at_ms = at_ms;
    notice->json_len = json.len;
    memcpy(notice->json, json.ptr, json.len);
    (void)rows_add(rows, notice);
    return notice;
}

struct notice *receipt_add(struct world *world, const struct integration *integration,
                           struct message *message, struct str json)
{
    struct notice *receipt =
        notice_add(&world->receipts, world_now_ms(world), integration, json);
    if (receipt == NULL || message == NULL)
        return receipt;
    receipt->message = message;
    if (message->last_receipt == NULL)
        message->first_receipt = receipt;
    else
        message->last_receipt->next_of_message = receipt;
    message->last_receipt = receipt;
    return receipt;
}

struct notice *event_add(struct world *world, const struct integration *integration,
                         struct str json)
{
    return notice_add(&world->events, world_now_ms(world), integration, json);
}
