/*
 * smooch: Sunshine Conversations (smooch.io), which has channels of its own behind it.
 *
 * One app is one channel instance. A contact's id is that of a conversation: messages
 * are sent there, and a person may have several. Nothing is signed: a webhook shows its
 * secret. Source of all of it: the public API v2, from memory; what no document was at
 * hand for is *unsure* in docs/channels/smooch.md, and read leniently.
 */
#include "codes.h"
#include "gateway/channel.h"
#include "gateway/choice.h"
#include "gateway/form.h"
#include "gateway/limits.h"
#include "gateway/member.h"
#include "gateway/reply.h"
#include "keys.h"
#include "reading.h"
#include "saying.h"

#define PEER "Sunshine Conversations"

/* ---- settings ---- */

struct smooch_settings {
    char *app_id;
    char *key_id;
    char *key_secret;
    struct text_list webhook_secrets; /* each one is accepted */
    char *api_url;                    /* no slash at the end */
    bool receipts;
    bool typing;
};

#define ROW(member, kind_, ...)                                                        \
    {                                                                                  \
        .name = #member, .kind = SETTING_##kind_,                                      \
        .offset = offsetof(struct smooch_settings, member), __VA_ARGS__                \
    }
#define NEEDED(member, kind_, help_)                                                   \
    ROW(member, kind_, .is_required = true, .help = (help_))
static const struct setting_row smooch_rows[] = {
    NEEDED(app_id, TEXT, "id of the app, as its webhooks name it"),
    NEEDED(key_id, TEXT, "id of an API key of the app: app_..."),
    NEEDED(key_secret, SECRET, "secret of that key"),
    ROW(webhook_secrets, SECRETS, .is_required = true, .min = 1,
        .help = "secrets that webhooks show; several while one is replaced"),
    ROW(api_url, URL, .default_text = "https://api.smooch.io",
        .help = "where the API is; another for another region, or a test server"),
    ROW(receipts, BOOL, .default_text = "true",
        .help = "the webhook tells deliveries; else what was taken is delivered"),
    ROW(typing, BOOL, .default_text = "true",
        .help = "show the customer that an agent types"),
};

static enum status smooch_ready(void *settings, struct error *err)
{
    const struct smooch_settings *own = settings;

    if (strchr(own->key_id, ':') != NULL)
        return fail(err, STATUS_INVALID, "key_id: must be the id alone, without ':'");
    return STATUS_OK;
}

static void smooch_release(void *settings)
{
    (void)settings;
}

/* *unsure*: all of these; how fast it may be asked nobody says, it answers 429. */
static const struct manner manner = {
    .peer = PEER, .limit = {4096, TEXT_CODE_POINTS},
         .parts_cards = true
};
#define FILE_MAX INT64_C(25000000)
#define CAPTION_MAX 1024
enum file_word { FORM_IMAGE, FORM_FILE };
static const struct file_form file_forms[] = {
    {"image/jpeg", FILE_MAX, FORM_IMAGE, CAPTION_MAX},
    {"image/png",  FILE_MAX, FORM_IMAGE, CAPTION_MAX},
    {"image/gif",  FILE_MAX, FORM_IMAGE, CAPTION_MAX},
    {"",           FILE_MAX, FORM_FILE,  0          },
};

static void smooch_capabilities(const struct bridge *bridge, struct capabilities *out)
{
    const struct smooch_settings *own = bridge->settings;

    *out = (struct capabilities){
        .text_max = (int64_t)manner.limit.max,
        .quick_replies_max = 10,
        .label_max = 20,
        .cards = true,
        .card_limits =
            {.cards = 10, .choices = 3, .title = 128, .description = 128, .label = 20},
        .file_forms = file_forms,
        .file_form_count = COUNT_OF(file_forms),
        .receipts = own->receipts,
        .typing = own->typing,
    };
}

/* ---- what codes mean ---- */

/* Codes are words, of a refusal and of a delivery that failed (there as status 0).
 * *unsure*: which there are. */
#define MEANS(words, outcome, reason)                                                  \
    {                                                                                  \
        (words), RULE(0, 499, OUTCOME_##outcome, REASON_##reason)                      \
    }
static const struct reply_words_rule meanings[] = {
    MEANS("not_found", REFUSED_CONTACT, INVALID_DESTINATION),
    MEANS("window", WINDOW_CLOSED, MESSAGE_NOT_ALLOWED),
    MEANS("blocked", REFUSED_CONTACT, RECIPIENT_OPTED_OUT),
    MEANS("opted_out", REFUSED_CONTACT, RECIPIENT_OPTED_OUT),
    MEANS("unsupported", REFUSED_MESSAGE, UNSUPPORTED_MESSAGE),
    MEANS("bad_request", REFUSED_MESSAGE, INVALID_MESSAGE_STRUCTURE),
};

/* ---- verify ---- */

static enum status smooch_verify(const struct bridge *bridge,
                                 const struct http_message *message, struct now now,
                                 struct error *err)
{
    const struct smooch_settings *own = bridge->settings;
    struct str given;

    (void)now; /* nothing is signed: repeats are told apart by ids */
    if (!http_header_find(message, "x-api-key", &given))
        return fail(err, STATUS_DENIED, "X-API-Key must be there once");
    if (!keys_hold(&own->webhook_secrets, given))
        return fail(err, STATUS_DENIED, "no secret of the bridge fits X-API-Key");
    return STATUS_OK;
}

/* ---- what a message holds; false: not understood ---- */

struct batch {
    struct reading reading;
    struct event *event;
    const struct kind *kind;
    struct str id; /* of the event, the same whenever it is repeated */
    const struct json *payload;
};

static bool decode_text(struct batch *batch, const struct json *content)
{
    struct str text = member_text(content, "text");
    struct str payload = member_text(content, "payload");

    batch->event->text = keep_str(&batch->reading.keep, text);
    if (payload.len > 0)
        reading_press(&batch->reading, batch->event, text, payload);
    return batch->event->text.len > 0;
}

static bool decode_file(struct batch *batch, const struct json *content)
{
    struct keeper *keep = &batch->reading.keep;
    struct attachment *file = keep_array(keep, 1, sizeof(*file));
    struct str url = member_text(content, "mediaUrl");
    struct str mime = member_text(content, "mediaType");

    if (file == NULL || url.len == 0)
        return false;
    file->url = keep_str(keep, url);
    file->mime = mime.len > 0 ? keep_str(keep, mime) : STR("application/octet-stream");
    file->name = keep_str(keep, member_text(content, "altText"));
    (void)json_i64(json_get(content, "mediaSize"), &file->size);
    batch->event->text = keep_str(keep, member_text(content, "text"));
    batch->event->content.attachments = file;
    batch->event->content.attachment_count = 1;
    return true;
}

static bool decode_place(struct batch *batch, const struct json *content)
{
    const struct json *where = json_get(content, "coordinates");
    const struct json *location = json_get(content, "location");
    struct arena *arena = batch->reading.keep.arena;
    struct place place = {.name = member_text(location, "name"),
                          .address = member_text(location, "address")};

    if (!json_digits(json_get(where, "lat"), arena, &place.latitude) ||
        !json_digits(json_get(where, "long"), arena, &place.longitude))
        return false;
    reading_place(&batch->reading, batch->event, &place);
    return true;
}

static bool decode_content(struct batch *batch, const struct json *content)
{
    struct str type = member_text(content, "type");

    if (str_is(type, "text"))
        return decode_text(batch, content);
    if (str_is(type, "image") || str_is(type, "file"))
        return decode_file(batch, content);
    if (str_is(type, "location"))
        return decode_place(batch, content);
    reading_note(&batch->reading, batch->event,
                 "a message of a kind that cannot be shown here", type);
    return type.len > 0;
}

/* ---- kinds of events; false: not understood ---- */

struct kind {
    const char *name;
    bool (*decode)(struct batch *batch);
    enum message_status status; /* of a receipt */
};

static bool decode_message(struct batch *batch)
{
    const struct json *message = json_get(batch->payload, "message");
    const struct json *author = json_get(message, "author");
    const struct json *quoted = json_get(json_get(message, "quotedMessage"), "message");
    struct event *event = batch->event;
    struct keeper *keep = &batch->reading.keep;
    struct str target;

    if (author == NULL || !member_id(message, "id", keep, &event->source_id))
        return false;
    reading_key(event, ID_KIND_MESSAGE, event->source_id);
    if (member_id(quoted, "id", keep, &target))
        reading_target(event, target);
    event->name = keep_str(keep, member_text(author, "displayName"));
    reading_attribute(&batch->reading, event, "smooch_user",
                      member_text(author, "userId"));
    reading_attribute(&batch->reading, event, "smooch_channel",
                      member_text(json_get(message, "source"), "type"));
    return decode_content(batch, json_get(message, "content"));
}

static bool decode_postback(struct batch *batch)
{
    const struct json *postback = json_get(batch->payload, "postback");

    reading_key(batch->event, ID_KIND_WEBHOOK, batch->id);
    reading_press(&batch->reading, batch->event, member_text(postback, "text"),
                  member_text(postback, "payload"));
    reading_attribute(&batch->reading, batch->event, "smooch_user",
                      member_text(json_get(batch->payload, "user"), "id"));
    return batch->event->text.len > 0;
}

static void set_receipt(struct batch *batch, struct str id, enum message_status status)
{
    batch->event->kind = EVENT_RECEIPT;
    batch->event->receipt_status = status;
    reading_key(batch->event, ID_KIND_RECEIPT, id);
    batch->event->keys[0].extra = str_of(message_status_name(status));
}

/* All that was sent before. */
static bool decode_read(struct batch *batch)
{
    set_receipt(batch, batch->id, MESSAGE_READ);
    batch->event->receipt_until_ms = batch->event->time_ms;
    return batch->event->receipt_until_ms > 0;
}

static bool decode_typing(struct batch *batch)
{
    const struct json *activity = json_get(batch->payload, "activity");

    batch->event->kind = EVENT_TYPING;
    if (!str_is(member_text(activity, "type"), "typing:start"))
        reading_drop(&batch->reading);
    return true;
}

/* Where a channel has it, its people may get it later; or that is all it ever tells. */
static bool decode_receipt(struct batch *batch)
{
    enum message_status status = batch->kind->status;
    struct str code = member_text(json_get(batch->payload, "error"), "code");
    const struct reply_rule *rule =
        reply_words_rule_find(meanings, COUNT_OF(meanings), 0, code);
    bool is_final = true;
    struct str id;

    (void)json_bool(json_get(batch->payload, "isFinalEvent"), &is_final);
    if (!member_id(json_get(batch->payload, "message"), "id", &batch->reading.keep,
                   &id))
        return false;
    if (status == MESSAGE_FAILED) {
        batch->event->reason_code = str_of(
            reason_code_name(rule == NULL ? REASON_GENERAL_ERROR : rule->reason_code));
        batch->event->reason_text = keep_str(&batch->reading.keep, code);
    }
    set_receipt(batch, id,
                status == MESSAGE_SENT && is_final ? MESSAGE_DELIVERED : status);
    reading_target(batch->event, id);
    return true;
}

/* Others, such as of users and switchboards, are no events, and are acknowledged. */
static const struct kind kinds[] = {
    {"conversation:message",                  decode_message,  0                },
    {"conversation:postback",                 decode_postback, 0                },
    {"conversation:read",                     decode_read,     0                },
    {"conversation:typing",                   decode_typing,   0                },
    {"conversation:message:delivery:channel", decode_receipt,  MESSAGE_SENT     },
    {"conversation:message:delivery:user",    decode_receipt,  MESSAGE_DELIVERED},
    {"conversation:message:delivery:failure", decode_receipt,  MESSAGE_FAILED   },
};

/* ---- decode ---- */

/* What the business says and does comes back as well. NULL: it concerns nobody. */
static const struct kind *kind_of(const struct json *item)
{
    const struct json *payload = json_get(item, "payload");
    const struct json *said = json_get(payload, "message");
    const struct json *by =
        json_get(said != NULL ? said : json_get(payload, "activity"), "author");

    if (by != NULL && !str_is(member_text(by, "type"), "user"))
        return NULL;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (str_is(member_text(item, "type"), kinds[i].name))
            return &kinds[i];
    return NULL;
}

static enum status decode_item(struct batch *batch, const struct json *item,
                               struct error *err)
{
    struct keeper *keep = &batch->reading.keep;

    batch->kind = kind_of(item);
    batch->event = batch->kind == NULL ? NULL : reading_event(&batch->reading);
    if (batch->event == NULL)
        return STATUS_OK; /* or the whole is kept */
    batch->payload = json_get(item, "payload");
    if (!time_parse(member_text(item, "createdAt"), &batch->event->time_ms))
        batch->event->time_ms = 0;
    if (member_id(item, "id", keep, &batch->id) &&
        member_id(json_get(batch->payload, "conversation"), "id", keep,
                  &batch->event->contact_id) &&
        batch->kind->decode(batch))
        return STATUS_OK;
    return reading_unreadable(&batch->reading, item, err);
}

static enum status decode_body(struct batch *batch, const struct bridge *bridge,
                               const struct json *body, struct error *err)
{
    const struct smooch_settings *own = bridge->settings;
    const struct json *list = json_get(body, "events");
    struct str app = member_text(json_get(body, "app"), "id");
    enum status status = STATUS_OK;

    if (app.len > 0 && !str_is(app, own->app_id))
        return fail(err, STATUS_FORBIDDEN,
                    "the webhook is for another app than bridge %s's", bridge->name);
    if (list == NULL || json_kind_of(list) != JSON_ARRAY)
        return reading_whole_unreadable(&batch->reading, err);
    for (const struct json *item = json_first(list);
         item != NULL && status == STATUS_OK; item = json_next(item))
        status = decode_item(batch, item, err);
    return status;
}

static enum status smooch_decode(const struct bridge *bridge,
                                 const struct http_message *message,
                                 struct arena *arena, struct unit *unit,
                                 struct error *err)
{
    CLEANUP(json_freep) struct json *body = NULL;
    struct batch batch = {0};

    enum status status = json_parse(message->body, LIMIT_JSON_DEPTH, &body, err);
    reading_begin(&batch.reading, message, json_count(json_get(body, "events")), arena);
    if (status == STATUS_OK)
        status = decode_body(&batch, bridge, body, err);
    else if (status == STATUS_INVALID)
        status = reading_whole_unreadable(&batch.reading, err);
    return status == STATUS_OK ? reading_end(&batch.reading, unit, err) : status;
}

static const struct source smooch_source = {
    .handshake = source_no_handshake,
    .verify = smooch_verify,
    .decode = smooch_decode,
    .ack = source_ack_empty,
    .fetch_next = fetch_url,
};

/* ---- what is asked ---- */

static enum status call(const struct attempt *attempt, const char *what,
                        struct json *body, struct exchange *out, struct error *err)
{
    const struct smooch_settings *own = attempt->bridge->settings;
    CLEANUP(buf_release) struct buf url;

    json_add_str(json_add_object(body, "author"), "type", STR("business"));
    buf_init(&url, LIMIT_EXCHANGE_EXTRA_BYTES);
    buf_printf(&url, "%s/v2/apps/", own->api_url);
    percent_encode(&url, str_of(own->app_id));
    buf_add(&url, STR("/conversations/"));
    percent_encode(&url, attempt->delivery->event.contact_id);
    buf_printf(&url, "/%s", what);
    enum status status = exchange_post(out, buf_str(&url), body, attempt->arena, err);
    if (status == STATUS_OK)
        exchange_basic(out, own->key_id, own->key_secret, attempt->arena);
    return status;
}

/* The button holds a token, the store the payload. */
static void add_action(struct json *list, const struct delivery *delivery,
                       const struct choice *choice, unsigned ordinal, const char *type)
{
    struct json *action = json_append_object(list);

    json_add_str(action, "type", str_of(type));
    json_add_str(action, "text", choice->label);
    if (choice->kind == CHOICE_LINK) {
        json_add_str(action, "uri", choice->payload);
        return;
    }
    choice_add(action, "payload", delivery->message_id, ordinal);
}

static void add_replies(struct json *content, const struct delivery *delivery,
                        const struct rendering *shown)
{
    if (shown->quick_reply_count == 0)
        return;
    struct json *list = json_add_array(content, "actions");
    for (size_t i = 0; i < shown->quick_reply_count; i++)
        add_action(list, delivery, &shown->quick_replies[i], shown->ordinals[i],
                   "reply");
}

static void add_cards(struct json *content, const struct delivery *delivery,
                      const struct rendering *shown)
{
    unsigned ordinal = shown->card_ordinal;
    struct json *items = json_add_array(content, "items");

    for (size_t i = 0; i < shown->card_count; i++) {
        const struct card *card = &shown->cards[i];
        struct json *item = json_append_object(items);
        json_add_str(item, "title", card->title);
        member_add_text(item, "description", card->description);
        member_add_text(item, "mediaUrl", card->image);
        struct json *list = json_add_array(item, "actions");
        for (size_t j = 0; j < card->choice_count; j++)
            add_action(list, delivery, &card->choices[j], ordinal++,
                       card->choices[j].kind == CHOICE_LINK ? "link" : "postback");
    }
}

static void add_content(struct json *body, const struct delivery *delivery,
                        const struct saying *saying)
{
    struct json *content = json_add_object(body, "content");

    if (saying->is_cards) {
        json_add_str(content, "type", STR("carousel"));
        add_cards(content, delivery, &saying->shown);
    } else if (saying->file != NULL) {
        json_add_str(content, "type",
                     saying->form == FORM_IMAGE ? STR("image") : STR("file"));
        json_add_str(content, "mediaUrl", saying->file->link);
        json_add_str(content, "altText", saying->file->name);
        member_add_text(content, "text", saying->caption);
    } else {
        json_add_str(content, "type", STR("text"));
        json_add_str(content, "text", saying->text);
        if (saying->is_last)
            add_replies(content, delivery, &saying->shown);
    }
}

/* A card has a title and something to press, and a carousel no replies beneath it. */
static bool can_show_cards(const struct content *content)
{
    bool can_show = content->quick_reply_count == 0;

    for (size_t i = 0; i < content->card_count; i++)
        can_show &= str_trim(content->cards[i].title).len > 0 &&
                    content->cards[i].choice_count > 0;
    return can_show;
}

static enum status say_message(struct attempt *attempt, struct exchange *out,
                               struct error *err)
{
    struct capabilities can;
    CLEANUP(saying_release) struct saying saying;

    smooch_capabilities(attempt->bridge, &can);
    can.cards = can_show_cards(&attempt->delivery->event.content);
    enum status status = saying_next(&saying, attempt, &manner, &can, err);
    if (status != STATUS_OK)
        return status;
    CLEANUP(json_freep) struct json *body = json_new_object();
    add_content(body, attempt->delivery, &saying);
    return call(attempt, "messages", body, out, err);
}

static enum status say_typing(struct attempt *attempt, struct exchange *out,
                              struct error *err)
{
    CLEANUP(json_freep) struct json *body = json_new_object();

    json_add_str(body, "type", STR("typing:start"));
    return call(attempt, "activity", body, out, err);
}

/* ---- what is answered ---- */

static enum sender_step settle(struct attempt *attempt, const struct reply *reply,
                               struct sender_result *out)
{
    CLEANUP(json_freep) struct json *refusal = reply_read_refusal(reply);
    struct str code = member_text(json_first(json_get(refusal, "errors")), "code");
    struct keeper keep = {.arena = attempt->arena};

    reply_judge(reply,
                status_rule_find_own(meanings, COUNT_OF(meanings), reply->status, code),
                PEER, attempt->arena, out);
    reply_explain(out, code, attempt->arena);
    if (attempt->delivery->class != DELIVERY_MESSAGE)
        return SENDER_OUTCOME;
    if (outcome_is_success(out->outcome)) {
        CLEANUP(json_freep) struct json *body = reply_read(reply, attempt, out);
        (void)member_id(json_first(json_get(body, "messages")), "id", &keep,
                        &out->provider_id);
    }
    return saying_settled(attempt, out);
}

static enum sender_step smooch_next(struct attempt *attempt, const struct reply *last,
                                    struct now now, struct sender_result *out)
{
    static const struct speaker speaker = {
        .peer = PEER,
        .say = {[DELIVERY_MESSAGE] = say_message, [DELIVERY_TYPING] = say_typing},
        .settle = settle
    };

    (void)now;
    return saying_speak(&speaker, attempt, last, out);
}

static const struct sender smooch_sender = {
    .next = smooch_next,
    .credential_next = sender_no_credential,
};

const struct channel smooch_channel = {
    .name = "smooch",
    .settings_rows = smooch_rows,
    .settings_row_count = COUNT_OF(smooch_rows),
    .settings_size = sizeof(struct smooch_settings),
    .settings_ready = smooch_ready,
    .settings_release = smooch_release,
    .capabilities = smooch_capabilities,
    .source = &smooch_source,
    .sender = &smooch_sender,
    .setup = &setup_none,
};
