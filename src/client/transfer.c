#include "transfer.h"

#include <assert.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address_guard.h"
#include "gateway/file.h"
#include "gateway/limits.h"
#include "gateway/memory.h"

/*
 * Idle connections are not trusted for longer: load balancers close theirs after 60 s
 * (AWS) or 75 s (nginx), and a request that meets the close has an unknown end.
 */
#define IDLE_MAX_S 50L
/* libcurl's smallest; requests here have a few kilobytes, and each handle keeps one. */
#define UPLOAD_BUFFER_BYTES 16384L
/* Answers are mostly small; a handle that met a large one gives the memory back. */
#define ANSWER_KEPT_BYTES 16384u
/* All headers of one request; tokens (JWT) are the long ones. */
#define HEADER_TEXT_BYTES ((size_t)64 * 1024)
/* A longer URL is parsed anew each time. */
#define URL_TEXT_BYTES ((size_t)4 * 1024)

/* What is kept of an answer. */
#define ANSWER_MAX_BYTES ((size_t)LIMIT_REPLY_BYTES)

#define USER_AGENT "omgw/" OMGW_VERSION

/*
 * libcurl takes an answer that breaks off within its headers for a complete one without
 * a body. Interim answers and a proxy's come before; trailers come behind and change
 * nothing.
 */
static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct str line = str_from(bytes, size * count);
    if (str_starts(line, STR("HTTP/")))
        transfer->has_head = false;
    if (str_is(line, "\r\n") || str_is(line, "\n"))
        transfer->has_head = true;
    return line.len;
}

static bool is_success(const struct transfer *transfer)
{
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 && status <= 299;
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t len = size * count;
    struct sink *sink = transfer->exchange->sink;
    if (sink != NULL && is_success(transfer))
        return sink->take(sink, bytes, len) ? len : 0; /* short: libcurl gives up */
    size_t room = ANSWER_MAX_BYTES - transfer->answer.len;
    buf_add_bytes(&transfer->answer, bytes, len < room ? len : room);
    return len;
}

/* What stands at a place of the request's body: its text, the file, the text behind. */
static ssize_t read_body(const struct exchange *exchange, size_t at, char *room,
                         size_t len)
{
    if (at < exchange->body.len) {
        struct str piece = str_sub(exchange->body, at, len);
        memcpy(room, piece.ptr, piece.len);
        return (ssize_t)piece.len;
    }
    at -= exchange->body.len;
    size_t file_len = (size_t)exchange->file->size;
    if (at < file_len)
        return pread(exchange->file->descriptor, room,
                     len < file_len - at ? len : file_len - at, (off_t)at);
    struct str piece = str_sub(exchange->body_end, at - file_len, len);
    if (piece.len > 0)
        memcpy(room, piece.ptr, piece.len);
    return (ssize_t)piece.len;
}

static size_t give_body(char *room, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    ssize_t len = read_body(transfer->exchange, transfer->given, room, size * count);
    if (len < 0)
        return CURL_READFUNC_ABORT;
    transfer->given += (size_t)len;
    return (size_t)len;
}

/* libcurl would begin anew on another connection; but only the engine repeats. */
static int rewind_body(void *context, curl_off_t offset, int origin)
{
    const struct transfer *transfer = context;
    bool is_at_start = transfer->given == 0 && offset == 0 && origin == SEEK_SET;
    return is_at_start ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static long request_size(const struct transfer *transfer)
{
    long size = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &size);
    return size;
}

bool transfer_sent_nothing(const struct transfer *transfer)
{
    return !transfer->has_begun || request_size(transfer) == transfer->sent_before;
}

/*
 * Called with the connection ready (tunnel and TLS included), before each sending of
 * the request. libcurl comes a second time, POST or not, when a reused connection ended
 * without an answer; but only the engine repeats.
 */
/* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
static int before_request(void *context, char *primary_ip, char *local_ip,
                          int primary_port, int local_port)
{
    (void)primary_ip;
    (void)local_ip;
    (void)primary_port;
    (void)local_port;
    struct transfer *transfer = context;
    if (!transfer_sent_nothing(transfer))
        return CURL_PREREQFUNC_ABORT;
    transfer->has_begun = true;
    transfer->sent_before = request_size(transfer);
    return CURL_PREREQFUNC_OK;
}

static bool is_guarded(const struct transfer *transfer)
{
    return transfer->exchange->is_outside_url && !transfer->settings->guard_off;
}

/* After name resolution, for each address tried. */
static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    struct transfer *transfer = context;
    (void)purpose;
    if (!transfer_sent_nothing(transfer))
        return CURL_SOCKET_BAD; /* see before_request */
    /* With a proxy this is the proxy's address, which comes from the configuration;
     * what can be known of the target was checked before. */
    bool is_checked = is_guarded(transfer) && transfer->settings->proxy == NULL;
    if (is_checked && !address_is_allowed(&address->addr, address->addrlen,
                                          transfer->settings->allow)) {
        transfer->was_guarded = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool set_numbers(CURL *easy)
{
    static const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL,          1                    },
        {CURLOPT_FOLLOWLOCATION,    0                    },
        {CURLOPT_MAXAGE_CONN,       IDLE_MAX_S           },
        {CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER_BYTES  },
 /* HTTP/2 would let a peer refuse a stream that libcurl then repeats, and 7.88
  * turns   an early 401 or 429 into a stream error. */
        {CURLOPT_HTTP_VERSION,      CURL_HTTP_VERSION_1_1},
 /* A name server that does not answer must not hold the engine's thread when the
  * transfer ends before the lookup. */
        {CURLOPT_QUICK_EXIT,        1                    },
    };
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (curl_easy_setopt(easy, numbers[i].option, numbers[i].value) != CURLE_OK)
            return false;
    }
    return true;
}

static bool set_texts(CURL *easy, const struct http_client_settings *settings)
{
    const struct {
        CURLoption option;
        const char *value;
    } texts[] = {
        {CURLOPT_PROTOCOLS_STR, "http,https"                                  },
 /* Empty, not NULL: the environment's proxies are not ours. */
        {CURLOPT_PROXY,         settings->proxy == NULL ? "" : settings->proxy},
        {CURLOPT_NOPROXY,       ""                                            },
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (curl_easy_setopt(easy, texts[i].option, texts[i].value) != CURLE_OK)
            return false;
    }
    if (settings->unix_socket != NULL &&
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, settings->unix_socket) !=
            CURLE_OK)
        return false;
    return settings->ca_file == NULL ||
           curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file) == CURLE_OK;
}

static bool set_callbacks(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    return curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_READDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, rewind_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer) == CURLE_OK;
}

enum status transfer_new(const struct http_client_settings *settings,
                         struct transfer **out_transfer, struct error *err)
{
    struct transfer *transfer = mem_new(sizeof(*transfer));
    transfer->settings = settings;
    buf_init(&transfer->header_text, HEADER_TEXT_BYTES);
    buf_init(&transfer->answer, ANSWER_MAX_BYTES);
    buf_init(&transfer->url_text, URL_TEXT_BYTES);
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL || !set_numbers(transfer->easy) ||
        !set_texts(transfer->easy, settings) || !set_callbacks(transfer)) {
        transfer_free(transfer);
        return fail(err, STATUS_RETRY, "no memory for an http request");
    }
    *out_transfer = transfer;
    return STATUS_OK;
}

void transfer_free(struct transfer *transfer)
{
    if (transfer == NULL)
        return;
    curl_easy_cleanup(transfer->easy);
    curl_url_cleanup(transfer->url);
    buf_release(&transfer->url_text);
    buf_release(&transfer->header_text);
    buf_release(&transfer->answer);
    mem_free(transfer);
}

struct str url_authority(const char *url)
{
    const char *scheme_end = strstr(url, "://");
    const char *start = scheme_end == NULL ? url : scheme_end + 3;
    return str_from(start, strcspn(start, "/?#"));
}

/* libcurl would send a line break as it is, and what follows as a header of its own. */
static bool is_header_safe(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

static bool has_header(const struct exchange *exchange, struct str name)
{
    return http_headers_hold(exchange->headers, exchange->header_count, name);
}

/* One line, terminated; "Name;" is libcurl's word for a header without value. */
static void add_header_text(struct buf *text, struct str name, struct str value)
{
    buf_add(text, name);
    if (value.len == 0) {
        buf_add_char(text, ';');
    } else {
        buf_add(text, STR(": "));
        buf_add(text, value);
    }
    buf_add_char(text, '\0');
}

/* Adds a line of libcurl's own words, like "Expect:" for leaving a header out. */
static void add_header_line(struct buf *text, struct str line)
{
    buf_add(text, line);
    buf_add_char(text, '\0');
}

/*
 * Lays the lines one behind the other; false when they are too long together. libcurl
 * formats its own User-Agent twice, at a hundred instructions a byte, and an Accept of
 * anything says nothing.
 */
static bool write_headers(struct buf *text, const struct exchange *exchange)
{
    buf_clear(text);
    add_header_line(text, STR("Expect:"));
    add_header_line(text, STR("Accept:"));
    if (!has_header(exchange, STR("User-Agent")))
        add_header_line(text, STR("User-Agent: " USER_AGENT));
    if (!has_header(exchange, STR("Content-Type")))
        add_header_line(text, STR("Content-Type:"));
    for (size_t i = 0; i < exchange->header_count; i++)
        add_header_text(text, exchange->headers[i].name, exchange->headers[i].value);
    return buf_ok(text);
}

/* A slist over memory that the next exchange uses again: nothing to allocate or free.
 */
static struct curl_slist *link_headers(struct transfer *transfer)
{
    struct str rest = buf_str(&transfer->header_text);
    size_t count = 0;
    while (rest.len > 0) {
        struct curl_slist *node = &transfer->headers[count];
        node->data = transfer->header_text.ptr + (transfer->header_text.len - rest.len);
        node->next = NULL;
        if (count > 0)
            transfer->headers[count - 1].next = node;
        (void)str_cut(&rest, '\0');
        count++;
    }
    return transfer->headers;
}

/* Why the exchange cannot be put into a request; NULL when it can. */
static const char *why_unsendable(const struct transfer *transfer)
{
    const struct exchange *exchange = transfer->exchange;
    if (is_guarded(transfer) && transfer->settings->proxy != NULL &&
        !host_is_allowed(exchange->url, transfer->settings->allow))
        return ADDRESS_REFUSED;
    for (size_t i = 0; i < exchange->header_count; i++) {
        const struct http_header *header = &exchange->headers[i];
        if (header->name.len == 0 || !is_header_safe(header->name) ||
            !is_header_safe(header->value))
            return "a header holds a control character";
    }
    return NULL;
}

static bool is_one_of(const char *method, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(method, names[i]) == 0)
            return true;
    }
    return false;
}

/*
 * Given as a whole, a body goes out with the headers in one piece, which spares both
 * sides a system call; a read callback would make it a piece of its own.
 */
static bool set_body(CURL *easy, struct str body)
{
    return curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.len == 0 ? "" : body.ptr) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len) ==
               CURLE_OK;
}

/* With a file in it, it is read piece by piece. */
static bool set_long_body(CURL *easy, const struct exchange *exchange)
{
    curl_off_t len = (curl_off_t)exchange->body.len + exchange->file->size +
                     (curl_off_t)exchange->body_end.len;
    return curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, len) == CURLE_OK;
}

static bool set_any_body(CURL *easy, const struct exchange *exchange)
{
    return exchange->file == NULL ? set_body(easy, exchange->body)
                                  : set_long_body(easy, exchange);
}

/*
 * With POST underneath, libcurl says the body's length, 0 too; with GET it says
 * nothing. The method's name goes over either.
 */
static bool set_method(CURL *easy, const struct exchange *exchange)
{
    static const char *const always_bodied[] = {"POST", "PUT", "PATCH"};
    bool has_body = exchange->body.len > 0 || exchange->file != NULL ||
                    is_one_of(exchange->method, always_bodied, COUNT_OF(always_bodied));
    bool is_set = has_body ? set_any_body(easy, exchange)
                           : curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    return is_set &&
           curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, exchange->method) == CURLE_OK;
}

/*
 * A connection made for a configured URL may lead to a private address. An outside URL
 * with the same host would reuse it without opening a socket, and so pass the guard:
 * its connections are its own, and end with it.
 */
static bool set_reuse(struct transfer *transfer)
{
    long is_alone = is_guarded(transfer) ? 1 : 0;
    CURL *easy = transfer->easy;
    return curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, is_alone) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, is_alone) == CURLE_OK;
}

/* As libcurl parses a CURLOPT_URL. */
#define URL_FLAGS (CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME)

static void forget_url(struct transfer *transfer)
{
    /* Cannot fail. */
    (void)curl_easy_setopt(transfer->easy, CURLOPT_CURLU, NULL);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_REQUEST_TARGET, NULL);
    curl_url_cleanup(TAKE(transfer->url));
    buf_clear(&transfer->url_text);
}

static void free_curl_text(char **text)
{
    curl_free(*text);
}

/*
 * libcurl takes path and query from the parsed URL itself, but sends the request
 * without its query when it finds no memory for that. Towards a proxy it writes the URL
 * whole, and minds its memory.
 */
static bool set_target(struct transfer *transfer, CURLU *url)
{
    CLEANUP(free_curl_text) char *path = NULL;
    CLEANUP(free_curl_text) char *query = NULL;
    CLEANUP(buf_release) struct buf target;
    buf_init(&target, SIZE_MAX); /* no longer than the URL */
    if (transfer->settings->proxy != NULL)
        return true;
    CURLUcode code = curl_url_get(url, CURLUPART_QUERY, &query, 0);
    if ((code != CURLUE_OK && code != CURLUE_NO_QUERY) ||
        curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK)
        return false;
    buf_printf(&target, "%s%s%s", path, query == NULL ? "" : "?",
               query == NULL ? "" : query);
    return buf_ok(&target) && curl_easy_setopt(transfer->easy, CURLOPT_REQUEST_TARGET,
                                               buf_c_string(&target)) == CURLE_OK;
}

/* Left as text alone, libcurl parses and prints a URL again for each request. */
static bool parse_url(struct transfer *transfer, const char *url)
{
    CURLU *parsed = curl_url();
    CURLUcode code = CURLUE_OUT_OF_MEMORY;
    if (parsed != NULL)
        code = curl_url_set(parsed, CURLUPART_URL, url, URL_FLAGS);
    bool has_target = code == CURLUE_OK && set_target(transfer, parsed);
    buf_add(&transfer->url_text, str_of(url));
    if (has_target && buf_ok(&transfer->url_text)) {
        transfer->url = parsed;
        return curl_easy_setopt(transfer->easy, CURLOPT_CURLU, parsed) == CURLE_OK;
    }
    curl_url_cleanup(parsed); /* what is wrong with the text, its transfer says */
    return has_target || (code != CURLUE_OK && code != CURLUE_OUT_OF_MEMORY);
}

static bool set_url(struct transfer *transfer)
{
    const char *url = transfer->exchange->url;
    if (transfer->url != NULL && str_is(buf_str(&transfer->url_text), url))
        return true;
    forget_url(transfer);
    bool is_set = curl_easy_setopt(transfer->easy, CURLOPT_URL, url) == CURLE_OK &&
                  parse_url(transfer, url);
    if (!is_set)
        forget_url(transfer); /* half of it is not what the next one may go on with */
    return is_set;
}

/* The handle keeps them, and they are the same but for fetches. */
static bool set_patience(struct transfer *transfer)
{
    const struct exchange *exchange = transfer->exchange;
    CURL *easy = transfer->easy;
    if (exchange->connect_ms == transfer->connect_ms &&
        exchange->slow_s == transfer->slow_s)
        return true;
    assert(exchange->connect_ms >= 0 && exchange->connect_ms <= INT_MAX);
    long rate = exchange->slow_s > 0 ? LIMIT_FETCH_BYTES_PER_S : 0;
    if (curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)exchange->connect_ms) !=
            CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, rate) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)exchange->slow_s) !=
            CURLE_OK)
        return false;
    transfer->connect_ms = exchange->connect_ms;
    transfer->slow_s = exchange->slow_s;
    return true;
}

static bool set_request(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    const struct exchange *exchange = transfer->exchange;
    int64_t timeout_ms =
        exchange->timeout_ms < INT_MAX ? exchange->timeout_ms : INT_MAX;
    return set_method(easy, exchange) && set_reuse(transfer) && set_url(transfer) &&
           set_patience(transfer) &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, link_headers(transfer)) ==
               CURLE_OK;
}

enum status transfer_prepare(struct transfer *transfer, const struct exchange *exchange,
                             void *token, struct error *err)
{
    assert(exchange->timeout_ms > 0); /* 0 would mean without limit */
    transfer->exchange = exchange;
    transfer->given = 0;
    transfer->token = token;
    transfer->host = url_authority(exchange->url);
    transfer->refusal = why_unsendable(transfer);
    if (transfer->refusal == NULL && !write_headers(&transfer->header_text, exchange))
        transfer->refusal = "the headers are too long";
    if (transfer->refusal == NULL && !set_request(transfer))
        return fail(err, STATUS_RETRY, "no memory for an http request");
    return STATUS_OK;
}

void transfer_clear(struct transfer *transfer)
{
    transfer->exchange = NULL;
    transfer->token = NULL;
    transfer->host = STR_NONE;
    transfer->refusal = NULL;
    transfer->is_cancelled = false;
    transfer->has_ended = false;
    transfer->result = CURLE_OK;
    transfer->has_begun = false;
    transfer->sent_before = 0;
    transfer->has_head = false;
    transfer->was_guarded = false;
    if (transfer->answer.capacity > ANSWER_KEPT_BYTES)
        buf_release(&transfer->answer);
    buf_clear(&transfer->answer);
}
