/*
 * fuzz_route: which route serves a path, and percent-encoding, against a slower way to
 * say the same. The input is "METHOD PATH?QUERY".
 */
#include "fuzz.h"

#include "gateway/memory.h"
#include "server/route.h"

static const struct route routes[] = {
    {.method = "GET",  .path = "/"                                 },
    {.method = "POST", .path = "/webhooks/channels/{bridge}"       },
    {.method = "GET",  .path = "/webhooks/channels/{bridge}"       },
    {.method = "POST", .path = "/webhooks/channels/{bridge}/{part}"},
    {.method = "POST", .path = "/webhooks/genesys/{bridge}"        },
    {.method = "GET",  .path = "/media/{token}"                    },
    {.method = "GET",  .path = "/{a}/{b}/{c}/{d}"                  },
};

/* ---- routes ---- */

static size_t segments(struct str path, struct str *out, size_t max)
{
    size_t count = 0;
    for (;;) {
        bool is_last = str_find_byte(path, '/') < 0;
        struct str segment = str_cut(&path, '/');
        if (count < max)
            out[count] = segment;
        count++;
        if (is_last)
            return count;
    }
}

#define SEGMENTS_MAX 16

static bool fits(const char *pattern, struct str path)
{
    struct str want[SEGMENTS_MAX];
    struct str have[SEGMENTS_MAX];
    size_t count = segments(str_of(pattern), want, SEGMENTS_MAX);
    if (segments(path, have, SEGMENTS_MAX) != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        bool is_argument = want[i].len > 0 && want[i].ptr[0] == '{';
        if (is_argument ? have[i].len == 0 : !str_equal(want[i], have[i]))
            return false;
    }
    return true;
}

static bool serves(const char *served, struct str method)
{
    return str_is(method, served) ||
           (strcmp(served, "GET") == 0 && str_is(method, "HEAD"));
}

static void check_route(struct str method, struct str path)
{
    const struct route *want = NULL;
    bool knows_path = false;
    struct route_match match;
    CLEANUP(buf_release) struct buf allow;
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        if (!fits(routes[i].path, path))
            continue;
        knows_path = true;
        if (want == NULL && serves(routes[i].method, method))
            want = &routes[i];
    }
    enum status status = route_find(routes, COUNT_OF(routes), method, path, &match);
    if (want == NULL) {
        demand(status == (knows_path ? STATUS_BAD_METHOD : STATUS_NOT_FOUND),
               "another refusal");
    } else {
        demand(status == STATUS_OK && match.route == want, "another route");
        for (size_t i = 0; i < match.argument_count; i++)
            demand(match.arguments[i].value.len > 0 &&
                       str_find_byte(match.arguments[i].value, '/') < 0,
                   "an argument that is no segment");
    }
    buf_init(&allow, 64);
    route_allow(routes, COUNT_OF(routes), path, &allow);
    demand(buf_ok(&allow) && (allow.len > 0) == knows_path, "another Allow");
}

/* ---- percent-encoding ---- */

static int byte_of(struct str raw, size_t at)
{
    unsigned value = 0;
    for (size_t i = at; i < at + 2; i++) {
        char c = 0;
        if (i < raw.len)
            c = raw.ptr[i];
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *found = c == '\0' ? NULL : strchr(digits, c);
        if (found == NULL)
            return -1;
        value = value * 16 + (unsigned)(found - digits) % 16;
    }
    return (int)value;
}

static void check_decoding(struct str raw)
{
    CLEANUP(mem_freep) char *decoded = mem_new(raw.len);
    CLEANUP(mem_freep) char *want = mem_new(raw.len);
    size_t want_len = 0;
    size_t len = 0;
    bool is_good = true;
    for (size_t i = 0; i < raw.len; i++) {
        int byte = raw.ptr[i] == '%' ? byte_of(raw, i + 1) : (uint8_t)raw.ptr[i];
        is_good = is_good && (raw.ptr[i] != '%' || byte > 0);
        want[want_len++] = (char)byte;
        i += raw.ptr[i] == '%' ? 2 : 0;
        if (!is_good)
            break;
    }
    demand(percent_decode(raw, decoded, &len) == is_good, "another verdict");
    demand(!is_good || (len == want_len && memcmp(decoded, want, len) == 0),
           "decoded otherwise");
    len = percent_decode_query(raw, decoded);
    demand(len <= raw.len, "longer than it was");
    if (is_good && str_find_byte(raw, '+') < 0)
        demand(len == want_len && memcmp(decoded, want, len) == 0,
               "another decoding of a query");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_from(data, size);
    struct str method = str_cut(&rest, ' ');
    struct str path = str_cut(&rest, '?');
    check_route(method, path);
    check_decoding(path);
    check_decoding(rest);
    return 0;
}
