/*
 * The administration calls: open integrations, their recipients, the threading
 * timeline. Source: open-messaging.md, sections 2.1, 2.2, 2.5; read 2026-11-21.
 */
#include "courier.h"
#include "models.h"
#include "operations.h"

#define INTEGRATIONS_PATH "/api/v2/conversations/messaging/integrations"
#define OPEN_PATH INTEGRATIONS_PATH "/open"
#define RECIPIENTS_PATH "/api/v2/routing/message/recipients"
#define PAGE_SIZE_DEFAULT 25
#define PAGE_SIZE_MAX 500
/* Source: SDK model OpenIntegrationRequest. */
#define SECRET_MIN_CHARS 16

/* --- bodies --------------------------------------------------------------- */

static void print_self(struct buf *out, const char *path, const char *id)
{
    char uri[400];
    (void)snprintf(uri, sizeof(uri), "%s/%s", path, id);
    print_text(out, "selfUri", uri);
}

static void print_recipient_reference(struct buf *out,
                                      const struct integration *integration)
{
    print_object(out, "recipient");
    print_text(out, "id", integration->recipient_id);
    print_self(out, RECIPIENTS_PATH, integration->recipient_id);
    print_end_object(out);
}

static void print_dates(struct buf *out, const struct integration *integration)
{
    print_time(out, "dateCreated", integration->created_ms);
    print_time(out, "dateModified", integration->modified_ms);
}

/* The references an integration has, in any listing. */
static void print_profiles(struct buf *out, const struct integration *integration)
{
    print_raw(out, "supportedContent", str_of(integration->supported_content));
    print_raw(out, "messagingSetting", str_of(integration->messaging_setting));
}

static void print_open_integration(struct buf *out, struct integration *integration)
{
    print_object(out, NULL);
    print_text(out, "id", integration->id);
    print_text(out, "name", integration->name);
    print_profiles(out, integration);
    print_text(out, "outboundNotificationWebhookUrl", integration->webhook_url);
    /* Whether Genesys gives it back is not known: nobody shall rely on it. */
    print_text(out, "outboundNotificationWebhookSignatureSecretToken", "********");
    print_raw(out, "webhookHeaders", str_of(integration->webhook_headers));
    print_text(out, "status", integration->is_created ? "Active" : "Starting");
    print_recipient_reference(out, integration);
    print_dates(out, integration);
    print_text(out, "createStatus",
               integration->is_created ? "Completed" : "Initiated");
    print_self(out, OPEN_PATH, integration->id);
    print_end_object(out);
}

/* As a GET shows it: whoever looks again finds it created. */
static void print_created_integration(struct buf *out, struct integration *integration)
{
    integration->is_created = true;
    print_open_integration(out, integration);
}

static void print_any_integration(struct buf *out, struct integration *integration)
{
    print_object(out, NULL);
    print_text(out, "id", integration->id);
    print_text(out, "name", integration->name);
    print_profiles(out, integration);
    print_text(out, "status", integration->is_created ? "Active" : "Starting");
    print_text(out, "messengerType", "open");
    print_text(out, "openExtensionType", "None");
    print_recipient_reference(out, integration);
    print_dates(out, integration);
    print_i64(out, "version", 1);
    print_self(out, OPEN_PATH, integration->id);
    print_end_object(out);
}

static void print_recipient(struct buf *out, struct integration *integration)
{
    print_object(out, NULL);
    print_text(out, "id", integration->recipient_id);
    print_text(out, "name", integration->name);
    if (integration->flow_id != NULL) {
        print_object(out, "flow");
        print_text(out, "id", integration->flow_id);
        print_end_object(out);
    }
    print_text(out, "messengerType", "open");
    print_dates(out, integration);
    print_self(out, RECIPIENTS_PATH, integration->recipient_id);
    print_end_object(out);
}

/* --- pages ---------------------------------------------------------------- */

struct page {
    const char *path;
    int64_t size;
    int64_t number; /* from 1 */
    int64_t total;
};

static void print_uri(struct buf *out, const char *name, const struct page *page,
                      int64_t number)
{
    char uri[200];
    (void)snprintf(uri, sizeof(uri), "%s?pageSize=%lld&pageNumber=%lld", page->path,
                   (long long)page->size, (long long)number);
    print_text(out, name, uri);
}

static void print_page_end(struct buf *out, const struct page *page)
{
    int64_t count = (page->total + page->size - 1) / page->size;
    print_i64(out, "pageSize", page->size);
    print_i64(out, "pageNumber", page->number);
    print_i64(out, "total", page->total);
    print_i64(out, "pageCount", count);
    print_uri(out, "firstUri", page, 1);
    print_uri(out, "selfUri", page, page->number);
    print_uri(out, "lastUri", page, count > 0 ? count : 1);
    if (page->number < count)
        print_uri(out, "nextUri", page, page->number + 1);
    if (page->number > 1)
        print_uri(out, "previousUri", page, page->number - 1);
}

/* Lists the integrations that are there, one page of them, each printed by `print`. */
static void answer_page(struct call *call, const char *path, struct str name,
                        void (*print)(struct buf *out, struct integration *integration))
{
    struct page page = {.path = path};
    if (!call_query_number(call, "pageSize", 1, PAGE_SIZE_MAX, PAGE_SIZE_DEFAULT,
                           &page.size) ||
        !call_query_number(call, "pageNumber", 1, INT32_MAX, 1, &page.number))
        return;

    const struct rows *all = &call->world->integrations;
    int64_t first = (page.number - 1) * page.size;
    print_object(call->out, NULL);
    print_array(call->out, "entities");
    for (size_t i = 0; i < all->count; i++) {
        struct integration *integration = all->items[i];
        if (integration->is_deleted ||
            (name.len > 0 && !str_is(name, integration->name)))
            continue;
        if (page.total >= first && page.total < first + page.size)
            print(call->out, integration);
        page.total++;
    }
    print_end_array(call->out);
    print_page_end(call->out, &page);
    print_end_object(call->out);
    call_answer(call, 200);
}

void list_open_integrations(struct call *call)
{
    answer_page(call, OPEN_PATH, STR_NONE, print_created_integration);
}

void list_all_integrations(struct call *call)
{
    answer_page(call, INTEGRATIONS_PATH, STR_NONE, print_any_integration);
}

/* --- open integrations ---------------------------------------------------- */

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

/* A name and value that HTTP can carry. Source: RFC 9110, section 5. */
static bool is_header(const struct json *entry)
{
    struct str name = json_name(entry);
    struct str value = STR_NONE;
    (void)json_str(entry, &value);
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '\0' || !is_token_char(name.ptr[i]))
            return false;
    }
    for (size_t i = 0; i < value.len; i++) {
        if ((unsigned char)value.ptr[i] < 0x20 || value.ptr[i] == 0x7f)
            return false;
    }
    return name.len > 0;
}

static bool headers_fit(struct call *call)
{
    const struct json *headers = member_of(call->body, "webhookHeaders");
    if (json_count(headers) > COURIER_HEADERS_MAX) {
        call_refuse(call, 400, "invalid.value", "At most %d webhookHeaders",
                    COURIER_HEADERS_MAX);
        return false;
    }
    for (const struct json *entry = json_first(headers); entry != NULL;
         entry = json_next(entry)) {
        if (is_header(entry))
            continue;
        call_refuse(call, 400, "invalid.value", "A webhookHeaders entry is no header");
        return false;
    }
    return true;
}

/* What the models cannot say. A missing member is the update's right. */
static bool integration_fits(struct call *call)
{
    struct str url = text_of(call->body, "outboundNotificationWebhookUrl");
    struct str secret =
        text_of(call->body, "outboundNotificationWebhookSignatureSecretToken");
    /* Genesys wants https on port 443; here a test listens on any port. */
    if (url.len > 0 && !str_starts(url, STR("http://")) &&
        !str_starts(url, STR("https://"))) {
        call_refuse(call, 400, "invalid.value",
                    "outboundNotificationWebhookUrl must be an http or https URL");
        return false;
    }
    if (secret.len > 0 && utf8_count(secret) < SECRET_MIN_CHARS) {
        call_refuse(
            call, 400, "invalid.value",
            "outboundNotificationWebhookSignatureSecretToken must be longer than "
            "%d characters",
            SECRET_MIN_CHARS - 1);
        return false;
    }
    return headers_fit(call);
}

static void replace_text(const struct json *body, const char *name, char **text)
{
    struct str value = text_of(body, name);
    if (value.len > 0)
        text_replace(text, value);
}

static void replace_json(const struct json *body, const char *name, char **text)
{
    const struct json *value = member_of(body, name);
    if (value == NULL)
        return;
    CLEANUP(buf_release) struct buf printed;
    buf_init(&printed, SIZE_MAX);
    print_node(&printed, NULL, value);
    text_replace(text, buf_str(&printed));
}

static void apply(struct call *call, struct integration *integration)
{
    const struct json *body = call->body;
    replace_text(body, "name", &integration->name);
    replace_text(body, "outboundNotificationWebhookUrl", &integration->webhook_url);
    replace_text(body, "outboundNotificationWebhookSignatureSecretToken",
                 &integration->secret);
    replace_json(body, "webhookHeaders", &integration->webhook_headers);
    replace_json(body, "supportedContent", &integration->supported_content);
    replace_json(body, "messagingSetting", &integration->messaging_setting);
    integration->modified_ms = world_now_ms(call->world);
}

void create_open_integration(struct call *call)
{
    const struct json *body = call_body(call, &model_integration_request);
    if (body == NULL || !integration_fits(call))
        return;
    struct integration *integration =
        integration_add(call->world, STR_NONE, STR_NONE, STR_NONE, STR_NONE);
    if (integration == NULL) {
        call_refuse_full(call);
        return;
    }
    apply(call, integration);
    print_open_integration(call->out, integration);
    call_answer(call, 200);
}

void get_open_integration(struct call *call)
{
    struct integration *integration = call_integration(call);
    if (integration == NULL)
        return;
    print_created_integration(call->out, integration);
    call_answer(call, 200);
}

void patch_open_integration(struct call *call)
{
    struct integration *integration = call_integration(call);
    if (integration == NULL || call_body(call, &model_integration_update) == NULL ||
        !integration_fits(call))
        return;
    apply(call, integration);
    print_open_integration(call->out, integration);
    call_answer(call, 200);
}

void delete_open_integration(struct call *call)
{
    struct integration *integration = call_integration(call);
    if (integration == NULL)
        return;
    integration_delete(call->world, integration);
    call_answer(call, 204);
}

/* --- recipients ----------------------------------------------------------- */

void list_recipients(struct call *call)
{
    struct str type = request_query(call->request, "messengerType");
    if (type.len > 0 && name_index(messenger_types, type) < 0) {
        call_refuse(call, 400, "invalid.value", "messengerType is not known");
        return;
    }
    struct str name = request_query(call->request, "name");
    answer_page(call, RECIPIENTS_PATH, name, print_recipient);
}

/* The integration whose recipient the path names; NULL after a refusal. */
static struct integration *call_recipient(struct call *call)
{
    struct str id = request_argument(call->request, "recipientId");
    const struct rows *all = &call->world->integrations;
    for (size_t i = 0; i < all->count; i++) {
        struct integration *integration = all->items[i];
        if (!integration->is_deleted && str_is(id, integration->recipient_id))
            return integration;
    }
    call_refuse_missing(call, "recipient", id);
    return NULL;
}

void get_recipient(struct call *call)
{
    struct integration *integration = call_recipient(call);
    if (integration == NULL)
        return;
    print_recipient(call->out, integration);
    call_answer(call, 200);
}

void put_recipient(struct call *call)
{
    struct integration *integration = call_recipient(call);
    if (integration == NULL || call_body(call, &model_recipient) == NULL)
        return;
    replace_text(member_of(call->body, "flow"), "id", &integration->flow_id);
    print_recipient(call->out, integration);
    call_answer(call, 200);
}
