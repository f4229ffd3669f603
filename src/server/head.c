#include "internal.h"

#define FORWARDED_FOR "X-Forwarded-For"

/* --- request line --------------------------------------------------------- */

/* "http://host/path" is allowed of any client (RFC 9112, 3.2.2); the host is not ours
 * to judge. */
static struct str without_origin(struct str target)
{
    static const struct str schemes[] = {
        {"http://",  7},
        {"https://", 8}
    };
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (!str_starts(target, schemes[i]))
            continue;
        struct str rest = str_sub(target, schemes[i].len, target.len);
        int64_t slash = str_find_byte(rest, '/');
        return slash < 0 ? STR("/") : str_sub(rest, (size_t)slash, rest.len);
    }
    return target;
}

void head_set_target(struct request *request, const char *target)
{
    struct str rest = without_origin(arena_copy(request->arena, str_of(target)));
    request->path = str_cut(&rest, '?');
    request->query = rest;
}

/* --- headers -------------------------------------------------------------- */

/* They are copied, since a request may be held longer than libmicrohttpd keeps them. */
static enum MHD_Result keep_header(void *context, enum MHD_ValueKind kind,
                                   const char *name, size_t name_len, const char *value,
                                   size_t value_len)
{
    (void)kind;
    struct request *request = context;
    request->headers[request->header_count++] = (struct http_header){
        .name = arena_copy(request->arena, str_from(name, name_len)),
        .value = arena_copy(request->arena, str_from(value, value_len)),
    };
    return MHD_YES;
}

static void keep_headers(struct request *request)
{
    struct MHD_Connection *mhd = request->connection->mhd;
    int count = MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, NULL, NULL);
    if (count <= 0)
        return;
    request->headers =
        arena_alloc(request->arena, (size_t)count * sizeof(request->headers[0]));
    (void)MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, keep_header, request);
}

/* What decides where this request ends and the next begins. */
struct framing {
    unsigned lengths, encodings, hosts;
    struct str length, encoding;
    bool has_odd_name;
    bool has_control;
};

static bool is_odd(struct str name)
{
    return name.len == 0 || str_find_byte(name, ' ') >= 0 ||
           str_find_byte(name, '\t') >= 0;
}

/* A tab is a blank; no client sends others. A value ends at a NUL for libmicrohttpd:
 * what stood behind it cannot be seen from here. Source: RFC 9110, section 5.5; read
 * 2026-11-21. */
static bool has_control(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

static void read_framing(const struct request *request, struct framing *out)
{
    for (size_t i = 0; i < request->header_count; i++) {
        struct str name = request->headers[i].name;
        out->has_control |= has_control(name) || has_control(request->headers[i].value);
        if (is_odd(name)) {
            out->has_odd_name = true;
        } else if (str_equal_nocase(name, STR("Content-Length"))) {
            out->lengths++;
            out->length = request->headers[i].value;
        } else if (str_equal_nocase(name, STR("Transfer-Encoding"))) {
            out->encodings++;
            out->encoding = request->headers[i].value;
        } else if (str_equal_nocase(name, STR("Host"))) {
            out->hosts++;
        }
    }
}

/*
 * What two readers could understand differently is refused: a proxy in front may have
 * read it otherwise, and the rest would be taken for the next request. (A header line
 * that begins with its colon, unless it is the first, libmicrohttpd takes for the end
 * of the headers: that cannot be seen from here.) Source: RFC 9112, sections 3.2, 5.1
 * and 6.3; read 2026-11-21.
 */
static const char *framing_fault(const struct framing *framing, const char *version)
{
    bool is_1_0 = strcmp(version, "HTTP/1.0") == 0;
    if (framing->has_odd_name)
        return "a header's name has blanks";
    if (framing->has_control)
        return "a header has control characters";
    if (framing->hosts > 1 || (framing->hosts == 0 && !is_1_0))
        return "there must be one Host header";
    if (framing->lengths + framing->encodings > 1)
        return "the body's length is given more than once";
    if (framing->encodings == 1 &&
        (is_1_0 || !str_equal_nocase(framing->encoding, STR("chunked"))))
        return "the transfer encoding is not known";
    return NULL;
}

/* -1: chunked. libmicrohttpd has let only digits through; too many are beyond any
 * limit. */
static int64_t declared_length(const struct framing *framing)
{
    if (framing->encodings > 0)
        return -1;
    if (framing->lengths == 0)
        return 0;
    int64_t length = 0;
    return str_to_i64(framing->length, &length) ? length : INT64_MAX;
}

/* --- peer ----------------------------------------------------------------- */

/*
 * Reads one X-Forwarded-For from its end, where the nearest proxy has added what it
 * saw. True when the client is found: the first that is no proxy of ours. What cannot
 * be read also ends the search, and the one before it stands.
 */
static bool walk_forwarded(struct request *request, struct str value)
{
    while (value.len > 0) {
        const char *comma = memrchr(value.ptr, ',', value.len);
        size_t from = comma == NULL ? 0 : (size_t)(comma - value.ptr) + 1;
        struct peer peer;
        if (!peer_parse(str_sub(value, from, value.len), &peer))
            return true;
        request->peer = peer;
        if (!networks_hold(request->loop->listener->trusted, &peer))
            return true;
        value = str_sub(value, 0, comma == NULL ? 0 : from - 1);
    }
    return false;
}

static void find_forwarded(struct request *request)
{
    for (size_t i = request->header_count; i-- > 0;) {
        const struct http_header *header = &request->headers[i];
        if (str_equal_nocase(header->name, STR(FORWARDED_FOR)) &&
            walk_forwarded(request, header->value))
            return;
    }
}

static bool is_same_peer(const struct peer *a, const struct peer *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* False when the client behind a proxy has too many requests under way. */
static bool find_peer(struct request *request)
{
    const struct connection *connection = request->connection;
    request->peer = connection->peer; /* zeros for a unix socket */
    if (connection->is_trusted)
        find_forwarded(request);

    if (is_same_peer(&request->peer, &connection->peer)) {
        request->peer_text = arena_copy(request->arena, str_of(connection->peer_text));
        return true;
    }
    char text[PEER_TEXT_BYTES];
    peer_format(&request->peer, text);
    request->peer_text = arena_copy(request->arena, str_of(text));
    request->is_peer_counted =
        peer_counts_add(request->loop->listener->peers, &request->peer);
    return request->is_peer_counted;
}

/* --- route ---------------------------------------------------------------- */

static bool decode_arguments(struct request *request)
{
    struct route_match *match = &request->match;
    for (size_t i = 0; i < match->argument_count; i++) {
        struct str *value = &match->arguments[i].value;
        char *decoded = arena_alloc(request->arena, value->len);
        size_t len = 0;
        if (!percent_decode(*value, decoded, &len))
            return false;
        *value = str_from(decoded, len);
    }
    return true;
}

static void find_route(struct request *request)
{
    const struct listener *listener = request->loop->listener;
    enum status status = route_find(listener->routes, listener->route_count,
                                    request->method, request->path, &request->match);
    if (status == STATUS_NOT_FOUND)
        request_refuse(request, status, "there is nothing at this path");
    else if (status == STATUS_BAD_METHOD)
        request_refuse(request, status, "the path does not know this method");
    else if (!decode_arguments(request))
        request_refuse(request, STATUS_INVALID, "the path has a bad percent-encoding");
}

static void check_ceilings(struct request *request, int64_t length)
{
    struct listener *listener = request->loop->listener;
    const struct route *route = request->match.route;
    int64_t max =
        route->body_max == NULL ? 0 : route->body_max(request, listener->context);
    if (max < 0)
        max = 0;
    request->body.ceiling = (size_t)max;
    if (length > max) {
        request_refuse(request, STATUS_TOO_LARGE, "the body is too large");
        return;
    }
    if (!bodies_expect(request, length < 0 ? 0 : length))
        request_refuse(request, STATUS_RETRY, "too many bodies in memory");
}

bool head_read(struct request *request, const char *method, const char *version)
{
    request->method = arena_copy(request->arena, str_of(method));
    keep_headers(request);
    request->message = (struct http_message){
        .method = request->method,
        .path = request->path,
        .query = request->query,
        .headers = request->headers,
        .header_count = request->header_count,
    };

    struct framing framing = {0};
    read_framing(request, &framing);
    const char *fault = framing_fault(&framing, version);
    if (fault != NULL) {
        request_refuse(request, STATUS_INVALID, fault);
        return true; /* where the next request begins is unknown: the connection ends */
    }
    int64_t length = declared_length(&framing);
    if (!find_peer(request))
        request_refuse(request, STATUS_SLOW_DOWN, "too many requests at a time");
    else
        find_route(request);
    if (request->refusal == STATUS_OK)
        check_ceilings(request, length);
    return request->refusal != STATUS_OK && length != 0;
}
