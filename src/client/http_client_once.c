#include "gateway/http_client.h"

#include "gateway/arena.h"

/* Waits end with the exchange; this only bounds one of them. */
#define POLL_MS 60000

struct once {
    struct arena *arena;
    struct reply reply;
    bool is_done;
    bool is_kept; /* the arena had room for the reply */
};

static bool keep(struct arena *arena, struct str *text)
{
    char *copy = arena_try_alloc(arena, text->len + 1);
    if (copy == NULL)
        return false;
    if (text->len > 0)
        memcpy(copy, text->ptr, text->len);
    text->ptr = copy;
    return true;
}

static void keep_reply(void *token, const struct reply *reply, void *context)
{
    (void)token;
    struct once *once = context;
    struct str why = str_of(reply->why);
    once->is_done = true;
    once->reply = *reply;
    once->is_kept = keep(once->arena, &once->reply.body) &&
                    keep(once->arena, &once->reply.correlation_id) &&
                    keep(once->arena, &once->reply.content_type) &&
                    keep(once->arena, &once->reply.location) && keep(once->arena, &why);
    once->reply.why = why.ptr;
}

static void transport_freep(struct transport **transport)
{
    if (*transport != NULL)
        (*transport)->ops->free(*transport);
}

enum status http_client_once(const struct http_client_settings *settings,
                             const struct exchange *exchange, struct arena *arena,
                             struct reply *out_reply, struct error *err)
{
    struct once once = {.arena = arena};
    CLEANUP(transport_freep) struct transport *transport = NULL;
    enum status status = http_client_new(settings, keep_reply, &once, &transport, err);
    if (status != STATUS_OK)
        return status;
    status = transport->ops->start(transport, exchange, &once, err);
    if (status != STATUS_OK)
        return status;
    while (!once.is_done)
        transport->ops->poll(transport, POLL_MS);
    if (!once.is_kept)
        return fail(err, STATUS_TOO_LARGE, "the answer is too large to keep");
    *out_reply = once.reply;
    return STATUS_OK;
}
