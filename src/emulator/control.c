/* /_emulator: what a test, or the person at the page, orders. */
#include "agent.h"
#include "content.h"
#include "models.h"
#include "operations.h"

/* Source: open-messaging.md, section 6 (agent text on open messaging). */
#define AGENT_TEXT_MAX 4000
/* A hundred years: the clock stays inside what a time can say. */
#define ADVANCE_MAX_MS (INT64_C(100) * 365 * 86400 * 1000)

/* --- the agent ------------------------------------------------------------ */

/* The file that the order names, as an attachment; false after a refusal. */
static bool read_file(struct call *call, struct buf *out_attachment)
{
    struct str id = text_of(call->body, "file");
    if (id.len == 0)
        return true;
    const struct kept_file *file = files_find(&call->emulator->files, id);
    if (file == NULL)
        call_refuse_missing(call, "file", id);
    else
        print_attachment(out_attachment, file, emulator_public_url(call->emulator));
    return file != NULL;
}

static bool read_content(struct call *call, struct json **out_content)
{
    CLEANUP(buf_release) struct buf attachment;
    buf_init(&attachment, SIZE_MAX); /* as long as its name */
    if (!read_file(call, &attachment))
        return false;
    struct misfit misfit;
    enum status status =
        content_read(call->body, buf_str(&attachment), out_content, &misfit);
    if (status == STATUS_INVALID)
        call_refuse_field(call, &misfit);
    else if (status != STATUS_OK)
        call_refuse(call, 503, "service.unavailable", "No memory for the content");
    return status == STATUS_OK;
}

/* Source: open-messaging.md, section 2.3: one that is not allowed blocks the message.
 */
static bool media_goes_out(struct call *call, const struct json *content)
{
    size_t index = 0;
    for (const struct json *item = json_first(content); item; item = json_next(item)) {
        const struct json *attachment = member_of(item, "attachment");
        if (attachment == NULL)
            attachment =
                member_of(json_get(json_get(item, "template"), "header"), "media");
        if (attachment != NULL &&
            !media_types_allow(&call->emulator->media_types, "outbound",
                               text_of(attachment, "mime"))) {
            struct misfit misfit = {.code = "media.type.not.allowed"};
            (void)snprintf(misfit.field, sizeof(misfit.field), "content[%zu]", index);
            (void)snprintf(misfit.text, sizeof(misfit.text),
                           "The supported content lets no such media type out");
            call_refuse_field(call, &misfit);
            return false;
        }
        index++;
    }
    return true;
}

static bool read_speech(struct call *call, const struct json *content,
                        struct speech *out)
{
    const struct json *events = member_of(call->body, "events");
    struct str text = text_of(call->body, "text");
    const char *wrong = NULL;
    if (text.len == 0 && json_count(content) == 0 && json_count(events) == 0)
        wrong = "one of text, content, quickReplies, file and events is needed";
    else if (events != NULL && (text.len > 0 || content != NULL))
        wrong = "events go alone";
    else if (utf8_count(text) > AGENT_TEXT_MAX)
        wrong = "text exceeds 4000 characters";
    if (wrong != NULL) {
        call_refuse(call, 400, "bad.request", "%s", wrong);
        return false;
    }
    *out = (struct speech){
        .text = text,
        .content = content,
        .events = events,
        .originating_entity = text_of(call->body, "originatingEntity"),
    };
    return true;
}

void control_agent(struct call *call)
{
    CLEANUP(json_freep) struct json *content = NULL;
    struct speech speech;
    if (call_body(call, &model_agent) == NULL || !read_content(call, &content) ||
        !read_speech(call, json_get(content, "content"), &speech) ||
        !media_goes_out(call, speech.content))
        return;
    struct str id = text_of(call->body, "integrationId");
    struct integration *integration = integration_find(call->world, id);
    if (integration == NULL) {
        call_refuse_missing(call, "integration", id);
        return;
    }
    struct conversation *conversation = conversation_join(
        call->world, integration, text_of(call->body, "to"), STR_NONE);
    const struct message *message = NULL;
    if (conversation != NULL)
        message = agent_say(call->emulator, conversation, &speech);
    if (message == NULL) {
        call_refuse_full(call);
        return;
    }
    print_object(call->out, NULL);
    print_text(call->out, "id", message->id);
    print_text(call->out, "conversationId", conversation->id);
    print_end_object(call->out);
    call_answer(call, 200);
}

/* The message of the given direction that the body names; NULL after a refusal. */
static struct message *named_message(struct call *call, const struct shape *shape,
                                     bool is_inbound)
{
    if (call_body(call, shape) == NULL)
        return NULL;
    struct str id = text_of(call->body, "id");
    struct message *message = message_find(call->world, id);
    if (message != NULL && message->is_inbound == is_inbound)
        return message;
    call_refuse_missing(call, is_inbound ? "inbound message" : "outbound message", id);
    return NULL;
}

/* Done, and nothing to say: still JSON, so that every answer can be parsed. */
static void answer_done(struct call *call)
{
    print_object(call->out, NULL);
    print_end_object(call->out);
    call_answer(call, 200);
}

static void answer_if(struct call *call, bool is_done)
{
    if (is_done)
        answer_done(call);
    else
        call_refuse_full(call);
}

void control_resend(struct call *call)
{
    const struct message *message = named_message(call, &model_message_id, false);
    if (message != NULL)
        answer_if(call, agent_repeat(call->emulator, message));
}

void control_receipt(struct call *call)
{
    const struct message *message = named_message(call, &model_outcome, true);
    if (message != NULL)
        answer_if(call, agent_tell_outcome(call->emulator, message,
                                           text_of(call->body, "status"),
                                           member_of(call->body, "reasons")));
}

void control_disconnect(struct call *call)
{
    if (call_body(call, &model_conversation_id) == NULL)
        return;
    struct str id = text_of(call->body, "conversationId");
    struct conversation *conversation = conversation_find(call->world, id);
    if (conversation == NULL) {
        call_refuse_missing(call, "conversation", id);
        return;
    }
    conversation_disconnect(call->world, conversation);
    answer_done(call);
}

/* --- faults --------------------------------------------------------------- */

void control_add_fault(struct call *call)
{
    static const struct shape any = {.model = "fault"}; /* the plan knows the members */
    struct error err;
    if (call_body(call, &any) == NULL)
        return;
    if (!fault_plan_add(&call->emulator->faults, call->body, &err)) {
        call_refuse(call, 400, "bad.request", "%s", err.text);
        return;
    }
    control_list_faults(call);
}

void control_list_faults(struct call *call)
{
    fault_plan_print(&call->emulator->faults, call->out);
    call_answer(call, 200);
}

void control_delete_faults(struct call *call)
{
    fault_plan_clear(&call->emulator->faults);
    control_list_faults(call);
}

/* --- media types ---------------------------------------------------------- */

void control_set_media_types(struct call *call)
{
    struct misfit misfit;
    if (call_body(call, &model_media_types) == NULL)
        return;
    if (!media_types_set(&call->emulator->media_types, TAKE(call->body), &misfit)) {
        call_refuse_field(call, &misfit);
        return;
    }
    control_get_media_types(call);
}

void control_get_media_types(struct call *call)
{
    media_types_print(&call->emulator->media_types, call->out);
    call_answer(call, 200);
}

/* --- clock and reset ------------------------------------------------------ */

void control_clock(struct call *call)
{
    if (call_body(call, &model_clock) == NULL)
        return;
    int64_t advance_ms = 0;
    (void)json_i64(json_get(call->body, "advance_ms"), &advance_ms);
    int64_t offset_ms = call->world->offset_ms;
    if (advance_ms < 0 || advance_ms > ADVANCE_MAX_MS - offset_ms) {
        call_refuse(call, 400, "invalid.value",
                    "advance_ms must be from 0 to %lld: the clock never goes back",
                    (long long)(ADVANCE_MAX_MS - offset_ms));
        return;
    }
    call->world->offset_ms += advance_ms;
    print_object(call->out, NULL);
    print_time(call->out, "now", world_now_ms(call->world));
    print_i64(call->out, "offset_ms", call->world->offset_ms);
    print_end_object(call->out);
    call_answer(call, 200);
}

void control_reset(struct call *call)
{
    emulator_reset(call->emulator);
    answer_done(call);
}
