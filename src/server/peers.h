/*
 * peers: addresses of clients: reading them, networks we trust, how many each one has
 * open.
 *
 * Pure but for the counts, which any thread may use.
 */
#pragma once

#include "gateway/status.h"
#include "gateway/text.h"

struct sockaddr;

/* An IPv6 address, or an IPv4 address mapped into one (::ffff:a.b.c.d). */
struct peer {
    uint8_t bytes[16];
};

#define PEER_TEXT_BYTES 46

/* False for a family without addresses (unix). */
MUST_CHECK bool peer_of_socket(const struct sockaddr *address, struct peer *out_peer);
/* "192.0.2.1", "192.0.2.1:443", "2001:db8::1", "[2001:db8::1]:443". */
MUST_CHECK bool peer_parse(struct str text, struct peer *out_peer);
void peer_format(const struct peer *peer, char out_text[PEER_TEXT_BYTES]);

/* Trusted proxies: networks, and "unix:" for whoever may open our unix socket. */
struct networks;

/* `texts` ends with NULL; may be NULL. STATUS_INVALID names the one that is wrong. */
MUST_CHECK enum status networks_new(const char *const *texts,
                                    struct networks **out_networks, struct error *err);
void networks_free(struct networks *networks);
bool networks_hold(const struct networks *networks, const struct peer *peer);
bool networks_hold_unix(const struct networks *networks);

struct peer_counts;

/* `limit` 0: none. */
struct peer_counts *peer_counts_new(int64_t limit);
void peer_counts_free(struct peer_counts *counts);
/* False, and nothing counted, when the peer has reached the limit. */
MUST_CHECK bool peer_counts_add(struct peer_counts *counts, const struct peer *peer);
void peer_counts_remove(struct peer_counts *counts, const struct peer *peer);
