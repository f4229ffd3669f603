/*
 * The threading timeline of the organisation.
 * Source: open-messaging.md, section 2.5; read 2026-11-21.
 */
#include "models.h"
#include "operations.h"

#define TIMELINE_PATH "/api/v2/conversations/messaging/threadingtimeline"

void get_threading_timeline(struct call *call)
{
    struct buf *out = call->out;
    print_object(out, NULL);
    print_array(out, "settings");
    for (size_t i = 0; i < MESSENGER_TYPES; i++) {
        print_object(out, NULL);
        print_text(out, "messengerType", messenger_types[i]);
        print_i64(out, "timeoutInMinutes", call->world->timeout_minutes[i]);
        print_end_object(out);
    }
    print_end_array(out);
    print_i64(out, "defaultTimeoutMinutes", TIMEOUT_DEFAULT_MINUTES);
    print_text(out, "selfUri", TIMELINE_PATH);
    print_end_object(out);
    call_answer(call, 200);
}

static bool read_timeouts(struct call *call, int64_t out_minutes[MESSENGER_TYPES])
{
    const struct json *settings = json_get(call->body, "settings");
    for (const struct json *row = json_first(settings); row != NULL;
         row = json_next(row)) {
        int64_t minutes = 0;
        (void)json_i64(json_get(row, "timeoutInMinutes"), &minutes);
        if (minutes < 0 || minutes > TIMEOUT_MAX_MINUTES) {
            call_refuse(call, 400, "invalid.value",
                        "timeoutInMinutes must be from 0 to %d", TIMEOUT_MAX_MINUTES);
            return false;
        }
        out_minutes[name_index(messenger_types, text_of(row, "messengerType"))] =
            minutes;
    }
    return true;
}

/* The whole table is replaced: what is left out goes back to the default. */
void put_threading_timeline(struct call *call)
{
    if (call_body(call, &model_threading) == NULL)
        return;
    int64_t minutes[MESSENGER_TYPES];
    for (size_t i = 0; i < MESSENGER_TYPES; i++)
        minutes[i] = TIMEOUT_DEFAULT_MINUTES;
    if (!read_timeouts(call, minutes))
        return;
    memcpy(call->world->timeout_minutes, minutes, sizeof(minutes));
    get_threading_timeline(call);
}
