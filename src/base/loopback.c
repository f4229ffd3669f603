#include "gateway/loopback.h"

#include <arpa/inet.h>

#define LOOPBACK_NETWORK 127 /* 127.0.0.0/8 */

bool address_is_loopback(struct str address)
{
    if (str_starts(address, STR("unix:")) || str_starts(address, STR("[::1]:")) ||
        str_starts(address, STR("localhost:")))
        return true;
    char host[INET_ADDRSTRLEN];
    struct in_addr ip;
    struct str before_port = str_cut(&address, ':');
    if (before_port.len >= sizeof(host))
        return false;
    (void)snprintf(host, sizeof(host), "%.*s", STR_ARG(before_port));
    return inet_pton(AF_INET, host, &ip) == 1 &&
           (ntohl(ip.s_addr) >> 24) == LOOPBACK_NETWORK;
}
