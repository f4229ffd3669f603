/*
 * file: an answer that is a file: whole, or one range of it.
 *
 * Source: RFC 9110, sections 8.8.3 "ETag", 13.1 "Preconditions" and 14 "Range
 * Requests"; read 2026-12-01.
 */
#include "internal.h"

#include <unistd.h>

#define OWN_HEADERS_MAX 8
#define RANGE_TEXT_BYTES 96

struct range {
    int64_t from;
    int64_t len;
};

enum range_kind {
    RANGE_NONE, /* the whole file: none was asked for, or in a way we need not know */
    RANGE_ONE,  /* out_range */
    RANGE_NOWHERE, /* it begins behind the end */
};

static bool read_place(struct str digits, int64_t *out)
{
    return digits.len > 0 && digits.ptr[0] >= '0' && digits.ptr[0] <= '9' &&
           str_to_i64(digits, out);
}

/* "500-999", "500-", "-500". */
static enum range_kind read_range(struct str text, int64_t size, struct range *out)
{
    int64_t first = 0;
    int64_t last = size - 1;

    if (str_find_byte(text, ',') >= 0 || str_find_byte(text, '-') < 0)
        return RANGE_NONE;
    struct str from = str_cut(&text, '-');
    if (from.len == 0) {
        int64_t count;
        if (!read_place(text, &count))
            return RANGE_NONE;
        first = count < size ? size - count : 0;
        if (count == 0)
            return RANGE_NOWHERE;
    } else if (!read_place(from, &first) ||
               (text.len > 0 && !read_place(text, &last)) || last < first) {
        return text.len == 0 && first >= size ? RANGE_NOWHERE : RANGE_NONE;
    }
    if (first >= size)
        return RANGE_NOWHERE;
    if (last >= size)
        last = size - 1;
    *out = (struct range){first, last - first + 1};
    return RANGE_ONE;
}

static enum range_kind wanted_range(const struct request *request, struct str etag,
                                    int64_t size, struct range *out)
{
    struct str text = request_header(request, "Range");
    struct str condition = request_header(request, "If-Range");

    if (!str_is(request->method, "GET") || !str_starts(text, STR("bytes=")) ||
        (condition.len > 0 && !str_equal(condition, etag)))
        return RANGE_NONE;
    return read_range(str_sub(text, 6, text.len), size, out);
}

/* Any of a list of tags, or "*". */
static bool has_it_already(const struct request *request, struct str etag)
{
    struct str tags = request_header(request, "If-None-Match");

    while (tags.len > 0) {
        struct str tag = str_trim(str_cut(&tags, ','));
        if (str_starts(tag, STR("W/")))
            tag = str_sub(tag, 2, tag.len);
        if (str_equal(tag, etag) || str_is(tag, "*"))
            return true;
    }
    return false;
}

struct file_answer {
    int status;
    struct range range; /* of the body */
    struct http_header headers[OWN_HEADERS_MAX];
    size_t header_count;
    char range_text[RANGE_TEXT_BYTES];
};

static void add(struct file_answer *answer, const char *name, struct str value)
{
    answer->headers[answer->header_count++] = (struct http_header){str_of(name), value};
}

static void plan(struct file_answer *answer, const struct request *request,
                 struct str etag, int64_t size)
{
    struct range range = {0, size};
    enum range_kind kind = wanted_range(request, etag, size, &range);

    add(answer, "ETag", etag);
    add(answer, "Accept-Ranges", STR("bytes"));
    answer->status = 200;
    answer->range = range;
    if (has_it_already(request, etag)) {
        answer->status = 304;
        answer->range = (struct range){0};
        return;
    }
    if (kind == RANGE_NONE)
        return;
    bool is_one = kind == RANGE_ONE;
    answer->status = is_one ? 206 : 416;
    if (is_one)
        (void)snprintf(answer->range_text, sizeof(answer->range_text),
                       "bytes %lld-%lld/%lld", (long long)range.from,
                       (long long)(range.from + range.len - 1), (long long)size);
    else
        (void)snprintf(answer->range_text, sizeof(answer->range_text), "bytes */%lld",
                       (long long)size);
    answer->range = is_one ? range : (struct range){0};
    add(answer, "Content-Range", str_of(answer->range_text));
}

void request_respond_file(struct request *request, int descriptor, int64_t size,
                          struct str etag, const char *content_type,
                          const struct http_header *headers, size_t header_count)
{
    struct file_answer answer = {0};

    plan(&answer, request, etag, size);
    for (size_t i = 0; i < header_count && answer.header_count < OWN_HEADERS_MAX; i++)
        answer.headers[answer.header_count++] = headers[i];
    if (answer.range.len == 0) {
        (void)close(descriptor);
        request_respond(request, answer.status,
                        answer.status == 200 ? content_type : NULL, STR_NONE,
                        answer.headers, answer.header_count);
        return;
    }
    struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(
        (uint64_t)answer.range.len, descriptor, (uint64_t)answer.range.from);
    if (response == NULL)
        (void)close(descriptor);
    (void)respond_with(request, answer.status, content_type, response, answer.headers,
                       answer.header_count);
}
