/*
 * meta_sender: calls of the Graph API, and what their answers come to.
 */
#include "gateway/member.h"
#include "meta.h"

enum status meta_call(const struct attempt *attempt, const char *account,
                      const struct json *body, struct exchange *out, struct error *err)
{
    const struct meta_app *app = attempt->bridge->settings;
    struct arena *arena = attempt->arena;
    struct str url = arena_printf(arena, "%s/%s/%s/messages", app->graph_url,
                                  app->graph_version, account);

    enum status status = exchange_post(out, url, body, arena, err);
    if (status == STATUS_OK)
        exchange_bearer(out, str_of(app->access_token), arena);
    return status;
}

/* The code decides where there is one. */
void meta_judge(const struct attempt *attempt, const struct reply *reply,
                const char *peer, meta_meaning *find, struct sender_result *out)
{
    CLEANUP(json_freep) struct json *refusal = reply_read_refusal(reply);
    const struct json *error = json_get(refusal, "error");
    int64_t code = 0;

    reply_judge(reply, status_rule_find(reply->status), peer, attempt->arena, out);
    if (!outcome_is_success(out->outcome) && json_i64(json_get(error, "code"), &code))
        code_rule_apply(find(error), code, member_text(error, "message"),
                        attempt->arena, out);
}
