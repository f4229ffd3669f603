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
#define TIMEOUT_MS 15000
/* Of a whole request. Source: section 5. */
#define REQUEST_BYTES_MAX (30u * 1024)
/* How long a person rests who has got too many messages without a word back: not said.
 * They may write at any time, which ends it. */
#define CONTACT_REST_MS 30000
/* Of a picture's text; sources say 120 to 768. */
#define CAPTION_MAX 120

/* ---- what is asked ---- */

static enum status call(const struct attempt *attempt, const struct json *body,
                        struct exchange *out, struct error *err)
{
    const struct viber_settings *own = attempt->bridge->settings;
    struct str url = arena_printf(attempt->arena, "%s/send_message", own->api_url);

    *out =
        (struct exchange){.method = "POST", .url = url.ptr, .timeout_ms = TIMEOUT_MS};
    enum status status = exchange_json(out, body, attempt->arena, err);
    if (status != STATUS_OK)
        return status;
    if (out->body.len > REQUEST_BYTES_MAX)
        return fail(err, STATUS_TOO_LARGE,
                    "the message is larger than the %u bytes " PEER " takes",
                    REQUEST_BYTES_MAX);
    exchange_header(out, STR("X-Viber-Auth-Token"), str_of(own->auth_tokens.items[0]));
    return STATUS_OK;
}

/* By link; what a text beside them says is a part of its own. */
static void add_file(struct json *body, const struct saying *saying)
{
    const struct file *file = saying->file;
    struct str caption = saying->attachment->text;

    json_add_str(body, "media", file->link);
    if (saying->form == VIBER_PICTURE)
        json_add_str(body, "text",
                     utf8_fits(caption, CAPTION_MAX) ? caption : STR_NONE);
    if (saying->form != VIBER_PICTURE)
        json_add_i64(body, "size", file->size);
    if (saying->form == VIBER_FILE)
        json_add_str(body, "file_name", file->name);
}

/* The keyboard that was sent last is the one that is shown, so that files behind it
 * bring it again. */
static bool has_keyboard(const struct saying *saying)
{
    return saying->shown.quick_reply_count > 0 &&
           (saying->is_last || saying->attachment != NULL);
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
    CLEANUP(saying_release) struct saying saying;

    enum status status = saying_begin(&saying, attempt, PEER, err);
    if (status == STATUS_OK)
        status = saying_needs_text(&saying, err);
    if (status == STATUS_OK)
        status = saying_cut_cards(&saying, attempt, viber_text_limit);
    if (status != STATUS_OK)
        return status;
    CLEANUP(json_freep) struct json *body = json_new_object();
    json_add_str(body, "receiver", delivery->event.contact_id);
    viber_add_sender(body, own);
    add_part(body, delivery, &saying, own);
    return call(attempt, body, out, err);
}

/* ---- what is answered ---- */

/* For answers that are not Viber's own, which come with 200. */
static const struct reply_rule rules[] = {
    {.first = 200,                     .last = 299,       .outcome = OUTCOME_DONE                 },
    {.first = 401,
     .last = 401,
     .outcome = OUTCOME_BROKEN,
     .pause = PAUSE_BRIDGE_TO_CHANNEL},
    {.first = 403,
     .last = 404,
     .outcome = OUTCOME_BROKEN,
     .pause = PAUSE_BRIDGE_TO_CHANNEL},
    {.first = 408, .last = 408,                  .outcome = OUTCOME_RETRY,                                               .may_have_arrived = true},
    {.first = 413,
     .last = 413,
     .outcome = OUTCOME_REFUSED_MESSAGE,
     .reason_code = REASON_INVALID_MESSAGE_STRUCTURE},
    {.first = 429,                      .last = 429,                  .outcome = OUTCOME_SLOW_DOWN                                              },
    {.first = 400,
     .last = 499,
     .outcome = OUTCOME_REFUSED_MESSAGE,
     .reason_code = REASON_GENERAL_ERROR},
    {.first = 502,                     .last = 502,                                         .outcome = OUTCOME_RETRY,                                                            .may_have_arrived = true},
    {.first = 504,                                .last = 504,                                      .outcome = OUTCOME_RETRY,                                               .may_have_arrived = true},
    {.first = 0,        .last = INT32_MAX,                         .outcome = OUTCOME_RETRY},
};

#define REFUSED_CONTACT(code, reason)                                                  \
    {                                                                                  \
        (code), (code), OUTCOME_REFUSED_CONTACT, (reason), HOLD_ACCOUNT                \
    }
#define REFUSED_MESSAGE(from, to, reason)                                              \
    {                                                                                  \
        (from), (to), OUTCOME_REFUSED_MESSAGE, (reason), HOLD_ACCOUNT                  \
    }
#define BROKEN(from, to)                                                               \
    {                                                                                  \
        (from), (to), OUTCOME_BROKEN, REASON_GENERAL_ERROR, HOLD_ACCOUNT               \
    }

/* `status` of the body. 12 is said of a person. Others than these pass by, or are
 * given up in time. Source: section 7. */
static const struct code_rule codes[] = {
    REFUSED_MESSAGE(1, 1, REASON_INVALID_MESSAGE_STRUCTURE),
    BROKEN(2, 2),
    REFUSED_MESSAGE(3, 4, REASON_INVALID_MESSAGE_STRUCTURE),
    REFUSED_CONTACT(5, REASON_INVALID_DESTINATION),
    REFUSED_CONTACT(6, REASON_RECIPIENT_OPTED_OUT),
    BROKEN(7, 10),
    REFUSED_CONTACT(11, REASON_INVALID_DESTINATION),
    {12,        12,        OUTCOME_SLOW_DOWN, REASON_RATE_LIMITED,  HOLD_CONTACT},
    REFUSED_MESSAGE(13, 14, REASON_UNSUPPORTED_MESSAGE),
    BROKEN(15, 15),
    BROKEN(23, 24),
    {INT64_MIN, INT64_MAX, OUTCOME_RETRY,     REASON_GENERAL_ERROR, HOLD_ACCOUNT},
};

/* 2xx alone says nothing: without a status it is no answer of Viber's. */
static void read_answer(const struct attempt *attempt, const struct reply *reply,
                        struct sender_result *out)
{
    CLEANUP(json_freep) struct json *body = reply_read(reply, attempt, out);
    struct keeper keep = {.arena = attempt->arena};
    int64_t code = 0;

    if (!json_i64(json_get(body, "status"), &code)) {
        out->outcome = OUTCOME_UNKNOWN;
        out->may_have_arrived = true;
        out->reason = arena_printf(attempt->arena, PEER " answered %d without a status",
                                   reply->status);
        return;
    }
    if (code == 0) {
        (void)viber_token(body, &keep, &out->provider_id);
        return;
    }
    out->reason = arena_printf(attempt->arena, PEER " answered %d", reply->status);
    code_rule_apply(code_rule_find(codes, COUNT_OF(codes), code), code,
                    member_text(body, "status_message"), attempt->arena, out);
    if (out->holds == HOLD_CONTACT && out->retry_after_ms < 0)
        out->retry_after_ms = CONTACT_REST_MS;
}

static enum sender_step settle(const struct attempt *attempt, const struct reply *reply,
                               struct sender_result *out)
{
    reply_judge(reply, reply_rule_find(rules, COUNT_OF(rules), reply->status), PEER,
                attempt->arena, out);
    if (outcome_is_success(out->outcome))
        read_answer(attempt, reply, out);
    return saying_settled(attempt, out);
}

/* ---- the sender ---- */

static enum sender_step viber_next(struct attempt *attempt, const struct reply *last,
                                   struct now now, struct sender_result *out)
{
    struct error err;
    enum status status;

    (void)now;
    *out = (struct sender_result){.retry_after_ms = -1};
    if (last != NULL)
        return settle(attempt, last, out);
    if (attempt->delivery->class == DELIVERY_MESSAGE)
        status = say_message(attempt, &out->exchange, &err);
    else
        status = fail(&err, STATUS_UNSUPPORTED, PEER " is told of messages only");
    return saying_asked(status, &err, attempt->arena, out);
}

const struct sender viber_sender = {
    .next = viber_next,
    .credential_next = sender_no_credential,
};
