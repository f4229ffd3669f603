/*
 * transfer: one libcurl easy handle, made once and used for one exchange after another.
 *
 * Knows how an exchange becomes a request, and what its end means. The client decides
 * when it runs. Private to client; engine thread.
 */
#pragma once

#include <curl/curl.h>

#include "gateway/exchange.h"
#include "gateway/http_client.h"

/* What the exchange says, a user agent, and what is left out: "Expect:", "Accept:" and
 * "Content-Type:". */
#define TRANSFER_HEADERS_MAX (EXCHANGE_HEADERS_MAX + 4)

struct transfer {
    CURL *easy;
    const struct http_client_settings *settings; /* borrowed from the client */
    struct transfer *next;                       /* in the client's lists */

    /* Of the running exchange; borrowed until done was called. */
    const struct exchange *exchange;
    void *token;
    struct str host;     /* authority in the exchange's URL */
    const char *refusal; /* why it cannot be sent at all, or NULL */
    bool is_cancelled;
    bool has_ended;  /* without libcurl: stands in the client's list of such */
    CURLcode result; /* once it ended */
    size_t given;    /* bytes of a body with a file that libcurl has taken */

    /* What of it reached the connection. */
    bool has_begun;   /* a connection was ready and the request about to be sent */
    long sent_before; /* CURLINFO_REQUEST_SIZE when it began */
    bool has_head;    /* the answer's headers are there to their end */
    bool was_guarded; /* an address was refused */

    /* As its handle has them, from the exchange before. */
    int64_t connect_ms;
    unsigned slow_s;

    /* Reused: parsing the URL costs more than sending the request. */
    CURLU *url;          /* of url_text; NULL: none that can be read */
    struct buf url_text; /* of the exchange before */

    /* Reused memory. */
    struct curl_slist headers[TRANSFER_HEADERS_MAX];
    struct buf header_text;
    struct buf answer;
};

/* STATUS_RETRY: no memory inside libcurl. */
MUST_CHECK enum status transfer_new(const struct http_client_settings *settings,
                                    struct transfer **out_transfer, struct error *err);
void transfer_free(struct transfer *transfer);

/*
 * Makes it ready to be added to a multi handle; sets `refusal` where the exchange
 * cannot be put into a request.
 *
 * STATUS_RETRY: no memory inside libcurl.
 */
MUST_CHECK enum status transfer_prepare(struct transfer *transfer,
                                        const struct exchange *exchange, void *token,
                                        struct error *err);

/* Certain that the peer got no byte of this request, on any connection. */
bool transfer_sent_nothing(const struct transfer *transfer);

/* What the end of the transfer means; borrows from the transfer. (transfer_result.c) */
void transfer_reply(struct transfer *transfer, int64_t wall_ms,
                    struct reply *out_reply);

/* Forgets the exchange; keeps what the next one can use. */
void transfer_clear(struct transfer *transfer);

/* The authority part of a URL: user, host and port as they stand there. */
struct str url_authority(const char *url);
