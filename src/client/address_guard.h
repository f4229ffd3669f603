/*
 * address_guard: which addresses a URL from outside may lead to. Private to client; the
 * question itself, address_is_allowed, is asked through gateway/http_client.h.
 */
#pragma once

#include "gateway/base.h"

/* Whether `text` is a network as address_is_allowed reads it: "10.1.0.0/16",
 * "fd00::/8", or an address alone. */
bool network_is_valid(const char *text);

/*
 * For requests through a proxy, which resolves the name itself: whether the host in the
 * URL is an address that is allowed, or a name other than localhost. False also for a
 * URL that cannot be read.
 */
bool host_is_allowed(const char *url, const char *const *allow);

#define ADDRESS_REFUSED "the address is not public"
