#include "address_guard.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "gateway/http_client.h"
#include "gateway/text.h"

#define V4_BYTES 4
#define V6_BYTES 16

/* The first `bits` bits of an address of `len` bytes. */
struct network {
    uint8_t bytes[V6_BYTES];
    size_t len;
    unsigned bits;
};

/* Source: IANA IPv4 Special-Purpose Address Registry; read 2026-11-21. Multicast and
 * the former class E behind it make the last row. */
static const struct network closed_v4[] = {
    {{0},            V4_BYTES, 8 }, /* this network, unspecified */
    {{10},           V4_BYTES, 8 }, /* private */
    {{100, 64},      V4_BYTES, 10}, /* shared with the carrier's NAT */
    {{127},          V4_BYTES, 8 }, /* loopback */
    {{169, 254},     V4_BYTES, 16}, /* link-local; clouds keep their metadata here */
    {{172, 16},      V4_BYTES, 12}, /* private */
    {{192, 0, 0},    V4_BYTES, 24}, /* protocol assignments */
    {{192, 0, 2},    V4_BYTES, 24}, /* documentation */
    {{192, 88, 99},  V4_BYTES, 24}, /* 6to4 relays, withdrawn */
    {{192, 168},     V4_BYTES, 16}, /* private */
    {{198, 18},      V4_BYTES, 15}, /* benchmarks */
    {{198, 51, 100}, V4_BYTES, 24}, /* documentation */
    {{203, 0, 113},  V4_BYTES, 24}, /* documentation */
    {{224},          V4_BYTES, 3 }, /* multicast, reserved, broadcast */
};

/* Everything public is in here, so that whatever is assigned later is closed until
 * named. */
static const struct network public_v6 = {{0x20}, V6_BYTES, 3};

/* Source: IANA IPv6 Special-Purpose Address Registry; read 2026-11-21. */
static const struct network closed_v6[] = {
    {{0x20, 0x01, 0x00, 0x00}, V6_BYTES, 23}, /* protocol assignments, Teredo, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, V6_BYTES, 32}, /* documentation */
    {{0x3f, 0xff, 0x00},       V6_BYTES, 20}, /* documentation */
};

/* Networks whose addresses hold an IPv4 address, and at which byte: that one decides.
 */
static const struct {
    struct network network;
    size_t at;
} embedding[] = {
    {{{0}, V6_BYTES, 96},                        12}, /* compatible */
    {{{[10] = 0xff, [11] = 0xff}, V6_BYTES, 96}, 12}, /* mapped */
    {{{0x00, 0x64, 0xff, 0x9b}, V6_BYTES, 96},   12}, /* NAT64 */
    {{{0x20, 0x02}, V6_BYTES, 16},               2 }, /* 6to4 */
};

static bool contains(const struct network *network, const uint8_t *address, size_t len)
{
    if (network->len != len)
        return false;
    size_t whole = network->bits / 8;
    if (memcmp(network->bytes, address, whole) != 0)
        return false;
    unsigned rest = network->bits % 8;
    return rest == 0 || (network->bytes[whole] ^ address[whole]) >> (8 - rest) == 0;
}

static bool is_in(const struct network *networks, size_t count, const uint8_t *address,
                  size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (contains(&networks[i], address, len))
            return true;
    }
    return false;
}

static bool parse_address(struct str text, struct network *out_network)
{
    char c_string[INET6_ADDRSTRLEN];
    if (text.len >= sizeof(c_string))
        return false;
    (void)snprintf(c_string, sizeof(c_string), "%.*s", STR_ARG(text));
    if (inet_pton(AF_INET, c_string, out_network->bytes) == 1)
        out_network->len = V4_BYTES;
    else if (inet_pton(AF_INET6, c_string, out_network->bytes) == 1)
        out_network->len = V6_BYTES;
    return out_network->len > 0;
}

static bool parse_network(const char *text, struct network *out_network)
{
    struct str rest = str_of(text);
    bool has_bits = str_find_byte(rest, '/') >= 0;
    struct network network = {0};
    if (!parse_address(str_cut(&rest, '/'), &network))
        return false;
    int64_t most = (int64_t)network.len * 8;
    int64_t bits = most;
    if (has_bits && (!str_to_i64(rest, &bits) || bits < 0 || bits > most))
        return false;
    network.bits = (unsigned)bits;
    *out_network = network;
    return true;
}

bool network_is_valid(const char *text)
{
    struct network network;
    return parse_network(text, &network);
}

static bool is_named(const char *const *allow, const uint8_t *address, size_t len)
{
    for (; allow != NULL && *allow != NULL; allow++) {
        struct network network;
        if (parse_network(*allow, &network) && contains(&network, address, len))
            return true;
    }
    return false;
}

static bool v4_is_allowed(const uint8_t *address, const char *const *allow)
{
    return is_named(allow, address, V4_BYTES) ||
           !is_in(closed_v4, COUNT_OF(closed_v4), address, V4_BYTES);
}

static bool v6_is_allowed(const uint8_t *address, const char *const *allow)
{
    if (is_named(allow, address, V6_BYTES))
        return true;
    for (size_t i = 0; i < COUNT_OF(embedding); i++) {
        if (contains(&embedding[i].network, address, V6_BYTES))
            return v4_is_allowed(address + embedding[i].at, allow);
    }
    return contains(&public_v6, address, V6_BYTES) &&
           !is_in(closed_v6, COUNT_OF(closed_v6), address, V6_BYTES);
}

bool address_is_allowed(const struct sockaddr *address, unsigned length,
                        const char *const *allow)
{
    /* Copied, because the caller's bytes need not be aligned for the family's struct.
     */
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (length >= sizeof(v4) && address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return v4_is_allowed((const uint8_t *)&v4.sin_addr, allow);
    }
    if (length >= sizeof(v6) && address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        return v6_is_allowed(v6.sin6_addr.s6_addr, allow);
    }
    return false;
}

static bool is_localhost(struct str name)
{
    struct str last = STR(".localhost");
    return str_equal_nocase(name, STR("localhost")) ||
           (name.len > last.len &&
            str_equal_nocase(str_sub(name, name.len - last.len, last.len), last));
}

static bool name_is_allowed(struct str name, const char *const *allow)
{
    if (name.len > 0 && name.ptr[name.len - 1] == '.')
        name.len--;
    if (name.len > 2 && name.ptr[0] == '[')
        name = str_sub(name, 1, name.len - 2);
    struct network host = {0};
    if (!parse_address(name, &host))
        return name.len > 0 && !is_localhost(name);
    return host.len == V4_BYTES ? v4_is_allowed(host.bytes, allow)
                                : v6_is_allowed(host.bytes, allow);
}

static void urlp(CURLU **url)
{
    curl_url_cleanup(*url);
}

bool host_is_allowed(const char *url, const char *const *allow)
{
    /* libcurl's own reader: it also knows 0x7f.1 and 2130706433 as addresses. */
    CLEANUP(urlp) CURLU *parts = curl_url();
    if (parts == NULL || curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK)
        return false;
    char *host = NULL;
    if (curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return false;
    bool is_allowed = name_is_allowed(str_of(host), allow);
    curl_free(host);
    return is_allowed;
}
