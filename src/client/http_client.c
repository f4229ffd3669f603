#include "gateway/http_client.h"

#include <assert.h>
#include <limits.h>
#include <poll.h>

#include "address_guard.h"
#include "gateway/arena.h"
#include "gateway/clock.h"
#include "gateway/memory.h"
#include "transfer.h"

/* Between two tries to wait, when libcurl has no memory to wait with. */
#define NO_MEMORY_WAIT_MS 10

struct http_client {
    struct transport transport;
    struct http_client_settings settings; /* its texts live in `texts` */
    struct arena *texts;
    CURLM *multi;
    struct transfer **transfers; /* all that were made */
    size_t transfer_count;
    struct transfer *idle;  /* list of those without an exchange */
    struct transfer *ended; /* list: ended outside libcurl, done not called yet */
    struct transfer **ended_tail;
    size_t running;  /* started, done not called yet */
    bool is_closing; /* starts nothing any more */
};

static struct http_client *client_of(struct transport *transport)
{
    return CONTAINER_OF(transport, struct http_client, transport);
}

static bool is_same_host(const struct transfer *transfer, struct str host)
{
    return transfer->exchange != NULL && str_equal_nocase(transfer->host, host);
}

static size_t running_to(const struct http_client *client, struct str host)
{
    size_t count = 0;
    for (size_t i = 0; i < client->transfer_count; i++) {
        if (is_same_host(client->transfers[i], host))
            count++;
    }
    return count;
}

/* One more than the connections may be needed: the one whose done is being called. */
static enum status take_transfer(struct http_client *client,
                                 struct transfer **out_transfer, struct error *err)
{
    struct transfer *transfer = client->idle;
    if (transfer != NULL) {
        client->idle = transfer->next;
        transfer->next = NULL;
        *out_transfer = transfer;
        return STATUS_OK;
    }
    assert(client->transfer_count <= client->settings.connections);
    enum status status = transfer_new(&client->settings, &transfer, err);
    if (status != STATUS_OK)
        return status;
    client->transfers[client->transfer_count++] = transfer;
    *out_transfer = transfer;
    return STATUS_OK;
}

static void give_transfer(struct http_client *client, struct transfer *transfer)
{
    transfer_clear(transfer);
    transfer->next = client->idle;
    client->idle = transfer;
}

/* For those that libcurl will not report: done is called by the next poll. */
static void end_later(struct http_client *client, struct transfer *transfer)
{
    transfer->has_ended = true;
    transfer->next = NULL;
    *client->ended_tail = transfer;
    client->ended_tail = &transfer->next;
}

static enum status launch(struct http_client *client, struct transfer *transfer,
                          struct error *err)
{
    if (transfer->refusal != NULL) {
        end_later(client, transfer);
        return STATUS_OK;
    }
    if (curl_multi_add_handle(client->multi, transfer->easy) != CURLM_OK)
        return fail(err, STATUS_RETRY, "no memory for an http request");
    return STATUS_OK;
}

static enum status client_start(struct transport *transport,
                                const struct exchange *exchange, void *token,
                                struct error *err)
{
    struct http_client *client = client_of(transport);
    if (client->is_closing)
        return fail(err, STATUS_RETRY, "the http client is closing");
    if (client->running >= client->settings.connections)
        return fail(err, STATUS_RETRY, "all %u connections are in use",
                    client->settings.connections);
    /* libcurl would queue it, with the exchange's time running. */
    if (client->running >= client->settings.connections_per_host &&
        running_to(client, url_authority(exchange->url)) >=
            client->settings.connections_per_host)
        return fail(err, STATUS_RETRY, "all %u connections to the host are in use",
                    client->settings.connections_per_host);

    struct transfer *transfer = NULL;
    enum status status = take_transfer(client, &transfer, err);
    if (status != STATUS_OK)
        return status;
    status = transfer_prepare(transfer, exchange, token, err);
    if (status == STATUS_OK)
        status = launch(client, transfer, err);
    if (status != STATUS_OK) {
        give_transfer(client, transfer);
        return status;
    }
    client->running++;
    return STATUS_OK;
}

/* Takes it from libcurl, which closes the connection if the answer is not complete. */
static void cancel_transfer(struct http_client *client, struct transfer *transfer)
{
    if (transfer->has_ended)
        return;
    (void)curl_multi_remove_handle(client->multi, transfer->easy);
    transfer->is_cancelled = true;
    end_later(client, transfer);
}

static void client_cancel(struct transport *transport, void *token)
{
    struct http_client *client = client_of(transport);
    for (size_t i = 0; i < client->transfer_count; i++) {
        struct transfer *transfer = client->transfers[i];
        if (transfer->exchange != NULL && transfer->token == token)
            cancel_transfer(client, transfer);
    }
}

static void report(struct http_client *client, struct transfer *transfer)
{
    struct reply reply;
    transfer_reply(transfer, clock_now().wall_ms, &reply);
    void *token = transfer->token;
    /* Before done, which may start the next or cancel what it takes for running. */
    transfer->exchange = NULL;
    client->running--;
    client->transport.done(token, &reply, client->transport.context);
    give_transfer(client, transfer);
}

/* Only what is there now: done may add to the list. */
static bool report_ended(struct http_client *client)
{
    struct transfer *transfer = client->ended;
    bool has_any = transfer != NULL;
    client->ended = NULL;
    client->ended_tail = &client->ended;
    while (transfer != NULL) {
        struct transfer *next = transfer->next;
        report(client, transfer);
        transfer = next;
    }
    return has_any;
}

static bool report_answered(struct http_client *client)
{
    int left = 0;
    const CURLMsg *message = curl_multi_info_read(client->multi, &left);
    if (message == NULL)
        return false;
    assert(message->msg == CURLMSG_DONE); /* there is no other */
    CURLcode result = message->data.result;
    CURL *easy = message->easy_handle;
    void *private = NULL;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    (void)curl_multi_remove_handle(client->multi, easy); /* frees the message */
    struct transfer *transfer = private;
    transfer->result = result;
    report(client, transfer);
    return true;
}

/* Moves all transfers and reports what ended. */
static bool advance(struct http_client *client)
{
    int running = 0;
    (void)curl_multi_perform(client->multi,
                             &running); /* failures end their transfers */
    bool has_reported = report_ended(client);
    while (report_answered(client))
        has_reported = true;
    return has_reported;
}

static void client_poll(struct transport *transport, int64_t timeout_ms)
{
    struct http_client *client = client_of(transport);
    if (advance(client) || timeout_ms <= 0)
        return;
    int limit_ms = timeout_ms < INT_MAX ? (int)timeout_ms : INT_MAX;
    if (curl_multi_poll(client->multi, NULL, 0, limit_ms, NULL) != CURLM_OK)
        (void)poll(NULL, 0, NO_MEMORY_WAIT_MS);
    (void)advance(client);
}

static void client_wake(struct transport *transport)
{
    (void)curl_multi_wakeup(client_of(transport)->multi);
}

static void client_free(struct transport *transport)
{
    if (transport == NULL)
        return;
    struct http_client *client = client_of(transport);
    client->is_closing = true;
    for (size_t i = 0; i < client->transfer_count; i++) {
        if (client->transfers[i]->exchange != NULL)
            cancel_transfer(client, client->transfers[i]);
    }
    (void)report_ended(client);
    assert(client->running == 0);
    for (size_t i = 0; i < client->transfer_count; i++)
        transfer_free(client->transfers[i]);
    (void)curl_multi_cleanup(client->multi);
    mem_free(client->transfers);
    arena_free(client->texts);
    mem_free(client);
    curl_global_cleanup();
}

static const struct transport_ops client_ops = {
    .start = client_start,
    .cancel = client_cancel,
    .poll = client_poll,
    .wake = client_wake,
    .free = client_free,
};

static const char *copy_or_null(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_c_string(arena, str_of(text));
}

static enum status copy_networks(struct arena *arena, const char *const *networks,
                                 const char *const **out_copy, struct error *err)
{
    size_t count = 0;
    for (; networks != NULL && networks[count] != NULL; count++) {
        if (!network_is_valid(networks[count]))
            return fail(err, STATUS_INVALID, "\"%s\" is no network", networks[count]);
    }
    const char **copy = arena_alloc(arena, (count + 1) * sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = copy_or_null(arena, networks[i]);
    *out_copy = copy;
    return STATUS_OK;
}

/* The client outlives the configuration it was made from. */
static enum status copy_settings(struct http_client *client,
                                 const struct http_client_settings *settings,
                                 struct error *err)
{
    struct arena *texts = client->texts;
    client->settings = *settings;
    client->settings.proxy = copy_or_null(texts, settings->proxy);
    client->settings.ca_file = copy_or_null(texts, settings->ca_file);
    client->settings.unix_socket = copy_or_null(texts, settings->unix_socket);
    return copy_networks(texts, settings->allow, &client->settings.allow, err);
}

/*
 * As many connections as transfers, idle ones included: with fewer in the cache, each
 * burst would end with closing some and the next begin with handshakes.
 */
static enum status open_multi(struct http_client *client, struct error *err)
{
    long connections = (long)client->settings.connections;
    client->multi = curl_multi_init();
    if (client->multi == NULL ||
        curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, connections) !=
            CURLM_OK ||
        curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections) !=
            CURLM_OK)
        return fail(err, STATUS_RETRY, "no memory for the http client");
    return STATUS_OK;
}

enum status http_client_new(const struct http_client_settings *settings,
                            transport_done *done, void *context,
                            struct transport **out_transport, struct error *err)
{
    assert(settings->connections > 0 && settings->connections_per_host > 0);
    /* Counted inside libcurl; the last client_free undoes it. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fail(err, STATUS_RETRY, "libcurl did not start");

    struct http_client *client = mem_new(sizeof(*client));
    client->transport = (struct transport){&client_ops, done, context};
    client->texts = arena_new(SIZE_MAX);
    client->ended_tail = &client->ended;
    enum status status = copy_settings(client, settings, err);
    if (status == STATUS_OK)
        status = open_multi(client, err);
    if (status != STATUS_OK) {
        client_free(&client->transport);
        return status;
    }
    client->transfers =
        mem_new_array((size_t)settings->connections + 1, sizeof(struct transfer *));
    *out_transport = &client->transport;
    return STATUS_OK;
}
