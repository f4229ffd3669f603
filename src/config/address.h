/*
 * address: what URLs, listening addresses and networks may look like in a
 * configuration.
 *
 * Each function returns NULL when the text is fine, else what is wrong, to stand behind
 * "the URL ..." and the like. The text itself is not quoted: a URL may hold a password.
 */
#pragma once

#include "gateway/text.h"

/* http or https, a host, no user, no fragment. */
const char *url_fault(struct str url);
/* HOST:PORT, [IPV6]:PORT or unix:/PATH. Port 0 means any free one. */
const char *listen_fault(struct str address);
/* An IP address, or one with the number of its leading bits: 10.0.0.0/8. */
const char *network_fault(struct str network);
