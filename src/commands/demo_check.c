#include "demo_check.h"

#include "gateway/clock.h"
#include "gateway/http_client.h"
#include "gateway/json.h"
#include "gateway/reply.h"

#define ASK_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define ASK_TIMEOUT_MS 15000
#define WAIT_MS 30000
#define ROUND_MS 50
#define ID_BYTES 256

static const char customer_line[] = "{\"text\":\"Hello, where is my order?\"}";

/* --- asking --------------------------------------------------------------- */

/* A 2xx with JSON; else it was said what came instead. */
static enum exit_code ask(const char *url, const char *body, struct arena *arena,
                          struct json **out_answer)
{
    const struct http_client_settings settings = {
        .connections = 1,
        .connections_per_host = 1,
    };
    struct exchange exchange = {
        .method = body == NULL ? "GET" : "POST",
        .url = url,
        .body = str_of(body),
        .timeout_ms = ASK_TIMEOUT_MS,
    };
    struct reply reply;
    struct error err;
    if (body != NULL)
        exchange_header(&exchange, STR("Content-Type"), STR("application/json"));
    if (http_client_once(&settings, &exchange, arena, &reply, &err) != STATUS_OK) {
        say_error(url, &err);
        return EXIT_UNAVAILABLE;
    }
    if (reply_is_success(&reply) &&
        json_parse(reply.body, JSON_DEPTH_DEFAULT, out_answer, &err) == STATUS_OK)
        return EXIT_OK;
    (void)fprintf(stderr, "omgw: %s answered %d %.*s%s\n", url, reply.status,
                  STR_ARG(reply.body), reply.kind == REPLY_ANSWER ? "" : reply.why);
    return EXIT_TROUBLE;
}

/* The last element of a list of the emulator, once it fits. */
struct awaited {
    const char *what;
    const char *list;
    const char *member; /* that it must have */
    const char *value;  /* of it; NULL: any */
};

static bool fits(const struct awaited *awaited, const struct json *row)
{
    struct str value;
    return json_str(json_get(row, awaited->member), &value) &&
           (awaited->value == NULL || str_is(value, awaited->value));
}

static enum exit_code await(struct demo_keeper *keeper, const struct awaited *awaited,
                            struct arena *arena, struct json **out_rows)
{
    int64_t end_ms = clock_now().mono_ms + WAIT_MS;
    const char *url = arena_printf(arena, "http://%s/_emulator/%s?tail=1",
                                   keeper->place.genesys_address, awaited->list)
                          .ptr;
    while (demo_keeper_round(keeper, ROUND_MS)) {
        CLEANUP(arena_freep) struct arena *own = arena_new(ASK_BYTES_MAX);
        CLEANUP(json_freep) struct json *rows = NULL;
        enum exit_code code = ask(url, NULL, own, &rows);
        if (code != EXIT_OK)
            return code;
        if (fits(awaited, json_first(rows))) {
            *out_rows = TAKE(rows);
            return EXIT_OK;
        }
        if (clock_now().mono_ms > end_ms) {
            (void)fprintf(stderr, "omgw: waited in vain for %s\n", awaited->what);
            return EXIT_TROUBLE;
        }
    }
    return EXIT_TROUBLE;
}

/* --- telling -------------------------------------------------------------- */

static void print_members(const struct json *row, const char *first, const char *second)
{
    CLEANUP(json_freep) struct json *shown = json_new_object();
    struct str value;
    if (json_str(json_get(row, first), &value))
        json_add_str(shown, first, value);
    if (json_str(json_get(row, second), &value))
        json_add_str(shown, second, value);
    (void)print_json(shown);
}

static enum exit_code take_id(const struct json *answer, char out_id[ID_BYTES])
{
    struct str id = STR_NONE;
    (void)json_str(json_get(answer, "id"), &id);
    (void)snprintf(out_id, ID_BYTES, "%.*s", STR_ARG(id));
    return id.len > 0 ? EXIT_OK : EXIT_TROUBLE;
}

/* --- both ways ------------------------------------------------------------ */

static enum exit_code check_customer(struct demo_keeper *keeper, struct arena *arena,
                                     char out_id[ID_BYTES])
{
    static const struct awaited message = {"the message at Genesys", "messages", "text",
                                           NULL};
    CLEANUP(json_freep) struct json *answer = NULL;
    CLEANUP(json_freep) struct json *rows = NULL;
    (void)printf("== the customer writes ==\n");
    const char *url =
        arena_printf(arena, "http://%s/say", keeper->place.page_address).ptr;
    enum exit_code code = ask(url, customer_line, arena, &answer);
    if (code == EXIT_OK)
        code = take_id(answer, out_id);
    if (code != EXIT_OK)
        return code;
    (void)printf("omgw answers: ");
    (void)print_json(answer);
    code = await(keeper, &message, arena, &rows);
    if (code == EXIT_OK)
        print_members(json_first(rows), "text", "conversationId");
    return code;
}

static enum exit_code check_agent(struct demo_keeper *keeper, struct arena *arena)
{
    static const struct awaited mark = {"the agent's mark", "outbound", "state",
                                        "delivery-success"};
    CLEANUP(json_freep) struct json *answer = NULL;
    CLEANUP(json_freep) struct json *rows = NULL;
    (void)printf("\n== the agent answers ==\n");
    const char *url =
        arena_printf(arena, "http://%s/_emulator/agent", keeper->place.genesys_address)
            .ptr;
    const char *body = arena_printf(arena,
                                    "{\"integrationId\":\"%s\",\"to\":\"ana\","
                                    "\"text\":\"It is on its way, Ana.\"}",
                                    keeper->place.integration)
                           .ptr;
    enum exit_code code = ask(url, body, arena, &answer);
    if (code == EXIT_OK)
        code = await(keeper, &mark, arena, &rows);
    if (code == EXIT_OK)
        print_members(json_first(rows), "id", "state");
    return code;
}

enum exit_code demo_check(struct demo_keeper *keeper,
                          const struct invocation *invocation)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(ASK_BYTES_MAX);
    char id[ID_BYTES];
    char *arguments[] = {id, NULL};
    struct invocation trace = {
        .command = invocation->command,
        .config_path = keeper->place.config_path,
        .arguments = arguments,
        .argument_count = 1,
        .environment = keeper->environment,
    };
    enum exit_code code = check_customer(keeper, arena, id);
    if (code == EXIT_OK)
        code = check_agent(keeper, arena);
    if (code != EXIT_OK)
        return code;
    (void)printf("\n== its whole life: omgw trace %s ==\n", id);
    return command_trace(&trace);
}
