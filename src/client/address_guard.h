/*
 * address_guard: which addresses a URL from outside may lead to. Private to client; the
 * questions themselves are asked through gateway/http_client.h.
 */
#pragma once

#include "gateway/base.h"

/* Whether `text` is a network as address_is_allowed reads it: "10.1.0.0/16",
 * "fd00::/8", or an address alone. */
bool network_is_valid(const char *text);

#define ADDRESS_REFUSED "the address is not public"
