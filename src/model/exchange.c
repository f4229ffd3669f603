#include "gateway/exchange.h"

#include "gateway/arena.h"
#include "gateway/crypto.h"
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

static enum status set_body(struct exchange *exchange, struct str body,
                            struct str content_type, struct arena *arena,
                            struct error *err)
{
    if (!leaves_room(arena, body.len))
        return fail(err, STATUS_TOO_LARGE, "no room for a body of %zu bytes", body.len);
    exchange->body = arena_copy(arena, body);
    exchange_header(exchange, STR("Content-Type"), content_type);
    return STATUS_OK;
}

enum status exchange_json(struct exchange *exchange, const struct json *json,
                          struct arena *arena, struct error *err)
{
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, LIMIT_EXCHANGE_BYTES);

    enum status status = json_print(json, &text, err);
    if (status != STATUS_OK)
        return status;
    return set_body(exchange, buf_str(&text), STR("application/json"), arena, err);
}

enum status exchange_form(struct exchange *exchange, const struct buf *form,
                          struct arena *arena, struct error *err)
{
    if (!buf_ok(form))
        return fail(err, STATUS_TOO_LARGE, "the form is too large to be sent");
    return set_body(exchange, buf_str(form), STR("application/x-www-form-urlencoded"),
                    arena, err);
}

enum status exchange_post(struct exchange *out, struct str url, const struct json *json,
                          struct arena *arena, struct error *err)
{
    *out = (struct exchange){.method = "POST", .url = arena_c_string(arena, url)};
    return exchange_json(out, json, arena, err);
}

void exchange_bearer(struct exchange *exchange, struct str token, struct arena *arena)
{
    exchange_header(exchange, STR("Authorization"),
                    arena_printf(arena, "Bearer %.*s", STR_ARG(token)));
}

void exchange_basic(struct exchange *exchange, const char *user, const char *secret,
                    struct arena *arena)
{
    struct str plain = arena_printf(arena, "%s:%s", user, secret);
    char *base64 = arena_alloc(arena, base64_encoded_size(plain.len));

    base64_encode(plain.ptr, plain.len, base64);
    exchange_header(exchange, STR("Authorization"),
                    arena_printf(arena, "Basic %s", base64));
}
