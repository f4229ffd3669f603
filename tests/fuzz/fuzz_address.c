/*
 * fuzz_address: addresses, networks and URLs. Four places read them - the server for
 * X-Forwarded-For, the configuration, the address guard, libcurl - and must agree: what
 * the configuration lets through the others understand, and understand alike.
 *
 * The input is lines: an address or network, a second one, a URL.
 */
#include "fuzz.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <sys/socket.h>

#include "client/address_guard.h"
#include "client/transfer.h"
#include "config/address.h"
#include "gateway/http_client.h"
#include "gateway/loopback.h"
#include "gateway/memory.h"
#include "server/peers.h"

/* Up to a NUL, as a C string would be. */
static char *c_string(struct str text)
{
    char *copy = mem_new(text.len + 1);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

/* ---- addresses ---- */

/* The address in inet_pton's words, without port or brackets; a family, or 0. */
static int plain_address(const char *text, uint8_t out_bytes[16])
{
    if (inet_pton(AF_INET, text, out_bytes) == 1)
        return AF_INET;
    return inet_pton(AF_INET6, text, out_bytes) == 1 ? AF_INET6 : 0;
}

static void check_peer(struct str text, const char *copy)
{
    struct peer peer;
    uint8_t bytes[16];
    char printed[PEER_TEXT_BYTES];
    int family = plain_address(copy, bytes);
    bool is_peer = peer_parse(text, &peer);

    demand(family == 0 || strlen(copy) != text.len || is_peer, "an address is refused");
    if (!is_peer)
        return;
    struct peer again;
    peer_format(&peer, printed);
    demand(peer_parse(str_of(printed), &again) &&
               memcmp(&peer, &again, sizeof(peer)) == 0,
           "an address that is not read back");
    if (family != 0 && strlen(copy) == text.len) {
        size_t len = family == AF_INET ? 4 : 16;
        demand(memcmp(peer.bytes + sizeof(peer.bytes) - len, bytes, len) == 0,
               "another address");
    }
}

static bool holds(const uint8_t *network, unsigned bits, const uint8_t *address)
{
    for (unsigned i = 0; i < bits; i++) {
        unsigned mask = 0x80u >> (i % 8);
        if (((network[i / 8] ^ address[i / 8]) & mask) != 0)
            return false;
    }
    return true;
}

/* What the configuration lets through as a network, all others do. */
static void check_network(struct str text, const char *copy, const char *other)
{
    const char *const list[] = {copy, NULL};
    struct networks *networks = NULL;
    struct error err;
    bool is_valid = strlen(copy) == text.len && network_fault(text) == NULL;
    demand(!is_valid || network_is_valid(copy), "the guard does not know it");
    if (networks_new(list, &networks, &err) != STATUS_OK) {
        demand(!is_valid, "the server does not know it");
        return;
    }
    struct str bits_text = str_of(copy);
    CLEANUP(mem_freep) char *host = c_string(str_cut(&bits_text, '/'));
    uint8_t network[16];
    uint8_t address[16];
    int64_t bits = 0;
    struct peer peer;
    int family = plain_address(host, network);
    if (family != 0 && plain_address(other, address) == family &&
        str_to_i64(bits_text, &bits) && peer_parse(str_of(other), &peer))
        demand(networks_hold(networks, &peer) ==
                   holds(network, (unsigned)bits, address),
               "another verdict on a network");
    networks_free(networks);
}

static void check_guard(const char *copy)
{
    uint8_t bytes[16];
    const char *const all[] = {"0.0.0.0/0", "::/0", NULL};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    CLEANUP(buf_release) struct buf url;
    buf_init(&url, SIZE_MAX);
    bool is_allowed = false;
    switch (plain_address(copy, bytes)) {
    case AF_INET:
        memcpy(&v4.sin_addr, bytes, 4);
        is_allowed = address_is_allowed((struct sockaddr *)&v4, sizeof(v4), NULL);
        demand(address_is_allowed((struct sockaddr *)&v4, sizeof(v4), all),
               "not named");
        demand(!is_allowed || (bytes[0] != 10 && bytes[0] != 127 && bytes[0] != 0 &&
                               (bytes[0] != 192 || bytes[1] != 168)),
               "a private address is let through");
        buf_printf(&url, "http://%s/", copy);
        break;
    case AF_INET6:
        memcpy(&v6.sin6_addr, bytes, 16);
        is_allowed = address_is_allowed((struct sockaddr *)&v6, sizeof(v6), NULL);
        demand(!is_allowed ||
                   (!IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) &&
                    !IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) && (bytes[0] & 0xfe) != 0xfc),
               "a private address is let through");
        buf_printf(&url, "http://[%s]/", copy);
        break;
    default:
        return;
    }
    demand(host_is_allowed(buf_c_string(&url), NULL) == is_allowed,
           "a URL is judged otherwise than its address");
}

/* ---- URLs ---- */

static bool is_part(CURLU *url, CURLUPart part, struct str want)
{
    char *text = NULL;
    if (curl_url_get(url, part, &text, 0) != CURLUE_OK)
        return false;
    bool is_same = str_equal_nocase(str_of(text), want);
    curl_free(text);
    return is_same;
}

/* Where the configuration reads a host, libcurl reads the same one: else a request goes
 * to somebody else than was written. */
static void check_url(struct str text)
{
    if (url_fault(text) != NULL)
        return;
    CLEANUP(mem_freep) char *copy = c_string(text);
    struct str authority = url_authority(copy);
    CURLU *url = curl_url();
    CURLUcode code = curl_url_set(url, CURLUPART_URL, copy, 0);
    char *user = NULL;
    if (code == CURLUE_OK) {
        struct str host = authority;
        int64_t bracket = str_find_byte(host, ']');
        int64_t colon =
            str_find_byte(str_sub(host, (size_t)(bracket + 1), host.len), ':');
        if (colon >= 0)
            host.len = (size_t)(bracket + 1 + colon);
        bool is_literal = host.len > 0 && host.ptr[0] == '[';
        bool has_escape = str_find_byte(host, '%') >= 0;
        bool is_number = host.len > 0 && host.ptr[0] >= '0' && host.ptr[0] <= '9';
        demand(curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_NO_USER,
               "libcurl reads a user");
        /* Numbers and literals it writes in one form of its own. */
        demand(is_literal || has_escape || is_number ||
                   is_part(url, CURLUPART_HOST, host),
               "libcurl reads another host");
    }
    curl_url_cleanup(url);
}

static void check_listen(struct str text)
{
    if (listen_fault(text) != NULL)
        (void)address_is_loopback(text);
    else if (!str_starts(text, STR("unix:")))
        demand(str_find_byte(text, ':') > 0, "an address without a port");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_from(data, size);
    struct str first = str_cut(&rest, '\n');
    struct str second = str_cut(&rest, '\n');
    CLEANUP(mem_freep) char *first_copy = c_string(first);
    CLEANUP(mem_freep) char *second_copy = c_string(second);

    check_peer(first, first_copy);
    check_peer(second, second_copy);
    check_network(first, first_copy, second_copy);
    check_guard(first_copy);
    check_listen(first);
    check_url(rest);
    return 0;
}
