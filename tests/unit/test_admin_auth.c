/*
 * The admin listener as strangers, viewers and operators meet it.
 */
#include "support/config_fixture.h"
#include "support/server_fixture.h"

#include "gateway/api.h"
#include "gateway/metrics.h"
#include "gateway/server.h"

#define LOCAL "listen: { admin: \"127.0.0.1:9090\" }\n"
#define PUBLIC "listen: { admin: 0.0.0.0:9090 }\n"
#define BOTH "admin: { tokens_file: /s/tokens }\n"
#define ONLY_B "admin: { tokens: anna operator " HASH_B " }\n"

static enum handled answer_to(struct request *request, void *context,
                              enum admin_role role)
{
    const struct admin *admin = context;
    if (admin_auth_allows(admin->auth, request, role))
        request_respond(request, 200, NULL, STR("in"), NULL, 0);
    return HANDLED_ANSWERED;
}

static enum handled view(struct request *request, void *context)
{
    return answer_to(request, context, ADMIN_VIEWER);
}

static enum handled operate(struct request *request, void *context)
{
    return answer_to(request, context, ADMIN_OPERATOR);
}

static const struct route own_routes[] = {
    {"GET", "/view",    NULL, view,    NULL},
    {"GET", "/operate", NULL, operate, NULL},
};

struct world {
    struct server_fixture server;
    struct admin admin;
};

static void world_start(struct world *world, const char *text,
                        const struct route *routes, size_t count)
{
    struct listener_settings settings = fixture_settings();
    settings.threads = 2;
    struct config *config = loaded(text, NULL);
    *world = (struct world){.admin.auth = admin_auth_new(config)};
    config_drop(config);
    fixture_start(&world->server, &settings, routes, count, &world->admin);
}

static void world_stop(struct world *world)
{
    fixture_stop(&world->server);
    admin_auth_free(world->admin.auth);
}

static void world_adopt(struct world *world, const char *text)
{
    struct config *config = loaded(text, NULL);
    admin_auth_adopt(world->admin.auth, config);
    config_drop(config);
}

/* What `path` answers to that Authorization header, or to none. */
static void expect_answer(const struct world *world, const char *name, const char *path,
                          const char *authorization, int want, const char *challenge)
{
    CLEANUP(client_closep)
    struct server_client *client = fixture_client(&world->server);
    char text[512];
    (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: h\r\n%s%s%s\r\n", path,
                   authorization == NULL ? "" : "Authorization: ",
                   authorization == NULL ? "" : authorization,
                   authorization == NULL ? "" : "\r\n");
    struct client_answer answer = client_ask(client, text);
    expect_i64(name, want, answer.status);
    expect_str(name, challenge, answer_header(&answer, "WWW-Authenticate"));
}

#define NO_TOKEN "Bearer realm=\"omgw\""
#define WRONG_TOKEN "Bearer realm=\"omgw\", error=\"invalid_token\""
#define LOWER_ROLE "Bearer realm=\"omgw\", error=\"insufficient_scope\""

static void each_token_does_what_its_role_may(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *path;
        const char *authorization;
        int want;
        const char *challenge;
    } cases[] = {
        {"a viewer sees",             "/view",    "Bearer a",            200, ""         },
        {"a viewer changes nothing",  "/operate", "Bearer a",            403, LOWER_ROLE },
        {"an operator sees",          "/view",    "Bearer b",            200, ""         },
        {"an operator changes",       "/operate", "Bearer b",            200, ""         },
        {"the scheme has no case",    "/view",    "bEARER a",            200, ""         },
        {"blanks do not count",       "/view",    "Bearer   a ",         200, ""         },
        {"nobody",                    "/view",    NULL,                  401, NO_TOKEN   },
        {"an empty token",            "/view",    "Bearer ",             401, NO_TOKEN   },
        {"no scheme",                 "/view",    "a",                   401, NO_TOKEN   },
        {"another scheme",            "/view",    "Basic a",             401, NO_TOKEN   },
        {"an unknown token",          "/view",    "Bearer c",            401, WRONG_TOKEN},
        {"a token with its name",     "/view",    "Bearer prometheus a", 401, WRONG_TOKEN},
        {"the hash is not the token", "/view",    "Bearer " HASH_A,      401, WRONG_TOKEN},
        {"two in one",                "/view",    "Bearer a, b",         401, WRONG_TOKEN},
    };
    struct world world;
    world_start(&world, PUBLIC BOTH GOOD_TEXT, own_routes, COUNT_OF(own_routes));
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_answer(&world, cases[i].name, cases[i].path, cases[i].authorization,
                      cases[i].want, cases[i].challenge);
    world_stop(&world);
}

static void tokens_count_on_a_loopback_address_too(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, LOCAL BOTH GOOD_TEXT, own_routes, COUNT_OF(own_routes));
    expect_answer(&world, "nobody", "/view", NULL, 401, NO_TOKEN);
    expect_answer(&world, "a viewer", "/view", "Bearer a", 200, "");
    world_stop(&world);
}

static void without_tokens_a_loopback_address_is_open(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, LOCAL GOOD_TEXT, own_routes, COUNT_OF(own_routes));
    expect_answer(&world, "nobody", "/operate", NULL, 200, "");
    expect_answer(&world, "a needless token", "/operate", "Bearer c", 200, "");
    world_stop(&world);
}

static void a_reload_changes_the_tokens(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, PUBLIC BOTH GOOD_TEXT, own_routes, COUNT_OF(own_routes));
    expect_answer(&world, "before", "/view", "Bearer a", 200, "");
    world_adopt(&world, PUBLIC ONLY_B GOOD_TEXT);
    expect_answer(&world, "taken away", "/view", "Bearer a", 401, WRONG_TOKEN);
    expect_answer(&world, "left", "/view", "Bearer b", 200, "");
    world_stop(&world);
}

/* The address changes at a restart only: until then it is reached from outside. */
static void a_reload_without_tokens_opens_no_door(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, PUBLIC BOTH GOOD_TEXT, own_routes, COUNT_OF(own_routes));
    world_adopt(&world, LOCAL GOOD_TEXT);
    expect_answer(&world, "nobody", "/view", NULL, 401, NO_TOKEN);
    expect_answer(&world, "an old token", "/view", "Bearer a", 401, WRONG_TOKEN);
    world_stop(&world);
}

static void only_liveness_and_readiness_are_open(void **state)
{
    (void)state;
    size_t count = 0;
    const struct route *routes = admin_routes(&count);
    struct world world;
    world_start(&world, PUBLIC BOTH GOOD_TEXT, routes, count);
    atomic_store(&world.admin.is_draining, true); /* /readyz asks no writer */
    for (size_t i = 0; i < count; i++) {
        bool is_live = strcmp(routes[i].path, "/livez") == 0;
        bool is_ready = strcmp(routes[i].path, "/readyz") == 0;
        bool is_open = is_live || is_ready;
        expect_answer(&world, routes[i].path, routes[i].path, NULL,
                      is_live ? 200 : (is_ready ? 503 : 401), is_open ? "" : NO_TOKEN);
    }
    world_stop(&world);
}

/* Cut off, a page would be taken for another one. */
static void a_page_that_has_no_room_is_an_error(void **state)
{
    (void)state;
    static char labels[9 * 1024 * 1024];
    size_t count = 0;
    const struct route *routes = admin_routes(&count);
    struct world world;
    memset(labels, 'x', sizeof(labels) - 1);
    world_start(&world, LOCAL GOOD_TEXT, routes, count);
    expect_answer(&world, "metrics", "/metrics", NULL, 200, "");
    (void)metrics_series(METRIC_DB_WAL, labels);
    expect_answer(&world, "too many", "/metrics", NULL, 500, "");
    metrics_forget(METRIC_DB_WAL, labels);
    expect_answer(&world, "room again", "/metrics", NULL, 200, "");
    world_stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_token_does_what_its_role_may),
        cmocka_unit_test(tokens_count_on_a_loopback_address_too),
        cmocka_unit_test(without_tokens_a_loopback_address_is_open),
        cmocka_unit_test(a_reload_changes_the_tokens),
        cmocka_unit_test(a_reload_without_tokens_opens_no_door),
        cmocka_unit_test(only_liveness_and_readiness_are_open),
        cmocka_unit_test(a_page_that_has_no_room_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
