/*
 * http_client: the real transport over HTTP/1.1, the one door to libcurl.
 *
 * Keeps connections, never repeats a request by itself (bodies go through a read
 * callback whose seek refuses once a byte was read), counts answer bytes, and lets a
 * URL that came from outside connect only to public addresses (checked at socket
 * opening, after DNS). Belongs to the engine thread, except transport_wake.
 */
#pragma once

#include "gateway/transport.h"

/* Copied by http_client_new. */
struct http_client_settings {
    unsigned connections; /* over all hosts; also the most exchanges at a time */
    unsigned connections_per_host;
    const char *const
        *allow;              /* CIDRs the guard lets through; ends with NULL; or NULL */
    const char *proxy;       /* URL or NULL */
    const char *ca_file;     /* or NULL: the system's */
    const char *unix_socket; /* or NULL: path that every exchange goes to */
    bool guard_off;          /* emulator and tests */
};

/*
 * With a proxy the guard judges what the URL says: addresses and localhost; what a name
 * leads to is then the proxy's affair. Environment variables choose no proxy.
 *
 * STATUS_INVALID  `allow` names something that is no network
 * STATUS_RETRY    no memory inside libcurl
 */
MUST_CHECK enum status http_client_new(const struct http_client_settings *settings,
                                       transport_done *done, void *context,
                                       struct transport **out_transport,
                                       struct error *err);

/*
 * One exchange, waiting for it; for commands and probes. The reply lives in the arena.
 * As http_client_new, and STATUS_TOO_LARGE when the arena has no room for the answer.
 */
struct arena;
MUST_CHECK enum status http_client_once(const struct http_client_settings *settings,
                                        const struct exchange *exchange,
                                        struct arena *arena, struct reply *out_reply,
                                        struct error *err);

/* Whether the guard lets a socket address through (struct sockaddr of the given
 * length). */
struct sockaddr;
bool address_is_allowed(const struct sockaddr *address, unsigned length,
                        const char *const *allow);
/*
 * What can be told of a URL without resolving its name, for requests through a proxy
 * and for checks: whether its host is an address that the guard lets through, or a name
 * other than localhost. False also for a URL that cannot be read.
 */
bool host_is_allowed(const char *url, const char *const *allow);
