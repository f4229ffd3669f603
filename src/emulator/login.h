/*
 * login: the clients that may ask, and the tokens they were given.
 *
 * Every call makes a new token, counted. A token dies on the emulator's clock; a
 * client's budget runs on real time. Belongs to the front thread. Source:
 * open-messaging.md, section 1.2; read 2026-11-21.
 */
#pragma once

#include "budget.h"
#include "gateway/text.h"
#include "lookup.h"
#include "rows.h"

#define TOKEN_BYTES 65

struct client {
    const char *id; /* borrowed from the settings */
    const char *secret;
    struct budget budget; /* over all its tokens */
};

struct token {
    struct client *client;
    int64_t expires_ms; /* on the emulator's clock */
    struct lookup_entry by_text;
    char text[TOKEN_BYTES];
};

struct login {
    struct client *clients; /* owned */
    size_t client_count;
    struct rows tokens;
    struct lookup token_by_text;
};

void login_init(struct login *login, size_t client_count, size_t token_ceiling);
void login_release(struct login *login);
/* Forgets the tokens and what was spent; `requests_per_minute` 0: no limit. */
void login_reset(struct login *login, size_t requests_per_minute);
/* NULL when there is no client of that id. */
struct client *login_find_client(struct login *login, struct str id);
bool client_has_secret(const struct client *client, struct str secret);
/* NULL when the list is full. */
const struct token *login_issue(struct login *login, struct client *client,
                                int64_t expires_ms);
struct token *login_find_token(const struct login *login, struct str text);
