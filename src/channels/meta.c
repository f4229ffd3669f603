#include "meta.h"

#include "gateway/form.h"

#define SIGNATURE_PREFIX STR("sha256=")
/* Of a query; more is no handshake of Meta's. */
#define QUERY_FIELDS_MAX 16
#define CHALLENGE_MAX 1024
/* Six bytes for each character of two: three times the body at most. */
#define ESCAPED_GROWTH 3

/* ---- settings ---- */

bool meta_is_plain(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._") == strlen(text) &&
           text[0] != '\0';
}

enum status meta_ready(struct meta_app *app, struct error *err)
{
    if (!meta_is_plain(app->graph_version))
        return fail(err, STATUS_INVALID, "graph_version: must be like v24.0");
    enum status status = keys_make(&app->app_secrets, &app->keys, err);
    if (status != STATUS_OK)
        meta_release(app);
    return status;
}

void meta_release(struct meta_app *app)
{
    keys_free(&app->keys, app->app_secrets.count);
}

/* ---- handshake ---- */

static bool is_token(struct str given, struct str token)
{
    return given.len == token.len && bytes_equal(given.ptr, token.ptr, token.len);
}

bool meta_handshake(const struct bridge *bridge, const struct http_message *message,
                    struct arena *arena, struct http_reply *reply)
{
    const struct meta_app *app = bridge->settings;
    struct form query;
    struct error err;

    if (!str_is(message->method, "GET"))
        return false;
    *reply = (struct http_reply){.status = 403, .content_type = "text/plain"};
    if (form_parse(message->query, QUERY_FIELDS_MAX, arena, &query, &err) != STATUS_OK)
        return true;
    struct str challenge = form_get(&query, "hub.challenge");
    if (!str_is(form_get(&query, "hub.mode"), "subscribe") ||
        !is_token(form_get(&query, "hub.verify_token"), str_of(app->verify_token)) ||
        challenge.len > CHALLENGE_MAX)
        return true;
    reply->status = 200;
    reply->body = challenge;
    return true;
}

/* ---- signature ---- */

static bool read_signature(struct str header, uint8_t out[SHA256_BYTES])
{
    if (!str_starts(header, SIGNATURE_PREFIX))
        return false;
    return hex_decode(str_sub(header, SIGNATURE_PREFIX.len, header.len), out,
                      SHA256_BYTES);
}

static uint32_t code_point(struct str character)
{
    static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = (uint8_t)character.ptr[0] & first_bits[character.len];

    for (size_t i = 1; i < character.len; i++)
        point = point << 6 | ((uint8_t)character.ptr[i] & 0x3fu);
    return point;
}

/* False when the body is no UTF-8. */
static bool escape(struct str body, struct buf *out)
{
    for (size_t at = 0; at < body.len;) {
        size_t len = utf8_first(str_sub(body, at, body.len));
        if (len == 0)
            return false;
        struct str character = str_sub(body, at, len);
        uint32_t point = code_point(character);
        if (len == 1)
            buf_add(out, character);
        else if (point < 0x10000)
            buf_printf(out, "\\u%04x", point);
        else
            buf_printf(out, "\\u%04x\\u%04x", 0xd800 + ((point - 0x10000) >> 10),
                       0xdc00 + ((point - 0x10000) & 0x3ff));
        at += len;
    }
    return buf_ok(out);
}

static enum status match_escaped(const struct meta_app *app, struct str body,
                                 const uint8_t given[SHA256_BYTES], bool *out_match,
                                 struct error *err)
{
    CLEANUP(buf_release) struct buf escaped;

    buf_init(&escaped, body.len * ESCAPED_GROWTH + 1);
    if (utf8_count(body) == body.len || !escape(body, &escaped))
        return STATUS_OK; /* there is no other form of it */
    const struct str signed_text = buf_str(&escaped);
    return keys_match(app->keys, app->app_secrets.count, &signed_text, 1, given,
                      out_match, err);
}

enum status meta_verify(const struct bridge *bridge, const struct http_message *message,
                        struct now now, struct error *err)
{
    const struct meta_app *app = bridge->settings;
    uint8_t given[SHA256_BYTES];
    struct str header;
    bool matches = false;

    (void)now; /* nothing that is signed says when */
    if (!http_header_find(message, "x-hub-signature-256", &header))
        return fail(err, STATUS_DENIED, "X-Hub-Signature-256 must be there once");
    if (!read_signature(header, given))
        return fail(err, STATUS_DENIED,
                    "X-Hub-Signature-256 must be sha256= and 64 hex digits");
    enum status status = keys_match(app->keys, app->app_secrets.count, &message->body,
                                    1, given, &matches, err);
    if (status == STATUS_OK && !matches)
        status = match_escaped(app, message->body, given, &matches, err);
    if (status == STATUS_OK && !matches)
        return fail(err, STATUS_DENIED,
                    "no app secret of the bridge fits the signature");
    return status;
}
