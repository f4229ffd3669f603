/*
 * demo_place: what a demo needs and nobody has configured: a folder, secrets, ports,
 * and the gateway's configuration made of them. All of it is gone at the end.
 */
#pragma once

#include "gateway/arena.h"
#include "gateway/crypto.h"
#include "gateway/status.h"

#define DEMO_SECRET_BYTES 32

struct demo_place {
    struct arena *arena;
    const char *folder;
    const char *config_path;
    uint8_t key[DEMO_SECRET_BYTES]; /* of the bridge's secret */
    const char *bridge_secret;      /* whsec_ and the key */
    const char *genesys_secret;
    const char *client_id;
    const char *client_secret;
    const char *integration;
    const char *page_address; /* HOST:PORT each */
    const char *public_address;
    const char *admin_address;
    const char *genesys_address;
};

/*
 * Makes the folder and the secrets and chooses the addresses. The usual ports, or where
 * one is taken a free one; `are_free`: free ones all. `port` is the page's, or NULL:
 * then it must be free. STATUS_INVALID  err says what is wrong with the port
 * STATUS_FAILED   no folder can be made
 */
MUST_CHECK enum status demo_place_make(struct demo_place *place, const char *port,
                                       bool are_free, struct error *err);
MUST_CHECK enum status demo_place_configure(const struct demo_place *place,
                                            struct error *err);
/* Removes the folder and wipes the secrets. */
void demo_place_clear(struct demo_place *place);
