/*
 * fuzz_emulator: calls to genesys-emulator, of its API and of its control. Each line
 * pair of the input is one: "METHOD PATH", then the body in one line; %T stands for the
 * token, %I for the integration, %M for the message heard last, %C for the conversation
 * opened last.
 *
 * Every answer is HTTP with valid JSON, nothing is left behind, and the lists can be
 * read in the end.
 */
#include "wire.h"

#include "emulator/emulator.h"
#include "gateway/json.h"
#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/server.h"

#define CALLS_MAX 12
#define CALL_BYTES_MAX ((size_t)64 * 1024)
#define INTEGRATION "5a1d3a52-0000-4000-8000-000000000002"
/* Calls between two resets: enough rows for lists, not so many that they take long. */
#define RESET_EVERY 64

static char address[WIRE_ADDRESS_BYTES];
static struct emulator *emulator;
static char token[TOKEN_BYTES];
static char message_id[64] = "none";
static char conversation_id[64] = "none";

static void work(void *context)
{
    (void)context;
    emulator_step(emulator, 0);
}

/* ---- one call ---- */

static void add_meant(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_meant = text.ptr[i] == '%' && i + 1 < text.len;
        char letter = text.ptr[is_meant ? i + 1 : i];
        const char *word = !is_meant       ? NULL
                           : letter == 'T' ? token
                           : letter == 'I' ? INTEGRATION
                           : letter == 'M' ? message_id
                           : letter == 'C' ? conversation_id
                                           : NULL;
        if (word == NULL) {
            buf_add_char(out, text.ptr[i]);
            continue;
        }
        buf_add(out, str_of(word));
        i++;
    }
}

static void keep_member(const struct json *body, const char *name, char out[64])
{
    struct str value;
    if (json_str(json_get(body, name), &value) && value.len > 0 && value.len < 64)
        (void)snprintf(out, 64, "%.*s", STR_ARG(value));
}

/* The body of an answer of the emulator's own; libmicrohttpd says its things in HTML,
 * and the page is none, nor a file, which may call itself JSON. */
static void check_answer(struct str answers)
{
    const char *end =
        answers.len == 0 ? NULL : memmem(answers.ptr, answers.len, "\r\n\r\n", 4);
    if (end == NULL)
        return;
    struct str head = str_sub(answers, 0, (size_t)(end - answers.ptr));
    struct str body = str_sub(answers, head.len + 4, answers.len);
    demand(str_starts(head, STR("HTTP/1.1 ")), "an answer that is no HTTP");
    if (memmem(head.ptr, head.len, "application/json", 16) == NULL || body.len == 0 ||
        memmem(head.ptr, head.len, "Content-Disposition", 19) != NULL)
        return;
    CLEANUP(json_freep) struct json *json = NULL;
    struct error err;
    if (json_parse(body, 64, &json, &err) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n%.*s\n", err.text, STR_ARG(body));
        complain("an answer that is no JSON");
    }
    keep_member(json, "id", message_id);
    keep_member(json, "conversationId", conversation_id);
}

static void call(struct str line, struct str body, struct buf *answers)
{
    CLEANUP(buf_release) struct buf request;
    CLEANUP(buf_release) struct buf meant;
    buf_init(&request, 2 * CALL_BYTES_MAX);
    buf_init(&meant, CALL_BYTES_MAX);
    add_meant(&meant, body);
    add_meant(&request, line);
    buf_printf(&request,
               " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
               "Content-Type: application/json\r\nConnection: close\r\n"
               "Content-Length: %zu\r\n\r\n",
               token, meant.len);
    buf_add(&request, buf_str(&meant));
    buf_clear(answers);
    if (!buf_ok(&request) || !buf_ok(&meant))
        return;
    wire_exchange(address, buf_str(&request), SIZE_MAX, work, NULL, answers);
    check_answer(buf_str(answers));
}

/* ---- the emulator ---- */

static void take_token(struct buf *answers)
{
    static const char request[] =
        "POST /oauth/token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic Zjpm\r\n"
        "Connection: close\r\nContent-Length: 29\r\n\r\n"
        "grant_type=client_credentials";
    buf_clear(answers);
    wire_exchange(address, str_of(request), SIZE_MAX, work, NULL, answers);
    const char *found = answers->len == 0 ? NULL
                                          : memmem(answers->ptr, answers->len,
                                                   "\"access_token\":\"", 16);
    demand(found != NULL, "no token");
    (void)snprintf(token, sizeof(token), "%s", found + 16);
    token[strcspn(token, "\"")] = '\0';
}

/* Nobody listens at the webhook's address: each try ends at once, and there is no
 * other.
 */
static void open_emulator(struct buf *answers)
{
    static struct credentials client = {"f", "f"};
    static struct integration_setting integration = {INTEGRATION, "http://127.0.0.1:1/",
                                                     "a-webhook-signing-secret"};
    wire_address(address);
    const struct emulator_settings settings = {
        .listen = address,
        .clients = &client,
        .client_count = 1,
        .integrations = &integration,
        .integration_count = 1,
        .token_lifetime_s = 86400,
        .max_rows = 2000,
        .courier = {.retry_delay_ms = 600000, .timeout_ms = 1000, .connections = 4},
        .fetcher = {.timeout_ms = 1000,                        .connections = 4                        },
    };
    struct error err;
    log_init(LOG_ERROR, LOG_JSON, COLOUR_AUTO);
    demand(emulator_new(&settings, &emulator, &err) == STATUS_OK, "no emulator");
    take_token(answers);
}

static void reset(struct buf *answers)
{
    static unsigned calls;
    if (++calls % RESET_EVERY != 0)
        return;
    call(STR("GET /_emulator/messages"), STR_NONE, answers);
    call(STR("GET /_emulator/outbound"), STR_NONE, answers);
    call(STR("GET /_emulator/webhooks"), STR_NONE, answers);
    call(STR("GET /_emulator/conversations/%C"), STR_NONE, answers);
    call(STR("POST /_emulator/reset"), STR_NONE, answers);
    take_token(answers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_release) struct buf answers;
    struct str rest = str_from(data, size);
    buf_init(&answers, (size_t)64 * 1024 * 1024);
    if (emulator == NULL)
        open_emulator(&answers);
    /* Delays would only be waited for. */
    if (size > CALL_BYTES_MAX ||
        (size > 0 && memmem(data, size, "delay_ms", 8) != NULL))
        return -1;
    for (unsigned i = 0; i < CALLS_MAX && rest.len > 0; i++) {
        struct str line = str_cut(&rest, '\n');
        call(line, str_cut(&rest, '\n'), &answers);
    }
    call(STR("DELETE /_emulator/faults"), STR_NONE, &answers);
    demand(listener_requests(emulator->listener) == 0, "a request is left");
    reset(&answers);
    return 0;
}
