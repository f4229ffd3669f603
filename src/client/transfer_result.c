#include "transfer.h"

#include "address_guard.h"

/* Longer pauses are read as this one, so that adding to a time cannot overflow. */
#define RETRY_AFTER_MAX_S INT64_C(31622400)

/* Short, without address or secret. */
struct reason {
    CURLcode result;
    const char *why;
};

static const struct reason not_sent_reasons[] = {
    {CURLE_OPERATION_TIMEDOUT,       "no connection in time"                     },
    {CURLE_URL_MALFORMAT,            "the url cannot be read"                    },
    {CURLE_UNSUPPORTED_PROTOCOL,     "the url is not http or https"              },
    {CURLE_COULDNT_RESOLVE_HOST,     "the name was not resolved"                 },
    {CURLE_COULDNT_RESOLVE_PROXY,    "the proxy's name was not resolved"         },
    {CURLE_COULDNT_CONNECT,          "no connection"                             },
    {CURLE_SSL_CONNECT_ERROR,        "no tls connection"                         },
    {CURLE_PEER_FAILED_VERIFICATION, "the certificate is not trusted"            },
    {CURLE_SSL_CACERT_BADFILE,       "the ca file cannot be read"                },
    {CURLE_SEND_ERROR,               "the connection was lost before the request"},
    {CURLE_RECV_ERROR,               "the connection was lost before the request"},
    {CURLE_PROXY,                    "the proxy refused"                         },
    {CURLE_OUT_OF_MEMORY,            "no memory"                                 },
};

static const struct reason unknown_reasons[] = {
    {CURLE_OPERATION_TIMEDOUT,   "no answer in time"                                     },
    {CURLE_GOT_NOTHING,          "the connection was closed without an answer"           },
    {CURLE_ABORTED_BY_CALLBACK,  "the connection was closed without an answer"           },
    {CURLE_SEND_ERROR,           "the connection was lost while sending"                 },
    {CURLE_RECV_ERROR,           "the connection was lost before the answer was complete"},
    {CURLE_PARTIAL_FILE,         "the answer is not complete"                            },
    {CURLE_WRITE_ERROR,          "the answer is too large"                               },
    {CURLE_UNSUPPORTED_PROTOCOL, "the answer is not http/1"                              },
    {CURLE_WEIRD_SERVER_REPLY,   "the answer is not http/1"                              },
    {CURLE_OUT_OF_MEMORY,        "no memory"                                             },
};

static const char *why_of(CURLcode result, const struct reason *reasons, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (reasons[i].result == result)
            return reasons[i].why;
    }
    return curl_easy_strerror(result);
}

static const char *why_not_sent(const struct transfer *transfer)
{
    if (transfer->refusal != NULL)
        return transfer->refusal;
    if (transfer->was_guarded)
        return ADDRESS_REFUSED;
    return why_of(transfer->result, not_sent_reasons, COUNT_OF(not_sent_reasons));
}

/* No later try gets further. Before libcurl was asked, it said nothing yet. */
static bool is_no_url(const struct transfer *transfer)
{
    return transfer->refusal == NULL &&
           (transfer->result == CURLE_URL_MALFORMAT ||
            transfer->result == CURLE_UNSUPPORTED_PROTOCOL);
}

/* A header of the final answer; empty when it is missing or there more than once. */
static struct str header_of(const struct transfer *transfer, const char *name)
{
    struct curl_header *header = NULL;
    CURLHcode code =
        curl_easy_header(transfer->easy, name, 0, CURLH_HEADER, -1, &header);
    if (code != CURLHE_OK || header->amount != 1)
        return STR_NONE;
    return str_of(header->value);
}

static int64_t shorter(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Source: RFC 9110, section 10.2.3 "Retry-After"; read 2026-11-21. */
static int64_t retry_after_ms(const struct transfer *transfer, int64_t wall_ms)
{
    struct str value = header_of(transfer, "Retry-After");
    if (value.len == 0)
        return -1;
    int64_t seconds = 0;
    if (str_to_i64(value, &seconds))
        return seconds < 0 ? -1 : shorter(seconds, RETRY_AFTER_MAX_S) * 1000;
    time_t date = curl_getdate(value.ptr, NULL);
    if (date == -1)
        return -1;
    int64_t left_ms = (int64_t)date * 1000 - wall_ms;
    return left_ms < 0 ? 0 : shorter(left_ms, RETRY_AFTER_MAX_S * 1000);
}

/* The peer's own name for this request, which its support asks for. */
static struct str correlation_id(const struct transfer *transfer)
{
    static const char *const names[] = {"ININ-Correlation-Id", "X-Request-Id"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct str value = header_of(transfer, names[i]);
        if (id_is_valid(value))
            return value;
    }
    return STR_NONE;
}

static void fill_about_file(const struct transfer *transfer, struct reply *reply)
{
    const char *redirect = NULL;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_URL, &redirect);
    reply->location = str_of(redirect);
    reply->content_type = header_of(transfer, "Content-Type");
}

static void fill_answer(const struct transfer *transfer, int64_t wall_ms,
                        struct reply *reply)
{
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    reply->status = (int)status; /* three digits, libcurl has seen to it */
    reply->body = buf_str(&transfer->answer);
    reply->retry_after_ms = retry_after_ms(transfer, wall_ms);
    reply->correlation_id = correlation_id(transfer);
    if (transfer->exchange->sink != NULL)
        fill_about_file(transfer, reply);
}

void transfer_reply(struct transfer *transfer, int64_t wall_ms, struct reply *out_reply)
{
    struct reply reply = {.retry_after_ms = -1, .why = ""};
    if (transfer->is_cancelled) {
        reply.kind = REPLY_CANCELLED;
        reply.why = "cancelled";
    } else if (transfer->refusal == NULL && transfer->result == CURLE_OK &&
               transfer->has_head) {
        reply.kind = REPLY_ANSWER;
        fill_answer(transfer, wall_ms, &reply);
    } else if (transfer->refusal != NULL || transfer_sent_nothing(transfer)) {
        reply.kind = REPLY_NOT_SENT;
        reply.why = why_not_sent(transfer);
        reply.is_forbidden = strcmp(reply.why, ADDRESS_REFUSED) == 0;
        reply.is_unreadable = is_no_url(transfer);
    } else {
        reply.kind = REPLY_UNKNOWN;
        reply.why =
            why_of(transfer->result, unknown_reasons, COUNT_OF(unknown_reasons));
    }
    *out_reply = reply;
}
