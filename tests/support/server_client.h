/*
 * server_client: a client that says exactly the bytes a test wants, over TCP or a unix
 * socket, and reads answers one by one. What takes longer than CLIENT_PATIENCE_MS fails
 * the test instead of hanging it.
 */
#pragma once

#include "gateway/text.h"

#define CLIENT_PATIENCE_MS 10000

struct server_client;

/* `address` as listener_address gives it. */
struct server_client *client_open(const char *address);
/* The same, over TCP, with a receive buffer that small. */
struct server_client *client_open_narrow(const char *address, int bytes);
/* NULL when the connection is refused. */
struct server_client *client_try_open(const char *address);
void client_close(struct server_client *client);
void client_closep(struct server_client **client);
int client_fd(const struct server_client *client);

void client_send(struct server_client *client, const char *text);
void client_send_bytes(struct server_client *client, const void *bytes, size_t len);
/* False when the other side no longer takes them. */
bool client_try_send(struct server_client *client, const void *bytes, size_t len);

/* One answer; its views stay until the next call. */
struct client_answer {
    int status;
    struct str head; /* status line and headers */
    struct str body;
};

/* Reads one answer with Content-Length; `has_body` false after HEAD. */
struct client_answer client_answer_of(struct server_client *client, bool has_body);
struct client_answer client_answer(struct server_client *client);
/* client_send, then client_answer. */
struct client_answer client_ask(struct server_client *client, const char *text);
/* First header of that name; empty when there is none. */
struct str answer_header(const struct client_answer *answer, const char *name);

/* Reads and takes whatever comes up to that text, and the text. */
struct str client_until(struct server_client *client, const char *text);

/* Something comes within that time: bytes, or the end. */
bool client_answers_within(const struct server_client *client, int timeout_ms);
/* Waits until the other side has closed; false when bytes come first. */
bool client_is_closed(struct server_client *client);
