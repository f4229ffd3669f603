/*
 * viber_sender: agents' messages as calls of send_message.
 *
 * Source: channels/viber.md sections 5 and 7; read 2026-12-01.
 */
#include "viber.h"

#include "gateway/limits.h"
#include "gateway/member.h"
#include "gateway/reply.h"

#define PEER "Viber"
/* Of a whole request. Source: section 5. */
#define REQUEST_BYTES_MAX (30u * 1024)
/* How long a person rests who has got too many messages without a word back: not said.
 * They may write at any time, which ends it. */
#define CONTACT_REST_MS 30000

/* ---- what is asked ---- */

static enum status call(const struct attempt *attempt, const struct json *body,
                        struct exchange *out, struct error *err)
{
    const struct viber_settings *own = attempt->bridge->settings;
    struct str url = arena_printf(attempt->arena, "%s/send_message", own->api_url);

    enum status status = exchange_post(out, url, body, attempt->arena, err);
    if (status != STATUS_OK)
        return status;
    if (out->body.len > REQUEST_BYTES_MAX)
        return fail(err, STATUS_TOO_LARGE,
                    "the message is larger than the %u bytes " PEER " takes",
                    REQUEST_BYTES_MAX);
    exchange_header(out, STR("X-Viber-Auth-Token"), str_of(own->auth_tokens.items[0]));
    return STATUS_OK;
}

/* By link. */
static void add_file(struct json *body, const struct saying *saying)
{
    const struct file *file = saying->file;

    json_add_str(body, "media", file->link);
    if (saying->form == VIBER_PICTURE)
        json_add_str(body, "text", saying->caption);
    if (saying->form != VIBER_PICTURE)
        json_add_i64(body, "size", file->size);
    if (saying->form == VIBER_FILE)
        json_add_str(body, "file_name", file->name);
}

/* The keyboard that was sent last is the one that is shown, so that files behind it
 * bring it again. */
static bool has_keyboard(const struct saying *saying)
{
    return saying->shown.quick_reply_count > 0 && (saying->is_last || saying->is_file);
}

static void add_part(struct json *body, const struct delivery *delivery,
                     const struct saying *saying, const struct viber_settings *own)
{
    static const char *const file_types[] = {
        [VIBER_PICTURE] = "picture",
        [VIBER_VIDEO] = "video",
        [VIBER_FILE] = "file",
    };
    const char *type = saying->is_cards       ? "rich_media"
                       : saying->file != NULL ? file_types[saying->form]
                                              : "text";

    if (saying->is_cards || has_keyboard(saying))
        json_add_i64(body, "min_api_version", own->min_api_version);
    json_add_str(body, "type", str_of(type));
    if (saying->is_cards)
        viber_add_cards(body, delivery, &saying->shown);
    else if (saying->file != NULL)
        add_file(body, saying);
    else
        json_add_str(body, "text", saying->text);
    if (has_keyboard(saying))
        viber_add_keyboard(body, delivery, &saying->shown);
}

static enum status say_message(struct attempt *attempt, struct exchange *out,
                               struct error *err)
{
    const struct viber_settings *own = attempt->bridge->settings;
    const struct delivery *delivery = attempt->delivery;
    const struct manner manner = {
        .peer = PEER, .limit = viber_text_limit, .parts_cards = true};
    CLEANUP(saying_release) struct saying saying;

    enum status status = saying_next(&saying, attempt, &manner, NULL, err);
    if (status != STATUS_OK)
        return status;
    CLEANUP(json_freep) struct json *body = json_new_object();
    json_add_str(body, "receiver", delivery->event.contact_id);
    viber_add_sender(body, own);
    add_part(body, delivery, &saying, own);
    return call(attempt, body, out, err);
}

/* ---- what is answered ---- */

/* `status` of the body. 12 is said of a person. Others than these pass by, or are
 * given up in time. Source: section 7. */
static const struct reply_rule codes[] = {
    RULE(1, 1, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
    RULE_BREAKS(2, 2, PAUSE_BRIDGE_TO_CHANNEL),
    RULE(3, 4, OUTCOME_REFUSED_MESSAGE, REASON_INVALID_MESSAGE_STRUCTURE),
    RULE(5, 5, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE(6, 6, OUTCOME_REFUSED_CONTACT, REASON_RECIPIENT_OPTED_OUT),
    RULE_BREAKS(7, 10, PAUSE_BRIDGE_TO_CHANNEL),
    RULE(11, 11, OUTCOME_REFUSED_CONTACT, REASON_INVALID_DESTINATION),
    RULE_HOLDS(12, 12, CONTACT_REST_MS),
    RULE(13, 14, OUTCOME_REFUSED_MESSAGE, REASON_UNSUPPORTED_MESSAGE),
    RULE_BREAKS(15, 15, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_BREAKS(23, 24, PAUSE_BRIDGE_TO_CHANNEL),
    RULE_OUTCOME(INT64_MIN, INT64_MAX, OUTCOME_RETRY),
};

/* 2xx alone says nothing: without a status it is no answer of Viber's. */
static void read_answer(const struct attempt *attempt, const struct reply *reply,
                        struct sender_result *out)
{
    CLEANUP(json_freep) struct json *body = reply_read(reply, attempt, out);
    struct keeper keep = {.arena = attempt->arena};
    int64_t code = 0;

    if (!json_i64(json_get(body, "status"), &code)) {
        reply_says_nothing(PEER, attempt->arena, out);
        return;
    }
    if (code == 0) {
        (void)viber_token(body, &keep, &out->provider_id);
        return;
    }
    out->reason = arena_printf(attempt->arena, PEER " answered %d", reply->status);
    code_rule_apply(reply_rule_find(codes, COUNT_OF(codes), code), code,
                    member_text(body, "status_message"), attempt->arena, out);
}

static enum sender_step settle(struct attempt *attempt, const struct reply *reply,
                               struct sender_result *out)
{
    reply_judge(reply, status_rule_find(reply->status), PEER, attempt->arena, out);
    if (outcome_is_success(out->outcome))
        read_answer(attempt, reply, out);
    return saying_settled(attempt, out);
}

/* ---- the sender ---- */

static enum sender_step viber_next(struct attempt *attempt, const struct reply *last,
                                   struct now now, struct sender_result *out)
{
    static const struct speaker speaker = {
        .peer = PEER, .say = {[DELIVERY_MESSAGE] = say_message}, .settle = settle};

    (void)now;
    return saying_speak(&speaker, attempt, last, out);
}

const struct sender viber_sender = {
    .next = viber_next,
    .credential_next = sender_no_credential,
};
