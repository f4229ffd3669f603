#include "gateway/exchange.h"

#include "gateway/arena.h"
#include "gateway/json.h"
#include "gateway/limits.h"

#include <assert.h>

void exchange_header(struct exchange *exchange, struct str name, struct str value)
{
    assert(exchange->header_count < EXCHANGE_HEADERS_MAX);
    exchange->headers[exchange->header_count++] = (struct http_header){name, value};
}

/* The arena aborts when it is full, so a body leaves room for what follows it. */
static bool leaves_room(const struct arena *arena, size_t len)
{
    return arena_used(arena) + len + LIMIT_EXCHANGE_EXTRA_BYTES <=
           LIMIT_ATTEMPT_ARENA_BYTES;
}

enum status exchange_json(struct exchange *exchange, const struct json *json,
                          struct arena *arena, struct error *err)
{
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, LIMIT_EXCHANGE_BYTES);

    enum status status = json_print(json, &text, err);
    if (status != STATUS_OK)
        return status;
    if (!leaves_room(arena, text.len))
        return fail(err, STATUS_TOO_LARGE, "no room for a body of %zu bytes", text.len);
    exchange->body = arena_copy(arena, buf_str(&text));
    exchange_header(exchange, STR("Content-Type"), STR("application/json"));
    return STATUS_OK;
}
