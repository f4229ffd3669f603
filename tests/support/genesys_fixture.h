/*
 * genesys_fixture: a bridge to an invented organisation, and attempts on it. One
 * program includes it once.
 */
#pragma once

#include "support/expect.h"

#include "gateway/arena.h"
#include "gateway/genesys.h"
#include "gateway/limits.h"

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

struct genesys_fixture {
    char texts[6][64];
    struct organisation organisation;
    struct bridge bridge;
};

static char *genesys_text(struct genesys_fixture *fixture, size_t i, const char *text)
{
    (void)snprintf(fixture->texts[i], sizeof(fixture->texts[i]), "%s", text);
    return fixture->texts[i];
}

static void genesys_fixture_init(struct genesys_fixture *fixture)
{
    fixture->organisation = (struct organisation){
        .name = genesys_text(fixture, 0, "main"),
        .api_url = genesys_text(fixture, 1, "https://api.mypurecloud.ie"),
        .login_url = genesys_text(fixture, 2, "https://login.mypurecloud.ie"),
        .client_id = genesys_text(fixture, 3, "0b0e7c1e-0000-4000-8000-000000000001"),
        .client_secret = genesys_text(fixture, 4, "client secret"),
    };
    fixture->bridge = (struct bridge){
        .name = fixture->organisation.name,
        .organisation = &fixture->organisation,
        .integration_id =
            genesys_text(fixture, 5, "5a1d3a52-0000-4000-8000-000000000002"),
    };
}
