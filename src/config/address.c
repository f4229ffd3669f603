#include "address.h"

#include <arpa/inet.h>

static bool is_url_byte(char byte)
{
    unsigned char c = (unsigned char)byte;
    return c > 0x20 && c < 0x7f && strchr("\"<>\\^`{|}", byte) == NULL;
}

static bool port_is_valid(struct str port, int64_t least)
{
    int64_t number;
    return str_to_i64(port, &number) && number >= least && number <= 65535;
}

/*
 * Cuts HOST or [IPV6] off the front of *rest; what is left is empty or starts behind
 * the host. Empty when there is no host.
 */
static struct str cut_host(struct str *rest)
{
    struct str whole = *rest;
    bool is_bracketed = str_starts(whole, STR("["));
    int64_t end = str_find_byte(whole, is_bracketed ? ']' : ':');
    if (is_bracketed && end < 2)
        return STR_NONE;
    size_t len = end < 0 ? whole.len : (size_t)end + (is_bracketed ? 1 : 0);
    *rest = str_sub(whole, len, whole.len);
    return str_sub(whole, 0, len);
}

static const char *authority_fault(struct str authority)
{
    if (str_find_byte(authority, '@') >= 0)
        return "has a user name or password";
    struct str port = authority;
    if (cut_host(&port).len == 0)
        return "has no host";
    if (port.len > 0 &&
        (port.ptr[0] != ':' || !port_is_valid(str_sub(port, 1, port.len), 1)))
        return "has a port that is not a number from 1 to 65535";
    return NULL;
}

const char *url_fault(struct str url)
{
    const struct str http = STR("http://");
    const struct str https = STR("https://");
    for (size_t i = 0; i < url.len; i++) {
        if (!is_url_byte(url.ptr[i]))
            return "has a character that must be percent-encoded";
    }
    bool is_https = str_starts(url, https);
    if (!is_https && !str_starts(url, http))
        return "does not start with https:// or http://";
    if (str_find_byte(url, '#') >= 0)
        return "has a fragment (#)";

    struct str authority = str_sub(url, is_https ? https.len : http.len, url.len);
    for (size_t i = 0; i < authority.len; i++) {
        if (authority.ptr[i] == '/' || authority.ptr[i] == '?')
            authority.len = i;
    }
    return authority_fault(authority);
}

const char *listen_fault(struct str address)
{
    const struct str local = STR("unix:");
    if (str_starts(address, local))
        return address.len > local.len && address.ptr[local.len] == '/'
                   ? NULL
                   : "has no absolute path behind unix:";
    struct str port = address;
    if (cut_host(&port).len == 0)
        return "has no host";
    if (port.len == 0 || port.ptr[0] != ':' ||
        !port_is_valid(str_sub(port, 1, port.len), 0))
        return "has no port from 0 to 65535";
    return NULL;
}

const char *network_fault(struct str network)
{
    char host[INET6_ADDRSTRLEN];
    unsigned char bytes[sizeof(struct in6_addr)];
    bool has_bits = str_find_byte(network, '/') >= 0;
    struct str bits = network;
    struct str address = str_cut(&bits, '/');

    (void)snprintf(host, sizeof(host), "%.*s", STR_ARG(address));
    bool is_v4 = inet_pton(AF_INET, host, bytes) == 1;
    if (address.len >= sizeof(host) ||
        (!is_v4 && inet_pton(AF_INET6, host, bytes) != 1))
        return "is not an IP address";
    int64_t count = 0;
    if (has_bits &&
        (!str_to_i64(bits, &count) || count < 0 || count > (is_v4 ? 32 : 128)))
        return is_v4 ? "has a number of bits that is not 0 to 32"
                     : "has a number of bits that is not 0 to 128";
    return NULL;
}
