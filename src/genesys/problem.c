#include "internal.h"

#include "gateway/limits.h"
#include "gateway/member.h"
#include "gateway/reply.h"

static struct str first_text(const struct json *object, const char *const *names)
{
    struct str value = STR_NONE;

    for (; *names != NULL && value.len == 0; names++)
        value = member_text(object, *names);
    return value;
}

/* Source: genesys/open-messaging.md sections 1.2 (login) and 3.9 (API); read
 * 2026-11-21. */
void genesys_explain(const struct reply *reply, struct arena *arena,
                     struct sender_result *out)
{
    static const char *const codes[] = {"code", "error", NULL};
    static const char *const messages[] = {"message", "description",
                                           "error_description", NULL};
    CLEANUP(json_freep) struct json *body = NULL;

    if (json_parse(reply->body, LIMIT_JSON_DEPTH, &body, NULL) != STATUS_OK)
        return;
    struct str code = first_text(body, codes);
    struct str message = first_text(body, messages);
    CLEANUP(buf_release) struct buf reason;
    buf_init(&reason, LIMIT_REPLY_BYTES);
    buf_add(&reason, out->reason);
    if (code.len > 0)
        buf_printf(&reason, " %.*s", STR_ARG(code));
    if (out->outcome == OUTCOME_BROKEN && message.len > 0)
        buf_printf(&reason, ": %.*s", STR_ARG(message));
    if (out->outcome == OUTCOME_BROKEN && reply->correlation_id.len > 0)
        buf_printf(&reason, " (correlation id %.*s)", STR_ARG(reply->correlation_id));
    out->reason = reply_line(buf_str(&reason), arena);
}
