/* POST /oauth/token. Source: open-messaging.md, section 1.2; read 2026-11-21. */
#include "gateway/crypto.h"
#include "operations.h"

struct token_form {
    struct str grant_type;
    struct str client_id;
    struct str client_secret;
};

/* In the request's arena, percent-decoded; empty when it cannot be. */
static struct str decode_field(struct arena *arena, struct str text)
{
    char *out = arena_try_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; out != NULL && i < text.len; i++) {
        uint8_t byte = (uint8_t)text.ptr[i];
        if (byte == '+')
            byte = ' ';
        if (byte == '%') {
            if (!hex_decode(str_sub(text, i + 1, 2), &byte, 1))
                return STR_NONE;
            i += 2;
        }
        out[len++] = (char)byte;
    }
    return out == NULL ? STR_NONE : str_from(out, len);
}

static void read_form(struct arena *arena, struct str body, struct token_form *out)
{
    while (body.len > 0) {
        struct str value = str_cut(&body, '&');
        struct str name = str_cut(&value, '=');
        struct str decoded = decode_field(arena, value);
        if (str_is(name, "grant_type"))
            out->grant_type = decoded;
        else if (str_is(name, "client_id"))
            out->client_id = decoded;
        else if (str_is(name, "client_secret"))
            out->client_secret = decoded;
    }
}

/* Id and secret of a Basic header stand in for the form's. */
static bool read_basic(struct call *call, struct token_form *form)
{
    struct str header = request_header(call->request, "Authorization");
    if (header.len == 0)
        return true;
    struct str scheme = str_cut(&header, ' ');
    size_t room = header.len;
    uint8_t *bytes = arena_try_alloc(request_arena(call->request), room);
    size_t len = 0;
    if (!str_equal_nocase(scheme, STR("Basic")) || bytes == NULL ||
        !base64_decode(str_trim(header), bytes, room, &len))
        return false;
    form->client_secret = str_from(bytes, len);
    form->client_id = str_cut(&form->client_secret, ':');
    return true;
}

static void print_token(struct call *call, const struct token *token)
{
    print_object(call->out, NULL);
    print_text(call->out, "access_token", token->text);
    print_text(call->out, "token_type", "bearer");
    print_i64(call->out, "expires_in", call->emulator->settings.token_lifetime_s);
    print_end_object(call->out);
    call_answer(call, 200);
}

static void issue(struct call *call, struct client *client)
{
    int64_t lifetime_ms = call->emulator->settings.token_lifetime_s * 1000;
    const struct token *token = login_issue(&call->emulator->login, client,
                                            world_now_ms(call->world) + lifetime_ms);
    if (token == NULL)
        call_refuse_full(call);
    else
        print_token(call, token);
}

void post_token(struct call *call)
{
    struct token_form form = {0};
    read_form(request_arena(call->request), request_body(call->request), &form);
    if (!read_basic(call, &form)) {
        call_refuse(call, 401, "invalid_client",
                    "the authorization header is malformed");
        return;
    }
    if (form.grant_type.len == 0) {
        call_refuse(call, 400, "invalid_request", "grant_type is missing");
        return;
    }
    if (!str_is(form.grant_type, "client_credentials")) {
        call_refuse(call, 400, "unsupported_grant_type",
                    "only client_credentials is granted here");
        return;
    }
    struct client *client = login_find_client(&call->emulator->login, form.client_id);
    if (client == NULL)
        call_refuse(call, 400, "invalid_client", "client not found: invalid id");
    else if (!client_has_secret(client, form.client_secret))
        call_refuse(call, 401, "invalid_client", "authentication failed");
    else
        issue(call, client);
}
