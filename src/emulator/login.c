#include "login.h"

#include "gateway/crypto.h"
#include "gateway/memory.h"

void login_init(struct login *login, size_t client_count, size_t token_ceiling)
{
    *login = (struct login){.client_count = client_count};
    login->clients = mem_new_array(client_count, sizeof(*login->clients));
    rows_init(&login->tokens, token_ceiling, mem_free);
}

static void forget_tokens(struct login *login)
{
    lookup_clear(&login->token_by_text);
    rows_clear(&login->tokens);
}

void login_release(struct login *login)
{
    forget_tokens(login);
    for (size_t i = 0; i < login->client_count; i++)
        budget_release(&login->clients[i].budget);
    mem_free(login->clients);
}

void login_reset(struct login *login, size_t requests_per_minute)
{
    forget_tokens(login);
    for (size_t i = 0; i < login->client_count; i++) {
        budget_release(&login->clients[i].budget);
        budget_init(&login->clients[i].budget, requests_per_minute);
    }
}

struct client *login_find_client(struct login *login, struct str id)
{
    for (size_t i = 0; i < login->client_count; i++) {
        if (str_is(id, login->clients[i].id))
            return &login->clients[i];
    }
    return NULL;
}

bool client_has_secret(const struct client *client, struct str secret)
{
    return secret.len == strlen(client->secret) &&
           bytes_equal(secret.ptr, client->secret, secret.len);
}

const struct token *login_issue(struct login *login, struct client *client,
                                int64_t expires_ms)
{
    if (rows_are_full(&login->tokens))
        return NULL;
    uint8_t bytes[(TOKEN_BYTES - 1) / 2];
    bytes_random(bytes, sizeof(bytes));

    struct token *token = mem_new(sizeof(*token));
    hex_encode(bytes, sizeof(bytes), token->text);
    token->client = client;
    token->expires_ms = expires_ms;
    lookup_add(&login->token_by_text, &token->by_text, str_of(token->text));
    (void)rows_add(&login->tokens, token);
    return token;
}

struct token *login_find_token(const struct login *login, struct str text)
{
    struct lookup_entry *found = lookup_find(&login->token_by_text, text);
    return found == NULL ? NULL : CONTAINER_OF(found, struct token, by_text);
}
