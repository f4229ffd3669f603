/*
 * loopback: whether a listening address is reached from this machine only, where who
 * may connect is the machine's affair. Any thread.
 */
#pragma once

#include "gateway/text.h"

/*
 * `address` is HOST:PORT, [IPV6]:PORT or unix:/PATH. Of host names only "localhost" is
 * known; every other one counts as reached from outside, whatever it resolves to.
 */
bool address_is_loopback(struct str address);
